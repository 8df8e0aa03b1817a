# SPDX-License-Identifier: GPL-2.0-or-later
"""virt-hostdev doctor of device trees: from a file, and as a host shows its own."""

import json
import os
import re
import struct
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import devicetree
from program import tool

TOP = Path(__file__).resolve().parents[2]
EXITS = {"good": 0, "bad": 1, "unknown": 3}
ARM = "processor\t: 0\nCPU implementer\t: 0x41\n"
PCIE = "/pcie@10000000"
SMMU = "/smmuv3@9050000"

# What is said of each: the verdict, and the rows that aren't fine.
EXPECTED = {
    "virt-smmuv3": ("good", {}),
    "virt-msi-parent": ("good", {}),
    "virt-virtio-iommu": ("good", {}),
    "virt-no-iommu": ("bad", {
        "tree-iommu-map": ("fail", f"the property iommu-map of node {PCIE} is missing, and the "
                           "device tree has no IOMMU that it could lead to")}),
    "virt-no-map": ("bad", {
        "tree-iommu-map": ("fail", f"the property iommu-map of node {PCIE} is missing: only the "
                           f"maker of the SoC knows whether its devices reach {SMMU} "
                           "(arm,smmu-v3), and with which stream IDs")}),
    "virt-not-covered": ("good", {
        "tree-requester-ids": ("warn", f"the property iommu-map of node {PCIE} covers 00:00.0 to "
                               "00:1f.7, and nothing else of its buses, 00 to ff: what is there "
                               "goes past the IOMMU")}),
    "virt-incoherent": ("bad", {
        "tree-coherent": ("fail", f"the property dma-coherent of node {SMMU} (arm,smmu-v3) is "
                          'missing: vfio refuses its devices ("Invalid argument"); that of the '
                          "PCI host bridge doesn't count")}),
    "virt-gicv2": ("bad", {
        "tree-msi": ("fail", f"interrupts of devices behind {PCIE} go to "
                     "/intc@8000000/v2m@8020000 (arm,gic-v2m-frame), and not to a GICv3 ITS, "
                     "which alone isolates them")}),
    "virt-its-off": ("bad", {
        "tree-msi": ("fail", f"/intc@8000000/its@8080000 (arm,gic-v3-its), which {PCIE} needs, is "
                     "turned off by the property status of node /intc@8000000/its@8080000")}),
    "virt-smmu-off": ("bad", {
        "tree-iommu": ("fail", f"{SMMU} (arm,smmu-v3), which {PCIE} needs, is turned off by the "
                       f"property status of node {SMMU}")}),
    "virt-bus-off": ("bad", {
        "tree-iommu": ("fail", "is turned off by the property status of node /bus")}),
    "virt-iommus": ("bad", {
        "tree-inventions": ("warn", "no binding defines no-iommu of node /, iommu-ranges of "
                            f"node {PCIE}, qcom,iommu-bypass of node {PCIE}, "
                            f"qcom,smmu-secure-mode-support of node {SMMU}: the kernel reads nothing "
                            "of it"),
        "tree-iommu-map": ("fail", f"the property iommu-map of node {PCIE} is missing: the iommus "
                           "that it has is for devices of the SoC itself"),
        "tree-iommus": ("warn", f"node {PCIE} has the property iommus, which does nothing for PCI "
                        "devices: what counts is iommu-map")}),
    "virt-dangling": ("bad", {
        "tree-iommu-map": ("fail", f"the property iommu-map of node {PCIE} leads to the phandle "
                           "0xdead, which no node has"),
        "tree-msi": ("fail", "leads to the phandle 0xbeef, which no node has")}),
    "virt-no-target": ("bad", {
        "tree-iommu": ("fail", f"the property iommu-map of node {PCIE} leads to /intc@8000000 "
                       "(arm,gic-v3), which is no IOMMU: it has no #iommu-cells"),
        "tree-msi": ("fail", f"node {PCIE} has neither msi-map nor msi-parent")}),
    "virt-mask": ("good", {
        "tree-streams": ("warn", "give several requester IDs the same stream ID, as 00:00.0 and "
                         "00:00.1")}),
    "virt-bad-mask": ("bad", {
        "tree-iommu-map": ("fail", f"the property iommu-map-mask of node {PCIE}, 0xff00, hides "
                           "where an entry of iommu-map begins")}),
    "virt-odd-map": ("bad", {
        "tree-iommu-map": ("fail", f"the property iommu-map of node {PCIE} doesn't consist of "
                           "whole entries"),
        "tree-msi": ("warn", f"the property msi-map of node {PCIE} covers 00:00.0 to 00:0f.7, and "
                     "nothing else of its buses, 00 to ff: what is there has no interrupts of "
                     "its own there")}),
    "virt-other-bus": ("bad", {
        "tree-iommu-map": ("fail", f"the property iommu-map of node {PCIE} has no entry for its "
                           "buses, 20 to 2f")}),
    "virt-partly": ("bad", {
        "tree-iommu-map": ("fail", "leads to the phandle 0xdead, which no node has"),
        "tree-iommu": ("fail", "/smmuv3@1000 (arm,smmu-v3)"),
        "tree-requester-ids": ("warn", f"the property iommu-map of node {PCIE} covers 00:00.0 to "
                               "01:1f.7, and nothing else"),
        "tree-coherent": ("fail", "the property dma-coherent of node /smmuv3@1000")}),
    "virt-wide": ("good", {
        "tree-iommu-map": ("warn", f"has stream IDs of two cells, as {SMMU} asks for")}),
    "virt-pci-off": ("bad", {
        "tree-pci": ("fail", f"the first, {PCIE}, by status of {PCIE}")}),
    "virt-no-pci": ("bad", {"tree-pci": ("fail", "the device tree has no PCI host bridge")}),
    "virt-unknown-iommu": ("unknown", {
        "tree-coherent": ("unknown", f"whether the driver of {SMMU} (example,iommu) says that DMA "
                          "is coherent isn't known here")}),
    "virt-reserved": ("good", {
        "tree-reserved": ("warn", "the property iommu-addresses of node "
                          "/reserved-memory/framebuffer@80000000 keeps 0x80000000 to 0x800fffff "
                          f"for {PCIE}/gpu@1,0, at the same addresses: vfio refuses")}),
    "virt-two-hosts": ("good", {
        "tree-iommu-map": ("warn", "the property iommu-map of node /pcie@20000000 is missing"),
        "tree-msi": ("warn", "node /pcie@20000000 has neither msi-map nor msi-parent")}),
    # Boards.
    "rk3588-like": ("bad", {
        "tree-coherent": ("fail", "the property dma-coherent of node /iommu@fc900000 "
                          '(arm,smmu-v3) is missing: vfio refuses its devices ("Invalid '
                          'argument")')}),
    "rk3588-faked": ("good", {
        "tree-coherent-true": ("warn", "node /pcie@fe150000 is dma-coherent and node "
                               "/interrupt-controller@fe600000/msi-controller@fe660000 of the "
                               "same machine dma-noncoherent: one of them is wrong, and with a "
                               "faked dma-coherent DMA silently destroys data")}),
    "rk3399-like": ("bad", {
        "tree-iommu-map": ("fail", "the property iommu-map of node /pcie@f8000000 is missing, and "
                           "the hardware that the device tree describes can't: /iommu@ff903f00 "
                           "(rockchip,iommu) and its like are for devices of the SoC itself"),
        "tree-msi": ("fail", "has neither msi-map nor msi-parent")}),
    "snapdragon-like": ("good", {
        "arm-hypervisor": ("warn", "a hypervisor of the vendor (qcom,gunyah-hypervisor-1.0) is "
                           "below the kernel"),
        "tree-requester-ids": ("warn", "the property iommu-map of node /soc@0/pcie@1c00000 covers "
                               "00:00.0, 01:00.0, and nothing else of its buses, 00 to ff"),
        "tree-msi": ("warn", "covers 00:00.0, 01:00.0, and nothing else")}),
    "tegra-like": ("bad", {
        "tree-streams": ("warn", "the properties iommu-map and iommu-map-mask of node "
                         "/pcie@14100000 give several requester IDs the same stream ID"),
        "tree-msi": ("fail", "has neither msi-map nor msi-parent")}),
    "apple-like": ("bad", {
        "tree-coherent": ("fail", "the hardware can't: the driver of /iommu@681008000 "
                          "(apple,t8103-dart) never says that DMA is coherent"),
        "tree-requester-ids": ("warn", "covers 01:00.0, and nothing else of its buses, 00 to 03"),
        "tree-msi": ("fail", "has neither msi-map nor msi-parent")}),
}

