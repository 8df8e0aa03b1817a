# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host lives on, on real devices: it is refused with the way that leads to it,
and allowed by name.

    address  QEMU id     device         what the host does with it
    01:00.0  disk-fs     nvme           a file system on it is mounted
    02:00.0  disk-md-a   nvme           \\
    03:00.0  disk-md-b   nvme           / RAID 1, LVM above it, a file system above that
    04:00.0  disk-luks   nvme           LUKS, a file system above it
    05:00.0  disk-swap   nvme           swap
    06:00.0  nic-direct  e1000e         a default route
    07:00.0  nic-bridge  e1000e         in a bridge, which has one
    08:00.0  shared      bridge         \\
    09:01.0  ours        edu             > one group
    09:02.0  neighbour   e1000          / a default route
    00:0d.0  display     VGA            the only one, with the console: vesafb to begin with
"""

import json
import shlex

from devices import nic, root_port
from domain import hostdev
from screens import _HandOver

DISKS = {"disk-fs": "0000:01:00.0", "disk-md-a": "0000:02:00.0", "disk-md-b": "0000:03:00.0",
         "disk-luks": "0000:04:00.0", "disk-swap": "0000:05:00.0"}
DIRECT, BRIDGED, DISPLAY = "0000:06:00.0", "0000:07:00.0", "0000:00:0d.0"
OURS, NEIGHBOUR = "0000:09:01.0", "0000:09:02.0"


def disk(name, slot):
    return [root_port(f"rp-{name}", slot),
            f"-drive file=/out/{name}.img,if=none,format=raw,id=data-{name}",
            f"-device nvme,id={name},bus=rp-{name},drive=data-{name},serial={name}"]


DEVICES = [
    *(line for slot, name in enumerate(DISKS, 4) for line in disk(name, slot)),
    root_port("rp-direct", 9), nic("e1000e", "nic-direct", "rp-direct", 1),
    root_port("rp-bridge", 10), nic("e1000e", "nic-bridge", "rp-bridge", 2),
    root_port("rp-shared", 12),
    "-device pcie-pci-bridge,id=shared,bus=rp-shared",
    "-device edu,id=ours,bus=shared,addr=1",
    nic("e1000", "neighbour", "shared", 3, ",addr=2"),
    # Its own ports, through which a BIOS sets a mode, are behind no bridge.
    "-device VGA,id=display,bus=pcie.0,addr=0d.0",
]

# No udev is at work here: what it would do when a device appears is done by hand.
SETUP = """
modprobe -a raid1 dm_mod dm_crypt ext4 bridge
mkdir -p /mnt/fs /mnt/lvm /mnt/luks
"""


class CriticalUses(_HandOver):
    # A mode that the boot loader sets: 1024x768 with 24 bits.
    options = {"devices": DEVICES, "disks": DISKS, "cmdline": "vga=792"}
    screen, card, load = "display", DISPLAY, "modprobe bochs;"
    firmware, fb = "VESA VGA", "bochs-drmdrmfb"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.sh(SETUP)

    def node(self, address):
        """The disk or the interface of a device."""
        return self.host.sh(f"cd /sys/bus/pci/devices/{address}; ls nvme/nvme*/ net 2>/dev/null | "
                            "grep -E '^(nvme[0-9]+n[0-9]+|e[a-z]+[0-9].*)$'").out.strip()

    def needed(self, address, critical, chain, asked=None):
        """Refused with the chain, which list --guard has as well, and allowed by name."""
        asked = asked or address
        self.define("g", hostdev(asked, "no"))
        if asked != address:
            self.host.sh("virt-hostdev allow --siblings g")
        refused = self.assert_refused("g", address, chain.replace("→", "->"))
        self.assertEqual(refused, f"critical-{critical}")
        listed = self.host.sh("LC_ALL=C.UTF-8 virt-hostdev list --guard").out.splitlines()
        self.assertTrue([line for line in listed
                         if line.split()[:2] == [address, critical] and line.endswith(chain)], listed)
        self.assertRegex(self.host.sh(f"virt-hostdev allow --critical {critical} g {address}").out,
                         f"^{address} may be lost to the host: {critical}")
        self.assertIn(f"<hostdev:allow address=\"{address}\" critical=\"{critical}\"/>",
                      self.host.sh("virsh dumpxml --inactive g").out.replace("'", '"'))
        report = json.loads(self.host.sh("virt-hostdev check --json g").out)
        self.assertEqual([each["id"] for each in report["findings"]], [])
        bind = self.host.sh(f"virt-hostdev bind {address}", check=False)
        self.assertIn(f"Fix: If the host can do without: virt-hostdev bind --allow "
                      f"{address}={critical}", bind.err)

    def start_allowed(self, *addresses):
        """As a guest would, which needs more time and shows no more."""
        with self.prepared("g", *addresses, says=".*"):
            pass

    def test_file_system(self):
        address = DISKS["disk-fs"]
        name = self.node(address)
        self.host.sh(f"mkfs.ext4 -q /dev/{name}; mount /dev/{name} /mnt/fs")
        self.needed(address, "mount", f"{name} → /mnt/fs")
        # Who has a file open in it would only see errors from here on.
        self.start("g")
        self.assert_given("g", address)
        self.destroy("g")
        self.host.sh("umount -l /mnt/fs")
        self.start_free(address)

    def start_free(self, address):
        self.define("g", hostdev(address, "no"))
        self.start_allowed(address)

    def test_raid_and_lvm(self):
        a, b = (self.node(DISKS[name]) for name in ("disk-md-a", "disk-md-b"))
        self.host.sh(
            f"mdadm --create /dev/md7 --run --quiet --level=1 --metadata=1.2 --raid-devices=2 "
            f"/dev/{a} /dev/{b} && vgcreate -q vg0 /dev/md7 && "
            "lvcreate -q -Zn -Wn -L 16M -n my-home vg0 && vgmknodes -q && "
            "mkfs.ext4 -q /dev/vg0/my-home && mount /dev/vg0/my-home /mnt/lvm")
        try:
            for name, member in (("disk-md-a", a), ("disk-md-b", b)):
                self.needed(DISKS[name], "mount",
                            f"{member} → md7 (raid1) → LVM vg0/my-home → /mnt/lvm")
        finally:
            self.host.sh("umount /mnt/lvm; vgremove -q -f vg0; mdadm --stop --quiet /dev/md7; "
                         f"mdadm --zero-superblock /dev/{a} /dev/{b}")
        self.start_free(DISKS["disk-md-a"])

    def test_luks(self):
        name = self.node(DISKS["disk-luks"])
        self.host.sh(f"echo secret | cryptsetup luksFormat -q --pbkdf pbkdf2 "
                     f"--pbkdf-force-iterations 1000 /dev/{name} && "
                     f"echo secret | cryptsetup open /dev/{name} luks-home && "
                     "mkfs.ext4 -q /dev/mapper/luks-home && mount /dev/mapper/luks-home /mnt/luks")
        try:
            self.needed(DISKS["disk-luks"], "mount", f"{name} → LUKS luks-home → /mnt/luks")
        finally:
            self.host.sh("umount /mnt/luks; cryptsetup close luks-home")
        self.start_free(DISKS["disk-luks"])

    def test_swap(self):
        name = self.node(DISKS["disk-swap"])
        self.host.sh(f"mkswap -q /dev/{name}; swapon /dev/{name}")
        try:
            self.needed(DISKS["disk-swap"], "swap", f"{name} → swap")
        finally:
            self.host.sh(f"swapoff /dev/{name}")
        self.start_free(DISKS["disk-swap"])

    def test_fstab(self):
        """What isn't mounted now, but will be when the host starts the next time."""
        name = self.node(DISKS["disk-fs"])
        self.host.sh(f"cp /etc/fstab /tmp/fstab; echo '/dev/{name} /srv ext4 defaults 0 2' >>/etc/fstab")
        try:
            self.needed(DISKS["disk-fs"], "fstab", f"{name} → /etc/fstab: /srv")
        finally:
            self.host.sh("cp /tmp/fstab /etc/fstab")

    def test_default_route(self):
        name = self.node(DIRECT)
        self.host.sh(f"ip address add 192.0.2.1/24 dev {name}; ip link set {name} up; "
                     f"ip route add default via 192.0.2.2 dev {name}")
        self.needed(DIRECT, "default-route", f"{name} → default route (IPv4)")
        self.start_allowed(DIRECT)

    def test_default_route_through_a_bridge(self):
        name = self.node(BRIDGED)
        self.host.sh(f"ip link add br7 type bridge; ip link set {name} master br7 up; "
                     "ip address add 2001:db8::1/64 dev br7 nodad; ip link set br7 up; "
                     "ip route add default via 2001:db8::2 dev br7 table 7")
        try:
            self.needed(BRIDGED, "default-route", f"{name} → br7 → default route (IPv6)")
        finally:
            self.host.sh("ip link del br7")
        self.start_free(BRIDGED)

    def test_only_display(self):
        self.needed(DISPLAY, "display", "only display")
        self.start_allowed(DISPLAY)

    def test_neighbour(self):
        """The guest asks for a device, and another one of its group would go along."""
        name = self.node(NEIGHBOUR)
        self.host.sh(f"ip address add 198.51.100.1/24 dev {name}; ip link set {name} up; "
                     f"ip route add default via 198.51.100.2 dev {name} metric 7")
        self.needed(NEIGHBOUR, "default-route", f"{name} → default route (IPv4)", asked=OURS)
        self.start_allowed(OURS, NEIGHBOUR)
        self.host.sh(f"ip link set {shlex.quote(self.node(NEIGHBOUR))} down")
