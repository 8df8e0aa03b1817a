# SPDX-License-Identifier: GPL-2.0-or-later
"""What was set of a device comes back with it: of its folder, its interfaces and disks."""

import os

import attributes
from fakekernel import FakeKernel
from program import domain, hostdev
from test_every_write import DRIVERS, ERRORS, NIC, NVME, OnFakeKernel

NIC_ADDRESS, NVME_ADDRESS = "0000:01:00.0", "0000:02:00.0"

SETTINGS = f"""
setting {NIC_ADDRESS} - power/wakeup disabled
setting {NIC_ADDRESS} - link/l1_aspm 1
bound {NIC_ADDRESS} e1000e net/fake0/dev_port 0
setting {NIC_ADDRESS} e1000e net/fake0/mtu 1500
setting {NIC_ADDRESS} e1000e net/fake0/ifalias
setting {NIC_ADDRESS} e1000e net/fake0/flags 0x1002
setting {NVME_ADDRESS} nvme nvme/nvme0/nvme0n1/wwid nvme.1
setting {NVME_ADDRESS} nvme nvme/nvme0/nvme0n1/queue/scheduler [none] bfq
setting {NVME_ADDRESS} nvme nvme/nvme0/nvme0n1/queue/read_ahead_kb 128
"""

# Nothing of it is what the kernel makes of it.
SET = {
    NIC_ADDRESS: {"power/control": "auto", "d3cold_allowed": "0", "reset_method": "",
                  "power/wakeup": "enabled", "link/l1_aspm": "0", "net/fake0/mtu": "9000",
                  "net/fake0/ifalias": "the lab's, 2nd floor", "net/fake0/flags": "0x1003"},
    NVME_ADDRESS: {"power/control": "auto", "nvme/nvme0/nvme0n1/queue/scheduler": "bfq",
                   "nvme/nvme0/nvme0n1/queue/read_ahead_kb": "4096"},
}
# What changing the driver alone takes away; the rest only goes with the device.
LOST = {NIC_ADDRESS: ("net/fake0/flags", "net/fake0/ifalias", "net/fake0/mtu", "power/control"),
        NVME_ADDRESS: ("nvme/nvme0/nvme0n1/queue/read_ahead_kb",
                       "nvme/nvme0/nvme0n1/queue/scheduler", "power/control")}

FOLDER = "/sys/bus/pci/devices"
BOTH = domain(hostdev(1), hostdev(2))


