# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that hold a device, found before it is taken from them."""

import fcntl
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import test_every_write
from fakekernel import FakeKernel
from program import domain, hostdev
from setting import HANG, step_seconds
from test_every_write import DRIVERS, HOOK, TOOL, OnFakeKernel


def elsewhere(description):
    """The other tests run meanwhile, and what is held counts wherever it is held: so
    these devices are at bus 40 and more, in groups of three digits."""
    return re.sub(r"0000:0([123]):00", r"0000:4\1:00", description).replace("group=1", "group=41")


NIC, NVME, GPU = map(elsewhere, (test_every_write.NIC, test_every_write.NVME,
                                 test_every_write.GPU))

# /dev/full, which nobody else has open, stands for every device node.
FULL = "1:7"

USB_CONTROLLER = NVME.replace("010802", "0c0330").replace("driver=nvme", "driver=xhci_hcd")

# Of the NIC, behind its port.
FOLDER = "/sys/devices/pci0000:00/0000:00:01.0/0000:41:00.0"

# The file is closed, but its memory is still mapped.
MAPPER = ("with open('/sys/bus/pci/devices/0000:41:00.0/resource0', 'rb') as file:\n"
          "    memory = mmap.mmap(file.fileno(), 1, mmap.MAP_PRIVATE, mmap.PROT_READ)\n"
          "os.closerange(3, 100)")

STEP = step_seconds()


