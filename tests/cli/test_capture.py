# SPDX-License-Identifier: GPL-2.0-or-later
"""capture, and what --root makes of it and of tars that somebody else made."""

import gzip
import io
import json
import os
import pty
import re
import resource
import shutil
import signal
import stat
import subprocess
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

from program import BUILD, HANG, HOOK, TOOL, domain, hostdev, run, tool
from tree import usual

SUMMARY = "virt-hostdev-capture"
RELEASE = "6.1.0-test"
UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
PARENT = "sys/devices/pci0000:00"
NIC = f"{PARENT}/0000:02:00.0"
NVME = f"{PARENT}/10000:e1:00.0"

# Of the host, and of a network card behind USB, which udev names after it.
MAC = "3c:fd:fe:a1:b2:c3"
USB_MAC = "00:e0:4c:68:0d:1e"
USB_NAME = "enx" + USB_MAC.replace(":", "")
ROUTER = "52:1f:74:9a:bc:de"
GUEST_MAC = "52:54:00:9f:e1:d2"
INFINIBAND = ":".join(f"{n:02x}" for n in range(20))
SERIAL = "S4EWNX0R123456"
WWN = "eui.0025385b71b0a5c1"
BOARD = "PF1LABCD.T2"
PRODUCT_UUID = "8f2d7c51-1b0e-4c39-a1f2-9c1e5b7a3d44"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
HOST = "node-7"

# An ordinary user becomes root of a user namespace, in which he may mount.
MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-ec"]


def ipv6_of(mac):
    """A link-local address of an interface as /proc/net writes it."""
    digits = mac.replace(":", "")
    return (f"fe80000000000000{int(digits[:2], 16) ^ 2:02x}{digits[2:6]}fffe{digits[6:]}")


class _Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        self.top = Path(folder.name)
        self.root = self.top / "root"
        self.root.mkdir()
        self.tree = usual(self.root)
        self.put("proc/sys/kernel/osrelease", RELEASE)
        # Where the tool unpacks; nothing may be left in it.
        self.temporary = self.top / "tmp"
        self.temporary.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.temporary)}

    def put(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, str):
            text = (text + "\n").encode()
        path.write_bytes(text)
        return path

    def link(self, path, target):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def tool(self, *arguments, **options):
        return tool(*arguments, env=self.environment, **options)

    def capture(self, *arguments, name="host.tar", **options):
        """The members of a capture of the tree: contents, targets, None for a folder."""
        path = self.top / name
        result = self.tool("capture", "--root", self.root, *arguments, path, **options)
        self.assertEqual(result.returncode, 0, result.err)
        self.captured = result
        return self.members(path)

    def members(self, path):
        members = {}
        with tarfile.open(path) as tar:
            for member in tar:
                self.assertNotIn(member.name, members)
                members[member.name] = (tar.extractfile(member).read() if member.isreg() else
                                        member.linkname if member.issym() else None)
        return members

    def unread(self, members):
        lines = [line.split(" ") for line in members[SUMMARY].decode().splitlines()]
        return {words[1]: words[2].replace("%20", " ") for words in lines
                if words[0] == "unread"}

    def assert_sentence(self, result, code, words):
        self.assertEqual((result.returncode, result.out), (code, ""), result.err)
        lines = result.err.splitlines()
        self.assertIn(words, lines[0])
        self.assertTrue(lines[0].startswith("virt-hostdev: ") and lines[0].endswith("."), lines)
        self.assertLessEqual(len(lines), 2)
        self.assertTrue(all(line.startswith("Fix: ") for line in lines[1:]), lines)

    def assert_nothing_left(self):
        self.assertEqual(list(self.temporary.iterdir()), [])


