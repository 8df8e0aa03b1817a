# SPDX-License-Identifier: GPL-2.0-or-later
"""virt-hostdev doctor, on hosts that are described and on ones that lack something."""

import bz2
import gzip
import json
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import described
import devicetree
import iort
from program import TOOL, domain, hostdev, run, tool

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests" / "vm"))

from cpio import Archive  # noqa: E402

ROWS = TOP / "lib" / "doctor" / "rows"
RULES = TOP / "lib" / "check" / "rules.c"
RELEASE = "6.12.0-test"

CONFIG = """
CONFIG_PCI=y
CONFIG_PCI_MSI=y
CONFIG_PCI_IOV=y
CONFIG_PCI_QUIRKS=y
CONFIG_PCIEPORTBUS=y
CONFIG_IOMMU_SUPPORT=y
CONFIG_IOMMU_API=y
CONFIG_IOMMU_DMA=y
CONFIG_INTEL_IOMMU=y
# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set
CONFIG_AMD_IOMMU=y
CONFIG_IRQ_REMAP=y
CONFIG_X86_X2APIC=y
CONFIG_KVM=m
CONFIG_KVM_INTEL=m
CONFIG_KVM_AMD=m
CONFIG_VFIO=m
CONFIG_VFIO_PCI=m
CONFIG_VFIO_PCI_MMAP=y
CONFIG_VFIO_PCI_INTX=y
CONFIG_VFIO_IOMMU_TYPE1=m
"""

ARM_CONFIG = CONFIG + """
CONFIG_ARM_SMMU=y
CONFIG_ARM_SMMU_V3=y
CONFIG_ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT=y
CONFIG_OF_IOMMU=y
CONFIG_IOMMU_IO_PGTABLE_LPAE=y
CONFIG_ARM_GIC_V3=y
CONFIG_ARM_GIC_V3_ITS=y
"""

INTEL = "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\naddress sizes\t: 39 bits physical\n"
NO_TABLES = {"sys/firmware/acpi": None}
AMD = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\naddress sizes\t: 48 bits physical\n"
ARM = "processor\t: 0\nCPU implementer\t: 0x41\n"

HOOK = "etc/libvirt/hooks/qemu"

EXITS = {"good": 0, "bad": 1, "unknown": 3}

# What a healthy Intel host has beside what tests/trees describe.
def hook_program(path, owner=b"virt-hostdev\0", kind=1, wide=True):
    """The least of an ELF file that has the note of lib/host/hooknote.h."""
    def pad(data):
        return data + bytes(-len(data) % 4)
    note = struct.pack("=III", len(owner), len(path) + 1, kind) + pad(owner) + pad(path + b"\0")
    if wide:
        header = struct.pack("=16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1,
                             0, 0, 0)
        entry = struct.pack("=IIQQQQQQ", 4, 4, 120, 0, 0, len(note), len(note), 4)
    else:
        header = struct.pack("=16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 3, 40, 1, 0, 64, 0, 0, 52, 32, 1,
                             0, 0, 0).ljust(64, b"\0")
        entry = struct.pack("=IIIIIIII", 4, 120, 0, 0, len(note), len(note), 4, 4).ljust(56, b"\0")
    return header + entry + note


OURS = hook_program(b"/opt/hd/libexec/virt-hostdev-hook")
PROGRAM = "opt/hd/libexec/virt-hostdev-hook"

# A bundle's, to which a link leads.
BUNDLED = hook_program(b"../libexec/virt-hostdev-hook")

HEALTHY = {
    "proc/cpuinfo": INTEL,
    "proc/cmdline": "root=/dev/sda1 intel_iommu=on quiet",
    "proc/interrupts": "           CPU0\n 24:  0  IR-PCI-MSI-0000:00:14.0  0-edge  xhci_hcd\n",
    "proc/iomem": "80000000-8fffffff : PCI Bus 0000:01\n",
    "proc/stat": "btime 1\n",
    "proc/sys/kernel/osrelease": RELEASE,
    "proc/sys/kernel/tainted": "4096",
    "proc/sys/vm/overcommit_memory": "0",
    "proc/meminfo": "MemAvailable:   8388608 kB\nHugepagesize:       2048 kB\n",
    "sys/class/iommu/dmar0/intel-iommu/cap": "d2008c40660462",
    "sys/firmware/acpi/tables/DMAR": "DMAR",
    "sys/bus/platform/devices/none": "",
    "sys/kernel/security/lockdown": "[none] integrity confidentiality",
    "sys/power/state": "freeze mem",
    "sys/class/misc/kvm/dev": "10:232", "sys/class/misc/vfio/dev": "10:196",
    "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts": "N",
    "sys/module/vfio_iommu_type1/parameters/disable_hugepages": "N",
    "sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "N",
    "sys/module/vfio_pci/parameters/disable_denylist": "N",
    "sys/module/apparmor/parameters/enabled": "N",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "0",
    f"boot/config-{RELEASE}": CONFIG,
    f"lib/modules/{RELEASE}/modules.builtin": "kernel/fs/ext4/ext4.ko\n",
    f"lib/modules/{RELEASE}/modules.dep": "kernel/drivers/vfio/vfio_iommu_type1.ko.xz: \n",
    "etc/default/grub": 'GRUB_CMDLINE_LINUX="intel_iommu=on"\n',
    "etc/modprobe.d/ours.conf": "options kvm nested=1\n",
    "etc/libvirt/qemu.conf": "# nothing\n",
    "etc/libvirt/qemu/plain.xml": domain(name="plain"),
    HOOK: OURS,
    PROGRAM: "\x7fELF",
    "dev/null": "", "dev/kvm": "", "dev/vfio/vfio": "", "run/x": "",
    "var/log/libvirt/qemu/plain.log": "",
}

FLAG = 0x40200  # of a BAR in memory

DEVICE = {
    "config": "\x22", "resource": f"0x90000000 0x9fffffff 0x{FLAG:x}\n",
    "reset_method": "flr bus", "power_state": "D0", "irq": "16", "aer_dev_fatal":
    "Undefined 0\nTOTAL_ERR_FATAL 0", "current_link_width": "16", "max_link_width": "16",
}



