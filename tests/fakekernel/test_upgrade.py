# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages are upgraded and rolled back while guests start, run and end: the programs of
now and those of an earlier commit see to the same claims."""

import subprocess
import unittest

import earlier
from program import domain, hostdev
from test_every_write import HOOK, NIC, NVME, OTHER, TOOL, OnFakeKernel

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
BOTH = domain(hostdev(1), hostdev(2))
SECOND = domain(hostdev(1), name="second", uuid=OTHER)
# All that libvirt calls for one guest, which came from another host; the program is
# another one from each of these on.
LIFE = ("migrate", "restore", "prepare", "start", "started", "attach", "reconnect", "stopped",
        "release")
TAKEN = range(LIFE.index("prepare") + 1, LIFE.index("stopped") + 1)
RUNS = range(LIFE.index("started") + 1, LIFE.index("stopped") + 1)


class _Change:
    NOW = HOOK, TOOL

    def setUp(self):
        self.boot(NIC + NVME)
        self.claim = self.kernel.run_dir / "virt-hostdev/claims" / UUID

    def hook(self, event, xml, name="guest", by=NOW):
        return self.kernel.run([by[0], name, event, "begin", "-"], stdin=xml)

    def tool(self, *arguments, by=NOW):
        return self.kernel.run([by[1], *arguments])

    @classmethod
    def build(cls, name, commit):
        programs = earlier.built(name, commit)
        cls.BEFORE = programs / "hooks/qemu", programs / "tools/virt-hostdev"

    def live(self, events, by):
        for event in events:
            self.good(self.hook(event, BOTH, by=by))

    def change(self, first, second, look=lambda: None):
        """At each point of a guest's life; and each event is called directly and through
        a script, as the fake kernel does by turns."""
        for n in range(len(LIFE) + 1):
            for turn in range(2):
                self.kernel.reset()
                if turn:
                    self.good(self.hook("stopped", BOTH))
                with self.subTest(after=LIFE[:n], turn=turn):
                    self.live(LIFE[:n], first)
                    if n in TAKEN:
                        guest = self.guest() if n in RUNS else None
                        look()
                        if guest:
                            self.end(guest)
                    self.live(LIFE[n:], second)
                    self.assert_as_it_was()

    def guest(self):
        """Its QEMU and what libvirt has of it."""
        guest = self.kernel.popen(["sh", "-c", "echo; read end", UUID], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.addCleanup(guest.communicate)
        self.assertEqual(guest.stdout.readline(), b"\n")
        folder = self.kernel.run_dir / "libvirt/qemu"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "guest.pid").write_text(f"{guest.pid}\n")
        (folder / "guest.xml").write_text("<domstatus/>")
        return guest

    def end(self, guest):
        guest.communicate()
        for path in (self.kernel.run_dir / "libvirt/qemu").iterdir():
            path.unlink()

    def assert_kept(self):
        """By the guest: nobody else gets it, and recover leaves it alone."""
        taken = self.kernel.state()
        self.assertNotEqual(taken, self.start)
        claim, = self.status()
        self.assertEqual((claim["domain"], claim["uuid"], len(claim["devices"])),
                         ("guest", UUID, 2))
        refused = self.hook("prepare", SECOND, "second")
        self.assertEqual(refused.rc, 1)
        self.assertIn("guest 'guest' has it", refused.err)
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertEqual(self.kernel.state(), taken)
        return claim

    def test_upgrade(self):
        self.change(self.BEFORE, self.NOW, self.assert_kept)

    def test_upgrade_while_the_guest_runs(self):
        """Which ends later, when no hook is called for it."""
        self.live(LIFE[:LIFE.index("attach")], self.BEFORE)
        for events in ((), ("reconnect",)):
            guest = self.guest()
            self.live(events, self.NOW)
            self.assertEqual(self.assert_kept()["state"], "running")
            self.end(guest)
            self.assertEqual(self.tool("recover").rc, 0)
            self.assert_as_it_was()
            self.live(LIFE[:LIFE.index("attach")], self.BEFORE)

    def test_upgrade_of_what_is_bound_by_hand(self):
        self.assertEqual(self.tool("bind", "0000:01:00.0", by=self.BEFORE).rc, 0)
        self.assertEqual(self.status()[0]["state"], "by hand")
        self.assertEqual(self.tool("release", "0000:01:00.0").rc, 0)
        self.assert_as_it_was()


@earlier.with_history(earlier.previous)
class ToThePreviousCommit(_Change, OnFakeKernel):
    slow = True

    @classmethod
    def setUpClass(cls):
        cls.build("previous", cls.commit)

    def test_rollback(self):
        """Where the form of claims changed with the last commit, that is the other
        class's."""
        self.live(("prepare",), self.BEFORE)
        header = self.claim.read_text().splitlines()[0]
        self.live(("release", "prepare"), self.NOW)
        if self.claim.read_text().splitlines()[0] != header:
            return
        self.live(("release",), self.NOW)
        self.change(self.NOW, self.BEFORE)

    def test_rollback_while_the_guest_runs(self):
        self.live(LIFE[:LIFE.index("attach")], self.NOW)
        guest = self.guest()
        self.live(("reconnect",), self.BEFORE)
        taken = self.kernel.state()
        self.assertEqual(self.tool("recover", by=self.BEFORE).rc, 0)
        self.assertEqual(self.kernel.state(), taken)
        self.assertEqual(self.assert_kept()["state"], "running")
        self.end(guest)
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()


@earlier.with_history(earlier.of_other_form)
class ToAnotherFormOfClaims(_Change, OnFakeKernel):
    """What those programs do with a claim that they don't know can't be changed any more;
    but it is not lost, and the program of now gives back what it holds."""

    slow = True

    @classmethod
    def setUpClass(cls):
        cls.build("other-form", cls.commit)

    def test_forms_differ(self):
        headers = []
        for by in (self.BEFORE, self.NOW):
            self.live(("prepare",), by)
            headers.append(self.claim.read_text().splitlines()[0])
            self.live(("release",), by)
        self.assertNotEqual(*headers)

    def assert_not_lost(self):
        claim, = self.status()
        self.assertEqual((claim["uuid"], len(claim["devices"])), (UUID, 2))
        return claim

    def test_rollback_and_upgrade_again(self):
        for n in TAKEN:
            for turn in range(2):
                self.kernel.reset()
                if turn:
                    self.good(self.hook("stopped", BOTH))
                with self.subTest(after=LIFE[:n], turn=turn):
                    self.live(LIFE[:n], self.NOW)
                    taken = self.kernel.state()
                    for event in LIFE[n:]:
                        self.hook(event, BOTH, by=self.BEFORE)
                    self.assertEqual(self.kernel.state(), taken)
                    self.assert_not_lost()
                    if n in RUNS:
                        self.assertEqual(self.tool("recover").rc, 0)
                    else:
                        self.live(("release",), self.NOW)
                    self.assert_as_it_was()

    def test_rollback_while_the_guest_runs(self):
        """And is upgraded again before it ends."""
        for event in ("reconnect", "recover"):
            self.live(LIFE[:LIFE.index("attach")], self.NOW)
            guest = self.guest()
            if event == "recover":
                self.tool("recover", by=self.BEFORE)
            else:
                self.hook(event, BOTH, by=self.BEFORE)
            self.assertEqual(self.assert_kept()["state"], "running")
            self.live(("reconnect",), self.NOW)
            self.assertEqual(self.assert_kept()["state"], "running")
            self.end(guest)
            self.live(("stopped", "release"), self.NOW)
            self.assert_as_it_was()


if __name__ == "__main__":
    unittest.main()
