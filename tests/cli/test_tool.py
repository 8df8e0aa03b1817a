# SPDX-License-Identifier: GPL-2.0-or-later
"""The companion tool, on a copied tree."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import SIBLINGS, TOOL, domain, hostdev, run, tool
from tree import usual


class _OnTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = usual(folder.name)
        self.root = folder.name

    def on_tree(self, verb, *arguments, **options):
        return tool(verb, "--root", self.root, *arguments, **options)

    def json_of(self, verb, *arguments, **options):
        result = self.on_tree(verb, "--json", *arguments, **options)
        self.assertTrue(result.out, result)
        return json.loads(result.out)

    def assert_sentence(self, result, code, words):
        self.assertEqual(result.returncode, code, result.err)
        self.assertEqual(result.out, "")
        first = result.err.splitlines()[0]
        self.assertIn(words, first)
        self.assertTrue(first.startswith("virt-hostdev: ") and first.endswith("."), first)


class Listing(_OnTree):
    def test_json_has_every_property(self):
        devices = self.json_of("list")["devices"]
        self.assertEqual([each["address"] for each in devices],
                         ["0000:00:01.0", "0000:01:00.0", "0000:01:00.1", "0000:02:00.0",
                          "10000:e1:00.0"])
        gpu, nic, nvme = devices[1], devices[3], devices[4]
        self.assertEqual(gpu["class"], "0x030000")
        self.assertEqual(gpu["vendor"], "0x10de")
        self.assertEqual(gpu["device"], "0x1f06")
        self.assertEqual(gpu["driver"], "nouveau")
        self.assertEqual(gpu["group"], 1)
        self.assertIsNone(gpu["numa_node"])
        self.assertEqual(nic["numa_node"], 1)
        self.assertIsNone(nvme["driver"])
        self.assertIsNone(nvme["group"])
        for device in devices:
            self.assertTrue(device["name"])

    def test_table_has_a_line_for_each_device(self):
        lines = self.on_tree("list").out.splitlines()
        self.assertEqual(lines[0].split()[:3], ["ADDRESS", "GROUP", "DRIVER"])
        self.assertEqual(lines[2].split()[:3], ["0000:01:00.0", "1", "nouveau"])
        self.assertEqual(lines[5].split()[:3], ["10000:e1:00.0", "-", "-"])
        self.assertEqual(len(lines), 6)

    def test_show_names_group_and_blockers(self):
        shown = self.json_of("show", "01:00.0")
        self.assertEqual(shown["group_members"],
                         ["0000:00:01.0", "0000:01:00.0", "0000:01:00.1"])
        self.assertEqual(shown["group_blockers"], ["0000:01:00.1"])
        self.assertFalse(shown["bridge"])
        self.assertIsNone(shown["driver_override"])
        self.assertIsNone(shown["guest"])
        text = self.on_tree("show", "pci_0000_01_00_0").out
        self.assertRegex(text, r"Kept from vfio by +0000:01:00\.1\n")
        self.assertRegex(text, r"Driver +nouveau\n")

    def test_show_knows_who_holds_a_device(self):
        claims = Path(self.root, "run/virt-hostdev/claims")
        claims.mkdir(parents=True)
        Path(self.root, "run/virt-hostdev/locks").mkdir()
        (claims / "6ba7b810-9dad-11d1-80b4-00c04fd430c8").write_text(
            "virt-hostdev-claim 1\ndomain 6ba7b810-9dad-11d1-80b4-00c04fd430c8 win%2011\n"
            "state running 1700000000 1 1 -\n"
            "device 0000:02:00.0 2 8086:10d3 restore igb -\nend\n")
        self.assertEqual(self.json_of("show", "02:00.0")["guest"], "win 11")
        self.assertRegex(self.on_tree("show", "02:00.0").out, "Held by guest +win 11\n")
        refused = self.on_tree("check", "-", stdin=domain(
            hostdev(2), name="x", uuid="6ba7b811-9dad-11d1-80b4-00c04fd430c8"))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("guest 'win 11' has it", refused.out)

    def test_links_do_not_lead_out_of_the_tree(self):
        outside = tempfile.TemporaryDirectory()
        self.addCleanup(outside.cleanup)
        for name in ("class", "vendor", "device"):
            Path(outside.name, name).write_text("0x1234\n")
        (self.tree.pci / "devices" / "0000:09:00.0").symlink_to(outside.name)
        self.assertNotIn("0000:09:00.0", self.on_tree("list").out)

    def test_missing_device_and_missing_root(self):
        self.assert_sentence(self.on_tree("show", "07:00.0"), 1,
                             "no PCI device at 0000:07:00.0")
        self.assert_sentence(tool("list", "--root", "/nonexistent"), 1, "/nonexistent")

    def test_attribute_with_control_characters_stays_on_its_line(self):
        attribute = self.tree.pci / "devices/0000:02:00.0/driver_override"
        attribute.write_text("a\x1b[31mb\n")
        self.assertIn("a\\x1b[31mb", self.on_tree("show", "02:00.0").out)


class Unread(_OnTree):
    """What can't be read is said, and is not taken for what isn't there."""

    VERBS = (["list"], ["list", "--guard"], ["show", "01:00.0"], ["check", "-"], ["plan", "-"],
             ["xml", "01:00.0"], ["xml", "--all-functions", "01:00.0"], ["pin", "-"])

    def run_all(self):
        text = domain(hostdev(1), hostdev(1, function=1))
        return [(verb, self.on_tree(*verb, stdin=text)) for verb in self.VERBS]

    def test_host_that_shows_no_devices(self):
        shutil.rmtree(self.root)
        os.mkdir(self.root)
        for verb, result in self.run_all():
            with self.subTest(verb=verb):
                # Of those that answer it is the answer; xml and pin can't do their work.
                code = 1 if verb[0] in ("xml", "pin") else 3
                self.assert_sentence(result, code, "can't tell which PCI devices the host has: "
                                                   "its copied tree has no /sys/bus/pci/devices")
        added = self.on_tree("rewrite", "-", "--add", "02:00.0", stdin=domain())
        self.assertIn("0000:02:00.0 is not known: can't tell which PCI devices", added.err)

    def test_pipes_in_place_of_files(self):
        device = self.tree.pci / "devices/0000:01:00.0"
        (device / "power").mkdir()
        (device / "power/runtime_status").write_text("active\n")
        os.mkfifo(device / "config")
        self.assert_sentence(self.on_tree("show", "01:00.0"), 1,
                             "cannot read /sys/bus/pci/devices/0000:01:00.0/config: ")
        for path in list(self.tree.root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                path.unlink()
                os.mkfifo(path)
        for verb, result in self.run_all():
            with self.subTest(verb=verb):
                self.assert_sentence(result, 1, "Invalid argument")
        self.assertTrue(self.on_tree("doctor").out)
        (self.tree.root / "etc").mkdir()
        os.mkfifo(self.tree.root / "etc/virt-hostdev.conf")
        self.assert_sentence(self.on_tree("check", "-", stdin=domain(hostdev(1))), 1,
                             "/etc/virt-hostdev.conf ")


class Xml(_OnTree):
    def test_block_for_each_address(self):
        result = self.on_tree("xml", "02:00.0", "pci_10000_e1_00_0")
        self.assertEqual(result.returncode, 0, result.err)
        self.assertEqual(result.out, """\
