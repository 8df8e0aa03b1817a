# SPDX-License-Identifier: GPL-2.0-or-later
"""What is found on hosts of different kinds, see tests/trees."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import described
from claims import sealed
from program import SIBLINGS, domain, hostdev, tool


class _OnDescribed(unittest.TestCase):
    name = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        described.build(self.name, self.root)

    def lines(self, *arguments):
        result = tool(*arguments, "--root", self.root)
        self.assertEqual((result.returncode, result.err), (0, ""))
        return result.out.splitlines()

    def guard(self):
        return [" ".join(line.split()) for line in self.lines("list", "--guard")]

    def check(self, *devices, **options):
        """The ids of all that is found, by address, and the first sentence."""
        result = tool("check", "--json", "--root", self.root, "-",
                      stdin=domain(*devices, **options))
        report = json.loads(result.out)
        self.assertEqual(result.returncode, 0 if report["ok"] else 1)
        found = {device["address"]: [each["id"] for each in device["findings"]
                                     if each["severity"] != "info"]
                 for device in report["devices"]}
        messages = [each["message"] for device in report["devices"]
                    for each in device["findings"]]
        return found, messages[0] if messages else ""

    def capture(self):
        """What is found on the tree is found on a capture of it."""
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/host.tar.gz"
            result = tool("capture", "--with-serials", "--root", self.root, path)
            self.assertEqual(result.returncode, 0, result.err)
            guard = tool("list", "--guard", "--root", path)
            self.assertEqual([" ".join(line.split()) for line in guard.out.splitlines()],
                             self.guard())
            listed = tool("list", "--root", path)
            self.assertEqual(listed.out.splitlines(), self.lines("list"))


class Laptop(_OnDescribed):
    name = "laptop-two-gpus"

    def test_guard(self):
        self.assertEqual(self.guard(), [
            "0000:00:00.0 chipset host bridge → chipset",
            "0000:00:02.0 display card0 (eDP-1) → only display",
            "0000:00:14.0 keyboard event7 (A keyboard) → only keyboard",
            "0000:00:1f.0 chipset ISA bridge → chipset",
            "0000:00:1f.4 chipset SMBus controller → chipset",
            "0000:02:00.0 mount nvme0n1p2 → LUKS luks-root → LVM vg0/root → /",
            "0000:02:00.0 mount nvme0n1p1 → /boot/efi",
            "0000:03:00.0 default-route wlp3s0 → default route (IPv4)"])
        self.capture()

    def test_second_gpu_is_free(self):
        both = hostdev(1), hostdev(1, function=1)
        self.assertEqual(self.check(*both)[0], {"0000:01:00.0": [], "0000:01:00.1": []})
        found, message = self.check(hostdev(1))
        self.assertEqual(found, {"0000:01:00.0": ["group-not-viable"]})
        self.assertIn("0000:01:00.1", message)

    def test_root_can_not_be_allowed(self):
        allow = ("<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'>"
                 "<h:allow address='0000:02:00.0' critical='mount'/></h:hostdev></metadata>")
        found, _ = self.check(hostdev(2), metadata=allow)
        self.assertEqual(found, {"0000:02:00.0": ["critical-mount"]})


class Encoding(_OnDescribed):
    """Arrows are of the terminal's encoding; nothing steers it in any."""

    name = "laptop-two-gpus"
    UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

    def text(self, locale, *arguments):
        result = tool(*arguments, "--root", self.root, env={**os.environ, "LC_ALL": locale})
        self.assertEqual(result.stderr, b"")
        return " ".join(result.stdout.decode().split())

    def test_chains(self):
        chain = "nvme0n1p2 → LUKS luks-root → LVM vg0/root → /"
        for locale, text in (("C.UTF-8", chain), ("C", chain.replace("→", "->")),
                             ("no-such.UTF-8", chain.replace("→", "->"))):
            guard = self.text(locale, "list", "--guard")
            verdict, table = self.text(locale, "doctor", "02:00.0").split(" STATUS ")
            for each in (guard, verdict, table):
                self.assertIn(text, each, locale)
                self.assertNotIn("\\x", each)

    def status_of(self, claim, locale="C.UTF-8"):
        """The lines that status has of a guest, whose name is an umlaut, a character that
        turns the line around, C1's CSI, half a character."""
        folder = f"{self.root}/run/virt-hostdev"
        for name in ("locks", "claims"):
            os.makedirs(f"{folder}/{name}", exist_ok=True)
        with open(f"{folder}/claims/{self.UUID}", "w", encoding="ascii") as file:
            file.write(f"virt-hostdev-claim 1\ndomain {self.UUID} B%c3%bc%e2%80%ae%c2%9b%c3\n"
                       f"state running 1700000000 1 1 -\n{claim}\nend\n")
        result = tool("status", "--root", self.root, env={**os.environ, "LC_ALL": locale})
        return result.stdout.decode().splitlines()

    def test_names(self):
        steering = r"\xe2\x80\xae\xc2\x9b\xc3"
        for locale, name in (("C.UTF-8", "Bü"), ("C", r"B\xc3\xbc")):
            rows = self.status_of("device 0000:01:00.0 1 10de:1f06 restore other -", locale)
            self.assertEqual(rows[1].split(" ")[0], name + steering)
            # Columns are as wide as what is in them.
            self.assertEqual(rows[0].index("ADDRESS"), rows[1].index("0000:"))

    def test_files_tell_of_no_end(self):
        """A copied tree has no processes, and nobody knows what was copied."""
        device = "device 0000:01:00.0 1 10de:1f06 restore nouveau -"
        folder = Path(self.root, "run/virt-hostdev/claims")
        self.status_of(device)
        for domain in ("guest", "-"):
            for state in ("starting 1700000000 0 0", "starting 1700000000 1 1",
                          "running 1700000000 1 1", "returning 1700000000 1 1"):
                (folder / self.UUID).write_text(sealed(
                    f"virt-hostdev-claim 2\ndomain {self.UUID} {domain}\nstate {state} -\n"
                    f"begun 1\n{device}\nend\n"))
                result = tool("status", "--json", "--root", self.root)
                claim, = json.loads(result.out)["claims"]
                by_hand = domain == "-" and "running" in state
                self.assertEqual((claim["state"], result.returncode),
                                 ("by hand", 0) if by_hand else ("unknown", 3), state)

    def test_guest_that_gave_up_all_it_had(self):
        _, row = self.status_of("device 0000:01:00.0 1 10de:1f06 restore nouveau -")
        self.assertRegex(row, r"\ABü\S+ +\S+ +2023-\S+ +- +- +- +-\Z")


