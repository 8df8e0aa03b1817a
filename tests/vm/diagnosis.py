# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures as they come without our hook, and what explain and doctor make of the real
logs; healthy hosts, of which they have nothing to say."""

import contextlib
import json

import devices
from domain import hostdev
from scenarios import HOOK, _Emulated

# journald without the rest of systemd, and a line as libvirt's daemon would write it there.
JOURNAL = """
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /run/systemd/journal /run/log/journal
/usr/lib/systemd/systemd-journald </dev/null >/run/journald.log 2>&1 &
echo $! >/run/journald.pid
"""
NO_JOURNAL = """
kill $(cat /run/journald.pid)
rm -r /run/systemd/journal /run/log/journal
: >/etc/machine-id
"""
DAEMON_SAYS = """
unit=/sys/fs/cgroup/system.slice/libvirtd.service
mkdir -p $unit
sh -c "echo \\$\\$ >$unit/cgroup.procs; exec systemd-cat echo '%s'"
"""


class _Diagnosed(_Emulated):
    @contextlib.contextmanager
    def hook_that_does_nothing(self):
        """As good as none, for which libvirtd would have to be started anew."""
        self.host.sh(f"mv {HOOK} /tmp/hook; cp /bin/true {HOOK}")
        try:
            yield
        finally:
            self.host.sh(f"mv /tmp/hook {HOOK}")

    def fail_without_hook(self, name, *content, **options):
        """Starts a guest as libvirt alone would; returns what virsh said."""
        self.define(name, *content, **options)
        # Else it leaves a device on vfio-pci that some guest had unmanaged before.
        self.host.libvirtd("anew")
        with self.hook_that_does_nothing():
            result = self.host.sh(f"virsh start {name}", check=False)
        self.assertNotEqual(result.rc, 0)
        return result.err

    def assert_cause(self, causes, entry, address=None):
        self.assertTrue(causes, "nothing was found")
        self.assertEqual(causes[0]["id"], entry, causes)
        if address:
            self.assertEqual(causes[0]["address"], address)


class Diagnosis(_Diagnosed):
    def test_healthy_host(self):
        self.host.sh("modprobe -a vfio-pci kvm_amd")
        summary, checks = self.doctor()
        self.assertEqual(summary["verdict"], "good", summary)
        self.assertEqual(checks["iommu-groups"], "pass")
        self.assertEqual(checks["vfio-pci"], "pass")

    def test_healthy_run_has_nothing_to_explain(self):
        self.mark()
        self.host.sh("rm -f /var/log/libvirt/qemu/g.log")
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

    def test_hard_limit(self):
        """The kernel ends QEMU; of that only the kernel's log tells."""
        self.mark()
        self.fail_without_hook(
            "g", hostdev(devices.NIC_A),
            metadata="</metadata><memtune><hard_limit unit='MiB'>64</hard_limit></memtune><metadata>")
        self.assert_cause(self.explained(), "hard-limit-killed")

    def test_limit_of_locked_memory(self):
        """As of a shell: libvirt would set it right."""
        self.host.sh(f"virt-hostdev bind {devices.NIC_A}")
        self.mark()
        try:
            said = self.host.sh(
                f"chmod 666 /dev/vfio/*; ulimit -l 65536; setpriv --reuid nobody --clear-groups "
                "qemu-system-x86_64 -nodefaults -nographic -S -machine q35,accel=tcg -m 128 "
                f"-device vfio-pci,host={devices.NIC_A} </dev/null",
                check=False).err
        finally:
            self.host.sh(f"virt-hostdev release {devices.NIC_A}")
        self.assert_cause(self.explained(said), "dma-map-no-memory")
        self.assert_cause(self.explained(), "memlock-exceeded")

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

    def test_journal(self):
        """What the hook leaves there, and what explain reads there."""
        self.host.sh(JOURNAL)
        try:
            self.wait_for(lambda: self.host.sh("test -S /run/systemd/journal/socket",
                                               check=False).rc == 0)
            self.round_trip(hostdev(devices.NIC_A, "no"), devices.NIC_A, "e1000e")
            records = self.host.sh("journalctl --sync; journalctl -t virt-hostdev -o json").out
            self.host.sh(DAEMON_SAYS % "vfio 0000:ee:00.0: group 77 is not viable")
            report = json.loads(self.host.sh("journalctl --sync; virt-hostdev explain --json").out)
        finally:
            self.host.sh(NO_JOURNAL)
        records = [json.loads(line) for line in records.splitlines()]
        self.assertEqual([(each["VIRT_HOSTDEV_EVENT"], each["VIRT_HOSTDEV_OUTCOME"],
                           each["VIRT_HOSTDEV_DEVICES"]) for each in records],
                         [(event, "done", devices.NIC_A)
                          for event in ("prepare", "start", "started", "release")])
        self.assertIn("the journal", report["read"])
        self.assertIn(("group-not-viable", "0000:ee:00.0"),
                      [(each["id"], each["address"])
                       for each in report["causes"] + report["also_seen"]])

    def test_host_without_libvirt(self):
        """Who asks what a host can do may not have it yet."""
        library = "/usr/lib/x86_64-linux-gnu/libvirt.so.0"
        self.host.sh(f"mv {library} /tmp/libvirt")
        try:
            _, checks = self.doctor()
            listed = self.host.sh("virt-hostdev list").out
            written = self.host.sh(f"virt-hostdev xml {devices.NIC_A}").out
            refused = self.host.sh("virt-hostdev check g", check=False)
        finally:
            self.host.sh(f"mv /tmp/libvirt {library}")
        self.assertEqual(checks["iommu-groups"], "pass")
        self.assertIn(devices.NIC_A, listed)
        self.assertIn("<hostdev ", written)
        self.assertEqual(refused.rc, 4)
        self.assertRegex(refused.err, "library, libvirt.so.0, isn't installed here.\nFix: Install")

    def test_configuration_that_the_initramfs_lacks(self):
        image = f"/boot/initrd.img-{self.host.sh('uname -r').out.strip()}"
        conf = "/etc/modprobe.d/test.conf"
        self.host.sh(f"cp /out/{self.host.name}.initramfs {image}; "
                     f"echo options vfio-pci ids=8086:10d3 >{conf}")
        try:
            _, checks = self.doctor()
        finally:
            self.host.sh(f"rm {image} {conf}")
        self.assertEqual(checks["vfio-initramfs"], "warn")

    def test_device_with_virtual_functions(self):
        """Drivers of other cards leave them on as they go."""
        stub = (f"cd /sys/bus/pci/devices/{devices.IGB}; echo pci-pf-stub >driver_override\n"
                f"echo {devices.IGB} >driver/unbind; echo {devices.IGB} >/sys/bus/pci/drivers_probe"
                "\necho %d >sriov_numvfs\n"
                f"echo {devices.IGB} >driver/unbind; echo >driver_override\n")
        self.mark()
        self.host.sh(f"modprobe pci-pf-stub; echo 0 >/sys/bus/pci/devices/{devices.IGB}"
                     "/sriov_drivers_autoprobe\n" + stub % 2)
        try:
            self.fail_without_hook("g", hostdev(devices.IGB))
            causes = self.explained()
        finally:
            self.host.sh(stub % 0 + f"echo 1 >sriov_drivers_autoprobe; echo {devices.IGB} "
                         ">/sys/bus/pci/drivers_probe")
        self.assertEqual([each["id"] for each in causes], ["pf-has-vfs"])
        self.assert_cause(causes, "pf-has-vfs", devices.IGB)

    def rows(self, *arguments):
        """What doctor says, and how bad it is."""
        report = self.host.sh("virt-hostdev doctor --json --all " + " ".join(arguments), check=False)
        return {each["id"]: (each["status"], each["detail"])
                for each in json.loads(report.out)["checks"]}

    def test_guest_that_the_hook_has_not_seen(self):
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.start("g")
        rows = self.rows()
        self.assertEqual(rows["hook-ran"][0], "pass")
        self.assertRegex(rows["memory-locked"][1], "^1 guest has locked 0.[1-9] GiB")
        self.destroy("g")
        self.assertEqual(self.rows()["memory-locked"][1], "no guest runs")
        self.host.sh(f"virt-hostdev bind {devices.NIC_A}")
        with self.hook_that_does_nothing():
            self.start("g")
            self.assertEqual(self.rows()["hook-ran"],
                             ("warn", f"guest 'g' runs with {devices.NIC_A}, and no hook has prepared it"))
            self.destroy("g")
        self.host.sh(f"virt-hostdev release {devices.NIC_A}")

    def test_what_isolates_a_device(self):
        self.assertEqual(self.rows(devices.NIC_A)["device-acs"][0], "pass")
        status, detail = self.rows(devices.SHARED_A)["device-acs"]
        self.assertEqual(status, "warn")
        self.assertIn("conventional PCI", detail)

    def test_our_own_refusal(self):
        self.define("g", hostdev(devices.SHARED_A))
        said = self.host.sh("virsh start g", check=False).err
        self.assert_cause(self.explained(said), "hook-failed")