<hostdev mode='subsystem' type='pci' managed='yes'>
  <source>
    <address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
  </source>
</hostdev>
<hostdev mode='subsystem' type='pci' managed='yes'>
  <source>
    <address domain='0x10000' bus='0xe1' slot='0x00' function='0x0'/>
  </source>
</hostdev>
""")

    def test_what_it_writes_libvirts_schema_takes(self):
        schema = Path("/usr/share/libvirt/schemas/domain.rng")
        if not schema.exists():
            self.skipTest(f"{schema} is missing")
        block = self.on_tree("xml", "10000:e1:00.0", "--managed", "no").out
        text = ("<domain type='qemu'><name>g</name><memory>1</memory><os><type>hvm</type></os>"
                f"<devices>{block}</devices></domain>")
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(text)
            file.flush()
            result = run(["xmllint", "--noout", "--relaxng", schema, file.name])
        self.assertEqual(result.returncode, 0, result.err)

    def test_managed(self):
        self.assertIn("managed='no'", self.on_tree("xml", "--managed=no", "02:00.0").out)
        self.assertIn("managed='yes'", self.on_tree("xml", "--managed=yes", "02:00.0").out)
        self.assert_sentence(self.on_tree("xml", "--managed=maybe", "02:00.0"), 2, "maybe")

    def test_all_blocks_or_none(self):
        self.assert_sentence(self.on_tree("xml", "02:00.0", "07:00.0"), 1, "0000:07:00.0")
        self.assert_sentence(self.on_tree("xml", "02:00.0", "00:01.0"), 1, "is a bridge")
        self.assert_sentence(self.on_tree("xml", "02:00.0", "2:0.0"), 2, "not a PCI address")
        self.assert_sentence(self.on_tree("xml"), 2, "needs ADDRESS")


class Check(_OnTree):
    def check(self, *devices, **options):
        return self.json_of("check", "-", stdin=domain(*devices, **options))

    def test_fine(self):
        report = self.check(hostdev(2))
        self.assertEqual(report["domain"], "guest")
        self.assertEqual(report["uuid"], "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        self.assertIs(report["ok"], True)
        self.assertEqual(report["devices"], [{
            "address": "0000:02:00.0", "source": "hostdev", "managed": False, "line": 5,
            "group": 2, "driver": "e1000e", "findings": []}])

    def test_findings_name_id_message_and_fix(self):
        report = self.check(hostdev(1, managed="yes"), hostdev(7))
        self.assertIs(report["ok"], False)
        blocked, missing = report["devices"]
        self.assertIs(blocked["managed"], True)
        finding, = blocked["findings"]
        self.assertEqual(finding["id"], "group-not-viable")
        self.assertEqual(finding["severity"], "error")
        self.assertIn("0000:01:00.1", finding["message"])
        self.assertEqual(finding["fix"], "virt-hostdev allow --siblings guest")
        self.assertIsNone(finding["rule"])
        self.assertEqual(missing["line"], 6)
        self.assertIsNone(missing["group"])
        self.assertEqual(missing["findings"][0]["id"], "device-missing")

    def test_group_that_is_asked_for_whole_is_fine(self):
        self.assertIs(self.check(hostdev(1), hostdev(1, function=1))["ok"], True)

    def test_device_without_group_and_host_without_iommu(self):
        nvme = ("<disk type='nvme'><source type='pci' namespace='1'>"
                "<address domain='0x10000' bus='0xe1'/></source></disk>")
        device, = self.check(nvme)["devices"]
        self.assertEqual((device["source"], device["managed"]), ("disk", True))
        self.assertEqual(device["findings"][0]["id"], "no-group")
        (self.tree.root / "sys/class/iommu/smmu3.0x9050000").mkdir(parents=True)
        finding, = self.check(nvme)["devices"][0]["findings"]
        self.assertEqual((finding["id"], finding["severity"]), ("group-unknown", "warning"))
        shown = self.on_tree("show", "--json", "10000:e1:00.0")
        self.assertIs(json.loads(shown.out)["group_awaits_driver"], True)
        self.assertIn("\n  IOMMU group        none yet: it gets one when a driver takes it\n",
                      self.on_tree("show", "10000:e1:00.0").out)
        (self.tree.root / "sys/class/iommu/smmu3.0x9050000").rename(
            self.tree.root / "sys/class/iommu/dmar0")
        self.assertIs(json.loads(self.on_tree("show", "--json", "10000:e1:00.0").out)
                      ["group_awaits_driver"], False)
        # Whether there is such a unit can't be told.
        subprocess.run(["rm", "-r", self.tree.root / "sys/class/iommu"], check=True)
        (self.tree.root / "sys/class/iommu").symlink_to("iommu")
        shown = self.on_tree("show", "--json", "10000:e1:00.0")
        self.assertEqual(shown.returncode, 3)
        self.assertIn("cannot read /sys/class/iommu: ", shown.err)
        (self.tree.root / "sys/class/iommu").unlink()
        subprocess.run(["rm", "-r", self.tree.groups], check=True)
        self.assertEqual(self.check(nvme)["devices"][0]["findings"][0]["id"], "no-iommu")

    def test_platform_device_in_the_group(self):
        self.tree.foreign("arm-smmu.0", 2)
        finding, = self.check(hostdev(2))["devices"][0]["findings"]
        self.assertEqual(finding["id"], "group-foreign")

    def test_interface_needs_a_vf(self):
        device, = self.check("<interface type='hostdev'><source>"
                             "<address type='pci' bus='2'/></source></interface>")["devices"]
        self.assertEqual(device["source"], "interface")
        self.assertEqual(device["findings"][0]["id"], "not-a-vf")

    def test_driver_that_nobody_can_know(self):
        (self.tree.pci / "drivers/vfio-pci").rmdir()
        report = self.check(hostdev(2))
        self.assertIs(report["ok"], True)
        self.assertEqual(report["devices"][0]["findings"][0]["severity"], "info")

    def test_text_for_people(self):
        result = self.on_tree("check", "-", stdin=domain(hostdev(1)))
        self.assertEqual(result.returncode, 1)
        self.assertIn("Guest 'guest' would be refused.\n", result.out)
        self.assertIn("    Fix: virt-hostdev allow --siblings guest\n", result.out)
        result = self.on_tree("check", "-", stdin=domain(hostdev(2)))
        self.assertEqual(result.returncode, 0)
        self.assertIn("Guest 'guest' can start.\n", result.out)
        result = self.on_tree("check", "-", stdin=domain())
        self.assertIn("asks for no PCI device", result.out)

    def test_file_is_told_by_its_name(self):
        path = os.path.join(self.root, "guest")
        Path(path).write_text(domain(hostdev(2)))
        self.assertEqual(self.on_tree("check", path).returncode, 0)
        self.assert_sentence(self.on_tree("check", "/nonexistent.xml"), 1, "/nonexistent.xml")
        self.assert_sentence(self.on_tree("check", self.root), 2, "is a folder, not a file")

    def test_bad_input_gets_one_sentence(self):
        self.assert_sentence(self.on_tree("check", "-", stdin="<domain>\n<nam></name>"), 2,
                             "line 2")
        self.assert_sentence(self.on_tree("check", "-", stdin=""), 2, "empty")
        self.assert_sentence(self.on_tree("check", "-", stdin=b"\0" * 100), 2, "line 1")
        self.assert_sentence(self.on_tree("check", "-", stdin=" " * (16 << 20) + "<a/>"), 2,
                             "16 MiB")
        self.assert_sentence(
            self.on_tree("plan", "-", stdin=domain(
                "<hostdev type='pci'><source><address bus='e1'/></source></hostdev>")),
            2, "line 5 of the XML: bus='e1'")

    def test_name_of_the_guest_can_not_steer_a_terminal(self):
        result = self.on_tree("check", "-", stdin=domain(name="a&#9;&#10;b"))
        self.assertIn("Guest 'a\\x09\\x0ab' asks", result.out)

    def test_libvirt_that_is_not_there(self):
        uri = "qemu+unix:///system?socket=/nonexistent"
        result = self.on_tree("check", "-c", uri, "guest")
        self.assert_sentence(result, 4, f"cannot reach libvirt at {uri}")
        self.assertIn(f"\nFix: See whether virsh can: virsh -c '{uri}' list\n", result.err)

    def test_domain_of_libvirt(self):
        result = self.on_tree("check", "-c", "test:///default", "test")
        self.assertEqual(result.returncode, 0, result.err)
        self.assertIn("Guest 'test' asks for no PCI device", result.out)
        uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f"
        self.assertIn("Guest 'test'", self.on_tree("check", "-c", "test:///default", uuid).out)
        self.assert_sentence(self.on_tree("check", "-c", "test:///default", "other"), 1,
                             "no domain 'other'")


class Plan(_OnTree):
    def steps(self, *devices, **options):
        report = self.json_of("plan", "-", stdin=domain(*devices, **options))
        return [(step["kind"], step["address"], step["from"], step["to"])
                for step in report["steps"]]

    def test_steps_in_their_order(self):
        nic, gpu, audio = "0000:02:00.0", "0000:01:00.0", "0000:01:00.1"
        self.assertEqual(self.steps(hostdev(2), hostdev(1), hostdev(1, function=1)), [
            ("override", nic, None, "vfio-pci"), ("unbind", nic, "e1000e", None),
            ("bind", nic, None, "vfio-pci"),
            ("override", gpu, None, "vfio-pci"), ("unbind", gpu, "nouveau", None),
            ("bind", gpu, None, "vfio-pci"),
            ("override", audio, None, "vfio-pci"), ("unbind", audio, "snd_hda_intel", None),
            ("bind", audio, None, "vfio-pci")])

    def test_each_step_names_its_inverse(self):
        report = self.json_of("plan", "-", stdin=domain(hostdev(2)))
        self.assertEqual([(step["inverse"]["kind"], step["inverse"]["from"], step["inverse"]["to"])
                          for step in report["steps"]],
                         [("override", "vfio-pci", None), ("bind", None, "e1000e"),
                          ("unbind", "vfio-pci", None)])

    def test_what_libvirt_binds_needs_no_step(self):
        self.assertEqual(self.steps(hostdev(2, managed="yes")), [])

    def test_what_is_so_already_needs_no_step(self):
        device = self.tree.device("0000:05:00.0", driver="vfio-pci", group=5)
        (device / "driver_override").write_text("vfio-pci\n")
        self.assertEqual(self.steps(hostdev(5)), [])

    def test_sibling_is_taken_along_if_the_domain_says_so(self):
        """Also for a device that libvirt binds: the sibling is ours."""
        audio = "0000:01:00.1"
        self.assertEqual(self.steps(hostdev(1, managed="yes"), metadata=SIBLINGS), [
            ("override", audio, None, "vfio-pci"), ("unbind", audio, "snd_hda_intel", None),
            ("bind", audio, None, "vfio-pci")])

    def test_refused_means_no_step(self):
        result = self.on_tree("plan", "--json", "-", stdin=domain(hostdev(2), hostdev(1)))
        self.assertEqual(result.returncode, 1)
        report = json.loads(result.out)
        self.assertIs(report["ok"], False)
        self.assertEqual(report["steps"], [])
        self.assertEqual(report["findings"][0]["id"], "group-not-viable")

    def test_text_for_people(self):
        result = self.on_tree("plan", "-", stdin=domain(hostdev(2)))
        self.assertEqual(result.out, """\