class Recorded(_Tree):
    def test_verbs_say_the_same_of_the_capture(self):
        (self.root / NIC / "vfio-dev").mkdir()
        self.put(f"{NIC}/net/eth0/flags", "0x1003")
        (self.root / "run/virt-hostdev/locks").mkdir(parents=True)
        self.put(f"run/virt-hostdev/claims/{UUID}",
                 f"virt-hostdev-claim 1\ndomain {UUID} win%2011\n"
                 "state running 1700000000 1 1 -\ndevice 0000:01:00.0 1 8086:10d3 restore igb -\nend")
        self.put("run/libvirt/qemu/win 11.pid", "4711")
        self.put("proc/4711/cmdline", f"qemu\0-uuid\0{UUID}\0".encode())
        self.put("proc/4711/stat", "4711 (qemu) S " + " ".join(map(str, range(4, 50))))
        self.put("etc/virt-hostdev.conf", "[host]\nsiblings = bind")
        (self.root / PARENT / "0000:01:00.0/driver_override").write_text("nouveau\n")
        xml = domain(hostdev(1), hostdev(2), hostdev(9), name="x",
                     uuid="6ba7b811-9dad-11d1-80b4-00c04fd430c8")
        verbs = [("list", "--json"), ("list",), ("show", "--json", "01:00.0"),
                 ("show", "02:00.0"), ("show", "--json", "10000:e1:00.0"),
                 ("check", "--json", "-"), ("plan", "--json", "-"), ("status", "--json")]
        expected = [self.tool(*verb, "--root", self.root, stdin=xml) for verb in verbs]
        self.assertIn("running", expected[-1].out)
        self.assertIn("device-missing", expected[5].out)
        for name in ("host.tar", "host.tar.gz", "host.tgz", "host.tar.xz", "host.tar.zst"):
            self.tool("capture", "--root", self.root, self.top / name)
            for verb, tree in zip(verbs, expected):
                result = self.tool(*verb, "--root", self.top / name, stdin=xml)
                self.assertEqual((result.returncode, result.out, result.err),
                                 (tree.returncode, tree.out, tree.err), (name, verb))
        self.assert_nothing_left()

    def test_ending_decides_how_it_is_compressed(self):
        for name, magic in (("a.gz", b"\x1f\x8b"), ("b.tgz", b"\x1f\x8b"),
                            ("c.tar.xz", b"\xfd7zXZ"), ("d.tar.zst", b"\x28\xb5\x2f\xfd"),
                            ("e.tar", SUMMARY.encode()), ("f", SUMMARY.encode())):
            self.tool("capture", "--root", self.root, self.top / name)
            self.assertTrue((self.top / name).read_bytes().startswith(magic), name)

    def test_links_and_folders_stay(self):
        self.tree.foreign("arm-smmu.0", 2)
        (self.root / NIC / "vfio-dev").mkdir()
        self.link("sys/class/block/sda", f"../../../{NIC}/usb1/block/sda")
        self.put(f"{NIC}/usb1/block/sda/dev", "8:0")
        self.link("sys/class/block/dm-0", "../../devices/virtual/block/dm-0")
        self.link("sys/devices/virtual/block/dm-0/slaves/sda", f"../../../../../../{NIC}/x")
        members = self.capture()
        for path in ("sys/bus/pci/devices/0000:02:00.0", f"{NIC}/driver", f"{NIC}/iommu_group",
                     "sys/kernel/iommu_groups/2/devices/0000:02:00.0", "sys/class/block/sda",
                     "sys/kernel/iommu_groups/2/devices/arm-smmu.0",
                     "sys/devices/virtual/block/dm-0/slaves/sda"):
            self.assertEqual(members[path], os.readlink(self.root / path))
        for path in ("sys/bus/pci/drivers/vfio-pci", f"{NIC}/vfio-dev"):
            self.assertIsNone(members[path])
        self.assertEqual(members[f"{NIC}/usb1/block/sda/dev"], b"8:0\n")

    def test_nothing_but_what_is_listed(self):
        left_out = [f"{NIC}/{name}" for name in
                    ("vpd", "remove", "rescan", "uevent", "resource0", "net/eth0/speed",
                     "net/eth0/statistics/rx_bytes", "block/sda/serial", "block/sda/wwid",
                     "drm/card0/card0-DP-1/edid")]
        left_out += ["proc/kmsg", "proc/kcore", "etc/shadow", "etc/libvirt/secrets/a.xml",
                     "sys/kernel/debug/x", "proc/net/arp", "sys/bus/pci/drivers/e1000e/bind",
                     "sys/firmware/acpi/tables/MSDM", "dev/sda", "home/x/.ssh/id"]
        for path in left_out:
            self.put(path, "must not be read")
        for path in ("rom", "reset"):
            self.put(f"{NIC}/{path}", "must not be read")
        members = self.capture()
        self.assertEqual([path for path in left_out if path in members], [])
        # That these are there says enough.
        self.assertEqual((members[f"{NIC}/rom"], members[f"{NIC}/reset"]), (b"", b""))
        self.assertNotIn(b"must not be read", (self.top / "host.tar").read_bytes())

    def test_files_of_the_checks(self):
        wanted = {"proc/cmdline": "quiet intel_iommu=on", "proc/self/mountinfo": "1 2 8:1 / /",
                  f"boot/config-{RELEASE}": "CONFIG_VFIO=m", "etc/modprobe.d/vfio.conf": "x",
                  "usr/lib/modprobe.d/y.conf": "y", "sys/module/vfio/parameters/"
                  "enable_unsafe_noiommu_mode": "N", f"lib/modules/{RELEASE}/modules.dep": "a:",
                  f"lib/modules/{RELEASE}/modules.builtin.alias.bin": "b",
                  f"lib/modules/{RELEASE}/kernel/drivers/vfio/pci/mlx5/m.ko.xz": "elf",
                  "sys/kernel/iommu_groups/1/reserved_regions": "0xfee00000 0xfeefffff msi",
                  "sys/firmware/devicetree/base/soc/pcie@1/iommu-map": "\0\0\0\1",
                  "etc/libvirt/qemu/ümlaut.xml": "<domain/>", "etc/libvirt/hooks/qemu": "#!",
                  "sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages": "3",
                  "run/udev/data/b8:1": "E:ID_BUS=ata", f"{NIC}/power/control": "auto",
                  f"{NIC}/power/runtime_status": "active", "run/libvirtd.pid": "4711",
                  "proc/4711/stat": "4711 (libvirtd) S", "proc/4711/limits": "x"}
        for path, text in wanted.items():
            self.put(path, text)
        os.chmod(self.root / "etc/libvirt/hooks/qemu", 0o755)
        self.put("lib/modules/6.0-other/modules.dep", "x")
        self.link("etc/libvirt/qemu/autostart/a.xml", "/etc/libvirt/qemu/a.xml")
        members = self.capture()
        for path, text in wanted.items():
            self.assertEqual(members[path], text.encode() + b"\n", path)
        self.assertNotIn("lib/modules/6.0-other/modules.dep", members)
        self.assertEqual(members["etc/libvirt/qemu/autostart/a.xml"], "/etc/libvirt/qemu/a.xml")
        with tarfile.open(self.top / "host.tar") as tar:
            self.assertEqual(tar.getmember("etc/libvirt/hooks/qemu").mode, 0o755)
        # And once more, through --root: an absolute link is one below the root.
        self.root = self.top / "host.tar"
        again = self.capture(name="again.tar")
        self.assertEqual(again["etc/libvirt/qemu/autostart/a.xml"],
                         "../../../../etc/libvirt/qemu/a.xml")
        for path in ("etc/libvirt/qemu/autostart/a.xml", SUMMARY):
            del again[path], members[path]
        self.assertEqual(again, members)

    def test_summary_is_the_first_file(self):
        members = self.capture()
        self.assertEqual(next(iter(members)), SUMMARY)
        lines = members[SUMMARY].decode().splitlines()
        self.assertEqual(lines[0], "virt-hostdev-capture 1")
        self.assertEqual(lines[1], "version " + tool("--version").out.split()[1])
        self.assertRegex(lines[2], r"^date 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(lines[3:], [f"release {RELEASE}", "serials replaced",
                                     f"entries {len(members) - 1}"])
        self.assertIn(f": {len(members) - 1} files, folders and links.\n", self.captured.out)
        self.assertEqual(self.captured.err, "")

    def test_sleeping_device_goes_on_sleeping(self):
        config = bytes(range(256))
        for address, status in (("0000:00:01.0", "suspended"), ("0000:01:00.0", "active")):
            folder = f"{PARENT}/{address}"
            self.put(f"{folder}/power/runtime_status", status)
            self.put(f"{folder}/config", config)
            self.put(f"{folder}/current_link_speed", "8.0 GT/s")
        members = self.capture()
        asleep, awake = f"{PARENT}/0000:00:01.0", f"{PARENT}/0000:01:00.0"
        self.assertEqual(members[f"{awake}/config"], config[:64])
        self.assertEqual(members[f"{awake}/current_link_speed"], b"8.0 GT/s\n")
        self.assertNotIn(f"{asleep}/config", members)
        self.assertNotIn(f"{asleep}/current_link_speed", members)
        # Without it the port would be an endpoint.
        self.assertEqual(members[f"{asleep}/secondary_bus_number"], b"")
        self.assertEqual(self.unread(members), {
            f"{asleep}/{name}": "its device sleeps"
            for name in ("config", "current_link_speed", "secondary_bus_number")})

    def test_what_is_too_large_or_no_file(self):
        self.put(f"{NIC}/modalias", "x" * (64 << 10))
        self.put("proc/modules", "x" * (16 << 20))
        self.put("etc/libvirt/hooks/qemu", "#!" + "y" * (1 << 20))
        os.mkfifo(self.root / "proc/cpuinfo")
        members = self.capture()
        self.assertEqual(self.unread(members), {
            f"{NIC}/modalias": "it is too large", "proc/modules": "it is too large",
            "proc/cpuinfo": "it is no file, folder or link"})
        self.assertEqual(len(members["etc/libvirt/hooks/qemu"]), 64 << 10)

    def test_links_that_lead_out_of_the_tree(self):
        outside = self.top / "outside"
        outside.mkdir()
        (outside / "class").write_text("secret\n")
        devices = self.tree.pci / "devices"
        (devices / "0000:09:00.0").symlink_to(outside)
        (devices / "0000:0a:00.0").symlink_to("../../../../../outside")
        (devices / "0000:0b:00.0").symlink_to("x/../../../../../../outside")
        self.link("etc/fstab", "../../../outside/class")
        members = self.capture()
        self.assertNotIn(b"secret", (self.top / "host.tar").read_bytes())
        self.assertNotIn("sys/bus/pci/devices/0000:0a:00.0", members)
        self.assertEqual(set(self.unread(members)), {"etc/fstab",
                                                     "sys/bus/pci/devices/0000:0a:00.0",
                                                     "sys/bus/pci/devices/0000:0b:00.0"})
        self.assertEqual(self.unread(members)["etc/fstab"], "it leads to what isn't there")

    def test_unreadable_files_are_counted_and_listed(self):
        self.put("etc/fstab", "secret").chmod(0)
        self.put("sys/devices/virtual/dmi/id/product_serial", "secret").chmod(0)
        (self.root / NIC / "irq").write_text("11\n")
        (self.root / NIC / "irq").chmod(0)
        folder = self.root / "etc/modprobe.d"
        folder.mkdir()
        folder.chmod(0)
        self.addCleanup(folder.chmod, 0o755)
        command = [TOOL]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--clear-groups", shutil.copy(TOOL, self.top)]
        result = run([*command, "capture", "--root", self.root, "-"])
        self.assertEqual(result.returncode, 0, result.err)
        self.assertEqual(result.err, "virt-hostdev: 3 could not be read; the file "
                                     f"{SUMMARY} in it says which and why.\n")
        (self.top / "host.tar").write_bytes(result.stdout)
        members = self.members(self.top / "host.tar")
        denied = "Permission denied"
        self.assertEqual(self.unread(members), {"etc/fstab": denied, f"{NIC}/irq": denied,
                                                "etc/modprobe.d": denied})
        self.assertEqual(tool("list", "--root", self.top / "host.tar").returncode, 0)
        # What would be replaced nobody misses, until it is asked for.
        result = run([*command, "capture", "--with-serials", "--root", self.root, "-"])
        self.assertIn(": 4 could not be read", result.err)

    def test_nothing_to_record(self):
        empty = self.top / "empty"
        empty.mkdir()
        self.assert_sentence(self.tool("capture", "--root", empty, self.top / "x.tar"), 1,
                             "neither /sys nor /proc")
        self.assertFalse((self.top / "x.tar").exists())


