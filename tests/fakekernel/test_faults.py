# SPDX-License-Identifier: GPL-2.0-or-later
"""Every read that fails and every write: the outcome is that of a run without faults,
or nothing changed and a sentence says why, or recover brings it back. Nobody crashes,
and what a run without faults refuses is never given away."""

import re
import signal
import sys
import unittest

from test_every_write import (GPU, HOOK, LATE, NIC, NOUVEAU, NVME, SIBLINGS, TOOL, OnFakeKernel,
                              hand_over)

from program import domain, hostdev
from setting import FULL, TOP

sys.path.insert(0, str(TOP / "tests" / "faults"))

import faults  # noqa: E402

CALLS = faults.READS + faults.WRITES + (faults.OTHERS if FULL else ())


def all_errors(name):
    return faults.errors(name) if FULL else faults.CLASSES


def one_error(_):
    return faults.CLASSES[:1]


# The one whose guest is refused, so that nothing begins where it has been prepared.
REFUSED = "device whose late group the host shares"

# The one with steps that wait for something; nobody but these does it otherwise than
# for other devices.
SCREEN = "card with the screen"
OF_SCREEN = ("prepare", "release", "recover", "plan")

# Name: the host, what the guest asks for, and what calls fail with.
SCENARIOS = {"one device": (NIC, domain(hostdev(1)), all_errors)}
if FULL:
    SCENARIOS["device whose group comes late"] = LATE, domain(hostdev(1)), one_error
    SCENARIOS[REFUSED] = (
        LATE + NIC.replace("01:00.0", "01:00.1"), domain(hostdev(1)), one_error)
    SCENARIOS["NVMe, NIC and a GPU with its siblings"] = (
        NIC + NVME + GPU, domain(hostdev(2), hostdev(1), hostdev(3), metadata=SIBLINGS),
        one_error)
    SCENARIOS[SCREEN] = NOUVEAU, hand_over(), one_error


# What is only looked up to be shown.
NAMES = re.compile(r"/pci\.ids")


def messages(text):
    """What is said in an answer in JSON, and what it says not to know."""
    return set(re.findall(r'"(?:message|error|unknown)": ".*"|"\w*known": false|'
                          r'"state": "unknown"', text))


def comparable(text):
    """Without times and numbers of processes, which are never the same twice, and names of
    devices, which are for people: ids are as good."""
    return re.sub(r'"since": "[^"]*"|"(class_)?name": (".*"|null)|\d{3,}', "N", text)


class _Faults(OnFakeKernel):
    slow = True

    def boot_and_ask(self, name):
        description, self.xml, self.errors = SCENARIOS[name]
        self.boot(description)
        if name == SCREEN:
            self.configure("step-timeout = 2")
        self.cases = self.fell = 0
        self.addCleanup(lambda: print(f"      {self.id().split('.')[-1]}: {self.cases} cases",
                                      flush=True))

    # From where something is done: as it is when nothing is held, ...

    def nothing_held(self):
        self.kernel.reset()

    def prepared(self):
        self.kernel.reset()
        self.good(self.hook("prepare", self.xml))

    def running(self):
        self.prepared()
        self.good(self.hook("started", self.xml))

    def left_behind(self):
        """A claim that nobody else will ever give back."""
        self.prepared()
        self.kernel.recount()
        self.kernel.fault(1, "errno", "EIO")
        self.assertEqual(self.hook("release", self.xml).rc, 1)
        self.kernel.recount()

    def ask(self, command, prefix=()):
        return self.kernel.run([*prefix, *command], stdin=self.xml)

    def outcome(self):
        """What the kernel and the claims say. Of files beside them, which hold nothing,
        the next one tidies what is left."""
        return self.kernel.state(), [name for name in sorted(self.kernel.claims())
                                     if not name.endswith((".new", ".spare"))]

    def every_fault(self, command, before, judge):
        """Each call fails with each errno that is due. What starts a program is the
        same for all of them."""
        before()
        good, calls = faults.traced(self.ask, command, CALLS,
                                    lambda: (self.kernel.run_dir / "trace").read_text())
        self.assertIn(good.rc, (0, 1), good)
        after = self.outcome()
        self.assertGreater(len(calls), 20)
        before()
        begin = self.outcome()
        for call in calls:
            if NAMES.search(call.text) or (call.of_loader and not FULL):
                continue
            for error in self.errors(call.name):
                result = self.ask(command, faults.failing(call, error))
                self.cases += 1
                with self.subTest(error=error, call=call):
                    if call.starting and result.rc == -signal.SIGSEGV:
                        # The loader doesn't survive it: nothing of ours has run.
                        self.assertEqual(self.outcome(), begin)
                        continue
                    self.assertGreaterEqual(result.rc, 0, result)
                    judge(good, begin, after, result)
                if self.outcome() != begin:
                    before()
                    begin = self.outcome()

    def all_or_nothing(self, _, begin, after, result):
        now = self.outcome()
        if result.rc == 0 and now == after:
            return
        self.assertRegex(result.err, r"\w", "it fails without a word")
        if result.rc == 0:  # only what was written down is not as it should be
            self.assertEqual(now[0], after[0], result)
        elif now == begin:
            return
        # It was broken off on the way: libvirt calls release, and whoever recovers then
        # has the host as it was.
        self.hook("release", self.xml)
        recovered = self.kernel.run([TOOL, "recover"])
        self.assertEqual(recovered.rc, 0, (result, recovered))
        self.assertEqual(self.outcome(), (self.start, []), (result, recovered))

    def same_or_said(self, good, begin, _, result):
        """Of who only looks: on stderr or among the findings stands what could not be
        read, or the exit status says that it can't be told, where null is."""
        self.assertEqual(self.outcome(), begin)
        same = (result.rc, comparable(result.out)) == (good.rc, comparable(good.out))
        if not same and not result.err.strip() and (result.rc != 3 or ": null" not in result.out):
            self.assertTrue(messages(result.out) - messages(good.out), (result, good.out))


