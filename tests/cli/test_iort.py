# SPDX-License-Identifier: GPL-2.0-or-later
"""virt-hostdev doctor on arm64 hosts with ACPI, whose firmware has an IORT."""

import shutil

from iort import SINGLE, Table, usual
from program import tool
from test_doctor import ARM, ARM_CONFIG, HEALTHY, RELEASE, _OnHost

TABLE = "sys/firmware/acpi/tables/IORT"
SEGMENTS = 0, 3, 0xc
VGA, NIC, NVME = "0003:02:00.0", "0003:03:00.0", "0003:04:00.0"


def altra(**smmu):
    """In segment 3 the bus of the graphics is left out, and the host bridge."""
    table = Table()
    its = table.its()
    for segment in SEGMENTS:
        v3 = table.smmu_v3(0x3ff00000000 + (segment << 28), [(0, 0x10000, segment << 16, its)],
                           **smmu)
        table.root(segment, [(8, 0x1f8, 8, v3), (0x300, 0x300, 0x300, v3)])
    return table


class Iort(_OnHost):
    tree = "arm-server"

    def host(self, table, **changes):
        """@changes: files; None is one that isn't there."""
        base = {path: text for path, text in HEALTHY.items() if "dmar" not in path.lower()}
        base |= {"proc/cpuinfo": ARM, f"boot/config-{RELEASE}": ARM_CONFIG,
                 "sys/firmware/acpi/tables/APIC": "x", "proc/interrupts": " 24: 0 ITS-PCI-MSI x\n"}
        if table:
            base[TABLE] = table if isinstance(table, bytes) else table.bytes()
        self.make(base | changes)

    def no_groups(self):
        shutil.rmtree(self.root / "sys/kernel/iommu_groups")
        for device in (self.root / "sys/bus/pci/devices").iterdir():
            (device / "iommu_group").unlink(missing_ok=True)

    def test_board(self):
        """The firmware's mapping leaves out the graphics: that one has no group, and won't."""
        self.host(altra())
        report = self.doctor()
        self.assert_row(report, "arm-iort", "pass", "root complexes: 3, SMMUs: 3")
        self.assert_row(report, "arm-iort-map", "pass", "segments (3)")
        self.assert_row(report, "arm-iort-coherent", "pass", "3 of 3")
        self.assert_row(report, "arm-iort-its", "pass", "interrupts show it")
        self.assert_row(report, "arm-iort-device", "warn", VGA)
        self.assert_row(report, "arm-iort-reserved", "pass")
        self.assert_row(report, "arm-firmware", "pass", "ACPI")
        report = self.doctor(VGA)
        self.assert_first(report, "arm-iort-device")
        row = self.row(report, "arm-iort-device")
        self.assertEqual(row["detail"], (
            "the root complex of PCI segment 0003 has no mapping for its requester ID 0x0200 in the "
            "IORT: it gets no group, and no software changes that"))
        self.assertEqual(row["fix"], (
            "None in software: the firmware's vendor would have to map requester ID 0x0200 (all of "
            "bus 02: 0x0200 to 0x02ff) of PCI segment 0003 to an SMMU, in the IORT's node of the "
            "root complex"))
        self.assert_row(self.doctor(NIC), "arm-iort-device", "pass",
                        "requester ID 0x0300 is stream 0x300 of the SMMUv3 at 0x3ff30000000, with "
                        "an ITS")

    def test_table(self):
        damaged = bytearray(altra().bytes())
        damaged[9] ^= 1
        lone = Table()
        lone.its()
        for table, groups, status, words in [
                (altra(), True, "pass", "SMMUs: 3"),
                (bytes(damaged), True, "warn", "checksum"),
                (lone, True, "pass", "there are groups"),
                (lone, False, "fail", "no SMMU"),
                (None, True, "pass", "there are groups"),
                (None, False, "fail", "no SMMU"),
                (altra().bytes()[:-1], True, "unknown", "cut short"),
                (altra().bytes()[:-1], False, "unknown", "cut short"),
                (b"DMAR", True, "unknown", "no such table"),
                (altra().bytes().ljust(1 << 20) + b"x", True, "unknown", "can't be read")]:
            with self.subTest(words, groups=groups):
                self.host(table)
                if not groups:
                    self.no_groups()
                self.assert_row(self.doctor(), "arm-iort", status, words)
        # A device tree needs none; from Linux 6.10 on there is an empty one beside ACPI.
        self.host(None)
        shutil.rmtree(self.root / "sys/firmware/acpi")
        self.no_groups()
        self.assert_row(self.doctor(), "arm-iort", "unknown", "IORT isn't there")
        self.put("sys/firmware/devicetree/base/compatible", "vendor,board\0")
        self.assert_row(self.doctor(), "arm-iort", "skip", "device tree")
        self.put(TABLE, altra().bytes())
        self.assert_row(self.doctor(), "arm-iort", "pass", "SMMUs: 3")

    def test_damaged_table_hides_what_hangs_on_it(self):
        self.host(altra().bytes()[:-1])
        self.no_groups()
        report = self.doctor(NIC)
        for name in ("arm-iort-map", "arm-iort-coherent", "arm-iort-its", "arm-iort-device",
                     "arm-iort-reserved"):
            self.assert_row(report, name, "unknown", "cut short")

    def test_map(self):
        past = Table()
        past.root(0, [(0, 0x10000, 0, past.its())])
        for table, groups, status, words in [
                (usual(SEGMENTS), False, "pass", "(3)"),
                (usual((0, 0xc)), False, "warn", "1 of 3 PCI segments are mapped to no SMMU, the "
                                                 "first is 0003"),
                (usual((1,)), False, "fail", "no PCI segment"),
                (past, False, "fail", "no PCI segment"),
                # What is in groups needs no table.
                (past, True, "pass", "(3)")]:
            with self.subTest(words, groups=groups):
                self.host(table)
                if not groups:
                    self.no_groups()
                self.assert_row(self.doctor(), "arm-iort-map", status, words)

    def test_device(self):
        def two_roots():
            table = Table()
            v3 = table.smmu_v3(0x1000)
            table.root(3, [(0x400, 0x100, 0, v3)])
            table.root(3, [(0, 0x10000, 0, v3)])
            return table

        def v2(coherent, root):
            table = Table()
            table.root(3, [(0, 0x10000, 0x40, table.smmu(0x1000, coherent=coherent))], root)
            return table

        def of_its():
            table = Table()
            table.root(3, [(0, 0x10000, 0, table.its())])
            return table

        for table, device, status, words in [
                (two_roots(), VGA, "fail", "another one does, at which Linux doesn't look"),
                (two_roots(), NVME, "pass", "stream 0 of the SMMUv3 at 0x1000"),
                (two_roots(), NIC, "pass", "it is in group 25, whatever the IORT says"),
                (usual((0,)), VGA, "fail", "no root complex for PCI segment 0003"),
                (of_its(), VGA, "fail", "to no SMMU, but past it"),
                (altra(coherent=False), NIC, "fail", "behind the SMMUv3 at 0x3ff30000000, which "
                                                     "isn't said to be coherent"),
                (v2(False, False), NIC, "warn", "neither the SMMU at 0x1000 nor"),
                (v2(True, False), NIC, "pass", "stream 0x340 of the SMMU at"),
                (v2(False, True), NIC, "pass", "stream 0x340 of the SMMU at"),
                (None, VGA, "skip", "no IORT")]:
            with self.subTest(words):
                self.host(table)
                self.assert_row(self.doctor(device), "arm-iort-device", status, words)

    def test_coherent(self):
        mixed = Table()
        v3, other = mixed.smmu_v3(0x1000), mixed.smmu_v3(0x2000, coherent=False)
        mixed.smmu_v3(0x3000, coherent=False)
        mixed.root(0, [(0, 0x10000, 0, v3)])
        mixed.root(3, [(0, 0x10000, 0, other)])
        for table, status, words in [
                (mixed, "warn", "1 of 2 SMMUv3, the first at 0x2000"),
                (altra(coherent=False), "fail", "no SMMUv3 is said to be coherent"),
                (Table(), "skip", "no PCI device")]:
            with self.subTest(words):
                self.host(table)
                self.assert_row(self.doctor(), "arm-iort-coherent", status, words)
        self.host(altra(coherent=False))
        self.assert_first(self.doctor(), "arm-iort-coherent")

    def test_its(self):
        none, past = Table(), Table()
        none.root(3, [(0, 0x10000, 0, none.smmu_v3(0x1000))])
        past.its()
        past.root(3, [(0, 0x10000, 0, past.smmu_v3(0x1000))])
        for table, status, words in [
                (none, "fail", "describes no ITS"),
                (past, "fail", "PCI segment 0003 is mapped to no ITS"),
                (usual(SEGMENTS), "pass", "leads to an ITS")]:
            with self.subTest(words):
                self.host(table)
                self.assert_row(self.doctor(), "arm-iort-its", status, words)

    def test_reserved(self):
        table = Table()
        v3 = table.smmu_v3(0x1000)
        table.root(3, [(0, 0x10000, 0x10000, v3)])
        table.rmr([(0x90000000, 0x1000)], [(0, 8, 0x10300, v3)])
        table.named("\\_SB.DEV0", [(0, 1, 0x10400, v3, SINGLE)])
        regions = "sys/kernel/iommu_groups/25/reserved_regions"
        for changes, device, status, words in [
                ({}, NIC, "warn", "from 0x90000000 on"),
                ({regions: "0x8000000 0x80fffff msi\n"}, NIC, "pass", "didn't take over"),
                ({regions: "0x90000000 0x90000fff direct\n"}, NIC, "warn", "refuses"),
                ({}, NVME, "pass", "no memory")]:
            with self.subTest(words):
                self.host(table, **changes)
                self.assert_row(self.doctor(device), "arm-iort-reserved", status, words)
        self.assert_row(self.doctor(), "arm-iort-reserved", "warn", NIC)
        self.assert_row(self.doctor("000c:00:01.0"), "arm-iort-reserved", "skip", "no SMMU")

    def test_capture(self):
        """The table goes with a capture."""
        self.host(altra())
        path = self.folder / "host.tar.gz"
        self.assertEqual(tool("capture", "--root", self.root, path).returncode, 0)
        self.root = path
        self.assert_row(self.doctor(VGA), "arm-iort-device", "fail", "0x0200")
