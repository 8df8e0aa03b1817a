# SPDX-License-Identifier: GPL-2.0-or-later
"""All or nothing: every write to the kernel fails once in every way, and at every
write the hook is killed. Afterwards the host is as it was, or status says what
isn't. No write is left out."""

import json
import re
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

import fakekernel
from fakekernel import FakeKernel

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "cli"))

from claims import changed  # noqa: E402
from program import SIBLINGS, domain, hostdev  # noqa: E402
from setting import step_seconds  # noqa: E402

PROGRAM_FOLDER = TOP / "build" / "gcc"
HOOK = PROGRAM_FOLDER / "hooks" / "qemu"
TOOL = PROGRAM_FOLDER / "tools" / "virt-hostdev"

STEP = step_seconds()
ERRORS = ("EBUSY", "EINVAL", "ENODEV", "EIO")
OTHER = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"

DRIVERS = """
driver pcieport managed-dma *:*:0604??
driver vfio-pci vfio
driver e1000e 8086:10d3
driver nvme *:*:0108??
driver nouveau *:*:0300??
driver snd_hda_intel *:*:0403??
driver xhci_hcd *:*:0c03??
device 0000:00:01.0 8086:1901 060400 driver=pcieport group=1 bridge
device 0000:00:02.0 8086:1901 060400 driver=pcieport group=2 bridge
device 0000:00:03.0 8086:1901 060400 driver=pcieport group=3 bridge
"""
NIC = "device 0000:01:00.0 8086:10d3 020000 driver=e1000e group=11 behind=0000:00:01.0\n"
NVME = "device 0000:02:00.0 144d:a808 010802 driver=nvme group=12 behind=0000:00:02.0\n"
GPU = """
device 0000:03:00.0 10de:1f06 030000 driver=nouveau group=13 behind=0000:00:03.0
device 0000:03:00.1 10de:10f9 040300 driver=snd_hda_intel group=13 behind=0000:00:03.0
"""
USB = """
device 0000:03:00.2 10de:1ada 0c0330 driver=xhci_hcd group=13 behind=0000:00:03.0
device 0000:03:00.3 10de:1adb 0c8000 group=13 behind=0000:00:03.0
"""

LATE = """
file class/iommu/smmu3.0x0000000009050000/
device 0000:01:00.0 10de:ffff 120000 late=11 behind=0000:00:01.0
"""

# What else a card with the host's screen has.
SHOWN = """
device 0000:03:00.1 10de:10f9 040300 driver=snd_hda_intel group=13 behind=0000:00:03.0
attr 0000:03:00.0 resource0 x
"""
NVIDIA = """
driver nvidia keeps 10de:*:03????
consoles
module nvidia_modeset on=nvidia
module nvidia_drm on=nvidia_modeset param:modeset=Y setting:fbdev=Y
module nvidia_uvm on=nvidia
device 0000:03:00.0 10de:1f06 030000 driver=nvidia group=13 behind=0000:00:03.0
screen 0000:03:00.0 nvidia card0 fb0 by=nvidia_drm DP-1=connected
""" + SHOWN
NOUVEAU = """
consoles
device 0000:03:00.0 10de:1f06 030000 driver=nouveau group=13 behind=0000:00:03.0
screen 0000:03:00.0 nouveau card0 fb0 DP-1=connected
""" + SHOWN


def hand_over(inner="", *devices):
    """A guest that gets the host's screen."""
    return domain(*(devices or (hostdev(3), hostdev(3, function=1))), metadata=(
        "<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'>"
        f"<h:display hand-over='yes'>{inner}</h:display></h:hostdev></metadata>"))


# Name: the host, and what the guest asks for.
SCENARIOS = {
    "one device": (NIC, domain(hostdev(1))),
    "two devices in two groups": (NIC + NVME, domain(hostdev(1), hostdev(2))),
    "group of four with siblings bound along": (GPU + USB, domain(
        hostdev(3), hostdev(3, function=1), metadata=SIBLINGS)),
    "device without a driver": (
        NIC.replace("driver=e1000e", ""), domain(hostdev(1))),
    "device whose group comes late": (LATE, domain(hostdev(1))),
    "override that was set before": (
        NIC.replace("group=11", "override=e1000e group=11"), domain(hostdev(1))),
    "NVMe, NIC and GPU": (NIC + NVME + GPU, domain(
        hostdev(2), hostdev(1), hostdev(3), hostdev(3, function=1))),
    "card with the screen": (NVIDIA, hand_over()),
}