class Desktop(_OnDescribed):
    name = "desktop-one-group"

    def test_guard(self):
        self.assertEqual(self.guard(), [
            "0000:00:00.0 chipset host bridge → chipset",
            "0000:01:00.1 mount sda1 → /",
            "0000:01:00.1 swap sda2 → swap",
            "0000:02:00.0 default-route enp2s0 → br0 → default route (IPv4)",
            "0000:0a:00.0 display card0 (DP-1) → only display"])
        self.capture()

    def test_siblings_would_take_the_root_disk_along(self):
        gpu = hostdev(3), hostdev(3, function=1)
        found, message = self.check(*gpu)
        self.assertEqual(set(found["0000:03:00.0"]), {"group-not-viable"})
        for name in ("xhci_hcd", "ahci", "r8169"):
            self.assertIn(f"driver {name}", message)
        found, message = self.check(*gpu, metadata=SIBLINGS)
        self.assertEqual(found["0000:03:00.0"],
                         ["critical-mount", "critical-swap", "critical-default-route"])
        self.assertIn("because the host needs 0000:01:00.1", message)
        self.assertTrue(message.endswith("which would go with it: sda1 → /."), message)

    def test_only_card_with_a_screen(self):
        found, _ = self.check(hostdev(0xa), hostdev(0xa, function=1))
        self.assertEqual(found, {"0000:0a:00.0": ["critical-display"], "0000:0a:00.1": []})


class Server(_OnDescribed):
    name = "server-sriov"

    def test_guard(self):
        self.assertEqual(self.guard(), [
            "0000:00:00.0 chipset host bridge → chipset",
            "0000:3b:00.0 default-route ens1f0 → bond0 → bond0.7 → default route (IPv6)",
            "0000:3b:00.1 default-route ens1f1 → bond0 → bond0.7 → default route (IPv6)",
            "0000:3c:00.0 mount nvme0n1 → md0 (raid1) → /",
            "0000:86:00.0 mount nvme1n1 → md0 (raid1) → /"])
        self.capture()

    def test_functions(self):
        self.assertEqual(self.check(hostdev(0x3b, 0x10), hostdev(0x3b, 0x10, 2))[0],
                         {"0000:3b:10.0": [], "0000:3b:10.2": []})
        self.assertEqual(self.check(hostdev(0x3b))[0], {"0000:3b:00.0": ["pf-has-vfs"]})
        self.assertEqual(self.check(hostdev(0x87))[0], {"0000:87:00.0": []})


class Board(_OnDescribed):
    name = "arm-board"

    def test_guard(self):
        self.assertEqual(self.guard(), ["0000:01:00.0 mount nvme0n1p1 → /srv",
                                        "0000:01:00.0 fstab nvme0n1p2 → /etc/fstab: /var/backup"])
        self.capture()

    def test_no_iommu(self):
        self.assertEqual(self.check(hostdev(1))[0], {"0000:01:00.0": ["no-iommu"]})
