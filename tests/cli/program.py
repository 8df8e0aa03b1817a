# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs what was built with the sanitizers."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from setting import HANG, PROGRAMS as BUILD  # noqa: E402

# Of the many locales that a test may be started in. libvirt's is C.
os.environ["LC_ALL"] = "C.UTF-8"

HOOK = BUILD / "hooks" / "qemu"
SECOND = BUILD / "hooks" / "virt-hostdev-hook"
TOOL = BUILD / "tools" / "virt-hostdev"


def run(command, stdin="", stdin_file=None, **options):
    """Bytes in stdin stay bytes; what comes out is text."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    given = {"input": stdin} if stdin_file is None else {"stdin": stdin_file}
    result = subprocess.run([os.fspath(word) if not isinstance(word, bytes) else word
                             for word in command],
                            **given, capture_output=True, timeout=HANG, **options)
    result.out = result.stdout.decode(errors="replace")
    result.err = result.stderr.decode(errors="replace")
    return result


def tool(*arguments, **options):
    return run([TOOL, *arguments], **options)


SIBLINGS = ("<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'><h:siblings policy='bind'/>"
            "</h:hostdev></metadata>")


def domain(*devices, name="guest", uuid="6ba7b810-9dad-11d1-80b4-00c04fd430c8", metadata=""):
    return (f"<domain>\n<name>{name}</name>\n<uuid>{uuid}</uuid>{metadata}\n<devices>\n"
            + "\n".join(devices) + "\n</devices>\n</domain>\n")


def hostdev(bus, slot=0, function=0, domain_number=0, managed="no"):
    return (f"<hostdev mode='subsystem' type='pci' managed='{managed}'><source>"
            f"<address domain='0x{domain_number:04x}' bus='0x{bus:02x}' slot='0x{slot:02x}' "
            f"function='0x{function}'/></source></hostdev>")
