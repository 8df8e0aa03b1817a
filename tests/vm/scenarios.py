# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user sees, with a real kernel, libvirtd and QEMU. One boot carries all scenarios
of a class; each leaves the host as it found it."""

import contextlib
import json
import re
import shlex
import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree

import devices
import hosts
from domain import address, domain, hostdev, interface, nvme_disk
from host import HANGS, Host

# Deciding is libvirt's: what it says when a hook refuses.
HOOK_FAILED = "Hook script execution failed"


class Later(list):
    """Empty until the result is there."""

    def __init__(self):
        super().__init__()
        self._there = threading.Event()

    def arrive(self, result):
        self.append(result)
        self._there.set()

    def wait(self, seconds):
        return self._there.wait(seconds)


# Everything that a test may leave behind, gone; then what tearDown compares.
CLEAN_UP = """
shopt -s nullglob
for file in /run/libvirt/qemu/*.xml; do
	file=${file##*/}
	virsh destroy "${file%.xml}" >/dev/null 2>&1
done
for file in /etc/libvirt/qemu/*.xml; do
	file=${file##*/}
	virsh undefine "${file%.xml}" >/dev/null
done
ls /etc/libvirt/qemu/*.xml /run/libvirt/qemu/*.xml /run/virt-hostdev/claims 2>/dev/null
"""

# Between what several commands of one script print.
PART = "==next=="

HOOK = "/etc/libvirt/hooks/qemu"

# Each EVENT of a guest's whole definition, as libvirtd calls the hook: the environment of
# virCommandAddEnvPassCommon(), and the folder of a daemon. test_hook_is_called_as_libvirtd_does
# compares them.
CALL_HOOK = f"""
virsh dumpxml NAME >/run/hook.xml || exit
for event in EVENTS; do
	(
		cd / || exit
		exec env -i LC_ALL=C PATH="$PATH" HOME="$HOME" {HOOK} NAME $event </run/hook.xml
	) || exit
done
"""

# What libvirtd says after the guest's name when a guest starts, and when it is destroyed.
STARTS = ("prepare begin -", "start begin -", "started begin -")
ENDS = ("stopped end -", "release end destroyed")

# Prints a line for each attribute, and for each driver.
LOOK = r"""
cd /sys/bus/pci/devices
grep -H "" */driver_override
find */driver -maxdepth 0 -printf "%H %l\n"
"""


class _Emulated(unittest.TestCase):
    """A host with the project installed, for all tests of a class."""

    kind = hosts.TRIXIE
    options = {}
    # What explain finds in the log of the boot; what doctor finds wrong, as an emulated
    # processor comes without KVM; and some of what it doesn't.
    said = []
    fails = ["vfio-kvm-node"]
    passes = []

    @classmethod
    def setUpClass(cls):
        hosts.installed(cls.kind)
        cls.host = Host(cls.kind, name=cls.__name__.lower(), **cls.options)
        cls.host.__enter__()
        cls.addClassCleanup(cls.host.__exit__, None, None, None)

    def setUp(self):
        self.before = self.state()

    def tearDown(self):
        """Whatever a scenario did: nothing of it may be left."""
        left = self.host.sh(CLEAN_UP + "true")
        self.assertEqual((left.out, left.err), ("", ""))
        self.assertEqual(self.state(), self.before)

    def test_0_boot_and_doctor(self):
        """No failure in the log of the boot, and none unexpected in the host."""
        report = json.loads(self.host.sh("virt-hostdev explain --json /run/boot.log").out)
        self.assertEqual([each["id"] for each in report["causes"]], self.said)
        summary, checks = self.doctor()
        self.assertEqual([each for each in checks if checks[each] == "fail"], self.fails)
        self.assertEqual(summary["first"]["id"], self.fails[0])
        self.assertEqual([each for each in self.passes if checks[each] != "pass"], [])

    def state(self):
        """Driver and override of every device, as lines that compare and read well."""
        lines = self.host.sh(LOOK).out.splitlines()
        return [re.sub("/driver .*/", " ", line) for line in lines]

    def driver(self, address):
        link = self.host.sh(f"readlink /sys/bus/pci/devices/{address}/driver", check=False).out
        return link.strip().rpartition("/")[2]

    def mark(self):
        """From here on the kernel's log is this test's."""
        self.host.sh(f"echo {self.id()} begins >/dev/kmsg")

    def explained(self, text=None):
        """What explain finds in a text, or in what the kernel said since the mark."""
        if text is None:
            command = f"dmesg | sed '1,/{self.id()} begins/d' | virt-hostdev explain --json -"
        else:
            self.host.put("/tmp/said.log", text)
            command = "virt-hostdev explain --json /tmp/said.log"
        return json.loads(self.host.sh(command).out)["causes"]

    def doctor(self, *arguments):
        result = self.host.sh("virt-hostdev doctor --json --all " + " ".join(arguments), check=False)
        report = json.loads(result.out)
        self.assertEqual(result.rc, report["summary"]["exit"])
        return report["summary"], {each["id"]: each["status"] for each in report["checks"]}

    def define(self, name, *content, **options):
        self.host.define(domain(name, *content, **self.guest(), **options))

    def guest(self):
        return hosts.ARCHITECTURES[self.kind.architecture].guest

    def start(self, name, run=False):
        """Paused, where the guest's own processor only costs time."""
        options = "" if run else "--paused"
        self.host.sh(f"virsh start {shlex.quote(name)} {options}")

    def destroy(self, name):
        self.host.sh(f"virsh destroy {shlex.quote(name)}")

    @staticmethod
    def monitor_command(name, command):
        return f"virsh qemu-monitor-command --hmp {shlex.quote(name)} '{command}'"

    def call_hook(self, name, *events):
        """For scenarios in which a guest would only cost time; what the hook says."""
        result = self.host.sh(CALL_HOOK.replace("NAME", shlex.quote(name)).replace(
            "EVENTS", " ".join(event.replace(" ", "\\ ") for event in events)))
        self.assertEqual(result.out, "")
        return result.err

    @contextlib.contextmanager
    def prepared(self, name, *addresses, says=""):
        """What start() and destroy() are for our hook; says: a pattern."""
        try:
            said = self.call_hook(name, *STARTS)
            self.assertRegex(said, rf"\A(?s:{says})\Z")
            for address in addresses:
                self.assertEqual(self.driver(address), "vfio-pci")
            self.assertIn(name, self.status())
            yield
        finally:
            said = self.call_hook(name, *ENDS)
        self.assertEqual(said, "")
        self.assertNotIn(name, self.status())

    def monitor(self, name, command):
        return self.host.sh(self.monitor_command(name, command)).out

    def assert_refused(self, name, *words):
        """virsh shows our sentence and our fix, and check says the same."""
        before = self.state()
        result = self.host.sh(f"virsh start {name}", check=False)
        self.assertNotEqual(result.rc, 0)
        self.assertIn(HOOK_FAILED, result.err)
        self.assertIn("unexpected exit status 1: ", result.err)
        ours = result.err.split("unexpected exit status 1: ")[1].splitlines()
        for word in words:
            self.assertIn(word, ours[0])
        self.assertTrue(ours[0].endswith("."), ours[0])
        self.assertTrue(ours[1].startswith("Fix: "), ours)
        self.assertEqual(self.state(), before)
        checked = self.host.sh(f"virt-hostdev check --json {name}", check=False)
        self.assertEqual(checked.rc, 1, checked.err)
        report = json.loads(checked.out)
        self.assertIs(report["ok"], False)
        findings = [each for device in report["devices"] for each in device["findings"]]
        # The hook's words are ASCII where they may be: libvirt runs it with LC_ALL=C.
        self.assertEqual(findings[0]["message"].replace("→", "->"), ours[0])
        self.assertEqual("Fix: " + findings[0]["fix"], ours[1])
        return findings[0]["id"]

    def assert_given(self, name, address):
        """The device is with vfio, QEMU has it, and the claim says whose it is."""
        link, tree, shown = self.host.sh(
            f"readlink /sys/bus/pci/devices/{address}/driver; echo {PART}; "
            f"{self.monitor_command(name, 'info qtree')} && echo {PART} && "
            f"virt-hostdev show --json {address}").out.split(PART)
        self.assertEqual(link.strip().rpartition("/")[2], "vfio-pci")
        self.assertIn(f'host = "{address}"', tree)
        self.assertEqual(json.loads(shown)["guest"], name)

    def assert_seen(self, name, ids):
        """The guest's firmware finds it behind its bridges."""
        self.wait_for(lambda: f"PCI device {ids}" in self.monitor(name, "info pci"))

    def status(self):
        claims = json.loads(self.host.sh("virt-hostdev status --json").out)["claims"]
        return {claim["domain"]: claim for claim in claims}

    def wait_for(self, condition):
        """Each look costs the host something; what takes long is looked at less often."""
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            self.assertLess(waited, HANGS, "it did not happen")
            time.sleep(min(0.05 + waited / 20, 1))

    @contextlib.contextmanager
    def meanwhile(self, command, end=lambda: None):
        """Runs a command beside the block; yields a list that has its result at last."""
        result = Later()
        thread = threading.Thread(target=lambda: result.arrive(
            self.host.sh(command, check=False)))
        thread.start()
        try:
            yield result
        finally:
            end()
            self.assertTrue(result.wait(HANGS), "it did not end")
            thread.join()

    def stuck_at(self, attribute, command):
        """As meanwhile(), but no write to the attribute is answered: it is a pipe that
        nobody reads."""
        self.host.sh(f"rm -f /tmp/fifo; mkfifo /tmp/fifo; mount --bind /tmp/fifo {attribute}")
        return self.meanwhile(command, end=lambda: self.host.sh(f"umount {attribute}"))

    @contextlib.contextmanager
    def hook_stuck_in_prepare(self, name):
        """A start whose device the kernel never takes from e1000e."""
        with self.stuck_at("/sys/bus/pci/drivers/e1000e/unbind", f"virsh start {name}") as result:
            self.wait_for(lambda: self.override(devices.NIC_A) == "vfio-pci")
            yield result

    # The oldest: its worker has the same command line, and dies with it.
    KILL_HOOK = "pkill -KILL -o -f '^/etc/libvirt/hooks/qemu g prepare'"

    def override(self, address):
        text = self.host.sh(f"cat /sys/bus/pci/devices/{address}/driver_override").out.strip()
        return "" if text == "(null)" else text

    def round_trip(self, device, address, driver, ids=None):
        self.assertEqual(self.driver(address), driver)
        self.define("g", device)
        self.host.sh("virt-hostdev check g")
        self.start("g", run=bool(ids))
        self.assert_given("g", address)
        if ids:
            self.assert_seen("g", ids)
        self.destroy("g")
        self.assertEqual(self.driver(address), driver)


