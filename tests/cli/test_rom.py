# SPDX-License-Identifier: GPL-2.0-or-later
"""rom, of a copied tree, in which the table VFCT is. tests/fakekernel/test_cardrom.py
has the cards."""

import json
import os
import shutil
import stat
import tempfile
import unittest
from pathlib import Path

from program import TOOL, run, tool
from roms import AARCH64, APPLICATION, BIOS, EBC, EFI, IA32, image, vfct
from tree import Tree

AMD, NAVI = 0x1002, 0x73bf
CARD = "0000:03:00.0"
BOTH = image(AMD, NAVI, BIOS, last=False, blocks=2) + image(AMD, NAVI, EFI, compression=1)


class Rom(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.top.chmod(0o755)
        self.host = self.top / "host"
        self.tree = Tree(self.host)
        self.tree.device(CARD, AMD, NAVI, 0x030000, "amdgpu", 1)
        self.tree.device("10000:03:00.0", AMD, NAVI, 0x030000)
        self.tree.device("0000:04:00.0", 0x10de, 0x1f06, 0x030000)
        self.table = self.host / "sys/firmware/acpi/tables/VFCT"
        self.table.parent.mkdir(parents=True)

    def rom(self, *arguments):
        return tool("rom", "--root", self.host, *arguments)

    def read(self, rom, address=CARD):
        self.table.write_bytes(vfct((3, 0, 0, AMD, NAVI, rom)))
        result = self.rom("--json", address)
        self.assertEqual((result.returncode, result.err), (0, ""))
        return json.loads(result.out)

    def refused(self, result, code, words):
        self.assertEqual((result.returncode, result.out), (code, ""))
        self.assertIn(words, result.err)

    def test_text(self):
        self.table.write_bytes(vfct((3, 0, 0, AMD, NAVI, BOTH + b"more")))
        result = self.rom(CARD)
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertEqual(result.out, """\
ROM of 0000:03:00.0
  Vendor and device  1002:73bf
  Read from          the firmware's copy of it in the ACPI table VFCT
  Length             1540
  Behind the images  4

Image 1, at byte 0:
  Kind               legacy BIOS (type 0)
  Vendor and device  1002:73bf
  Class              030000
  Length             1024
  Checksum           fits
  Last               no

Image 2, at byte 1024:
  Kind               EFI (type 3)
  Vendor and device  1002:73bf
  Class              030000
  Length             512
  Processor          x86-64 (0x8664)
  Compressed         yes
  Last               yes

Of use to a guest with:
  SeaBIOS            yes
  OVMF, x86-64       yes
  AAVMF, arm64       no
""")

    def test_json(self):
        report = self.read(BOTH)
        first, second = report.pop("images")
        self.assertEqual(report, {
            "address": CARD, "vendor": "1002", "device": "73bf", "source": "vfct", "length": 1536,
            "behind_images": 0, "ids_fit": True, "findings": [], "saved": None,
            "firmware": {"seabios": True, "ovmf": True, "aavmf": False}})
        shared = {"vendor": "1002", "device": "73bf", "class": "030000", "ids_fit": True}
        self.assertEqual(first, {
            **shared, "offset": 0, "length": 1024, "kind": "legacy BIOS", "type": 0, "last": False,
            "checksum_fits": True, "processor": None, "compressed": None, "driver": None})
        self.assertEqual(second, {
            **shared, "offset": 1024, "length": 512, "kind": "EFI", "type": 3, "last": True,
            "checksum_fits": None, "processor": "x86-64", "compressed": True, "driver": True})

    def test_which_firmware_can_use_it(self):
        for rom, usable, findings in (
                (image(AMD, NAVI), ["seabios"], []),
                (image(AMD, NAVI, sums_up=False), [], ["rom-checksum", "rom-useless"]),
                (image(AMD, 0x1234), [], ["rom-ids", "rom-useless"]),
                (image(AMD, NAVI, EFI), ["ovmf"], []),
                (image(AMD, 0x1234, EFI), ["ovmf"], ["rom-ids"]),
                (image(AMD, NAVI, EFI, machine=AARCH64), ["aavmf"], []),
                (image(AMD, NAVI, EFI, machine=EBC), ["ovmf", "aavmf"], []),
                (image(AMD, NAVI, EFI, machine=IA32), [], ["rom-useless"]),
                (image(AMD, NAVI, EFI, compression=2), [], ["rom-useless"]),
                (image(AMD, NAVI, EFI, subsystem=APPLICATION), [], ["rom-useless"]),
                (image(AMD, NAVI, 0x70), [], ["rom-useless"]),
                (image(AMD, 0x1234, last=False) + image(AMD, NAVI), ["seabios"], [])):
            with self.subTest(rom=rom[:16]):
                report = self.read(rom)
                self.assertEqual([key for key, yes in report["firmware"].items() if yes], usable)
                self.assertEqual([each["id"] for each in report["findings"]], findings)

    def test_table_without_the_card(self):
        words = "can't tell the ROM of"
        self.refused(self.rom(CARD), 3, words)  # no table
        self.read(BOTH)
        self.refused(self.rom("10000:03:00.0"), 3, words)
        self.refused(self.rom("04:00.0"), 3, words)
        for place in ((2, 0, 0, AMD, NAVI), (3, 1, 0, AMD, NAVI), (3, 0, 1, AMD, NAVI),
                      (3, 0, 0, 0x10de, NAVI), (3, 0, 0, AMD, 0x73be)):
            self.table.write_bytes(vfct((*place, BOTH)))
            self.refused(self.rom(CARD), 3, words)

    def test_bad_table_or_rom(self):
        good = vfct((3, 0, 0, AMD, NAVI, BOTH))
        for table, words in ((b"", "VFCT: this is no ACPI table VFCT"),
                             (good[:-1], "says that it has"),
                             (vfct((3, 0, 0, AMD, NAVI, b"x" * 600)),
                              f"what {CARD} has as its ROM is none: "),
                             (vfct((3, 0, 0, AMD, NAVI, BOTH[:-1])), "cut off: its image at byte 1024")):
            with self.subTest(words=words):
                self.table.write_bytes(table)
                self.refused(self.rom(CARD), 1, words)
        self.table.unlink()
        self.table.symlink_to("VFCT")
        self.refused(self.rom(CARD), 3, "VFCT can't be read")

    def test_save(self):
        self.read(BOTH)
        target = self.top / "card.rom"
        umask = os.umask(0o077)
        try:
            result = self.rom(CARD, "--save", target)
        finally:
            os.umask(umask)
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertIn(f"\nWritten to {target}.\n", result.out)
        self.assertEqual(target.read_bytes(), BOTH)
        self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o644)
        target.write_bytes(b"mine")
        self.refused(self.rom(CARD, "-s", target), 1, f"{target} is there already")
        self.assertEqual(target.read_bytes(), b"mine")
        target.unlink()
        target.symlink_to("nowhere")
        self.refused(self.rom(CARD, "-s", target), 1, f"{target} is there already")
        self.refused(self.rom(CARD, "-s", "/nonexistent/x"), 1, "cannot write /nonexistent/x")
        self.assertEqual(sorted(each.name for each in self.top.iterdir()), ["card.rom", "host"])
        report = json.loads(self.rom(CARD, "--json", "-s", self.top / "two").out)
        self.assertEqual(report["saved"], str(self.top / "two"))

    def test_save_to_standard_output(self):
        self.read(image(AMD, NAVI, sums_up=False))
        result = self.rom(CARD, "--save", "-")
        self.assertEqual((result.returncode, result.stdout), (0, image(AMD, NAVI, sums_up=False)))
        self.assertIn("The checksum of image 1 doesn't fit", result.err)
        self.refused(self.rom(CARD, "--json", "-s", "-"), 2, "can't both be standard output")

    def test_only_root(self):
        command = [TOOL]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--clear-groups", shutil.copy(TOOL, self.top)]
        self.refused(run([*command, "rom", "00:00.0"]), 3, "only root can read the ROM of 0000:00:00.0")
