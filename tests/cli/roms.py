# SPDX-License-Identifier: GPL-2.0-or-later
"""Expansion ROMs, and the ACPI table in which AMD's firmware keeps them."""

import struct

BIOS, EFI = 0, 3
X64, AARCH64, EBC, IA32 = 0x8664, 0xaa64, 0x0ebc, 0x014c
BLOCK, PCIR = 512, 0x40
DRIVER, APPLICATION = 11, 10


def image(vendor, device, kind=BIOS, last=True, blocks=1, sums_up=True, machine=X64, compression=0,
          subsystem=DRIVER):
    """One image; of a BIOS the last byte makes the sum 0."""
    data = bytearray(blocks * BLOCK)
    data[0:3] = 0x55, 0xaa, blocks
    data[0x18:0x1a] = struct.pack("<H", PCIR)
    data[PCIR:PCIR + 0x18] = b"PCIR" + struct.pack(
        "<HHHHB3sHHBBH", vendor, device, 0, 0x18, 3, b"\0\0\3", blocks, 0, kind,
        0x80 if last else 0, 0)
    if kind == EFI:
        data[4:14] = struct.pack("<IHHH", 0x0ef1, subsystem, machine, compression)
    elif sums_up:
        data[-1] = -sum(data) % 256
    else:
        data[-1] = (1 - sum(data)) % 256
    return bytes(data)


def vfct(*roms):
    """The table with a ROM for each (bus, slot, function, vendor, device, bytes)."""
    images = b"".join(struct.pack("<IIIHHHHII", *rom[:5], 0, 0, 0, len(rom[5])) + rom[5]
                      for rom in roms)
    size = 0x4c + len(images)
    return (b"VFCT" + struct.pack("<IBB6s8sI4sI", size, 1, 0, b"VENDOR", b"TABLE", 1, b"AMD", 0)
            + bytes(16) + struct.pack("<II", 0x4c, 0) + bytes(16) + images)