NO_TREES = {"overlay", "no-machine"}


class _Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "board.dtb"

    def doctor(self, *arguments):
        result = tool("doctor", "--json", *arguments)
        self.assertEqual(result.err, "")
        report = json.loads(result.out)
        self.assertEqual(result.returncode, EXITS[report["summary"]["verdict"]])
        return report

    def of_file(self, data):
        self.file.write_bytes(data)
        return self.doctor("--dtb", self.file)

    @staticmethod
    def rows(report, name):
        return [row for row in report["checks"] if row["id"] == name]

    def unfine(self, report):
        """The rows that aren't fine; of each one is."""
        found = {}
        for row in report["checks"]:
            if row["status"] not in ("pass", "skip"):
                self.assertNotIn(row["id"], found)
                found[row["id"]] = row
        return found


class Files(_Folder):
    """What is said of a device tree in a file."""

    def test_table_is_whole(self):
        self.assertEqual(devicetree.names(), sorted(set(EXPECTED) | NO_TREES))

    def test_each(self):
        for name, (verdict, rows) in EXPECTED.items():
            with self.subTest(name):
                report = self.of_file(devicetree.blob(name))
                found = self.unfine(report)
                self.assertEqual({row: found[row]["status"] for row in found},
                                 {row: status for row, (status, _) in rows.items()})
                for row, (_, words) in rows.items():
                    self.assertIn(words, found[row]["detail"])
                self.assertEqual(report["summary"]["verdict"], verdict)
                if verdict == "bad":
                    first = [row for row, (status, _) in rows.items() if status == "fail"][0]
                    self.assertEqual(report["summary"]["first"]["id"], first)
                    self.assertIn("A machine with this device tree can't pass devices through yet",
                                  report["summary"]["message"])

    def test_what_is_fine(self):
        report = self.of_file(devicetree.blob("virt-msi-parent"))
        details = {row["id"]: (row["status"], row["detail"]) for row in report["checks"]}
        self.assertEqual(details["tree-machine"],
                         ("pass", "linux,dummy-virt (linux,dummy-virt), 9 nodes"))
        self.assertEqual(details["tree-iommu-map"],
                         ("pass", f"that of {PCIE} leads to {SMMU}, with the mask 0xffffffff; devices may use ATS"))
        self.assertEqual(details["tree-requester-ids"],
                         ("pass", f"iommu-map of {PCIE} covers all of its buses, 00 to ff"))
        self.assertEqual(details["tree-msi"],
                         ("pass", f"{PCIE} sends them to /intc@8000000/its@8080000"))
        self.assertEqual({row["node"] for row in self.rows(report, "tree-iommu-map")}, {PCIE})
        result = tool("doctor", "--dtb", self.file)
        self.assertTrue(result.out.startswith(
            "A machine with this device tree can pass devices through.\n"), result.out)

    def test_each_host_by_itself(self):
        report = self.of_file(devicetree.blob("virt-two-hosts"))
        self.assertEqual([(row["node"], row["status"])
                          for row in self.rows(report, "tree-iommu-map")],
                         [(PCIE, "pass"), ("/pcie@20000000", "warn")])

    def test_nothing_is_said_of_what_is_off(self):
        report = self.of_file(devicetree.blob("virt-pci-off"))
        rows = [row for row in report["checks"] if row["node"]]
        self.assertGreater(len(rows), 7)
        self.assertEqual({(row["status"], row["detail"]) for row in rows},
                         {("skip", f"{PCIE} is turned off by status of {PCIE}")})

    def test_overlay_compiles(self):
        """What is given for review is a source that dtc takes, and turns the node on."""
        for name, row, node in (("virt-smmu-off", "tree-iommu", SMMU),
                                ("virt-its-off", "tree-msi", "/intc@8000000/its@8080000")):
            with self.subTest(name):
                found, = self.rows(self.of_file(devicetree.blob(name)), row)
                self.assertIn(node, found["fix"])
                overlay = self.folder / "overlay.dtbo"
                overlay.write_bytes(devicetree.compiled(found["overlay"]))
                both = self.folder / "both.dtb"
                subprocess.run(["fdtoverlay", "-i", self.file, "-o", both, overlay], check=True)
                report = self.doctor("--dtb", both)
                self.assertEqual((report["summary"]["verdict"], self.unfine(report)), ("good", {}))
                # As text it is the same.
                text = tool("doctor", "--dtb", self.file).out
                self.assertIn("\n    &{" + node + "} {\n    \tstatus = \"okay\";\n    };\n", text)
                self.assertEqual(text.count("/plugin/;"), 1)

    def test_where_none_is_safe(self):
        """Nothing but a node that is plainly turned off is turned on."""
        for name in EXPECTED.keys() - {"virt-smmu-off", "virt-its-off", "virt-partly"}:
            with self.subTest(name):
                report = self.of_file(devicetree.blob(name))
                self.assertEqual({row["overlay"] for row in report["checks"]}, {None})
        for status in ("reserved", "fail", "fail-sss", ""):
            text = f'/include/ "virt.dtsi"\n&smmu {{ status = "{status}"; }};'
            row, = self.rows(self.of_file(devicetree.compiled(text)), "tree-iommu")
            self.assertEqual((row["status"], row["overlay"]), ("fail", None))
        data = devicetree.blob("virt-smmu-off")
        report = self.of_file(data.replace(b"smmuv3@9050000", b"smmu{};@905000"))
        row, = self.rows(report, "tree-iommu")
        self.assertEqual((row["status"], row["overlay"]), ("fail", None))

    def test_what_others_wrote_is_escaped(self):
        data = devicetree.blob("virt-no-map").replace(b"pcie@10000000", b"pci\x1b[31m\x9b\r\n\x07x")
        self.file.write_bytes(data)
        result = tool("doctor", "--dtb", self.file)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(set(re.findall(r"[^\x20-\x7e]", result.out)), {"\n"})

    def test_older_smmu(self):
        """The PCI host bridge's dma-coherent counts for SMMUv2, and not for SMMUv3."""
        for compatible, smmu, pcie, status in (
                ("arm,mmu-500", True, False, "pass"), ("arm,mmu-500", False, True, "pass"),
                ("arm,mmu-500", False, False, "fail"), ("arm,smmu-v1", False, True, "pass"),
                ("qcom,msm-iommu-v1", False, False, "pass"), ("arm,smmu-v3", True, False, "pass"),
                ("arm,smmu-v3", False, True, "fail"), ("nvidia,tegra210-smmu", True, True, "fail"),
                ("mediatek,mt8195-iommu-infra", True, True, "fail"),
                ("samsung,exynos-sysmmu", True, True, "fail"),
                ("allwinner,sun50i-h6-iommu", True, True, "fail"),
                ("rockchip,iommu", True, True, "fail"), ("virtio,mmio", False, False, "pass")):
            with self.subTest(compatible=compatible, smmu=smmu, pcie=pcie):
                text = '/include/ "virt.dtsi"\n/ { /delete-property/ dma-coherent; };\n'
                text += f'&smmu {{ compatible = "{compatible}"; }};\n'
                text += "" if smmu else "&smmu { /delete-property/ dma-coherent; };\n"
                text += "" if pcie else "&pcie { /delete-property/ dma-coherent; };\n"
                row, = self.rows(self.of_file(devicetree.compiled(text)), "tree-coherent")
                self.assertEqual(row["status"], status, row)
                if compatible == "arm,mmu-500" and status == "fail":
                    self.assertIn(f"neither node {SMMU} (arm,mmu-500) nor node {PCIE} has the "
                                  "property dma-coherent", row["detail"])

    def test_coherence_comes_from_above(self):
        for text, status in (
                ("&smmu { /delete-property/ dma-coherent; };", "pass"),
                ("&smmu { /delete-property/ dma-coherent; dma-noncoherent; };", "fail"),
                ("/ { /delete-property/ dma-coherent; dma-noncoherent; };", "pass")):
            with self.subTest(text):
                report = self.of_file(devicetree.compiled('/include/ "virt.dtsi"\n' + text))
                self.assertEqual(self.rows(report, "tree-coherent")[0]["status"], status)

    def test_what_is_known_of_the_chip(self):
        for chip, more, status in (
                ("rockchip,rk3568", "", "warn"), ("brcm,bcm2711", "", "warn"),
                ("rockchip,rk3568", "&pcie { /delete-property/ dma-coherent; };", "skip"),
                ("fsl,lx2160a", "", "skip")):
            with self.subTest(chip=chip, more=more):
                text = '/include/ "virt.dtsi"\n/ { /delete-property/ dma-coherent; '
                text += f'compatible = "example,board", "{chip}"; }};\n{more}'
                row, = self.rows(self.of_file(devicetree.compiled(text)), "tree-coherent-true")
                self.assertEqual(row["status"], status, row)
                if status == "warn":
                    self.assertIn(f"node {PCIE} is dma-coherent, which the device trees of Linux "
                                  f"say of no {chip}: unless", row["detail"])

    def test_wrong_input(self):
        good = devicetree.blob("virt-smmuv3")
        # The length of the first property, with which libfdt 1.6.1 goes around for ever.
        length = struct.unpack_from(">I", good, 8)[0] + 12
        for data, words in (
                (b"", "is no device tree blob (.dtb)"),
                (b"/dts-v1/;", "is no device tree blob (.dtb)"),
                (bytes.fromhex("d7b7ab1e") + bytes(64), "is a table of device trees (dtbo.img)"),
                (good[:20], "is cut short"),
                (good[:-1], "is cut short"),
                (good[:8] + b"\xff\xff\xff\xff" + good[12:], "is a device tree that is damaged"),
                (good[:20] + struct.pack(">I", 2) + good[24:], "is a device tree that is damaged"),
                (good[:length] + b"\xff\xff\xff\xf4" + good[length + 4:],
                 "is a device tree that is damaged"),
                (good + good, "has several device trees, one after the other"),
                (bytes(2 * 1024 * 1024 + 1), "is larger than any device tree"),
                (devicetree.blob("overlay"), "is an overlay: give the device tree that it is "
                 "applied to"),
                (devicetree.blob("no-machine"), "describes no machine: its root has no property "
                 "compatible")):
            with self.subTest(words):
                self.file.write_bytes(data)
                result = tool("doctor", "--dtb", self.file)
                self.assertEqual((result.returncode, result.out), (2, ""), result.err)
                self.assertIn(f"{self.file} {words}", result.err)
        os.mkfifo(self.folder / "pipe")
        for words, status, expected in (
                ((self.folder,), 2, "cannot read "), ((self.folder / "pipe",), 2, "cannot read "),
                ((self.folder / "none",), 1, "cannot open "),
                ((self.file, "01:00.0"), 2, "--dtb is about a device tree, and no device"),
                ((self.file, "--kernel-image", self.file), 2, "are about one file each")):
            with self.subTest(expected=expected):
                result = tool("doctor", "--dtb", *words)
                self.assertEqual((result.returncode, result.out), (status, ""))
                self.assertIn(expected, result.err)

    def test_too_much(self):
        """More than any machine has, and names that would take for ever."""
        many = "".join(f'pcie@{i} {{ device_type = "pci"; }};' for i in range(65))
        deep = "a {" * 70 + "};" * 70
        for text, words in ((many, "has more than any machine"), (deep, "more than any machine"),
                            (f"x{'y' * 300};", "is damaged")):
            data = devicetree.compiled('/dts-v1/; / { compatible = "x"; ' + text + " };")
            self.file.write_bytes(data)
            result = tool("doctor", "--dtb", self.file)
            self.assertEqual((result.returncode, result.out), (2, ""), result.err)
            self.assertIn(words, result.err)