class Secrets(_Tree):
    """All that could tell one machine of its kind from another."""

    SECRETS = (MAC, USB_MAC, ROUTER, GUEST_MAC, INFINIBAND, SERIAL, WWN, BOARD, PRODUCT_UUID,
               MACHINE_ID, HOST)
    PASSWORDS = ("hunter2", "Tr0ub4dor", "open-sesame")

    def setUp(self):
        super().setUp()
        net = f"{NIC}/net/eth0"
        self.put(f"{net}/address", MAC)
        self.put(f"{net}/flags", "0x1003")
        usb = f"{NIC}/usb1/net/{USB_NAME}"
        self.put(f"{usb}/address", USB_MAC)
        self.put(f"{usb}/flags", "0x1003")
        self.link(f"sys/class/net/{USB_NAME}", f"../../../{usb}")
        self.link("sys/class/net/eth0", f"../../../{net}")
        self.put("sys/devices/virtual/net/lo/address", "00:00:00:00:00:00")
        self.link("sys/class/net/lo", "../../devices/virtual/net/lo")
        self.put("sys/devices/virtual/net/br0/address", MAC)
        self.link("sys/class/net/br0", "../../devices/virtual/net/br0")
        self.put(f"{NIC}/usb1/net/ib0/address", INFINIBAND)
        self.put("proc/net/route", f"Iface Destination\n{USB_NAME}\t00000000")
        self.put("proc/net/ipv6_route", f"{ipv6_of(MAC)} 80 00000000000000000000000000000000 "
                                        f"00 {ipv6_of(ROUTER)} 00000400 eth0")
        nvme = f"{NVME}/nvme/nvme0"
        self.put(f"{nvme}/serial", f"{SERIAL}      ")
        self.put(f"{nvme}/model", "Samsung SSD 970 EVO")
        self.link(f"{nvme}/subsystem", "../../../../../class/nvme")
        self.put("run/udev/data/b259:0",
                 f"S:disk/by-id/nvme-Samsung_SSD_970_EVO_{SERIAL}-part1\n"
                 f"S:disk/by-id/nvme-{WWN}\n"
                 f"E:ID_SERIAL=Samsung_SSD_970_EVO_{SERIAL}\nE:ID_SERIAL_SHORT={SERIAL}\n"
                 f"E:ID_WWN={WWN}\nE:ID_FS_UUID=2f1c3c4e-7c8d-4a38-93f5-0a1b2c3d4e5f")
        self.put("run/udev/data/b8:16", "E:ID_SERIAL=WD_Elements_575833\nE:ID_SERIAL_SHORT=575833")
        self.put("run/udev/data/b8:0", "E:ID_SERIAL=ST4000_ZDH12345\nE:ID_SERIAL_SHORT=ZDH12345")
        self.put("proc/meminfo", "MemTotal: 575833 kB")
        self.put("etc/libvirt/hooks/qemu", "#!/bin/sh\necho serial >/dev/ttyS0")
        self.put("run/udev/data/n3", f"E:ID_NET_NAME_MAC=enx{MAC.replace(':', '')}")
        dmi = "sys/devices/virtual/dmi/id"
        self.put(f"{dmi}/board_serial", BOARD)
        self.put(f"{dmi}/product_uuid", PRODUCT_UUID)
        self.put(f"{dmi}/product_name", "X570")
        self.put("proc/cmdline", f"BOOT_IMAGE=/vmlinuz-{RELEASE} ip=::::{HOST}:eth0 "
                                 f"root=/dev/disk/by-id/nvme-Samsung_SSD_970_EVO_{SERIAL}-part2 "
                                 f"ifname=lan:{MAC.upper()} rd.iscsi.password=hunter2 quiet")
        self.put("proc/sys/kernel/hostname", HOST)
        self.put("etc/machine-id", MACHINE_ID)
        self.put(f"boot/loader/entries/{MACHINE_ID}-{RELEASE}.conf", f"machine-id {MACHINE_ID}")
        self.put("proc/self/mountinfo", "22 1 253:0 / / rw - ext4 /dev/mapper/node--7-root rw")
        self.put("etc/libvirt/qemu.conf", '#vnc_password = "x"\nvnc_password = "Tr0ub4dor"')
        self.put("etc/libvirt/qemu/guest.xml",
                 f"<mac address='{GUEST_MAC}'/><serial>{SERIAL}</serial>"
                 f"<entry name='serial'>{BOARD}</entry><uuid>{UUID}</uuid>"
                 "<graphics type='vnc' passwd='open-sesame'/><serial type='pty'/>")
        self.put("proc/cpuinfo", f"model name\t: x\nSerial\t\t: {SERIAL}")
        self.put("proc/bus/input/devices", f'N: Name="Mouse"\nU: Uniq={GUEST_MAC}\nB: EV=17')

    @staticmethod
    def spellings(secret):
        plain = secret.replace(":", "")
        forms = [secret, plain] if re.fullmatch("(..:){5}..", secret) else [secret]
        if len(forms) == 2:
            forms.append(ipv6_of(secret)[16:])
        if secret == HOST:
            forms.append("node--7")
        return [form.encode() for form in forms]

    def text_of(self, members):
        parts = []
        for name, contents in members.items():
            parts += [name.encode(), contents.encode() if isinstance(contents, str) else
                      contents or b""]
        return b"\n".join(parts).lower()

    def test_gone(self):
        everything = self.text_of(self.capture())
        for secret in self.SECRETS:
            for form in self.spellings(secret):
                self.assertNotIn(form.lower(), everything)
        for password in self.PASSWORDS:
            self.assertNotIn(password.lower().encode(), everything)

    def test_kept_when_asked_for(self):
        members = self.capture("--with-serials")
        everything = self.text_of(members)
        for secret in self.SECRETS:
            self.assertTrue(any(form.lower() in everything for form in self.spellings(secret)))
        for password in self.PASSWORDS:
            self.assertNotIn(password.lower().encode(), everything)
        self.assertIn(b"serials kept\n", members[SUMMARY])
        self.assertEqual(members["etc/machine-id"], MACHINE_ID.encode() + b"\n")
        self.assertIn(f"sys/class/net/{USB_NAME}", members)
        for path in ("run/udev/data/b259:0", "proc/net/ipv6_route", f"{NIC}/net/eth0/address"):
            self.assertEqual(members[path], (self.root / path).read_bytes())

    def test_alike_stays_alike(self):
        members = self.capture()
        mac, usb = members[f"{NIC}/net/eth0/address"], None
        self.assertRegex(mac, rb"^02:00:00:00:00:0\d\n$")
        self.assertEqual(members["sys/devices/virtual/net/br0/address"], mac)
        self.assertEqual(members["sys/devices/virtual/net/lo/address"], b"00:00:00:00:00:00\n")
        name, = (path.split("/")[-1] for path in members if path.startswith("sys/class/net/enx"))
        usb = members[f"{NIC}/usb1/net/{name}/address"]
        self.assertNotEqual(usb, mac)
        self.assertEqual(name.encode(), b"enx" + usb.strip().replace(b":", b""))
        self.assertEqual(members[f"sys/class/net/{name}"], f"../../../{NIC}/usb1/net/{name}")
        self.assertIn(name.encode() + b"\t", members["proc/net/route"])
        self.assertIn(ipv6_of(mac.decode().strip()).encode(), members["proc/net/ipv6_route"])
        self.assertIn(b"lan:" + mac.strip() + b" ", members["proc/cmdline"])
        serial = members[f"{NVME}/nvme/nvme0/serial"].strip()
        self.assertRegex(serial, rb"^SERIAL-\d+$")
        self.assertIn(b"EVO_" + serial + b"-part2 ", members["proc/cmdline"])
        data = members["run/udev/data/b259:0"]
        self.assertIn(b"S:disk/by-id/nvme-Samsung_SSD_970_EVO_" + serial + b"-part1\n", data)
        self.assertIn(b"E:ID_SERIAL=Samsung_SSD_970_EVO_" + serial + b"\n", data)
        self.assertIn(b"E:ID_SERIAL_SHORT=" + serial + b"\n", data)
        guest = members["etc/libvirt/qemu/guest.xml"]
        self.assertIn(b"<serial>" + serial + b"</serial>", guest)
        board = members["sys/devices/virtual/dmi/id/board_serial"].strip()
        self.assertNotEqual(board, serial)
        self.assertIn(b"<entry name='serial'>" + board + b"</entry>", guest)
        self.assertRegex(members["sys/devices/virtual/dmi/id/product_uuid"],
                         rb"^00000000-0000-4000-8000-\d{12}\n$")

    def test_what_is_no_secret_stays(self):
        members = self.capture()
        self.assertEqual(members[f"{NVME}/nvme/nvme0/model"], b"Samsung SSD 970 EVO\n")
        self.assertEqual(members["sys/devices/virtual/dmi/id/product_name"], b"X570\n")
        guest = members["etc/libvirt/qemu/guest.xml"]
        self.assertIn(f"<uuid>{UUID}</uuid>".encode(), guest)
        self.assertIn(b"<serial type='pty'/>", guest)
        self.assertIn(b"passwd='REMOVED'", guest)
        self.assertIn(b"E:ID_FS_UUID=2f1c3c4e-7c8d-4a38-93f5-0a1b2c3d4e5f\n",
                      members["run/udev/data/b259:0"])
        self.assertRegex(members["proc/cmdline"], rb" rd\.iscsi\.password=REMOVED quiet\n$")
        self.assertIn(b"/dev/mapper/HOST-root", members["proc/self/mountinfo"])
        self.assertIn(f"BOOT_IMAGE=/vmlinuz-{RELEASE} ".encode(), members["proc/cmdline"])
        self.assertEqual(members["proc/bus/input/devices"].splitlines()[::2],
                         [b'N: Name="Mouse"', b"B: EV=17"])
        self.assertEqual(members["etc/libvirt/hooks/qemu"].splitlines()[1],
                         b"echo serial >/dev/ttyS0")
        self.assertRegex(members["run/udev/data/b8:0"], rb"^E:ID_SERIAL=ST4000_SERIAL-\d+\n")
        # Too short to be looked for in other places, but not in its own.
        self.assertNotIn(b"575833", members["run/udev/data/b8:16"])
        self.assertEqual(members["proc/meminfo"], b"MemTotal: 575833 kB\n")

    def test_capture_of_a_capture_is_the_same(self):
        first = self.capture()
        self.root = self.top / "host.tar"
        self.assertEqual(json.loads(self.tool("list", "--json", "--root", self.root).out),
                         json.loads(self.tool("list", "--json", "--root", self.top / "root").out))
        second = self.capture(name="again.tar")
        self.assertEqual(set(first), set(second))
        self.assertEqual(second[f"{NIC}/net/eth0/address"], first[f"{NIC}/net/eth0/address"])


