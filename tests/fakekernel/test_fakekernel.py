# SPDX-License-Identifier: GPL-2.0-or-later
"""The fake kernel keeps the real one's rules, and the hook runs on it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

from fakekernel import FakeKernel, FakeKernelError, unavailable
from program import domain, hostdev
from setting import BUILD, HANG

HOST = """
driver pcieport managed-dma *:*:0604??
driver pci-stub managed-dma
driver e1000e 8086:10d3
driver igb sriov 8086:10c9
driver igbvf 8086:10ca
driver nouveau *:*:03????          # asks before nvidia does
driver nvidia 10de:*:03????
driver snd_hda_intel *:*:0403??
driver vfio-pci vfio
driver mlx5-vfio-pci vfio absent 15b3:101e
driver late absent 1234:11e8

device 0000:00:01.0 8086:1901 060400 bridge driver=pcieport group=1
device 0000:01:00.0 10de:1f06 030000 behind=0000:00:01.0 driver=nouveau group=2 sub=1043:86f0 rev=a1
device 0000:01:00.1 10de:10f9 040300 behind=0000:00:01.0 driver=snd_hda_intel group=2
device 0000:02:00.0 8086:10d3 020000 driver=e1000e group=3 numa=1
device 0000:03:00.0 8086:10c9 020000 driver=igb group=4 sriov=2 numvfs=1
device 0000:03:10.0 8086:10ca 020000 vf=0000:03:00.0 group=5
device 0000:03:10.2 8086:10ca 020000 vf=0000:03:00.0 group=6
device 0000:04:00.0 1234:11e8 00ff00 group=7
device 10000:e1:00.0 144d:a808 010802

