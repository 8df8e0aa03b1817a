# SPDX-License-Identifier: GPL-2.0-or-later
"""What check finds in the XML itself, and the schema of our metadata."""

import json
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from program import SIBLINGS, domain, hostdev, run, tool
from roms import image
from tree import usual

TOP = Path(__file__).resolve().parents[2]
SCHEMA = TOP / "xml" / "virt-hostdev-metadata.rng"
NAMESPACE = "urn:virt-hostdev:1"
PC = "<os><type arch='x86_64' machine='pc-i440fx-9.0'>hvm</type></os>"
EFI = "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>"


class _OnTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = usual(folder.name)
        self.root = Path(folder.name)

    def check(self, text, *options):
        return tool("check", "--root", self.root, *options, "-", stdin=text)

    def ids(self, text):
        """The ids of all findings, and the report."""
        report = json.loads(self.check(text, "--json").out)
        findings = report["findings"] + [each for device in report["devices"]
                                         for each in device["findings"]]
        return [each["id"] for each in findings], report


def with_rom(file, options=""):
    return ("<hostdev type='pci'><source><address bus='1'/></source>\n"
            f"<rom file='{file}' {options}/></hostdev>")


class Lint(_OnTree):
    def test_addresses_that_cannot_be_read_leave_the_rest_to_be_checked(self):
        text = domain(
            "<hostdev type='pci'><source>\n<address bus='e1' slot='1f'/></source></hostdev>",
            "<hostdev type='pci' managed='maybe'/>", hostdev(2))
        ids, report = self.ids(text)
        self.assertFalse(report["ok"])
        self.assertEqual(ids.count("number-not-libvirt"), 2)
        self.assertIn("address-missing", ids)
        self.assertIn("managed-invalid", ids)
        self.assertEqual([device["address"] for device in report["devices"]], ["0000:02:00.0"])
        self.assertEqual(report["devices"][0]["findings"], [])
        number = next(each for each in report["findings"] if each["id"] == "number-not-libvirt")
        self.assertEqual(number["line"], 6)
        self.assertEqual(number["fix"], "Write bus='0xe1'")
        result = self.check(text)
        self.assertEqual(result.returncode, 1)
        self.assertIn("Guest 'guest' would be refused.\n", result.out)
        self.assertIn("  line 6: bus='e1' of <address> is no number to libvirt", result.out)

    def test_only_bad_addresses_are_no_guest_without_devices(self):
        result = self.check(domain("<hostdev type='pci'/>"))
        self.assertIn("would be refused", result.out)
        self.assertEqual(result.returncode, 1)

    def test_a_line_is_named_once(self):
        """What stands below a device with its line doesn't repeat it."""
        result = self.check(domain(hostdev(7)))
        self.assertIn("line 5, hostdev", result.out)
        self.assertNotIn("line 5:", result.out)
        ids, report = self.ids(domain(hostdev(7)))
        self.assertEqual(ids, ["device-missing"])
        self.assertEqual(report["devices"][0]["findings"][0]["line"], 5)

    def test_warning_lets_it_start(self):
        text = domain("<hostdev type='pci'><source><address bus='02' slot='00'/>"
                      "</source>\n<address type='pci' slot='010'/></hostdev>")
        ids, report = self.ids(text)
        self.assertEqual(ids, ["number-octal"])
        self.assertTrue(report["ok"])
        self.assertEqual(self.check(text).returncode, 0)
        self.assertIn("line 6: slot='010' is 0x08 for libvirt", self.check(text).out)

    def test_facts_of_the_host(self):
        text = domain(hostdev(1), hostdev(2),
                      metadata=SIBLINGS + PC + "<numatune><memory nodeset='0'/></numatune>")
        _, report = self.ids(text)
        self.assertEqual([[each["id"] for each in device["findings"]]
                          for device in report["devices"]], [["gpu-machine"], ["numa-node"]])

    def test_processors_near_the_device(self):
        pinned = domain(hostdev(2), metadata="<cputune><vcpupin vcpu='0' cpuset='%s'/></cputune>")
        cpus = self.tree.pci / "devices/0000:02:00.0/local_cpulist"
        self.assertEqual(self.ids(pinned % "0-3")[1]["devices"][0]["findings"], [])
        cpus.write_text("4-7\n")
        found, = self.ids(pinned % "0-3")[1]["devices"][0]["findings"]
        self.assertEqual((found["id"], found["severity"]), ("cpu-pinning", "info"))
        self.assertIn("near the processors 4-7, and", found["message"])
        self.assertEqual(self.ids(pinned % "3-4")[1]["devices"][0]["findings"], [])

    def test_errors_of_other_verbs_are_as_they_were(self):
        text = domain("<hostdev type='pci'><source><address bus='e1'/></source></hostdev>")
        result = tool("plan", "--root", self.root, "-", stdin=text)
        self.assertEqual(result.returncode, 2)
        self.assertIn("bus='e1' is not a number", result.err)

    def test_what_is_no_domain_has_no_findings(self):
        result = self.check("<network/>")
        self.assertEqual((result.returncode, result.out), (2, ""))
        self.assertIn("not a <domain>", result.err)

    def test_messages_cannot_steer_a_terminal(self):
        result = self.check(domain("<hostdev type='pci'><source><address bus='&#x9b;31m'/>"
                                   "</source></hostdev>"))
        self.assertIn("bus='\\xc2\\x9b31m'", result.out)


