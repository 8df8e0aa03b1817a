# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of emulated hosts there are: a table, and what follows from its columns.

    root = hosts.installed(hosts.TRIXIE)
    with Host(hosts.TRIXIE) as host: ...
"""

import functools
import threading
import typing
from pathlib import Path

import devices
import rootfs

TOP = Path(__file__).resolve().parents[2]
OUT = TOP / "build" / "vm"


class Architecture(typing.NamedTuple):
    triplet: str  # of its cross compiler; none is needed for the first
    qemu: str
    machine: str
    cpu: str
    console: str
    uefi: tuple[str, str]  # code, and variables to begin with
    guest: dict  # what domain() is told
    ports: str  # options of its root ports


ARCHITECTURES = {
    "amd64": Architecture(
        triplet="", qemu="qemu-system-x86_64", machine="q35,kernel-irqchip=split", cpu="max", console="ttyS0",
        uefi=("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        guest={"arch": "x86_64", "machine": "q35"}, ports=""),
    # Cores with pointer authentication take twice as long.
    "arm64": Architecture(
        triplet="aarch64-linux-gnu", qemu="qemu-system-aarch64", machine="virt,gic-version=3", cpu="cortex-a72",
        console="ttyAMA0",
        uefi=("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        guest={"arch": "aarch64", "machine": "virt"},
        # Where no firmware numbers the buses, Linux does, and leaves more of them to each
        # port into which something may be plugged.
        ports=",hotplug=off"),
}


class Iommu(typing.NamedTuple):
    machine: str  # an option of the machine
    device: str  # or a device. AMD's takes the first free slot for a function of its own
    on: str  # words of the kernel's command line
    off: str
    # Devices behind none. Linux 6.12 crashes on them with AMD's; a device
    # tree names no second host bridge.
    bypassed: list


IOMMUS = {
    "intel": Iommu("", "intel-iommu,intremap=on,eim=on", "intel_iommu=on", "intel_iommu=off",
                   devices.BYPASSED),
    # QEMU 10 loses what devices write through translations of the host's own, so that
    # nvme waits for ever: its drivers have none.
    "amd": Iommu("", "amd-iommu,intremap=on", "iommu=pt", "amd_iommu=off", []),
    "smmuv3": Iommu("iommu=smmuv3", "", "", "arm-smmu-v3.disable_bypass=0", []),
}


class Kind(typing.NamedTuple):
    """One row.

    uefi: its firmware, else the machine's simple one; of arm64 that is none, and then
          the kernel gets a device tree, with UEFI it gets ACPI.
    disk: an image of its own, which it may write to, else the shared folder with what
          is written kept in memory.
    systemd: process 1, udev, a screen with somebody logged in; else tests/vm/init.sh.
    apparmor: with the profiles of its distribution enforced.
    """

    suite: str = "trixie"
    architecture: str = "amd64"
    iommu: str = "intel"
    uefi: bool = False
    disk: bool = False
    systemd: bool = False
    apparmor: bool = False

    @property
    def root(self):
        """What its root file system is called; hosts with the same share what is built."""
        return f"{self.suite}-{self.architecture}"

    @property
    def out_dir(self):
        return OUT / self.root

    @property
    def devices(self):
        return [*devices.ordinary(ARCHITECTURES[self.architecture].ports),
                *(devices.CARD if self.systemd else []), *IOMMUS[self.iommu].bypassed]


TRIXIE = Kind()
TRIXIE_AMD = Kind(iommu="amd")
TRIXIE_ARM = Kind(architecture="arm64", iommu="smmuv3")
TRIXIE_ARM_ACPI = Kind(architecture="arm64", iommu="smmuv3", uefi=True)
BOOKWORM = Kind(suite="bookworm", uefi=True, disk=True, systemd=True, apparmor=True)


def root_of(kind):
    return rootfs.root_path(kind.suite, kind.architecture)


@functools.cache
def _install(suite, architecture, out_dir):
    root = rootfs.ensure(suite, architecture)
    triplet = ARCHITECTURES[architecture].triplet
    if triplet:
        rootfs.build_across(root, TOP, out_dir, triplet)
    else:
        rootfs.build(root, TOP, out_dir)
    return root


_installing = threading.Lock()


def installed(kind):
    """The root file system, after the project was compiled for it, once a run."""
    with _installing:
        return _install(kind.suite, kind.architecture, kind.out_dir)