Guest 'guest' would start after 3 steps:
  override 0000:02:00.0  none -> vfio-pci   (undo: override 0000:02:00.0  vfio-pci -> none)
  unbind   0000:02:00.0  e1000e   (undo: bind     0000:02:00.0  e1000e)
  bind     0000:02:00.0  vfio-pci   (undo: unbind   0000:02:00.0  vfio-pci)
  saved    0000:02:00.0  numa_node 1
""")

    def test_what_is_saved(self):
        """And what can't be read is no less there."""
        power = self.tree.pci / "devices/0000:02:00.0/power"
        (power / "wakeup").mkdir(parents=True)
        (power / "control").write_text("auto\n")
        report = self.json_of("plan", "-", stdin=domain(hostdev(2)))
        self.assertEqual([(each["attribute"], each["value"]) for each in report["saved"]
                          if each["attribute"].startswith("power")],
                         [("power/control", "auto"), ("power/wakeup", None)])
        self.assertEqual([each["id"] for each in report["findings"]], ["setting-unread"])
        text = self.on_tree("plan", "-", stdin=domain(hostdev(2))).out
        self.assertIn("\n  saved    0000:02:00.0  power/control auto", text)
        self.assertIn("power/wakeup of 0000:02:00.0 can't be read (Is a directory), so", text)