class Rom(_OnTree):
    def ids_of(self, content, os=EFI, options="", device=0x1f06):
        (self.root / "gpu.rom").write_bytes(image(0x10de, device, 3) if content is None else content)
        ids, report = self.ids(domain(with_rom("/gpu.rom", options), metadata=SIBLINGS + os))
        for each in report["devices"][0]["findings"]:
            if each["id"].startswith("rom"):
                self.assertEqual(each["line"], 6)
        return [each for each in ids if each.startswith("rom")]

    def test_good(self):
        self.assertEqual(self.ids_of(None), [])
        self.assertEqual(self.ids_of(image(0x10de, 0x1f06, 0), PC), [])

    def test_of_another_card(self):
        self.assertEqual(self.ids_of(None, device=0x1f07), ["rom-mismatch"])

    def test_for_other_firmware(self):
        self.assertEqual(self.ids_of(None, PC), ["rom-firmware"])
        self.assertEqual(self.ids_of(image(0x10de, 0x1f06, 0)), ["rom-firmware"])

    def test_none(self):
        self.assertEqual(self.ids_of(b""), ["rom-bad"])
        self.assertEqual(self.ids_of(b"NVGI" + bytes(508) + image(0x10de, 0x1f06, 3)), ["rom-bad"])

    def test_behind_bar_off(self):
        self.assertEqual(self.ids_of(None, options="bar='off'"), ["rom-bar"])
        self.assertEqual(self.ids_of(b"", options="enabled='no'"), [])

    def test_missing_in_a_copied_tree_is_not_known(self):
        ids, _ = self.ids(domain(with_rom("/nothing.rom"), metadata=SIBLINGS + EFI))
        self.assertEqual(ids, [])

    def test_missing_on_this_host(self):
        result = tool("check", "--json", "-",
                      stdin=domain(with_rom(self.root / "nothing.rom"), metadata=EFI))
        found = [each for each in json.loads(result.out)["devices"][0]["findings"]
                 if each["id"] == "rom-missing"]
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["severity"], "error")


class Examples(_OnTree):
    def test_nothing_is_wrong_with_the_examples(self):
        for path in sorted((TOP / "examples").glob("*.xml")):
            text = path.read_text()
            if "<domain" not in text:
                text = domain(text)
            _, report = self.ids(text)
            self.assertEqual(len(report["devices"]), 1, path)
            of_host = {"device-missing", "group-not-viable", "no-group", "not-a-vf"}
            for each in report["findings"] + report["devices"][0]["findings"]:
                self.assertIn(each["id"], of_host, path)


