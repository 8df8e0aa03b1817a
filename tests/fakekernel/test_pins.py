# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that a domain knows by what they are, on hosts where they have moved."""

import json
import re
import uuid

from program import domain, hostdev
from test_every_write import OnFakeKernel

NVME = """
device 0000:0{bus}:00.0 144d:a808 010802 sub=144d:a801 driver=nvme group=2{bus}
bound 0000:0{bus}:00.0 nvme nvme/nvme{bus}/serial {serial}
"""
NIC = """
device 0000:0{bus}:00.0 8086:10d3 020000 sub=8086:a01f rev=02 driver=e1000e group=3{bus}
bound 0000:0{bus}:00.0 e1000e net/nic{bus}/flags 0x1002
bound 0000:0{bus}:00.0 e1000e net/nic{bus}/addr_assign_type 0
bound 0000:0{bus}:00.0 e1000e net/nic{bus}/address {mac}
"""
ALIKE = "device 0000:0{bus}:00.0 1234:11e8 00ff00 sub=1af4:1100 group=4{bus}\n"


def nvme(bus, serial):
    return NVME.format(bus=bus, serial=serial)


def nic(bus, mac):
    return NIC.format(bus=bus, mac=mac)


class Pins(OnFakeKernel):
    def pinned(self, *devices, **options):
        """The domain as it is after pin, on the host that is booted."""
        result = self.kernel.run([*self.TOOL, "pin", "-"], stdin=domain(*devices, **options))
        self.assertEqual((result.rc, result.err), (0, ""))
        return result.out

    TOOL = None

    def setUp(self):
        from test_every_write import TOOL
        self.TOOL = [TOOL]

    def on(self, verb, xml, *options):
        return self.kernel.run([*self.TOOL, verb, *options, "-"], stdin=xml)

    def refused(self, xml, words, fix):
        result = self.hook("prepare", xml)
        self.assertEqual((result.rc, result.out), (1, ""))
        first, second = result.err.splitlines()[:2]
        self.assertIn(words, first)
        self.assertIn(fix, second)
        self.assertEqual(self.kernel.writes(), 0)

    def test_what_is_written_down(self):
        self.boot(nvme(1, "S3EVNX0K") + nic(2, "52:54:00:00:00:02"))
        before = domain(hostdev(1), hostdev(2))
        after = self.pinned(hostdev(1), hostdev(2))
        added = [line for line in after.splitlines() if line not in before.splitlines()]
        self.assertEqual([line.strip() for line in added], [
            "<metadata>", '<hostdev:hostdev xmlns:hostdev="urn:virt-hostdev:1">',
            "<hostdev:device address='0000:01:00.0' id='144d:a808' subsystem='144d:a801' "
            "class='010802' revision='00' serial='S3EVNX0K' path='0000/00.0'/>",
            "<hostdev:device address='0000:02:00.0' id='8086:10d3' subsystem='8086:a01f' "
            "class='020000' revision='02' mac='52:54:00:00:00:02' path='0000/00.0'/>",
            "</hostdev:hostdev>", "</metadata>"])
        self.assertEqual("".join(after.split("\n".join(added) + "\n")), before)
        # Twice changes nothing, and the guest may start.
        self.assertEqual(self.on("pin", after).out, after)
        self.good(self.hook("prepare", after))
        self.good(self.hook("release", after))
        self.assert_as_it_was()
        self.assertEqual(self.on("pin", after, "--check").rc, 0)
        forgotten = self.on("pin", after, "--remove").out
        self.assertNotIn("device address", forgotten)
        self.assertEqual(self.on("pin", forgotten, "--check").out, "Nothing is pinned.\n")

    def test_device_that_moved(self):
        self.boot(nvme(1, "ONE") + nvme(2, "TWO"))
        xml = self.pinned(hostdev(1))
        self.kernel.close()
        # A card was added, and both have other addresses now.
        self.boot(nvme(2, "ONE") + nvme(1, "TWO"))
        self.refused(xml, "0000:01:00.0 (Samsung Electronics Co Ltd NVMe SSD Controller "
                     "SM981/PM981/PM983, IOMMU group 21, driver nvme) is not the device that guest "
                     "'guest' has pinned: its NVMe serial number differs; the pinned device is at "
                     "0000:02:00.0 now.", "virt-hostdev rewrite --define --follow-pins guest")
        check = json.loads(self.on("pin", xml, "--check", "--json").out)
        self.assertEqual(check["pins"], [{"address": "0000:01:00.0", "match": "different",
                                          "differs": "NVMe serial number",
                                          "place": "0000:02:00.0"}])
        moved = self.on("rewrite", xml, "--follow-pins").out
        self.assertEqual(moved, xml.replace("bus='0x01'", "bus='0x02'").replace(
            "address='0000:01:00.0'", "address='0000:02:00.0'"))
        self.assertEqual(self.on("rewrite", moved, "--follow-pins").out, moved)
        self.good(self.hook("prepare", moved))
        self.assertIn("0000:02:00.0 vfio-pci", self.kernel.state())
        self.good(self.hook("release", moved))

    def test_filters_follow_by_themselves(self):
        self.boot(nvme(1, "ONE") + nic(2, "52:54:00:00:00:02"))
        xml = self.pinned(hostdev(1), hostdev(2))
        self.assertEqual(self.hook("migrate", xml).out, "")
        self.kernel.close()
        self.boot(nvme(3, "ONE") + nic(1, "52:54:00:00:00:02") + nvme(2, "OTHER"))
        for event in ("migrate", "restore"):
            result = self.hook(event, xml)
            self.assertEqual((result.rc, result.err), (0, ""))
            self.assertEqual(re.findall(r"bus='0x..'", result.out), ["bus='0x03'", "bus='0x01'"])
            self.assertEqual(re.findall(r"address='([^']*)'", result.out),
                             ["0000:03:00.0", "0000:01:00.0"])
            # Nothing that is not about addresses is other than it was.
            self.assertEqual(re.sub(r"'0x..'|'0000:..:00.0'", "", result.out),
                             re.sub(r"'0x..'|'0000:..:00.0'", "", xml))
            self.assertEqual(self.hook(event, result.out).out, "")
        self.kernel.close()
        self.boot(nvme(1, "OTHER"))
        result = self.hook("restore", xml)
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn("Guest 'guest' can't come here: the device that is pinned for 0000:01:00.0 is "
                      "not on this host.", result.err)
        # Who has pinned nothing is none of our business.
        result = self.hook("restore", domain(hostdev(7)))
        self.assertEqual((result.rc, result.out, result.err), (0, "", ""))

    def test_missing_and_replaced(self):
        self.boot(nvme(1, "ONE"))
        xml = self.pinned(hostdev(1))
        self.kernel.close()
        self.boot(nic(1, "52:54:00:00:00:01"))
        self.refused(xml, "its vendor and device differs; the pinned device is not on this host.",
                     "virt-hostdev pin --update guest")
        self.kernel.close()
        self.boot(nvme(2, "ONE"))
        self.refused(xml, "Nothing answers at 0000:01:00.0, which guest 'guest' has pinned; the "
                     "pinned device is at 0000:02:00.0 now.", "rewrite --define --follow-pins guest")

    def test_alike(self):
        """Without a serial number the place decides, and that is said."""
        self.boot(ALIKE.format(bus=1) + ALIKE.format(bus=2))
        xml = self.pinned(hostdev(1))
        report = json.loads(self.on("check", xml, "--json").out)
        found, = report["devices"][0]["findings"]
        self.assertEqual((found["id"], found["severity"]), ("pin-by-place", "warning"))
        self.assertIn("Only slot and path tell 0000:01:00.0 from 0000:02:00.0", found["message"])
        self.kernel.close()
        self.boot(ALIKE.format(bus=2).replace("sub=", "behind=0000:00:01.0 sub=") +
                  ALIKE.format(bus=3).replace("sub=", "behind=0000:00:02.0 sub="))
        self.refused(xml, "Nothing answers at 0000:01:00.0, which guest 'guest' has pinned; 2 other "
                     "devices are like the pinned one.", "virt-hostdev pin --update guest")
        result = self.on("rewrite", xml, "--follow-pins")
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn("nothing but their place tells them apart", result.err)

    def test_pin_for_nothing(self):
        self.boot(nvme(1, "ONE") + nvme(2, "TWO"))
        xml = self.pinned(hostdev(1), hostdev(2))
        without = re.sub(r"<hostdev mode.*bus='0x02'.*\n", "", xml)
        report = json.loads(self.on("check", without, "--json").out)
        # Not everywhere may root look at all processes.
        self.assertEqual([each["id"] for each in report["findings"]
                          if each["id"] != "holders-unknown"], ["pin-unused"])
        result = self.kernel.run([*self.TOOL, "pin", "-", "0000:00:01.0"], stdin=xml)
        self.assertEqual(result.rc, 1)
        self.assertIn("the domain 'guest' doesn't ask for 0000:00:01.0", result.err)

    def test_renewed(self):
        self.boot(nvme(1, "ONE"))
        xml = self.pinned(hostdev(1), metadata=(
            "<metadata><x/><h:hostdev xmlns:h='urn:virt-hostdev:1'>"
            "<h:siblings policy='bind'/></h:hostdev></metadata>"), uuid=str(uuid.uuid4()))
        self.assertIn("<h:siblings policy='bind'/><h:device address=", xml)
        self.kernel.close()
        self.boot(nvme(1, "NEW"))
        self.assertEqual(self.on("pin", xml).out, xml)
        self.assertEqual(self.on("pin", xml, "--update").out, xml.replace("'ONE'", "'NEW'"))