class Host(_Folder):
    """A host that shows its device tree, and devices behind it."""

    def put(self, path, data):
        path = self.folder / "host" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def link(self, path, target):
        path = self.folder / "host" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def make(self, name):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "board.dtb"
        self.put("proc/cpuinfo", ARM)
        self.put("sys/bus/pci/drivers/vfio-pci/module", "")
        (self.folder / "host/sys/bus/pci/devices").mkdir()
        for path, data in devicetree.live(name).items():
            self.put(path, data)

    def device(self, address, node=PCIE, group=None):
        above = f"sys/devices/platform/{node[1:].replace('/', '-')}.pcie"
        folder = f"{above}/pci{address[:4]}:00/{address}"
        for name, text in {"vendor": "0x8086", "device": "0x10d3", "class": "0x020000",
                           "subsystem_vendor": "0x8086", "subsystem_device": "0x0001",
                           "revision": "0x00", "driver_override": "(null)"}.items():
            self.put(f"{folder}/{name}", text + "\n")
        self.link(f"sys/bus/pci/devices/{address}", f"../../../../{folder}")
        if node and not (self.folder / "host" / above / "of_node").is_symlink():
            self.link(f"{above}/of_node", f"../../../firmware/devicetree/base{node}")
        if group is not None:
            self.link(f"sys/kernel/iommu_groups/{group}/devices/{address}",
                      f"../../../../{folder[4:]}")
            self.link(f"{folder}/iommu_group", f"../../../../../kernel/iommu_groups/{group}")

    def of_host(self, *arguments):
        return self.doctor("--root", self.folder / "host", *arguments)

    def row(self, report, name):
        row, = self.rows(report, name)
        return row["status"], row["detail"]

    @staticmethod
    def tree_rows(report):
        """But for what the kernel's log says, which no copy has."""
        return [(row["id"], row["node"], row["status"], row["detail"], row["fix"], row["overlay"])
                for row in report["checks"] if row["group"] == "device tree"
                and row["id"] != "tree-coherent-true"]

    def test_same_as_from_a_file(self):
        for name in EXPECTED:
            with self.subTest(name):
                self.make(name)
                rows = self.tree_rows(self.of_host())
                self.assertGreater(len(rows), 10)
                self.assertEqual(rows, self.tree_rows(self.of_file(devicetree.blob(name))))

    def test_same_from_a_capture(self):
        for name in EXPECTED:
            with self.subTest(name):
                self.make(name)
                self.device("0000:01:00.0")
                whole = self.tree_rows(self.of_host()), self.tree_rows(self.of_host("01:00.0"))
                path = self.folder / "host.tar"
                result = tool("capture", "--root", self.folder / "host", path)
                self.assertEqual(result.returncode, 0, result.err)
                (self.folder / "host").rename(self.folder / "before")
                path.rename(self.folder / "host")
                self.assertEqual(self.without_sizes(whole[0]),
                                 self.without_sizes(self.tree_rows(self.of_host())))
                self.assertEqual(self.without_sizes(whole[1]),
                                 self.without_sizes(self.tree_rows(self.of_host("01:00.0"))))

    def test_a_capture_has_what_is_read(self):
        """Each property that is looked for, by its name."""
        source = (TOP / "lib/doctor/read/devicetree.c").read_text()
        names = set(re.findall(
            r'\b(?:has|says|number|property|first_text|cells_in|read_map)\(\s*&?p,\s*\w+,\s*"([^"]+)"',
            source))
        names |= set(re.findall(r'^\t"([^"]+)",$', source, re.M)) | {"msi-map-mask"}
        self.assertGreater(len(names), 20)
        self.assertTrue({"iommu-map", "no-iommu", "dma-noncoherent", "status"} < names, names)
        self.make("virt-smmuv3")
        for name in names:
            self.put(f"{devicetree.BASE}/node/{name}", "x")
        path = self.folder / "host.tar"
        self.assertEqual(tool("capture", "--root", self.folder / "host", path).returncode, 0)
        with tarfile.open(path) as tar:
            members = set(tar.getnames())
        self.assertEqual({name for name in names
                          if f"{devicetree.BASE}/node/{name}" not in members}, set())

    @staticmethod
    def without_sizes(rows):
        """A capture leaves out nodes that say nothing of isolation."""
        return [tuple(word and re.sub(r", \d+ nodes", "", word) for word in row) for row in rows]

    def test_devices(self):
        """Of a device it is its own bridge that counts, and its own requester ID."""
        for name, address, node, row, status, words in (
                ("virt-smmuv3", "0000:01:00.0", PCIE, "tree-requester-ids", "pass",
                 f"its requester ID 0x0100 is in iommu-map of {PCIE}"),
                ("virt-not-covered", "0000:00:02.0", PCIE, "tree-requester-ids", "pass", "0x0010"),
                ("virt-not-covered", "0000:01:00.0", PCIE, "tree-requester-ids", "fail",
                 f"the property iommu-map of node {PCIE} covers 00:00.0 to 00:1f.7, and not the "
                 "requester ID 0x0100 of 0000:01:00.0: it goes past the IOMMU"),
                ("virt-odd-map", "0000:01:00.0", PCIE, "tree-msi", "fail",
                 "and not the requester ID 0x0100 of 0000:01:00.0: it has no interrupts"),
                ("virt-two-hosts", "0000:01:00.0", PCIE, "tree-iommu-map", "pass", SMMU),
                ("virt-two-hosts", "0001:01:00.0", "/pcie@20000000", "tree-iommu-map", "fail",
                 "/pcie@20000000 is missing"),
                ("virt-two-hosts", "0001:01:00.0", "/pcie@99", "tree-iommu-map", "unknown",
                 "isn't known"),
                ("virt-two-hosts", "0001:01:00.0", "/pcie@0", "tree-iommu-map", "unknown",
                 "isn't known"),
                ("virt-two-hosts", "0001:01:00.0", "", "tree-iommu-map", "unknown", "isn't known"),
                ("virt-no-map", "0000:01:00.0", "", "tree-iommu-map", "fail", "is missing"),
                ("virt-other-bus", "0000:21:00.0", PCIE, "tree-iommu-map", "fail", "20 to 2f"),
                ("virt-other-bus", "0000:01:00.0", PCIE, "tree-requester-ids", "unknown",
                 f"0000:01:00.0 isn't on a bus that {PCIE} has by its bus-range, 20 to 2f"),
                ("virt-pci-off", "0000:01:00.0", PCIE, "tree-iommu-map", "skip", "turned off"),
                ("virt-incoherent", "0000:01:00.0", PCIE, "tree-coherent", "fail", SMMU),
                # What is wrong elsewhere in the map is nothing to this one.
                ("virt-partly", "0000:00:02.0", PCIE, "tree-iommu-map", "pass", SMMU),
                ("virt-partly", "0000:00:02.0", PCIE, "tree-iommu", "pass", SMMU),
                ("virt-partly", "0000:00:02.0", PCIE, "tree-coherent", "pass", PCIE),
                ("virt-partly", "0000:01:00.0", PCIE, "tree-iommu", "fail", "/smmuv3@1000"),
                ("virt-partly", "0000:01:00.0", PCIE, "tree-coherent", "fail", "/smmuv3@1000"),
                ("virt-partly", "0000:02:00.0", PCIE, "tree-iommu-map", "fail", "0xdead"),
                ("virt-partly", "0000:02:00.0", PCIE, "tree-coherent", "skip", PCIE),
                ("virt-partly", "0000:03:00.0", PCIE, "tree-requester-ids", "fail",
                 "covers 00:00.0 to 01:1f.7, and not the requester ID 0x0300")):
            with self.subTest(f"{name} {address} {row}"):
                self.make(name)
                self.device(address, node)
                found = self.row(self.of_host(address), row)
                self.assertEqual(found[0], status, found)
                self.assertIn(words, found[1])

    def test_its_bridge_cannot_be_known(self):
        self.make("virt-two-hosts")
        self.device("0000:01:00.0")
        self.assertEqual(self.row(self.of_host("01:00.0"), "tree-iommu-map")[0], "pass")
        link = next((self.folder / "host").glob("sys/devices/platform/*/of_node"))
        link.unlink()
        link.write_text("no link")
        self.assertEqual(self.row(self.of_host("01:00.0"), "tree-iommu-map")[0], "unknown")
        link.unlink()
        link.symlink_to("../elsewhere")
        self.assertEqual(self.row(self.of_host("01:00.0"), "tree-iommu-map")[0], "unknown")

    def test_groups_show_it(self):
        """What the kernel has made of it counts more than what is read here."""
        self.make("virt-no-map")
        self.device("0000:01:00.0", group=3)
        self.assertEqual(self.row(self.of_host("01:00.0"), "tree-iommu-map"),
                         ("pass", "it is in IOMMU group 3, so it is right"))
        self.assertEqual(self.row(self.of_host(), "tree-iommu-map")[0], "warn")
        (self.folder / "host/sys/bus/pci/devices").rename(self.folder / "gone")
        self.assertEqual(self.row(self.of_host(), "tree-iommu-map"),
                         ("unknown", "can't tell which PCI devices the host has: its copied tree "
                          "has no /sys/bus/pci/devices"))

    def test_what_cannot_be_read(self):
        """One property that isn't known, or one folder, and nothing is known."""
        for path in (f"{PCIE}/iommu-map", f"{SMMU}/dma-coherent", "/intc@8000000", "/compatible",
                     "/cpus/cpu@0/reg"):
            with self.subTest(path):
                self.make("virt-no-map")
                place = self.folder / "host" / (devicetree.BASE + path)
                if place.is_dir():
                    place.rename(self.folder / "gone")
                else:
                    place.unlink(missing_ok=True)
                place.symlink_to(place.name)
                report = self.of_host()
                for row in report["checks"]:
                    if row["group"] == "device tree":
                        self.assertEqual(row["status"], "unknown", row)
                self.assertEqual(self.row(report, "arm-firmware")[0], "unknown")
                self.assertIn("tree-coherent", report["summary"]["missing"])

    def test_none(self):
        """With ACPI the kernel may show what its boot loader added, and no machine."""
        for name in (None, "no-machine"):
            self.make("virt-smmuv3")
            base = self.folder / "host" / devicetree.BASE
            base.rename(self.folder / "gone")
            if name:
                for path, data in devicetree.live(name).items():
                    self.put(path, data)
            report = self.of_host()
            for row in report["checks"]:
                if row["group"] == "device tree":
                    self.assertEqual((row["status"], row["detail"]),
                                     ("skip", "the host has no device tree"))

    def test_secrets_are_left_alone(self):
        self.make("virt-smmuv3")
        self.link(f"{devicetree.BASE}/security-password", "security-password")
        self.assertEqual(self.row(self.of_host(), "tree-iommu-map")[0], "pass")
