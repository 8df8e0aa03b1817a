# SPDX-License-Identifier: GPL-2.0-or-later
"""Three things that a host lives on, on the fake kernel: the disk with its root, the
interface with its default route, its only display. None is ever given away, whatever
call fails by which the guard reads, and however few files it may open."""

import shutil
import sys
import unittest
from pathlib import Path

from program import domain, hostdev
from test_every_write import GPU, HOOK, NIC, NVME, OnFakeKernel

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

from faults import CLASSES, READS, failing, limited, traced  # noqa: E402

NETLINK = ("socket", "bind", "sendto", "recvmsg", "clone", "pipe2")

MOUNTS = "30 1 259:1 / / rw,relatime shared:1 - ext4 /dev/elsewhere rw"
DISK = NVME + """
bound 0000:02:00.0 nvme nvme/nvme0/nvme0n1/dev 259:0
bound 0000:02:00.0 nvme nvme/nvme0/nvme0n1/subsystem -> ../../../../../../../class/block
bound 0000:02:00.0 nvme nvme/nvme0/nvme0n1/nvme0n1p1/dev 259:1
bound 0000:02:00.0 nvme nvme/nvme0/nvme0n1/nvme0n1p1/partition 1
bound 0000:02:00.0 nvme nvme/nvme0/nvme0n1/nvme0n1p1/subsystem -> ../../../../../../../../class/block
file class/block/
link class/block/nvme0n1 ../../devices/pci0000:00/0000:00:02.0/0000:02:00.0/nvme/nvme0/nvme0n1
link class/block/nvme0n1p1 ../../devices/pci0000:00/0000:00:02.0/0000:02:00.0/nvme/nvme0/nvme0n1/nvme0n1p1
"""
# Of the real kernel, in a network of its own, only "lo" is there: it stands on ours.
ROUTE = NIC + """
bound 0000:01:00.0 e1000e net/lo/flags 0x1003
link class/net/lo ../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/net/lo
"""
DISPLAY = GPU + """
bound 0000:03:00.0 nouveau drm/card0/dev 226:0
link class/drm/card0 ../../devices/pci0000:00/0000:00:03.0/0000:03:00.0/drm/card0
file class/drm/card0-DP-1/status connected
"""

# Name: the host, who is asked for, what is said without a fault, and what makes it so.
LIVES = {
    "root disk": (DISK, domain(hostdev(2)), "nvme0n1p1 -> /", ""),
    "default route": (ROUTE, domain(hostdev(1)), "lo -> default route (IPv4)",
                      "ip link set lo up; ip route add default dev lo; "),
    "only display": (DISPLAY, domain(hostdev(3), hostdev(3, function=1)), "only display", ""),
}


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class GuardFaults(OnFakeKernel):
    slow = True

    def setUp(self):
        self.bypasses, self.cases = [], 0

    def live(self, name):
        description, self.xml, self.says, setup = LIVES[name]
        self.boot(description)
        (self.kernel.run_dir / "mountinfo").write_text(MOUNTS + "\n")
        (self.kernel.run_dir / "swaps").write_text("Filename\tType\n")
        result = self.kernel.run(["sh", "-ec",
                                  "mount --bind /run/mountinfo /proc/1/mountinfo; "
                                  "mount --bind /run/swaps /proc/swaps; "
                                  "mount -t tmpfs etc /etc"])
        self.assertEqual(result.rc, 0, result.err)
        self.before = ["unshare", "--net", "sh", "-ec", setup + 'exec "$@"', "sh"]

    def prepare(self, words=()):
        return self.kernel.run([*self.before, *words, HOOK, "guest", "prepare", "begin", "-"],
                               stdin=self.xml)

    def assert_kept(self, what, words):
        """Refused, with a sentence, and nothing has changed."""
        self.cases += 1
        self.kernel.renew_daemons()
        result = self.prepare(words)
        if result.rc == 0 or self.kernel.changes():
            self.bypasses.append((what, result))
            self.kernel.command("reset")
        elif not result.err.strip():
            self.bypasses.append((what, "says nothing"))

    def each_call(self, names):
        def run(command):
            return self.kernel.run([*self.before, *command], stdin=self.xml)

        result, calls = traced(run, [HOOK, "guest", "prepare", "begin", "-"], names,
                               lambda: (self.kernel.run_dir / "trace").read_text())
        self.assertEqual(result.rc, 1)
        self.assertIn(self.says, result.err.splitlines()[0])
        calls = [call for call in calls if not call.of_loader]
        self.assertTrue(calls)
        for call in calls:
            for error in CLASSES + ("EMFILE",):
                self.assert_kept((call, error), failing(call, error))

    def all_kept(self):
        self.assertEqual(self.bypasses, [], f"{len(self.bypasses)} of {self.cases} cases")

    def matrix(self, name):
        self.live(name)
        without = self.prepare()
        self.assertEqual(without.rc, 1)
        self.assertIn(self.says, without.err.splitlines()[0])
        for files in range(6, 41):
            self.assert_kept(f"{files} files", limited(nofile=files))
        self.each_call(READS + NETLINK)
        self.all_kept()

    def test_root_disk(self):
        self.matrix("root disk")

    def test_default_route(self):
        self.matrix("default route")

    def test_only_display(self):
        self.matrix("only display")