class Devices(_Emulated):
    """Every kind of device and neighbour behind Intel's IOMMU."""

    # 1 and 2

    def test_plan_is_what_prepare_will_do(self):
        self.host.sh("modprobe vfio-pci")
        self.define("g", hostdev(devices.NIC_A, "no"), hostdev(devices.NIC_B, "yes"))
        plan = json.loads(self.host.sh("virt-hostdev plan --json g").out)
        self.assertEqual([(step["kind"], step["address"]) for step in plan["steps"]],
                         [(kind, devices.NIC_A) for kind in ("override", "unbind", "bind")])
        self.assertIn("would start after 3 steps", self.host.sh("virt-hostdev plan g").out)

    def test_unmanaged(self):
        self.round_trip(hostdev(devices.NIC_A, "no"), devices.NIC_A, "e1000e", ids="8086:10d3")

    def test_managed(self):
        self.round_trip(hostdev(devices.NIC_A, "yes"), devices.NIC_A, "e1000e", ids="8086:10d3")

    def test_xml_of_the_tool_is_taken_as_it_is(self):
        block = self.host.sh(f"virt-hostdev xml --managed no {devices.NIC_B}").out
        self.round_trip(block, devices.NIC_B, "e1000e")

    def test_override_is_put_back(self):
        attribute = f"/sys/bus/pci/devices/{devices.NIC_A}/driver_override"
        self.host.sh(f"echo e1000e >{attribute}")
        before = self.state()
        self.define("g", hostdev(devices.NIC_A, "no"))
        with self.prepared("g", devices.NIC_A):
            pass
        self.assertEqual(self.state(), before)
        self.host.sh(f"echo >{attribute}")

    def test_bound_before_stays_bound_after(self):
        """Whoever bound it to vfio-pci before the start wants it there."""
        self.host.sh(f"virsh nodedev-detach pci_{devices.NIC_A.translate({58: 95, 46: 95})}")
        before = self.state()
        self.round_trip(hostdev(devices.NIC_A, "no"), devices.NIC_A, "vfio-pci")
        self.assertEqual(self.state(), before)
        self.host.sh(f"virsh nodedev-reattach pci_{devices.NIC_A.translate({58: 95, 46: 95})}")

    def test_rom_of_a_card(self):
        """QEMU's cards have a ROM with code for a BIOS and for UEFI."""
        attribute = f"/sys/bus/pci/devices/{devices.NIC_A}/rom"
        report = json.loads(self.host.sh(
            f"virt-hostdev rom --json --save /run/nic.rom {devices.NIC_A}").out)
        self.assertEqual((report["source"], report["ids_fit"], report["saved"]),
                         ("bar", True, "/run/nic.rom"))
        self.assertEqual({image["type"] for image in report["images"]}, {0, 3})
        self.assertIn("x86-64", [image["processor"] for image in report["images"]])
        self.assertEqual((report["firmware"]["seabios"], report["firmware"]["ovmf"]), (True, True))
        # The kernel doesn't show it any more; and what it shows is what was saved.
        self.assertNotEqual(self.host.sh(f"head -c 1 {attribute}", check=False).rc, 0)
        self.host.sh(f"echo 1 >{attribute}; cmp {attribute} /run/nic.rom; r=$?; "
                     f"echo 0 >{attribute}; exit $r")
        self.define("g", hostdev(devices.NIC_A, "no"))
        with self.prepared("g", devices.NIC_A):
            result = self.host.sh(f"virt-hostdev rom {devices.NIC_A}", check=False)
            self.assertEqual((result.rc, result.out), (3, ""))
            self.assertIn("guest 'g' has it", result.err)
        self.host.sh("rm /run/nic.rom")

    # 3

    def test_sibling_on_a_host_driver(self):
        for managed in ("no", "yes"):
            self.define("g", hostdev(devices.SHARED_A, managed))
            found = self.assert_refused("g", devices.SHARED_A, devices.SHARED_B, "group",
                                        "driver e1000")
            self.assertEqual(found, "group-not-viable")

    def test_the_fix_for_a_sibling_is_one(self):
        """The second line of the refusal, run as it stands, lets the guest start."""
        self.define("g", hostdev(devices.SHARED_A, "no"))
        result = self.host.sh("virsh start g", check=False)
        fix = [line for line in result.err.splitlines() if line.startswith("Fix: ")][0]
        self.host.sh(fix.removeprefix("Fix: "))
        self.start("g")
        self.assert_given("g", devices.SHARED_A)
        self.destroy("g")
        self.assertEqual(self.state(), self.before)

    def test_sibling_taken_along(self):
        for managed in ("no", "yes"):
            self.define("g", hostdev(devices.SHARED_A, managed), metadata=(
                "<h:hostdev xmlns:h='urn:virt-hostdev:1'><h:siblings policy='bind'/></h:hostdev>"))
            self.host.sh("virt-hostdev check g")
            self.start("g")
            self.assert_given("g", devices.SHARED_A)
            self.assertEqual(self.driver(devices.SHARED_B), "vfio-pci")
            self.assertNotIn(f'host = "{devices.SHARED_B}"', self.monitor("g", "info qtree"))
            self.destroy("g")
            self.assertEqual(self.state(), self.before)

    def test_whole_group_for_one_guest(self):
        self.define("g", hostdev(devices.SHARED_A, "no"), hostdev(devices.SHARED_B, "yes"))
        self.start("g")
        self.assert_given("g", devices.SHARED_A)
        self.assert_given("g", devices.SHARED_B)

    def test_driverless_sibling(self):
        self.round_trip(hostdev(devices.MIXED_NIC, "no"), devices.MIXED_NIC, "e1000")

    # 4

    def test_two_guests_one_device(self):
        for managed in ("no", "yes"):
            self.define("first", hostdev(devices.NIC_A, managed))
            self.define("second", hostdev(devices.NIC_A, managed))
            self.start("first")
            found = self.assert_refused("second", devices.NIC_A, "guest 'first' has it")
            self.assertEqual(found, "claimed")
            self.assert_given("first", devices.NIC_A)
            self.destroy("first")
            self.start("second")
            self.assert_given("second", devices.NIC_A)
            self.destroy("second")

    def test_two_guests_one_group(self):
        self.define("first", hostdev(devices.MIXED_NIC, "no"))
        self.define("second", hostdev(devices.MIXED_EDU, "no"))
        self.start("first")
        found = self.assert_refused("second", devices.MIXED_EDU, "guest 'first' has",
                                    devices.MIXED_NIC)
        self.assertEqual(found, "group-claimed")

    def test_other_devices_do_not_matter(self):
        self.define("first", hostdev(devices.NIC_A, "no"))
        self.define("second", hostdev(devices.NIC_B, "no"))
        self.start("first")
        self.start("second")
        self.assert_given("first", devices.NIC_A)
        self.assert_given("second", devices.NIC_B)
        self.destroy("first")
        self.assert_given("second", devices.NIC_B)

    # 5

    def test_address_that_is_not_there(self):
        self.define("g", hostdev("0000:77:00.0", "no"))
        self.assertEqual(self.assert_refused("g", "0000:77:00.0"), "device-missing")

    def test_bridge(self):
        self.define("g", hostdev(devices.SHARED_BRIDGE, "no"))
        self.assertEqual(self.assert_refused("g", devices.SHARED_BRIDGE, "bridge"),
                         "not-endpoint")

    def test_device_without_group(self):
        self.define("g", hostdev(devices.NO_GROUP, "no"))
        self.assertEqual(self.assert_refused("g", devices.NO_GROUP, "IOMMU", "driver e1000e"),
                         "no-group")

    def test_one_bad_device_of_two_refuses_both(self):
        self.define("g", hostdev(devices.NIC_A, "no"), hostdev("0000:77:00.0", "no"))
        self.assert_refused("g", "0000:77:00.0")

    # 6

    def test_driverless_device(self):
        for managed in ("no", "yes"):
            self.round_trip(hostdev(devices.EDU, managed), devices.EDU, "")

    # 8

    def test_nvme_disk(self):
        for managed in (None, "yes", "no"):
            self.define("g", nvme_disk(devices.NVME, managed))
            self.assertEqual(self.driver(devices.NVME), "nvme")
            self.start("g")
            self.assertEqual(self.driver(devices.NVME), "vfio-pci")
            self.destroy("g")
            self.assertEqual(self.driver(devices.NVME), "nvme")

    def test_interface(self):
        self.make_vfs(2)
        try:
            self.define("g", interface(devices.IGB_VF0))
            self.assertEqual(self.assert_refused("g", devices.IGB_VF0, "is down"), "pf-down")
            self.host.sh(f"ip link set {self.pf()} up")
            for managed in ("no", "yes"):
                self.round_trip(interface(devices.IGB_VF0, managed), devices.IGB_VF0,
                                "igbvf")
            self.define("g", interface(devices.NIC_A))
            self.assertEqual(self.assert_refused("g", devices.NIC_A), "not-a-vf")
            self.define("g", hostdev(devices.IGB, "no"))
            self.assertEqual(self.assert_refused("g", devices.IGB, "2 virtual functions"),
                             "pf-has-vfs")
        finally:
            self.make_vfs(0)

    def test_interface_of_a_network_pool(self):
        """prepare can't know the VF; at start it is checked and written down. A VF of
        its own: libvirt never forgets one that a guest had unmanaged."""
        self.make_vfs(2)
        self.host.sh(f"ip link set {self.pf()} up")
        self.host.sh("virsh net-define /dev/stdin <<'END'\n<network><name>pool</name>"
                     "<forward mode='hostdev' managed='yes'>"
                     f"<address type='pci' {address(devices.IGB_VF1)}/></forward>"
                     "</network>\nEND\nvirsh net-start pool")
        nic = "<interface type='network'><source network='pool'/></interface>"
        try:
            self.define("g", nic)
            self.start("g")
            self.assert_given("g", devices.IGB_VF1)
            self.define("other", hostdev(devices.IGB_VF1, "no"))
            self.assertEqual(self.assert_refused("other", "guest 'g' has it"), "claimed")
            self.destroy("g")
            self.assertEqual(self.driver(devices.IGB_VF1), "igbvf")
        finally:
            self.host.sh("virsh destroy g; virsh net-destroy pool; virsh net-undefine pool",
                         check=False)
            self.make_vfs(0)

    # Helpers

    def make_vfs(self, number):
        self.host.sh(f"echo {number} >/sys/bus/pci/devices/{devices.IGB}/sriov_numvfs")

    def pf(self):
        return self.host.sh(f"ls /sys/bus/pci/devices/{devices.IGB}/net").out.strip()


