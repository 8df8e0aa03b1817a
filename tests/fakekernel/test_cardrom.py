# SPDX-License-Identifier: GPL-2.0-or-later
"""rom: what the kernel is told to show a card's ROM, and to show it no longer."""

import json
import os
import signal
import subprocess

from program import domain, hostdev
from roms import EFI, image
from test_every_write import ERRORS, GPU, TOOL, OnFakeKernel

CARD = "0000:03:00.0"
ROM = image(0x10de, 0x1f06, last=False) + image(0x10de, 0x1f06, EFI)
SHOWN = [f"rom {CARD} shown", f"rom {CARD} hidden"]


class CardRom(OnFakeKernel):
    def boot_with(self, rom=ROM.hex(), more=""):
        self.boot(f"{GPU}rom {CARD} {rom}\n{more}")

    def rom(self, *arguments):
        return self.tool("rom", CARD, *arguments)

    def report(self):
        result = self.rom("--json")
        self.assertEqual((result.rc, result.err), (0, ""))
        return json.loads(result.out)

    def refused(self, code, words, *arguments):
        result = self.rom(*arguments)
        self.assertEqual((result.rc, result.out), (code, ""), result.err)
        self.assertIn(words, result.err)
        return result

    def assert_hidden(self):
        self.assertEqual(self.kernel.changes(), SHOWN)

    def test_reads_it_and_hides_it_again(self):
        self.boot_with()
        report = self.report()
        self.assertEqual((report["source"], report["length"], len(report["images"])),
                         ("bar", len(ROM), 2))
        self.assertEqual([each["id"] for each in report["findings"]], ["rom-driver"])
        self.assert_hidden()
        self.assertEqual(self.rom("--save", "/run/card.rom").rc, 0)
        self.assertEqual(self.kernel.path("/run/card.rom").read_bytes(), ROM)

    def test_fails_in_the_middle(self):
        self.boot_with(f"{ROM.hex()} breaks=700")
        self.refused(3, "the kernel finds no ROM at", "--save", "/run/card.rom")
        self.assert_hidden()
        self.assertFalse(self.kernel.path("/run/card.rom").exists())

    def test_no_signature(self):
        self.boot_with("")
        self.assertIn("\nFix: virt-hostdev bind 0000:03:00.0\n",
                      self.refused(3, "it doesn't decode its memory").err)
        self.assert_hidden()

    def test_none(self):
        self.boot(GPU)
        self.refused(1, f"{CARD} has no ROM")
        self.assertEqual(self.kernel.writes(), 0)

    def test_every_write_fails(self):
        self.boot_with()
        for error in ERRORS:
            with self.subTest(error=error):
                self.kernel.reset()
                self.kernel.fault(1, "errno", error)
                result = self.rom()
                self.assertEqual(result.out, "")
                self.assertEqual(result.rc, 3 if error != "EINVAL" else 1)
                self.assertEqual(self.kernel.changes(), [])
                self.kernel.reset()
                self.kernel.fault(2, "errno", error)
                result = self.rom()
                self.assertEqual(result.rc, 1)
                self.assertIn("The kernel goes on to show the ROM", result.out)
                self.assertIn(f"echo 0 > /sys/bus/pci/devices/{CARD}/rom", result.out)
                # Whoever reads it next puts that right.
                self.assertEqual(self.rom().rc, 0)
                self.assert_hidden()

    def test_neither_is_read_nor_hidden(self):
        self.boot_with(f"{ROM.hex()} breaks=700")
        self.kernel.fault(2, "errno", "EIO")
        result = self.refused(3, "the kernel finds no ROM")
        self.assertIn("The kernel goes on to show the ROM", result.err)

    def test_goes_away(self):
        self.boot_with()
        self.kernel.fault(1, "vanish", CARD)
        self.refused(1, f"this host has no PCI device at {CARD}")
        self.kernel.reset()
        self.kernel.fault(2, "vanish", CARD)
        result = self.rom()
        self.assertEqual((result.rc, result.err), (0, ""))
        self.assertNotIn("goes on to show", result.out)

    def test_signals_wait(self):
        self.boot_with()
        self.kernel.fault(1, "block")
        process = self.kernel.popen([TOOL, "rom", CARD], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
        with process:
            while not self.kernel.waiting():
                self.assertIsNone(process.poll())
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                os.killpg(process.pid, number)
            self.kernel.unblock()
            process.communicate()
        self.assertLess(process.returncode, 0)
        self.assert_hidden()

    def test_sleeping(self):
        for attribute, state in (("power/runtime_status", "suspended"), ("power_state", "D3cold")):
            with self.subTest(state=state):
                self.boot_with(more=f"attr {CARD} {attribute} {state}\n")
                result = self.refused(3, f"{CARD} sleeps ({state})")
                self.assertIn(f"echo on > /sys/bus/pci/devices/{CARD}/power/control", result.err)
                self.assertEqual(self.kernel.writes(), 0)

    def test_guest_has_it(self):
        self.boot_with()
        xml = domain(hostdev(3), hostdev(3, function=1))
        self.good(self.hook("prepare", xml))
        self.kernel.recount()
        self.refused(3, "is in use: guest 'guest' has it")
        self.assertEqual(self.kernel.writes(), 0)
        self.good(self.hook("release", xml))
        self.assertEqual(self.report()["source"], "bar")

    def test_vfio_has_it_open(self):
        self.boot_with()
        self.assertEqual(self.tool("bind", "--group", CARD).rc, 0)
        self.assertEqual(self.report()["findings"], [])
        self.kernel.recount()
        with self.kernel.popen(["sh", "-c", "exec 3<>/dev/vfio/13; echo; read end"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            self.refused(3, "is in use: process ")
            process.communicate(b"\n")
        self.assertEqual(self.kernel.writes(), 0)

    def test_shadow(self):
        self.boot_with(f"{ROM.hex()} shadow")
        report = self.report()
        self.assertEqual((report["source"], report["findings"][0]["id"]), ("shadow", "rom-shadow"))
        self.assert_hidden()
        self.boot_with("shadow")
        self.refused(3, "as on hosts that were started by UEFI")

    def test_label(self):
        self.boot_with(more="file fs/selinux/enforce 1\n")
        result = self.rom("--save", "/run/card.rom")
        self.assertEqual(result.rc, 0)
        try:
            label = os.getxattr(self.kernel.path("/run/card.rom"), "security.selinux")
        except OSError:
            self.assertIn("chcon -t virt_content_t /run/card.rom", result.out)
        else:
            self.assertEqual(label, b"system_u:object_r:virt_content_t:s0\0")