class Output(_Tree):
    def test_existing_file_stays(self):
        path = self.top / "host.tar"
        path.write_text("mine")
        self.assert_sentence(self.tool("capture", "--root", self.root, path), 1,
                             "host.tar is there already")
        self.assertEqual(path.read_text(), "mine")
        self.assert_sentence(self.tool("capture", "--root", self.root, self.top), 1,
                             "is there already")
        dangling = self.top / "dangling.tar"
        dangling.symlink_to("nowhere")
        self.assert_sentence(self.tool("capture", "--root", self.root, dangling), 1,
                             "is there already")
        self.assertEqual(sorted(each.name for each in self.top.iterdir()),
                         ["dangling.tar", "host.tar", "root", "tmp"])

    def test_folder_that_is_not_there_or_not_writable(self):
        self.assert_sentence(self.tool("capture", "--root", self.root, self.top / "no/x.tar"), 1,
                             "no/x.tar: No such file or directory")
        self.assert_sentence(self.tool("capture", "--root", self.root, self.root / "proc/sys/"
                                       "kernel/osrelease/x.tar"), 1, "Not a directory")
        command = [TOOL]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--clear-groups", shutil.copy(TOOL, self.top)]
        self.temporary.chmod(0o555)
        self.addCleanup(self.temporary.chmod, 0o755)
        self.assert_sentence(run([*command, "capture", "--root", self.root,
                                  self.temporary / "x.tar"]), 1, "x.tar: Permission denied")
        self.assert_nothing_left()

    def test_full_disk(self):
        self.put("proc/modules", os.urandom(1 << 20))
        script = ('mount -t tmpfs -o size=64k tmpfs "$1"; r=0; '
                  '"$2" capture --root "$3" "$1/x.tar.gz" || r=$?; ls -A "$1"; exit $r')
        result = run([*MOUNTS, script, "sh", self.temporary, TOOL, self.root])
        self.assert_sentence(result, 1, "x.tar.gz: No space left on device")

    def test_limit_of_a_file(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20480, 20480))
        result = self.tool("capture", "--root", self.root, self.temporary / "x.tar",
                           preexec_fn=limit)
        self.assert_sentence(result, 1, "x.tar: File too large")
        self.assert_nothing_left()

    def test_standard_output(self):
        result = self.tool("capture", "--root", self.root, "-")
        self.assertEqual((result.returncode, result.err), (0, ""))
        with tarfile.open(fileobj=io.BytesIO(result.stdout)) as tar:
            self.assertIn(f"{NIC}/vendor", tar.getnames())
        with open("/dev/full", "wb") as full:
            result = subprocess.run([TOOL, "capture", "--root", self.root, "-"], stdout=full,
                                    stderr=subprocess.PIPE, check=False)
        self.assertEqual((result.returncode, result.stderr),
                         (1, b"virt-hostdev: cannot write standard output: "
                             b"No space left on device.\n"))

    def test_terminal_is_no_place(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        result = subprocess.run([TOOL, "capture", "--root", self.root, "-"], stdout=terminal,
                                stderr=subprocess.PIPE, timeout=HANG, check=False)
        os.close(terminal)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"nothing for a terminal", result.stderr)

    def test_name_without_one_is_of_the_date(self):
        result = self.tool("capture", "--root", self.root, cwd=self.temporary)
        self.assertEqual(result.returncode, 0, result.err)
        path, = self.temporary.iterdir()
        self.assertRegex(path.name, r"^virt-hostdev-20\d{6}-\d{6}\.tar\.gz$")
        self.assertTrue(result.out.startswith(f"Recorded the host in {path.name}: "))
        # Others of this machine have no business in it.
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)


