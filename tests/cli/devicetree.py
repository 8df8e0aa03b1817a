# SPDX-License-Identifier: GPL-2.0-or-later
"""The device trees of tests/devicetrees, as a blob and as the kernel shows one."""

import functools
import struct
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "devicetrees"
BASE = "sys/firmware/devicetree/base"

BEGIN_NODE, END_NODE, PROPERTY, NOTHING, END = 1, 2, 3, 4, 9


def names():
    return sorted(path.stem for path in SOURCES.glob("*.dts"))


def compiled(text):
    """What dtc makes of a source."""
    result = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", SOURCES], check=True,
                            input=text.encode(), capture_output=True)
    return result.stdout


@functools.cache
def blob(name):
    return compiled((SOURCES / f"{name}.dts").read_text())


def folders(data):
    """Each property as a file, as the kernel shows them below BASE: {path: bytes}."""
    at, strings = struct.unpack_from(">II", data, 8)
    files, path = {}, []
    while True:
        token, = struct.unpack_from(">I", data, at)
        at += 4
        if token == BEGIN_NODE:
            name = data[at:data.index(b"\0", at)]
            at += len(name) + 4 & ~3
            path.append(name.decode())
        elif token == END_NODE:
            path.pop()
        elif token == PROPERTY:
            length, name_at = struct.unpack_from(">II", data, at)
            name_at += strings
            name = data[name_at:data.index(b"\0", name_at)].decode()
            files["/".join([BASE, *path[1:], name])] = data[at + 8:at + 8 + length]
            at += 8 + (length + 3 & ~3)
        elif token == END:
            return files


def live(name):
    return folders(blob(name))
