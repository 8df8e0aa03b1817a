# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' own runner: what doesn't run, or ends halfway, has failed."""

import contextlib
import io
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from program import HANG

TESTS = Path(__file__).resolve().parents[1]

from pool import Item, Pool, Report  # noqa: E402
from run import FIRST, Result, choose, tap  # noqa: E402


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.all = []

    def add_pass(self, name):
        self.all.append(("pass", name))

    def add_failure(self, name, why, test=None):
        self.all.append(("fail", name))

    def add_skip(self, name, why, test=None):
        self.all.append(("skip", name))


class InPool(unittest.TestCase):
    def run_items(self, *items, in_ci=False, slots=2):
        """What is printed, and passed, failed, skipped."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        report = Report(in_ci)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.outcomes = Pool(report, slots, folder.name).run(items)
        return output.getvalue(), (report.passed, report.failed, report.skipped)

    def test_passes(self):
        output, counts = self.run_items(Item("a", lambda reporter: reporter.add_pass("a.x"),
                                             tests=["a.x"]))
        self.assertEqual((output, counts), ("ok    a.x\n", (1, 0, 0)))

    def test_test_that_did_not_run(self):
        output, counts = self.run_items(Item("a", lambda reporter: reporter.add_pass("a.x"),
                                             tests=["a.x", "a.y"]))
        self.assertIn("FAIL  a.y\n      it did not run\n", output)
        self.assertEqual(counts, (1, 1, 0))

    def test_item_without_a_test(self):
        output, counts = self.run_items(Item("a", lambda reporter: None))
        self.assertIn("FAIL  a\n      no test ran\n", output)
        self.assertEqual(counts, (0, 1, 0))

    def test_item_that_ends_halfway(self):
        for end, words in ((lambda: os.kill(os.getpid(), signal.SIGKILL), "with -9"),
                           (lambda: os._exit(0), "with 0"), (lambda: [][1], "IndexError")):
            with self.subTest(words):
                def function(reporter, end=end):
                    reporter.add_pass("a.x")
                    end()

                output, counts = self.run_items(Item("a", function, tests=["a.x"]))
                self.assertIn("FAIL  a\n      it ended before it was through", output)
                self.assertIn(words, output)
                self.assertEqual(counts, (1, 1, 0))

    def test_what_is_needed_failed(self):
        output, counts = self.run_items(
            Item("a", lambda reporter: reporter.add_pass("a.x"), needs=["b"],
                 tests=["a.x", "a.y"]),
            Item("b", lambda reporter: reporter.add_failure("b", "broken")))
        self.assertIn("FAIL  a.y\n      it did not run, as b failed\n", output)
        self.assertEqual(counts, (0, 3, 0))

    def test_skip(self):
        item = Item("a", lambda reporter: reporter.add_skip("a.x", "no root"), tests=["a.x"])
        self.assertEqual(self.run_items(item), ("skip  a.x: no root\n", (0, 0, 1)))
        output, counts = self.run_items(item, in_ci=True)
        self.assertIn("skipped, which CI does not allow: no root", output)
        self.assertEqual(counts, (0, 1, 0))

    def test_circle(self):
        with self.assertRaises(RuntimeError):
            self.run_items(Item("a", None, needs=["b"]), Item("b", None, needs=["a"]))

    def test_longest_first(self):
        output, _ = self.run_items(*[
            Item(name, lambda reporter, name=name: reporter.add_pass(name), guess=guess)
            for name, guess in (("a", 1), ("b", 3), ("c", 2))], slots=1)
        self.assertEqual(output, "ok    b\nok    c\nok    a\n")

    def test_lines_are_whole(self):
        def function(reporter):
            for number in range(200):
                reporter.add_failure(f"x{number}", "why " * 2000)

        output, counts = self.run_items(Item("a", function), Item("b", function))
        self.assertEqual(counts, (0, 400, 0))
        self.assertEqual({line for line in output.splitlines() if line[0] != "F"},
                         {("      " + "why " * 2000).rstrip()})


class Ends(unittest.TestCase):
    """However the runner ends, so does what it started."""

    PROGRAM = textwrap.dedent("""
        import subprocess, sys, threading
        sys.path.insert(0, sys.argv[1])
        from pool import Item, Pool, Report
        def sleeps(reporter):
            # In a session of its own, as the fake kernel's programs are.
            subprocess.run(["sh", "-c", "sleep 3600 & echo $! >$0;" + sys.argv[4], sys.argv[2]],
                           start_new_session=True)
            threading.Event().wait()
        Pool(Report(False), 1, sys.argv[3]).run([Item("a", sleeps)])
        """)

    def ends(self, number, then):
        with tempfile.TemporaryDirectory() as folder:
            fifo = Path(folder, "fifo")
            os.mkfifo(fifo)
            with subprocess.Popen([sys.executable, "-B", "-c", self.PROGRAM, TESTS, fifo, folder,
                                   then], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as runner:
                watch = os.pidfd_open(int(fifo.read_text()))
                self.addCleanup(os.close, watch)
                runner.send_signal(number)
                self.assertNotEqual(runner.wait(HANG), 0)
            poll = select.poll()
            poll.register(watch)
            self.assertTrue(poll.poll(HANG * 1000), "it is still there")

    def test_nothing_is_left(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            with self.subTest(number):
                self.ends(number, "wait")

    def test_orphans_are_found(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                self.ends(number, "")


class Tap(unittest.TestCase):
    def told(self, output, code=0):
        told = Told()
        tap(told, "t", output, code)
        return told.all

    def test_plan(self):
        self.assertEqual(self.told("1..2\nok 1 - a\nok 2 - b\n"),
                         [("pass", "t.a"), ("pass", "t.b")])

    def test_crash_halfway(self):
        self.assertEqual(self.told("1..2\nok 1 - a\n", -6), [("pass", "t.a"), ("fail", "t")])

    def test_crash_at_the_end(self):
        self.assertEqual(self.told("1..1\nok 1 - a\n", 1), [("pass", "t.a"), ("fail", "t")])

    def test_nothing(self):
        self.assertEqual(self.told(""), [("fail", "t")])

    def test_second_group_is_missing(self):
        self.assertEqual(self.told("1..1\nok 1 - a\n1..1\n")[1:], [("fail", "t")])

    def test_failure_and_skip(self):
        self.assertEqual(self.told("1..2\nnot ok 1 - a\nok 2 - b # SKIP no root\n", 1),
                         [("fail", "t.a"), ("skip", "t.b")])


class Unittest(unittest.TestCase):
    """What unittest finds, told."""

    def told(self, case):
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
        told = Told()
        suite.run(Result(told, [test.id() for test in suite]))
        return [(kind, name.rpartition("<locals>.")[2]) for kind, name in told.all]

    def test_each_way_to_end(self):
        class _Case(unittest.TestCase):
            def test_a(self):
                pass

            def test_b(self):
                self.fail()

            @unittest.expectedFailure
            def test_c(self):
                self.fail()

            @unittest.expectedFailure
            def test_d(self):
                pass

            def test_e(self):
                for number in range(3):
                    with self.subTest(number=number):
                        if number == 1:
                            self.skipTest("")

        self.assertEqual(self.told(_Case), [
            ("pass", "_Case.test_a"), ("fail", "_Case.test_b"), ("skip", "_Case.test_c"),
            ("fail", "_Case.test_d"), ("skip", "_Case.test_e (number=1)")])

    def test_class_that_can_not_be_set_up(self):
        class _Case(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise OSError

            def test_a(self):
                pass

        (kind, name), = self.told(_Case)
        self.assertEqual(kind, "fail")

    def test_class_that_is_skipped(self):
        class _Case(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise unittest.SkipTest("no root")

            def test_a(self):
                pass

            def test_b(self):
                pass

        self.assertEqual(self.told(_Case), [("skip", "_Case.test_a"), ("skip", "_Case.test_b")])


class Choice(unittest.TestCase):
    def names(self, *wanted):
        items = [Item("cli.a.X", None, needs=["build.asan"]), Item("cli.ab.X", None),
                 Item("build.asan", None, guess=FIRST), Item("build.gcc", None, guess=FIRST)]
        return [item.name for item in choose(items, wanted, 2)]

    def test_names(self):
        self.assertEqual(self.names("cli.a"), ["cli.a.X", "build.asan"])
        self.assertEqual(self.names("cli"), ["cli.a.X", "cli.ab.X", "build.asan"])
        self.assertEqual(len(self.names()), 4)
        with self.assertRaises(KeyError):
            self.names("cli.b")