class Status(_OnTree):
    UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

    def claim(self, text, uuid=UUID):
        claims = Path(self.root, "run/virt-hostdev/claims")
        claims.mkdir(parents=True, exist_ok=True)
        Path(self.root, "run/virt-hostdev/locks").mkdir(exist_ok=True)
        (claims / uuid).write_text(text)

    def test_nothing_held(self):
        self.assertEqual(self.json_of("status"), {"claims": [], "unsettled": []})
        self.assertEqual(self.on_tree("status").out, "Nobody holds a device.\n")

    def test_who_holds_what_and_what_went_wrong(self):
        self.claim(f"virt-hostdev-claim 1\ndomain {self.UUID} win%2011\n"
                   "state returning 1700000000 1 1 no%20way\n"
                   "device 0000:02:00.0 2 8086:10d3 restore igb -\n"
                   "device 0000:99:00.0 3 8086:10d3 keep - over\nend\n")
        claim, = self.json_of("status")["claims"]
        self.assertEqual((claim["domain"], claim["uuid"], claim["state"], claim["error"]),
                         ("win 11", self.UUID, "unknown", "no way"))
        self.assertTrue(claim["since"].startswith("2023-11-1"))
        self.assertEqual(claim["devices"], [
            {"address": "0000:02:00.0", "group": 2, "restore": True, "driver_before": "igb",
             "override_before": None, "present": True, "driver": "e1000e", "screen": []},
            {"address": "0000:99:00.0", "group": 3, "restore": False, "driver_before": None,
             "override_before": "over", "present": False, "driver": None, "screen": []}])
        text = self.on_tree("status").out
        self.assertRegex(text, r"win 11 +unknown +\S+ +0000:02:00\.0 +2 +e1000e +igb\n")
        self.assertIn("Of guest 'win 11': no way\n", text)

    def test_damaged_claim_is_named_and_left_alone(self):
        self.claim("torn")
        result = self.on_tree("status")
        self.assertIn(self.UUID, result.err)
        self.assertIn("line 1 is damaged", result.err)
        self.assertTrue(Path(self.root, "run/virt-hostdev/claims", self.UUID).exists())


