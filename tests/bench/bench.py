#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed, as ratios of two things measured in this run: make bench.

Both sides take turns, and the median of each counts.
"""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests" / "cli"), str(TOP / "tests" / "fakekernel")]

import emulated  # noqa: E402
import fakekernel  # noqa: E402
from fakekernel import FakeKernel  # noqa: E402
from program import domain, hostdev  # noqa: E402

HOOK = TOP / "build" / "gcc" / "hooks" / "qemu"
TOOL = TOP / "build" / "gcc" / "tools" / "virt-hostdev"
DISPATCHER = TOP / "tests" / "bench" / "dispatcher.sh"
NIC = "0000:01:00.0"


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def ratio(ours, theirs, rounds):
    """The median of ours against the median of theirs."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return (statistics.median(pair[0] for pair in pairs)
            / statistics.median(pair[1] for pair in pairs))


def guest_without_devices():
    text = domain().encode()

    def run(program):
        subprocess.run([program, "guest", "prepare", "begin", "-"], input=text, check=True)

    return ratio(lambda: run(HOOK), lambda: run(DISPATCHER), 300)


def host(functions):
    """A host with one NIC that a guest can have, and many other functions."""
    lines = ["driver vfio-pci vfio", "driver e1000e 8086:10d3",
             f"device {NIC} 8086:10d3 020000 driver=e1000e group=0"]
    for number in range(1, functions):
        address = f"{number // 256 + 1:04x}:{number % 256:02x}:00.0"
        lines.append(f"device {address} 8086:10d3 020000 driver=e1000e group={number}")
    return "\n".join(lines) + "\n"


def calls_of_prepare(functions):
    with FakeKernel(host(functions)) as kernel:
        result = kernel.run(["strace", "-f", "-c", "-o", kernel.run_dir / "calls",
                             HOOK, "guest", "prepare", "begin", "-"], stdin=domain(hostdev(1)))
        assert result.rc == 0, result.err
        table = (kernel.run_dir / "calls").read_text()
        return int(re.search(r"(\d+)(?: +\d+)? total$", table, re.M)[1])


def calls_with_many_functions():
    return calls_of_prepare(4096) / calls_of_prepare(16)


def list_of_many_functions():
    with FakeKernel(host(4096)) as kernel:
        def run(*command):
            result = kernel.run(command)
            assert result.rc == 0, result.err

        return ratio(lambda: run(TOOL, "list"), lambda: run("lspci", "-Dnnk"), 5)


ROWS = (
    ("hook for a guest without PCI devices, against a bash dispatcher", 0.75,
     guest_without_devices),
    ("system calls of prepare for one device, 4,096 functions against 16", 1.05,
     calls_with_many_functions),
    ("list of 4,096 functions, against lspci -Dnnk", 0.3, list_of_many_functions),
)


def fake_kernel_rows():
    for name, goal, measure in ROWS:
        yield name, goal, measure()


PLACES = (
    ("fake kernel", fakekernel.unavailable, fake_kernel_rows),
    ("emulated host", emulated.unavailable, emulated.rows),
)


def main():
    measured = False
    for place, unavailable, rows in PLACES:
        reason = unavailable()
        if reason:
            print(f"The rows from the {place} are left out: {reason}", file=sys.stderr)
            continue
        for name, goal, value in rows():
            print(f"{value:5.2f}  (goal {goal}) {'' if value <= goal else 'MISSED '} {name}",
                  flush=True)
            measured = True
    return 0 if measured else 1


if __name__ == "__main__":
    sys.exit(main())
