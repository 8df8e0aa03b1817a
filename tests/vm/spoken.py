# SPDX-License-Identifier: GPL-2.0-or-later
"""What we write and read as XML, against what a real libvirtd makes of it."""

import json
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

import golden
from scenarios import PART, _Emulated

# Where an element of ours goes: the guest that it is for, or this one.
DEFAULT = "q35-full.xml"

NUMBERS = {"domain", "bus", "slot", "function", "index", "order", "id"}


def number(text):
    """A number as libvirt prints it; another word stays what it is."""
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        return text


def host_of(element):
    """The host's address of a <hostdev>, <interface> or <disk>, or None."""
    address = element.find("source/address")
    if address is None or address.get("slot") is None:
        return None
    return tuple(number(address.get(name)) for name in ("domain", "bus", "slot", "function"))


def key_of(element):
    if element.tag == "controller":
        return "controller", element.get("type"), element.get("index")
    return element.tag, host_of(element)


class Spoken(_Emulated):
    def state(self):
        """Nothing is started here."""
        return []

    def assert_says(self, ours, theirs, where):
        """libvirt may have added something, but says all that we said."""
        self.assertEqual(ours.tag, theirs.tag)
        where = f"{where}/{ours.tag}"
        for name, value in ours.attrib.items():
            got = theirs.get(name)
            self.assertIsNotNone(got, f"{where}: libvirt dropped {name}='{value}'")
            if name in NUMBERS:
                self.assertEqual(number(got), number(value), f"{where} {name}")
            else:
                self.assertEqual(got, value, f"{where} {name}")
        self.assertEqual((ours.text or "").strip(), (theirs.text or "").strip(), where)
        for child in ours:
            found = theirs.findall(child.tag)
            self.assertEqual(len(found), 1, f"{where}/{child.tag}")
            self.assert_says(child, found[0], where)

    def put_into(self, case):
        """The guest's file with what was printed, as a person would paste it."""
        path = golden.XML / (case.domain or DEFAULT)
        text = path.read_text()
        name = f"golden-{case.name}"
        text = re.sub("<name>.*</name>", f"<name>{name}</name>", text)
        return name, text.replace("  </devices>", case.output + "  </devices>")

    def share(self, texts):
        """Puts files where both sides see them; /out/golden inside."""
        folder = self.host.out_dir / "golden"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in texts.items():
            (folder / f"{name}.xml").write_text(text)
        return folder

    def define_all(self, texts, define):
        """Defines each; returns what was said of those that were refused, and the dump of
        the others.  All by one virsh, which goes on after an error: it is most of the time."""
        self.share(texts)
        commands = "; ".join(
            f"echo {PART}; echo --err {PART}; {define} {name}.xml; echo {PART}; "
            f"dumpxml --inactive {name}; echo {PART}; undefine {name}" for name in texts)
        result = self.host.sh(f"cd /out/golden; virsh '{commands}'", check=False)
        said = result.err.split(f"error: {PART}")[1:]
        dumps = result.out.split(PART)[2::3]
        self.assertEqual((len(said), len(dumps)), (len(texts), len(texts)), result.err)
        refused, dumped = {}, {}
        for name, error, dump in zip(texts, said, dumps):
            if "<domain" in dump:
                self.assertEqual(error.strip(), "")
                dumped[name] = dump
            else:
                refused[name] = error.strip()
        return refused, dumped

    def version(self):
        text = self.host.sh("virsh version --daemon | sed -n 's/^Running against daemon: //p'").out
        return tuple(int(part) for part in text.strip().split("."))

    def is_newer(self, case):
        """Whether the case is for a libvirt that isn't there yet."""
        words = case.arguments
        if "--libvirt" not in words:
            return False
        wanted = words[words.index("--libvirt") + 1]
        return tuple(int(part) for part in wanted.split(".")) > self.version()

    def test_libvirt_takes_what_xml_writes(self):
        cases = {f"golden-{case.name}": case for case in golden.cases()
                 if case.output.startswith("<")}
        self.assertGreater(len(cases), 40)
        refused, dumped = self.define_all(
            dict(self.put_into(case) for case in cases.values()), "define --validate")
        for name, case in cases.items():
            with self.subTest(case.name):
                if self.is_newer(case):
                    self.assertIn(name, refused, "this libvirt knows it, and we say it does not")
                    continue
                self.assertNotIn(name, refused, refused.get(name))
                theirs = {key_of(element): element
                          for element in ElementTree.fromstring(dumped[name]).find("devices")}
                for element in ElementTree.fromstring(f"<all>{case.output}</all>"):
                    self.assertIn(key_of(element), theirs)
                    self.assert_says(element, theirs[key_of(element)], case.name)

    # One attribute each; what libvirt reads, or that it refuses it, is found out.
    SPELLINGS = [
        ("slot", "010"), ("slot", "08"), ("slot", "1f"), ("slot", "0x1f"), ("slot", "0X1F"),
        ("slot", "31"), ("slot", "32"), ("slot", "037"), ("slot", "040"), ("slot", " 7"),
        ("slot", "7 "), ("slot", "+7"), ("slot", "-7"), ("slot", ""), ("slot", "0x"),
        ("slot", "0x0001f"), ("slot", "00000000000000000007"), ("slot", "1e0"), ("slot", "1.0"),
        ("slot", "\t7"), ("slot", "&#10;7"), ("slot", "&#x37;"), ("slot", "\u0661"),
        ("bus", "e1"), ("bus", "225"), ("bus", "0xe1"), ("bus", "256"), ("bus", "0x100"),
        ("bus", "0377"), ("bus", "-1"), ("bus", "4294967297"),
        ("function", "7"), ("function", "8"), ("function", "07"), ("function", "0x7"),
        ("domain", "0x10000"), ("domain", "65536"), ("domain", "0xffffffff"),
        ("domain", "4294967295"), ("domain", "4294967296"), ("domain", "-1"),
        ("domain", "18446744073709551616"), ("domain", "0200000"),
    ]

    @staticmethod
    def spelled(number_of, attribute, text):
        values = {"domain": "0", "bus": "3", "slot": "2", "function": "1"}
        values[attribute] = text
        address = " ".join(f"{name}='{value}'" for name, value in values.items())
        return (f"<domain type='qemu'><name>spelled-{number_of}</name><memory>131072</memory>"
                "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
                "<hostdev mode='subsystem' type='pci' managed='no'><source>"
                f"<address {address}/></source></hostdev></devices></domain>\n")

    def test_odd_spellings_of_an_address(self):
        """We read what libvirt reads, and refuse what it refuses."""
        texts = {f"spelled-{i}": self.spelled(i, *each) for i, each in enumerate(self.SPELLINGS)}
        # Not validated: the schema has rules of its own, which virsh define doesn't apply.
        refused, dumped = self.define_all(texts, "define")
        self.host.sh(
            "cd /out/golden; for file in *.xml; do name=${file%.xml}; "
            "virt-hostdev check --json ./$file >$name.ours 2>$name.err; done; true")
        folder = self.host.out_dir / "golden"
        taken = 0
        for i, (attribute, text) in enumerate(self.SPELLINGS):
            with self.subTest(f"{attribute}={text!r}"):
                ours = (folder / f"spelled-{i}.ours").read_text()
                read = [device["address"] for device in json.loads(ours)["devices"]] if ours else []
                if f"spelled-{i}" in refused:
                    self.assertEqual(read, [], refused[f"spelled-{i}"])
                    continue
                taken += 1
                root = ElementTree.fromstring(dumped[f"spelled-{i}"])
                address = root.find("devices/hostdev/source/address")
                theirs = "{:04x}:{:02x}:{:02x}.{:x}".format(
                    *(number(address.get(name)) for name in ("domain", "bus", "slot", "function")))
                self.assertEqual(read, [theirs])
        self.assertGreater(taken, 15)


if __name__ == "__main__":
    unittest.main()
