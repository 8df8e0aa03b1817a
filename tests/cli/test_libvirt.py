# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tool does with libvirt, here with libvirt's own test driver: a host that
is elsewhere, of which only libvirt tells."""

import json
import os
import tempfile
import unittest
from pathlib import Path

from program import domain, hostdev, tool

# Of the test driver: a domain runs unless its file says that it doesn't.
TEST = "http://libvirt.org/schemas/domain/test/1.0"
SHUT_OFF = 5


def nodedev(address, group=None, class_code=0x020000, ids=(0x8086, 0x10d3), more=""):
    """What libvirt tells of a PCI function; its test driver knows of no drivers."""
    number, bus, rest = address.split(":")
    slot, function = rest.split(".")
    if group is not None:
        more += (f"<iommuGroup number='{group}'><address domain='0x{number}' bus='0x{bus}' "
                 f"slot='0x{slot}' function='0x{function}'/></iommuGroup>")
    return (f"<device><name>pci_{address.replace(':', '_').replace('.', '_')}</name>"
            f"<parent>computer</parent><capability type='pci'><class>0x{class_code:06x}</class>"
            f"<domain>{int(number, 16)}</domain><bus>{int(bus, 16)}</bus>"
            f"<slot>{int(slot, 16)}</slot><function>{function}</function>"
            f"<product id='0x{ids[1]:04x}'/><vendor id='0x{ids[0]:04x}'/>{more}"
            "</capability></device>")


def guest(name, *wishes, runs=False, metadata=""):
    state = "" if runs else f"<test:runstate>{SHUT_OFF}</test:runstate>"
    return (f"<domain type='test' xmlns:test='{TEST}'><name>{name}</name>"
            f"<metadata>{metadata}</metadata><memory>8192</memory><os><type>hvm</type></os>"
            f"<devices>{''.join(wishes)}</devices>{state}</domain>")


DEVICES = (nodedev("0000:00:01.0", 1, 0x060400, more="<capability type='pci-bridge'/>"),
           nodedev("0000:01:00.0", 2), nodedev("0000:01:00.1", 2), nodedev("0000:e1:00.0", 3),
           nodedev("0000:41:00.0"))


class Libvirt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "node.xml"
        self.uri = f"test://{self.file}"

    def check(self, code, *arguments, guests=(), stdin=""):
        self.file.write_text("<node>" + "".join((*DEVICES, *guests)) + "</node>")
        result = tool("check", "--json", "-c", self.uri, *arguments, stdin=stdin)
        self.assertEqual((result.returncode, result.err), (code, ""))
        return json.loads(result.out)

    def ids(self, report):
        return [each["id"] for device in report["devices"] for each in device["findings"]]

    def test_host_that_is_elsewhere(self):
        for wish, expected in ((hostdev(0xe1), []), (hostdev(1), []),
                               (hostdev(0, slot=1), ["not-endpoint"]),
                               (hostdev(0x41), ["no-group"]),
                               (hostdev(0x77), ["device-missing"])):
            with self.subTest(wish=wish):
                report = self.check(bool(expected), "g", guests=(guest("g", wish),))
                self.assertEqual(self.ids(report), expected)
                finding, = report["findings"]
                self.assertEqual(finding["id"], "unknown-from-here")
                self.assertIn(self.uri, finding["message"])
                self.assertEqual(finding["fix"],
                                 f"On that host: virt-hostdev check {report['uuid']}")

    def test_what_cannot_be_known_is_no_finding(self):
        """Pins and allowances of things that weren't looked at."""
        report = self.check(0, "g", guests=(guest("g", hostdev(1), metadata=(
            "<h:hostdev xmlns:h='urn:virt-hostdev:1'><h:device address='01:00.0' id='8086:10d3'/>"
            "<h:allow address='01:00.0' critical='default-route'/></h:hostdev>")),))
        self.assertEqual((self.ids(report), len(report["findings"])), ([], 1))
        self.assertIn("whether they are the pinned ones", report["findings"][0]["message"])

    def test_file_on_another_host(self):
        report = self.check(1, "-", stdin=domain(hostdev(1), hostdev(0x77)))
        self.assertEqual(self.ids(report), ["device-missing"])
        self.assertEqual(report["devices"][0]["group"], 2)

    def test_pairs(self):
        guests = (guest("a", hostdev(1), hostdev(0xe1), runs=True), guest("b", hostdev(0xe1)),
                  guest("c", hostdev(1, function=1), runs=True), guest("d"))
        report = self.check(1, "--all", guests=guests)
        self.assertEqual([(each["domain"], each["ok"], each["running"], each["autostart"])
                          for each in report["domains"]],
                         [("a", True, True, False), ("b", True, False, False),
                          ("c", True, True, False), ("d", True, False, False)])
        self.assertEqual([(each["id"], each["severity"], each["domains"], each["addresses"])
                          for each in report["pairs"]],
                         [("shared-device", "info", ["a", "b"], ["0000:e1:00.0"] * 2),
                          ("shared-group", "error", ["a", "c"], ["0000:01:00.0", "0000:01:00.1"])])
        self.assertIsNone(report["pairs"][0]["fix"])
        self.assertIn("virt-hostdev detach --config ", report["pairs"][1]["fix"])
        self.assertEqual([each["id"] for each in report["findings"]], ["unknown-from-here"])
        text = tool("check", "--all", "-c", self.uri).out
        self.assertEqual([line for line in text.splitlines() if line.startswith("Guest")], [
            "Guest 'a' can start.", "Guest 'b' can start.", "Guest 'c' can start.",
            "Guest 'd' asks for no PCI device of the host.",
            "Guests 'a' and 'c' ask for 0000:01:00.0 and 0000:01:00.1 of IOMMU group 2, which has "
            "one owner, and both run.",
            "Guests 'a' and 'b' ask for 0000:e1:00.0, so only one of them can run at a time."])

    def test_each_pair_is_told_once(self):
        functions = [hostdev(1), hostdev(1, function=1), hostdev(0xe1)]
        report = self.check(0, "--all", guests=(guest("a", *functions), guest("b", *functions)))
        self.assertEqual([(each["id"], each["addresses"][0]) for each in report["pairs"]],
                         [("shared-device", "0000:01:00.0"), ("shared-device", "0000:01:00.1"),
                          ("shared-device", "0000:e1:00.0")])
        report = self.check(0, "--all", guests=(guest("a", hostdev(0xe1)), guest("b", hostdev(1))))
        self.assertEqual(report["pairs"], [])

    def test_domain_that_makes_no_sense_is_one_of_several(self):
        odd = "<h:hostdev xmlns:h='urn:virt-hostdev:1'><h:odd/></h:hostdev>"
        report = self.check(1, "--all", guests=(guest("a", hostdev(1), metadata=odd),
                                                guest("b", hostdev(1))))
        self.assertEqual([each["ok"] for each in report["domains"]], [False, True])
        self.assertEqual(report["domains"][0]["findings"][0]["id"], "metadata-invalid")

    def test_wrong_usage(self):
        for arguments in (("check",), ("check", "--all", "g"), ("attach", "g"), ("detach", "g")):
            result = tool(*arguments)
            self.assertEqual((result.returncode, result.out), (2, ""))
            self.assertIn("\nFix: virt-hostdev ", result.err)

    @unittest.skipIf(os.geteuid() != 0, "attach and detach need root")
    def test_only_this_hosts_guests_are_given_devices(self):
        self.file.write_text("<node>" + guest("g", hostdev(1)) + "</node>")
        for verb in ("attach", "detach"):
            result = tool(verb, "-c", self.uri, "g", "01:00.0")
            self.assertEqual((result.returncode, result.out), (1, ""))
            self.assertIn(f"only guests of this host's own libvirt, qemu:///system, can be given "
                          f"devices or lose them here, not those of {self.uri}", result.err)

    def test_plan_is_made_on_the_host(self):
        self.file.write_text("<node>" + guest("g", hostdev(1)) + "</node>")
        result = tool("plan", "-c", self.uri, "g")
        self.assertEqual((result.returncode, result.out), (1, ""))
        self.assertIn("can only be planned on the host itself", result.err)
