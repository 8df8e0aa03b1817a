# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts from tests/trees, as copied trees for --root.

A tree is a line for each thing; '#' starts a comment.

    device ADDR VENDOR:DEVICE CLASS [group=N] [driver=NAME] [sub=VENDOR:DEVICE] [rev=HEX]
           [numa=N] [behind=ADDR] [vf=ADDR] [bridge]
    attr ADDR PATH TEXT            a file below the device's folder; "-> TARGET": a link
    block ADDR PATH MAJOR:MINOR [partition] [holders=NAME]    a block device of it
    mapped NAME MAJOR:MINOR DM-NAME DM-UUID [holders=NAME]    of the device mapper
    raid NAME MAJOR:MINOR LEVEL
    class CLASS NAME ADDR PATH     the link in /sys/class to what is below a device
    line PATH TEXT                 adds a line to a file below the root
    link PATH TARGET               a link below the root
"""

from pathlib import Path

# What every copy of a host has, where its lines don't say more.
USUAL = {
    "proc/1/mountinfo": "1 1 0:2 / / rw - rootfs rootfs rw",
    "proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority",
    "proc/cmdline": "ro quiet",
    "proc/net/route": "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\t"
                      "Window\tIRTT",
    "proc/net/ipv6_route": "",
    "etc/fstab": "# none",
    "sys/power/state": "mem",
}

TREES = Path(__file__).resolve().parents[1] / "trees"


class _Builder:
    def __init__(self, root):
        self.root = Path(root)
        self.folders = {}
        for path in ("sys/bus/pci/devices", "sys/bus/pci/drivers", "sys/kernel/iommu_groups",
                     "sys/class/block", "proc"):
            (self.root / path).mkdir(parents=True, exist_ok=True)
        self.driver("vfio-pci")

    def put(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def link(self, path, target):
        """As sysfs has them: relative."""
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def link_to(self, path, target):
        up = "../" * (len(Path(path).parts) - 1)
        self.link(path, up + str(target))

    def driver(self, name):
        (self.root / "sys/bus/pci/drivers" / name).mkdir(exist_ok=True)

    def device(self, address, number, class_, *options):
        values = dict(option.partition("=")[::2] for option in options)
        above = self.folders.get(values.get("behind"),
                                 Path(f"sys/devices/pci{address[:7]}"))
        folder = self.folders[address] = above / address
        vendor, device = number.split(":")
        sub_vendor, sub_device = values.get("sub", "0000:0000").split(":")
        for name, text in {
                "vendor": f"0x{vendor}", "device": f"0x{device}", "class": f"0x{class_}",
                "subsystem_vendor": f"0x{sub_vendor}", "subsystem_device": f"0x{sub_device}",
                "revision": f"0x{values.get('rev', '00')}", "numa_node": values.get("numa", "-1"),
                "driver_override": "(null)"}.items():
            self.put(self.root / folder / name, text)
        if "bridge" in values:
            self.put(self.root / folder / "secondary_bus_number", "1")
        self.link_to(f"sys/bus/pci/devices/{address}", folder)
        if "driver" in values:
            self.driver(values["driver"])
            self.link_to(folder / "driver", f"sys/bus/pci/drivers/{values['driver']}")
        if "vf" in values:
            self.link_to(folder / "physfn", self.folders[values["vf"]])
        if "group" in values:
            group = f"sys/kernel/iommu_groups/{values['group']}"
            self.link_to(f"{group}/devices/{address}", folder)
            self.link_to(folder / "iommu_group", group)

    def attr(self, address, path, *words):
        path = self.folders[address] / path
        if words[0] == "->":
            self.link(path, words[1])
        else:
            self.put(self.root / path, " ".join(words))

    def holders(self, folder, options):
        (self.root / folder / "holders").mkdir(parents=True)
        for option in options:
            if option.startswith("holders="):
                self.link_to(folder / "holders" / option[8:], f"sys/class/block/{option[8:]}")

    def block(self, address, path, number, *options):
        folder = self.folders[address] / path
        self.put(self.root / folder / "dev", number)
        self.holders(folder, options)
        if "partition" in options:
            self.put(self.root / folder / "partition", "1")
        self.link_to(folder / "subsystem", "sys/class/block")
        self.link_to(f"sys/class/block/{folder.name}", folder)
        self.link_to(f"sys/dev/block/{number}", folder)

    def virtual(self, name, number, options=()):
        folder = Path("sys/devices/virtual/block") / name
        self.put(self.root / folder / "dev", number)
        self.holders(folder, options)
        self.link_to(f"sys/class/block/{name}", folder)
        self.link_to(f"sys/dev/block/{number}", folder)
        return self.root / folder

    def mapped(self, name, number, dm_name, dm_uuid, *options):
        folder = self.virtual(name, number, options)
        self.put(folder / "dm/name", dm_name)
        self.put(folder / "dm/uuid", dm_uuid)

    def raid(self, name, number, level):
        self.put(self.virtual(name, number) / "md/level", level)

    def add_class(self, class_, name, address, path):
        folder = self.folders[address] / path
        self.link_to(f"sys/class/{class_}/{name}", folder)
        self.link_to(folder / "subsystem", f"sys/class/{class_}")

    def line(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(text + "\n")


def build(name, root):
    """Makes the tree called NAME, of tests/trees, below an empty folder."""
    build_file(TREES / f"{name}.tree", root)


def build_file(path, root):
    """Makes the tree that a file describes below an empty folder."""
    builder = _Builder(root)
    read_lines(builder, path)
    for name, text in USUAL.items():
        if not (builder.root / name).exists():
            builder.put(builder.root / name, text)


def read_lines(builder, path):
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        kind, rest = line.split(" ", 1)
        if kind == "line":
            builder.line(*rest.split(" ", 1))
        elif kind == "class":
            builder.add_class(*rest.split())
        else:
            getattr(builder, kind)(*rest.split())
