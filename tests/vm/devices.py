# SPDX-License-Identifier: GPL-2.0-or-later
"""The devices of the emulated host and where they are.

Every address is fixed by the slot of the root port: firmware and Linux number the buses
in the order of the slots.  Group numbers are not fixed; who shares a group is.

    address  QEMU id     device   driver   group
    01:00.0  nic-a       e1000e   e1000e   of its own
    02:00.0  nic-b       e1000e   e1000e   of its own
    03:00.0  edu         edu      none     of its own
    04:00.0  nvme        nvme     nvme     of its own
    05:00.0  igb         igb      igb      of its own; the VFs 05:10.0, 05:10.2, ...
                                           appear through sriov_numvfs, a group each
    06:00.0  shared      bridge   none     \\
    07:01.0  shared-a    e1000    e1000     > one group, both NICs in use by the host
    07:02.0  shared-b    e1000    e1000    /
    08:00.0  mixed       bridge   none     \\
    09:01.0  mixed-nic   e1000    e1000     > one group, the sibling is driverless
    09:02.0  mixed-edu   edu      none     /
    0a       rp-empty    -        -        free root port for QMP device_add
    0b:00.0  twin-a      e1000e   e1000e   \\  one group: functions of one device
    0b:00.1  twin-b      e1000e   e1000e   /
    0c:00.0  screen      VGA      virtio   of its own; only where a kind has a screen
    40:00.0  rp-bypass   port     pcieport none: behind no IOMMU
    41:00.0  nic-bypass  e1000e   e1000e   none

The virtual machine's own: 00:01.0 virtio-serial, 00:02.0 and 00:03.0 virtio-9p
(virtio-pci, a group each), 00:04.0 to 00:0b.0, 00:0e.0 and 00:0f.0 root ports (pcieport, a
group each).
"""

NIC_A = "0000:01:00.0"
NIC_B = "0000:02:00.0"
EDU = "0000:03:00.0"
NVME = "0000:04:00.0"
IGB = "0000:05:00.0"
IGB_VF0 = "0000:05:10.0"
IGB_VF1 = "0000:05:10.2"
SHARED_BRIDGE = "0000:06:00.0"
SHARED_A = "0000:07:01.0"
SHARED_B = "0000:07:02.0"
MIXED_BRIDGE = "0000:08:00.0"
MIXED_NIC = "0000:09:01.0"
MIXED_EDU = "0000:09:02.0"
NIC_HOTPLUG = "0000:0a:00.0"
TWIN_A = "0000:0b:00.0"
TWIN_B = "0000:0b:00.1"
SCREEN = "0000:0c:00.0"
NO_GROUP = "0000:41:00.0"


def root_port(name, slot, bus="pcie.0", options=""):
    return f"-device pcie-root-port,id={name},bus={bus},chassis={slot},addr={slot:02x}.0{options}"


def nic(model, name, bus, last_mac_byte, options=""):
    return f"-device {model},id={name},bus={bus},mac=52:54:00:00:00:{last_mac_byte:02x}{options}"


def ordinary(options=""):
    def port(name, slot):
        return root_port(name, slot, options=options)

    return [
        port("rp-nic-a", 4),
        nic("e1000e", "nic-a", "rp-nic-a", 0x0A),
        port("rp-nic-b", 5),
        nic("e1000e", "nic-b", "rp-nic-b", 0x0B),
        port("rp-edu", 6),
        "-device edu,id=edu,bus=rp-edu",
        port("rp-nvme", 7),
        "-drive file=null-co://,if=none,format=raw,id=nvme-data",
        "-device nvme,id=nvme,bus=rp-nvme,drive=nvme-data,serial=nvme-0001",
        port("rp-igb", 8),
        nic("igb", "igb", "rp-igb", 0x1B),
        port("rp-shared", 9),
        "-device pcie-pci-bridge,id=shared,bus=rp-shared",
        nic("e1000", "shared-a", "shared", 0x2A, ",addr=1"),
        nic("e1000", "shared-b", "shared", 0x2B, ",addr=2"),
        port("rp-mixed", 10),
        "-device pcie-pci-bridge,id=mixed,bus=rp-mixed",
        nic("e1000", "mixed-nic", "mixed", 0x3A, ",addr=1"),
        "-device edu,id=mixed-edu,bus=mixed,addr=2",
        port("rp-empty", 11),
        port("rp-twin", 14),
        nic("e1000e", "twin-a", "rp-twin", 0x5A, ",addr=00.0,multifunction=on"),
        nic("e1000e", "twin-b", "rp-twin", 0x5B, ",addr=00.1"),
    ]


# What UEFI shows its own screen on, and Linux its console: efifb to begin with.
CARD = [root_port("rp-screen", 15), "-device virtio-vga,id=screen,bus=rp-screen"]

# The firmware's tables leave a bypassed host bridge out, so nothing there gets a group.
BYPASSED = [
    "-device pxb-pcie,id=pxb,bus_nr=64,bypass_iommu=on,addr=0c.0",
    "-device pcie-root-port,id=rp-bypass,bus=pxb,chassis=64,addr=00.0",
    nic("e1000e", "nic-bypass", "rp-bypass", 0x4A),
]
