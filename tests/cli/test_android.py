# SPDX-License-Identifier: GPL-2.0-or-later
"""virt-hostdev doctor on phones, which are made after what is published of Android."""

import gzip
import os
import shutil

import devicetree
from program import tool
from test_doctor import ARM, HEALTHY, _OnHost

GKI = "6.1.75-android14-11-g0123456789ab-ab11111111"
OWN = "6.12.20-rooted"

# What gki_defconfig has, and doesn't.
GKI_CONFIG = """
CONFIG_ARM64=y
CONFIG_PCI=y
CONFIG_PCI_MSI=y
CONFIG_PCI_IOV=y
CONFIG_PCI_QUIRKS=y
CONFIG_PCIEPORTBUS=y
CONFIG_IOMMU_SUPPORT=y
CONFIG_IOMMU_API=y
CONFIG_IOMMU_DMA=y
CONFIG_IOMMU_IO_PGTABLE_LPAE=y
CONFIG_OF_IOMMU=y
CONFIG_ARM_GIC_V3=y
CONFIG_ARM_GIC_V3_ITS=y
CONFIG_KVM=y
CONFIG_IKCONFIG=y
CONFIG_IKCONFIG_PROC=y
CONFIG_MODULE_SIG=y
# CONFIG_VT is not set
# CONFIG_VFIO is not set
"""

VFIO_CONFIG = GKI_CONFIG.replace("# CONFIG_VFIO is not set\n", """
CONFIG_ARM_SMMU=y
CONFIG_ARM_SMMU_V3=y
CONFIG_ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT=y
CONFIG_VFIO=y
CONFIG_VFIO_PCI=y
CONFIG_VFIO_PCI_MMAP=y
CONFIG_VFIO_PCI_INTX=y
CONFIG_VFIO_IOMMU_TYPE1=y
""")

# What every Android has, and /proc as its kernel gives it.
ANDROID = {
    "system/build.prop": "ro.build.version.release=14\n",
    "system/bin/toybox": "", "system/bin/init": "", "apex/com.android.runtime/x": "",
    "system/etc/ueventd.rc": "# of the system\n/dev/null 0666 root root\n"
                             "/dev/kvm 0666 root root\n",
    "vendor/etc/ueventd.rc": "import /vendor/ueventd.x.rc\n/dev/ion 0664 system system\n",
    "vendor/lib/modules/modules.dep": "/vendor/lib/modules/arm_smmu.ko: "
                                      "/vendor/lib/modules/qcom_scm.ko\n"
                                      "/vendor/lib/modules/qcom_scm.ko:\n",
    "vendor/lib/modules/modules.load": "qcom_scm.ko\narm_smmu.ko\n",
    "proc/cpuinfo": ARM, "proc/cmdline": "console=ttyMSM0 bootconfig",
    "proc/sys/kernel/osrelease": GKI, "proc/sys/kernel/tainted": "0",
    "proc/config.gz": gzip.compress(GKI_CONFIG.encode()),
    "proc/interrupts": " 24: 0 GICv3 x\n 25: 0 ITS-PCI-MSI y\n", "proc/iomem": "", "proc/stat": "btime 1\n",
    "proc/sys/vm/overcommit_memory": "1", "proc/meminfo": HEALTHY["proc/meminfo"],
    "sys/fs/selinux/enforce": "1", "sys/power/state": "mem", "dev/kvm": "", "dev/null": "",
    "sys/bus/platform/drivers/arm-smmu/15000000.iommu": ("../../../../devices/platform/x",),
}

VFIO = {
    "proc/sys/kernel/osrelease": OWN, "proc/config.gz": gzip.compress(VFIO_CONFIG.encode()),
    "dev/vfio/vfio": "", "sys/fs/selinux/enforce": "0",
    "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts": "N",
    "sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "N",
    "sys/module/vfio_pci/parameters/disable_denylist": "N",
    "sys/class/iommu/smmu3.0x15000000/x": "", "sys/kernel/mm/hugepages/x": "",
}