class Attributes(OnFakeKernel):
    slow = True

    def setUp(self):
        self.boot(NIC + NVME + SETTINGS)
        self.set()

    def set(self):
        for address, values in SET.items():
            for path, value in values.items():
                self.assertEqual(self.kernel.write(f"{FOLDER}/{address}/{path}", f"{value}\n"), "OK")
        self.kernel.recount()

    def values(self):
        return {address: {path: self.kernel.read(f"{FOLDER}/{address}/{path}").rstrip("\n")
                          for path in values} for address, values in SET.items()}

    def assert_as_it_was(self):
        super().assert_as_it_was()
        self.assertEqual(self.values(), SET)

    def prepare(self, xml=BOTH):
        result = self.hook("prepare", xml)
        self.assertEqual((result.rc, result.out), (0, ""), result.err)

    def written(self):
        """What was set, by device."""
        found = {}
        for line in self.kernel.changes():
            word, path, *_ = line.split()
            if word == "set":
                address = next(each for each in SET if f"/{each}/" in path)
                found.setdefault(address, []).append(path.partition(f"{address}/")[2])
        return {address: tuple(sorted(paths)) for address, paths in found.items()}

    def test_only_what_was_lost_is_written(self):
        self.prepare()
        self.assertEqual(self.written(), {})
        self.kernel.recount()
        self.good(self.hook("release", BOTH))
        self.assertEqual(self.written(), LOST)
        self.assert_as_it_was()

    def test_device_that_was_removed_and_found_again(self):
        self.prepare()
        for address in SET:
            self.assertEqual(self.kernel.write(f"{FOLDER}/{address}/remove", "1"), "OK")
        self.assertEqual(self.kernel.write("/sys/bus/pci/rescan", "1"), "OK")
        self.assertEqual(self.kernel.read(f"{FOLDER}/{NIC_ADDRESS}/reset_method"), "flr\n")
        self.kernel.recount()
        self.good(self.hook("release", BOTH))
        self.assertEqual(self.written(), {address: tuple(sorted(each)) for address, each in SET.items()})
        self.assert_as_it_was()

    def test_by_hand(self):
        self.assertEqual(self.tool("bind", NIC_ADDRESS, NVME_ADDRESS).rc, 0)
        self.assertEqual(self.kernel.read(f"{FOLDER}/{NIC_ADDRESS}/power/control"), "auto\n")
        # What is set meanwhile is no longer of the host.
        self.kernel.write(f"{FOLDER}/{NIC_ADDRESS}/link/l1_aspm", "1\n")
        self.assertEqual(self.tool("release", NIC_ADDRESS, NVME_ADDRESS).rc, 0)
        self.assert_as_it_was()

    def test_failed_start(self):
        self.kernel.refuse("vfio-pci", "EIO")
        self.assertEqual(self.hook("prepare", BOTH).rc, 1)
        self.assert_as_it_was()

    def test_disk_that_does_not_come_back(self):
        """It is waited for, since some driver finds its disks late, but not for ever."""
        self.configure("step-timeout = 2")
        self.kernel.write(f"{FOLDER}/{NVME_ADDRESS}/nvme/nvme0/nvme0n1/wwid", "another\n")
        self.prepare()
        result = self.hook("release", BOTH)
        self.assertEqual((result.rc, result.err), (
            0, f"Not all that was set of {NVME_ADDRESS} can be put back: nvme/nvme0/nvme0n1: it has "
            "not come back.\n"))
        super().assert_as_it_was()

    def faults(self, xml, k, *fault):
        """Release, with a fault at its k-th write."""
        self.kernel.reset()
        self.set()
        self.prepare(xml)
        self.kernel.recount()
        self.kernel.fault(k, *fault)
        return self.hook("release", xml)

    def count(self, xml):
        self.prepare(xml)
        self.kernel.recount()
        self.good(self.hook("release", xml))
        return self.kernel.writes()

    def test_write_that_fails(self):
        """The device is back; what isn't as it was is said, once."""
        for slot, address in enumerate(SET, 1):  # Of two at a time, the order isn't known.
            lost = 0
            for k in range(1, self.count(domain(hostdev(slot))) + 1):
                for error in (*ERRORS, None):
                    with self.subTest(address=address, write=k, error=error):
                        lost += self.lose(address, domain(hostdev(slot)), k,
                                          *(("errno", error) if error else ("ignore",)))
            self.assertEqual(lost, len(LOST[address]) * (len(ERRORS) + 1))

    def lose(self, address, xml, k, *fault):
        """How many settings are lost, which is at most the one that was to be written."""
        result = self.faults(xml, k, *fault)
        if result.rc:
            self.assertEqual(self.tool("recover").rc, 0)
            self.assert_as_it_was()
            return 0
        self.assertRegex(result.err, rf"\ANot all that was set of {address} can be put back: "
                         r"[\w/]+ to [^;]*: [^;]*\.\n\Z")
        super().assert_as_it_was()
        (where, path), = [(where, path) for where, values in self.values().items()
                          for path, value in values.items() if value != SET[where][path]]
        self.assertIn(f"of {where} can be put back: {path} to", result.err)
        return 1

    def test_killed_at_every_write(self):
        for k in range(1, self.count(BOTH) + 1):
            for when in ("kill-before", "kill-after"):
                for who in ("leader", "both", "caller"):
                    with self.subTest(write=k, when=when, who=who):
                        self.assertNotEqual(self.faults(BOTH, k, when, who).rc, 0)
                        self.assertEqual(self.tool("recover").rc, 0)
                        self.assert_as_it_was()

    def test_interface_that_can_not_be_told_from_another(self):
        """Or is not there: nothing is set of somebody else's."""
        with FakeKernel(DRIVERS + NIC + f"""
bound {NIC_ADDRESS} e1000e net/fake0/dev_port 1
setting {NIC_ADDRESS} e1000e net/fake0/mtu 1500
bound {NIC_ADDRESS} e1000e net/fake1/dev_port 1
setting {NIC_ADDRESS} e1000e net/fake1/mtu 1500
""") as self.kernel:
            self.kernel.write(f"{FOLDER}/{NIC_ADDRESS}/net/fake0/mtu", "9000\n")
            self.good(self.hook("prepare", domain(hostdev(1))))
            result = self.hook("release", domain(hostdev(1)))
            self.assertEqual(result.rc, 0)
            self.assertIn("net/fake0: it can't be told from others", result.err)
            self.assertIn("net/fake1: it can't be told from others", result.err)
            self.assertEqual(self.kernel.read(f"{FOLDER}/{NIC_ADDRESS}/net/fake1/mtu"), "1500\n")

    def test_what_can_not_be_read(self):
        """It is said before the guest starts, and nothing is written to it."""
        with FakeKernel(DRIVERS + NIC + f"attr {NIC_ADDRESS} power/wakeup/\n") as self.kernel:
            result = self.hook("prepare", domain(hostdev(1)))
            self.assertEqual((result.rc, result.err), (
                0, f"power/wakeup of {NIC_ADDRESS} can't be read (Is a directory), so it can't be "
                "put back when the device returns.\n"))
            self.good(self.hook("release", domain(hostdev(1))))

    def test_plan_shows_what_is_saved(self):
        saved = f"  saved    {NIC_ADDRESS}  power/control auto, power/wakeup enabled, d3cold_allowed 0, "
        self.kernel.path("/run/guest.xml").write_text(domain(hostdev(1)))
        result = self.tool("plan", "/run/guest.xml")
        self.assertIn(saved + "reset_method (nothing), ", result.out)
        self.assertEqual(self.kernel.writes(), 0)

    def test_every_writable_one_has_a_row(self):
        writable = set()
        for address in SET:
            top = os.path.realpath(self.kernel.path(f"{FOLDER}/{address}"))
            for folder, _, names in os.walk(self.kernel.path(f"{FOLDER}/{address}")):
                for name in names:
                    path = os.path.join(folder, name)
                    if not os.path.islink(path) and os.stat(path).st_mode & 0o222:
                        writable.add(os.path.relpath(os.path.realpath(path), top))
        # The identity of a disk can be written here only.
        writable.remove("nvme/nvme0/nvme0n1/wwid")
        self.assertLess({path for each in SET.values() for path in each}, writable)
        self.assertEqual(attributes.without_a_row(writable), [])