def entry(name, kind=tarfile.REGTYPE, data=b"", **attributes):
    member = tarfile.TarInfo(name)
    member.type = kind
    member.size = len(data)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member, data


class Unpacking(_Tree):
    """Tars that nobody should trust: one sentence, and nothing anywhere else."""

    def setUp(self):
        super().setUp()
        self.canary = self.top / "canary"
        self.canary.write_text("alive")
        self.path = self.top / "x.tar"

    def tearDown(self):
        self.assertEqual(self.canary.read_text(), "alive")
        self.assertEqual({each.name for each in self.top.iterdir()} - {"x.tar"},
                         {"canary", "root", "tmp"})
        self.assert_nothing_left()

    def make(self, *entries, **options):
        with tarfile.open(self.path, "w", **options) as tar:
            for member, data in entries:
                tar.addfile(member, io.BytesIO(data))

    def refused(self, words):
        self.assert_sentence(self.tool("list", "--root", self.path), 2, words)
        self.assert_nothing_left()

    def test_paths(self):
        out = "a path with .. leads out of it"
        for name, words in (("../canary", out), ("a/../../canary", out), ("a/..", out),
                            ("/canary", "absolute"), (str(self.canary), "absolute"),
                            ("a/" * 200 + "b", "too deep")):
            self.make(entry(name, data=b"dead"))
            self.refused(words)
        self.make(entry("..", tarfile.DIRTYPE))
        self.refused(out)

    def test_links_that_lead_out(self):
        link = {"kind": tarfile.SYMTYPE}
        for name, target in (("a", ".."), ("a", "../canary"), ("a/b", "../../canary"),
                             ("a", "b/../../canary"), ("a/b/c", "../d/../../../canary"),
                             ("a", "./../canary"), ("a", "b/..")):
            self.make(entry(name, **link, linkname=target))
            self.refused("leads out of it")
        self.make(entry("a", **link, linkname=""))
        self.refused("link to nothing")

    def test_writing_through_a_link(self):
        inside = entry("a", tarfile.SYMTYPE, linkname=str(self.top))
        self.make(inside, entry("a/canary", data=b"dead"))
        self.refused("below something that is no folder")
        self.make(entry("b", tarfile.DIRTYPE), entry("a", tarfile.SYMTYPE, linkname="b"),
                  entry("a/c", tarfile.DIRTYPE))
        self.refused("below something that is no folder")
        self.make(entry("b/d", tarfile.DIRTYPE), entry("a", tarfile.SYMTYPE, linkname="b"),
                  entry("a/d/c", data=b"x"))
        self.refused("below something that is no folder")
        self.make(inside, entry("a", data=b"dead"))
        self.refused("is there twice")
        self.make(entry("f", data=b"x"), entry("f/g", data=b"x"))
        self.refused("below something that is no folder")

    def test_absolute_link_stays_below_the_root(self):
        self.make(entry("sys/bus/pci/devices/0000:09:00.0", tarfile.SYMTYPE,
                        linkname="/sys/devices/x"),
                  entry("sys/devices/x/class", data=b"0x020000\n"),
                  entry("sys/devices/x/vendor", data=b"0x8086\n"),
                  entry("sys/devices/x/device", data=b"0x10d3\n"))
        devices = json.loads(self.tool("list", "--json", "--root", self.path).out)["devices"]
        self.assertEqual([each["address"] for each in devices], ["0000:09:00.0"])

    def test_other_kinds_of_files(self):
        for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            self.make(entry("dev/x", kind, devmajor=1, devminor=7))
            self.refused("dev/x is neither file, folder nor link")
        self.make(entry("a", data=b"x"), entry("b", tarfile.LNKTYPE, linkname="a"))
        self.refused("b is a hard link")
        self.make(entry("b", tarfile.LNKTYPE, linkname="../canary"))
        self.refused("b is a hard link")

    def test_what_is_twice(self):
        self.make(entry("a", data=b"1"), entry("a", data=b"2"))
        self.refused("a is there twice")
        self.make(entry("a", tarfile.DIRTYPE), entry("a", data=b"2"))
        self.refused("a is there twice")

    def test_bombs(self):
        block = entry("d", tarfile.DIRTYPE)[0].tobuf(tarfile.GNU_FORMAT)
        with gzip.open(self.path, "wb", 1) as file:
            for _ in range(1000):
                file.write(block * 1000)
        self.refused("more than 100000 files")
        with gzip.open(self.path, "wb", 1) as file:
            member = tarfile.TarInfo("a")
            member.size = 1 << 40
            file.write(member.tobuf(tarfile.GNU_FORMAT) + b"\0" * (1 << 20))
        self.refused("a is too large")

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_work_grows_as_the_tar_does(self):
        """Files below one folder and below many: unpacked, and removed again. What a
        sanitizer waits for at the end takes more calls on a busy machine, none of them of
        files."""
        def calls(number, a_folder):
            self.make(*(entry(f"sys/d{i // a_folder}/e/f{i}", data=b"x") for i in range(number)))
            count = self.temporary / "count"
            run(["strace", "-f", "-qq", "-e", "trace=%file,%desc", "-c", "-U", "calls,name",
                 "-o", count,
                 TOOL, "list", "--root", self.path], env=self.environment)
            total = int(count.read_text().splitlines()[-1].split()[0])
            count.unlink()
            return total

        for a_folder in (4000, 10):
            counts = [calls(number, a_folder) for number in (1000, 2000, 4000)]
            with self.subTest(a_folder=a_folder, counts=counts):
                self.assertLess(counts[1] - counts[0], 12 * 1000)
                self.assertLess(counts[2] - counts[1], 12 * 2000)

    def test_all_together_are_too_large(self):
        with gzip.open(self.path, "wb", 1) as file:
            for number in range(9):
                member = tarfile.TarInfo(f"f{number}")
                member.size = 60 << 20
                file.write(member.tobuf(tarfile.GNU_FORMAT))
                for _ in range(60):
                    file.write(b"\0" * (1 << 20))
        self.refused("f8 is too large")

    def test_sparse_file(self):
        with open(self.top / "root/sparse", "wb") as file:
            file.truncate(1 << 40)
        subprocess.run(["tar", "-cSf", self.path, "-C", self.root, "sparse"], check=True)
        self.assertLess(self.path.stat().st_size, 1 << 20)
        self.refused("sparse is too large")

    def test_no_tar(self):
        for data in (b"", b"x", os.urandom(100000), b"\x7fELF" + b"\0" * 2000,
                     b"PK\x03\x04" + b"\0" * 2000, gzip.compress(b"hello" * 1000)):
            self.path.write_bytes(data)
            self.refused("x.tar as a tar: ")
        for data in (b"\0" * 10240, gzip.compress(b"\0" * 10240)):
            self.path.write_bytes(data)
            self.refused("x.tar is no capture of a host: it is empty")

    def test_truncated(self):
        whole = self.top / "whole.tar.gz"
        self.tool("capture", "--root", self.root, whole)
        data = whole.read_bytes()
        plain = gzip.decompress(data)
        whole.unlink()
        self.path.write_bytes(data[:len(data) // 2])
        self.refused("as a tar: ")
        # In the middle of a file, of a header, and between two entries.
        for length, words in ((512 + 100, "as a tar: "), (1024 + 100, "as a tar: "),
                              (1024, "it has 1 entries of "),
                              (len(plain) // 2 // 512 * 512, "")):
            self.path.write_bytes(plain[:length])
            self.refused(words)

    def test_what_is_no_regular_file(self):
        os.mkfifo(self.path)
        self.refused("neither a folder nor a tar")
        self.path.unlink()
        self.assert_sentence(self.tool("list", "--root", "/dev/null"), 2,
                             "/dev/null is neither a folder nor a tar")

    def test_no_place_to_unpack(self):
        self.make(entry("a", data=b"x"))
        self.environment["TMPDIR"] = str(self.top / "missing")
        self.assert_sentence(self.tool("list", "--root", self.path), 1,
                             "cannot make a folder to unpack")

    def test_full_disk(self):
        self.make(entry("sys/a", data=os.urandom(1 << 20)))
        script = ('mount -t tmpfs -o size=64k tmpfs "$1"; r=0; '
                  'TMPDIR="$1" "$2" list --root "$3" || r=$?; ls -A "$1"; exit $r')
        result = run([*MOUNTS, script, "sh", self.temporary, TOOL, self.path])
        self.assert_sentence(result, 1, "cannot unpack sys/a from")
        self.assertIn("No space left on device", result.err)

    def test_tar_that_somebody_made_by_hand(self):
        subprocess.run(["tar", "-czf", self.path, "--format=pax", "-C", self.root, "."],
                       check=True)
        expected = self.tool("list", "--json", "--root", self.root).out
        self.assertEqual(self.tool("list", "--json", "--root", self.path).out, expected)

    def waiting(self):
        """A check that waits for its domain, with the tar unpacked."""
        process = subprocess.Popen([TOOL, "check", "--root", self.path, "-"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=self.environment,
                                   # A shell's background jobs ignore it, and so do we then.
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        last = self.wait_for(lambda: list(self.temporary.glob("*/last")))
        return process, last[0].parent

    def wait_for(self, condition):
        deadline = time.monotonic() + HANG
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return condition()

    def test_bits_and_rights(self):
        self.make(entry("d", tarfile.DIRTYPE, mode=0o7000), entry("d/s", data=b"x", mode=0o6755),
                  entry("d/n", data=b"x", mode=0),
                  entry("d/l", tarfile.SYMTYPE, linkname="/etc/x"), entry("last"))
        process, folder = self.waiting()
        modes = {name: stat.S_IMODE((folder / name).stat().st_mode)
                 for name in (".", "d", "d/s", "d/n")}
        link = os.readlink(folder / "d/l")
        process.kill()
        process.wait()
        self.assertEqual(link, "../etc/x")
        self.assertEqual(modes, {".": 0o700, "d": 0o700, "d/s": 0o755, "d/n": 0o600})
        self.wait_for(lambda: not list(self.temporary.iterdir()))

    def test_folder_goes_however_the_tool_ends(self):
        self.make(entry("a/b/c", data=b"x"), entry("a/l", tarfile.SYMTYPE, linkname="/a/b"),
                  entry("a/m", tarfile.SYMTYPE, linkname="b"), entry("last"))
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
            process, _ = self.waiting()
            process.send_signal(number)
            self.assertEqual(process.wait(), -number)
            self.wait_for(lambda: not list(self.temporary.iterdir()))


class Live(unittest.TestCase):
    def test_capture_of_this_machine(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "host.tar.zst")
            result = tool("capture", path)
            self.assertEqual(result.returncode, 0, result.err)
            here = tool("list", "--json")
            there = tool("list", "--json", "--root", path)
            self.assertEqual((there.returncode, there.out), (here.returncode, here.out))
            addresses = [address.read_text().strip()
                         for address in Path("/sys/class/net").glob("*/address")]
            addresses = {address for address in addresses
                         if len(address) == 17 and int(address.replace(":", ""), 16)}
            text = subprocess.run([TOOL, "capture", "-"], capture_output=True, check=True).stdout
            for address in addresses:
                self.assertNotIn(address.encode(), text)

    def test_hook_does_not_need_libarchive(self):
        for folder in ("gcc", "clang", "asan"):
            for name in ("qemu", "virt-hostdev-hook"):
                program = BUILD.parent / folder / "hooks" / name
                if program.exists():
                    self.assertNotIn("libarchive", run(["readelf", "--dynamic", program]).out)
        self.assertTrue(HOOK.exists())
