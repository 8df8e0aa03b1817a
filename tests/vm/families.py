# SPDX-License-Identifier: GPL-2.0-or-later
"""The same on hosts of every family: another IOMMU, another processor, another firmware,
another release of Debian. What differs between them stands in tests/vm/hosts.py, and in
the rows of classes here."""

import json

import bundle
import devices
import hosts
from domain import domain, hostdev
from scenarios import HOOK_FAILED, _Emulated
from screens import _Greeter, _HandOver
from setting import FULL


class _Core(_Emulated):
    """What has to work wherever devices are passed through."""

    def test_unmanaged(self):
        self.round_trip(hostdev(devices.NIC_A, "no"), devices.NIC_A, "e1000e")

    def test_hook_killed_and_recovered(self):
        """Nobody calls release, and no other guest wants the device."""
        self.define("g", hostdev(devices.NVME, "no"), hostdev(devices.NIC_A, "no"))
        with self.hook_stuck_in_prepare("g"):
            self.host.libvirtd("kill")
            self.host.sh(self.KILL_HOOK)
        self.assertEqual(self.status()["g"]["state"], "left behind")
        self.assertIn("the devices of 1 guest", self.host.sh("virt-hostdev recover").out)
        self.assertEqual(self.status(), {})
        self.assertEqual(self.state(), self.before)
        self.host.libvirtd("start")

    if FULL:
        def test_managed(self):
            self.round_trip(hostdev(devices.NIC_A, "yes"), devices.NIC_A, "e1000e")

        def test_sibling_on_a_host_driver(self):
            for managed in ("no", "yes"):
                self.define("g", hostdev(devices.TWIN_A, managed))
                found = self.assert_refused("g", devices.TWIN_A, devices.TWIN_B, "group",
                                            "driver e1000e")
                self.assertEqual(found, "group-not-viable")


class Amd(_Core):
    kind = hosts.TRIXIE_AMD
    passes = ["machine-ivrs", "iommu-groups", "vfio-pci"]


class _Arm(_Core):
    """Where the kernel makes a device's group when a driver takes it, and is started at
    EL1. Two devices behind one bridge have one stream ID, and the second gets no group."""

    said = ["arm-no-hyp", "smmu-stream-shared"]

    def test_group_that_comes_with_a_driver(self):
        self.assertEqual(self.group(devices.EDU), "")
        self.define("g", hostdev(devices.EDU, "no"))
        report = json.loads(self.host.sh("virt-hostdev check --json g").out)
        found, = report["devices"][0]["findings"]
        self.assertEqual((found["id"], found["severity"]), ("group-unknown", "warning"))
        self.round_trip(hostdev(devices.EDU, "no"), devices.EDU, "")
        self.assertNotEqual(self.group(devices.EDU), "")

    def test_device_that_has_no_group(self):
        self.define("g", hostdev(devices.SHARED_B, "no"))
        self.assertEqual(self.assert_refused("g", devices.SHARED_B, "IOMMU", "driver e1000"),
                         "no-group")

    def group(self, address):
        link = self.host.sh(f"readlink /sys/bus/pci/devices/{address}/iommu_group", check=False)
        return link.out.rpartition("/")[2]


class Arm(bundle.Bundled, _Arm):
    """Its firmware is a device tree."""

    kind = hosts.TRIXIE_ARM
    passes = ["tree-iommu", "tree-iommu-map", "iommu-groups", "vfio-pci"]


class ArmAcpi(_Arm):
    """UEFI gives it ACPI's tables, of which IORT has the SMMU."""

    kind = hosts.TRIXIE_ARM_ACPI
    passes = ["arm-iort", "arm-iort-map", "iommu-groups", "vfio-pci"]


class Bookworm(_Core, _Greeter, *([_HandOver] if FULL else [])):
    """Debian 12 as it is installed: from a disk, with UEFI, systemd, AppArmor and a screen."""

    kind = hosts.BOOKWORM
    passes = ["machine-dmar", "iommu-groups", "vfio-pci", "hook-program", "confinement-apparmor"]

    @classmethod
    def setUpClass(cls):
        """AppArmor denies the hook its second program, until what doctor says is done."""
        super().setUpClass()
        cls.host.define(domain("denied", hostdev(devices.NIC_A, "no")))
        cls.denied = cls.host.sh("virsh start denied", check=False).err
        cls.host.sh("virsh undefine denied")
        report = json.loads(cls.host.sh("virt-hostdev doctor --json", check=False).out)
        cls.row = next(each for each in report["checks"] if each["id"] == "hook-program")
        cls.host.sh(cls.row["fix"])

    def test_hook_that_apparmor_denies(self):
        self.assertIn(HOOK_FAILED, self.denied)
        self.assertIn("/usr/libexec/virt-hostdev-hook can't be run: Permission denied.\n"
                      "Fix: virt-hostdev doctor ", self.denied)
        self.assertEqual(self.row["status"], "fail")
        self.assertIn("AppArmor", self.row["detail"])
        confined = self.host.sh("cat /proc/$(cat /run/libvirtd.pid)/attr/current").out
        self.assertEqual(confined, "libvirtd (enforce)\n")

    def test_seat(self):
        said = self.host.sh("loginctl show-session $(loginctl --no-legend | awk '{print $1}') "
                            "-p Seat -p TTY -p Name -p Active").out
        self.assertEqual(sorted(said.split()), ["Active=yes", "Name=root", "Seat=seat0",
                                                "TTY=tty1"])
