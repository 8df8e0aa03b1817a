# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels of distributions, as their packages have them: what doctor takes for proven from
an image without its configuration is what /boot/config-RELEASE says. No host is booted."""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import hosts
from setting import BUILD, TOP

TOOL = BUILD / "gcc" / "tools" / "virt-hostdev"
ROWS = TOP / "lib" / "doctor" / "rows" / "kernel.c"
CPUINFO = {"amd64": ("vendor_id\t: GenuineIntel\n", "vendor_id\t: AuthenticAMD\n"),
           "arm64": ("CPU implementer\t: 0x41\n",)}
# What there has to be, so that nothing is proven by silence.
PROVEN = {"amd64": {"config-iommu", "config-intel-iommu", "config-amd-iommu", "config-irq-remap",
                    "config-pci", "config-pcieport", "config-sriov"},
          "arm64": {"config-iommu", "config-smmu", "config-vendor-iommu", "config-smmu-firmware",
                    "config-smmu-tables", "config-kvm-arm", "config-its", "config-pcieport",
                    "config-sriov"}}


def options_of_rows():
    """The lists of options of each row, of which one is enough."""
    lists = {}
    for row in ROWS.read_text().split('{ .id = "')[1:]:
        what = re.search(r'\.what = "(.*?)"', row.split("}")[0])
        if what:
            lists[row.split('"')[0]] = what[1].split("|")
    return lists


class Kernels(unittest.TestCase):
    kind = hosts.TRIXIE
    kinds = [hosts.TRIXIE, hosts.TRIXIE_ARM, hosts.BOOKWORM]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def doctor(self, image, cpuinfo="x"):
        """What is said of it, on a host with this processor."""
        (self.folder / "proc").mkdir(exist_ok=True)
        (self.folder / "proc/cpuinfo").write_text(cpuinfo)
        result = subprocess.run([TOOL, "doctor", "--json", "--root", self.folder, "--kernel-image",
                                 image], capture_output=True, text=True, check=False)
        self.assertEqual(result.stderr, "")
        report = json.loads(result.stdout)
        self.assertEqual(report["summary"]["verdict"], "unknown")
        return {row["id"]: row for row in report["checks"]}

    def kernels(self):
        """Each with its architecture and what its configuration sets to y or m."""
        for kind in self.kinds:
            boot = hosts.root_of(kind) / "boot"
            images = sorted(boot.glob("vmlinuz-*"))
            self.assertTrue(images, boot)
            for image in images:
                release = image.name.removeprefix("vmlinuz-")
                config = (boot / f"config-{release}").read_text()
                yield kind.architecture, release, image, dict(
                    re.findall(r"^CONFIG_(\w+)=([ym])$", config, re.M))

    def assert_not_contradicted(self, checks, config):
        """Returns the rows that say something is there: each of it is, and in the image."""
        lists = options_of_rows()
        proven = {name for name, row in checks.items()
                  if row["status"] == "pass" and name in lists and row["group"] == "kernel"}
        for name in proven:
            told = re.match("set: (.*)", checks[name]["detail"])
            some = [told[1]] if told else lists[name]
            if name == "config-vendor-iommu":
                some = ["ARM_SMMU", "ARM_SMMU_V3", "VIRTIO_IOMMU"]
            self.assertTrue(any(all(config.get(option) == "y" for option in each.split())
                                for each in some), checks[name])
        self.assertNotIn("fail", {row["status"] for row in checks.values()})
        return proven

    def test_debian(self):
        for architecture, release, image, config in self.kernels():
            with self.subTest(release):
                self.assertNotIn("IKCONFIG", config)
                proven = set()
                for cpuinfo in CPUINFO[architecture]:
                    checks = self.doctor(image, cpuinfo)
                    self.assertEqual(checks["image-release"]["detail"], f"Linux {release}")
                    self.assertIn({"amd64": "bzImage of x86", "arm64": "Image of arm64"}[
                        architecture], checks["image-format"]["detail"])
                    self.assertEqual(checks["config-readable"]["status"], "unknown")
                    proven |= self.assert_not_contradicted(checks, config)
                self.assertEqual(PROVEN[architecture] - proven, set())
                # A module isn't in the image, and nobody says that it is.
                self.assertEqual(config["VFIO_PCI"], "m")
                self.assertNotIn("config-vfio", proven)

    def test_configuration(self):
        """Beside the image there is one, and then all is known."""
        for _, release, image, config in self.kernels():
            with self.subTest(release):
                result = subprocess.run(
                    [TOOL, "doctor", "--json", "--root", self.folder, "--kernel-image",
                     image.with_name(f"config-{release}")], capture_output=True, text=True,
                    check=False)
                checks = {row["id"]: row for row in json.loads(result.stdout)["checks"]}
                self.assertEqual(checks["config-vfio"]["status"], "pass")
                self.assertNotIn("unknown", {row["status"] for name, row in checks.items()
                                             if name.startswith("config-")})

    def test_cut_short(self):
        """What can still be read proves nothing else."""
        for architecture, release, image, config in self.kernels():
            whole = image.read_bytes()
            for part in (3, 10, 50, 90, 99):
                with self.subTest(release, part=part):
                    cut = self.folder / "cut"
                    cut.write_bytes(whole[:len(whole) * part // 100])
                    result = subprocess.run([TOOL, "doctor", "--json", "--kernel-image", cut],
                                            capture_output=True, text=True, check=False)
                    if result.returncode == 2:
                        self.assertRegex(result.stderr, "cut short")
                        continue
                    self.assert_not_contradicted(self.doctor(cut, CPUINFO[architecture][0]), config)
