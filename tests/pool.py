# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs work items side by side, each in a process of its own, and counts what they tell.

An item tells a Reporter, line by line through a pipe, what came of each test; this
process alone prints. What was to run and didn't is a failure. However this process
ends, everything below it ends too.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36

# An item that tells nothing for so many seconds hangs.
SILENCE = 3600


class Item:
    """NAME runs as function(reporter) once NEEDS have passed.

    tests: the tests that it must tell of. guess: seconds, to start the longest first.
    alone: nothing else runs meanwhile.
    """

    def __init__(self, name, function, *, needs=(), tests=(), guess=1.0, alone=False):
        self.name = name
        self.function = function
        self.needs = needs
        self.tests = tuple(tests)
        self.guess = guess
        self.alone = alone


class Reporter:
    """Tells what came of tests, from an item's process.

    life: a pipe that ends when the runner does.
    """

    def __init__(self, fd, life):
        self._fd = fd
        self.life = life
        self._lock = threading.Lock()

    def _tell(self, *words):
        line = json.dumps(words).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._fd, line):]

    def add_pass(self, name):
        self._tell("pass", name, name, "")

    def add_failure(self, name, why, test=None):
        """test: the one that it is part of."""
        self._tell("fail", name, test or name, why)

    def add_skip(self, name, why, test=None):
        self._tell("skip", name, test or name, why)

    def pass_on(self, line):
        """What another reporter told."""
        self._tell(*json.loads(line))

    def add_end(self):
        """The item is through; without it, it isn't."""
        self._tell("end", "", "", "")


class Report:
    """What came of all tests, printed as it comes."""

    def __init__(self, in_ci):
        self.passed = self.failed = self.skipped = 0
        self._in_ci = in_ci

    def add(self, kind, name, why):
        if kind == "skip" and self._in_ci:
            kind, why = "fail", f"skipped, which CI does not allow: {why}"
        if kind == "pass":
            self.passed += 1
            print(f"ok    {name}", flush=True)
        elif kind == "skip":
            self.skipped += 1
            print(f"skip  {name}: {why}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {name}\n{indent(why)}", flush=True)

    def count(self, passed, failed, skipped):
        """What came of tests before."""
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def indent(text):
    return "\n".join("      " + line for line in text.rstrip().splitlines())