OURS = f"<metadata><h:hostdev xmlns:h='{NAMESPACE}'>"
END = "</h:hostdev></metadata>"
PIN = "<h:device address='02:00.0' id='8086:10d3' "

DISPLAY = "<h:display hand-over='yes'>"

GOOD = [
    "",
    "<!-- a -->\n<h:siblings policy='bind'/>",
    "<h:siblings policy='refuse'/>",
    "<h:siblings policy='refuse'>\n<!-- a -->\n</h:siblings>",
    "<h:allow address='03:00.0' critical='mount'/>"
    "<h:allow critical='reserved-region' address='0000:04:00.1'/>",
    "<h:allow address='pci_10000_e1_1F_7' critical='ssh'/><h:siblings policy='bind'/>",
    PIN + "/>",
    PIN + "subsystem='8086:A01f' class='020000' revision='00' dsn='00-1b' serial='S &amp; T' "
    "mac='52:54:00:00:00:01' slot='3' path='0000/01.0/00.0'/>",
    "<h:display hand-over='no'/>",
    DISPLAY + "<!-- a -->\n<h:stop unit='nvidia-persistenced.service'/>\n"
    "<h:stop unit='user@?.slice'> </h:stop><h:stop unit='session-*.scope'/>"
    "<h:stop unit='docker-*'/><h:stop unit='*'/><h:stop unit='a\\x2db:c_D.9.service'/>"
    "</h:display><h:siblings policy='bind'/>",
    DISPLAY + f"<h:stop unit='{'x' * 247}.service'/></h:display>",
]

BAD = [
    "<h:siblings policy='take'/>",
    "<h:siblings/>",
    "<h:siblings policy='bind' when='never'/>",
    "<h:siblings h:policy='bind'/>",
    "<h:siblings policy='bind'><h:except/></h:siblings>",
    "<h:siblings policy='bind'>not this one</h:siblings>",
    "<h:allow address='03:00.0' critical='mount' until='2027'/>",
    "<h:allow address='03:00.0'/>",
    "<h:allow address='03:00.0' critical='all'/>",
    "<h:allow critical='mount'/>",
    "<h:allow address='*' critical='mount'/>",
    "<h:allow address='03:20.0' critical='mount'/>",
    "<h:allow address='03:00.8' critical='mount'/>",
    "<h:allow address='000:03:00.0' critical='mount'/>",
    "<h:allow address='pci_03_00_0' critical='mount'/>",
    "\n<h:brothers/>",
    "<siblings policy='bind'/>",
    "<h:device address='02:00.0'/>",
    "<h:device id='8086:10d3'/>",
    "<h:device address='02:00.0' id='8086'/>",
    "<h:device address='02:00.0' id='0000:10d3'/>",
    PIN + "colour='red'/>",
    PIN + "h:serial='x'/>",
    PIN + "serial=''/>",
    PIN + "subsystem='0x1f:0x2e'/>",
    PIN + "><h:hub/></h:device>",
    PIN + "class='0200'/>",
    PIN + "revision='0g'/>",
    PIN + "subsystem='8086'/>",
    PIN + f"slot='{'x' * 32}'/>",
    "<h:display/>",
    "<h:display hand-over=''/>",
    "<h:display hand-over='true'/>",
    "<h:display hand-over='yes' address='01:00.0'/>",
    "<h:display hand-over='yes'>please</h:display>",
    "<h:display hand-over='no'/>\n<h:display hand-over='no'/>",
    DISPLAY + "\n<h:start unit='a.service'/></h:display>",
    DISPLAY + "\n<stop unit='a.service'/></h:display>",
    DISPLAY + "\n<h:stop/></h:display>",
    DISPLAY + "\n<h:stop unit='a.service' when='late'/></h:display>",
    DISPLAY + "\n<h:stop unit='a.service'><h:except/></h:stop></h:display>",
    "<h:stop unit='a.service'/>",
    *(DISPLAY + f"<h:stop unit='{unit}'/></h:display>"
      for unit in ("", ".service", "a.target", "a.device", "gdm", "*.servic?", "[ab].service",
                   "a b.service", "/a.service", "\u00e4.service", "x" * 248 + ".service")),
]


