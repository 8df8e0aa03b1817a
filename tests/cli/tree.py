# SPDX-License-Identifier: GPL-2.0-or-later
"""A copied /sys and /proc, generated: what --root of the tool reads."""

from pathlib import Path


class Tree:
    def __init__(self, folder):
        self.root = Path(folder)
        self.pci = self.root / "sys/bus/pci"
        self.groups = self.root / "sys/kernel/iommu_groups"
        for path in (self.pci / "devices", self.pci / "drivers", self.groups,
                     self.root / "proc", self.root / "sys/class"):
            path.mkdir(parents=True)

    def driver(self, name):
        (self.pci / "drivers" / name).mkdir(exist_ok=True)

    def device(self, address, vendor=0x8086, device=0x10d3, class_code=0x020000, driver=None,
               group=None, bridge=False, numa_node=-1, override="(null)"):
        """A folder with links, as a copy of sysfs has it."""
        real = self.root / "sys/devices/pci0000:00" / address
        real.mkdir(parents=True)
        (self.pci / "devices" / address).symlink_to(f"../../../devices/pci0000:00/{address}")
        values = {"vendor": f"0x{vendor:04x}", "device": f"0x{device:04x}",
                  "class": f"0x{class_code:06x}", "numa_node": str(numa_node),
                  "subsystem_vendor": f"0x{vendor:04x}", "subsystem_device": "0x0001",
                  "revision": "0x00", "driver_override": override}
        if bridge:
            values["secondary_bus_number"] = "1"
        for name, value in values.items():
            (real / name).write_text(value + "\n")
        if driver:
            self.driver(driver)
            (real / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")
        if group is not None:
            members = self.groups / str(group) / "devices"
            members.mkdir(parents=True, exist_ok=True)
            (members / address).symlink_to(f"../../../../devices/pci0000:00/{address}")
            (real / "iommu_group").symlink_to(f"../../../kernel/iommu_groups/{group}")
        return real

    def foreign(self, name, group):
        (self.groups / str(group) / "devices" / name).symlink_to("../../../../devices/platform")


def usual(folder):
    """A port, a graphics card whose audio function the host uses, two NICs."""
    tree = Tree(folder)
    tree.driver("vfio-pci")
    tree.device("0000:00:01.0", class_code=0x060400, driver="pcieport", group=1, bridge=True)
    tree.device("0000:01:00.0", 0x10de, 0x1f06, 0x030000, "nouveau", 1)
    tree.device("0000:01:00.1", 0x10de, 0x10f9, 0x040300, "snd_hda_intel", 1)
    tree.device("0000:02:00.0", driver="e1000e", group=2, numa_node=1)
    tree.device("10000:e1:00.0", 0x144d, 0xa808, 0x010802)
    return tree
