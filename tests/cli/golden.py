# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden files in tests/golden/xml: the arguments of a command after "$ ", what it
prints, and with "! " before it what it says on stderr.

They are made with the host of tests/golden/host.tree. With UPDATE_GOLDEN=1 in the
environment they are written anew: read every change."""

import os
import shlex
import struct
from pathlib import Path

import described
from program import tool

FOLDER = Path(__file__).resolve().parents[1] / "golden"
XML = FOLDER / "xml"


def image(code, last, vendor=0x10de, device=0x1e84):
    """One image of an expansion ROM, a block of 512 bytes."""
    start = b"\x55\xaa\x01" + bytes(21) + struct.pack("<H", 0x1c)
    data = struct.pack("<4sHHHHBBBBHHBBHHH", b"PCIR", vendor, device, 0, 0x18, 3, 0, 0, 3,
                       1, 0, code, 0x80 if last else 0, 0, 0, 0)
    return (start.ljust(0x1c, b"\0") + data).ljust(512, b"\0")


ROMS = {
    "both.rom": image(0, False) + image(3, True),
    "bios.rom": image(0, True),
    "efi.rom": image(3, True),
    "a, b.rom": image(0, False) + image(3, True),
    "broken.rom": b"\x55\xaa\x01".ljust(512, b"\0"),
}


def make_host(root):
    """The host that the golden files are about, below an empty folder."""
    described.build_file(FOLDER / "host.tree", root)
    (root / "roms").mkdir()
    for name, data in ROMS.items():
        (root / "roms" / name).write_bytes(data)


class Case:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        command, _, self.expected = path.read_text().partition("\n")
        self.arguments = shlex.split(command.removeprefix("$ "))

    @property
    def domain(self):
        """The file of the guest it is for, or None."""
        words = self.arguments
        return words[words.index("--for") + 1] if "--for" in words else None

    @property
    def output(self):
        """What is expected on stdout."""
        return "".join(line + "\n" for line in self.expected.splitlines()
                       if not line.startswith("! "))

    def run(self, root):
        """What the command prints, in the form of the file."""
        words = [os.fspath(XML / word) if word.endswith(".xml") else word
                 for word in self.arguments]
        result = tool("xml", "--root", root, *words)
        said = "".join(f"! {line}\n" for line in result.err.splitlines())
        return result.out + said.replace(os.fspath(root), "ROOT")

    def update(self, text):
        first = self.path.read_text().partition("\n")[0]
        self.path.write_text(f"{first}\n{text}")


def cases():
    return [Case(path) for path in sorted(XML.glob("*.golden"))]
