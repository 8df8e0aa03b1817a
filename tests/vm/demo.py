#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest, one device, told as a story. Every step is verified, or it ends
here with exit code 1."""

import os
import sys
import threading
import time

import devices
import hosts
import rootfs
from domain import domain
from host import HANGS, CommandFailed, Host, HostCrash

DEVICE = devices.NIC_A
GUEST = "demo"


class Surprise(Exception):
    """Something was not as the story says."""


class Progress:
    """A line that changes on a terminal, and a line a step elsewhere."""

    def __init__(self):
        self._started = time.monotonic()
        self._text = ""
        self._over = threading.Event()
        self._live = sys.stdout.isatty()
        if self._live:
            threading.Thread(target=self._tick, daemon=True).start()

    def __call__(self, text):
        self._text = text
        if not self._live:
            print(f"  ... {text}", flush=True)

    def _tick(self):
        while not self._over.wait(0.5):
            seconds = time.monotonic() - self._started
            print(f"\r\033[K  {seconds:3.0f} s  {self._text}", end="", flush=True)

    def end(self):
        self._over.set()
        if self._live:
            print("\r\033[K", end="")


def expect(condition, text):
    if not condition:
        raise Surprise(text)


def line_of(text, word):
    """The line of a table that holds the word."""
    found = [line for line in text.splitlines() if word in line]
    expect(len(found) == 1, f"{word} is not on one line of:\n{text}")
    return found[0].rstrip()


def where(host, driver):
    """Shows the device as the host sees it, and verifies its driver."""
    line = line_of(host.sh("virt-hostdev list").out, DEVICE)
    expect(line.split()[2] == driver, f"{DEVICE} should be on {driver}: {line}")
    print("    " + line)


def seen_by_the_guest(host, ids):
    """The line of QEMU's monitor, as soon as the guest's firmware has found it."""
    deadline = time.monotonic() + HANGS
    while time.monotonic() < deadline:
        seen = host.sh(f"virsh qemu-monitor-command --hmp {GUEST} 'info pci'").out
        if ids in seen:
            return line_of(seen, ids).strip()
        time.sleep(0.2)
    raise Surprise(f"the guest sees no device {ids}:\n{seen}")


def tell(host):
    release = host.sh("uname -r; virsh --version").out.split()
    print(f"A host with Linux {release[0]}, libvirt {release[1]} and an Intel IOMMU is up.")
    print("Its devices, as 'virt-hostdev list' shows them:")
    table = host.sh("virt-hostdev list").out.splitlines()
    print("    " + table[0])
    for line in table[1:]:
        if any(word in line for word in ("e1000e", "nvme", "igb")):
            print("    " + line)
    where_is_it = line_of("\n".join(table), DEVICE).split()
    expect(where_is_it[2] == "e1000e", f"{DEVICE} should be on e1000e")

    print(f"'virt-hostdev xml --managed no {DEVICE}' writes for it:")
    block = host.sh(f"virt-hostdev xml --managed no {DEVICE}").out
    print("".join("    " + line + "\n" for line in block.splitlines()), end="")
    host.define(domain(GUEST, block))
    print("Could a guest with it start?")
    print("    " + host.sh(f"virt-hostdev check {GUEST}").out.splitlines()[0])

    host.sh(f"virsh start {GUEST}")
    print(f"'virsh start {GUEST}': the hook took the device from the host. It is now here:")
    where(host, "vfio-pci")
    print("and QEMU's monitor shows that the guest has it:")
    print("    " + seen_by_the_guest(host, "8086:10d3"))

    host.sh(f"virsh destroy {GUEST}")
    print(f"'virsh destroy {GUEST}': the hook gave the device back to the driver it had:")
    where(host, "e1000e")
    expect(host.sh("ls /run/virt-hostdev/claims").out == "", "a claim was left behind")
    print("Nothing is left behind. That is all.")


def main():
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "--preserve-env=VIRT_HOSTDEV_CACHE,VIRT_HOSTDEV_MIRROR",
                           sys.executable, "-B", *sys.argv])
    progress = Progress()
    try:
        rootfs.ensure(hosts.TRIXIE.suite, progress=progress)
        progress("compiling virt-hostdev in it")
        hosts.installed(hosts.TRIXIE)
        progress("starting the emulated host")
        with Host(hosts.TRIXIE, name="demo", progress=progress) as host:
            progress.end()
            tell(host)
    except (Surprise, CommandFailed, HostCrash, rootfs.BuildError) as trouble:
        progress.end()
        print(f"This is not how the story should go: {trouble}", file=sys.stderr)
        return 1
    finally:
        rootfs.give_to_caller(hosts.OUT.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