@unittest.skipIf(fakekernel.unavailable(), fakekernel.unavailable())
class OnFakeKernel(unittest.TestCase):
    def boot(self, description):
        self.kernel = FakeKernel(DRIVERS + description)
        self.addCleanup(self.kernel.close)
        self.start = self.kernel.state()

    def configure(self, *settings):
        """The host's configuration, in an /etc that holds nothing else."""
        self.kernel.run(["sh", "-ec", "mount -t tmpfs etc /etc; cat >/etc/virt-hostdev.conf"],
                        stdin="\n".join(("[host]", *settings, "")))

    def hook(self, event, xml, name="guest"):
        return self.kernel.run([HOOK, name, event, "begin", "-"], stdin=xml)

    def tool(self, *arguments):
        return self.kernel.run([TOOL, *arguments])

    def good(self, result):
        """It has nothing to say, but what happens to the host's screen."""
        err = "".join(line for line in result.err.splitlines(True)
                      if not line.startswith("The host's screen goes with "))
        self.assertEqual((result.rc, result.out, err), (0, "", ""))

    def assert_as_it_was(self):
        self.assertEqual(self.kernel.state(), self.start)
        self.assertEqual(self.kernel.claims(), {})

    def forget_daemon(self, claim):
        """A process with that number, but one that was started later."""
        changed(claim, lambda text: re.sub(r"(?m)^(state \w+ \d+ \d+ )(\d+)", lambda found:
                                           found[1] + str(int(found[2]) + 1), text))

    def status(self):
        return json.loads(self.tool("status", "--json").out)["claims"]


