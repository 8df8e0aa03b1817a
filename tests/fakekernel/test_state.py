# SPDX-License-Identifier: GPL-2.0-or-later
"""A claim survives: /run that is full or can't be written to, damage, other versions."""

import json
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("", "faults")]

from test_every_write import HOOK, NIC, NVME, OTHER, OnFakeKernel, domain, hostdev  # noqa: E402
from claims import version_1  # noqa: E402
import faults  # noqa: E402

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
BOTH = domain(hostdev(1), hostdev(2))
SECOND = domain(hostdev(1), name="second", uuid=OTHER)


class OnSmallRun(OnFakeKernel):
    """The claims lie in a file system of their own."""

    def boot(self, description):
        super().boot(description)
        self.sh("mkdir -p -m 700 /run/virt-hostdev && "
                "mount -t tmpfs -o size=64k,mode=700 state /run/virt-hostdev && "
                "mkdir -m 700 /run/virt-hostdev/claims /run/virt-hostdev/locks")

    def sh(self, script):
        result = self.kernel.run(["sh", "-c", script])
        self.assertEqual(result.rc, 0, result.err)
        return result.out

    def full(self):
        self.sh("cd /run/virt-hostdev; cat /dev/zero >fill 2>/dev/null; i=0; "
                "while head -c 1 /dev/zero >fill-$i && [ -s fill-$i ]; do i=$((i + 1)); done 2>/dev/null")

    def read_only(self):
        self.sh("mount -o remount,ro /run/virt-hostdev")

    def writable(self):
        self.sh("mount -o remount,rw /run/virt-hostdev; rm -f /run/virt-hostdev/fill*")

    def files(self):
        return self.sh("ls -A /run/virt-hostdev/claims").split()


class NoRoom(OnSmallRun):
    def test_prepare_changes_nothing(self):
        for obstacle in (self.full, self.read_only):
            self.boot(NIC + NVME)
            obstacle()
            result = self.hook("prepare", BOTH)
            self.assertEqual(result.rc, 1)
            self.assertRegex(result.err, "No space left on device|Read-only file system")
            self.assertEqual((self.kernel.state(), self.files()), (self.start, []))

    def test_full_at_each_instant(self):
        for events in ((), ("start",), ("start", "started")):
            self.boot(NIC + NVME)
            self.good(self.hook("prepare", BOTH))
            for event in events:
                self.good(self.hook(event, BOTH))
            self.full()
            if not events:
                self.good(self.hook("started", BOTH))
                self.assertIn("state running", self.sh(f"cat /run/virt-hostdev/claims/{UUID}"))
            self.good(self.hook("release", BOTH))
            self.assertEqual((self.kernel.state(), self.files()), (self.start, []), events)

    def test_full_and_a_device_that_does_not_come_back(self):
        """What went wrong is kept, in the room that was reserved."""
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        self.full()
        self.kernel.refuse("e1000e", "EIO")
        self.assertEqual(self.hook("release", BOTH).rc, 1)
        claim, = self.status()
        self.assertIn("0000:01:00.0", claim["error"])
        self.kernel.refuse("e1000e", "0")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertEqual((self.kernel.state(), self.files()), (self.start, []))

    def test_read_only_at_each_instant(self):
        for events in ((), ("start", "started")):
            for back in (("hook", "release", BOTH), ("tool", "recover")):
                if back[1] == "recover" and not events:
                    continue  # its daemon, which is us, might go on with it
                self.boot(NIC + NVME)
                self.good(self.hook("prepare", BOTH))
                for event in events:
                    self.good(self.hook(event, BOTH))
                self.read_only()
                for _ in range(2):
                    result = getattr(self, back[0])(*back[1:])
                    self.assertEqual(result.rc, 0, result.err)
                    self.assertIn("What was written down can't be changed: ", result.err)
                    self.assertIn("Read-only file system", result.err)
                    self.assertEqual(self.kernel.state(), self.start)
                self.writable()
                self.good(self.hook("release", BOTH))
                self.assertEqual((self.kernel.state(), self.files()), (self.start, []))