# Writes down how it was called, and leaves the rest to the real one.
NOTING_HOOK = r"""#!/bin/bash
{
	printf "%s\n" PART "$@"
	echo "umask $(umask), user $EUID, in $(readlink "/proc/$$/cwd")"
	tr "\0" "\n" <"/proc/$$/environ" | sort
	echo PART
	tee /run/noted.xml
} >>/run/noted
exec /root/hook "$@" </run/noted.xml
""".replace("PART", PART)


class Lifecycle(_Emulated):
    """Guests, daemons and hooks that end at the wrong moment, steps that fail."""

    # 7

    def test_four_guests_at_once_over_three_devices(self):
        """Each wins all it asked for, or is told who has it."""
        wanted = {"a": [devices.NIC_A], "b": [devices.NIC_A, devices.EDU],
                  "c": [devices.NIC_B], "d": [devices.EDU, devices.NIC_B]}
        for name, addresses in wanted.items():
            self.define(name, *(hostdev(address, "no") for address in addresses))
        results = {}

        def start(name):
            results[name] = self.host.sh(f"virsh start --paused {name}", check=False)

        threads = [threading.Thread(target=start, args=(name,)) for name in wanted]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [name for name in wanted if results[name].rc == 0]
        self.assertTrue(winners)
        given = [address for name in winners for address in wanted[name]]
        self.assertEqual(len(given), len(set(given)))
        for name in winners:
            for address in wanted[name]:
                self.assert_given(name, address)
        for name in set(wanted) - set(winners):
            self.assertRegex(results[name].err, r"guest '[abcd]' has it")
        self.assertEqual(sorted(self.status()), sorted(winners))

    def test_guest_killed(self):
        self.define("g", hostdev(devices.NIC_A, "no"), hostdev(devices.EDU, "no"))
        self.start("g")
        self.host.sh("kill -KILL $(cat /run/libvirt/qemu/g.pid)")
        self.wait_for(lambda: self.driver(devices.NIC_A) == "e1000e" and
                      self.driver(devices.EDU) == "")

    def test_libvirtd_restarted(self):
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.start("g", run=True)
        pid = self.host.sh("cat /run/libvirt/qemu/g.pid").out
        for verb in ("restart", "kill"):
            self.host.libvirtd(verb)
            if verb == "kill":
                self.host.libvirtd("start")
            self.assertEqual(self.host.sh("virsh domstate g").out.strip(), "running")
            self.assertEqual(self.host.sh("cat /run/libvirt/qemu/g.pid").out, pid)
            self.assert_given("g", devices.NIC_A)
        self.destroy("g")
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")

    def test_guest_killed_while_libvirtd_is_away(self):
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.start("g")
        self.host.libvirtd("kill")
        self.host.sh("kill -KILL $(cat /run/libvirt/qemu/g.pid)")
        self.host.libvirtd("start")
        self.wait_for(lambda: self.driver(devices.NIC_A) == "e1000e")

    # What else can go wrong

    def test_failure_after_prepare_gives_back(self):
        disk = ("<disk type='file'><source file='/nonexistent'/>"
                "<target dev='vda' bus='virtio'/></disk>")
        self.define("g", hostdev(devices.NIC_A, "no"), disk)
        result = self.host.sh("virsh start g", check=False)
        self.assertIn("/nonexistent", result.err)
        self.assertNotIn(HOOK_FAILED, result.err)
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")

    def test_step_that_fails_is_undone(self):
        """The second device can't be bound: the first one goes back too."""
        self.define("g", hostdev(devices.EDU, "no"), hostdev(devices.NIC_A, "no"))
        attribute = f"/sys/bus/pci/devices/{devices.NIC_A}/driver_override"
        for words, setup in (
                ("Read-only file system", "mount --bind -o ro {0} {0}"),
                ("the kernel reported success", "touch /tmp/fake; mount --bind /tmp/fake {0}")):
            self.host.sh(setup.format(attribute))
            result = self.host.sh("virsh start g", check=False)
            self.host.sh(f"umount {attribute}")
            self.assertIn(f"The driver_override of {devices.NIC_A} can't be set to vfio-pci: "
                          f"{words}", result.err)
            self.assertEqual(self.state(), self.before)
            self.assertEqual(self.host.sh("ls /run/virt-hostdev/claims").out, "")

    def test_bind_that_does_nothing_is_found(self):
        self.define("g", hostdev(devices.NIC_A, "no"))
        attribute = "/sys/bus/pci/drivers/vfio-pci/bind"
        self.host.sh(f"modprobe vfio-pci; touch /tmp/fake; mount --bind /tmp/fake {attribute}")
        result = self.host.sh("virsh start g", check=False)
        self.host.sh(f"umount {attribute}")
        self.assertIn(f"{devices.NIC_A} can't be bound to driver vfio-pci: the kernel reported "
                      f"success, but {devices.NIC_A} has no driver.", result.err)
        self.assertEqual(self.state(), self.before)

    def test_driver_that_is_forbidden(self):
        self.host.sh("echo blacklist vfio-pci >/etc/modprobe.d/test.conf; modprobe -r vfio-pci")
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.assertEqual(self.assert_refused("g", devices.NIC_A, "vfio-pci", "blacklist"),
                         "driver-blacklisted")
        self.host.sh("echo install vfio-pci /bin/true >/etc/modprobe.d/test.conf")
        self.assertEqual(self.assert_refused("g", devices.NIC_A, "vfio-pci", "install"),
                         "driver-command")
        self.host.sh("rm /etc/modprobe.d/test.conf")
        self.round_trip(hostdev(devices.NIC_A, "no"), devices.NIC_A, "e1000e")

    def test_model_that_is_no_vfio_driver(self):
        device = hostdev(devices.NIC_A, "no").replace("<source>",
                                                      "<driver model='nvme'/><source>")
        self.define("g", device)
        self.assertEqual(self.assert_refused("g", devices.NIC_A, "nvme", "no VFIO driver"),
                         "driver-not-vfio")

    def test_names_that_a_shell_would_read(self):
        for name in ("two words", "$(touch trap)", "`touch trap`;", "it's", "ü" * 80):
            self.define(name, hostdev(devices.EDU, "no"))
            with self.prepared(name, devices.EDU):
                pass
            self.assertEqual(self.driver(devices.EDU), "")
        # The last one all the way.
        self.start(name)
        self.assert_given(name, devices.EDU)
        self.assertEqual(self.host.sh("find /vm/written -name trap").out, "")

    def test_stale_claim_is_undone_first(self):
        """release was never called: the host stopped us, or the hook was away."""
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.start("g")
        self.host.sh("mv /etc/libvirt/hooks/qemu /tmp/hook")
        self.destroy("g")
        self.host.sh("mv /tmp/hook /etc/libvirt/hooks/qemu")
        self.assertEqual(self.driver(devices.NIC_A), "vfio-pci")
        self.start("g")
        self.destroy("g")
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")

    def test_hook_is_called_as_libvirtd_does(self):
        """For what other scenarios prove without a guest."""
        self.define("g", hostdev(devices.NIC_A, "no"), metadata="<t:t xmlns:t='urn:t'>it's</t:t>")
        self.host.sh(f"mv {HOOK} /root/hook")
        self.host.put(HOOK, NOTING_HOOK)
        self.host.sh(f"chmod 755 {HOOK}")
        try:
            self.start("g")
            self.destroy("g")
            theirs = self.noted()
            self.call_hook("g", *STARTS, *ENDS)
            ours = self.noted()
        finally:
            self.host.sh(f"mv /root/hook {HOOK}")
        self.assertEqual([" ".join(call.split()[1:4]) for call, _ in theirs], [*STARTS, *ENDS])
        self.assertEqual(ours, theirs)

    def noted(self):
        """Each call, and of its XML what the hook reads."""
        parts = self.host.sh("cat /run/noted; rm /run/noted").out.split(PART + "\n")[1:]
        calls = []
        for call, xml in zip(parts[::2], parts[1::2], strict=True):
            root = ElementTree.fromstring(xml)
            calls.append((call, [(each.tag, each.attrib, (each.text or "").strip())
                                 for path in ("name", "uuid", "metadata//*", "devices/hostdev",
                                              "devices/hostdev/source/address")
                                 for each in root.findall(path)]))
        return calls

    def test_hook_is_silent_when_it_is_right(self):
        """What libvirt hands to a hook, handed over by hand."""
        self.define("g", hostdev(devices.NIC_A, "no"))
        for event in ("prepare", "start", "started", "reconnect", "stopped", "release"):
            result = self.host.sh(f"virsh dumpxml g | /etc/libvirt/hooks/qemu g {event} begin -")
            self.assertEqual((result.out, result.err), ("", ""))
            expected = "e1000e" if event == "release" else "vfio-pci"
            self.assertEqual(self.driver(devices.NIC_A), expected)

    # Who holds a device

    @contextlib.contextmanager
    def held(self, redirection):
        """A process that has the nvme open; its number."""
        for node in re.findall(r"/dev/nvme\w+", redirection):
            self.wait_for(lambda: self.host.sh(f"test -e {node}", check=False).rc == 0)
        pid = self.host.sh(f"bash -c 'exec -a holder sleep 600' {redirection} >/dev/null 2>&1 & "
                           "echo $!").out.strip()
        try:
            # What it has open, it has before it is called that.
            self.wait_for(lambda: self.host.get(f"/proc/{pid}/comm") == "sleep\n")
            yield pid
        finally:
            self.host.sh(f"kill -KILL {pid}")
            self.wait_for(lambda: self.host.sh(f"kill -0 {pid}", check=False).rc)

    def test_process_that_writes_to_an_nvme(self):
        """It is named, and nothing is taken from it."""
        self.define("g", nvme_disk(devices.NVME))
        for redirection in ("3>/dev/nvme0n1", "3</dev/nvme0n1 4<>/dev/nvme0n1"):
            with self.held(redirection) as pid:
                found = self.assert_refused(
                    "g", devices.NVME, f"while process {pid} (sleep) has /dev/nvme0n1 open for "
                    "writing: what it writes would be lost")
                self.assertEqual(found, "device-held")
        self.start("g")
        self.assertEqual(self.driver(devices.NVME), "vfio-pci")

    def test_process_that_reads_an_nvme(self):
        """It loses the device, and the log says who that was."""
        self.define("g", hostdev(devices.NVME, "no"))
        for node in ("/dev/nvme0n1", "/dev/nvme0"):
            # The reader ends before the device comes back, which else gets another name.
            with contextlib.ExitStack() as guest, self.held(f"3<{node}") as pid:
                says = rf".* process {pid} \(sleep\) has {node} open\.\nFix: .*\n"
                guest.enter_context(self.prepared("g", devices.NVME, says=says))
                runs = json.loads(self.host.sh("virt-hostdev log --json g").out)["runs"]
                run = [each for each in runs if each["event"] == "prepare"][-1]
                self.assertEqual(run["outcome"], "done")
                self.assertIn(f"process {pid} (sleep) has {node} open", run["message"])
            self.assertEqual(self.driver(devices.NVME), "nvme")

    def test_interface_that_is_up(self):
        name = self.host.sh(f"ls /sys/bus/pci/devices/{devices.NIC_A}/net").out.strip()
        self.define("g", hostdev(devices.NIC_A, "yes"))
        self.host.sh(f"ip link set {name} up")
        report = json.loads(self.host.sh("virt-hostdev check --json g").out)
        found, = report["devices"][0]["findings"]
        self.assertEqual((found["id"], found["severity"]), ("interface-up", "warning"))
        self.host.sh(found["fix"])
        report = json.loads(self.host.sh("virt-hostdev check --json g").out)
        self.assertEqual(report["devices"][0]["findings"], [])

    def test_guest_that_libvirt_does_not_know(self):
        """A QEMU started by hand has the group: the start is refused, with its name."""
        self.host.sh(f"virt-hostdev bind {devices.NIC_A}")
        pid = self.host.sh(
            "qemu-system-x86_64 -M q35 -accel tcg -S -display none -nodefaults "
            f"-device vfio-pci,host={devices.NIC_A} >/tmp/qemu.log 2>&1 & echo $!").out.strip()
        self.define("g", hostdev(devices.NIC_A, "no"))
        try:
            self.wait_for(lambda: "/dev/vfio/" in self.host.sh(
                f"ls -l /proc/{pid}/fd", check=False).out)
            self.assertEqual(self.assert_refused("g", f"process {pid} (qemu-system-x86) has "
                                                 "/dev/vfio/"), "device-held")
            with self.limit_as_shipped():
                result = self.host.sh(f"virt-hostdev release {devices.NIC_A}", check=False)
            self.assertEqual(result.rc, 1)
            self.assertIn(f"{devices.NIC_A} can't be given back to the host yet: process {pid} ",
                          result.err)
        finally:
            self.host.sh(f"kill -KILL {pid}")
        self.wait_for(lambda: self.host.sh(f"kill -0 {pid}", check=False).rc)
        self.host.sh("virt-hostdev recover")

    # By hand, and the log

    def test_bind_and_release(self):
        self.host.sh(f"virt-hostdev bind --group {devices.SHARED_A}")
        for address in (devices.SHARED_A, devices.SHARED_B):
            self.assertEqual(self.driver(address), "vfio-pci")
        bound = self.state()
        for managed in ("yes", "no"):
            self.define("g", hostdev(devices.SHARED_A, managed))
            self.start("g")
            self.assert_given("g", devices.SHARED_A)
            refused = self.host.sh(f"virt-hostdev release {devices.SHARED_B}", check=False)
            self.assertIn("can't be given back to the host while guest 'g' has", refused.err)
            self.destroy("g")
            self.assertEqual(self.state(), bound)
        self.host.sh(f"virt-hostdev release --group {devices.SHARED_B}")

    def test_log_tells_a_hook_that_failed_from_one_that_never_ran(self):
        self.assertIn("The hook has not run for guest 'unseen'",
                      self.host.sh("virt-hostdev log unseen").out)
        self.define("seen", hostdev(devices.NIC_A, "no"))
        self.start("seen")
        self.destroy("seen")
        runs = json.loads(self.host.sh("virt-hostdev log --json seen").out)["runs"]
        self.assertEqual([(each["event"], each["outcome"]) for each in runs],
                         [("prepare", "done"), ("start", "done"), ("started", "done"),
                          ("stopped", "nothing"), ("release", "done")])

    # What is written down

    def test_status_and_recover(self):
        self.assertIn("Nobody holds a device.", self.host.sh("virt-hostdev status").out)
        self.define("g", hostdev(devices.NIC_A, "no"), hostdev(devices.NIC_B, "yes"))
        self.start("g", run=True)
        claim = self.status()["g"]
        self.assertEqual((claim["state"], claim["error"]), ("running", None))
        self.assertEqual([(each["address"], each["driver_before"], each["driver"])
                          for each in claim["devices"]],
                         [(devices.NIC_A, "e1000e", "vfio-pci"),
                          (devices.NIC_B, "e1000e", "vfio-pci")])
        self.assertIn("nothing to give back", self.host.sh("virt-hostdev recover").out)
        self.assert_given("g", devices.NIC_A)
        self.host.sh("mv /etc/libvirt/hooks/qemu /root/hook")
        self.destroy("g")
        self.host.sh("mv /root/hook /etc/libvirt/hooks/qemu")
        self.assertEqual(self.driver(devices.NIC_A), "vfio-pci")
        self.assertEqual(self.status()["g"]["state"], "left behind")
        self.assertIn("the devices of 1 guest", self.host.sh("virt-hostdev recover").out)
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")
        self.assertEqual(self.status(), {})

    @contextlib.contextmanager
    def limit_as_shipped(self):
        """The half minute that init.sh makes longer, where it has to pass."""
        self.host.sh("mv /etc/virt-hostdev.conf /root/conf")
        try:
            yield
        finally:
            self.host.sh("mv /root/conf /etc/virt-hostdev.conf")

    def test_hook_killed_in_prepare(self):
        """libvirt calls release at once, and that is enough."""
        self.define("g", hostdev(devices.NIC_A, "no"))
        with self.hook_stuck_in_prepare("g") as result:
            self.host.sh(self.KILL_HOOK)
        self.assertIn("unexpected fatal signal 9", result[0].err)
        self.assertEqual(self.state(), self.before)
        self.assertEqual(self.status(), {})
        self.assertEqual(self.host.sh("pgrep -f '^/etc/libvirt/hooks/qemu'", check=False).rc, 1)

    def test_hook_and_libvirtd_killed_in_prepare(self):
        """Nobody calls release: the next guest that wants the device finds the claim."""
        self.define("g", hostdev(devices.NIC_A, "no"))
        self.define("other", hostdev(devices.NIC_A, "no"))
        with self.hook_stuck_in_prepare("g"):
            self.assertEqual(self.status()["g"]["state"], "starting")
            self.assertIn("nothing to give back", self.host.sh("virt-hostdev recover").out)
            self.host.libvirtd("kill")
            self.host.sh(self.KILL_HOOK)
        self.assertEqual(self.status()["g"]["state"], "left behind")
        self.host.libvirtd("start")
        found = json.loads(self.host.sh("virt-hostdev check --json other").out)["findings"]
        self.assertEqual([each["id"] for each in found], ["claim-abandoned"])
        self.start("other")
        self.assert_given("other", devices.NIC_A)
        self.assertEqual(list(self.status()), ["other"])
        self.destroy("other")
        self.assertEqual(self.state(), self.before)

    def test_write_that_never_returns_does_not_hold_libvirt(self):
        """And what waits in vain dies with the hook, so that release finds all as it
        should be. (What the kernel holds harder is the fake kernel's to show.)"""
        self.define("g", hostdev(devices.EDU, "no"), hostdev(devices.NIC_A, "no"))
        with self.limit_as_shipped(), self.hook_stuck_in_prepare("g") as result:
            self.assertTrue(result.wait(HANGS))
        self.assertIn(f"{devices.NIC_A} can't be taken from driver e1000e: the kernel has not "
                      "answered for 30 seconds, and process ", result[0].err)
        self.assertEqual(self.state(), self.before)
        self.assertEqual(self.status(), {})