class _OnHost(unittest.TestCase):
    tree = "laptop-two-gpus"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.n = 0
        self.make()

    @classmethod
    def setUpClass(cls):
        cls.made = {}
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made_in = Path(folder.name)

    def make(self, files=None):
        """A host of its own, with these files beside the tree."""
        files = files or {}
        usual = HEALTHY if files.keys() >= HEALTHY.keys() else {}
        original = self.original(usual)
        self.n += 1
        self.root = self.folder / str(self.n)
        # Links to one original; what is put here replaces them.
        subprocess.run(["cp", "-al", original, self.root], check=True)
        for path, text in files.items():
            if usual.get(path) != text:
                self.put(path, text)

    def original(self, files):
        """The tree with the files, made once a class."""
        key = self.tree, bool(files)
        if key not in self.made:
            self.root = self.made[key] = self.made_in / str(len(self.made))
            self.root.mkdir()
            described.build(self.tree, self.root)
            for path, text in files.items():
                self.put(path, text)
            for program in {HOOK, PROGRAM} & files.keys():
                (self.root / program).chmod(0o755)
        return self.made[key]

    def put(self, path, text):
        path = self.root / path
        if text is None:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.unlink()
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def doctor(self, *arguments, **options):
        result = tool("doctor", "--json", "--root", self.root, *arguments, **options)
        self.assertEqual(result.err, "")
        report = json.loads(result.out)
        self.assertEqual(result.returncode, EXITS[report["summary"]["verdict"]])
        self.assertEqual(report["summary"]["exit"], result.returncode)
        counted = {}
        for check in report["checks"]:
            counted[check["status"]] = counted.get(check["status"], 0) + 1
            self.assertTrue(check["detail"] and check["title"] and check["source"], check)
            self.assertFalse(check["detail"].endswith("."), check)
            if check["status"] in ("pass", "unknown", "skip"):
                self.assertIsNone(check["fix"], check)
        self.assertEqual({key: report["summary"][key] for key in counted}, counted)
        return report

    def row(self, report, name):
        found = [check for check in report["checks"] if check["id"] == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def assert_row(self, report, name, status, words=""):
        row = self.row(report, name)
        self.assertEqual(row["status"], status, row)
        self.assertIn(words, row["detail"])
        return row

    def assert_first(self, report, name):
        self.assertEqual(report["summary"]["verdict"], "bad")
        self.assertEqual(report["summary"]["first"]["id"], name)


class Trees(_OnHost):
    """The hosts of tests/trees, of which little but sysfs is there."""

    def verdict_of(self, tree, *arguments):
        self.tree = tree
        self.make()
        report = self.doctor(*arguments)
        first = report["summary"]["first"]
        return report["summary"]["verdict"], first and first["id"]

    def test_hosts(self):
        for tree, verdict in {"laptop-two-gpus": "unknown", "desktop-one-group": "unknown",
                              "server-sriov": "unknown", "arm-board": "bad"}.items():
            with self.subTest(tree):
                self.assertEqual(self.verdict_of(tree)[0], verdict)
        self.assertEqual(self.verdict_of("arm-board"), ("bad", "iommu-groups"))
        self.verdict_of("laptop-two-gpus")
        shutil.rmtree(Path(self.root) / "etc")
        summary = self.doctor()["summary"]
        for missing in ("iommu-remapping", "vfio-type1", "vfio-kvm-node", "hook-virsh"):
            self.assertIn(missing, summary["missing"])
        # What others show: groups, and vfio-pci's folder.
        for shown in ("machine-dmar", "config-iommu", "config-vfio", "cmdline-intel-iommu-off"):
            self.assertNotIn(shown, summary["missing"])
        self.assertIn("virt-hostdev capture", summary["fix"])

    def test_devices(self):
        for tree, device, verdict in [
                ("laptop-two-gpus", "01:00.0", ("bad", "device-group-viable")),
                ("laptop-two-gpus", "02:00.0", ("bad", "guard-storage")),
                ("laptop-two-gpus", "03:00.0", ("bad", "guard-network")),
                ("laptop-two-gpus", "00:02.0", ("bad", "guard-display")),
                ("laptop-two-gpus", "00:14.0", ("bad", "guard-keyboard")),
                ("laptop-two-gpus", "00:01.0", ("bad", "device-endpoint")),
                ("laptop-two-gpus", "09:00.0", ("bad", "device-present")),
                ("desktop-one-group", "02:00.0", ("bad", "device-group-viable")),
                ("server-sriov", "3b:10.0", ("unknown", "tree-coherent")),
                ("server-sriov", "3b:00.0", ("bad", "device-no-vfs")),
                ("arm-board", "01:00.0", ("bad", "iommu-groups"))]:
            with self.subTest(f"{tree} {device}"):
                self.assertEqual(self.verdict_of(tree, device), verdict)

    def test_whole_group(self):
        self.assertEqual(self.verdict_of("laptop-two-gpus", "01:00.0", "01:00.1")[0], "unknown")

    def test_what_a_refusal_leaves_unseen_is_skipped(self):
        self.tree = "arm-board"
        self.make()
        report = self.doctor("01:00.0")
        self.assert_row(report, "device-group", "fail", "IOMMU")
        self.assert_row(report, "guard-storage", "unknown", "no-iommu")

    def test_text(self):
        result = tool("doctor", "--root", self.root)
        lines = result.out.splitlines()
        self.assertEqual(result.returncode, 3)
        self.assertRegex(lines[0], r"^Can't tell whether this host can pass devices through: "
                                   r"/proc/cpuinfo isn't there, and \d+ more checks that decide "
                                   r"couldn't be made\.$")
        self.assertRegex(lines[1], r"^Fix: .*virt-hostdev capture")
        self.assertRegex(result.out, r"\nunknown +config-readable and \d+ more +the configuration")
        self.assertNotRegex(result.out, r"\npass ")
        result = tool("doctor", "--root", self.root, "02:00.0")
        lines = result.out.splitlines()
        self.assertEqual(result.returncode, 1)
        self.assertRegex(lines[0], r"^0000:02:00\.0 can't be passed through yet: .* → /\.$")
        self.assertTrue(lines[1].startswith("Fix: "), lines[1])

    def test_usage(self):
        for arguments in (("01:00.0", "guest"), ("guest", "01:00.0")):
            result = tool("doctor", "--root", self.root, *arguments)
            self.assertEqual((result.returncode, result.out), (2, ""))
            self.assertIn("'guest' is not a PCI address", result.err)


class Empty(unittest.TestCase):
    def test_nothing_is_known(self):
        with tempfile.TemporaryDirectory() as root:
            result = tool("doctor", "--root", root)
            self.assertEqual(result.returncode, 3)
            self.assertTrue(result.out.startswith(
                "Can't tell whether this host can pass devices through: "), result.out)
            report = json.loads(tool("doctor", "--json", "--root", root).out)
            self.assertEqual(report["summary"]["verdict"], "unknown")
            self.assertEqual({check["status"] for check in report["checks"]}, {"unknown", "skip"})
            self.assertIn("iommu-groups", report["summary"]["missing"])


class Table(_OnHost):
    def ids(self):
        """As the tables have them, but for those of a kernel that isn't run."""
        texts = [path.read_text() for path in sorted(ROWS.glob("*.c"))
                 if path.name != "image.c"]
        ids = [name for text in texts for name in re.findall(r'{ \.id = "([a-z0-9-]+)"', text)]
        return ids + re.findall(r'\.row = { \.id = "([a-z0-9-]+)"', RULES.read_text())

    def test_every_row_is_there_once(self):
        ids = self.ids()
        self.assertGreater(len(ids), 150)
        self.assertEqual(len(set(ids)), len(ids))
        shown = [check["id"] for check in self.doctor()["checks"]]
        self.assertEqual(sorted(shown), sorted(ids))
        shown = [check["id"] for check in self.doctor("01:00.0")["checks"]]
        self.assertEqual(sorted(shown), sorted(ids))
        lines = tool("doctor", "--all", "--root", self.root).out.splitlines()
        listed = [line.split()[1] for line in lines
                  if line.startswith(("pass ", "warn ", "fail ", "unknown ", "skip "))]
        self.assertEqual(sorted(listed), sorted(ids))

    def test_what_fails_decides(self):
        """Or another row shows what comes of it, which decides itself."""
        text = "".join(path.read_text() for path in sorted(ROWS.glob("*.c")))
        rows = dict(re.findall(r'\{ \.id = "([a-z0-9-]+)"(.*?) \},\n', text, re.S))
        shown = {row: re.search(r'\.shown_by = "(.*?)"', rest) for row, rest in rows.items()}
        shown = {row: found[1] for row, found in shown.items() if found}
        decide = {check["id"] for check in self.doctor("01:00.0")["checks"] if check["decides"]}
        self.assertGreater(len(shown), 20)
        self.assertEqual({row for row, rest in rows.items() if "HD_FAIL" in rest} - decide, set())
        self.assertEqual(set(shown.values()) - (decide - set(shown)), set())
        self.assertEqual(set(shown) - decide, set(), "what can't fail needs none")
        whole = {check["id"] for check in self.doctor()["checks"] if check["decides"]}
        self.assertIn("device-reserved", decide - whole)



class Healthy(_OnHost):
    """A host that has all, and then one thing less."""

    def test_good(self):
        self.make(HEALTHY)
        report = self.doctor()
        bad = [check for check in report["checks"] if check["status"] in ("warn", "fail")]
        self.assertEqual(bad, [])
        self.assertEqual(report["summary"]["verdict"], "good")
        self.assertGreater(report["summary"]["pass"], 70)

    def check_rows(self, rows):
        reports = {}
        for change, name, status, words in rows:
            with self.subTest(f"{name} {status} {words}"):
                key = repr(change)
                if key not in reports:
                    reports[key] = self.doctor_with(change)
                self.assert_row(reports[key], name, status, words)

    def doctor_with(self, change):
        """What comes of some files that are others, or (None) aren't there."""
        self.make(HEALTHY | {path: text for path, text in change.items() if text is not None})
        (self.root / HOOK).chmod(0o755)
        for path, text in change.items():
            if text is None:
                self.put(path, None)
        return self.doctor()

    def test_machine(self):
        self.check_rows([
            ({}, "machine-dmar", "pass", "VT-d"),
            (NO_TABLES, "machine-dmar", "pass", "works without"),
            ({}, "machine-ivrs", "skip", "AMD-Vi"),
            # A virtual machine may have the other vendor's.
            ({"proc/cpuinfo": AMD}, "machine-dmar", "pass", "VT-d"),
            ({"proc/cpuinfo": AMD}, "machine-ivrs", "skip", "AMD-Vi"),
            ({"sys/firmware/acpi/tables/DMAR": None, "sys/firmware/acpi/tables/IVRS": "IVRS"},
             "machine-ivrs", "pass", "AMD-Vi"),
            ({"proc/cpuinfo": None}, "machine-dmar", "pass", "VT-d"),
            (NO_TABLES | {"proc/cpuinfo": None}, "machine-dmar", "unknown", "/proc/cpuinfo"),
            ({"proc/cpuinfo": "flags : x\nvendor_id : GenuineIntel\nflags : fpu hypervisor\n"},
             "machine-virtual", "pass", ""),
            ({"proc/cpuinfo": "vendor_id : GenuineIntel\nflags : fpu hypervisor\n"},
             "machine-virtual", "warn", "virtual machine"),
            ({"sys/hypervisor/type": "xen"}, "machine-virtual", "warn", "xen"),
            ({"proc/sys/kernel/tainted": "4224"}, "machine-oops", "warn", "oops"),
            ({"proc/sys/kernel/tainted": None}, "machine-oops", "unknown", "tainted"),
            ({"proc/sys/kernel/osrelease": "6.99"}, "machine-modules", "fail", "6.99"),
            ({"lib/modules": None}, "machine-modules", "unknown", "/lib/modules"),
            ({}, "machine-modules", "pass", RELEASE),
        ])

    def test_capture(self):
        """What is said of the host is said of a capture of it."""
        self.make(HEALTHY)
        path = self.folder / "host.tar.gz"
        result = tool("capture", "--root", self.root, path)
        self.assertEqual(result.returncode, 0, result.err)
        whole = self.doctor()
        self.root = path
        report = self.doctor()
        self.assertEqual(report["summary"]["verdict"], "good")
        for before, after in zip(whole["checks"], report["checks"]):
            if before["status"] != after["status"]:
                self.assertIn(after["status"], ("unknown", "skip"), (before, after))
        self.assertGreater(report["summary"]["pass"], 70)

    def test_no_iommu_in_firmware(self):
        self.tree = "arm-board"
        self.make(HEALTHY | {"sys/firmware/acpi/tables/APIC": "x"})
        self.put("sys/firmware/acpi/tables/DMAR", None)
        report = self.doctor()
        self.assert_first(report, "machine-dmar")
        self.assertIn("VT-d", report["summary"]["first"]["fix"])
        self.put("proc/cpuinfo", INTEL.replace("vmx", "hypervisor"))
        report = self.doctor()
        self.assertIn("virtual machine", report["summary"]["message"])

    def test_kernel(self):
        boot = f"boot/config-{RELEASE}"

        def without(option):
            return {boot: CONFIG.replace(f"CONFIG_{option}=", f"# CONFIG_{option} is not =")}

        zipped = gzip.compress(CONFIG.replace("VFIO_PCI=m", "OTHER=m").encode())
        self.check_rows([
            ({}, "config-readable", "pass", boot),
            ({boot: None}, "config-readable", "unknown", "/proc/config.gz"),
            ({boot: None}, "config-vfio", "unknown", "/proc/config.gz"),
            ({boot: "no configuration"}, "config-vfio", "unknown", boot),
            ({"proc/config.gz": zipped}, "config-readable", "pass", "/proc/config.gz"),
            ({"proc/config.gz": zipped}, "config-vfio", "fail", "CONFIG_VFIO_PCI"),
            ({"proc/config.gz": zipped[:-9]}, "config-vfio", "unknown", "/proc/config.gz"),
            ({}, "config-vfio", "pass", ""),
            (without("VFIO"), "config-vfio", "fail", "CONFIG_VFIO:"),
            (without("IOMMU_DMA"), "config-iommu", "fail", "CONFIG_IOMMU_DMA"),
            (without("INTEL_IOMMU"), "config-intel-iommu", "fail", "CONFIG_INTEL_IOMMU"),
            (without("INTEL_IOMMU"), "config-amd-iommu", "skip", "AMD"),
            (without("PCI_IOV"), "config-sriov", "warn", "virtual functions"),
            (without("IRQ_REMAP"), "config-irq-remap", "warn", ""),
            (without("VFIO_IOMMU_TYPE1"), "config-vfio-container", "fail", "/dev/iommu"),
            ({boot: without("VFIO_IOMMU_TYPE1")[boot]
              + "CONFIG_IOMMUFD=m\nCONFIG_VFIO_DEVICE_CDEV=y\n"},
             "config-vfio-container", "pass", ""),
            (without("KVM_INTEL"), "config-kvm-intel", "pass", "/dev/kvm"),
            ({"dev/kvm": None} | without("KVM_INTEL"), "config-kvm-intel", "fail", "KVM_INTEL"),
            ({boot: CONFIG + "CONFIG_IOMMUFD=m\n"}, "config-iommufd", "pass", "set: IOMMUFD"),
        ])

    def test_cmdline(self):
        def line(words):
            return {"proc/cmdline": words}

        self.check_rows([
            ({}, "cmdline-intel-iommu-off", "pass", ""),
            (line("a intel_iommu=sm_on,off b"), "cmdline-intel-iommu-off", "fail",
             "intel_iommu=sm_on,off"),
            (line("iommu=off"), "cmdline-iommu-off", "fail", "iommu=off"),
            (line("quiet -- iommu=off"), "cmdline-iommu-off", "pass", ""),
            ({"proc/cmdline": None}, "cmdline-iommu-off", "unknown", "/proc/cmdline"),
            (line("amd_iommu=off"), "cmdline-amd-iommu-off", "skip", "AMD"),
            (line("amd_iommu=on") | NO_TABLES | {"proc/cpuinfo": AMD}, "cmdline-amd-iommu-on", "warn",
             "no such option"),
            (line("quiet"), "cmdline-intel-iommu-on", "pass", "VT-d is on"),
            (line("quiet") | {"sys/class/iommu": None}, "cmdline-intel-iommu-on", "fail",
             "intel_iommu=on"),
            (line("quiet") | {"sys/class/iommu": None, f"boot/config-{RELEASE}":
                              "CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n"},
             "cmdline-intel-iommu-on", "pass", "by itself"),
            (line("quiet") | {"sys/class/iommu": None, f"boot/config-{RELEASE}": None},
             "cmdline-intel-iommu-on", "unknown", "not known"),
            (line("nointremap"), "cmdline-intremap-off", "fail", "nointremap"),
            (line("pci=noats,nomsi"), "cmdline-no-msi", "fail", "nomsi"),
            (line("pci=noats"), "cmdline-no-msi", "pass", ""),
            (line("pcie_acs_override=downstream"), "cmdline-acs-override", "warn", "patch"),
            (line("pci=config_acs=10@00"), "cmdline-acs-off", "warn", "reach each other"),
            (line("video=efifb:off"), "cmdline-framebuffer", "warn", "video=efifb:off: it helps"),
            (line("video=efifb:off") | {f"boot/config-{RELEASE}": "CONFIG_SYSFB_SIMPLEFB=y\n"},
             "cmdline-framebuffer", "warn", "video=efifb:off, which does nothing"),
            (line("nomodeset") | {f"boot/config-{RELEASE}": "CONFIG_SYSFB_SIMPLEFB=y\n"},
             "cmdline-framebuffer", "warn", "nomodeset: it helps"),
            (line("module_blacklist=a,vfio_pci"), "cmdline-vfio-modules", "fail", "vfio_pci"),
            (line("module_blacklist=nouveau"), "cmdline-vfio-modules", "pass", ""),
            (line("vfio-pci.ids=10de:1f91,10de:10fa"), "cmdline-ids", "pass", ""),
            (line("vfio-pci.ids=10de:1f91,10de:ffff"), "cmdline-ids", "warn", "no such device"),
            (line("vfio_pci.ids=8086"), "cmdline-ids", "warn", "has 9 of them"),
            (line("iommu=pt"), "cmdline-passthrough", "pass", "iommu=pt"),
            (line("hugepages=8"), "cmdline-hugepages", "pass", "hugepages=8"),
            ({"etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"\n'},
             "cmdline-applied", "warn", "/etc/default/grub has iommu=pt"),
            ({"etc/kernel/cmdline": "intel_iommu=on vfio-pci.ids=1:2\n"},
             "cmdline-applied", "warn", "/etc/kernel/cmdline has vfio-pci.ids=1:2"),
            ({"etc/default/grub": None}, "cmdline-applied", "unknown", "/etc/default/grub"),
        ])

    def test_iommu(self):
        unsafe = "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
        plain = " 24:  0  PCI-MSI-0000:00:14.0  0-edge  xhci_hcd\n"
        alone = {"sys/bus/pci/devices/0000:03:00.0/iommu_group": None}
        late = alone | {"sys/bus/pci/devices/0000:03:00.0/driver": None}
        smmu = {"sys/class/iommu/smmu3.0x1/x": ""}
        self.check_rows([
            ({}, "iommu-units", "pass", "1 at work"),
            ({"sys/class/iommu": None}, "iommu-units", "pass", "groups"),
            ({}, "iommu-groups", "pass", "9 groups"),
            ({}, "iommu-groups-complete", "pass", ""),
            ({"sys/bus/pci/devices/0000:03:00.0/iommu_group": None}, "iommu-groups-complete",
             "warn", "0000:03:00.0"),
            # With an SMMU it may get one, but not with a driver that gave it none.
            (late | smmu, "iommu-groups-complete", "pass", "1 device has no driver, and gets a "
             "group when one takes it"),
            (alone | smmu, "iommu-groups-complete", "warn", "1 device (0000:03:00.0) can't go"),
            (late | {"sys/class/iommu/ivhd0/x": ""}, "iommu-groups-complete", "warn",
             "0000:03:00.0"),
            # AMD's own IOMMU.
            (alone | {"sys/bus/pci/devices/0000:03:00.0/class": "0x080600\n"},
             "iommu-groups-complete", "pass", "every device is in one"),
            ({}, "iommu-remapping", "pass", ""),
            ({"proc/interrupts": plain}, "iommu-remapping", "fail", "isolated"),
            ({"proc/interrupts": plain, unsafe: "Y"}, "iommu-remapping", "warn", "harm"),
            ({"proc/interrupts": None}, "iommu-remapping", "unknown", "/proc/interrupts"),
            ({unsafe: "Y"}, "iommu-unsafe-interrupts", "warn", "any interrupt"),
            ({unsafe: None}, "iommu-unsafe-interrupts", "skip", "module"),
            ({}, "iommu-width", "pass", "39 bits"),
            ({"proc/cpuinfo": INTEL.replace("39", "46")}, "iommu-width", "warn", "46"),
            ({"sys/kernel/iommu_groups/1/type": "DMA-FQ", "sys/kernel/iommu_groups/2/type":
              "identity"}, "iommu-types", "pass", "1 groups are translated and 1 are not"),
        ])

    def test_one_group(self):
        self.make(HEALTHY)
        for group in (self.root / "sys/kernel/iommu_groups").iterdir():
            if group.name != "1":
                shutil.rmtree(group)
        self.assert_row(self.doctor(), "iommu-groups", "warn", "one group")

    def test_vfio(self):
        def conf(text):
            return {"etc/modprobe.d/ours.conf": text, "sys/bus/pci/drivers/vfio-pci": None,
                    f"lib/modules/{RELEASE}/modules.dep": "kernel/vfio-pci.ko: \n"}

        builtin = f"lib/modules/{RELEASE}/modules.builtin"
        dep = f"lib/modules/{RELEASE}/modules.dep"
        self.check_rows([
            ({}, "vfio-pci", "pass", ""),
            (conf(""), "vfio-pci", "pass", "when it is wanted"),
            (conf("blacklist vfio-pci\n"), "vfio-pci", "fail", "blacklisted"),
            (conf("install vfio_pci /bin/true\n"), "vfio-pci", "fail", "install command"),
            ({"sys/bus/pci/drivers/vfio-pci": None}, "vfio-pci", "fail", "no vfio-pci"),
            ({"sys/bus/pci/drivers/vfio-pci": None, "lib/modules": None}, "vfio-pci", "unknown",
             "/lib/modules"),
            ({"sys/bus/pci/drivers/vfio-pci": None, "lib/modules": None,
              f"boot/config-{RELEASE}": CONFIG.replace("VFIO_PCI=m", "VFIO_PCI=y")},
             "vfio-pci", "pass", ""),
            ({}, "vfio-type1", "pass", ""),
            ({"sys/module/vfio_iommu_type1": None}, "vfio-type1", "pass", "wanted"),
            ({"sys/module/vfio_iommu_type1": None, dep: ""}, "vfio-type1", "fail", ""),
            ({"sys/module/vfio_iommu_type1": None, dep: None}, "vfio-type1", "unknown", "dep"),
            ({}, "vfio-node", "pass", ""),
            ({"dev/vfio": None}, "vfio-node", "fail", "nobody made"),
            ({"dev/vfio": None, "sys/module/vfio": None}, "vfio-node", "skip", "loaded"),
            ({"dev": None}, "vfio-node", "pass", "/sys/class/misc/vfio"),
            ({"dev": None, "sys/class/misc": None}, "vfio-node", "unknown", "/dev"),
            ({"dev/kvm": None}, "vfio-kvm-node", "fail", "/dev/kvm"),
            ({"dev": None}, "vfio-kvm-node", "pass", "/sys/class/misc/kvm"),
            ({"dev": None, "sys/class/misc": None}, "vfio-kvm-node", "unknown", "/dev"),
            ({"sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "Y"}, "vfio-noiommu",
             "fail", "all memory"),
            ({"sys/module/vfio_pci/parameters/disable_denylist": "Y"}, "vfio-denylist", "warn", ""),
            ({builtin: "kernel/drivers/vfio/pci/vfio-pci.ko\n", "etc/modprobe.d/ours.conf":
              "# a\noptions  vfio_pci ids=10de:1\n"}, "vfio-options", "warn", "ours.conf"),
            ({builtin: "kernel/drivers/vfio/pci/vfio-pci.ko\n"}, "vfio-options", "pass", ""),
            ({builtin: None}, "vfio-options", "unknown", "modules.builtin"),
            ({"etc/modules": "vfio\nvfio_virqfd\n"}, "vfio-stale-modules", "warn", "/etc/modules"),
            ({"etc/modules": "vfio_virqfd\n", dep: "kernel/vfio_virqfd.ko:\n"},
             "vfio-stale-modules", "skip", "may have"),
        ])

    @staticmethod
    def initramfs(*names, folder="etc/modprobe.d/", **confs):
        """An image with these files, and with files of modprobe.d."""
        archive = Archive()
        archive.add("init", 0o100755, b"\x7fELF" + bytes(100000))
        for name in names:
            archive.add(name, 0o100644, b"\x28\xb5")
        for name, text in confs.items():
            archive.add(f"{folder}{name}.conf", 0o100644, text.encode())
        return archive.finish()

    def test_initramfs(self):
        path = f"boot/initrd.img-{RELEASE}"
        conf = "# of ours\noptions vfio-pci ids=8086:10d3\n"
        host = {"etc/modprobe.d/vfio.conf": conf}
        driver = f"usr/lib/modules/{RELEASE}/kernel/drivers/vfio/pci/vfio-pci.ko.zst"
        microcode = self.initramfs("kernel/x86/microcode/GenuineIntel.bin") + bytes(400)
        good = self.initramfs(driver, vfio=conf)
        old = self.initramfs(driver, vfio=conf + "softdep nvidia pre: vfio-pci\n")
        self.check_rows([(files, "vfio-initramfs", *expected) for files, *expected in [
            ({}, "unknown", "/boot"),
            ({path: good}, "pass", "nothing of drivers"),
            (host, "unknown", "/boot"),
            (host | {path: good}, "pass", path),
            (host | {path: self.initramfs(driver, folder="./etc/modprobe.d/", vfio=conf)}, "pass",
             path),
            # Without comments, as some make it.
            (host | {path: self.initramfs(driver, vfio=conf.split("\n", 1)[1])}, "pass", path),
            # Compressed, after one that isn't.
            *((host | {path: microcode + pack(good)}, "pass", path)
              for pack in (bytes, gzip.compress, lzma.compress, bz2.compress)),
            (host | {path: gzip.compress(microcode + old)}, "warn", "another vfio.conf"),
            *((host | {f"boot/{name}": old}, "warn", f"{name} has another vfio.conf")
              for name in (f"initrd-{RELEASE}", f"initramfs-{RELEASE}.img")),
            (host | {f"lib/modules/{RELEASE}/initrd": old}, "warn", "another vfio.conf"),
            (host | {f"lib/modules/{RELEASE}/pkgbase": "linux-lts\n",
                     "boot/initramfs-linux-lts.img": old}, "warn", "linux-lts.img"),
            (host | {path: self.initramfs(driver, other=conf)}, "warn",
             "without /etc/modprobe.d/vfio.conf"),
            (host | {path: self.initramfs(vfio=conf)}, "warn", "not the module vfio-pci"),
            (host | {path: self.initramfs(driver + ".old", vfio=conf),
                     f"lib/modules/{RELEASE}/modules.builtin": "kernel/drivers/vfio/vfio-pci.ko\n"},
             "pass", path),
            # What was blacklisted afterwards is loaded by it.
            ({"etc/modprobe.d/nouveau.conf": "blacklist nouveau\n",
              path: self.initramfs(nouveau="#blacklist nouveau\n")}, "warn",
             "another nouveau.conf"),
            ({"etc/modprobe.d/nouveau.conf": "blacklist nouveau\n", path: self.initramfs()},
             "pass", path),
            *((host | {path: bad}, "unknown", "no initramfs")
              for bad in (b"", b"x", bytes(8), good[:-200], gzip.compress(good)[:-20],
                          microcode + b"x", microcode + gzip.compress(b"x"), bytes(2 << 20) + good,
                          good.replace(b"\0", b"\1", 1).replace(b"0705", b"070z"),
                          good[:54] + b"-1234567" + good[62:], good[:94] + b"00000000" + good[102:],
                          good[:94] + b"0000ffff" + good[102:])),
        ]])

    def test_confinement(self):
        conf = "etc/libvirt/qemu.conf"
        enforce = {"sys/fs/selinux/enforce": "1"}
        boolean = "sys/fs/selinux/booleans/virt_hooks_unconfined"
        self.check_rows([
            ({}, "confinement-container", "pass", ""),
            ({"run/.containerenv": ""}, "confinement-container", "warn", "container"),
            ({"run": None}, "confinement-container", "unknown", "/run"),
            ({}, "confinement-lockdown", "pass", "off"),
            ({"sys/kernel/security/lockdown": "none [integrity] confidentiality"},
             "confinement-lockdown", "pass", "(integrity)"),
            ({"sys/kernel/security/lockdown": None}, "confinement-lockdown", "unknown", "lockdown"),
            ({}, "confinement-selinux-hooks", "skip", "off"),
            (enforce | {boolean: "0 0"}, "confinement-selinux-hooks", "fail", "sysfs"),
            (enforce | {boolean: "1 1"}, "confinement-selinux-hooks", "pass", ""),
            (enforce, "confinement-selinux-hooks", "unknown", boolean),
            ({"sys/module/apparmor/parameters/enabled": "Y"}, "confinement-apparmor", "unknown",
             "profiles"),
            ({"sys/module/apparmor/parameters/enabled": "Y", "sys/kernel/security/apparmor/"
              "profiles": "libvirtd (enforce)\n"}, "confinement-apparmor", "pass", "ROM"),
            ({"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c":
              b"\6\0\0\0\1"}, "confinement-secure-boot", "pass", "it is on"),
            ({}, "confinement-secure-boot", "skip", "UEFI"),
            ({"etc/systemd/system/virtqemud.service.d/x.conf":
              "[Service]\nProtectKernelModules=yes\n"}, "confinement-units", "warn", "x.conf"),
            ({}, "confinement-units", "pass", ""),
            ({conf: 'user = "root"\n'}, "qemu-user", "warn", "user=root"),
            ({conf: '#user = "root"\n'}, "qemu-user", "pass", "default"),
            ({conf: None}, "qemu-user", "skip", "qemu.conf"),
            ({conf: "cgroup_controllers = [ ]\n"}, "qemu-cgroups", "warn", ""),
            ({conf: 'cgroup_device_acl = [\n"/dev/null"\n]\n'}, "qemu-device-acl", "warn",
             "/dev/zero"),
        ])

    def test_libvirt(self):
        cache = "var/cache/libvirt/qemu/capabilities/1.xml"

        def guest(name, bus=1):
            return {f"etc/libvirt/qemu/{name}.xml": domain(hostdev(bus), name=name)}

        def auto(name):
            return {f"etc/libvirt/qemu/autostart/{name}.xml": ""}

        self.check_rows([
            ({cache: "<qemuCaps><version>10000013</version></qemuCaps>"},
             "libvirt-qemu-version", "pass", "10.0.13"),
            ({}, "libvirt-qemu-version", "unknown", "capabilities"),
            ({"run/libvirt/virtqemud-sock": ""}, "libvirt-daemon", "pass", "virtqemud-sock"),
            ({}, "libvirt-daemon", "skip", "copied"),
            (guest("a"), "libvirt-shared-devices", "pass", ""),
            (guest("a") | guest("b"), "libvirt-shared-devices", "warn", "same time"),
            (guest("a") | guest("b") | guest("c") | auto("a") | auto("c"),
             "libvirt-shared-devices", "warn", "'a' and 'c'"),
            ({"etc/libvirt/qemu": None}, "libvirt-shared-devices", "unknown", "/etc/libvirt/qemu"),
            (guest("a") | auto("a"), "libvirt-autostart", "pass", "they are there"),
            (guest("a", 0x77), "libvirt-autostart", "pass", "they are there"),
            (guest("a", 0x77) | auto("a"), "libvirt-autostart", "warn", "0000:77:00.0 isn't there"),
            ({"etc/libvirt/qemu": None}, "libvirt-autostart", "unknown", "/etc/libvirt/qemu"),
            ({"etc/virt-hostdev.conf": "[host]\nx=1\n"}, "hook-configuration", "fail", "line 2"),
            ({}, "hook-configuration", "pass", ""),
        ])

    def test_virtual_function_at_boot(self):
        self.tree = "server-sriov"
        self.make(HEALTHY | {"etc/libvirt/qemu/a.xml": domain(hostdev(0x3b, slot=0x10), name="a"),
                             "etc/libvirt/qemu/autostart/a.xml": ""})
        self.assert_row(self.doctor(), "libvirt-autostart", "pass", "0000:3b:10.0 of guest 'a'")

    def test_hook(self):
        hook = HOOK
        folder = "etc/libvirt/hooks/qemu.d"
        profiles = "sys/kernel/security/apparmor/profiles"
        libvirtd = "etc/apparmor.d/usr.sbin.libvirtd"
        rules = "profile libvirtd {\n  /** rwmkl,\n  /usr/libexec/* PUx,\n}\n"
        self.check_rows([
            ({}, "hook-installed", "pass", hook),
            ({hook: "#!/bin/sh\n"}, "hook-installed", "warn", "isn't installed"),
            ({hook: b"\x7fELF\0"}, "hook-installed", "unknown", "too little"),
            ({hook: "#!/bin/sh\n# see /run/virt-hostdev\nvirt-hostdev bind 01:00.0\n"},
             "hook-installed", "warn", "isn't installed"),
            ({hook: hook_program(b"/opt/hd/libexec/virt-hostdev-hook", wide=False)},
             "hook-installed", "pass", hook),
            ({hook: hook_program(b"/x", owner=b"virt-hostdex\0")}, "hook-installed", "unknown", "too little"),
            ({hook: hook_program(b"/x", kind=2)}, "hook-installed", "unknown", "too little"),
            ({hook: OURS[:-8]}, "hook-installed", "unknown", "too little"),
            ({hook: "#!/bin/sh\n", f"{folder}/50": OURS},
             "hook-installed", "pass", f"{folder}/50"),
            ({f"{folder}/a": "#!/bin/sh\n"}, "hook-executable", "warn", f"{folder}/a"),
            ({}, "hook-executable", "pass", ""),
            ({}, "hook-program", "pass", ""),
            ({PROGRAM: None}, "hook-program", "fail", "isn't there"),
            ({PROGRAM: ""}, "hook-program", "fail", "no program"),
            ({hook: OURS, profiles: "libvirtd (complain)\n", libvirtd: rules},
             "hook-program", "pass", ""),
            ({hook: OURS, profiles: "libvirtd (enforce)\n", libvirtd: rules},
             "hook-program", "fail", "/opt/hd/libexec/virt-hostdev-hook"),
            ({hook: OURS, profiles: "/usr/sbin/virtqemud (enforce)\n",
              "etc/apparmor.d/usr.sbin.virtqemud": "/opt/* PUx,\n/opt/hd/** rw,\n"},
             "hook-program", "fail", "virtqemud"),
            ({hook: OURS, profiles: "libvirtd (enforce)\n", libvirtd: rules,
              "etc/apparmor.d/local/usr.sbin.libvirtd": "/opt/**  rPUx,\n"},
             "hook-program", "pass", ""),
            ({hook: OURS, "sys/kernel/security/apparmor/features": ""}, "hook-program", "unknown",
             "profiles"),
            ({hook: "#!/bin/sh\r\n"}, "hook-interpreter", "fail", "Windows"),
            ({hook: "virsh list\n"}, "hook-interpreter", "fail", "#!"),
            ({hook: "#!/bin/sh\n#virsh a\nvirsh list\n"}, "hook-virsh", "fail", "line 3"),
            ({hook: "#!/bin/sh\n#virsh a\n"}, "hook-virsh", "pass", ""),
            ({hook: "#!/bin/sh\nfoo &\n"}, "hook-background", "warn", "line 2"),
            ({hook: "#!/bin/sh\nfoo >/dev/null 2>&1 &\nbar && baz\n"}, "hook-background",
             "pass", ""),
            ({hook: "#!/bin/sh\nmodprobe -r drm\n"}, "hook-outdated", "warn", "line 2"),
            ({hook: "#!/bin/sh\nsleep 5\n"}, "hook-sleep", "warn", "sleep"),
            ({f"{folder}/win11/prepare/begin/x": ""}, "hook-folder", "warn", "win11"),
            ({}, "hook-leftovers", "skip", "copied"),
            ({}, "hook-ran", "skip", "copied"),
        ])

    def test_second_program(self):
        self.make(HEALTHY)
        self.assert_row(self.doctor(), "hook-program", "pass")

    def test_hook_of_a_bundle(self):
        hooks = "etc/libvirt/hooks"
        self.make(HEALTHY | {HOOK: None, "opt/hd/hooks/qemu": BUNDLED,
                             "sys/kernel/security/apparmor/profiles": "libvirtd (enforce)\n",
                             "etc/apparmor.d/usr.sbin.libvirtd": "/opt/hd/libexec/* PUx,\n"})
        (self.root / HOOK).symlink_to("/opt/hd/hooks/qemu")
        report = self.doctor()
        self.assert_row(report, "hook-installed", "pass", HOOK)
        row = self.row(report, "hook-program")
        # AppArmor looks where the link leads.
        self.assertIn("/opt/hd/hooks/qemu PUx,", row["fix"])
        self.assert_row(report, "hook-program", "fail", "execute /opt/hd/hooks/qemu")
        self.put("etc/apparmor.d/usr.sbin.libvirtd", "/opt/hd/hooks/* PUx,\n")
        self.assert_row(self.doctor(), "hook-program", "pass")
        self.put(PROGRAM, None)
        self.assert_row(self.doctor(), "hook-program", "fail", "/opt/hd/hooks/../libexec/")
        # Copied, it finds nothing from where it is.
        self.put(hooks, None)
        self.put(HOOK, BUNDLED)
        self.put("etc/libvirt/libexec/others", "")
        report = self.doctor()
        self.assert_row(report, "hook-program", "fail", "/etc/libvirt/hooks/../libexec/")
        self.assertIn("link its hooks/qemu", self.row(report, "hook-program")["fix"])

    def test_no_hook(self):
        self.make(HEALTHY)
        self.put("etc/libvirt/hooks", None)
        report = self.doctor()
        self.assert_row(report, "hook-installed", "warn")
        self.assert_row(report, "hook-virsh", "skip", "no hook")
        self.put("etc/libvirt", None)
        self.assert_row(self.doctor(), "hook-installed", "skip", "isn't installed here")

    def test_devices(self):
        """Of the whole host: one row, which warns at most."""
        path = "sys/bus/pci/devices/0000:01:00.0"
        self.check_rows([
            ({f"{path}/resource": "0x1 0x2 0x20040200\n"}, "device-bars", "warn", "0000:01:00.0"),
            ({f"{path}/reset_method": "", f"{path}/resource": "x"}, "device-reset", "warn",
             "0000:01:00.0"),
            ({f"{path}/aer_dev_fatal": "TOTAL_ERR_FATAL 3"}, "device-errors", "warn", "had 3"),
            ({"sys/kernel/iommu_groups/1/reserved_regions":
              "0x00000000fee00000 0x00000000feefffff msi\n0x1 0x2 direct\n"},
             "device-reserved", "warn", "2 devices (0000:01:00.0, 0000:01:00.1)"),
            ({f"{path}/device": "0x37c8\n", f"{path}/vendor": "0x8086\n"}, "device-denylist",
             "warn", "8086:37c8"),
            ({}, "device-boot-vga", "skip", "doctor ADDRESS"),
            ({}, "memory-guest", "skip", "doctor GUEST"),
        ])


class Devices(_OnHost):
    """The graphics card of a healthy host, and then one thing less."""

    def check_rows(self, rows):
        reports = {}
        for change, name, status, words in rows:
            with self.subTest(f"{name} {status} {words}"):
                key = repr(change)
                if key not in reports:
                    reports[key] = self.doctor_with(change)
                found = [check for check in reports[key]["checks"] if check["id"] == name
                         and check["address"] in (None, "0000:01:00.0")]
                self.assertEqual(len(found), 1)
                self.assertEqual(found[0]["status"], status, found[0])
                self.assertIn(words, found[0]["detail"])

    def doctor_with(self, change):
        """A path with a slash before it is one of the host, not of the device."""
        self.make(HEALTHY)
        for function in "01":
            for path, text in DEVICE.items():
                self.put(f"sys/bus/pci/devices/0000:01:00.{function}/{path}", text)
        for path, text in change.items():
            self.put(path[1:] if path.startswith("/") else
                     f"sys/bus/pci/devices/0000:01:00.0/{path}", text)
        return self.doctor("01:00.0", "01:00.1")

    def test_hardware(self):
        self.check_rows([
            ({}, "device-alive", "pass", ""),
            ({"config": None}, "device-alive", "unknown", "config"),
            ({}, "device-reset", "pass", "flr bus"),
            ({"reset_method": None}, "device-reset", "warn", "can't be reset"),
            ({"reset_method": None, "resource": None}, "device-reset", "unknown", "reset_method"),
            ({"reset_method": "bus"}, "device-bus-reset", "pass", "all of its bus"),
            ({"power_state": "D3cold"}, "device-power", "warn", "D3cold"),
            ({"power_state": None}, "device-power", "unknown", "power_state"),
            ({"resource": "0x90000000 0x9fffffff 0x20040200\n"}, "device-bars", "fail", "BAR 0"),
            ({}, "device-bars", "pass", ""),
            ({}, "device-framebuffer", "pass", ""),
            ({"/proc/iomem": "90000000-903fffff : BOOTFB\n"}, "device-framebuffer", "fail",
             "BOOTFB"),
            ({"/proc/iomem": "a0000000-a03fffff : BOOTFB\n"}, "device-framebuffer", "pass", ""),
            ({"/proc/iomem": "00000000-00000000 : BOOTFB\n"}, "device-framebuffer", "unknown",
             "root"),
            ({}, "device-boot-vga", "pass", "another"),
            ({"boot_vga": "1"}, "device-boot-vga", "warn", "firmware"),
            ({}, "device-rom", "unknown", "rom"),
            ({"rom": ""}, "device-rom", "pass", "one"),
            ({"current_link_width": "4"}, "device-link", "warn", "4 lanes of the 16"),
            ({"current_link_width": None}, "device-link", "skip", "link"),
            ({}, "device-errors", "pass", ""),
            ({"aer_dev_fatal": "TOTAL_ERR_FATAL 2"}, "device-errors", "warn", "2"),
            ({"/proc/interrupts": " 16: 0 IR-IO-APIC a, b\n"}, "device-interrupt", "warn", "16"),
            ({"/proc/interrupts": " 16: 0 IR-IO-APIC a\n"}, "device-interrupt", "pass", ""),
            ({"msi_irqs/24": ""}, "device-interrupt", "pass", "message signalled"),
            ({"irq": None}, "device-interrupt", "unknown", "irq"),
            ({"driver_override": "gone"}, "device-override", "warn", "gone"),
            ({"driver_override": "vfio-pci"}, "device-override", "pass", "vfio-pci"),
            ({}, "device-alike", "pass", "no other"),
            ({"numa_node": "1"}, "device-numa", "pass", "1:"),
            ({"/sys/kernel/iommu_groups/1/reserved_regions": "0x1 0x2 direct\n"},
             "device-reserved", "fail", "RMRR"),
            ({"/sys/kernel/iommu_groups/1/reserved_regions": "0x1 0x2 direct-relaxable\n"},
             "device-reserved", "pass", ""),
            ({}, "device-reserved", "unknown", "reserved_regions"),
            ({"vendor": "0x8086", "device": "0x0b25"}, "device-denylist", "fail", "8086:0b25"),
            ({}, "guard-holders", "skip", "processes"),
        ])

    def test_screen(self):
        status = "drm/card1/card1-HDMI-A-1/status"
        self.check_rows([
            ({}, "device-screen-driver", "skip", "nothing on it"),
            ({status: "connected"}, "device-screen-driver", "pass", "nouveau brings it back"),
            ({"boot_vga": "1"}, "device-screen-driver", "pass", "nouveau"),
            ({"boot_vga": "1", "driver": None}, "device-screen-driver", "warn", "no driver"),
            ({"/proc/iomem": "90000000-903fffff : BOOTFB\n", "driver": None},
             "device-screen-driver", "warn", "no driver"),
            ({"/proc/iomem": None}, "device-screen-driver", "unknown", "/proc/iomem"),
            ({"/sys/class": None}, "device-screen-driver", "unknown", "no /sys/class"),
            ({status: "connected"}, "device-screen-console", "warn", "the desktop comes back"),
            ({"boot_vga": "1", "driver": None}, "device-screen-console", "skip", "no driver"),
            ({status: "connected"}, "device-screen-alone", "pass", "isn't the only"),
            ({}, "device-functions", "pass", "the whole card"),
            ({status: "connected"}, "guard-screen", "skip", "no screen is handed over"),
        ])

    def test_only_screen(self):
        active = "sys/class/tty/console/active"
        for text, status, words in (("tty0", "warn", "only the network"), (None, "unknown", active),
                                    ("tty1", "warn", "only the network"),
                                    ("tty1 ttyS0", "pass", "ttyS0"), ("hvc0", "pass", "hvc0")):
            with self.subTest(text):
                self.make(HEALTHY | {active: text})
                self.assert_row(self.doctor("00:02.0"), "device-screen-alone", status, words)
        (self.root / "sys/class/vtconsole").symlink_to("vtconsole")
        self.assert_row(self.doctor("00:02.0"), "device-screen-alone", "unknown", "vtconsole")

    def test_consoles_of_the_card(self):
        self.make(HEALTHY | {"sys/class/graphics/fbcon": ""})
        row = "device-screen-console"
        self.assertNotIn("nvidia", self.assert_row(self.doctor("00:02.0"), row, "warn",
                                                   "i915 has no frame buffer")["fix"] or "")
        link = self.root / "sys/class/graphics/fb0"
        for place, status in (("0000:00:01.0/0000:01:00.0", "warn"), ("0000:00:02.0", "pass"),
                              ("0000:00:02.0/simple-framebuffer.0", "warn")):
            link.symlink_to(f"../../devices/pci0000:00/{place}/graphics/fb0")
            self.assert_row(self.doctor("00:02.0"), row, status)
            link.unlink()
        link.symlink_to("fb0/x")
        self.assert_row(self.doctor("00:02.0"), row, "warn")
        shutil.rmtree(link.parent)
        link.parent.symlink_to("graphics")
        self.assert_row(self.doctor("00:02.0"), row, "unknown", "graphics")
        link.parent.unlink()
        driver = self.root / "sys/bus/pci/devices/0000:00:02.0/driver"
        (self.root / "sys/bus/pci/drivers/nvidia").mkdir()
        driver.unlink()
        driver.symlink_to(self.root / "sys/bus/pci/drivers/nvidia")
        self.assertIn("fbdev=1", self.assert_row(self.doctor("00:02.0"), row, "warn")["fix"])

    def test_functions_of_a_card(self):
        self.make(HEALTHY)
        found = self.assert_row(self.doctor("01:00.0"), "device-functions", "warn",
                                "0000:01:00.1 (driver snd_hda_intel)")
        self.assertIn("--add 0000:01:00.1", found["fix"])
        taken = domain(hostdev(1), metadata=metadata("<h:siblings policy='bind'/>"))
        self.assert_row(self.doctor("-", stdin=taken), "device-functions", "pass")

    def test_bus_reset_of_one_function(self):
        self.make(HEALTHY | {"sys/bus/pci/devices/0000:01:00.0/reset_method": "bus"})
        report = self.doctor("01:00.0")
        self.assert_row(report, "device-bus-reset", "warn", "0000:01:00.1")

    def test_token(self):
        self.tree = "server-sriov"
        self.make(HEALTHY)
        self.assert_row(self.doctor("3b:10.0"), "device-vf-token", "pass")
        self.put("sys/bus/pci/devices/0000:3b:00.0/driver", None)
        (self.root / "sys/bus/pci/devices/0000:3b:00.0/driver").symlink_to(
            self.root / "sys/bus/pci/drivers/vfio-pci")
        self.assert_row(self.doctor("3b:10.0"), "device-vf-token", "fail", "0000:3b:00.0")

    def test_memory_of_the_firmware(self):
        """What check refuses, doctor doesn't pass."""
        regions = {"sys/kernel/iommu_groups/1/reserved_regions": "0x1 0x2 direct\n"}
        self.make(HEALTHY | regions)
        report = self.doctor("01:00.0")
        self.assert_row(report, "guard-firmware", "fail", "firmware's memory 0x1-0x2")
        self.assert_row(report, "device-reserved", "fail", "RMRR")
        for critical, status, words in (("reserved-region", "pass", "allowed"),
                                        ("display", "fail", "firmware's memory")):
            allow = "".join(f"<h:allow address='0000:01:00.{function}' critical='{critical}'/>"
                            for function in "01")
            report = self.doctor("-", stdin=domain(hostdev(1), metadata=(
                "<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'>"
                f"<h:siblings policy='bind'/>{allow}</h:hostdev></metadata>")))
            self.assert_row(report, "guard-firmware", status, words)
            self.assert_row(report, "device-reserved", "fail", "RMRR")

    def test_guard_needs_its_sources(self):
        self.make(HEALTHY)
        self.tree = "server-sriov"
        self.make(HEALTHY)
        self.assert_row(self.doctor("3b:10.0"), "guard-storage", "pass")
        (Path(self.root) / "proc/net/route").unlink()
        self.assert_row(self.doctor("3b:10.0"), "guard-network", "unknown", "/proc/net/route")


def config_space(kind, acs=None):
    """A port of a kind of PCI Express, with what its ACS can and does."""
    space = bytearray(4096)
    struct.pack_into("<H", space, 0x06, 0x10)
    space[0x34] = 0x43  # the lower two bits are reserved
    struct.pack_into("<BBH", space, 0x40, 0x01, 0x50, 0)
    struct.pack_into("<BBH", space, 0x50, 0x10, 0, kind << 4 | 2)
    struct.pack_into("<I", space, 0x100, 0x14810001)
    if acs:
        struct.pack_into("<IHH", space, 0x148, 0x0001000d, *acs)
    return bytes(space)


ROOT_PORT, UPSTREAM, DOWNSTREAM, PCI_BRIDGE = 4, 5, 6, 7
ACS = (0x5f, 0x1d)


class Isolation(_OnHost):
    """A board of whose slots most are in one group."""

    tree = "desktop-one-group"

    def test_acs(self):
        good = config_space(ROOT_PORT, ACS)
        circle = bytearray(config_space(DOWNSTREAM, ACS))
        circle[0x41] = 0x40
        for top, below, status, words in (
                (good, config_space(DOWNSTREAM, ACS), "warn", "with 0000:01:00.0, though"),
                (good, config_space(UPSTREAM), "warn", "with 0000:01:00.0, though"),
                (config_space(ROOT_PORT), config_space(DOWNSTREAM, ACS), "warn",
                 "port 0000:00:01.2 has no ACS"),
                (good, config_space(DOWNSTREAM), "warn", "port 0000:01:00.2 has no ACS"),
                (good, config_space(DOWNSTREAM, (0x5f, 0x1c)), "warn",
                 "the ACS of port 0000:01:00.2 is off"),
                # It needn't do what it can't.
                (good, config_space(DOWNSTREAM, (0x01, 0x01)), "warn", "though"),
                (good, config_space(PCI_BRIDGE), "warn", "below 0000:01:00.2 is conventional PCI"),
                (good, bytes(4096), "warn", "below 0000:01:00.2 is conventional PCI"),
                (good, bytes(circle), "warn", "below 0000:01:00.2 is conventional PCI"),
                (good, good[:256], "unknown", "0000:01:00.2"),
                (None, good, "unknown", "0000:00:01.2 above it isn't known to be awake")):
            with self.subTest(words):
                self.make(HEALTHY)
                for address, config in (("0000:00:01.2", top), ("0000:01:00.2", below)):
                    if config is not None:
                        folder = f"sys/bus/pci/devices/{address}"
                        self.put(f"{folder}/config", config)
                        self.put(f"{folder}/power/runtime_status", "active")
                self.assert_row(self.doctor("03:00.0"), "device-acs", status, words)
        self.assert_row(self.doctor("0a:00.0"), "device-acs", "pass", "of its card only")

    def test_alone(self):
        self.tree = "laptop-two-gpus"
        self.make(HEALTHY)
        self.assert_row(self.doctor("03:00.0"), "device-acs", "pass", "with nobody")


class Guest(_OnHost):
    """A guest and its memory."""

    def doctor_of(self, extra):
        xml = domain(hostdev(1), hostdev(1, function=1)).replace("<devices>", f"{extra}<devices>")
        return self.doctor("-", stdin=xml)

    def test_memory(self):
        self.make(HEALTHY)
        report = self.doctor_of("<memory unit='GiB'>4</memory>")
        self.assertEqual(report["summary"]["verdict"], "unknown")
        self.assertEqual(report["summary"]["missing"],
                         ["device-alive", "device-framebuffer", "device-reserved", "device-bars"])
        for function in "01":
            for path, text in DEVICE.items():
                self.put(f"sys/bus/pci/devices/0000:01:00.{function}/{path}", text)
        self.put("sys/kernel/iommu_groups/1/reserved_regions", "")
        report = self.doctor_of("<memory unit='GiB'>4</memory>")
        self.assertEqual(report["summary"]["verdict"], "good")
        self.assertEqual(report["summary"]["message"], "Guest 'guest' can have its devices")
        self.assert_row(report, "memory-guest", "pass", "4.0 GiB")
        for unit, size in (("KiB", 9 << 20), ("G", 9), ("bytes", 9 << 30), ("GB", 10)):
            report = self.doctor_of(f"<memory unit='{unit}'>{size}</memory>")
            self.assert_row(report, "memory-guest", "fail", "9.")
        self.assert_first(report, "memory-guest")
        self.put("proc/meminfo", None)
        report = self.doctor_of("<memory>1024</memory>")
        self.assert_row(report, "memory-guest", "unknown", "/proc/meminfo")

    def test_limit(self):
        self.make(HEALTHY)
        for limit, status in ((4, "warn"), (5, "pass")):
            report = self.doctor_of("<memory unit='GiB'>4</memory><memtune>"
                                    f"<hard_limit unit='GiB'>{limit}</hard_limit></memtune>")
            self.assert_row(report, "memory-hard-limit", status)

    def test_hugepages(self):
        pool = "sys/kernel/mm/hugepages/hugepages-2048kB"
        backing = ("<memory unit='GiB'>1</memory><memoryBacking><hugepages>%s</hugepages>"
                   "</memoryBacking>")
        self.make(HEALTHY | {f"{pool}/nr_hugepages": "512", f"{pool}/free_hugepages": "512"})
        for page in ("", "<page size='2' unit='M'/>"):
            self.assert_row(self.doctor_of(backing % page), "memory-guest-hugepages", "pass")
        self.assert_row(self.doctor(), "memory-hugepages", "pass", "1.0 GiB")
        self.assert_row(self.doctor(), "memory-hugetlbfs", "warn", "nowhere")
        self.put(f"{pool}/free_hugepages", "500")
        report = self.doctor_of(backing % "")
        self.assert_row(report, "memory-guest-hugepages", "fail", "2048 KiB")
        self.assertIn("echo 524 >", self.row(report, "memory-guest-hugepages")["fix"])
        self.put(f"{pool}/resv_hugepages", "100")
        report = self.doctor_of(backing % "")
        self.assertIn("echo 624 >", self.row(report, "memory-guest-hugepages")["fix"])
        self.put(f"{pool}/free_hugepages", None)
        self.assert_row(self.doctor(), "memory-hugepages", "unknown", "hugepages")

    def test_hugepages_of_nodes(self):
        pool = "hugepages/hugepages-2048kB"
        self.make(HEALTHY | {f"{folder}/{pool}/{name}": number for folder, number in
                             (("sys/kernel/mm", "1024"), ("sys/devices/system/node/node0", "1000"),
                              ("sys/devices/system/node/node1", "24"))
                             for name in ("nr_hugepages", "free_hugepages")})
        guest = ("<memory unit='GiB'>1</memory><memoryBacking><hugepages/></memoryBacking>"
                 "<numatune>%s</numatune>")
        strict = "<memory mode='strict' nodeset='%s'/>"
        for tune, status in ((strict % 0, "pass"), (strict % "0-1", "pass"), (strict % 1, "fail"),
                             (strict % "0-1,^0", "fail"), (strict % "9", "fail"),
                             ("<memory nodeset='1'/>", "fail"), (strict % "^1", "pass"),
                             ("<memory mode='preferred' nodeset='1'/>", "pass"),
                             ("<memory placement='auto'/>", "pass"),
                             ("<memnode cellid='0' mode='strict' nodeset='1'/>", "pass"),
                             (strict % 1 + "<memnode cellid='0' nodeset='0'/>", "pass")):
            self.assert_row(self.doctor_of(guest % tune), "memory-guest-hugepages", status)
        report = self.doctor_of(guest % (strict % 1))
        self.assert_row(report, "memory-guest-hugepages", "fail", "NUMA nodes")
        self.assertEqual(self.row(report, "memory-guest-hugepages")["fix"],
                         "echo 512 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/"
                         "nr_hugepages")
        self.put("sys/devices/system/node", None)
        self.assert_row(self.doctor_of(guest % (strict % 1)), "memory-guest-hugepages", "unknown",
                        "/sys/devices/system/node")

    def test_locked(self):
        self.make(HEALTHY)
        self.assert_row(self.doctor(), "memory-locked", "pass", "no guest runs")
        for pid, text in ((4, "Name:\tqemu-system-x86\nVmLck:\t 1048576 kB\nVmPin:\t 524288 kB\n"),
                          (5, "Name:\tkvm\nVmLck:\t 1048576 kB\n"),
                          (6, "Name:\tkvm-nx\nVmLck:\t 1048576 kB\n")):
            self.put(f"proc/{pid}/status", text)
        self.assert_row(self.doctor(), "memory-locked", "pass", "2 guests have locked 2.5 GiB")

    def test_ballooning(self):
        self.make(HEALTHY)
        xml = domain(hostdev(1), "<memballoon model='virtio' freePageReporting='on'/>")
        self.assert_row(self.doctor("-", stdin=xml), "memory-ballooning", "warn", "free page")
        self.assert_row(self.doctor_of(""), "memory-ballooning", "pass")

    def test_bad_xml(self):
        result = tool("doctor", "--root", self.root, "-", stdin="<domain>")
        self.assertEqual((result.returncode, result.out), (2, ""))
        self.assertIn("line 1", result.err)


class Arm(_OnHost):
    tree = "arm-board"

    def host(self, tree, extra=None):
        base = {path: text for path, text in HEALTHY.items() if "dmar" not in path.lower()}
        self.make(base | {"proc/cpuinfo": ARM, f"boot/config-{RELEASE}": ARM_CONFIG}
                  | tree | (extra or {}))

    def test_interrupts(self):
        """What isn't isolated is refused, unless somebody wants it all the same."""
        unsafe = "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
        for tree, extra, tree_msi, its in [
                ("virt-smmuv3", {"proc/interrupts": " 24: 0 ITS-PCI-MSI-0000:01:00.0\n"}, "pass", "pass"),
                ("virt-gicv2", {"proc/interrupts": " 24: 0 GICv2m-PCI-MSI\n"}, "fail", "fail"),
                ("virt-gicv2", {"proc/interrupts": " 24: 0 GICv2m-PCI-MSI\n", unsafe: "Y\n"}, "warn",
                 "warn"),
                ("virt-gicv2", {"proc/interrupts": " 24: 0 GICv3 27 Level\n"}, "fail", "warn")]:
            with self.subTest(f"{tree} {sorted(extra)} {its}"):
                self.host(devicetree.live(tree), {"sys/kernel/iommu_groups/0/type": "DMA\n"} | extra)
                report = self.doctor()
                self.assertEqual(self.row(report, "tree-msi")["status"], tree_msi)
                self.assertEqual(self.row(report, "iommu-its")["status"], its)

    def test_kvm(self):
        self.host(devicetree.live("virt-smmuv3"))
        self.put("dev/kvm", None)
        row = self.row(self.doctor(), "vfio-kvm-node")
        self.assertEqual(row["status"], "fail")
        self.assertIn("HYP mode not available", row["detail"])
        self.assertIn("start the kernel at EL2 (QEMU: -machine virtualization=on)", row["fix"])
        self.make(HEALTHY)
        self.put("dev/kvm", None)
        self.assertIn("modprobe kvm_intel", self.row(self.doctor(), "vfio-kvm-node")["fix"])

    def test_firmware(self):
        """What device trees say is in test_devicetree.py."""
        for tree, name, status, words in [
                (devicetree.live("virt-smmuv3"), "arm-firmware", "pass", "device tree"),
                (devicetree.live("virt-smmuv3"), "arm-smmu-driver", "fail", "isn't loaded"),
                (devicetree.live("virt-smmuv3") | {"system/build.prop": ""}, "arm-android", "pass",
                 "VFIO"),
                ({}, "tree-iommu-map", "skip", "no device tree"),
                ({}, "arm-firmware", "unknown", "/sys/firmware")]:
            with self.subTest(f"{name} {status} {words}"):
                self.host(tree)
                self.assert_row(self.doctor(), name, status, words)

    def test_first_cause(self):
        self.host(devicetree.live("virt-no-map"))
        report = self.doctor()
        self.assert_first(report, "tree-iommu-map")
        self.assert_row(report, "machine-dmar", "skip", "VT-d")
        self.assert_row(report, "iommu-groups", "fail")

    def test_android(self):
        self.host(devicetree.live("virt-smmuv3"), {"system/build.prop": "", f"boot/config-{RELEASE}":
                                   "CONFIG_KVM=y\nCONFIG_PCI=y\n"})
        self.assert_first(self.doctor(), "arm-android")

    def test_not_on_x86(self):
        self.make(HEALTHY)
        self.assert_row(self.doctor(), "tree-iommu-map", "skip", "arm64")


def metadata(ours):
    return f"<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'>{ours}</h:hostdev></metadata>"


def card(**attributes):
    return {f"sys/bus/pci/devices/0000:01:00.0/{name}": text for name, text in attributes.items()}


IORT = "sys/firmware/acpi/tables/IORT"


def reserved():
    """Segment 3 behind an SMMU, but for a bus; memory is kept for another one."""
    table = iort.Table()
    smmu = table.smmu_v3(0x1000)
    table.root(3, [(0x300, 0x100, 0x300, smmu)])
    table.rmr([(0x90000000, 0x1000)], [(0, 8, 0x300, smmu)])
    return table


class EveryRow(_OnHost):
    """Each row that can be bad is seen bad: on hosts with much that is, or elsewhere."""

    # What a copied tree can't show.
    ELSEWHERE = {"device-answers": "tests/fakekernel/test_every_write.py"} | dict.fromkeys(
        ("device-rom", "guard-holders", "hook-leftovers", "hook-owner", "hook-ran", "iommu-faults",
         "libvirt-daemon", "libvirt-qemu", "vfio-node-mode"), "tests/unit/test_doctor.c") | {
             "arm-android-selinux": "tests/cli/test_android.py",
             "image-pkvm": "tests/cli/test_doctor.py"}

    NO_TABLE = {"sys/firmware/acpi/tables/DMAR": None, "sys/firmware/acpi/tables/APIC": "x",
                "sys/class/iommu/dmar0": None, "sys/kernel/iommu_groups": None}
    NO_KERNEL = {f"boot/config-{RELEASE}": "CONFIG_X=y\n", "dev/kvm": None}
    BOTH = hostdev(1), hostdev(1, function=1)
    CLAIM = ("virt-hostdev-claim 1\ndomain 6ba7b811-9dad-11d1-80b4-00c04fd430c8 other\n"
             "state starting 1700000000 4711 1 -\n"
             "device 0000:01:00.0 1 10de:1f91 restore nouveau -\nend\n")

    # The tree, its changes, what is asked about, and the rows that are bad.
    HOSTS = [
        ("laptop-two-gpus", NO_TABLE | NO_KERNEL | {
            "proc/cmdline": "iommu=off intel_iommu=off,igfx_off nointremap nox2apic nomodeset "
                            "pci=nomsi,config_acs=1 pcie_acs_override=downstream "
                            "module_blacklist=vfio_pci vfio-pci.ids=10de:ffff",
            "proc/cpuinfo": INTEL.replace("vmx", "hypervisor"),
            "proc/sys/kernel/tainted": "4224", "dev/vfio": None}, (),
         "cmdline-acs-off cmdline-acs-override cmdline-applied cmdline-framebuffer cmdline-ids "
         "cmdline-igfx-off cmdline-intel-iommu-off cmdline-intel-iommu-on cmdline-intremap-off "
         "cmdline-iommu-off cmdline-no-msi cmdline-vfio-modules cmdline-x2apic config-intel-iommu "
         "config-iommu config-irq-remap config-kvm-intel config-pci config-pci-quirks "
         "config-pcieport config-sriov config-vfio config-vfio-bars config-vfio-container "
         "iommu-groups iommu-units machine-dmar machine-oops machine-virtual vfio-kvm-node "
         "vfio-node"),
        ("laptop-two-gpus", NO_TABLE | NO_KERNEL | {
            "proc/cpuinfo": AMD, "proc/cmdline": "amd_iommu=off amd_iommu=on"}, (),
         "cmdline-amd-iommu-off cmdline-amd-iommu-on config-amd-iommu config-kvm-amd machine-ivrs"),
        ("laptop-two-gpus", {
            "sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "Y",
            "sys/module/vfio_pci/parameters/disable_denylist": "Y",
            "sys/module/vfio_iommu_type1/parameters/disable_hugepages": "Y",
            "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts": "Y",
            "sys/module/iommufd/parameters/allow_unsafe_interrupts": "Y",
            "proc/interrupts": " 24: 0 PCI-MSI-0000:00:14.0 0-edge x\n",
            "proc/cpuinfo": INTEL.replace("39", "46"),
            "etc/modprobe.d/ours.conf": "options vfio_pci ids=10de:1\n",
            f"lib/modules/{RELEASE}/modules.builtin": "kernel/drivers/vfio/pci/vfio-pci.ko\n",
            "etc/modules": "vfio_virqfd\n"} | card(iommu_group=None), (),
         "iommu-groups-complete iommu-remapping iommu-unsafe-interrupts iommu-unsafe-iommufd "
         "iommu-width vfio-denylist vfio-hugepages vfio-noiommu vfio-options vfio-stale-modules"),
        ("laptop-two-gpus", {
            "sys/bus/pci/drivers/vfio-pci": None, "sys/module/vfio_iommu_type1": None,
            f"lib/modules/{RELEASE}/modules.dep": "", "etc/modprobe.d/a.conf": "blacklist vfio\n",
            f"boot/initrd.img-{RELEASE}": Healthy.initramfs(a="")}, (),
         "vfio-initramfs vfio-pci vfio-type1"),
        ("laptop-two-gpus", {
            "etc/libvirt/qemu.conf": 'user = "root"\nsecurity_driver = "none"\n'
                                     "cgroup_controllers = [ ]\ndynamic_ownership = 0\n"
                                     "clear_emulator_capabilities = 0\nrelaxed_acs_check = 1\n"
                                     'cgroup_device_acl = [ "/dev/null" ]\n',
            "run/.containerenv": "", "sys/fs/selinux/enforce": "1",
            "sys/fs/selinux/booleans/virt_hooks_unconfined": "0 0",
            "etc/systemd/system/virtqemud.service.d/x.conf": "[Service]\nProtectKernelModules=yes\n"},
         (),
         "confinement-container confinement-selinux-hooks confinement-units qemu-acs "
         "qemu-capabilities qemu-cgroups qemu-device-acl qemu-ownership qemu-security-driver "
         "qemu-user"),
        ("laptop-two-gpus", {
            "etc/libvirt/hooks/qemu": "#!/bin/sh\r\nvirsh list\nfoo &\nmodprobe -r drm\nsleep 5\n",
            "etc/libvirt/hooks/qemu.d/a": "#!/bin/sh\n",
            "etc/libvirt/hooks/qemu.d/win11/x": "", "etc/virt-hostdev.conf": "[host]\nx=1\n",
            "etc/libvirt/qemu/a.xml": domain(hostdev(0x77), name="a"),
            "etc/libvirt/qemu/b.xml": domain(hostdev(0x77), name="b"),
            "etc/libvirt/qemu/autostart/a.xml": "", "proc/sys/kernel/osrelease": "6.99",
            "proc/77/comm": "virtqemud", "proc/77/status": "CapEff:\t0\n",
            "proc/77/stat": f"77 (virtqemud) S {'0 ' * 18}1 0",
            "proc/77/limits": "Max locked memory 1 1 bytes\n",
            "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "512"}, (),
         "hook-background hook-configuration hook-executable hook-folder hook-installed "
         "hook-interpreter hook-known hook-outdated hook-sleep hook-virsh libvirt-autostart "
         "libvirt-shared-devices machine-modules memory-hugetlbfs memory-memlock"),
        ("laptop-two-gpus", {PROGRAM: None}, (), "hook-program"),
        ("laptop-two-gpus", {"sys/bus/pci/devices": None, "sys/kernel/iommu_groups": None}, (),
         "iommu-groups machine-pci"),
        ("arm-board", devicetree.live("virt-iommus") | NO_KERNEL | {
            "sys/firmware/acpi": None, "sys/class/iommu/dmar0": None, "proc/cpuinfo": ARM,
            f"{devicetree.BASE}/hypervisor/compatible": "qcom,gunyah\0",
            "system/build.prop": "", "sys/fs/selinux/enforce": "1",
            f"boot/config-{RELEASE}": "CONFIG_ARM64_64K_PAGES=y\n",
            "proc/cmdline": "kvm-arm.mode=none kvm-arm.mode=protected "
                            "arm-smmu.disable_bypass=0"}, (),
         "arm-android arm-android-modules arm-hypervisor arm-page-size arm-smmu-driver "
         "tree-inventions tree-iommu-map tree-iommus "
         "cmdline-kvm-arm cmdline-pkvm cmdline-smmu-bypass config-its config-kvm-arm config-smmu "
         "config-smmu-bypass config-smmu-firmware config-smmu-tables config-vendor-iommu"),
        ("laptop-two-gpus", {"proc/cpuinfo": ARM, "sys/kernel/iommu_groups": None}, (), "arm-iort"),
        ("arm-board", {"proc/cpuinfo": ARM, IORT: iort.usual((7,), coherent=False).bytes()}, (),
         "arm-iort-coherent arm-iort-map"),
        ("arm-server", {"proc/cpuinfo": ARM, IORT: reserved().bytes()}, ("0003:02:00.0",
                                                                         "0003:03:00.0"),
         "arm-iort-device arm-iort-its arm-iort-reserved"),
        ("laptop-two-gpus", {"proc/cpuinfo": ARM, "proc/interrupts": " 24: 0 GIC x\n"}, (),
         "iommu-its"),
        *(("laptop-two-gpus", devicetree.live(name) | {"proc/cpuinfo": ARM}, (), row)
          for name, row in (("virt-no-pci", "tree-pci"), ("virt-smmu-off", "tree-iommu"),
                            ("virt-not-covered", "tree-requester-ids"),
                            ("virt-mask", "tree-streams"), ("virt-incoherent", "tree-coherent"),
                            ("rk3588-faked", "tree-coherent-true"), ("virt-gicv2", "tree-msi"),
                            ("virt-reserved", "tree-reserved"))),
        ("laptop-two-gpus", {},
         domain(*BOTH, "<memballoon model='virtio' freePageReporting='on'/>", metadata=(
             "<memory unit='GiB'>9</memory>"
             "<memtune><hard_limit unit='GiB'>9</hard_limit></memtune>")),
         "memory-ballooning memory-guest memory-hard-limit"),
        ("laptop-two-gpus", {},
         domain(*BOTH, metadata="<memory unit='GiB'>1</memory>"
                                "<memoryBacking><hugepages/></memoryBacking>"),
         "memory-guest-hugepages"),
        ("laptop-two-gpus", card(**DEVICE | {
            "resource": "0x90000000 0x9fffffff 0x40200\n0x1 0x2 0x20040200\n",
            "reset_method": "", "power_state": "D3cold", "boot_vga": "1", "vendor": "0x8086",
            "device": "0x0b25", "current_link_width": "4", "aer_dev_fatal": "TOTAL_ERR_FATAL 3",
            "driver_override": "gone"}) | {
            "proc/iomem": "90000000-903fffff : BOOTFB\n",
            "proc/interrupts": " 16: 0 IR-IO-APIC a, b\n",
            "sys/kernel/iommu_groups/1/reserved_regions": "0x1 0x2 direct\n"},
         domain(hostdev(1), metadata=metadata(
             "<h:siblings policy='bind'/><h:allow address='0000:03:00.0' critical='display'/>")),
         "device-bars device-boot-vga device-denylist device-errors device-framebuffer "
         "device-interrupt device-link device-override device-power device-reserved device-reset "
         "guard-allowed guard-firmware"),
        ("laptop-two-gpus", card(reset_method="bus"), ("01:00.0",),
         "device-bus-reset device-group-viable"),
        ("laptop-two-gpus", card(driver=("sys/bus/pci/drivers/nvidia",)), ("01:00.0", "01:00.1"),
         "device-nvidia"),
        ("laptop-two-gpus", card(boot_vga="1", driver=None), ("01:00.0",),
         "device-functions device-screen-driver"),
        ("laptop-two-gpus", {"sys/class/tty/console/active": "tty0", "sys/class/graphics/fbcon": ""},
         ("00:02.0",), "device-screen-alone device-screen-console"),
        ("laptop-two-gpus", card(config=b"\xff" * 64, **{"power/runtime_status": "active"}),
         ("01:00.0", "01:00.1"), "device-alive"),
        ("laptop-two-gpus", {
            "run/virt-hostdev/claims/6ba7b811-9dad-11d1-80b4-00c04fd430c8": CLAIM,
            "run/virt-hostdev/locks/x": ""}, domain(*BOTH), "device-claimed"),
        ("laptop-two-gpus", {"sys/kernel/iommu_groups/1/devices/arm-smmu.0": ""}, ("01:00.0",),
         "device-group-pci"),
        ("laptop-two-gpus", {
            "sys/bus/pci/drivers/vfio-pci": None,
            f"lib/modules/{RELEASE}/modules.dep": "kernel/x.ko: \n"}, ("01:00.0", "01:00.1"),
         "device-driver"),
        ("laptop-two-gpus", {},
         domain(hostdev(1), metadata=metadata(
             "<h:device address='0000:01:00.0' id='1234:5678'/>")), "device-pinned"),
        ("laptop-two-gpus", {"etc/virt-hostdev.conf": "[device a]\nmatch = 10de:*\nguests = none\n"},
         ("01:00.0",), "device-policy"),
        ("laptop-two-gpus", {},
         domain("<interface type='hostdev'><source><address type='pci' domain='0' bus='1' slot='0' "
                "function='0'/></source></interface>"), "device-interface"),
        ("laptop-two-gpus", {},
         ("02:00.0", "03:00.0", "00:02.0", "00:14.0", "00:01.0", "09:00.0", "00:1f.4"),
         "device-endpoint device-present guard-chipset guard-display guard-keyboard guard-network "
         "guard-storage"),
        ("laptop-two-gpus", {"etc/virt-hostdev.conf": "[host]\ndomains-may = none\n"},
         domain(hostdev(0, 2), metadata=metadata("<h:display hand-over='yes'/>")), "guard-screen"),
        ("server-sriov", {"sys/bus/pci/devices/0000:3b:00.0/driver":
                          ("sys/bus/pci/drivers/vfio-pci",)}, ("3b:10.0",), "device-vf-token"),
        ("server-sriov", {}, ("3b:00.0",), "device-no-vfs"),
        ("arm-board", {}, ("01:00.0",), "device-group"),
        ("desktop-one-group", {
            f"sys/bus/pci/devices/{port}/{name}": text
            for port, kind in (("0000:00:01.2", ROOT_PORT), ("0000:01:00.2", DOWNSTREAM))
            for name, text in (("config", config_space(kind)), ("power/runtime_status", "active"))},
         ("03:00.0",), "device-acs"),
    ]

    def doctor_on(self, tree, files, asked):
        self.tree = tree
        self.make(HEALTHY)
        for path, text in files.items():
            if isinstance(text, tuple):
                self.put(path, None)
                (self.root / text[0]).mkdir(exist_ok=True)
                (self.root / path).symlink_to(self.root / text[0])
            else:
                self.put(path, text)
        (self.root / "etc/libvirt/hooks/qemu").chmod(0o755)
        return self.doctor("-", stdin=asked) if isinstance(asked, str) else self.doctor(*asked)

    def test_bad(self):
        for tree, files, asked, rows in self.HOSTS:
            with self.subTest(rows):
                report = self.doctor_on(tree, files, asked)
                bad = {row["id"] for row in report["checks"] if row["status"] in ("warn", "fail")}
                self.assertEqual(set(rows.split()) - bad, set())

    def test_none_is_left_out(self):
        seen = {row for *_, rows in self.HOSTS for row in rows.split()} | set(self.ELSEWHERE)
        texts = [path.read_text() for path in sorted(ROWS.glob("*.c"))]
        rows = [row for text in texts for row in text.split('{ .id = "')[1:]]
        self.assertGreater(len(rows), 150)
        able = {row.split('"')[0] for row in rows if re.search(r"\.bad = HD_(WARN|FAIL)", row)}
        able |= set(re.findall(r'\.row = { \.id = "([a-z0-9-]+)"', RULES.read_text()))
        self.assertEqual(able - seen, set(), "rows that no test has seen bad")
        self.assertEqual(seen - able, set(), "rows that can't be bad, or aren't there")
        for row, path in self.ELSEWHERE.items():
            self.assertIn(f'"{row}"', (TOP / path).read_text())


class Unread(_OnHost):
    """What can't be read is neither good nor bad: a link that leads to itself is."""

    def loop(self, path):
        self.put(path, None)
        (self.root / path).symlink_to(Path(path).name)

    def statuses(self):
        return {(row["id"], row["address"]): row["status"] for row in self.doctor()["checks"]}

    def test_each_file(self):
        """Whatever it was that isn't read: no row that was good becomes bad."""
        self.make(HEALTHY)
        healthy = self.statuses()
        seen = set()
        for path in sorted({*HEALTHY, "sys/kernel/iommu_groups", "sys/class/iommu", "lib/modules",
                            "sys/bus/pci/devices", "sys/bus/pci/drivers/vfio-pci", "etc", "run",
                            "dev", "proc", "sys/module", "etc/libvirt", "etc/libvirt/hooks",
                            "etc/modprobe.d", "sys/firmware/acpi/tables"} - {"run/x"}):
            with self.subTest(path):
                self.make(HEALTHY)
                self.loop(path)
                changed = {row: status for row, status in self.statuses().items()
                           if status != healthy[row]}
                self.assertEqual({row: status for row, status in changed.items()
                                  if status in ("warn", "fail")}, {})
                seen |= {row for row, status in changed.items() if status == "unknown"}
        # Nearly all of them were seen unknown.
        self.assertGreater(len(seen), 75)

    def test_what_decides(self):
        for path, row, words in [
                ("proc/interrupts", "iommu-remapping", "/proc/interrupts can't be read"),
                ("proc/cmdline", "cmdline-no-msi", "/proc/cmdline can't be read"),
                ("sys/kernel/iommu_groups", "iommu-groups", "/sys/kernel/iommu_groups"),
                ("sys/bus/pci/drivers/vfio-pci", "vfio-pci", "vfio-pci"),
                ("sys/module/vfio_iommu_type1", "vfio-type1", "/sys/module/vfio_iommu_type1"),
                ("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "vfio-noiommu",
                 "enable_unsafe"),
                ("dev/kvm", "vfio-kvm-node", "/dev/kvm can't be read"),
                (HOOK, "hook-virsh", "/etc/libvirt/hooks/qemu"),
                (PROGRAM, "hook-program", "can't be read")]:
            with self.subTest(path):
                self.make(HEALTHY)
                self.loop(path)
                report = self.doctor()
                self.assertEqual(report["summary"]["verdict"], "unknown")
                self.assertIn(row, report["summary"]["missing"])
                self.assertTrue(self.row(report, row)["decides"])
                self.assert_row(report, row, "unknown", words)

    def test_what_others_show(self):
        for path, row in ((f"boot/config-{RELEASE}", "config-iommu"),
                          ("sys/firmware/acpi/tables/DMAR", "machine-dmar")):
            self.make(HEALTHY)
            self.loop(path)
            report = self.doctor()
            self.assert_row(report, row, "unknown")
            self.assertEqual(report["summary"]["verdict"], "good", row)
        self.loop("sys/kernel/iommu_groups")
        self.assertIn("machine-dmar", self.doctor()["summary"]["missing"])

    def test_what_fails_is_said_first(self):
        self.make(HEALTHY | {"sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "Y"})
        self.loop("proc/cmdline")
        report = self.doctor()
        self.assert_first(report, "vfio-noiommu")
        self.assertIn("cmdline-no-msi", report["summary"]["missing"])

    def test_nonsense_is_no_number(self):
        device = "sys/bus/pci/devices/0000:01:00.0"
        pool = "sys/kernel/mm/hugepages/hugepages-2048kB"
        for files, row, asked in [
                ({"proc/sys/kernel/tainted": "x"}, "machine-oops", ()),
                ({"proc/sys/kernel/tainted": "-1"}, "machine-oops", ()),
                ({"proc/sys/kernel/tainted": "128x"}, "machine-oops", ()),
                ({"sys/class/iommu/dmar0/intel-iommu/cap": "xyz"}, "iommu-width", ()),
                ({"proc/sys/vm/overcommit_memory": "3"}, "memory-overcommit", ()),
                ({f"{pool}/nr_hugepages": "many"}, "memory-hugepages", ()),
                ({f"{pool}/free_hugepages": "-1"}, "memory-hugepages", ()),
                ({"sys/kernel/security/lockdown": "none"}, "confinement-lockdown", ()),
                ({"var/cache/libvirt/qemu/capabilities/1.xml": "<version>new</version>"},
                 "libvirt-qemu-version", ()),
                ({f"{device}/resource": "x y z\n"}, "device-bars", ("01:00.0",)),
                ({f"{device}/aer_dev_fatal": "TOTAL_ERR_FATAL x"}, "device-errors", ("01:00.0",)),
                ({f"{device}/aer_dev_fatal": "nothing"}, "device-errors", ("01:00.0",)),
                ({f"{device}/current_link_width": "wide", f"{device}/max_link_width": "16"},
                 "device-link", ("01:00.0",)),
                ({f"{device}/irq": "one"}, "device-interrupt", ("01:00.0",)),
                ({f"{device}/resource": "0x90000000 0x9fffffff 0x40200\n",
                  "proc/iomem": "here-there : BOOTFB\n"}, "device-framebuffer", ("01:00.0",)),
                ({"proc/meminfo": "MemAvailable: much kB\n"}, "memory-guest",
                 domain(hostdev(1), metadata="<memory unit='GiB'>4</memory>"))]:
            with self.subTest(f"{row} {files}"):
                self.make(HEALTHY | files)
                report = self.doctor("-", stdin=asked) if isinstance(asked, str) else \
                    self.doctor(*asked)
                self.assert_row(report, row, "unknown")


class Links(_OnHost):
    """Links of a copied tree lead to where they would on its host, not on this machine."""

    # A file in each folder that is read, and what its contents make bad.
    PLACES = [
        ("etc/modprobe.d/z.conf", "options vfio-pci ids=1:2\n", "vfio-options", "warn"),
        ("etc/modprobe.d/z.conf", "blacklist vfio-pci\n", "vfio-pci", "fail"),
        ("usr/lib/modprobe.d/z.conf", "install vfio_pci true\n", "vfio-pci", "fail"),
        ("etc/systemd/system/libvirtd.service.d/z.conf", "PrivateDevices=yes\n",
         "confinement-units", "warn"),
        ("etc/libvirt/qemu/z.xml", domain(hostdev(2), name="z"), "libvirt-shared-devices", "warn"),
        ("etc/libvirt/hooks/qemu.d/z", "#!/bin/sh\nvirsh list\n", "hook-virsh", "fail"),
        ("etc/libvirt/qemu.conf", 'user = "root"\n', "qemu-user", "warn"),
        ("proc/cmdline", "pci=nomsi\n", "cmdline-no-msi", "fail"),
    ]

    def host(self, row):
        builtin = {} if row != "vfio-options" else {
            f"lib/modules/{RELEASE}/modules.builtin": "kernel/drivers/vfio/pci/vfio-pci.ko\n"}
        self.make(HEALTHY | builtin | {
            f"lib/modules/{RELEASE}/modules.dep":
                "kernel/vfio_iommu_type1.ko:\nkernel/vfio-pci.ko:\n",
            "etc/libvirt/qemu/a.xml": domain(hostdev(2), name="a")})
        if row == "vfio-pci":
            self.put("sys/bus/pci/drivers/vfio-pci", None)

    def link(self, path, target):
        if (self.root / path).exists():
            self.put(path, None)
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(target)

    def test_out_of_the_tree(self):
        outside = self.folder / "outside"
        outside.mkdir()
        for path, text, row, bad in self.PLACES:
            with self.subTest(f"{path} {row}"):
                target = outside / f"z{Path(path).suffix}"
                target.write_text(text)
                target.chmod(0o755)
                self.host(row)
                self.link(path, target)
                status = self.row(self.doctor(), row)["status"]
                self.assertNotEqual(status, bad)
                if "/z" in path:
                    self.assertEqual(status, "unknown")
                # Where the tree has it, it counts.
                self.put(str(target)[1:], text)
                (self.root / str(target)[1:]).chmod(0o755)
                self.assert_row(self.doctor(), row, bad)

    def test_to_nothing(self):
        """As an administrator hides what a package brought."""
        self.host("vfio-pci")
        self.put("usr/lib/modprobe.d/z.conf", "blacklist vfio-pci\n")
        self.assert_row(self.doctor(), "vfio-pci", "fail", "blacklisted")
        self.put("dev/null", None)
        self.link("etc/modprobe.d/z.conf", "/dev/null")
        self.assert_row(self.doctor(), "vfio-pci", "pass")

    def test_command_line_of_the_tree(self):
        self.host("vfio-pci")
        self.put("proc/cmdline", "modprobe.blacklist=a,vfio_pci\n")
        self.assert_row(self.doctor(), "vfio-pci", "fail", "blacklisted")

    def test_logs(self):
        outside = self.folder / "x.log"
        outside.write_text("vfio 0000:01:00.0: group 1 is not viable\n")
        self.make(HEALTHY)
        self.put("var/log/libvirt/qemu/plain.log", None)
        self.link("var/log/libvirt/qemu/plain.log", outside)
        for arguments in ((), ("plain",)):
            result = tool("explain", "--root", self.root, *arguments)
            self.assertEqual(result.returncode, 3, result.out)
            self.assertNotIn("viable", result.out)


FOLDER = object()


class Known(_OnHost):
    """libvirt knows of a hook that it has called."""

    def test_log(self):
        second = 1_000_000
        start, name, uuid = 1000, "win11", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

        def call(time, event):
            return f"run {time * second} 5 done {event} {name} {uuid} 0000:01:00.0 -\n"

        for log, status, words in [
                (None, "warn", "told to reload"), ("", "warn", ""),
                (call(start - 10, "prepare"), "warn", ""),
                (call(start + 10, "prepare"), "pass", "has called it"),
                (call(start + 10, "attach"), "warn", ""),
                ("nonsense\n" + call(start + 10, "release"), "pass", ""),
                (FOLDER, "unknown", "virt-hostdev/log")]:
            with self.subTest(str(log)):
                self.make(HEALTHY | {"proc/stat": "btime 990\n", "proc/77/comm": "virtqemud",
                                     "proc/77/stat": f"77 (virtqemud) S {'0 ' * 18}1000 0"})
                (self.root / HOOK).chmod(0o755)
                (self.root / "run/virt-hostdev/claims").mkdir(parents=True)
                if log is FOLDER:
                    (self.root / "run/virt-hostdev/log").mkdir()
                elif log is not None:
                    self.put("run/virt-hostdev/log", log)
                self.assert_row(self.doctor(), "hook-known", status, words)


class Live(unittest.TestCase):
    """This machine, whatever it is: what is said of it is whole."""

    def test_runs(self):
        result = tool("doctor", "--json")
        report = json.loads(result.out)
        self.assertEqual(result.err, "")
        self.assertEqual(result.returncode, EXITS[report["summary"]["verdict"]])

    @unittest.skipIf(os.geteuid() != 0, "an ordinary user runs it anyway")
    def test_of_an_ordinary_user(self):
        """What only root can read is unknown, and says what to do."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            program = shutil.copy(TOOL, folder)
            result = run([program, "doctor", "--json"], user=65534, group=65534, extra_groups=[])
        report = json.loads(result.out)
        self.assertEqual(result.err, "")
        summary = report["summary"]
        self.assertEqual(result.returncode, EXITS[summary["verdict"]])
        if summary["verdict"] == "unknown":
            self.assertEqual(summary["fix"], "Run it as root")
        rows = {row["id"]: row for row in report["checks"]}
        if Path("/etc/libvirt/qemu").is_dir() and not Path("/etc/libvirt/qemu").stat().st_mode & 5:
            self.assertEqual(rows["libvirt-autostart"]["status"], "unknown")


class KernelImage(unittest.TestCase):
    """A kernel that isn't run, from its file."""

    def setUp(self):
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "Image"

    def image(self, config=None, text=b"", release="6.12.0-test"):
        """An Image of arm64, with its configuration embedded or without."""
        embedded = b""
        if config is not None:
            embedded = b"IKCFG_ST" + gzip.compress(config.encode()) + b"IKCFG_ED"
        self.file.write_bytes(bytes(56) + b"ARM\x64" + f"Linux version {release} (x)\0".encode()
                              + text + embedded)

    def doctor(self, *words):
        result = tool("doctor", "--json", "--kernel-image", self.file, *words)
        return result.returncode, json.loads(result.out)

    def check(self, report, name):
        found, = [each for each in report["checks"] if each["id"] == name]
        return found["status"], found["detail"]

    def test_configuration_in_it(self):
        self.image(ARM_CONFIG)
        code, report = self.doctor()
        self.assertEqual((code, report["summary"]["verdict"]), (0, "good"))
        self.assertEqual(report["summary"]["message"], "This kernel can pass devices through")
        self.assertEqual(self.check(report, "image-format"), ("pass", "Image of arm64"))
        self.assertEqual(self.check(report, "image-release"), ("pass", "Linux 6.12.0-test"))
        self.assertEqual(self.check(report, "image-cmdline")[0], "skip")
        self.assertEqual(self.check(report, "config-readable"), ("pass", f"found in {self.file}"))
        self.assertEqual(self.check(report, "config-smmu")[0], "pass")
        self.assertEqual(self.check(report, "config-intel-iommu")[0], "skip")
        result = tool("doctor", "--kernel-image", self.file)
        self.assertTrue(result.out.startswith("This kernel can pass devices through.\n"), result)

    def test_what_it_lacks(self):
        self.image(ARM_CONFIG.replace("CONFIG_VFIO_PCI=m", "# CONFIG_VFIO_PCI is not set"))
        code, report = self.doctor()
        self.assertEqual((code, report["summary"]["verdict"]), (1, "bad"))
        self.assertEqual(report["summary"]["first"]["id"], "config-vfio")
        self.assertIn("This kernel can't pass devices through yet: the kernel was built without "
                      "CONFIG_VFIO_PCI", report["summary"]["message"])

    def test_what_its_text_shows(self):
        """Without a configuration: what is there is there, and of the rest nobody knows."""
        self.image(text=b"arm_smmu_v3.disable_msipolling\0kvm.halt_poll_ns\0", release="x")
        code, report = self.doctor()
        self.assertEqual((code, report["summary"]["verdict"]), (3, "unknown"))
        self.assertEqual(self.check(report, "config-smmu"),
                         ("pass", "its text shows that the kernel has it"))
        self.assertEqual(self.check(report, "config-kvm-arm")[0], "pass")
        # Which its driver selects.
        self.assertEqual(self.check(report, "config-smmu-tables")[0], "pass")
        self.assertEqual(self.check(report, "config-vfio"),
                         ("unknown", "whether the kernel has CONFIG_VFIO can't be told"))
        self.assertEqual(self.check(report, "config-readable")[0], "unknown")
        self.assertEqual(self.check(report, "config-iommufd")[0], "unknown")
        self.assertEqual(self.check(report, "image-release")[0], "unknown")
        self.assertIn("--kernel-image /boot/config-RELEASE", report["summary"]["fix"])
        self.assertNotIn("fail", {each["status"] for each in report["checks"]})

    def test_nothing_shown(self):
        self.image()
        code, report = self.doctor()
        self.assertEqual(code, 3)
        self.assertEqual({each["status"] for each in report["checks"]
                          if each["group"] == "kernel"}, {"unknown", "skip"})

    def test_configuration_alone(self):
        self.file.write_text("# Linux/x86\nCONFIG_X86=y\n" + CONFIG)
        code, report = self.doctor()
        self.assertEqual(code, 0)
        self.assertEqual(self.check(report, "image-format"), ("pass", "configuration of a kernel"))
        self.assertEqual(self.check(report, "config-smmu")[0], "skip")

    def test_processor_that_is_not_known(self):
        """Then what the image says counts."""
        self.image(ARM_CONFIG)
        code, report = self.doctor("--root", self.file.parent)
        self.assertEqual((code, report["summary"]["verdict"]), (0, "good"))
        self.assertEqual(self.check(report, "config-intel-iommu"), ("skip", "this is for VT-d"))

    def test_processor_that_it_will_run_on(self):
        """A kernel for one sort of x86 is right where that is."""
        self.file.write_text("# x\nCONFIG_X86=y\n" + CONFIG.replace("CONFIG_AMD_IOMMU=y\n", ""))
        tree = self.file.parent / "host"
        (tree / "proc").mkdir(parents=True)
        for cpuinfo, code in ((INTEL, 0), (AMD, 1), (ARM, 1)):
            (tree / "proc/cpuinfo").write_text(cpuinfo)
            with self.subTest(cpuinfo=cpuinfo):
                self.assertEqual(self.doctor("--root", tree)[0], code)

    def test_android(self):
        self.image(ARM_CONFIG)
        kernel = gzip.compress(self.file.read_bytes())
        header = struct.pack("<8sIII", b"ANDROID!", len(kernel), 0, 0).ljust(40, b"\0")
        header += struct.pack("<I", 4) + b"console=ttyMSM0"
        self.file.write_bytes(header.ljust(4096, b"\0") + kernel)
        code, report = self.doctor()
        self.assertEqual(code, 0)
        self.assertEqual(self.check(report, "image-format"), (
            "pass", "boot.img of Android (header version 4), gzip, Image of arm64"))
        self.assertEqual(self.check(report, "image-cmdline"), ("pass", "console=ttyMSM0"))
        self.file.write_bytes(b"VNDRBOOT" + struct.pack("<I", 3) + bytes(2200))
        code, report = self.doctor()
        self.assertEqual(code, 3)
        self.assertEqual(self.check(report, "image-format"), (
            "unknown", f"{self.file} has no kernel in it, but the command line and modules of the "
            "vendor: look into boot.img"))
        self.assertEqual(self.check(report, "image-cmdline"), ("pass", "empty"))
        self.assertEqual(self.check(report, "image-bootconfig")[0], "skip")

    def test_protected_kvm(self):
        """Chosen on a command line, in the vendor's boot configuration, when it was built."""
        def boot(cmdline):
            self.image(ARM_CONFIG)
            kernel = gzip.compress(self.file.read_bytes())
            header = struct.pack("<8sIII", b"ANDROID!", len(kernel), 0, 0).ljust(40, b"\0")
            header += struct.pack("<I", 4) + cmdline
            self.file.write_bytes(header.ljust(4096, b"\0") + kernel)

        def vendor(bootconfig):
            header = bytearray(struct.pack("<8sII", b"VNDRBOOT", 4, 4096).ljust(2128, b"\0"))
            header[2096:2100] = struct.pack("<I", 2128)
            header[2124:2128] = struct.pack("<I", len(bootconfig))
            self.file.write_bytes(header.ljust(4096, b"\0") + bootconfig)

        protected = "kvm-arm.mode=protected"
        for make, argument, status, words in [
                (boot, b"quiet kvm-arm.mode=protected x", "warn", f"its command line has {protected}"),
                (boot, b"quiet kvm-arm.mode=nvhe", "pass", "nothing in it says so"),
                (vendor, b'androidboot.a=b\nkernel.kvm-arm.mode="protected"\n', "warn",
                 f"its boot configuration has {protected}"),
                (vendor, b"androidboot.a=b\n", "pass", "nothing in it says so"),
                (self.image, ARM_CONFIG + f'CONFIG_CMDLINE="quiet {protected}"\n', "warn",
                 f"CONFIG_CMDLINE has {protected}"),
                (self.image, ARM_CONFIG + 'CONFIG_CMDLINE=""\n', "pass", "nothing in it"),
                (self.image, None, "skip", "no command line")]:
            with self.subTest(words, argument=argument):
                make(argument)
                report = self.doctor()[1]
                found, detail = self.check(report, "image-pkvm")
                self.assertEqual(found, status)
                self.assertIn(words, detail)
                if make == vendor:
                    self.assertEqual(self.check(report, "image-bootconfig"),
                                     ("pass", argument.decode().rstrip()))

    def test_words_in_messages_prove_nothing(self):
        """Those of others name parameters, too: only a whole string of C is one."""
        self.image(text=b"use iommu.passthrough instead\0xkvm.halt_poll_ns\0kvm.halt_poll_ns_grow\0")
        report = self.doctor()[1]
        self.assertEqual(self.check(report, "config-kvm-arm")[0], "unknown")
        self.assertEqual(self.check(report, "config-iommu")[0], "unknown")

    def test_wrong_input(self):
        self.file.write_text("no kernel")
        for words, expected in (
                ((self.file,), f"{self.file} is no kernel that is known: no bzImage, "),
                ((self.file.parent,), "cannot read "),
                ((self.file, "01:00.0"), "--kernel-image is about a kernel, and no device")):
            with self.subTest(expected=expected):
                result = tool("doctor", "--kernel-image", *words)
                self.assertEqual((result.returncode, result.out), (2, ""))
                self.assertIn(expected, result.err)
        result = tool("doctor", "--kernel-image", self.file.parent / "none")
        self.assertEqual((result.returncode, result.out), (1, ""))
        os.mkfifo(self.file.parent / "pipe")
        result = tool("doctor", "--kernel-image", self.file.parent / "pipe")
        self.assertEqual((result.returncode, result.out), (2, ""))
