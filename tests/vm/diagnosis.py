# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures as they come without our hook, and what explain and doctor make of the real
logs; healthy hosts, of which they have nothing to say."""

import json

import devices
from domain import hostdev
from scenarios import _Emulated

HOOK = "/etc/libvirt/hooks/qemu"


class _Diagnosed(_Emulated):
    def explained(self, text=None):
        """What explain finds in a text, or in the logs of this host since the mark."""
        if text is None:
            command = "dmesg | sed '1,/virt-hostdev test begins/d' | virt-hostdev explain --json -"
        else:
            self.host.put("/tmp/said.log", text)
            command = "virt-hostdev explain --json /tmp/said.log"
        return json.loads(self.host.sh(command).out)["causes"]

    def mark(self):
        self.host.sh("echo virt-hostdev test begins >/dev/kmsg")

    def doctor(self, *arguments):
        result = self.host.sh("virt-hostdev doctor --json --all " + " ".join(arguments), check=False)
        report = json.loads(result.out)
        self.assertEqual(result.rc, 0 if report["summary"]["verdict"] == "good" else 1)
        return report["summary"], {each["id"]: each["status"] for each in report["checks"]}

    def fail_without_hook(self, name, *content, **options):
        """Starts a guest as libvirt alone would; returns what virsh said."""
        self.define(name, *content, **options)
        self.host.sh(f"mv {HOOK} /tmp/hook; virt-hostdev status >/dev/null")
        self.host.libvirtd("restart")
        try:
            result = self.host.sh(f"virsh start {name}", check=False, timeout=120)
        finally:
            self.host.sh(f"mv /tmp/hook {HOOK}")
            self.host.libvirtd("restart")
        self.assertNotEqual(result.rc, 0)
        return result.err

    def assert_cause(self, causes, entry, address=None):
        self.assertTrue(causes, "nothing was found")
        self.assertEqual(causes[0]["id"], entry, causes)
        if address:
            self.assertEqual(causes[0]["address"], address)


class Diagnosis(_Diagnosed):
    def test_1_healthy_boot_has_nothing_to_explain(self):
        report = json.loads(self.host.sh("dmesg | virt-hostdev explain --json -").out)
        self.assertEqual(report["causes"], [])

    def test_healthy_host(self):
        self.host.sh("modprobe vfio-pci")
        summary, checks = self.doctor()
        self.assertEqual(summary["verdict"], "good", summary)
        self.assertEqual(checks["iommu-groups"], "pass")
        self.assertEqual(checks["vfio-pci"], "pass")

    def test_healthy_run_has_nothing_to_explain(self):
        self.mark()
        self.round_trip(hostdev(devices.NIC_A, "no"), devices.NIC_A, "e1000e")
        self.assertEqual(self.explained(), [])
        log = self.host.get("/var/log/libvirt/qemu/g.log")
        self.assertEqual(self.explained(log), [])

    def test_group_not_viable(self):
        said = self.fail_without_hook("g", hostdev(devices.SHARED_A))
        self.assert_cause(self.explained(said), "group-not-viable", devices.SHARED_A)
        log = self.host.get("/var/log/libvirt/qemu/g.log")
        self.assert_cause(self.explained(log), "group-not-viable", devices.SHARED_A)
        summary, _ = self.doctor(devices.SHARED_A)
        self.assertEqual(summary["verdict"], "bad")

    def test_bridge(self):
        said = self.fail_without_hook("g", hostdev(devices.SHARED_BRIDGE))
        self.assert_cause(self.explained(said), "bridge-assigned")

    def test_group_held_by_somebody(self):
        self.host.sh(f"virt-hostdev bind {devices.NIC_A}")
        group = self.host.sh(
            f"basename $(readlink /sys/bus/pci/devices/{devices.NIC_A}/iommu_group)").out.strip()
        with self.meanwhile(f"exec 9<>/dev/vfio/{group}; touch /tmp/held; sleep 1000 & echo $! "
                            ">/tmp/holder; wait", end=lambda: self.host.sh("kill $(cat /tmp/holder)")):
            self.wait_for(lambda: self.host.sh("test -e /tmp/held", check=False).rc == 0)
            said = self.fail_without_hook("g", hostdev(devices.NIC_A, "no"))
        self.host.sh(f"virt-hostdev release {devices.NIC_A}")
        self.assert_cause(self.explained(said), "group-busy")

    def test_memory_limit(self):
        said = self.fail_without_hook(
            "g", hostdev(devices.NIC_A),
            metadata="</metadata><memtune><hard_limit unit='MiB'>64</hard_limit></memtune><metadata>")
        causes = self.explained(said)
        self.assertIn(causes[0]["id"] if causes else None,
                      ("memlock-exceeded", "dma-map-no-memory"), said)

    def test_card_that_is_gone(self):
        there = f"ls /sys/bus/pci/devices/{devices.NIC_B}"
        self.host.qmp("device_del", id="nic-b")
        self.wait_for(lambda: self.host.sh(there, check=False).rc)
        try:
            said = self.fail_without_hook("g", hostdev(devices.NIC_B))
        finally:
            self.host.qmp("device_add", bus="rp-nic-b", driver="e1000e", id="nic-b",
                          mac="52:54:00:00:00:0b")
            self.wait_for(lambda: self.driver(devices.NIC_B) == "e1000e")
        self.assert_cause(self.explained(said), "device-not-found", devices.NIC_B)

    def test_module_that_is_forbidden(self):
        self.host.sh("modprobe -r vfio-pci; echo blacklist vfio-pci >/etc/modprobe.d/test.conf")
        try:
            said = self.fail_without_hook("g", hostdev(devices.NIC_A))
            _, checks = self.doctor()
        finally:
            self.host.sh("rm /etc/modprobe.d/test.conf")
        self.assert_cause(self.explained(said), "vfio-blacklisted")
        self.assertIn("fail", [checks[each] for each in checks if each.startswith("vfio")])

    def test_our_own_refusal(self):
        self.define("g", hostdev(devices.SHARED_A))
        said = self.host.sh("virsh start g", check=False).err
        self.assert_cause(self.explained(said), "hook-failed")


class WithoutIommuDiagnosed(_Diagnosed):
    options = {"iommu": False}

    def test_doctor(self):
        summary, checks = self.doctor()
        self.assertEqual(summary["verdict"], "bad")
        self.assertEqual(checks["iommu-groups"], "fail")

    def test_what_libvirt_says(self):
        said = self.fail_without_hook("g", hostdev(devices.NIC_A))
        self.assert_cause(self.explained(said), "passthrough-unsupported")

    def test_healthy_boot_has_nothing_to_explain(self):
        report = json.loads(self.host.sh("dmesg | virt-hostdev explain --json -").out)
        self.assertEqual(report["causes"], [])
