# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a claim is, and whether anybody still sees to it."""

import re
import subprocess

from claims import changed
from program import domain, hostdev
from test_every_write import HOOK, NIC, NVME, OTHER, OnFakeKernel

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
SCRIPT = '"$@"; exit $?'
FIRST = domain(hostdev(1))
SECOND = domain(hostdev(1), name="second", uuid=OTHER)


class Whose(OnFakeKernel):
    def setUp(self):
        self.boot(NIC + NVME)

    def claim(self):
        return self.kernel.run_dir / "virt-hostdev/claims" / UUID

    def age(self, seconds):
        """As if it had been taken so much earlier."""
        changed(self.claim(), lambda text: re.sub(
            r"(?m)^begun (\d+)", lambda found: f"begun {int(found[1]) - seconds * 1000}", text))

    def state(self):
        claim, = self.status()
        return claim["state"]

    def refused(self, words):
        result = self.hook("prepare", SECOND, "second")
        self.assertEqual(result.rc, 1)
        self.assertIn(words, result.err)
        return result

    def files(self, **files):
        folder = self.kernel.run_dir / "libvirt/qemu"
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, text in files.items():
            (folder / f"guest.{suffix}").write_text(text)

    def test_start_through_a_script_is_nobody_elses(self):
        """Twice, since every other hook is run through one."""
        for _ in range(2):
            self.good(self.hook("prepare", FIRST))
            self.assertRegex(self.claim().read_text(), r"(?m)^state starting \d+ [1-9]\d* [1-9]")
            self.assertEqual(self.state(), "starting")
            self.refused("guest 'guest' has it, and is being started.")
            self.good(self.hook("release", FIRST))
            self.assert_as_it_was()

    def test_nobody_has_run_the_hook(self):
        """By hand, or where /proc shows no daemon: a bounded time."""
        self.kernel.end_daemons()
        self.good(self.kernel.run(["sh", "-c", SCRIPT, "sh", HOOK, "guest", "prepare", "begin",
                                   "-"], stdin=FIRST))
        self.assertRegex(self.claim().read_text(), r"(?m)^state starting \d+ 0 0 ")
        self.refused("guest 'guest' has it, and is being started.")
        result = self.tool("recover")
        self.assertEqual((result.rc, result.out), (0, "There was nothing to give back.\n"))
        self.assertRegex(result.err, r"Guest 'guest' may still be starting.*\n"
                                     r"Fix: If nobody starts it, in \d+ seconds: virt-hostdev rec")
        self.age(601)
        self.assertEqual(self.state(), "left behind")
        self.good(self.hook("prepare", SECOND, "second"))
        self.good(self.hook("release", SECOND, "second"))
        self.assert_as_it_was()

    def test_daemon_is_gone(self):
        self.good(self.hook("prepare", FIRST))
        self.forget_daemon(self.claim())
        self.assertEqual(self.state(), "left behind")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def test_release_that_never_came(self):
        """With its daemon alive, of a start that failed."""
        self.good(self.hook("prepare", FIRST))
        self.age(601)
        self.assertIn("devices of 1 guest", self.tool("recover").out)
        self.assert_as_it_was()

    def test_release_that_never_came_of_a_guest_that_ran(self):
        self.good(self.hook("prepare", FIRST))
        self.good(self.hook("started", FIRST))
        self.files(xml="<domstatus/>")
        self.assertEqual(self.state(), "ending")
        self.refused("guest 'guest' has it, and is about to end.")
        self.assertEqual(self.tool("recover").out, "There was nothing to give back.\n")
        (self.kernel.run_dir / "libvirt/qemu/guest.xml").unlink()
        self.assertIn("devices of 1 guest", self.tool("recover").out)
        self.assert_as_it_was()

    def test_clock_that_is_set_does_not_matter(self):
        self.good(self.hook("prepare", FIRST))
        changed(self.claim(), lambda text: re.sub(r"(?m)^state starting \d+",
                                                  "state starting 1", text))
        self.assertEqual(self.state(), "starting")

    def test_guest_that_runs(self):
        self.good(self.hook("prepare", FIRST))
        guest = self.kernel.popen(["sh", "-c", "echo; read end", UUID], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.assertEqual(guest.stdout.readline(), b"\n")
        self.files(pid=f"{guest.pid}\n")
        self.age(601)
        self.assertEqual(self.state(), "running")
        self.assertIn("Fix: virsh shutdown guest", self.refused("guest 'guest' has it.").err)
        guest.communicate()
        self.assertEqual(self.state(), "left behind")

    def test_what_can_not_be_read_undoes_nothing(self):
        self.good(self.hook("prepare", FIRST))
        self.age(601)
        self.files(pid="no number")
        before = self.kernel.state(), self.kernel.claims()
        self.assertEqual(self.state(), "unknown")
        self.refused("guest 'guest' has it, and whether that one runs can't be told.")
        result = self.tool("recover")
        self.assertEqual(result.rc, 1)
        self.assertIn("Can't tell whether guest 'guest' runs", result.err)
        self.assertEqual((self.kernel.state(), self.kernel.claims()), before)