class Android(_OnHost):
    tree = "arm-board"

    def phone(self, changes=None, *, groups=False):
        self.make()
        self.put("etc/fstab", None)
        for path, text in (devicetree.live("virt-smmuv3") | ANDROID | (changes or {})).items():
            if isinstance(text, tuple):
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).symlink_to(text[0])
            elif text is not None or (self.root / path).exists():
                self.put(path, text)
        shutil.rmtree(self.root / "etc")
        (self.root / "etc").mkdir()  # a link to /system/etc there
        if groups:
            for number, device in enumerate(sorted((self.root / "sys/bus/pci/devices").iterdir())):
                members = self.root / f"sys/kernel/iommu_groups/{number}/devices"
                members.mkdir(parents=True)
                (members / device.name).symlink_to("../../../../" + os.readlink(device)[9:])
                (device / "iommu_group").symlink_to(os.path.relpath(
                    self.root / f"sys/kernel/iommu_groups/{number}", device.resolve()))

    def status(self, report):
        return {check["id"]: check["status"] for check in report["checks"]}

    def test_stock_phone(self):
        """Google's common kernel has no VFIO; its SMMU's driver is a module of the vendor."""
        self.phone()
        self.put("sys/bus/pci/drivers/vfio-pci", None)
        report = self.doctor()
        self.assert_first(report, "arm-android")
        self.assertIn("nor proot", self.row(report, "arm-android")["fix"])
        self.assert_row(report, "arm-android", "fail", "no VFIO, as Google's common kernel hasn't")
        self.assert_row(report, "arm-android-kernel", "pass", f"Linux {GKI} is one of Android's "
                        "common tree: android14-11")
        self.assert_row(report, "arm-android-modules", "pass",
                        "arm_smmu in /vendor/lib/modules (loaded at boot)")
        self.assert_row(report, "arm-android-selinux", "skip", "there is no /dev/vfio/vfio")
        self.assert_row(report, "arm-android-nodes", "pass",
                        "/dev/kvm: 0666 root root (/system/etc/ueventd.rc)")
        # Its configuration doesn't name what is the vendor's.
        self.assert_row(report, "config-smmu", "pass")
        self.assert_row(report, "config-vendor-iommu", "pass")
        self.assert_row(report, "config-vfio", "fail", "CONFIG_VFIO")
        self.assert_row(report, "vfio-pci", "fail")

    def test_what_android_lacks(self):
        """Is skipped with a word, and stands when it is there all the same."""
        lacking = {"machine-modules": "/lib/modules", "cmdline-applied": "/etc/default",
                   "vfio-options": "/lib/modules", "vfio-stale-modules": "/etc/modules",
                   "vfio-initramfs": "/boot", "confinement-container": "/run",
                   "confinement-selinux-hooks": "virt_hooks_unconfined",
                   "confinement-lockdown": "/sys/kernel/security", "confinement-units":
                   "/etc/systemd", "qemu-user": "/etc/libvirt", "libvirt-qemu-version": "/var",
                   "libvirt-shared-devices": "/etc/libvirt", "libvirt-autostart": "/etc/libvirt",
                   "libvirt-logs": "/var", "hook-installed": "/etc/libvirt",
                   "hook-virsh": "/etc/libvirt"}
        self.phone()
        report = self.doctor()
        for name, path in lacking.items():
            with self.subTest(name):
                self.assert_row(report, name, "skip", "Android has no /")
                self.assert_row(report, name, "skip", path)
        for check in report["checks"]:
            if check["status"] in ("fail", "unknown"):
                self.assertNotRegex(check["detail"], "/etc|/boot|/run|/var|/lib/modules|systemd",
                                    check)
        self.put("etc/default/grub", 'GRUB_CMDLINE_LINUX="quiet"\n')
        self.put("run/.containerenv", "")
        self.put(f"lib/modules/{GKI}/modules.builtin", "")
        self.put("etc/libvirt/qemu.conf", 'user = "root"\n')
        report = self.doctor()
        self.assert_row(report, "cmdline-applied", "pass")
        self.assert_row(report, "confinement-container", "warn")
        self.assert_row(report, "machine-modules", "pass")
        self.assert_row(report, "qemu-user", "warn")

    def test_rooted_phone(self):
        """With a kernel of its own, which has VFIO."""
        self.phone(VFIO, groups=True)
        report = self.doctor()
        self.assertEqual(report["summary"]["verdict"], "good", report["summary"])
        self.assert_row(report, "arm-android", "pass", "kernel has VFIO")
        self.assert_row(report, "arm-android-kernel", "pass", f"Linux {OWN} isn't named as")
        self.assert_row(report, "arm-android-selinux", "pass", "keeps nobody")

    def test_modules_that_nobody_loads(self):
        """vfio_pci among the vendor's modules: libvirt and the hook don't look there."""
        more = ("/vendor_dlkm/lib/modules/vfio-pci.ko: /vendor_dlkm/lib/modules/vfio.ko\n"
                "/vendor_dlkm/lib/modules/vfio.ko:\n"
                "/vendor_dlkm/lib/modules/vfio_iommu_type1.ko:\n")
        folder = "vendor_dlkm/lib/modules"
        self.phone({f"{folder}/modules.dep": more})
        self.put("sys/bus/pci/drivers/vfio-pci", None)
        report = self.doctor()
        self.assert_row(report, "arm-android", "pass", f"vfio_pci is among the modules in /{folder}")
        self.assert_row(report, "config-vfio", "pass")
        self.assert_row(report, "vfio-pci", "fail", f"among Android's modules in /{folder}")
        self.assertEqual(self.row(report, "vfio-pci")["fix"], f"modprobe -d /{folder} vfio_pci")
        self.assert_row(report, "vfio-type1", "fail", f"among Android's modules in /{folder}")
        self.assert_row(report, "arm-android-modules", "pass", f"vfio_pci in /{folder} (there)")
        self.put(f"{folder}/modules.blocklist", "blocklist vfio_pci\nblocklist vfio_pci_core\n")
        self.assert_row(self.doctor(), "arm-android-modules", "pass",
                        f"vfio_pci in /{folder} (blocked)")

    def test_modules(self):
        folder = "vendor/lib/modules"
        for changes, status, words in [
                ({f"{folder}/modules.blocklist": "blocklist arm_smmu\n"}, "warn", "neither the kernel"),
                ({f"{folder}/modules.dep": "x.ko:\n"}, "warn", "neither the kernel"),
                ({f"{folder}/modules.load": "qcom_scm.ko\n"}, "pass", "(there)"),
                ({f"{folder}/modules.dep": None, "lib/modules/modules.dep": "arm-smmu-v3.ko:\n"},
                 "pass", "arm_smmu_v3 in /lib/modules (there)"),
                ({f"{folder}/modules.dep": "x.ko:\n", "sys/module/arm_smmu/x": ""}, "pass",
                 "none is needed"),
                ({f"{folder}/modules.dep": "x.ko:\n",
                  "proc/config.gz": gzip.compress(VFIO_CONFIG.encode())}, "pass", "none is needed"),
                ({f"{folder}/modules.dep": "x.ko:\n", "proc/config.gz": None}, "unknown",
                 "can't be told"),
                ({f"{folder}/modules.dep": None, "proc/config.gz": None}, "unknown",
                 "can't be told")]:
            with self.subTest(words, changes=list(changes)):
                self.phone(changes)
                self.assert_row(self.doctor(), "arm-android-modules", status, words)

    def test_list_that_cannot_be_read(self):
        """What it may have is unknown, and not absent."""
        self.phone()
        path = self.root / "vendor/lib/modules/modules.dep"
        path.unlink()
        path.symlink_to("modules.dep")
        report = self.doctor()
        for name in ("arm-android", "arm-android-modules", "config-smmu", "config-vfio"):
            self.assert_row(report, name, "unknown", "/vendor/lib/modules/modules.dep can't be read")

    def test_what_shows_it(self):
        signs = ["system/build.prop", "system/bin/toybox", "system/bin/init", "apex"]
        for sign in signs:
            with self.subTest(sign):
                self.phone(dict.fromkeys([each for each in signs if each != sign]))
                self.assert_row(self.doctor(), "arm-android", "fail")
        self.phone(dict.fromkeys(signs))
        self.assert_row(self.doctor(), "arm-android", "skip", "isn't Android")
        (self.root / "system/build.prop").symlink_to("build.prop")
        self.assert_row(self.doctor(), "arm-android", "unknown", "/system/build.prop can't be read")

    def test_protected_kvm(self):
        for path, text, status, words in [
                ("proc/cmdline", "quiet kvm-arm.mode=protected", "warn", "the command line has"),
                ("proc/bootconfig", 'androidboot.x = "y"\nkernel.kvm-arm.mode = "protected"\n',
                 "warn", "/proc/bootconfig has kvm-arm.mode=protected"),
                ("proc/bootconfig", "kvm-arm.mode=protected", "warn", "/proc/bootconfig has"),
                ("proc/bootconfig", 'kernel.kvm-arm.mode = "nvhe"\n', "pass", ""),
                ("proc/bootconfig", "# kvm-arm.mode = protected\n", "pass", ""),
                ("proc/bootconfig", 'x.notkvm-arm.mode = "protected"\n', "pass", "")]:
            with self.subTest(text):
                self.phone({path: text})
                self.assert_row(self.doctor(), "cmdline-pkvm", status, words)

    def test_gunyah(self):
        """Whose hypervisor started the kernel at EL1: there is no KVM."""
        self.phone(VFIO | {"dev/kvm": None, "sys/firmware/devicetree/base/hypervisor/compatible":
                           "qcom,gunyah-hypervisor-1.0\0"}, groups=True)
        report = self.doctor()
        self.assert_row(report, "arm-hypervisor", "warn", "qcom,gunyah-hypervisor-1.0")
        self.assert_first(report, "vfio-kvm-node")

    def test_nodes(self):
        for changes, words in [
                ({"vendor/etc/ueventd.rc": "/dev/vfio/* 0660 system kvm\n"},
                 "/dev/vfio/vfio: 0660 system kvm (/vendor/etc/ueventd.rc), "
                 "/dev/vfio/0: 0660 system kvm (/vendor/etc/ueventd.rc)"),
                ({"vendor/ueventd.rc": "/dev/k* 0600 a b\n  /dev/kvm\t0640 root\tvirt extra\n"},
                 "/dev/kvm: 0640 root virt (/vendor/ueventd.rc)"),
                ({"system/etc/ueventd.rc": "/dev/kvm 0666\n/dev/kvm root root root\n"
                                           "subsystem kvm\n"}, "no ueventd.rc names")]:
            with self.subTest(words):
                self.phone(changes)
                self.assert_row(self.doctor(), "arm-android-nodes", "pass", words)
        path = self.root / "vendor/etc/ueventd.rc"
        path.unlink()
        path.symlink_to("ueventd.rc")
        self.assert_row(self.doctor(), "arm-android-nodes", "unknown", "ueventd.rc can't be read")

    def test_label(self):
        node = {"dev/vfio/vfio": "", "sys/fs/selinux/enforce": "1"}
        self.phone(node)
        self.assert_row(self.doctor(), "arm-android-selinux", "unknown", "has no label")
        for label, status in (("u:object_r:vfio_device:s0", "pass"), ("u:object_r:device:s0", "warn")):
            try:
                os.setxattr(self.root / "dev/vfio/vfio", "security.selinux", label.encode() + b"\0")
            except OSError as error:
                self.skipTest(f"labels can't be set here: {error}")
            self.assert_row(self.doctor(), "arm-android-selinux", status, label)
        self.phone(node | {"sys/fs/selinux/enforce": None})
        self.assert_row(self.doctor(), "arm-android-selinux", "unknown", "enforce isn't there")

    def test_capture(self):
        self.phone({"vendor/etc/ueventd.rc": "/dev/vfio/* 0660 system kvm\n"})
        whole = self.doctor()
        path = self.folder / "host.tar.gz"
        result = tool("capture", "--root", self.root, path)
        self.assertEqual(result.returncode, 0, result.err)
        self.root = path
        report = self.doctor()
        for name in ("arm-android", "arm-android-kernel", "arm-android-modules",
                     "arm-android-nodes", "config-smmu", "vfio-initramfs"):
            self.assertEqual(self.row(report, name), self.row(whole, name))