class Unsettled(OnFakeKernel):
    def setUp(self):
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        self.claim = self.kernel.run_dir / "virt-hostdev/claims" / UUID

    def damage(self, word, other):
        data = self.claim.read_bytes()
        self.assertIn(word, data)
        self.claim.write_bytes(data.replace(word, other, 1))

    def assert_reported(self, why="damaged"):
        result = self.tool("status", "--json")
        self.assertEqual(result.rc, 3)
        unsettled, = json.loads(result.out)["unsettled"]
        self.assertEqual((unsettled["uuid"], unsettled["why"]), (UUID, why))
        self.assertNotIn("Nobody holds a device", self.tool("status").out)

    def test_what_is_left_is_given_back_and_the_rest_settled(self):
        self.damage(b"restore e1000e", b"restore e1000f")
        self.assert_reported()
        result = self.hook("release", BOTH)
        self.assertEqual(result.rc, 1)
        self.assertIn(f"virt-hostdev recover --accept {UUID}", result.err)
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        for _ in range(2):
            self.assert_reported()
            refused = self.hook("prepare", SECOND, "second")
            self.assertEqual(refused.rc, 1)
            self.assertIn(f"recover --accept {UUID}", refused.err)
        # Nobody else is kept from what has nothing to do with it.
        other = domain(hostdev(2), name="second", uuid=OTHER)
        self.assertEqual(self.hook("prepare", other, "second").rc, 0)
        self.assertEqual(self.hook("release", other, "second").rc, 0)
        self.assertEqual(self.tool("recover", "--accept", UUID).rc, 0)
        self.assertEqual(self.kernel.claims(), {})
        self.assertEqual(self.tool("recover", "--accept", UUID).rc, 1)

    def test_damage_elsewhere_loses_nothing(self):
        for word, other in ((b"state starting", b"state startinG"), (b"\nend ", b"\nenD "),
                            (b"claim 2", b"claim x"), (b" guest ", b" Guest ")):
            with self.subTest(word=word):
                self.damage(word, other)
                self.assertEqual(self.hook("release", BOTH).rc, 0)
                self.assert_as_it_was()
                self.good(self.hook("prepare", BOTH))

    def test_start_that_may_be_under_way_is_not_undone(self):
        """Of a damaged claim the line may be lost that tells."""
        taken = self.kernel.state()
        for word, other in ((b"state starting", b"state startinG"), (b"\nbegun ", b"\nbeguN ")):
            with self.subTest(word=word):
                self.damage(word, other)
                result = self.tool("recover")
                self.assertEqual((result.rc, self.kernel.state()), (1, taken))
                self.assertIn("whether guest 'guest' is still starting can't be told", result.err)
                self.assertIn(f"virt-hostdev recover --accept {UUID}", result.err)
                self.assertEqual(self.tool("recover", "--accept", UUID).rc, 0)
                self.assert_as_it_was()
                self.good(self.hook("prepare", BOTH))
        # What it does tell is enough.
        self.good(self.hook("started", BOTH))
        self.damage(b"\nbegun ", b"\nbeguN ")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def test_another_version_is_left_alone(self):
        self.damage(b"claim 2", b"claim 3")
        text = self.claim.read_text()
        self.assert_reported("other version")
        self.assertEqual(self.hook("release", BOTH).rc, 1)
        self.tool("recover")
        self.assertEqual(self.hook("prepare", SECOND, "second").rc, 1)
        self.assertEqual(self.kernel.claims(), {UUID: text})
        self.assertEqual(self.tool("recover", "--accept", UUID).rc, 0)
        self.assertEqual(self.kernel.claims(), {})

    def test_what_the_version_before_has_set_aside(self):
        """It took for damaged what it couldn't read."""
        self.claim.rename(f"{self.claim}.damaged")
        self.good(self.hook("release", BOTH))
        self.assert_as_it_was()

    def test_what_the_version_before_has_written(self):
        self.claim.write_text(version_1(self.claim.read_text()))
        self.assertEqual(len(self.status()), 1)
        self.good(self.hook("started", BOTH))
        self.assertTrue(self.claim.read_text().startswith("virt-hostdev-claim 2\n"))
        self.claim.write_text(version_1(self.claim.read_text()))
        self.good(self.hook("release", BOTH))
        self.assert_as_it_was()


class Broken(OnFakeKernel):
    """What goes wrong on the way keeps nothing else from it."""

    def test_start_that_breaks_off_is_undone_at_once(self):
        self.boot(NIC + NVME)

        def run(command):
            return self.kernel.run(command, stdin=BOTH)

        def log():
            return (self.kernel.run_dir / "trace").read_text()

        prepare = [HOOK, "guest", "prepare", "begin", "-"]
        result, calls = faults.traced(run, prepare, ("clone", "pipe2"), log)
        self.assertEqual(result.rc, 0, result.err)
        self.good(self.hook("release", BOTH))
        failed = 0
        for call in calls:
            result = run(faults.failing(call, "ENFILE") + prepare)
            if result.rc == 0:
                self.good(self.hook("release", BOTH))
            else:
                failed += 1
                self.assertTrue(result.err.strip())
            self.assert_as_it_was()
        self.assertGreater(failed, 1)

    def test_device_that_can_not_be_read_keeps_no_other(self):
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        vendor = "/sys/bus/pci/devices/0000:01:00.0/vendor"
        script = f"echo none >/run/none; mount --bind /run/none $(readlink -f {vendor})"
        self.assertEqual(self.kernel.run(["sh", "-c", script]).rc, 0)
        result = self.hook("release", BOTH)
        self.assertEqual(result.rc, 1)
        self.assertRegex(result.err, r"0000:01:00.0 can't be given back to the host yet: .*vendor")
        self.assertIn("Fix: When it can be read: virt-hostdev recover", result.err)
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        claim, = self.status()
        self.assertEqual([each["present"] for each in claim["devices"]], [None, True])
        self.assertEqual(self.tool("status").rc, 3)
        self.kernel.run(["sh", "-c", f"umount $(readlink -f {vendor})"])
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()


if __name__ == "__main__":
    unittest.main()