bound 0000:02:00.0 e1000e net/fake0/flags 0x1003
attr 0000:01:00.0 boot_vga 1
file class/net/lo/flags 0x9
link class/net/fake0 ../../devices/pci0000:00/0000:02:00.0/net/fake0
"""

START = """\
0000:00:01.0 pcieport -
0000:01:00.0 nouveau -
0000:01:00.1 snd_hda_intel -
0000:02:00.0 e1000e -
0000:03:00.0 igb - numvfs=1
0000:03:10.0 igbvf -
0000:04:00.0 - -
10000:e1:00.0 - -
"""

PCI = "/sys/bus/pci"
GPU, AUDIO, NIC = "0000:01:00.0", "0000:01:00.1", "0000:02:00.0"
PF, VF0, VF1, PLAIN, LONE = ("0000:03:00.0", "0000:03:10.0", "0000:03:10.2", "0000:04:00.0",
                             "10000:e1:00.0")

WHY_NOT = unavailable()

# The programs under test.
PROJECT = BUILD / "gcc"


def wait_for(condition, what):
    deadline = time.monotonic() + HANG
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.005)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class _OnHost(unittest.TestCase):
    host = HOST

    @classmethod
    def setUpClass(cls):
        cls.kernel = FakeKernel(cls.host)
        cls.addClassCleanup(cls.kernel.close)

    def setUp(self):
        self.kernel.reset()

    def override(self, address, text):
        return self.kernel.write(f"{PCI}/devices/{address}/driver_override", text)

    def bind(self, driver, address):
        return self.kernel.write(f"{PCI}/drivers/{driver}/bind", address)

    def unbind(self, driver, address):
        return self.kernel.write(f"{PCI}/drivers/{driver}/unbind", address)

    def probe(self, address):
        return self.kernel.write(f"{PCI}/drivers_probe", address)

    def to_vfio(self, *addresses, driver="vfio-pci"):
        for address in addresses:
            self.assertEqual(self.override(address, driver), "OK")
            now = self.driver(address)
            if now:
                self.assertEqual(self.unbind(now, address), "OK")
            self.assertEqual(self.bind(driver, address), "OK")

    def driver(self, address):
        try:
            return os.path.basename(os.readlink(
                self.kernel.path(f"{PCI}/devices/{address}/driver")))
        except FileNotFoundError:
            return None

    def exists(self, path):
        return os.path.lexists(self.kernel.path(path))

    def names(self, path):
        return sorted(os.listdir(self.kernel.path(path)))

    def writer(self, path, text):
        """A process of its own that writes."""
        process = self.kernel.popen(["sh", "-c", 'printf %s "$2" >"$1"', "sh", path, text],
                                    stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            self.kernel.unblock()
            process.kill()
        process.wait()


class Tree(_OnHost):
    def test_state_at_the_start(self):
        self.assertEqual(self.kernel.state(), START)
        self.assertEqual((self.kernel.log(), self.kernel.writes()), ([], 0))

    def test_attributes(self):
        expected = {"vendor": "0x10de", "device": "0x1f06", "class": "0x030000",
                    "subsystem_vendor": "0x1043", "subsystem_device": "0x86f0",
                    "revision": "0xa1", "numa_node": "-1", "driver_override": "(null)",
                    "boot_vga": "1",
                    "modalias": "pci:v000010DEd00001F06sv00001043sd000086F0bc03sc00i00"}
        for name, value in expected.items():
            self.assertEqual(self.kernel.read(f"{PCI}/devices/{GPU}/{name}"), value + "\n")
        self.assertTrue(self.exists(f"{PCI}/devices/0000:00:01.0/secondary_bus_number"))
        self.assertFalse(self.exists(f"{PCI}/devices/{GPU}/secondary_bus_number"))
        self.assertFalse(self.exists(f"{PCI}/devices/{GPU}/sriov_numvfs"))

    def test_links_are_those_of_sysfs(self):
        for link, target in (
                (f"{PCI}/devices/{NIC}", f"../../../devices/pci0000:00/{NIC}"),
                (f"{PCI}/devices/{LONE}", f"../../../devices/pci10000:00/{LONE}"),
                (f"{PCI}/devices/{NIC}/driver", "../../../bus/pci/drivers/e1000e"),
                (f"{PCI}/devices/{NIC}/iommu_group", "../../../kernel/iommu_groups/3"),
                (f"{PCI}/devices/{VF0}/physfn", f"../{PF}"),
                (f"{PCI}/drivers/e1000e/{NIC}", f"../../../../devices/pci0000:00/{NIC}")):
            path = self.kernel.path(link)
            if not link.endswith("physfn"):
                self.assertEqual(os.readlink(path), target)
            self.assertTrue(os.path.isdir(path), link)
        self.assertEqual(self.names("/sys/kernel/iommu_groups/2/devices"), [GPU, AUDIO])
        self.assertFalse(self.exists(f"{PCI}/devices/{LONE}/iommu_group"))
        self.assertEqual(self.kernel.read("/sys/class/net/fake0/flags"), "0x1003\n")

    def test_files_follow_the_driver(self):
        self.assertTrue(self.exists(f"{PCI}/devices/{NIC}/net/fake0/flags"))
        self.to_vfio(NIC)
        self.assertFalse(self.exists(f"{PCI}/devices/{NIC}/net"))
        self.assertTrue(self.exists(f"{PCI}/devices/{NIC}/vfio-dev/vfio0"))
        self.assertEqual(self.names("/dev/vfio"), ["3", "vfio"])
        self.assertEqual(self.unbind("vfio-pci", NIC), "OK")
        self.assertFalse(self.exists(f"{PCI}/devices/{NIC}/vfio-dev"))
        self.assertEqual(self.names("/dev/vfio"), ["vfio"])

    def test_wrong_access(self):
        self.assertEqual(self.kernel.write(f"{PCI}/devices/{NIC}/vendor", "1"), "EACCES")
        with self.assertRaises(PermissionError):
            self.kernel.read(f"{PCI}/drivers/e1000e/bind")
        self.assertEqual(self.kernel.writes(), 0)

    def test_shell_redirection_and_lspci(self):
        result = self.kernel.run(["sh", "-c", f"echo vfio-pci > {PCI}/devices/{NIC}/driver_override"
                                              f" && cat {PCI}/devices/{NIC}/driver_override"])
        self.assertEqual((result.rc, result.out), (0, "vfio-pci\n"), result.err)
        lspci = shutil.which("lspci")
        if lspci:
            result = self.kernel.run([lspci, "-nnk", "-s", NIC])
            self.assertIn("Kernel driver in use: e1000e", result.out)

    def test_wrong_description(self):
        with self.assertRaisesRegex(FakeKernelError, "line 2: an option of device"):
            FakeKernel("driver a\ndevice 0000:00:00.0 1:2 0 nonsense\n")


class DriverCore(_OnHost):
    def test_override_text(self):
        def read():
            return self.kernel.read(f"{PCI}/devices/{NIC}/driver_override")

        for written, kept in (("vfio-pci\n", "vfio-pci\n"), ("\n", "(null)\n"),
                              ("x y", "x y\n"), ("a\nb", "a\n"), ("z", "z\n"),
                              ("\0", "(null)\n")):
            self.assertEqual(self.override(NIC, written), "OK")
            self.assertEqual(read(), kept)
        self.assertEqual(self.override(NIC, "x" * 4095), "EINVAL")
        self.assertEqual(self.override(NIC, "x" * 4094), "OK")
        self.assertEqual(self.kernel.changes()[:3],
                         [f"override {NIC} - vfio-pci", f"override {NIC} vfio-pci -",
                          f"override {NIC} - x%20y"])

    def test_bind(self):
        self.assertEqual(self.bind("e1000e", NIC), "EBUSY")
        self.assertEqual(self.bind("e1000e", "0000:ff:00.0"), "ENODEV")
        self.assertEqual(self.bind("e1000e", PLAIN), "ENODEV")
        self.assertEqual(self.bind("vfio-pci", NIC), "ENODEV")
        self.assertEqual(self.override(NIC, "vfio-pci"), "OK")
        self.assertEqual(self.bind("vfio-pci", NIC), "EBUSY")
        self.assertEqual(self.unbind("e1000e", NIC), "OK")
        self.assertEqual(self.bind("e1000e", NIC), "ENODEV")
        self.assertEqual(self.bind("vfio-pci", NIC + "\n"), "OK")
        self.assertEqual(self.driver(NIC), "vfio-pci")

    def test_unbind(self):
        self.assertEqual(self.unbind("vfio-pci", NIC), "ENODEV")
        self.assertEqual(self.unbind("e1000e", "0000:ff:00.0"), "ENODEV")
        self.assertEqual(self.unbind("e1000e", NIC), "OK")
        self.assertEqual(self.unbind("e1000e", NIC), "ENODEV")
        self.assertIsNone(self.driver(NIC))
        self.assertFalse(self.exists(f"{PCI}/drivers/e1000e/{NIC}"))

    def test_drivers_probe(self):
        self.assertEqual(self.probe("0000:ff:00.0"), "ENODEV")
        for address in (NIC, PLAIN):  # one that has a driver, one that finds none
            self.assertEqual(self.probe(address), "OK")
        self.assertEqual(self.kernel.state(), START)
        self.assertEqual(self.unbind("e1000e", NIC), "OK")
        self.assertEqual(self.override(NIC, "no-such-driver"), "OK")
        self.assertEqual(self.probe(NIC), "OK")
        self.assertIsNone(self.driver(NIC))
        self.assertEqual(self.override(NIC, "\n"), "OK")
        self.assertEqual(self.probe(NIC), "OK")
        self.assertEqual(self.driver(NIC), "e1000e")

    def test_first_driver_in_order_wins_and_a_refusal_passes_on(self):
        self.assertEqual(self.unbind("nouveau", GPU), "OK")
        self.kernel.refuse("nouveau", "EIO")
        self.assertEqual(self.bind("nouveau", GPU), "EIO")
        self.assertEqual(self.probe(GPU), "OK")
        self.assertEqual(self.driver(GPU), "nvidia")
        self.kernel.refuse("nouveau", 0)
        self.assertEqual(self.unbind("nvidia", GPU), "OK")
        self.assertEqual(self.probe(GPU), "OK")
        self.assertEqual(self.driver(GPU), "nouveau")

    def test_refused_probe_reports_success_and_binds_nothing(self):
        self.assertEqual(self.unbind("e1000e", NIC), "OK")
        self.kernel.refuse("e1000e", "EIO")
        self.assertEqual(self.probe(NIC), "OK")
        self.assertIsNone(self.driver(NIC))

    def test_override_brings_strangers(self):
        self.assertEqual(self.override(PLAIN, "e1000e"), "OK")
        self.assertEqual(self.bind("e1000e", PLAIN), "ENODEV")
        self.assertEqual(self.override(PLAIN, "pci-stub"), "OK")
        self.assertEqual(self.bind("pci-stub", PLAIN), "OK")

    def test_modules_are_loaded(self):
        self.assertFalse(self.exists(f"{PCI}/drivers/late"))
        self.assertFalse(self.exists("/sys/module/mlx5_vfio_pci"))
        self.assertTrue(self.exists("/sys/module/vfio_pci"))
        self.kernel.load("late")
        self.assertEqual(self.driver(PLAIN), "late")
        self.kernel.load("mlx5_vfio_pci")
        self.assertEqual(self.kernel.read("/sys/module/mlx5_vfio_pci/initstate"), "live\n")
        self.assertEqual(self.kernel.changes(),
                         ["load late", f"bind {PLAIN} late", "load mlx5-vfio-pci"])
        with self.assertRaisesRegex(FakeKernelError, "EEXIST"):
            self.kernel.load("late")


class Vfio(_OnHost):
    def test_what_vfio_refuses(self):
        for address, error in ((LONE, "EINVAL"), ("0000:00:01.0", "EINVAL"), (PF, "EBUSY")):
            self.assertEqual(self.override(address, "vfio-pci"), "OK")
            driver = self.driver(address)
            if driver == "igb":  # its VFs would go with it
                self.assertEqual(self.bind("vfio-pci", address), "EBUSY")
                continue
            if driver:
                self.assertEqual(self.unbind(driver, address), "OK")
            self.assertEqual(self.bind("vfio-pci", address), error)
            self.assertEqual(self.probe(address), "OK")
            self.assertIsNone(self.driver(address))

    def test_group_opens_once_and_only_when_viable(self):
        self.to_vfio(GPU)
        with self.assertRaisesRegex(FakeKernelError, "EPERM"):
            self.kernel.open_group(2)
        self.to_vfio(AUDIO)
        self.kernel.open_group(2)
        with self.assertRaisesRegex(FakeKernelError, "EBUSY"):
            self.kernel.open_group(2)
        with self.assertRaisesRegex(FakeKernelError, "ENODEV"):
            self.kernel.open_group(3)

    def test_host_driver_is_kept_out_of_an_open_group(self):
        self.to_vfio(GPU)
        self.assertEqual(self.unbind("snd_hda_intel", AUDIO), "OK")
        self.kernel.open_group(2)
        self.assertEqual(self.bind("snd_hda_intel", AUDIO), "EBUSY")
        self.assertEqual(self.probe(AUDIO), "EINVAL")
        self.kernel.close_group(2)
        self.assertEqual(self.bind("snd_hda_intel", AUDIO), "OK")

    def test_node_in_dev_is_the_group(self):
        self.to_vfio(NIC)
        holder = self.kernel.popen(["sh", "-c", "exec sleep 3600 3</dev/vfio/3"])
        self.addCleanup(self.end, holder)
        cmdline = Path(f"/proc/{holder.pid}/cmdline")
        wait_for(lambda: cmdline.read_bytes().startswith(b"sleep\0"), "the holder")
        with self.assertRaises(OSError):
            self.kernel.read("/dev/vfio/3")
        writer = self.writer(f"{PCI}/drivers/vfio-pci/unbind", NIC)
        wait_for(self.kernel.waiting, "the unbind")
        self.assertTrue(self.kernel.waiting()[0].startswith("in-use "))
        holder.kill()
        self.assertEqual(writer.wait(HANG), 0)
        self.assertIsNone(self.driver(NIC))

    def test_vfs_of_a_driver_that_leaves_them(self):
        with FakeKernel("driver nvme 1b36:*\ndriver vfio-pci vfio\n"
                        "device 0000:01:00.0 1b36:10 010802 group=1 driver=nvme sriov=1 numvfs=1\n"
                        "device 0000:01:00.1 1b36:10 010802 group=2 vf=0000:01:00.0\n") as kernel:
            pci = f"{PCI}/drivers"
            self.assertEqual(kernel.write(f"{PCI}/devices/0000:01:00.0/driver_override",
                                          "vfio-pci"), "OK")
            self.assertEqual(kernel.write(f"{pci}/nvme/unbind", "0000:01:00.0"), "OK")
            self.assertEqual(kernel.write(f"{pci}/vfio-pci/bind", "0000:01:00.0"), "EBUSY")
            self.assertIn("0000:01:00.1 nvme -", kernel.state())

    def test_remove_and_rescan(self):
        self.assertEqual(self.override(NIC, "vfio-pci"), "OK")
        self.kernel.recount()
        with open(self.kernel.path(f"{PCI}/devices/{NIC}/vendor")) as held:
            self.assertEqual(self.kernel.write(f"{PCI}/devices/{NIC}/remove", "1"), "OK")
            with self.assertRaises(OSError):
                held.read()
        self.assertFalse(self.exists(f"{PCI}/devices/{NIC}"))
        self.assertFalse(self.exists("/sys/kernel/iommu_groups/3"))
        self.assertFalse(self.exists(f"{PCI}/drivers/e1000e/{NIC}"))
        self.assertEqual(self.kernel.write(f"{PCI}/rescan", "1\n"), "OK")
        self.assertEqual(self.kernel.changes(), [f"unbind {NIC} e1000e", f"remove {NIC}",
                                                 f"add {NIC}", f"bind {NIC} e1000e"])
        self.assertEqual(self.kernel.state(), START)

    def test_bridge_takes_along_what_is_behind_it(self):
        self.assertEqual(self.kernel.write(f"{PCI}/devices/0000:00:01.0/remove", "1"), "OK")
        self.assertNotIn(GPU, self.kernel.state())
        self.assertEqual(self.kernel.write(f"{PCI}/rescan", "1"), "OK")
        self.assertEqual(self.kernel.state(), START)

    def test_unplugged_is_not_found_again(self):
        self.kernel.unplug(NIC)
        self.assertEqual(self.kernel.write(f"{PCI}/rescan", "1"), "OK")
        self.assertFalse(self.exists(f"{PCI}/devices/{NIC}"))
        self.kernel.plug(NIC)
        self.assertEqual(self.kernel.state(), START)

    def test_unplugged_while_in_use_stays_until_let_go(self):
        self.to_vfio(NIC)
        self.kernel.open_group(3)
        self.kernel.unplug(NIC)
        self.assertTrue(self.exists(f"{PCI}/devices/{NIC}"))
        self.kernel.close_group(3)
        self.assertFalse(self.exists(f"{PCI}/devices/{NIC}"))

    def test_numvfs(self):
        def write(text):
            return self.kernel.write(f"{PCI}/devices/{PF}/sriov_numvfs", text)

        self.assertEqual([write(text) for text in ("x", "3", "1", "2", "0", "2")],
                         ["EINVAL", "ERANGE", "OK", "EBUSY", "OK", "OK"])
        self.assertEqual((self.driver(VF0), self.driver(VF1)), ("igbvf", "igbvf"))
        self.assertTrue(self.exists(f"{PCI}/devices/{PF}/virtfn1"))
        self.assertEqual(self.unbind("igb", PF), "OK")
        self.assertFalse(self.exists(f"{PCI}/devices/{VF0}"))
        self.assertFalse(self.exists(f"{PCI}/devices/{PF}/virtfn0"))
        self.assertEqual(write("1"), "ENOENT")


class Faults(_OnHost):
    unbind_path = f"{PCI}/drivers/e1000e/unbind"

    def test_errno_at_the_nth_write(self):
        self.kernel.fault(2, "errno", "EIO")
        self.assertEqual([self.override(NIC, "a"), self.unbind("e1000e", NIC),
                          self.unbind("e1000e", NIC)], ["OK", "EIO", "OK"])
        path = f"devices/pci0000:00/{NIC}/driver_override"
        self.assertEqual(self.kernel.log(), [
            f"override {NIC} - a", f"write 1 {path} a -> OK",
            f"write 2 bus/pci/drivers/e1000e/unbind {NIC} -> EIO",
            f"unbind {NIC} e1000e",
            f"write 3 bus/pci/drivers/e1000e/unbind {NIC} -> OK"])
        self.assertEqual(self.kernel.writes(), 3)

    def test_onwards(self):
        self.kernel.fault(2, "errno", "ENOMEM", onwards=True)
        self.assertEqual([self.probe(NIC) for _ in range(4)], ["OK"] + 3 * ["ENOMEM"])
        self.kernel.recount()
        self.assertEqual(self.probe(NIC), "OK")

    def test_ignore(self):
        self.kernel.fault(1, "ignore")
        self.assertEqual(self.unbind("e1000e", NIC), "OK")
        self.assertEqual(self.driver(NIC), "e1000e")
        self.assertTrue(self.kernel.log()[0].endswith("-> ignored"))

    def test_vanish(self):
        self.kernel.fault(1, "vanish", NIC)
        self.assertEqual(self.unbind("e1000e", NIC), "ENODEV")
        self.assertFalse(self.exists(f"{PCI}/devices/{NIC}"))
        self.kernel.reset()
        self.kernel.fault(1, "vanish", NIC)
        self.assertEqual(self.override(NIC, "a"), "ENODEV")

    def test_delay_ends(self):
        self.kernel.fault(1, "delay", 200)
        start = time.monotonic()
        self.assertEqual(self.writer(self.unbind_path, NIC).wait(HANG), 0)
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        self.assertIsNone(self.driver(NIC))

    def test_delay_keeps_nobody_else(self):
        self.kernel.fault(1, "delay", 1000 * HANG)
        writer = self.writer(self.unbind_path, NIC)
        wait_for(self.kernel.waiting, "the write")
        self.assertEqual(self.probe(GPU), "OK")
        self.assertEqual(self.driver(NIC), "e1000e")
        self.assertIsNone(writer.poll())
        self.kernel.reset()
        self.assertNotEqual(writer.wait(HANG), 0)

    def test_block_until_unblocked(self):
        for error, rc, driver in (("0", 0, None), ("EIO", 1, "e1000e")):
            self.kernel.reset()
            self.kernel.fault(1, "block")
            writer = self.writer(self.unbind_path, NIC)
            wait_for(self.kernel.waiting, "the write")
            self.assertEqual(self.kernel.waiting(),
                             [f"blocked {writer.pid} write bus/pci/drivers/e1000e/unbind {NIC}"])
            self.assertEqual(self.driver(NIC), "e1000e")
            self.kernel.unblock(error)
            self.assertEqual(writer.wait(HANG) != 0, rc != 0)
            self.assertEqual(self.driver(NIC), driver)

    def test_blocked_writer_dies(self):
        self.kernel.fault(1, "block")
        writer = self.writer(self.unbind_path, NIC)
        wait_for(self.kernel.waiting, "the write")
        writer.kill()
        self.assertEqual(writer.wait(HANG), -signal.SIGKILL)
        wait_for(lambda: not self.kernel.waiting(), "its end")
        self.assertEqual(self.unbind("e1000e", NIC), "OK")

    def test_hung_writer_does_not_die(self):
        self.kernel.fault(1, "hang")
        writer = self.writer(self.unbind_path, NIC)
        wait_for(self.kernel.waiting, "the write")
        writer.kill()
        with self.assertRaises(subprocess.TimeoutExpired):
            writer.wait(0.2)
        self.kernel.unblock()
        self.assertEqual(writer.wait(HANG), -signal.SIGKILL)
        self.assertIsNone(self.driver(NIC))

    def test_device_lock(self):
        """Whoever needs the lock of a device waits with it; others don't."""
        self.kernel.fault(1, "hang")
        writer = self.writer(self.unbind_path, NIC)
        wait_for(self.kernel.waiting, "the write")
        reader = self.kernel.popen(["cat", f"{PCI}/devices/{NIC}/driver_override"],
                                   stdout=subprocess.DEVNULL)
        self.addCleanup(self.end, reader)
        wait_for(lambda: len(self.kernel.waiting()) == 2, "the read")
        self.assertTrue(self.kernel.waiting()[1].startswith(f"locked {reader.pid} read "))
        self.assertEqual(self.kernel.read(f"{PCI}/devices/{NIC}/vendor"), "0x8086\n")
        self.assertEqual(self.override(GPU, "a"), "OK")
        self.kernel.unblock()
        self.assertEqual((writer.wait(HANG), reader.wait(HANG)), (0, 0))

    def test_writers_of_one_file_do_not_wait_for_each_other(self):
        self.kernel.fault(1, "hang")
        first = self.writer(f"{PCI}/drivers_probe", NIC)
        wait_for(self.kernel.waiting, "the write")
        self.assertEqual(self.writer(f"{PCI}/drivers_probe", GPU).wait(HANG), 0)
        self.assertIsNone(first.poll())

    def test_reset_frees_the_blocked(self):
        self.kernel.fault(1, "hang")
        writer = self.writer(self.unbind_path, NIC)
        wait_for(self.kernel.waiting, "the write")
        self.kernel.reset()
        self.assertNotEqual(writer.wait(HANG), 0)
        self.assertEqual(self.kernel.state(), START)

    def test_close_frees_the_blocked(self):
        with FakeKernel(HOST) as kernel:
            kernel.fault(1, "hang")
            writer = kernel.popen(["sh", "-c", f"printf {NIC} >{self.unbind_path}"],
                                  stderr=subprocess.DEVNULL)
            wait_for(kernel.waiting, "the write")
        self.assertNotEqual(writer.wait(HANG), 0)

    def kill(self, when, victim, script):
        self.kernel.reset()
        self.kernel.fault(1, when, victim)
        result = self.kernel.run(["sh", "-c", script + "; echo alive"])
        return result.rc, result.out, self.driver(NIC)

    def test_kill(self):
        own = f"printf {NIC} >{self.unbind_path}"
        child = f"(printf {NIC} >{self.unbind_path}; echo child)"
        dead, alive = -signal.SIGKILL, "alive\n"
        self.assertEqual(self.kill("kill-before", "caller", own), (dead, "", "e1000e"))
        self.assertEqual(self.kill("kill-after", "caller", own), (dead, "", None))
        self.assertEqual(self.kill("kill-before", "leader", own), (dead, "", "e1000e"))
        self.assertEqual(self.kill("kill-before", "caller", child), (0, alive, "e1000e"))
        self.assertEqual(self.kill("kill-after", "caller", child), (0, alive, None))
        # A worker lives on when its leader dies, and finishes what it began.
        self.assertEqual(self.kill("kill-before", "leader", child), (dead, "child\n", None))
        self.assertEqual(self.kill("kill-after", "both", child), (dead, "", None))

    def test_control_file(self):
        result = self.kernel.run(["sh", "-c", 'cd "$1" && echo "fault 1 errno EIO" >control &&'
                                  ' cat state && ! echo nonsense >control', "sh",
                                  self.kernel.run_dir.parent / "mnt"])
        self.assertEqual((result.rc, result.out), (0, START), result.err)
        self.assertEqual(self.probe(NIC), "EIO")