class Events(_Faults):
    """Of libvirt, and recover, which does what they left undone."""


class Verbs(_Faults):
    """Those that look."""


def _add_tests():
    events = {"prepare": "nothing_held", "release": "prepared", "started": "prepared",
              "reconnect": "running"}
    verbs = {"check": "nothing_held", "plan": "nothing_held", "list": "prepared",
             "status": "prepared", "show": "prepared", "xml": "nothing_held"}
    words = {"check": ["check", "--json", "-"], "plan": ["plan", "--json", "-"],
             "list": ["list", "--json"], "status": ["status", "--json"],
             "show": ["show", "--json", "01:00.0"], "xml": ["xml", "01:00.0"]}

    def add(kind, name, command, before, judge, scenario):
        if scenario == REFUSED and before != "nothing_held":
            return
        if scenario == SCREEN and name not in OF_SCREEN:
            return

        def test(self):
            self.boot_and_ask(scenario)
            self.every_fault(command, getattr(self, before), getattr(self, judge))
        setattr(kind, "test_" + re.sub(r"\W+", "_", f"{name} {scenario}"), test)

    for scenario in SCENARIOS:
        for event, before in events.items():
            add(Events, event, [HOOK, "guest", event, "begin", "-"], before, "all_or_nothing",
                scenario)
        add(Events, "recover", [TOOL, "recover"], "left_behind", "all_or_nothing", scenario)
        for verb, before in verbs.items():
            add(Verbs, verb, [TOOL, *words[verb]], before, "same_or_said", scenario)


_add_tests()


class Limits(_Faults):
    """Too few descriptors, too little memory or stack, too small files, step by step."""

    STEPS = {"nofile": range(3, 24), "as": range(4 << 20, 84 << 20, 4 << 20),
             "stack": range(16 << 10, 160 << 10, 16 << 10), "fsize": range(0, 640, 64)}

    def limits(self, command, before):
        self.boot_and_ask("one device")
        before()
        good = self.ask(command)
        after = self.outcome()
        for name, steps in self.STEPS.items():
            for limit in steps:
                before()
                begin = self.outcome()
                result = self.ask(command, faults.limited(**{name: limit}))
                self.cases += 1
                with self.subTest(limit=name, value=limit):
                    if name == "stack" and result.rc == -signal.SIGSEGV:
                        # Not enough to begin with: the kernel ends it.
                        self.assertEqual(self.outcome(), begin)
                        continue
                    self.assertGreaterEqual(result.rc, 0, result)
                    self.all_or_nothing(good, begin, after, result)

    def test_prepare(self):
        self.limits([HOOK, "guest", "prepare", "begin", "-"], self.nothing_held)

    def test_release(self):
        self.limits([HOOK, "guest", "release", "end", "-"], self.prepared)

    def test_recover(self):
        self.limits([TOOL, "recover"], self.left_behind)