class Outcome:
    """What an item came to: tests passed, failed and skipped; seconds it took, and
    seconds of processor time."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.seconds = self.busy = 0.0

    def counts(self):
        return [self.passed, self.failed, self.skipped]


class _Running:
    def __init__(self, item, pid, fd, log):
        self.item, self.pid, self.fd, self.log = item, pid, fd, log
        self.input = b""
        self.told = set()
        self.through = False
        self.started = self.heard = time.monotonic()
        self.outcome = Outcome()


class Pool:
    """run(items) returns an Outcome for each item's name.

    logs: a folder for what items print. finished(item, outcome) is called after each.
    """

    def __init__(self, report, slots, logs, finished=lambda item, outcome: None):
        self._report = report
        self._slots = slots
        self._logs = Path(logs)
        self._finished = finished
        self._selector = selectors.DefaultSelector()
        self._running = {}
        self._outcomes = {}
        self._logs.mkdir(parents=True, exist_ok=True)

    def run(self, items):
        # Whoever loses its parent comes here, to be found in the end.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # Held open by this process alone: items see in it that this process is gone.
        self._life, self._alive = os.pipe()
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(woken, selectors.EVENT_READ)
        before = [(number, signal.signal(number, handler)) for number, handler in (
            (signal.SIGCHLD, lambda *_: None), (signal.SIGTERM, _stop), (signal.SIGHUP, _stop))]
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            self._run(sorted(items, key=lambda item: -item.guess), woken)
        finally:
            signal.set_wakeup_fd(-1)
            os.close(self._alive)
            end_below(os.getpid())
            for number, handler in before:
                signal.signal(number, handler)
        return self._outcomes

    def _run(self, waiting, woken):
        while waiting or self._running:
            self._start_what_can(waiting)
            if waiting and not self._running:
                raise RuntimeError(f"these wait for each other: {[each.name for each in waiting]}")
            for key, _ in self._selector.select(60):
                if key.fd == woken:
                    os.read(woken, 4096)
                else:
                    self._hear(self._running[key.data])
            self._reap()
            self._end_the_silent()

    def _start_what_can(self, waiting):
        for item in list(waiting):
            running = [each.item for each in self._running.values()]
            if len(running) >= self._slots or any(each.alone for each in running):
                return
            if item.alone and running:
                continue
            failed = [need for need in item.needs
                      if need in self._outcomes and self._outcomes[need].failed]
            if failed:
                waiting.remove(item)
                outcome = self._outcomes[item.name] = Outcome()
                for test in item.tests or [item.name]:
                    self._add(outcome, "fail", test, f"it did not run, as {failed[0]} failed")
                self._finished(item, outcome)
            elif all(need in self._outcomes for need in item.needs):
                waiting.remove(item)
                self._start(item)

    def _start(self, item):
        sys.stdout.flush()
        log = self._logs / f"{item.name}.log"
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(self._alive)
            _be_item(item, self._life, theirs, log)
        os.close(theirs)
        os.set_blocking(ours, False)
        self._running[pid] = _Running(item, pid, ours, log)
        self._selector.register(ours, selectors.EVENT_READ, pid)

    def _hear(self, running):
        with contextlib.suppress(BlockingIOError):
            while received := os.read(running.fd, 1 << 16):
                running.input += received
        running.heard = time.monotonic()
        *lines, running.input = running.input.split(b"\n")
        for line in lines:
            kind, name, test, why = json.loads(line)
            if kind == "end":
                running.through = True
            else:
                running.told.add(test)
                self._add(running.outcome, kind, name, why)

    def _add(self, outcome, kind, name, why):
        before = self._report.passed, self._report.failed, self._report.skipped
        self._report.add(kind, name, why)
        outcome.passed += self._report.passed - before[0]
        outcome.failed += self._report.failed - before[1]
        outcome.skipped += self._report.skipped - before[2]

    def _reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._running:
                self._end(pid, status, usage)

    def _end(self, pid, status, usage):
        running = self._running[pid]
        self._hear(running)
        del self._running[pid]
        self._selector.unregister(running.fd)
        os.close(running.fd)
        item, outcome = running.item, running.outcome
        said = running.log.read_text(errors="replace")
        missing = [test for test in item.tests if test not in running.told]
        for test in missing:
            self._add(outcome, "fail", test, "it did not run")
        if not running.through:
            code = os.waitstatus_to_exitcode(status)
            self._add(outcome, "fail", item.name,
                      f"it ended before it was through, with {code}\n{_tail(said)}")
        elif not running.told and not missing:
            self._add(outcome, "fail", item.name, f"no test ran\n{_tail(said)}")
        elif said:
            print(f"      {item.name} says:\n{indent(_tail(said))}", flush=True)
        outcome.seconds = time.monotonic() - running.started
        outcome.busy = usage.ru_utime + usage.ru_stime
        self._outcomes[item.name] = outcome
        self._finished(item, outcome)

    def _end_the_silent(self):
        for pid, running in list(self._running.items()):
            if time.monotonic() - running.heard > SILENCE:
                running.heard = time.monotonic()
                self._add(running.outcome, "fail", running.item.name,
                          f"not a word in {SILENCE} seconds: it hangs, and is ended")
                end_below(pid)
                with contextlib.suppress(PermissionError):
                    os.kill(pid, signal.SIGKILL)


def _stop(number, _):
    raise SystemExit(128 + number)


def _tail(text, lines=40):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def _be_item(item, life, results, log):
    """The whole life of an item's process."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        # The runner decides what an interrupt ends.  What is executed has the default again.
        signal.signal(signal.SIGINT, lambda *_: None)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        empty = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        for fd, number in ((empty, 0), (output, 1), (output, 2)):
            os.dup2(fd, number)
        run_item(item, life, results)
        code = 0
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_item(item, life, results):
    """Runs an item in this process; everything below it ends when LIFE does."""
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    reporter = Reporter(results, life)
    item.function(reporter)
    reporter.add_end()


def _end_with(life):
    os.read(life, 1)
    end_below(os.getpid())
    os._exit(1)


def _parents():
    """The parent of each process that can be seen."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = Path(f"/proc/{entry}/stat").read_bytes()
                state, parent = stat[stat.rindex(b")") + 2:].split()[:2]
                if state != b"Z":
                    parents[int(entry)] = int(parent)
    return parents


def _below(pid):
    parents = _parents()
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def end_below(pid):
    """Kills all that a process started, and what these start meanwhile."""
    spared = set()
    for _ in range(1000):
        doomed = set(_below(pid)) - spared
        if not doomed:
            return
        for each in doomed:
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                pass
            except PermissionError:
                spared.add(each)  # root's: ends by itself when its pipe does
        time.sleep(0.01)
