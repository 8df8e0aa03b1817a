# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that hold a device, found before it is taken from them."""

import fcntl
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

import test_every_write
from program import domain, hostdev
from setting import HANG, step_seconds
from test_every_write import HOOK, TOOL, OnFakeKernel


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


STEP = step_seconds()


class Holders(OnFakeKernel):
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

    def run_holder(self, script, *arguments, unshare=False):
        """A Python program that goes on when it has set itself up."""
        enter = ["unshare", "--mount"] if unshare else []
        process = self.kernel.popen(
            [*enter, "python3", "-c", f"import mmap, os, resource, subprocess, sys, time\n{script}\n"
                                      "print(flush=True)\ntime.sleep(3600)", *arguments],
            stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"\n")
        return process

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
                        "file = open('/dev/vfio/411', 'w')", unshare=True)
        self.assertEqual(self.findings(domain(hostdev(0x41))), [])

    def test_group_by_another_name(self):
        self.boot(NIC.replace("driver=e1000e", "driver=vfio-pci override=vfio-pci"))
        holder = self.run_holder(
            "os.mkdir('/dev/shm/mine')\n"
            "subprocess.run(['mount', '--bind', '/dev/vfio', '/dev/shm/mine'], check=True)\n"
            "file = open('/dev/shm/mine/411')", unshare=True)
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

    def test_what_could_not_be_read(self):
        """It may be who has it: nobody is to try where that would lose data."""
        disk = "nvme/nvme0/nvme0n1"
        self.boot(NIC + NVME + f"bound 0000:42:00.0 nvme {disk}/dev 259:0\n"
                  f"bound 0000:42:00.0 nvme {disk}/subsystem -> ../../../../../../../class/block\n"
                  "file class/block/\nlink class/block/nvme0n1 "
                  f"../../devices/pci0000:00/0000:00:02.0/0000:42:00.0/{disk}\n")
        nic, disk = domain(hostdev(0x41)), domain(hostdev(0x42))
        holder = self.hold("/dev/zero")
        (self.kernel.run_dir / "maps").write_text("not as the kernel writes it\n")
        maps = f"/proc/{holder.pid}/maps"
        self.assertEqual(self.kernel.run(["mount", "--bind", "/run/maps", maps]).rc, 0)
        words = f"what process {holder.pid} (sleep) maps can't be read: Protocol error."
        (name, severity, message), = self.findings(nic)
        self.assertEqual((name, severity), ("holders-unknown", "warning"))
        self.assertTrue(message.endswith(words), message)
        (name, severity, message), = self.findings(disk)
        self.assertEqual((name, severity), ("holders-unknown", "error"))
        self.assertTrue(message.endswith(words), message)
        result = self.hook("prepare", disk)
        self.assertEqual((result.rc, result.err.splitlines()[0]), (1, message))
        self.assertEqual(self.kernel.writes(), 0)
        self.assertEqual(self.kernel.run(["umount", maps]).rc, 0)
        self.assertEqual(self.findings(disk), [])

    def test_memory_that_is_mapped(self):
        """As DPDK does: the file is closed long ago."""
        self.boot(NIC + "attr 0000:41:00.0 resource0 x\n")
        script = ("import mmap, os, time\n"
                  "with open('/sys/bus/pci/devices/0000:41:00.0/resource0', 'rb') as file:\n"
                  "    memory = mmap.mmap(file.fileno(), 1, mmap.MAP_PRIVATE, mmap.PROT_READ)\n"
                  "os.closerange(3, 100)\n"
                  "print(flush=True)\ntime.sleep(3600)")
        process = self.kernel.popen(["python3", "-c", script], stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"\n")
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
