# SPDX-License-Identifier: GPL-2.0-or-later
"""A card that is plugged into another slot, and guests that know it by what it is."""

import struct

import devices
from domain import hostdev
from scenarios import _Emulated

CARD = {"driver": "e1000e", "id": "nic-a", "mac": "52:54:00:00:00:0a"}
HERE, THERE = devices.NIC_A, devices.NIC_HOTPLUG

# A slot that is there with and without a card: else a guest that was saved without one
# would have other buses than one that is restored with it.
SLOT = "<controller type='pci' index='9' model='pcie-root-port'/>"
IN_SLOT = "<address type='pci' domain='0x0000' bus='0x09' slot='0x00' function='0x0'/>"

# struct virQEMUSaveHeader in libvirt's src/qemu/qemu_saveimage.h
HEADER = struct.Struct("=16sIIIII14I")


class Pins(_Emulated):
    def tearDown(self):
        self.plug("rp-nic-a", HERE)
        super().tearDown()

    def is_there(self, address):
        return self.host.sh(f"ls -d /sys/bus/pci/devices/{address}", check=False).rc == 0

    def plug(self, port, address):
        """Into this slot, out of the other one."""
        if self.is_there(address):
            return
        self.host.qmp("device_del", id="nic-a")
        self.wait_for(lambda: not self.is_there(HERE) and not self.is_there(THERE))
        self.host.qmp("device_add", bus=port, **CARD)
        self.wait_for(lambda: self.driver(address) == "e1000e")

    def pinned(self, *content):
        self.define("g", hostdev(HERE, "no", IN_SLOT), SLOT, *content)
        self.host.sh("virt-hostdev pin g")
        self.host.sh("virt-hostdev pin --check g")
        return self.host.sh("virsh dumpxml --inactive g").out

    def test_card_that_moved(self):
        xml = self.pinned()
        # libvirt has quotes of its own.
        self.assertRegex(xml.replace('"', "'"), f"<hostdev:device address='{HERE}' id='8086:10d3' "
                                                ".*mac='52:54:00:00:00:0a'")
        self.start("g")
        self.assert_given("g", HERE)
        self.destroy("g")
        self.plug("rp-empty", THERE)
        found = self.assert_refused("g", HERE, f"the pinned device is at {THERE} now")
        self.assertEqual(found, "pin-mismatch")
        # The fix, as it stands.
        self.host.sh("virt-hostdev rewrite --define --follow-pins g")
        after = self.host.sh("virsh dumpxml --inactive g").out
        changed = [(old, new) for old, new in zip(xml.splitlines(), after.splitlines())
                   if old != new]
        self.assertEqual(len(changed), 2)
        self.start("g")
        self.assert_given("g", THERE)
        self.destroy("g")

    def test_other_card_at_the_address(self):
        self.pinned()
        self.host.qmp("device_del", id="nic-a")
        self.wait_for(lambda: not self.is_there(HERE))
        self.host.qmp("device_add", bus="rp-nic-a", driver="e1000e", id="other",
                      mac="52:54:00:00:00:99")
        self.wait_for(lambda: self.driver(HERE) == "e1000e")
        try:
            self.assertEqual(self.assert_refused("g", HERE, "is not the device that guest 'g' has "
                                                 "pinned", "is not on this host"), "pin-mismatch")
        finally:
            self.host.qmp("device_del", id="other")
            self.wait_for(lambda: not self.is_there(HERE))
            self.host.qmp("device_add", bus="rp-nic-a", **CARD)
            self.wait_for(lambda: self.driver(HERE) == "e1000e")

    def test_restore_follows_the_card(self):
        """A guest with a plain VFIO device can't be saved; so it is saved without one, and
        the file then says that it had one."""
        xml = self.pinned()
        self.define("g", SLOT)
        self.start("g")
        self.host.sh("virsh save g /tmp/g.save; cp /tmp/g.save /out/g.save")
        self.write_xml(self.host.out_dir / "g.save", xml.replace(
            "</name>", "</name>\n  <!-- kept as it is: é -->"))
        for port, address in (("rp-empty", THERE), ("rp-nic-a", HERE)):
            self.plug(port, address)
            self.host.sh("virsh restore --paused /out/g.save")
            self.assert_given("g", address)
            runs = self.host.sh("virt-hostdev log g").out
            self.assertIn("restore   done", runs)
            self.destroy("g")
        self.host.qmp("device_del", id="nic-a")
        self.wait_for(lambda: not self.is_there(HERE))
        result = self.host.sh("virsh restore /out/g.save", check=False)
        self.assertIn(f"Guest 'g' can't come here: the device that is pinned for {HERE} is not on "
                      "this host.", result.err)
        self.host.qmp("device_add", bus="rp-nic-a", **CARD)
        self.wait_for(lambda: self.driver(HERE) == "e1000e")

    def write_xml(self, path, xml):
        """Puts another document into a file that libvirt saved a guest to."""
        saved = path.read_bytes()
        magic, version, length, *rest = HEADER.unpack_from(saved)
        self.assertEqual(magic, b"LibvirtQemudSave")
        stream = saved[HEADER.size + length:]
        text = xml.encode() + b"\0"
        rest[2] = 0  # no cookie behind the document
        path.write_bytes(HEADER.pack(magic, version, len(text), *rest) + text + stream)
