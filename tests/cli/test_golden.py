# SPDX-License-Identifier: GPL-2.0-or-later
"""What xml prints, option by option and machine by machine. That libvirt understands
it as it is meant is tested in the emulated host (tests/vm/golden.py)."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import golden
from program import tool


class TestGolden(unittest.TestCase):
    maxDiff = None

    def test_every_file(self):
        with tempfile.TemporaryDirectory() as folder:
            golden.make_host(Path(folder))
            for case in golden.cases():
                with self.subTest(case.name):
                    printed = case.run(folder)
                    if os.environ.get("UPDATE_GOLDEN"):
                        case.update(printed)
                    else:
                        self.assertEqual(case.expected, printed)


class TestUsage(unittest.TestCase):
    """What makes no sense is said before anything is looked at: exit code 2."""

    WRONG = {
        "--managed maybe": "--managed takes yes or no, not 'maybe'.",
        "--boot 0": "--boot takes a number from 1 to 65535, not '0'.",
        "--boot 1x": "--boot takes a number from 1 to 65535, not '1x'.",
        "--boot 99999999999999999999": "--boot takes a number from 1 to 65535",
        "--acpi-index 16384": "--acpi-index takes a number from 1 to 16383",
        "--vlan 4095": "--vlan takes a number from 1 to 4094",
        "--as cdrom": "--as takes hostdev, interface or disk, not 'cdrom'.",
        "--as interface --mac 52:54:00:6d:90": "--mac takes the address of one station",
        "--as interface --mac 53:54:00:6d:90:02": "--mac takes the address of one station",
        "--as interface --mac 52:54:00:6d:90:0g": "--mac takes the address of one station",
        "--alias a/b": "--alias takes letters, digits, - and _, not 'a/b'.",
        "--rom gpu.rom": "--rom takes the whole path of a file or off, not 'gpu.rom'.",
        "--libvirt 10": "--libvirt takes a version as 10.0.0, not '10'.",
        "--libvirt 10.0.0.1": "--libvirt takes a version as 10.0.0",
        "--libvirt -1.0": "--libvirt takes a version as 10.0.0",
        "--guest-address 5": "'5' is not a PCI address",
        "--guest-address 0001:05:00.0": "a guest has PCI domain 0 only",
        "--guest-address auto": "--guest-address auto needs the guest",
        "--numa": "--numa needs the guest: --for DOMAIN.",
        "--mac 52:54:00:6d:90:02": "--mac is of --as interface.",
        "--vlan 5": "--vlan is of --as interface.",
        "--target vda": "--target is of --as disk.",
        "--as disk --rom off": "a disk is QEMU's own",
        "--x-vga": "--x-vga is of --qemu",
        "--qemu --json": "--qemu has no --json.",
        "--qemu --siblings": "--qemu takes no --siblings",
        "--qemu --as interface": "--qemu has no --as interface",
        "--qemu --guest-address 05:00.0": "--qemu takes no guest address",
    }

    def test_each(self):
        for options, sentence in self.WRONG.items():
            with self.subTest(options):
                result = tool("xml", "--root", "/proc/self/fdinfo", *options.split(), "01:00.0")
                self.assertEqual((result.returncode, result.out), (2, ""))
                self.assertIn(sentence, result.err)

    def test_json(self):
        with tempfile.TemporaryDirectory() as folder:
            golden.make_host(Path(folder))
            result = tool("xml", "--json", "--root", folder, "--siblings", "--guest-address",
                          "05:00.0", "--rom", "/roms/efi.rom", "01:00.0")
            plain = tool("xml", "--root", folder, "--siblings", "--guest-address", "05:00.0",
                         "--rom", "/roms/efi.rom", "01:00.0")
            self.assertEqual(result.err, "")
            said = json.loads(result.out)
            self.assertEqual(said["xml"], plain.out)
            self.assertEqual(
                [(each["address"], each["element"], each["guest_address"], each["seen_by_guest"])
                 for each in said["devices"]],
                [("0000:01:00.0", "hostdev", "0000:05:00.0", True),
                 ("0000:01:00.1", "hostdev", None, False),
                 ("0000:01:00.2", "hostdev", None, False)])
            self.assertEqual([each["id"] for each in said["findings"]], ["rom-no-bios"])

    def test_bad_guest(self):
        """A guest whose XML can't be read says so, and nothing is printed."""
        with tempfile.TemporaryDirectory() as folder:
            golden.make_host(Path(folder))
            for text, sentence in {"": "the XML is empty",
                                   "<domain/>": "the domain has no <name>"}.items():
                result = tool("xml", "--root", folder, "--for", "-", "02:00.0", stdin=text)
                self.assertEqual((result.returncode, result.out), (2, ""))
                self.assertIn(sentence, result.err)


if __name__ == "__main__":
    unittest.main()
