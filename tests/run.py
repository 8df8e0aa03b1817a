#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the tests: run.py [PART]...

Parts, all of them by default: build, unit, fuzz, cli, fake, vm. The last line is
"N passed, N failed, N skipped"; the exit code is 0 when nothing failed. In CI
(the variable CI is set) a skipped test has failed.
"""

import importlib
import os
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = TOP / "build"
IN_CI = bool(os.environ.get("CI"))

# Emulated hosts that run side by side; each is busy with one processor.
HOSTS = 3

# As many inputs as fit into half a minute; longer runs are for people.
FUZZ_RUNS = 50000
# Of this one each is a folder full of files.
FUZZ_RUNS_OF = {"fuzz_tar": 5000}


class Report:
    """What came of every test, printed as it comes. Used by several threads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self._lock = threading.Lock()

    def add_pass(self, name):
        with self._lock:
            self.passed += 1
            print(f"ok    {name}", flush=True)

    def add_failure(self, name, why):
        with self._lock:
            self.failed += 1
            print(f"FAIL  {name}\n{indent(why)}", flush=True)

    def add_skip(self, name, why):
        if IN_CI:
            self.add_failure(name, f"skipped, which CI does not allow: {why}")
            return
        with self._lock:
            self.skipped += 1
            print(f"skip  {name}: {why}", flush=True)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def indent(text):
    return "\n".join("      " + line for line in text.rstrip().splitlines())


class Result(unittest.TestResult):
    """Hands what unittest found to a report."""

    def __init__(self, report):
        super().__init__()
        self._report = report

    def addSuccess(self, test):
        self._report.add_pass(test.id())

    def addFailure(self, test, err):
        self._report.add_failure(test.id(), self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self._report.add_failure(subtest.id(), self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self._report.add_skip(test.id(), reason)


def run(command, **options):
    return subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def make(report, name, *arguments):
    """Builds; a warning is a failure."""
    result = run(["make", f"-j{os.cpu_count()}", "WERROR=1", *arguments])
    if result.returncode:
        report.add_failure(name, result.stdout)
    else:
        report.add_pass(name)
    return result.returncode == 0


def part_build(report):
    make(report, "build.gcc", f"O={BUILD}/gcc", "CC=gcc")
    make(report, "build.clang", f"O={BUILD}/clang", "CC=clang")


def tap(report, name, output, code):
    """Counts a program's TAP; a plan that is not fulfilled is a failure."""
    planned = seen = 0
    for line in output.splitlines():
        if line.startswith("1.."):
            planned = int(line[3:])
        elif line.startswith(("ok ", "not ok ")):
            seen += 1
            test = f"{name}.{line.split(' - ', 1)[-1]}"
            if line.startswith("ok"):
                report.add_pass(test)
            else:
                report.add_failure(test, output)
    if seen == 0 or seen != planned or (code and "not ok " not in output):
        report.add_failure(f"{name}: {seen} of {planned} tests ran", output)


def part_unit(report):
    folder = BUILD / "asan"
    if not make(report, "build.asan", f"O={folder}", "SANITIZE=address,undefined", "unit", "all"):
        return
    for source in sorted(TOP.glob("tests/unit/test_*.c")):
        program = folder / "tests" / "unit" / source.stem
        result = run([program], env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
        tap(report, f"unit.{source.stem}", result.stdout, result.returncode)


def part_fuzz(report):
    folder = BUILD / "fuzz"
    if not make(report, "build.fuzz", f"O={folder}", "CC=clang",
                "SANITIZE=address,undefined,fuzzer-no-link", "fuzzers"):
        return
    for source in sorted(TOP.glob("tests/fuzz/fuzz_*.c")):
        corpus = folder / "corpus" / source.stem
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = TOP / "tests" / "fuzz" / "seeds" / source.stem.removeprefix("fuzz_")
        result = run([folder / "tests" / "fuzz" / source.stem, f"-runs={FUZZ_RUNS_OF.get(source.stem, FUZZ_RUNS)}",
                      f"-artifact_prefix={folder}/{source.stem}-", corpus, seeds])
        if result.returncode:
            report.add_failure(f"fuzz.{source.stem}", result.stdout[-4000:])
        else:
            report.add_pass(f"fuzz.{source.stem}")


def run_suites(report, suites, at_once=None):
    """Runs suites side by side, each from its first test to its last."""
    with ThreadPoolExecutor(at_once or len(suites)) as pool:
        list(pool.map(lambda suite: suite.run(Result(report)), suites))


def suites_of(folder, module):
    """One suite for each class of a module."""
    sys.path.insert(0, str(TOP / "tests" / folder))
    loaded = importlib.import_module(module)
    classes = [thing for thing in vars(loaded).values()
               if isinstance(thing, type) and issubclass(thing, unittest.TestCase)
               and thing.__module__ == module and not thing.__name__.startswith("_")]
    return [unittest.defaultTestLoader.loadTestsFromTestCase(each) for each in classes]


def part_cli(report):
    if make(report, "build.asan", f"O={BUILD}/asan", "SANITIZE=address,undefined"):
        for module in ("test_hook", "test_tool", "test_check", "test_trees", "test_capture",
                       "test_golden", "test_rewrite", "test_libvirt", "test_explain",
                       "test_doctor"):
            run_suites(report, suites_of("cli", module))


def make_fakekernel(report):
    return make(report, "build.fakekernel", f"O={BUILD}/gcc", "CC=gcc", "all", "fakekernel")


def part_fake(report):
    """On the fake kernel, which needs /dev/fuse."""
    if make_fakekernel(report):
        modules = ("test_fakekernel", "test_every_write", "test_race", "test_holders",
                   "test_byhand", "test_log", "test_pins", "test_hotplug")
        run_suites(report, [suite for module in modules
                            for suite in suites_of("fakekernel", module)])


def part_vm(report):
    """The emulated host needs root; without it, once more through sudo."""
    if os.geteuid() != 0:
        command = ["sudo", "--preserve-env=CI,VIRT_HOSTDEV_CACHE,VIRT_HOSTDEV_MIRROR",
                   sys.executable, "-B", __file__, "vm"]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        *lines, last = result.stdout.splitlines() or [""]
        print("\n".join(lines))
        words = last.replace(",", "").split()
        if len(words) != 6:
            report.add_failure("vm", f"no result through sudo: {last}")
            return
        report.passed += int(words[0])
        report.failed += int(words[2])
        report.skipped += int(words[4])
        return
    # What is compared with the fake kernel needs it.
    built = make_fakekernel(report)
    modules = ["scenarios", "lifelines", "pins", "removal", "race", "spoken", "hotplug",
               "workflow", "diagnosis"]
    if built:
        modules.append("compared")
    suites = [suite for module in modules for suite in suites_of("vm", module)]
    rootfs = importlib.import_module("rootfs")
    try:
        run_suites(report, suites, at_once=HOSTS)
    finally:
        rootfs.give_to_caller(BUILD)


PARTS = {"build": part_build, "unit": part_unit, "fuzz": part_fuzz, "cli": part_cli,
         "fake": part_fake, "vm": part_vm}


def main(wanted):
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"There is no part {unknown[0]}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    report = Report()
    started = time.monotonic()
    for name in wanted or PARTS:
        PARTS[name](report)
    print(f"It took {time.monotonic() - started:.0f} seconds.")
    print(report.line())
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