class _Held(OnFakeKernel):
    def hold(self, path, redirection="<"):
        """A process that has a file open; where it stands is where it writes."""
        process = self.kernel.popen(
            ["sh", "-c", f'exec 3{redirection}"$1" && echo && exec sleep 3600', "sh", path],
            stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"\n")
        # From here on it is called sleep.
        self.wait_for(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
        return process

    def is_locked(self, group):
        with open(self.kernel.run_dir / f"virt-hostdev/locks/group-{group}", "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wait_for(self, condition):
        deadline = time.monotonic() + HANG
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def end(self, process):
        process.kill()
        process.wait()
        process.stdout.close()

    def findings(self, xml):
        report = json.loads(self.kernel.run([TOOL, "check", "--json", "-"], stdin=xml).out)
        return [(each["id"], each["severity"], each["message"])
                for device in report["devices"] for each in device["findings"]]

    def assert_warned(self, xml, words):
        """check says so; the guest starts all the same."""
        (name, severity, message), = self.findings(xml)
        self.assertEqual((name, severity), ("device-held", "warning"))
        self.assertIn(words, message)
        self.assertEqual(self.hook("prepare", xml).rc, 0)
        self.good(self.hook("release", xml))
        self.assert_as_it_was()

    def assert_refused(self, xml, words):
        (name, severity, message), = self.findings(xml)
        self.assertEqual((name, severity), ("device-held", "error"))
        self.assertIn(words, message)
        result = self.hook("prepare", xml)
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertEqual(result.err.splitlines()[0], message)
        self.assertEqual(self.kernel.writes(), 0)
        self.assert_as_it_was()

    def run_holder(self, script, *arguments, unshare=()):
        """A Python program that goes on when it has set itself up."""
        enter = ["unshare", *unshare] if unshare else []
        process = self.kernel.popen(
            [*enter, "python3", "-c", f"import mmap, os, resource, subprocess, sys, time\n{script}\n"
                                      "print(flush=True)\ntime.sleep(3600)", *arguments],
            stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"\n")
        return process

    def assert_unknown(self, xml, severity, words):
        (name, its, message), *others = self.findings(xml)
        self.assertEqual((name, its), ("holders-unknown", severity))
        self.assertEqual({other[0] for other in others} - {name}, set())
        self.assertIn(words, message)
        return message


class Holders(_Held):
    def test_nobody(self):
        self.boot(NIC)
        self.assertEqual(self.findings(domain(hostdev(0x41))), [])

    def test_character_device(self):
        self.boot(GPU + f"bound 0000:43:00.1 snd_hda_intel sound/card1/controlC1/dev {FULL}\n")
        xml = domain(hostdev(0x43), hostdev(0x43, function=1))
        holder = self.hold("/dev/full")
        self.assert_warned(xml, f"0000:43:00.1 (NVIDIA Corporation TU106 High Definition Audio "
                                f"Controller, IOMMU group 413, driver snd_hda_intel) will be lost to "
                                f"who uses it on the host: process {holder.pid} (sleep) has "
                                f"/dev/full open.")
        self.end(holder)
        self.assertEqual(self.findings(xml), [])

    def test_character_device_that_blocks_its_driver(self):
        self.boot("driver nvidia 10de:*:0300??\n" +
                  GPU.replace("driver=nouveau", "driver=nvidia") +
                  f"bound 0000:43:00.0 nvidia drm/card0/dev {FULL}\n")
        holder = self.hold("/dev/full")
        self.assert_refused(domain(hostdev(0x43), hostdev(0x43, function=1)),
                            f"while process {holder.pid} (sleep) has /dev/full open: driver nvidia "
                            f"would wait for it for ever.")

    def test_device_behind_many_hubs(self):
        path = "usb1/" + "".join(f"1-{'1.' * hub}1/" for hub in range(7)) + "x:1.0/tty/ttyUSB0/dev"
        self.boot(USB_CONTROLLER + f"bound 0000:42:00.0 xhci_hcd {path} {FULL}\n")
        self.hold("/dev/full")
        self.assert_warned(domain(hostdev(0x42)), "(sleep) has /dev/full open")

    def test_more_holders_than_a_sentence_can_take(self):
        self.boot(GPU + f"bound 0000:43:00.1 snd_hda_intel sound/card1/controlC1/dev {FULL}\n")
        for _ in range(5):
            self.hold("/dev/full")
        (_, _, message), = self.findings(domain(hostdev(0x43), hostdev(0x43, function=1)))
        self.assertRegex(message, r"(process \d+ \(sleep\) has /dev/full open and ){2}"
                                  r"process \d+ \(sleep\) has /dev/full open and 2 more processes\.$")

    def test_memory_of_the_device(self):
        self.boot(NIC + "attr 0000:41:00.0 resource0 x\nattr 0000:41:00.0 resource0_wc x\n")
        for name in ("resource0", "resource0_wc"):
            holder = self.hold(f"/sys/bus/pci/devices/0000:41:00.0/{name}")
            self.assert_refused(domain(hostdev(0x41)),
                                f"(sleep) has {FOLDER}/{name} in use: it "
                                "drives the device itself.")
            self.end(holder)

    def test_name_of_its_memory(self):
        """Anybody may call his file so."""
        self.boot(NIC + "attr 0000:41:00.0 resource0 x\n")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "0000:41:00.0/resource0")
            file.parent.mkdir()
            file.write_text("x")
            self.run_holder("file = open(sys.argv[1], 'r+b')\n"
                            "memory = mmap.mmap(file.fileno(), 1)", str(file))
            # Of the same file system.
            self.hold("/sys/bus/pci/devices/0000:41:00.0/vendor")
            self.assertEqual(self.findings(domain(hostdev(0x41))), [])

    def test_name_of_its_group(self):
        """Anybody has a /dev of his own, in a namespace of his own."""
        self.boot(NIC.replace("driver=e1000e", "driver=vfio-pci override=vfio-pci"))
        self.run_holder("subprocess.run(['mount', '-t', 'tmpfs', 'mine', '/dev/vfio'], check=True)\n"
                        "file = open('/dev/vfio/411', 'w')", unshare=["--mount"])
        self.assertEqual(self.findings(domain(hostdev(0x41))), [])

    def test_group_by_another_name(self):
        self.boot(NIC.replace("driver=e1000e", "driver=vfio-pci override=vfio-pci"))
        holder = self.run_holder(
            "os.mkdir('/dev/shm/mine')\n"
            "subprocess.run(['mount', '--bind', '/dev/vfio', '/dev/shm/mine'], check=True)\n"
            "file = open('/dev/shm/mine/411')", unshare=["--mount"])
        self.assert_refused(domain(hostdev(0x41)),
                            f"process {holder.pid} (python3) has /dev/shm/mine/411 open")

    def test_path_that_is_open(self):
        """O_PATH takes no permission, and the driver isn't asked."""
        self.boot(NIC.replace("driver=e1000e", "driver=vfio-pci override=vfio-pci") +
                  "attr 0000:41:00.0 resource0 x\n")
        self.run_holder("for path in sys.argv[1:]:\n    os.open(path, os.O_PATH)", "/dev/vfio/411",
                        "/sys/bus/pci/devices/0000:41:00.0/resource0")
        self.assertEqual(self.findings(domain(hostdev(0x41))), [])

    def test_many_files_hide_nobody(self):
        self.boot(NIC + f"bound 0000:41:00.0 e1000e ptp/ptp0/dev {FULL}\n"
                  "attr 0000:41:00.0 resource0 x\n")
        crowd = self.run_holder(
            "_, most = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))\n"
            "file = os.open('/dev/full', os.O_RDONLY)\n"
            "for _ in range(min(20000, most - 100)):\n    os.dup(file)")
        for _ in range(4):
            self.hold("/dev/full")
        holder = self.hold("/sys/bus/pci/devices/0000:41:00.0/resource0")
        self.assertGreater(holder.pid, crowd.pid)
        xml = domain(hostdev(0x41))
        self.assert_refused(xml, f"while process {holder.pid} (sleep) has {FOLDER}/resource0 in use: ")
        self.end(holder)
        (_, _, message), = self.findings(xml)
        self.assertIn(f"process {crowd.pid} (python3) has /dev/full open and process", message)
        self.assertTrue(message.endswith(" and 2 more processes."), message)

    def test_first_thread_that_has_ended(self):
        """/proc shows no files of its process, but the others have them open."""
        self.boot(NIC.replace("driver=e1000e", "driver=vfio-pci override=vfio-pci"))
        holder = self.run_holder(
            "import ctypes, threading\n"
            "file = open('/dev/vfio/411')\n"
            "def stay():\n"
            "    while 'Z (zombie)' not in open(f'/proc/{os.getpid()}/status').read():\n"
            "        time.sleep(0.01)\n"
            "    print(flush=True)\n"
            "    time.sleep(3600)\n"
            "threading.Thread(target=stay).start()\n"
            "ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)")
        self.assert_refused(domain(hostdev(0x41)), f"process {holder.pid} (python3) has /dev/vfio/411 open")

    def boot_with_disk(self):
        """And a NIC, from which nobody loses anything for good."""
        disk = "nvme/nvme0/nvme0n1"
        self.boot(NIC + NVME + f"bound 0000:42:00.0 nvme {disk}/dev 259:0\n"
                  f"bound 0000:42:00.0 nvme {disk}/subsystem -> ../../../../../../../class/block\n"
                  "file class/block/\nlink class/block/nvme0n1 "
                  f"../../devices/pci0000:00/0000:00:02.0/0000:42:00.0/{disk}\n")
        return domain(hostdev(0x41)), domain(hostdev(0x42))

    def cover(self, name, path):
        """Something else is where /proc has a file or a folder."""
        self.assertEqual(self.kernel.run(["mount", "--bind", f"/run/{name}", path]).rc, 0)
        self.addCleanup(self.kernel.run, ["umount", path])

    def cover_maps(self, holder):
        """What it maps is not to be had: whoever opens it waits for ever."""
        os.mkfifo(self.kernel.run_dir / "maps")
        self.cover("maps", f"/proc/{holder.pid}/maps")

    def test_what_could_not_be_read(self):
        """It may be who has it: nobody is to try where that would lose data."""
        nic, disk = self.boot_with_disk()
        holder = self.hold("/dev/zero")
        (self.kernel.run_dir / "files").mkdir()
        (self.kernel.run_dir / "files/3").symlink_to("3")
        files = f"/proc/{holder.pid}/fd"
        self.assertEqual(self.kernel.run(["mount", "--bind", "/run/files", files]).rc, 0)
        words = (f"what process {holder.pid} (sleep) has open can't be read: "
                 "Too many levels of symbolic links.")
        self.assert_unknown(nic, "warning", words)
        message = self.assert_unknown(disk, "error", words)
        result = self.hook("prepare", disk)
        self.assertEqual((result.rc, result.err.splitlines()[0]), (1, message))
        self.assertEqual(self.kernel.writes(), 0)
        row, = [row for row in json.loads(self.kernel.run(
            [TOOL, "doctor", "--json", "-"], stdin=disk).out)["checks"]
            if row["id"] == "guard-holders"]
        self.assertEqual((row["status"], row["detail"] + "."), ("unknown", message))
        self.assertEqual(self.kernel.run(["umount", files]).rc, 0)
        self.assertEqual(self.findings(disk), [])

    def test_mappings_that_could_not_be_read(self):
        """Who has no file open, but its memory mapped, keeps nobody waiting."""
        _, disk = self.boot_with_disk()
        holder = self.hold("/dev/zero")
        (self.kernel.run_dir / "maps").write_text("not as the kernel writes it\n")
        self.cover("maps", f"/proc/{holder.pid}/maps")
        self.assert_unknown(disk, "warning",
                            f"what process {holder.pid} (sleep) maps can't be read: Protocol error.")

    def test_mappings_without_an_answer(self):
        """Any user can keep the lock of his mappings: it neither hides another one nor
        keeps guests from starting."""
        self.boot(NIC + GPU + "attr 0000:41:00.0 resource0 x\n")
        blocker = self.hold("/dev/zero")
        self.cover_maps(blocker)
        mapper = self.run_holder(MAPPER)
        self.assertGreater(mapper.pid, blocker.pid)
        self.assert_refused(domain(hostdev(0x41)),
                            f"process {mapper.pid} (python3) has {FOLDER}/resource0 in use")
        self.assert_unknown(domain(hostdev(0x43), hostdev(0x43, function=1)), "warning",
                            f"what process {blocker.pid} (sleep) maps can't be read: there is no "
                            "answer.")

    def test_file_without_an_answer(self):
        self.boot("driver nvidia 10de:*:0300??\n" +
                  GPU.replace("driver=nouveau", "driver=nvidia") +
                  f"bound 0000:43:00.0 nvidia drm/card0/dev {FULL}\n")
        holder = self.hold("/dev/full")
        (self.kernel.run_dir / "info").mkdir()
        os.mkfifo(self.kernel.run_dir / "info/3")
        self.cover("info", f"/proc/{holder.pid}/fdinfo")
        self.assert_unknown(domain(hostdev(0x43), hostdev(0x43, function=1)), "error",
                            f"what process {holder.pid} (sleep) has open can't be read: there is "
                            "no answer.")

    def test_no_time_left(self):
        _, disk = self.boot_with_disk()
        self.configure("step-timeout = 1")
        blocker = self.hold("/dev/zero")
        self.cover_maps(blocker)
        message = self.assert_unknown(disk, "warning", "could not all be looked at within 1 seconds")
        self.assertIn(f"process {blocker.pid} is not the last", message)

    def test_search_that_is_killed(self):
        _, disk = self.boot_with_disk()
        self.cover_maps(self.hold("/dev/zero"))
        pipe = self.kernel.run_dir / "maps"
        tool = self.kernel.popen([TOOL, "check", "--json", "-"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        tool.stdin.write(disk.encode())
        tool.stdin.close()
        tool.stdin = None
        opened = []

        def is_read():
            try:
                opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
            except OSError:
                return False
            return True

        self.wait_for(is_read)
        self.addCleanup(os.close, opened[0])
        worker, = Path(f"/proc/{tool.pid}/task/{tool.pid}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)
        out, _ = tool.communicate(timeout=HANG)
        (finding,), = [device["findings"] for device in json.loads(out)["devices"]]
        self.assertEqual((finding["id"], finding["severity"]), ("holders-unknown", "error"))
        self.assertIn("the process that looks for them was killed", finding["message"])

    def test_too_few_descriptors(self):
        """Whoever isn't seen for want of them isn't said not to be there."""
        self.boot(NIC + "attr 0000:41:00.0 resource0 x\n")
        holder = self.hold("/sys/bus/pci/devices/0000:41:00.0/resource0")
        outcomes = set()
        for most in range(4, 24):
            result = self.kernel.run(["prlimit", f"--nofile={most}:{most}", TOOL, "check", "--json",
                                      "-"], stdin=domain(hostdev(0x41)))
            if not result.out:
                self.assertGreater(result.rc, 0, most)
                continue
            ids = {each["id"] for device in json.loads(result.out)["devices"]
                   for each in device["findings"]}
            if not ids & {"device-held", "holders-unknown"}:
                # It came to an end before that.
                self.assertEqual(result.rc, 1, (most, result))
            outcomes |= ids
        self.assertIn("holders-unknown", outcomes)
        self.assertIn("device-held", outcomes)
        self.end(holder)

    @unittest.skipUnless(os.geteuid() == 0, "root of a user namespace is in a container anyway")
    def test_search_that_is_denied(self):
        """As it would be each time: it is said."""
        _, disk = self.boot_with_disk()
        self.hold("/dev/zero")
        result = self.kernel.run(["setpriv", "--bounding-set", "-sys_ptrace", TOOL, "check", "--json",
                                  "-"], stdin=disk)
        report = json.loads(result.out)
        (finding,), = [device["findings"] for device in report["devices"]]
        self.assertEqual((finding["id"], finding["severity"]), ("holders-unknown", "warning"))
        self.assertRegex(finding["message"], "(may not|can't) be read.*: Permission denied")

    def test_search_in_a_container(self):
        """Others than its own processes are not shown: that is said once."""
        self.boot(NIC)
        result = self.kernel.run(["unshare", "--pid", "--fork", "--mount-proc", TOOL, "check",
                                  "--json", "-"], stdin=domain(hostdev(0x41)))
        report = json.loads(result.out)
        said = [(each["id"], each["severity"]) for each in report["findings"]]
        self.assertEqual(said, [("holders-unknown", "info")])

    @unittest.skipUnless(os.geteuid() == 0, "only root mounts the sysfs of another network")
    def test_memory_in_another_network(self):
        """Each network namespace has a sysfs of its own, with the same inodes."""
        number = os.stat("/sys/kernel/uevent_seqnum").st_ino
        self.boot(NIC + "attr 0000:41:00.0 resource0 x\n"
                  f"number 0000:41:00.0 resource0 {number}\n")
        holder = self.run_holder(
            "os.mkdir('/dev/shm/sys')\n"
            "subprocess.run(['mount', '-t', 'sysfs', 'sys', '/dev/shm/sys'], check=True)\n"
            "file = open('/dev/shm/sys/kernel/uevent_seqnum')", unshare=["--mount", "--net"])
        self.assert_refused(domain(hostdev(0x41)), f"process {holder.pid} (python3) has "
                            "/dev/shm/sys/kernel/uevent_seqnum in use")

    def test_server_that_never_answers(self):
        """Nobody asks a user's own file system for anything."""
        description = NIC + ("attr 0000:41:00.0 resource0 x\n"
                             "number 0000:41:00.0 resource0 4711\n")
        self.boot(description)
        theirs = FakeKernel(DRIVERS + description)
        self.addCleanup(theirs.close)
        holder = theirs.popen(["sh", "-c", "exec 3</sys/bus/pci/devices/0000:41:00.0/resource0 && "
                                           "echo && exec sleep 3600"], stdout=subprocess.PIPE)
        self.addCleanup(self.end, holder)
        self.assertEqual(holder.stdout.readline(), b"\n")
        os.kill(theirs.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, theirs.pid, signal.SIGCONT)
        self.assertEqual(self.findings(domain(hostdev(0x41))), [])

    def test_memory_that_is_mapped(self):
        """As DPDK does: the file is closed long ago."""
        self.boot(NIC + "attr 0000:41:00.0 resource0 x\n")
        process = self.run_holder(MAPPER)
        self.assert_refused(domain(hostdev(0x41)), f"process {process.pid} (python3) has "
                                                f"{FOLDER}/resource0 in use")

    def test_group_of_somebody_else(self):
        """A QEMU that libvirt knows nothing of."""
        self.boot(NIC.replace("driver=e1000e", "driver=vfio-pci override=vfio-pci"))
        holder = self.hold("/dev/vfio/411")
        self.assert_refused(domain(hostdev(0x41)), f"process {holder.pid} (sleep) has /dev/vfio/411 open")

    def test_group_that_is_held_when_the_guest_has_ended(self):
        """Nobody waits in the kernel for it: it is given back when it is let go."""
        self.boot(NIC + NVME)
        self.configure(f"step-timeout = {STEP}")
        xml = domain(hostdev(0x41), hostdev(0x42))
        self.good(self.hook("prepare", xml))
        holder = self.hold("/dev/vfio/411")
        result = self.hook("release", xml)
        self.assertEqual(result.rc, 1)
        self.assertEqual(result.err.splitlines()[0],
                         "0000:41:00.0 can't be given back to the host yet: "
                         f"process {holder.pid} (sleep) has /dev/vfio/411 open.")
        self.assertEqual(self.kernel.waiting(), [])
        self.assertIn("0000:42:00.0 nvme -", self.kernel.state())
        claim, = self.status()
        self.assertEqual(claim["error"], result.err.splitlines()[0])
        self.end(holder)
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def test_guest_that_lets_go_a_little_late(self):
        self.boot(NIC)
        xml = domain(hostdev(0x41))
        self.good(self.hook("prepare", xml))
        holder = self.hold("/dev/vfio/411")
        self.kernel.recount()
        hook = self.kernel.popen([HOOK, "guest", "release", "end", "-"], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        hook.stdin.write(xml.encode())
        hook.stdin.close()
        hook.stdin = None
        self.wait_for(lambda: self.is_locked(411))
        time.sleep(0.5)  # as long as one look around may take
        self.assertIsNone(hook.poll())
        self.end(holder)
        _, err = hook.communicate(timeout=HANG)
        self.assertEqual((hook.returncode, err), (0, b""))
        self.assert_as_it_was()

    def test_blocked_step_names_who_holds_the_device(self):
        nic = "0000:41:00.0"
        self.boot(NIC + f"bound {nic} e1000e ptp/ptp0/dev {FULL}\n")
        self.configure(f"step-timeout = {STEP}")
        holder = self.hold("/dev/full")
        self.kernel.fault(2, "hang")
        result = self.hook("prepare", domain(hostdev(0x41)))
        self.assertEqual(result.rc, 1)
        self.assertRegex(result.err.splitlines()[0],
                         rf"^{nic} can't be taken from driver e1000e: the kernel has not answered "
                         rf"for {STEP} seconds, and process \d+ still waits for it, while process "
                         rf"{holder.pid} \(sleep\) has /dev/full open\.$")
        self.kernel.unblock()
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()


class Crowd(_Held):
    """More open files than a hook looks at: every hook of the machine sees them."""

    alone = True

    @unittest.skipUnless(os.geteuid() == 0, "root of a user namespace has no other user")
    def test_user_who_has_too_much_open(self):
        """He hides nobody, and keeps from guests only what he may open."""
        self.boot("driver nvidia 10de:*:0300??\n" +
                  GPU.replace("driver=nouveau", "driver=nvidia") +
                  f"bound 0000:43:00.0 nvidia drm/card0/dev {FULL}\n" +
                  NIC + "attr 0000:41:00.0 resource0 x\n")
        nic, gpu = domain(hostdev(0x41)), domain(hostdev(0x43), hostdev(0x43, function=1))
        crowd = self.run_holder(
            "import ctypes\n"
            "_, most = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))\n"
            "os.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"
            "file = os.open('/dev/zero', os.O_RDONLY)\n"
            "each = min(20000, most - 100)\n"
            "for _ in range(each):\n    os.dup(file)\n"
            "libc = ctypes.CDLL(None)\n"
            "for _ in range(400000 // each):\n"
            "    if os.fork() == 0:\n"
            "        libc.prctl(1, 9)\n"
            "        time.sleep(3600)\n")
        many = "user 65534 has too many files open or mapped for all of them to be looked at"
        # Nobody knows who may open it; then he may; then he may not.
        self.assert_unknown(gpu, "error", many)
        for mode, severity in ((0o666, "error"), (0o660, "warning")):
            node = "/dev/char/" + FULL
            made = self.kernel.run(["sh", "-ec", "mkdir -p /dev/char; rm -f $1; mknod $1 c 1 7; "
                                                 f"chmod {mode:o} $1", "sh", node])
            self.assertEqual(made.rc, 0, made)
            self.assert_unknown(gpu, severity, many)
        holder = self.hold("/sys/bus/pci/devices/0000:41:00.0/resource0")
        self.assertGreater(holder.pid, crowd.pid)
        self.assert_refused(nic, f"process {holder.pid} (sleep) has {FOLDER}/resource0 in use")