class Schema(_OnTree):
    def valid(self, text):
        """Whether each element of ours in the domain's metadata is valid."""
        elements = [each for each in ElementTree.fromstring(text).find("metadata")
                    if each.tag.startswith("{" + NAMESPACE)]
        self.assertTrue(elements)
        results = []
        for element in elements:
            file = self.root / "metadata.xml"
            file.write_bytes(ElementTree.tostring(element))
            results.append(run(["xmllint", "--noout", "--relaxng", SCHEMA, file]))
        for result in results:
            self.assertIn(result.returncode, (0, 3), result.err)
        return all(result.returncode == 0 for result in results)

    def invalid_findings(self, text):
        _, report = self.ids(text)
        return [each for each in report["findings"] if each["id"] == "metadata-invalid"]

    def test_takes_what_is_read(self):
        for ours in GOOD:
            text = domain(hostdev(2), metadata=OURS + ours + END)
            self.assertTrue(self.valid(text), ours)
            self.assertEqual(self.invalid_findings(text), [], ours)

    def test_refuses_what_is_not_read(self):
        for ours in BAD:
            text = domain(hostdev(2), metadata=OURS + "\n" + ours + END)
            self.assertFalse(self.valid(text), ours)
            found = self.invalid_findings(text)
            self.assertEqual(len(found), 1, ours)
            self.assertEqual(found[0]["line"], 4 + ours.count("\n"), ours)
            self.assertNotIn("line", found[0]["message"])

    def test_refuses_another_root(self):
        for root in ("<siblings {} policy='bind'/>", "<hostdev {} policy='bind'/>",
                     "<hostdev {}>bind</hostdev>"):
            ours = root.format(f"xmlns='{NAMESPACE}'")
            text = domain(metadata=f"<metadata>{ours}</metadata>")
            self.assertFalse(self.valid(text))
            self.assertEqual(len(self.invalid_findings(text)), 1)

    def test_all_that_is_wrong_is_named_and_the_rest_counts(self):
        text = domain(hostdev(1), metadata=OURS + "\n".join(BAD[:3])
                      + "<h:siblings policy='bind'/>" + END)
        ids, _ = self.ids(text)
        self.assertEqual(ids, ["metadata-invalid"] * 3)

    def test_knows_every_critical_reason(self):
        source = (TOP / "lib/request/critical.c").read_text()
        reasons = set(re.findall(r'\[HD_CRITICAL_\w+\] = "([a-z-]+)"', source))
        values = {value.text for value in ElementTree.parse(SCHEMA).iter(
            "{http://relaxng.org/ns/structure/1.0}value")}
        self.assertTrue(reasons)
        self.assertEqual(values, reasons | {"bind", "refuse", "yes", "no"})

    def test_takes_what_pin_writes(self):
        file = self.root / "guest.xml"
        file.write_text(domain(hostdev(1), hostdev(2), hostdev(0xe1, domain_number=0x10000)))
        result = tool("pin", "--root", self.root, file)
        self.assertEqual(result.returncode, 0, result.err)
        text = file.read_text()
        self.assertEqual(text.count("<hostdev:device "), 3)
        self.assertTrue(self.valid(text), text)

    def test_is_installed(self):
        result = subprocess.run(["make", "-s", "-C", TOP, f"DESTDIR={self.root}/to", "prefix=/usr",
                                 "install-schema"], capture_output=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        installed = self.root / "to/usr/share/virt-hostdev/virt-hostdev-metadata.rng"
        self.assertEqual(installed.read_bytes(), SCHEMA.read_bytes())
