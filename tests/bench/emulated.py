# SPDX-License-Identifier: GPL-2.0-or-later
"""Rebinding 8 devices on the emulated host: the hook against other ways to do it.

Times are taken inside.  What is not measured, such as the way back from a detach,
happens between the measurements, and each leaves the devices where it should.
"""

import collections
import os
import shutil
import statistics
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests" / "vm"))

import rootfs  # noqa: E402
from devices import root_port  # noqa: E402
from domain import domain, hostdev  # noqa: E402
from host import Host  # noqa: E402
import hosts  # noqa: E402

RAW_WRITES = TOP / "build" / "gcc" / "tests" / "bench" / "rawwrites"
NUMBERS = range(1, 9)
ADDRESSES = [f"0000:{number:02x}:00.0" for number in NUMBERS]

# Two commands, from nvme to vfio-pci and from there to nvme, or the seconds they take.
Rebinding = collections.namedtuple("Rebinding", "take back")


def hook(operation, suboperation):
    return f"/etc/libvirt/hooks/qemu g {operation} {suboperation} - <g.xml"


def raw_writes(override, old, new):
    return f"./rawwrites '{override}' {old} {new} {' '.join(ADDRESSES)}"


def virsh(verb):
    nodes = " ".join("pci_" + address.translate({58: 95, 46: 95}) for address in ADDRESSES)
    return f"for node in {nodes}; do virsh nodedev-{verb} $node >/dev/null || exit; done"


HOOK = Rebinding(hook("prepare", "begin"), hook("release", "end"))
RAW = Rebinding(raw_writes("vfio-pci", "nvme", "vfio-pci"), raw_writes("", "vfio-pci", "nvme"))
VIRSH = Rebinding(virsh("detach"), virsh("reattach"))


def unavailable():
    """Why there is no emulated host to measure on, or None."""
    return None if os.geteuid() == 0 else "it needs root"


def nvme_devices():
    """The 8 devices, each in a group of its own."""
    for number in NUMBERS:
        yield root_port(f"rp-{number}", 3 + number)
        yield f"-drive file=null-co://,if=none,format=raw,id=data-{number}"
        yield f"-device nvme,id=nvme-{number},bus=rp-{number},drive=data-{number},serial={number}"


def furnish(host):
    host.sh("modprobe vfio-pci; cp /out/rawwrites /tmp/")
    host.put("/tmp/g.xml", domain("g", *(hostdev(address, "no") for address in ADDRESSES)))


def timed(host, command, driver):
    """The seconds of a command that brings all devices to a driver."""
    began, ended = host.sh(f"cd /tmp; began=$EPOCHREALTIME; {command} || exit; "
                           "echo $began $EPOCHREALTIME", timeout=120).out.split()
    # And a rest, for what the kernel does later.
    bound = host.sh(f"cd /sys/bus/pci/drivers/{driver}; ls -d 0*; sleep 0.2").out.split()
    if bound != ADDRESSES:
        raise RuntimeError(f"on {driver} there should be all devices, after: {command}\n{bound}")
    return float(ended) - float(began)


def turns(host, ways, rounds):
    """The medians of each way, which take turns."""
    times = [[Rebinding(timed(host, way.take, "vfio-pci"), timed(host, way.back, "nvme"))
              for way in ways] for _ in range(rounds)]
    return [Rebinding(*map(statistics.median, zip(*of_way))) for of_way in zip(*times)]


def measure(host):
    hook_time, raw_time = turns(host, (HOOK, RAW), 15)
    yield ("prepare of 8 devices, against the same sysfs writes at once and nothing else", 1.2,
           hook_time.take / raw_time.take)
    yield ("release of 8 devices, against the same sysfs writes at once and nothing else", 1.2,
           hook_time.back / raw_time.back)
    hook_time, virsh_time = turns(host, (HOOK, VIRSH), 3)
    yield ("prepare of 8 devices, against one virsh nodedev-detach each", 0.05,
           hook_time.take / virsh_time.take)


def rows():
    """Boots the host once; the name, the goal and the ratio of each row."""
    try:
        hosts.installed(hosts.TRIXIE)
        shutil.copy(RAW_WRITES, hosts.TRIXIE.out_dir)
        with Host(hosts.TRIXIE, name="bench", devices=list(nvme_devices())) as host:
            furnish(host)
            yield from measure(host)
    finally:
        rootfs.give_to_caller(hosts.OUT.parent)
