# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that go to a running guest and come from it; hotplug.c stands for the tool,
and what it is told the guest has for libvirt."""

import itertools
import re
import subprocess

from program import domain, hostdev
from test_every_write import (ERRORS, GPU, LATE, NIC, NVME, OTHER, PROGRAM_FOLDER, USB, OnFakeKernel)

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
HOTPLUG = PROGRAM_FOLDER / "tests/fakekernel/hotplug/hotplug"

# What is held counts wherever it is held, and the other tests run meanwhile.
NIC, NVME, GPU, USB = (
    re.sub(r"0000:0([123]):00", r"0000:5\1:00", text).replace("group=1", "group=51")
    for text in (NIC, NVME, GPU, USB))
NIC_ADDRESS, NVME_ADDRESS = "0000:51:00.0", "0000:52:00.0"
GROUP = [f"0000:53:00.{function}" for function in range(4)]

# Its own name, as QEMU's, tells which guest it is; it ends with its standard input.
GUEST = 'for each; do exec 9<"$each"; done; echo; read end'


class Hotplug(OnFakeKernel):
    slow = True

    def boot(self, description):
        super().boot(description)
        self.guest = None
        self.addCleanup(self.end_guest)

    def run_guest(self, *held):
        """The guest's process, with files open."""
        self.end_guest()
        self.guest = self.kernel.popen(["sh", "-c", GUEST, UUID, *held], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.assertEqual(self.guest.stdout.readline(), b"\n")
        folder = self.kernel.run_dir / "libvirt/qemu"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "guest.pid").write_text(f"{self.guest.pid}\n")

    def end_guest(self):
        if self.guest:
            self.guest.communicate()
            self.guest = None

    def start_guest(self, xml=None):
        """With what the hook does for it."""
        if xml:
            self.good(self.hook("prepare", xml))
        self.run_guest()
        if xml:
            self.good(self.hook("started", xml))
        self.kernel.recount()

    def move(self, verb, *addresses, has=(), siblings="refuse", wrap=()):
        return self.kernel.run([*wrap, HOTPLUG, verb, "guest", UUID, siblings,
                                ",".join(has) or "-", *addresses])

    def claimed(self):
        return {claim["uuid"]: (claim["state"], [each["address"] for each in claim["devices"]])
                for claim in self.status()}

    def assert_on(self, address, driver):
        self.assertRegex(self.kernel.state(), rf"(?m)^{address} {driver} ")

    def test_there_and_back(self):
        self.boot(NIC + NVME)
        xml = domain(hostdev(0x51))
        self.start_guest(xml)
        with_nic = self.kernel.state()
        self.good(self.move("attach", NVME_ADDRESS, has=(NIC_ADDRESS, NVME_ADDRESS)))
        self.assert_on(NVME_ADDRESS, "vfio-pci")
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS, NVME_ADDRESS])})
        self.good(self.move("detach", NVME_ADDRESS, has=(NIC_ADDRESS,)))
        self.assertEqual(self.kernel.state(), with_nic)
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
        self.good(self.move("detach", NIC_ADDRESS))
        self.assert_as_it_was()

    def test_group_that_comes_late(self):
        """Its own claim, by which it is held when that is judged, isn't in its way."""
        late = LATE.replace("0000:01:", "0000:51:").replace("late=11", "late=521")
        self.boot(late + NVME)
        self.start_guest()
        self.good(self.move("attach", NIC_ADDRESS, has=(NIC_ADDRESS,)))
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
        self.good(self.move("detach", NIC_ADDRESS))
        self.assert_as_it_was()
        # In one group with what the host uses.
        self.end_guest()
        self.boot(late + NVME.replace("group=512", "group=521"))
        self.start_guest()
        result = self.move("attach", NIC_ADDRESS, has=(NIC_ADDRESS,))
        self.assertEqual(result.rc, 1)
        self.assertIn(f"while the host still uses {NVME_ADDRESS}", result.err)
        self.assert_as_it_was()

    def test_release_returns_what_was_attached(self):
        self.boot(NIC + NVME)
        xml = domain(hostdev(0x51))
        self.start_guest(xml)
        self.good(self.move("attach", NVME_ADDRESS, has=(NIC_ADDRESS, NVME_ADDRESS)))
        self.end_guest()
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def test_guest_that_had_nothing(self):
        self.boot(NIC)
        xml = domain()
        self.start_guest()
        self.good(self.move("attach", NIC_ADDRESS, has=(NIC_ADDRESS,)))
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
        self.assertEqual(self.tool("recover").out, "There was nothing to give back.\n")
        self.good(self.hook("reconnect", xml))
        self.end_guest()
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def test_what_libvirt_refuses_goes_back(self):
        self.boot(NIC + NVME)
        self.start_guest()
        self.good(self.move("attach", NIC_ADDRESS, NVME_ADDRESS))
        self.assert_as_it_was()
        # It couldn't take the first one away again.
        self.good(self.move("attach", NIC_ADDRESS, NVME_ADDRESS, has=(NIC_ADDRESS,)))
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
        self.assert_on(NIC_ADDRESS, "vfio-pci")
        self.assert_on(NVME_ADDRESS, "nvme")

    def test_guest_that_ended_meanwhile(self):
        self.boot(NIC)
        self.good(self.move("attach", NIC_ADDRESS, has=(NIC_ADDRESS,)))
        self.assert_as_it_was()

    def test_guest_that_keeps_it(self):
        self.boot(NIC)
        xml = domain(hostdev(0x51))
        self.start_guest(xml)
        before = self.kernel.state()
        self.good(self.move("detach", NIC_ADDRESS, has=(NIC_ADDRESS,)))
        self.assertEqual(self.kernel.state(), before)
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
        self.end_guest()
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def test_group_goes_back_with_its_last_device(self):
        self.boot(GPU + USB)
        self.start_guest()
        self.good(self.move("attach", GROUP[0], GROUP[1], has=GROUP[:2], siblings="bind"))
        _, devices = self.claimed()[UUID]
        self.assertEqual(devices, [GROUP[0], GROUP[2], GROUP[1]])
        taken = self.kernel.state()
        # A group that is open lets no host driver in.
        self.run_guest("/dev/vfio/513")
        result = self.move("detach", GROUP[1], has=GROUP[:1])
        self.assertEqual((result.rc, result.err), (
            0, f"{GROUP[1]} comes back to the host only with the rest of IOMMU group 513, of which "
               "the guest keeps a device.\n"))
        self.assertEqual(self.kernel.state(), taken)
        self.assertEqual(self.claimed(), {UUID: ("running", devices)})
        # Nor is anything written down anew that a kill could leave behind.
        self.assertFalse(self.killed("detach", "renameat", 1, GROUP[1], has=GROUP[:1]))
        # What has no driver can join what the guest has already.
        self.good(self.move("attach", GROUP[3], has=(GROUP[0], GROUP[3]), siblings="bind"))
        self.assert_on(GROUP[3], "vfio-pci")
        self.run_guest()
        self.good(self.move("detach", GROUP[3], GROUP[0]))
        self.assert_as_it_was()

    def test_refusals_are_the_hooks(self):
        self.boot(NIC + NVME + GPU)
        other = domain(hostdev(0x51), name="other", uuid=OTHER)
        self.start_guest()
        self.good(self.hook("prepare", other, "other"))
        before, claims = self.kernel.state(), self.kernel.claims()
        for address, words in ((NIC_ADDRESS, "can't be given to guest 'guest': guest 'other' has it, and is being "
                                   "started."),
                               (GROUP[0], f"while the host still uses {GROUP[1]}"),
                               ("0000:77:00.0", "Guest 'guest' asks for PCI device 0000:77:00.0, but")):
            with self.subTest(address=address):
                result = self.move("attach", NVME_ADDRESS, address, has=(NVME_ADDRESS, address))
                self.assertEqual(result.rc, 1)
                self.assertIn(words, result.err.splitlines()[0])
                self.assertEqual(self.kernel.state(), before)
                self.assertEqual(self.kernel.claims(), claims)

    def test_other_guest_wants_what_is_on_its_way(self):
        """Who moves it is dead; while the guest has it, nobody else gets it."""
        self.boot(NIC)
        other = domain(hostdev(0x51), name="other", uuid=OTHER)
        self.start_guest()
        self.killed("attach", "renameat", 3)
        self.run_guest("/dev/vfio/511")
        result = self.hook("prepare", other, "other")
        self.assertEqual(result.rc, 1)
        self.assertIn("guest 'guest' has it", result.err)
        self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
        self.good(self.move("detach", NIC_ADDRESS, has=(NIC_ADDRESS,)))
        self.run_guest()
        self.good(self.move("detach", NIC_ADDRESS))
        self.good(self.hook("prepare", other, "other"))
        self.good(self.hook("release", other, "other"))
        self.assert_as_it_was()

    def killed(self, verb, call, k, address=NIC_ADDRESS, has=None):
        """At the k-th such call; whether there was one."""
        if has is None:
            has = (address,) if verb == "attach" else ()
        result = self.move(verb, address, has=has, wrap=(
            "strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
            f"inject={call}:signal=SIGKILL:when={k}"))
        self.assertIn(result.rc, (0, -9), result)
        return result.rc != 0

    def each_kill(self, verb, case):
        """At every system call that writes something down, or goes on to the next thing."""
        cases = 0
        for call in ("write", "renameat", "unlinkat", "mkdirat", "flock", "clone", "clone3"):
            for k in itertools.count(1):
                self.kernel.reset()
                self.start_guest()
                if verb == "detach":
                    self.good(self.move("attach", NIC_ADDRESS, has=(NIC_ADDRESS,)))
                if not self.killed(verb, call, k):
                    break
                cases += 1
                with self.subTest(verb=verb, call=call, number=k):
                    case()
        print(f"      {verb}, {case.__name__}: {cases} cases", flush=True)
        self.assertGreater(cases, 10)

    def guest_ends(self):
        self.end_guest()
        self.good(self.hook("release", domain()))
        self.assert_as_it_was()

    def recovered(self):
        """The guest has not got it: it goes back, unless it was added already."""
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertLessEqual(set(self.claimed()), {UUID})
        if not self.claimed():
            self.assert_as_it_was()
        self.guest_ends()

    def recovered_while_the_guest_has_it(self):
        """It is added to what the guest holds, and comes back with that."""
        if self.kernel.path("/dev/vfio/511").exists():
            self.run_guest("/dev/vfio/511")
            result = self.tool("recover")
            self.assertEqual((result.rc, result.out), (0, "There was nothing to give back.\n"))
            self.assertEqual(self.claimed(), {UUID: ("running", [NIC_ADDRESS])})
            self.assert_on(NIC_ADDRESS, "vfio-pci")
        else:
            self.assertEqual(self.tool("recover").rc, 0)
        self.guest_ends()

    def test_killed_anywhere(self):
        self.boot(NIC)
        for verb in ("attach", "detach"):
            self.each_kill(verb, self.recovered)
            self.each_kill(verb, self.recovered_while_the_guest_has_it)

    def test_killed_or_failing_at_every_write(self):
        self.boot(NIC + NVME)
        both = (NIC_ADDRESS, NVME_ADDRESS)
        self.start_guest()
        self.good(self.move("attach", *both, has=both))
        writes = {"attach": self.kernel.writes()}
        self.kernel.recount()
        self.good(self.move("detach", *both))
        writes["detach"] = self.kernel.writes()
        faults = [("errno", error) for error in ERRORS] + [
            (when, who) for when in ("kill-before", "kill-after") for who in ("leader", "both")]
        for verb, number in writes.items():
            for k in range(1, number + 1):
                for fault in faults:
                    with self.subTest(verb=verb, write=k, fault=fault):
                        self.kernel.reset()
                        self.start_guest()
                        if verb == "detach":
                            self.good(self.move("attach", *both, has=both))
                            self.kernel.recount()
                        self.kernel.fault(k, *fault)
                        result = self.move(verb, *both, has=both if verb == "attach" else ())
                        self.assertNotEqual(result.rc, 0)
                        if verb == "detach" or fault[0] != "errno":
                            (state, _), = self.claimed().values()
                            self.assertEqual(state, "left behind")
                        self.assertEqual(self.tool("recover").rc, 0)
                        self.assert_as_it_was()