class Project(_OnHost):
    """The unmodified programs."""

    xml = domain(hostdev(2))

    def hook(self, operation, **options):
        return self.kernel.run([PROJECT / "hooks/qemu", "guest", operation, "begin", "-"],
                               self.xml, **options)

    def test_list(self):
        result = self.kernel.run([PROJECT / "tools/virt-hostdev", "list", "--json"])
        self.assertEqual(result.rc, 0, result.err)
        devices = json.loads(result.out)["devices"]
        state = "".join(
            f"{each['address']} {each['driver'] or '-'} {each.get('driver_override') or '-'}"
            + (" numvfs=1" if each["address"] == PF else "") + "\n" for each in devices)
        self.assertEqual(state, START)
        self.assertEqual([each["group"] for each in devices], [1, 2, 2, 3, 4, 5, 7, None])

    def test_prepare_and_release(self):
        result = self.hook("prepare")
        self.assertEqual((result.rc, result.out, result.err), (
            0, "", f"Interface fake0 of {NIC} is up, and will be lost to the host.\n"
                   "Fix: ip link set fake0 down\n"))
        self.assertEqual(self.kernel.changes(), [
            f"override {NIC} - vfio-pci", f"unbind {NIC} e1000e", f"bind {NIC} vfio-pci"])
        self.assertEqual(len(self.kernel.claims()), 1)
        self.kernel.recount()
        result = self.hook("release")
        self.assertEqual((result.rc, result.out, result.err), (0, "", ""))
        self.assertEqual(self.kernel.changes(), [
            f"override {NIC} vfio-pci e1000e", f"unbind {NIC} vfio-pci",
            f"bind {NIC} e1000e", f"override {NIC} e1000e -"])
        self.assertEqual((self.kernel.state(), self.kernel.claims()), (START, {}))

    def test_every_write_of_prepare_fails_once(self):
        self.assertEqual(self.hook("prepare").rc, 0)
        writes = self.kernel.writes()
        self.assertGreater(writes, 0)
        for error in ("EIO", "EBUSY", "EINVAL", "ENODEV"):
            for k in range(1, writes + 1):
                with self.subTest(write=k, error=error):
                    self.kernel.reset()
                    self.kernel.fault(k, "errno", error)
                    result = self.hook("prepare")
                    self.assertEqual((result.rc, result.out), (1, ""), result.err)
                    self.assertEqual((self.kernel.state(), self.kernel.claims()), (START, {}))

    def test_killed_at_every_write_of_prepare_and_released(self):
        self.assertEqual(self.hook("prepare").rc, 0)
        writes = self.kernel.writes()
        for when in ("kill-before", "kill-after"):
            for k in range(1, writes + 1):
                with self.subTest(write=k, when=when):
                    self.kernel.reset()
                    self.kernel.fault(k, when, "both")
                    self.assertEqual(self.hook("prepare").rc, -signal.SIGKILL)
                    self.kernel.recount()
                    result = self.hook("release")
                    self.assertEqual(result.rc, 0, result.err)
                    self.assertEqual((self.kernel.state(), self.kernel.claims()), (START, {}))


if __name__ == "__main__":
    unittest.main()
