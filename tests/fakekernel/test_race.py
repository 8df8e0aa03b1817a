# SPDX-License-Identifier: GPL-2.0-or-later
"""Hooks that run at the same time, as for guests that start at the same time."""

import contextlib
import itertools
import random
import re
import subprocess
import uuid

from fakekernel import DAEMON
from program import domain, hostdev
from setting import HANG, rounds
from stopping import STOPPED, Stopping, stop_at
from test_every_write import HOOK, TOOL, OnFakeKernel

GUESTS, DEVICES, ROUNDS = 16, 8, rounds(50, 300)

NICS = "".join(
    f"device 0000:{bus:02x}:00.0 8086:10d3 020000 driver=e1000e group={bus + 20}\n"
    for bus in range(1, DEVICES + 1))


class Race(OnFakeKernel):
    slow = True

    def setUp(self):
        self.boot(NICS)
        # The same choices in every run.
        self.random = random.Random(4711)

    def at_once(self, event, guests, daemon=()):
        """Runs the hook of every guest at the same time; exit code and stderr each."""
        hooks = []
        for name, xml in guests.items():
            hook = self.kernel.popen([*daemon, HOOK, name, event, "begin", "-"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            # Where nothing is held, release needs no document to know.
            with contextlib.suppress(BrokenPipeError):
                hook.stdin.write(xml.encode())
                hook.stdin.close()
            hook.stdin = None
            hooks.append((name, hook))
        results = {}
        for name, hook in hooks:
            out, err = hook.communicate(timeout=HANG)
            self.assertEqual(out, b"")
            results[name] = (hook.returncode, err.decode())
        return results

    def guests(self):
        """Each asks for one to three devices, in any order."""
        buses = {f"guest-{number}": self.random.sample(range(1, DEVICES + 1),
                                                       self.random.randint(1, 3))
                 for number in range(GUESTS)}
        return buses, {name: domain(*map(hostdev, wanted), name=name,
                                    uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))
                       for name, wanted in buses.items()}

    def assert_fair(self, buses, results):
        """Whoever won has all it asked for, nobody has what another has, and whoever
        lost was told who won."""
        taken = {}
        for name, (code, err) in results.items():
            if code == 0:
                self.assertEqual(err, "")
                for bus in buses[name]:
                    self.assertNotIn(bus, taken)
                    taken[bus] = name
        state = self.kernel.state()
        for bus in range(1, DEVICES + 1):
            driver = "vfio-pci vfio-pci" if bus in taken else "e1000e -"
            self.assertIn(f"0000:{bus:02x}:00.0 {driver}", state)
        for name, (code, err) in results.items():
            if code:
                winner = re.search(r"guest '(guest-\d+)' has", err)
                self.assertTrue(winner, err)
                self.assertIn(winner[1], taken.values())
        self.assertTrue(taken)
        self.assertEqual(len(self.kernel.claims()), len(set(taken.values())))

    def test_many_guests_want_few_devices(self):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                buses, guests = self.guests()
                self.assert_fair(buses, self.at_once("prepare", guests))
                for code, err in self.at_once("release", guests).values():
                    self.assertEqual((code, err), (0, ""))
                self.assert_as_it_was()
                # Every hook looks through all processes.
                self.kernel.renew_daemons()

    def recover_on_and_on(self):
        """Until /run/stop is there; /run/said has what they said."""
        loop = 'until [ -e /run/stop ]; do "$1" recover || exit; done >>/run/said 2>&1'
        return self.kernel.popen(["sh", "-c", loop, "sh", TOOL])

    def test_recover_keeps_nobody_waiting_for_ever(self):
        """The daemon of each guest is gone as soon as it has its devices, so that whoever
        comes next undoes it, and recover does, which never rests."""
        self.kernel.end_daemons()
        loops = [self.recover_on_and_on() for _ in range(2)]
        won = 0
        for number in range(ROUNDS // 5):
            _, guests = self.guests()
            # It waits for a descriptor that nobody has.
            for code, err in self.at_once("prepare", guests, [DAEMON, "99"]).values():
                won += code == 0
                if code:
                    with self.subTest(round=number):
                        self.assertRegex(err, r"guest 'guest-\d+' has it|has been left behind")
        (self.kernel.run_dir / "stop").touch()
        self.assertEqual([each.wait(HANG) for each in loops], [0, 0])
        said = (self.kernel.run_dir / "said").read_text()
        self.assertGreater(won, ROUNDS)
        self.assertIn("Given back to the host", said)
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()


CALLS = ("flock", "openat", "renameat", "unlinkat")
FOLDERS = ("/run/virt-hostdev/claims", "/run/virt-hostdev/locks/group-21")
NIC = "0000:01:00.0"
# 0: it is not stopped; bind writes twice before the device is bound.
HALTS = (0, 1, 2)
# What strace says of who is not the first in the queue for a lock.
BUSY = ("EAGAIN", "F_OFD_GETLK, {l_type=F_WRLCK")
HOLDER = str(uuid.uuid5(uuid.NAMESPACE_DNS, "holder"))


class Pairs(Stopping, OnFakeKernel):
    """Each of two at work on one device is stopped wherever it reads or writes what is
    written down or locks it, and the other runs meanwhile, as far as it gets."""

    slow = True

    # What there has to be before: a guest that holds it, a person who does, or a guest
    # that is gone.
    ACTIONS = {"prepare": (), "start": (), "release": ("guest",), "bind": (),
               "release by hand": ("person",), "recover": ("guest", "gone")}

    def guest(self, name):
        return domain(hostdev(1), name=name, uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))

    def command(self, action, side):
        """The words, and what is on stdin."""
        hooks = {"prepare": side, "start": side, "release": "holder"}
        tools = {"bind": ("bind", NIC), "release by hand": ("release", NIC),
                 "recover": ("recover",)}
        if action in tools:
            return [TOOL, *tools[action]], ""
        name = hooks[action]
        subop = "end" if action == "release" else "begin"
        return [HOOK, name, action, subop, "-"], self.guest(name)

    def set_up_for(self, *actions):
        wanted = {each for action in actions for each in self.ACTIONS[action]}
        if "bind" in actions:
            wanted.discard("person")  # it is that person who is about to bind
        if "person" in wanted:
            self.assertEqual(self.tool("bind", NIC).rc, 0)
        if "guest" in wanted:
            self.good(self.hook("prepare", self.guest("holder"), "holder"))
        if "gone" in wanted:
            self.forget_daemon(self.kernel.run_dir / "virt-hostdev/claims" / HOLDER)

    def traced(self, name, options, action, side):
        return self.strace(name, options, *self.command(action, side))

    def finish(self, process, action):
        out, err = (text.decode() for text in process.communicate(timeout=HANG))
        self.assertIn(process.returncode, (0, 1), (action, out, err))
        if process.returncode:
            self.assertRegex(err.splitlines()[0] if err else "", r"\w.*\.$", action)

    def assert_consistent(self, actions):
        """At most one guest holds it; who holds it has it, else the host does."""
        claims = self.kernel.claims()
        self.assertFalse([name for name in claims if name.endswith(".new")])
        holders = [text for text in claims.values() if NIC in text]
        self.assertLessEqual(len([text for text in holders if "\ndomain" in text and
                                  not re.search(r"(?m)^domain \S+ - ", text)]), 1, claims)
        if "start" not in actions:  # libvirt binds what that one finds
            self.assertIn(f"{NIC} {'vfio-pci vfio-pci' if holders else 'e1000e -'}",
                          self.kernel.state())

    def give_all_back(self):
        for name in ("first", "second", "holder"):
            self.good(self.hook("release", self.guest(name), name))
        if self.kernel.claims():
            self.assertEqual(self.tool("release", NIC).rc, 0)
        self.assert_as_it_was()

    def race(self, first, second, call, k, halt):
        """False when the first was not stopped, as it does not get so far. The other is
        stopped too, where it has written something down for the @halt-th time."""
        self.kernel.reset()
        self.set_up_for(first, second)
        paths = [word for folder in FOLDERS for word in ("-P", folder)]
        one = self.traced("one", [*paths, "-e", "trace=flock,fcntl," + call,
                                  *stop_at(call, k)], first, "first")
        stopped = self.wait_for(one, "one", STOPPED)
        if stopped:
            inject = stop_at("renameat", halt) if halt else []
            two = self.traced("two", [*paths, "-e", "trace=flock,fcntl,renameat", *inject],
                              second, "second")
            self.wait_for(two, "two", STOPPED, *BUSY)
            self.go_on(one)
            if halt and self.wait_for(two, "two", STOPPED):
                self.wait_for(one, "one", *BUSY)
            self.go_on(two)
            self.finish(two, second)
        self.finish(one, first)
        self.assert_consistent((first, second))
        self.give_all_back()
        return stopped

    def test_prepare_and_guest_that_ends(self):
        """libvirt is done with its end just then, and calls its release later."""
        self.boot(NICS)
        kept = self.kernel.run_dir / "libvirt/qemu/holder.xml"
        for k in itertools.count(1):
            self.kernel.reset()
            self.set_up_for("release")
            self.good(self.hook("started", self.guest("holder"), "holder"))
            kept.parent.mkdir(parents=True)
            kept.touch()
            one = self.traced("one", ["-P", FOLDERS[0], "-e", "trace=openat",
                                      *stop_at("openat", k)], "prepare", "first")
            if not self.wait_for(one, "one", STOPPED):
                break
            kept.unlink()
            self.go_on(one)
            self.finish(one, "prepare")
            with self.subTest(number=k):
                self.good(self.hook("release", self.guest("holder"), "holder"))
                self.assertEqual(self.tool("recover").rc, 0)
                self.assertEqual(len(self.kernel.claims()), one.returncode == 0)
                self.assert_consistent(("prepare",))
            self.give_all_back()
        self.finish(one, "prepare")
        self.assertGreater(k, 3)

    def run_pair(self, first, second):
        self.boot(NICS)
        cases = 0
        for call, halt in itertools.product(CALLS, HALTS):
            for k in itertools.count(1):
                go_on = False
                with self.subTest(call=call, number=k, halt=halt):
                    go_on = self.race(first, second, call, k, halt)
                if not go_on:
                    break
                cases += 1
        self.assertGreater(cases, len(HALTS))


def _add_pairs():
    for first in Pairs.ACTIONS:
        for second in Pairs.ACTIONS:
            def test(self, first=first, second=second):
                self.run_pair(first, second)
            name = f"test_{first}_and_{second}".replace(" ", "_")
            setattr(Pairs, name, test)


_add_pairs()