class WithoutRemapping(_Diagnosed):
    options = {"cmdline": "intremap=off"}
    fails = ["cmdline-intremap-off", "iommu-remapping", "vfio-kvm-node"]

    def test_all_say_the_same(self):
        self.mark()
        said = self.fail_without_hook("g", hostdev(devices.NIC_A))
        self.assert_cause(self.explained(said), "interrupts-not-isolated", devices.NIC_A)
        self.assert_cause(self.explained(), "interrupts-not-isolated")
        causes = json.loads(self.host.sh("virt-hostdev explain --json g").out)["causes"]
        self.assert_cause(causes, "interrupts-not-isolated", devices.NIC_A)
        self.assertIs(causes[0]["confirmed"], True)


class WithoutIommu(_Diagnosed):
    """The newcomer's host: the IOMMU is there, but not turned on."""

    options = {"iommu": False}
    fails = ["cmdline-intel-iommu-off", "cmdline-intel-iommu-on", "iommu-units", "iommu-groups",
             "vfio-kvm-node"]

    def test_refused_with_how_to_turn_it_on(self):
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.assertEqual(self.assert_refused("g", devices.NIC_A, "no IOMMU group",
                                             "driver e1000e"), "no-iommu")

    def test_guest_without_devices_starts(self):
        self.define("g")
        self.start("g")
        self.destroy("g")

    def test_what_libvirt_says(self):
        said = self.fail_without_hook("g", hostdev(devices.NIC_A))
        self.assert_cause(self.explained(said), "passthrough-unsupported")