class EveryWrite(OnFakeKernel):
    slow = True

    def writes_of(self, event, xml):
        """How many writes the event makes, from where the kernel is now."""
        self.kernel.recount()
        self.good(self.hook(event, xml))
        return self.kernel.writes()

    def counts(self, xml):
        prepare = self.writes_of("prepare", xml)
        self.written = self.kernel.written()
        release = self.writes_of("release", xml)
        self.assertGreater(prepare, 0)
        self.assertGreater(release, 0)
        self.assert_as_it_was()
        return prepare, release

    def fail_prepare(self, xml, k, error):
        self.kernel.fault(k, "errno", error)
        if " unload " in self.written[k - 1] and error == "EBUSY":
            # A module that is in use for a moment.
            self.good(self.hook("prepare", xml))
            self.good(self.hook("release", xml))
            self.assert_as_it_was()
            return
        result = self.hook("prepare", xml)
        self.assertEqual((result.rc, result.out), (1, ""), result.err)
        self.assertRegex(result.err, r"^\S+ can't be |^The driver_override of |"
                                     r"^The consoles can't be taken|^Module \S+ can't be unloaded")
        self.assert_as_it_was()
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def fail_release(self, xml, k, error):
        self.good(self.hook("prepare", xml))
        self.kernel.recount()
        self.kernel.fault(k, "errno", error)
        result = self.hook("release", xml)
        self.assertEqual((result.rc, result.out), (1, ""), result.err)
        claim, = self.status()
        self.assertEqual(claim["state"], "left behind")
        # The first line, and what else went wrong.
        self.assertTrue(claim["error"].startswith(result.err.splitlines()[0]),
                        (result.err, claim["error"]))
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def kill(self, xml, event, k, when, who):
        if event == "release":
            self.good(self.hook("prepare", xml))
            self.kernel.recount()
        self.kernel.fault(k, when, who)
        result = self.hook(event, xml)
        self.assertEqual(result.rc, 1 if who == "caller" else -9, result)

    def kill_then_release(self, xml, event, k, when, who):
        """As libvirt does at once: it sees that the hook has failed."""
        self.kill(xml, event, k, when, who)
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def kill_then_next_guest(self, xml, event, k, when, who):
        """The daemon called no release, and is gone: its claim is found and undone."""
        self.kill(xml, event, k, when, who)
        for name in self.kernel.claims():
            self.forget_daemon(self.kernel.run_dir / "virt-hostdev/claims" / name)
        other = xml.replace("<name>guest<", "<name>other<").replace(
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8", OTHER)
        self.good(self.hook("prepare", other, "other"))
        self.assertEqual(list(self.kernel.claims()), [OTHER])
        self.good(self.hook("release", other, "other"))
        self.assert_as_it_was()

    def each_case(self, xml):
        prepare, release = self.counts(xml)
        self.writes = prepare + release
        for k in range(1, prepare + 1):
            for error in ERRORS:
                yield self.fail_prepare, (k, error)
        for k in range(1, release + 1):
            for error in ERRORS:
                yield self.fail_release, (k, error)
        for event, writes in (("prepare", prepare), ("release", release)):
            for k in range(1, writes + 1):
                for when in ("kill-before", "kill-after"):
                    for who in ("leader", "both", "caller"):
                        yield self.kill_then_release, (event, k, when, who)
                    yield self.kill_then_next_guest, (event, k, when, "both")

    def run_scenario(self, name):
        description, xml = SCENARIOS[name]
        self.boot(description)
        cases = 0
        for case, arguments in self.each_case(xml):
            with self.subTest(case=case.__name__, arguments=arguments):
                self.kernel.reset()
                case(xml, *arguments)
            cases += 1
        print(f"      {name}: {cases} cases", flush=True)
        # An errno each; two instants, three ways to kill and one other guest.
        self.assertEqual(cases, self.writes * (len(ERRORS) + 2 * 4))


class BetweenWrites(OnFakeKernel):
    slow = True

    """The hook is killed at every system call with which it writes something down, goes
    on to the next thing to do, or takes a lock."""

    CALLS = ("write", "rename", "renameat", "renameat2", "unlinkat", "mkdirat", "openat",
             "flock", "clone", "clone3")

    # Of the many files that are opened, those where something is written down.
    ONLY = {"openat": ["-P", "/run/virt-hostdev/claims"]}

    def run_scenario(self, name):
        description, xml = SCENARIOS[name]
        self.boot(description)
        for event in ("prepare", "release"):
            cases = sum(self.kill_at_each(call, event, xml) for call in self.CALLS)
            print(f"      {name}, {event}, between writes: {cases} cases", flush=True)
            self.assertGreater(cases, 10)

    def kill_at_each(self, call, event, xml):
        """Until a run is over before it is killed; how many were not."""
        k = 0
        while True:
            self.kernel.reset()
            if event == "release":
                self.good(self.hook("prepare", xml))
            result = self.killed_at(call, k + 1, event, xml)
            if result.rc == 0:
                return k
            k += 1
            with self.subTest(event=event, call=call, number=k):
                self.assertEqual(result.rc, -9, result)
                self.good(self.hook("release", xml))
                self.assert_as_it_was()

    def killed_at(self, call, k, event, xml):
        return self.kernel.run(
            ["strace", "-qq", "-o", "/dev/null", *self.ONLY.get(call, ()),
             "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={k}",
             HOOK, "guest", event, "begin", "-"], stdin=xml)


def _add_scenarios():
    for name in SCENARIOS:
        def test(self, name=name):
            self.run_scenario(name)
        setattr(EveryWrite, "test_" + name.replace(" ", "_").replace(",", ""), test)
    for name in ("one device", "group of four with siblings bound along",
                 "device whose group comes late"):
        def test_between(self, name=name):
            self.run_scenario(name)
        setattr(BetweenWrites, "test_" + name.replace(" ", "_"), test_between)


_add_scenarios()


class Sequence(OnFakeKernel):
    """Without faults: what is changed, and in which order."""

    def test_way_there_and_back(self):
        self.boot(NIC)
        xml = domain(hostdev(1))
        planned = json.loads(self.kernel.run([TOOL, "plan", "--json", "-"], stdin=xml).out)
        self.good(self.hook("prepare", xml))
        changes = self.kernel.changes()
        nic = "0000:01:00.0"
        self.assertEqual(changes, [f"override {nic} - vfio-pci", f"unbind {nic} e1000e",
                                   f"bind {nic} vfio-pci"])
        self.assertEqual([step["kind"] for step in planned["steps"]],
                         [change.split()[0] for change in changes])
        self.kernel.recount()
        self.good(self.hook("release", xml))
        self.assertEqual(self.kernel.changes(), [
            f"override {nic} vfio-pci e1000e", f"unbind {nic} vfio-pci", f"bind {nic} e1000e",
            f"override {nic} e1000e -"])
        self.assert_as_it_was()

    def test_release_twice_and_without_prepare(self):
        self.boot(NIC)
        xml = domain(hostdev(1))
        for _ in range(2):
            self.good(self.hook("release", xml))
        self.assertEqual(self.kernel.log(), [])

    def test_device_that_vanishes(self):
        self.boot(NIC + NVME)
        xml = domain(hostdev(1), hostdev(2))
        self.kernel.fault(2, "vanish", "0000:01:00.0")
        self.assertEqual(self.hook("prepare", xml).rc, 1)
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.good(self.hook("release", xml))
        self.assertEqual(self.kernel.claims(), {})


class Replaced(OnFakeKernel):
    def test_another_device_at_the_address(self):
        """What the guest had is gone, and what is there now was never taken."""
        self.boot(NIC + NVME)
        xml = domain(hostdev(1), hostdev(2))
        self.good(self.hook("prepare", xml))
        folder = self.kernel.run_dir / "virt-hostdev/claims"
        (name,) = self.kernel.claims()
        changed(folder / name, lambda text: text.replace("8086:10d3", "8086:1533"))
        result = self.hook("release", xml)
        self.assertEqual((result.rc, result.err), (
            0, "0000:01:00.0 can't be given back to the host: it is gone, and another device "
               "(8086:10d3) is in its place.\n"))
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.assertEqual(self.kernel.claims(), {})


class Detached(OnFakeKernel):
    def test_device_that_a_running_guest_gave_up(self):
        """libvirt gave it back when it was detached, and ran no hook: another guest may
        have it, and keeps it when the first one ends."""
        self.boot(NIC + NVME)
        first = domain(hostdev(1, managed="yes"), hostdev(2))
        second = domain(hostdev(1), name="second", uuid=OTHER)
        self.good(self.hook("prepare", first))
        refused = self.hook("prepare", second, "second")
        self.assertIn("guest 'guest' has it", refused.err)
        self.good(self.hook("started", first))
        # On its host driver, as after virsh detach-device.
        self.good(self.hook("prepare", second, "second"))
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        self.good(self.hook("release", first))
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.good(self.hook("release", second, "second"))
        self.assert_as_it_was()


class Hang(OnFakeKernel):
    def test_kernel_that_never_lets_go(self):
        """The hook leaves; the claim knows who still waits; recover ends it later."""
        self.boot(NIC + NVME)
        self.configure(f"step-timeout = {STEP}")
        xml = domain(hostdev(1), hostdev(2))
        self.kernel.fault(2, "hang")
        result = self.hook("prepare", xml)
        self.assertEqual(result.rc, 1)
        first = result.err.splitlines()[0]
        self.assertRegex(first, rf" can't be .*: the kernel has not answered for {STEP} seconds, and "
                                r"process \d+ still waits for it\.$")
        blocked = re.search(r"0000:0[12]:00\.0", first)[0]
        claim, = self.status()
        self.assertEqual(claim["state"], "left behind")
        result = self.hook("release", xml)
        self.assertEqual(result.rc, 1)
        self.assertIn(f"{blocked} can't be given back to the host yet", result.err)
        # The other device is back already.
        free = "0000:02:00.0 nvme -" if blocked == "0000:01:00.0" else "0000:01:00.0 e1000e -"
        self.assertIn(free, self.kernel.state())
        self.kernel.unblock()
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()


class ManyHang(OnFakeKernel):
    """However many devices hang, the hook waits for them once."""

    DEVICES = 4
    NICS = "".join(f"device 0000:{bus:02x}:00.0 8086:10d3 020000 driver=e1000e group={bus + 20}\n"
                   for bus in range(1, DEVICES + 1))

    def refuse_and_count(self, *words):
        """How long prepare has let itself wait in vain, in seconds."""
        xml = domain(*map(hostdev, range(1, self.DEVICES + 1)))
        result = self.kernel.run(["strace", "-qq", "-o", "/run/polls", "-e", "trace=poll",
                                  HOOK, "guest", "prepare", "begin", "-"], stdin=xml)
        self.assertEqual(result.rc, 1, result.err)
        for bus in range(1, self.DEVICES + 1):
            self.assertRegex(result.err, rf"0000:{bus:02x}:00\.0.*{words[0]}")
        said = (self.kernel.run_dir / "polls").read_text()
        return sum(map(int, re.findall(r", (\d+)\) += 0 \(Timeout\)", said))) / 1000

    def test_writes(self):
        self.boot(self.NICS)
        self.configure(f"step-timeout = {STEP}")
        # The first of each is done, so that the clock of the next starts anew.
        self.kernel.fault(self.DEVICES + 1, "hang", onwards=True)
        waited = self.refuse_and_count("has not answered for")
        self.assertGreater(waited, 0)
        self.assertLess(waited, 2 * STEP)
        self.kernel.unblock()

    def test_locks_of_somebody_else(self):
        self.boot(self.NICS)
        self.configure(f"step-timeout = {STEP}")
        self.kernel.fault(1, "hang", onwards=True)
        for bus in range(1, self.DEVICES + 1):
            other = self.kernel.popen(
                ["sh", "-c", f"printf 0000:{bus:02x}:00.0 >/sys/bus/pci/drivers/e1000e/unbind"],
                stderr=subprocess.DEVNULL)
            self.addCleanup(other.wait)
        self.addCleanup(self.kernel.unblock, "EIO")
        while len(self.kernel.waiting()) < self.DEVICES:
            pass
        waited = self.refuse_and_count("the kernel doesn't answer for")
        self.assertGreater(waited, 0)
        self.assertLess(waited, 2 * STEP)


class ForeignHang(OnFakeKernel):
    def hang(self):
        """Somebody's unbind of the NIC never ends and keeps the device's lock."""
        self.boot(NIC + NVME)
        self.configure(f"step-timeout = {STEP}")
        self.kernel.fault(1, "hang")
        other = self.kernel.popen(
            ["sh", "-c", "printf 0000:01:00.0 >/sys/bus/pci/drivers/e1000e/unbind"],
            stderr=subprocess.DEVNULL)
        self.addCleanup(other.wait)
        self.addCleanup(self.kernel.unblock, "EIO")
        while not self.kernel.waiting():
            self.assertIsNone(other.poll())

    def test_capture_goes_on_without_the_device(self):
        self.hang()
        result = self.kernel.run([TOOL, "capture", "/run/host.tar"])
        self.assertEqual(result.rc, 0, result.err)
        with tarfile.open(self.kernel.run_dir / "host.tar") as tar:
            members = {member.name: member.isreg() and tar.extractfile(member).read()
                       for member in tar}
        unread = [line for line in members["virt-hostdev-capture"].decode().splitlines()
                  if line.startswith("unread sys/")]
        folder = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"
        self.assertEqual(unread, [f"unread {folder}/driver_override it%20does%20not%20answer"])
        self.assertNotIn(f"{folder}/driver_override", members)
        self.assertEqual(members[f"{folder}/vendor"], b"0x8086\n")
        overrides = [name for name in members if name.endswith("/driver_override")]
        self.assertEqual({members[name] for name in overrides}, {b"(null)\n"})
        listed = [self.tool("list", "--json", *root).out
                  for root in ((), ("--root", "/run/host.tar"))]
        self.assertEqual(listed[0], listed[1])

    def test_unbind_of_somebody_else_that_hangs(self):
        """It holds the device's lock, so even reading of the device waits for ever."""
        self.hang()
        self.assertEqual(self.tool("list").rc, 0)
        xml = domain(hostdev(2), hostdev(1))
        result = self.hook("prepare", xml)
        self.assertEqual(result.rc, 1)
        self.assertIn("can't be given to guest 'guest': the kernel doesn't answer for "
                      "0000:01:00.0", result.err.splitlines()[0])
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.assertEqual(self.kernel.claims(), {})
        # Who asks why isn't kept either.
        rows = {row["id"]: row for row in
                json.loads(self.tool("doctor", "--json", "01:00.0").out)["checks"]}
        self.assertEqual(rows["device-answers"]["status"], "fail")
        # Who wants another device isn't kept.
        xml = domain(hostdev(2))
        self.good(self.hook("prepare", xml))
        self.good(self.hook("release", xml))
