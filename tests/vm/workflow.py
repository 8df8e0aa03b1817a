# SPDX-License-Identifier: GPL-2.0-or-later
"""From an address to a guest that has the device, and from one device to another, with
nothing but the tool's own words."""

import json

import devices
from domain import hostdev
from scenarios import _Emulated

PORT = "<controller type='pci' index='1' model='pcie-root-port'/>"


class Workflow(_Emulated):
    def dump(self, name):
        return self.host.sh(f"virsh dumpxml --inactive {name}").out

    def asked(self, name):
        """Which devices the guest asks for, as check says."""
        report = json.loads(self.host.sh(f"virt-hostdev check --json {name}").out)
        return [device["address"] for device in report["devices"]]

    def changed(self, before, after):
        """Lines that were there before or are there now, but not both."""
        return [line.strip() for line in set(before.splitlines()) ^ set(after.splitlines())]

    def run_with(self, name, *addresses):
        self.host.sh(f"virt-hostdev check {name}")
        self.start(name)
        for address in addresses:
            self.assert_given(name, address)
        self.destroy(name)

    def test_from_xml_to_start_and_on(self):
        self.define("w", PORT)
        blocks = self.host.sh(
            f"virt-hostdev xml --for w --managed no --rom off {devices.NIC_A} {devices.NVME}").out
        self.assertEqual(blocks.count("<hostdev"), 2)
        self.define("w", PORT, blocks)
        self.run_with("w", devices.NIC_A, devices.NVME)
        placed = self.dump("w")
        # Libvirt kept the places that were found.
        self.assertIn("<address type='pci' domain='0x0000' bus='0x01' slot='0x00' "
                      "function='0x0'/>", placed)

        self.host.sh("virt-hostdev rewrite --define --set managed=yes w")
        self.assertEqual(len(self.changed(placed, self.dump("w"))), 2)
        self.run_with("w", devices.NIC_A, devices.NVME)

        self.host.sh(f"virt-hostdev rewrite --define --replace {devices.NIC_A}={devices.NIC_B} "
                     f"--remove {devices.NVME} w")
        self.assertEqual(self.asked("w"), [devices.NIC_B])
        self.run_with("w", devices.NIC_B)

        again = self.dump("w")
        self.host.sh(f"virt-hostdev rewrite --define --remove {devices.NVME} w")
        self.assertEqual(self.dump("w"), again)

    def test_siblings_of_libvirt(self):
        """What --siblings writes is what libvirt takes a whole group for."""
        self.define("w", self.host.sh(f"virt-hostdev xml --siblings {devices.SHARED_A}").out)
        self.start("w")
        self.assert_given("w", devices.SHARED_A)
        self.assertEqual(self.driver(devices.SHARED_B), "vfio-pci")
        self.assertNotIn(devices.SHARED_B, self.monitor("w", "info qtree"))
        self.destroy("w")
        self.assertEqual(self.driver(devices.SHARED_B), "e1000")

    def test_virsh_edit(self):
        """The line that examples/ has."""
        self.define("w")
        before = self.dump("w")
        edit = f"EDITOR='virt-hostdev rewrite --in-place --add {devices.NIC_A}' virsh edit w"
        self.assertIn("edited", self.host.sh(edit).out)
        self.assertEqual(self.asked("w"), [devices.NIC_A])
        self.run_with("w", devices.NIC_A)
        self.assertIn("not changed", self.host.sh(edit).out)
        back = edit.replace("--add", "--remove")
        self.assertIn("edited", self.host.sh(back).out)
        # But for the port that libvirt added for the device, and keeps.
        self.assertFalse([line for line in self.changed(before, self.dump("w"))
                          if "hostdev" in line])

    def test_start_that_fails_in_qemu(self):
        """Prepare knows nothing against it; QEMU does, and our record has its reason."""
        self.define("w", hostdev(devices.NIC_A, "no", "<rom file='/nowhere/card.rom'/>"))
        result = self.host.sh("virsh start w", check=False)
        self.assertIn("romfile", result.err)
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")
        runs = json.loads(self.host.sh("virt-hostdev log --json w").out)["runs"]
        self.assertEqual(runs[-1]["event"], "release")
        self.assertIn(f"The guest did not start: {devices.NIC_A}: ", runs[-1]["message"])
        said = self.host.sh("virt-hostdev explain w").out
        self.assertIn(runs[-1]["message"].partition(": ")[2].rstrip("."), said)
        found = json.loads(self.host.sh("virt-hostdev check --json w", check=False).out)
        self.assertEqual([each["id"] for each in found["devices"][0]["findings"]], ["rom-missing"])

    def test_nothing_is_defined_that_libvirt_refuses(self):
        self.define("w", hostdev(devices.NIC_A))
        before = self.dump("w")
        result = self.host.sh("virt-hostdev rewrite --define --set boot.order=0 w", check=False)
        self.assertNotEqual(result.rc, 0)
        self.assertEqual(self.dump("w"), before)

    def test_qemu_takes_its_arguments(self):
        """As far as QEMU reads them: it opens the device, which the host has bound."""
        self.host.sh(f"virt-hostdev bind {devices.NIC_A}")
        try:
            arguments = self.host.sh(
                f"virt-hostdev xml --qemu --rom off --boot 1 --alias nic {devices.NIC_A}").out
            said = self.host.sh(
                "(echo info qtree; echo qom-get ua-nic bootindex; echo quit) | qemu-system-x86_64 -nodefaults -nographic -S "
                f"-machine q35,accel=tcg -m 64 -monitor stdio {arguments.strip()}").out
            self.assertIn(f'host = "{devices.NIC_A}"', said)
            self.assertRegex(said, r"bootindex[^\n]*\r\n1\r\n")
        finally:
            self.host.sh(f"virt-hostdev release {devices.NIC_A}")