class Usage(unittest.TestCase):
    def test_help_and_version(self):
        self.assertIn("Usage: virt-hostdev VERB", tool("--help").out)
        self.assertRegex(tool("--version").out, r"^virt-hostdev \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_2(self):
        for words in ((), ("nonsense",), ("list", "extra"), ("list", "--managed", "yes"),
                      ("show",), ("xml", "-m"), ("check", "a", "b")):
            result = tool(*words)
            self.assertEqual(result.returncode, 2, words)
            self.assertEqual(result.out, "")
            self.assertTrue(result.err)

    def test_wrong_usage_says_where_to_read(self):
        for words in (("list", "extra"), ("xml", "-m"), ("xml", "--boot", "x", "01:00.0"),
                      ("xml", "zz"), ("attach", "g"), ("check",), ("rewrite", "./x.xml")):
            result = tool(*words)
            self.assertEqual(result.returncode, 2, words)
            self.assertTrue(result.err.endswith(f"\nFix: virt-hostdev {words[0]} --help\n"),
                            result.err)
        self.assertTrue(tool("nonsense").err.endswith("\nFix: virt-hostdev --help\n"))

    def test_full_disk_is_an_error(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([TOOL, "--help"], stdout=full, stderr=subprocess.PIPE,
                                    check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"No space left", result.stderr)
