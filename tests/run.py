#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the tests: run.py [NAME]...

NAME is a part (build, unit, fuzz, cli, fake, vm), a file or a class of it, as in
cli.test_doctor or vm.scenarios.Devices; without any, all run. Nothing is listed
anywhere: what lies in the folders of tests is found. What unit and cli run with the
sanitizers, the part hardened runs as distributions build it; fake and vm run nothing
else.

VIRT_HOSTDEV_TESTS=quick  an ordinary build, and no class that says "slow = True"
VIRT_HOSTDEV_TESTS=full   more of everything; goes on where it stopped if the sources
                          are the same

The last line is "N passed, N failed, N skipped"; the exit code is 0 when nothing
failed. In CI (the variable CI is set) a skipped test has failed.
"""

import contextlib
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from pool import Item, Pool, Report, run_item
from setting import BUILD, FULL, HANG, PROGRAMS, QUICK, TOP, rounds

# Seconds of one fuzzer, and inputs; whatever comes first.
FUZZ_SECONDS = rounds(20, 120)
FUZZ_RUNS = rounds(50000, 100000000)

# Others wait for what has this guess.
FIRST = 1e9
INSTALL = "vm.install"

# Seconds that an item of a part takes that nobody has measured yet.
SLOWER = 20  # so many times that is what says it is slow
GUESSES = {"vm": 400, "fuzz": FUZZ_SECONDS, "fake": 30, "cli": 10, "unit": 1}

# Parts of classes: the folder, and which of its files are tests.
CLASSES = {"cli": ("cli", "test_*.py"), "fake": ("fakekernel", "test_*.py"), "vm": ("vm", "*.py")}

FOR_SUDO = ("CI", "VIRT_HOSTDEV_CACHE", "VIRT_HOSTDEV_MIRROR", "VIRT_HOSTDEV_SLOWNESS",
            "VIRT_HOSTDEV_TESTS")


class Result(unittest.TestResult):
    """Tells a reporter what unittest found."""

    def __init__(self, reporter, tests):
        super().__init__()
        self._reporter = reporter
        self._tests = tests
        self._told = set()

    def _note(self, test):
        """The test that something is to be told of, subtest or not."""
        name = getattr(test, "test_case", test).id()
        self._told.add(name)
        return name

    def stopTest(self, test):
        super().stopTest(test)
        if test.id() not in self._told:
            self._reporter.add_failure(test.id(), "it ended without a result")

    def addSuccess(self, test):
        self._reporter.add_pass(self._note(test))

    def addFailure(self, test, err):
        self._reporter.add_failure(self._note(test), self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self._reporter.add_failure(subtest.id(), self._exc_info_to_string(err, test),
                                       self._note(test))

    def addSkip(self, test, reason):
        if isinstance(test, (unittest.TestCase, unittest.case._SubTest)):
            self._reporter.add_skip(test.id(), reason, self._note(test))
            return
        for each in self._tests:  # the class is skipped
            self._reporter.add_skip(each, reason)

    def addExpectedFailure(self, test, err):
        self._reporter.add_skip(self._note(test), "it fails, as is known")

    def addUnexpectedSuccess(self, test):
        self._reporter.add_failure(self._note(test), "it passes, but says that it fails")


def run(command, **options):
    return subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)


# What is built. A warning is a failure.

def hardened():
    """make's words for a build as distributions make it: Debian's flags, all of its
    hardening, and what Fedora, Ubuntu and Arch fortify with."""
    environment = {**os.environ, "DEB_BUILD_MAINT_OPTIONS": "hardening=+all",
                   "DEB_CPPFLAGS_MAINT_STRIP": "-D_FORTIFY_SOURCE=2",
                   "DEB_CPPFLAGS_MAINT_APPEND": "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"}
    return [f"{name}=" + subprocess.run(["dpkg-buildflags", "--get", name], env=environment,
                                        capture_output=True, text=True, check=True).stdout.strip()
            for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS")]


BUILDS = {
    "build.gcc": (BUILD / "gcc", ["CC=gcc", "unit", "all", "fakekernel"]),
    "build.clang": (BUILD / "clang", ["CC=clang"]),
    "build.asan": (BUILD / "asan", ["SANITIZE=address,undefined", "unit", "all"]),
    "build.fuzz": (BUILD / "fuzz", ["CC=clang", "SANITIZE=address,undefined,fuzzer-no-link",
                                    "fuzzers"]),
    "build.quick": (BUILD / "gcc", ["CC=gcc", "unit", "all", "fakekernel"]),
}


def build(name, jobs):
    folder, arguments = BUILDS[name]

    def function(reporter):
        if folder == BUILD / "gcc":
            arguments.extend(hardened())
        result = run(["make", f"-j{jobs}", "WERROR=1", f"O={folder}", *arguments])
        if result.returncode:
            reporter.add_failure(name, result.stdout)
        else:
            reporter.add_pass(name)

    return function


# Programs

def tap(reporter, name, output, code):
    """Counts a program's TAP; a plan that is not fulfilled is a failure."""
    planned = seen = 0
    for line in output.splitlines():
        if line.startswith("1.."):
            planned += int(line[3:])
        elif line.startswith(("ok ", "not ok ")):
            seen += 1
            test = f"{name}.{line.split(' - ', 1)[-1]}"
            what, _, reason = test.partition(" # SKIP")
            if line.startswith("not "):
                reporter.add_failure(test, output)
            elif what != test:
                reporter.add_skip(what, reason.strip() or "it says so")
            else:
                reporter.add_pass(test)
    if seen == 0 or seen != planned or (code and "not ok " not in output):
        reporter.add_failure(name, f"{seen} of {planned} tests ran, exit code {code}\n{output}")


def unit(program):
    def function(reporter):
        result = run([program], env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"}, timeout=HANG)
        tap(reporter, f"unit.{program.name}", result.stdout, result.returncode)

    return function


def fuzz(source):
    """From the seeds alone, so that no run is longer than the one before; the full run
    goes on from what it found, without what adds nothing."""
    folder = BUILD / "fuzz"
    program = folder / "tests" / "fuzz" / source.stem
    name = f"fuzz.{source.stem}"
    seeds = TOP / "tests" / "fuzz" / "seeds" / source.stem.removeprefix("fuzz_")

    def function(reporter):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
            kept = folder / "corpus" / source.stem
            if FULL and kept.is_dir():
                run([program, "-merge=1", f"-max_total_time={FUZZ_SECONDS}", corpus, kept])
            result = run([program, f"-runs={FUZZ_RUNS}", f"-max_total_time={FUZZ_SECONDS}",
                          f"-timeout={HANG}", f"-artifact_prefix={folder}/{source.stem}-",
                          corpus, seeds])
            if FULL:
                kept.mkdir(parents=True, exist_ok=True)
                for found in Path(corpus).iterdir():
                    (kept / found.name).write_bytes(found.read_bytes())
        if result.returncode or "Done " not in result.stdout:
            reporter.add_failure(name, f"exit code {result.returncode}\n{result.stdout[-4000:]}")
        else:
            reporter.add_pass(name)

    return function


# Classes

def broken(name, why):
    """What can't even be looked into."""
    return Item(name, lambda reporter: reporter.add_failure(name, why), guess=0)


def load(folder, path):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    module = importlib.import_module(path.stem)
    if Path(module.__file__) != path:
        raise ImportError(f"{module.__file__} has the same name")
    return module


def classes_of(module):
    return [thing for thing in vars(module).values()
            if isinstance(thing, type) and issubclass(thing, unittest.TestCase)
            and thing.__module__ == module.__name__ and not thing.__name__.startswith("_")]


def run_class(suite, tests):
    return lambda reporter: suite.run(Result(reporter, tests))


@contextlib.contextmanager
def folder_in_memory():
    """Where a file costs nothing, as trees have thousands; None if that is nowhere."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < 1 << 30:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tests-", dir=memory,
                                     ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # some programs run as somebody else
        yield folder


def with_temporary_files_in(folder, function):
    def there(reporter):
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        function(reporter)

    return there if folder else function


def slow(kind):
    return getattr(kind, "slow", False)


def class_items(part, needs):
    """One item for each class of a part. needs: a function of the class."""
    folder, pattern = CLASSES[part]
    folder = TOP / "tests" / folder
    items = []
    for path in sorted(folder.glob(pattern)):
        try:
            classes = classes_of(load(folder, path))
        except Exception as error:  # pylint: disable=broad-except
            items.append(broken(f"{part}.{path.stem}", f"{type(error).__name__}: {error}"))
            continue
        found = 0
        for each in classes:
            suite = unittest.defaultTestLoader.loadTestsFromTestCase(each)
            tests = [test.id() for test in suite]
            found += len(tests)
            if tests and not (QUICK and slow(each)):
                items.append(Item(f"{part}.{path.stem}.{each.__name__}",
                                  run_class(suite, tests), needs=needs(each), tests=tests,
                                  guess=GUESSES[part] * (SLOWER if slow(each) else 1),
                                  alone=getattr(each, "alone", False)))
        if not found and path.stem.startswith("test_"):
            items.append(broken(f"{part}.{path.stem}", "there is no test in it"))
    return items


# The emulated host needs root.

def install(kind):
    """The project, compiled for the root file system of a kind of emulated hosts."""
    def function(reporter):
        importlib.import_module("hosts").installed(kind)
        reporter.add_pass(install_of(kind))

    return function


def install_of(kind):
    return f"{INSTALL}.{kind.root}"


def on_host(function):
    """A class of emulated hosts; what was installed isn't so again."""
    def with_what_is_installed(reporter):
        hosts = importlib.import_module("hosts")
        hosts.installed = hosts.root_of
        function(reporter)

    return with_what_is_installed


def by_another_run(item, name, words=(), **variables):
    """The item, by this program once more, which tells the same."""
    def function(reporter):
        command = [*words, sys.executable, "-B", __file__, "--item", name]
        with subprocess.Popen(command, stdin=reporter.life, stdout=subprocess.PIPE,
                              env={**os.environ, **variables}) as process:
            lines = [reporter.pass_on(line) for line in process.stdout]
        if process.returncode or not lines:
            raise RuntimeError(f"the run of {name} ended with {process.returncode}")

    return Item(item.name, function, needs=item.needs, tests=item.tests, guess=item.guess,
                alone=item.alone)


def through_sudo(item):
    return by_another_run(item, item.name, ["sudo", "--preserve-env=" + ",".join(FOR_SUDO)])


def as_distributions_build(item):
    """The item with other programs than those that have the sanitizers in them."""
    twin = by_another_run(item, item.name, VIRT_HOSTDEV_PROGRAMS="gcc")
    twin.name = f"hardened.{item.name}"
    twin.needs = ["build.gcc"]
    return twin


def vm_items():
    kinds = {}

    def needs(each):
        """QEMU is always the first root file system's own."""
        hosts = importlib.import_module("hosts")
        some = [hosts.TRIXIE, *getattr(each, "kinds", [each.kind])]
        kinds.update((install_of(kind), kind) for kind in some)
        return list(dict.fromkeys(install_of(kind) for kind in some))

    items = class_items("vm", needs)
    for item in items:
        item.function = on_host(item.function)
        if ".compared." in item.name or ".kernels." in item.name:
            item.needs.append("build.gcc")  # what is compared is the fake kernel, or the tool
    return [*(Item(name, install(kind), guess=FIRST) for name, kind in kinds.items()), *items]


def run_one(name):
    """What by_another_run() has run: tells on stdout."""
    item = next(each for each in find_items() if each.name == name)
    results = os.dup(1)
    life = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        run_item(item, life, results)
    finally:
        if name.startswith("vm."):
            importlib.import_module("rootfs").give_to_caller(BUILD / "vm")
    return 0


# All of them

def find_items():
    """All that there is to run, and what is to be built for it."""
    built, fake = ("build.quick", "build.quick") if QUICK else ("build.asan", "build.gcc")
    items = [Item(f"unit.{source.stem}", unit(PROGRAMS / "tests" / "unit" / source.stem),
                  needs=[built], guess=GUESSES["unit"])
             for source in sorted(TOP.glob("tests/unit/test_*.c"))]
    items += class_items("cli", lambda _: [built])
    if not QUICK:
        items += [as_distributions_build(item) for item in items]
    items += class_items("fake", lambda _: [fake])
    if not QUICK:
        items += [Item(f"fuzz.{source.stem}", fuzz(source), needs=["build.fuzz"],
                       guess=GUESSES["fuzz"])
                  for source in sorted(TOP.glob("tests/fuzz/fuzz_*.c"))]
        items += [item if os.geteuid() == 0 else through_sudo(item) for item in vm_items()]
    return items + [Item(name, None, guess=FIRST) for name in BUILDS
                    if (name == "build.quick") == QUICK]


def choose(items, wanted, cpus):
    """The items that are wanted, and those that they need. Raises KeyError for a name
    that none has."""
    every = {item.name: item for item in items}
    names = []
    for each in wanted:
        some = [name for name in every if name == each or name.startswith(each + ".")]
        if not some:
            raise KeyError(each)
        names += some
    names = list(dict.fromkeys(names if wanted else every))
    for name in names:
        names += [need for need in every[name].needs if need not in names]
    builds = [name for name in names if name in BUILDS]
    for name in builds:
        every[name].function = build(name, max(1, cpus // len(builds)))
    return [every[name] for name in names]


def digest():
    """Of all sources; None where that can't be told."""
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=TOP,
                            capture_output=True, check=False)
    if listed.returncode:
        return None
    total = hashlib.sha256()
    for name in sorted(set(listed.stdout.split(b"\0")) - {b""}):
        path = TOP / os.fsdecode(name)
        total.update(name + b"\0")
        if path.is_file():
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Memory:
    """What is kept from run to run: how long each item took, and, of a full run, what
    is done."""

    def __init__(self):
        self._path = BUILD / "tests.json"
        try:
            self._all = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self._all = {}
        self._seconds = self._all.setdefault("seconds", {})
        if FULL:
            sources = digest()
            if not sources or self._all.get("sources") != sources:
                self._all.update(sources=sources, done={})

    def done(self, item):
        """What came of an item before, in a full run of the same sources; or None."""
        if FULL and item.name not in BUILDS and not item.name.startswith(INSTALL):
            return self._all["done"].get(item.name)
        return None

    def guess(self, item):
        if item.guess < FIRST and not FULL:
            item.guess = self._seconds.get(item.name, item.guess)

    def keep(self, item, outcome):
        if FULL:
            if not outcome.failed:
                self._all["done"][item.name] = outcome.counts()
        elif outcome.seconds:
            self._seconds[item.name] = round(outcome.seconds, 1)
        BUILD.mkdir(exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._all, indent=1))
        new.replace(self._path)


def print_slowest(outcomes, number=12):
    slowest = sorted(outcomes.items(), key=lambda each: -each[1].seconds)[:number]
    print("The slowest, in seconds, and of these processor time:")
    for name, outcome in slowest:
        print(f"  {outcome.seconds:6.0f} {outcome.busy:6.0f}  {name}")


def measure_slowness():
    """How many times longer a fixed piece of work takes than the half second of a free
    processor."""
    started = time.monotonic()
    total = 0
    for number in range(7500000):
        total += number
    return max(1.0, (time.monotonic() - started) / 0.5)


def ask_for_sudo():
    """Once, however long it takes."""
    with contextlib.suppress(OSError):  # each that needs it will say so
        subprocess.run(["sudo", "-v"], check=False)
        subprocess.Popen(["sh", "-c", "while sleep 60; do sudo -n -v; done"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)


def main(names):
    if names[:1] == ["--item"]:
        return run_one(names[1])
    os.environ["VIRT_HOSTDEV_SLOWNESS"] = f"{measure_slowness():.1f}"
    cpus = len(os.sched_getaffinity(0))
    memory = Memory()
    try:
        items = choose(find_items(), names, cpus)
    except KeyError as error:
        print(f"There is no test {error}.", file=sys.stderr)
        return 2
    report = Report(in_ci=bool(os.environ.get("CI")))
    started = time.monotonic()
    left = []
    for item in items:
        memory.guess(item)
        if before := memory.done(item):
            print(f"      {item.name} is done, with these sources")
            report.count(*before)
        else:
            left.append(item)
    if os.geteuid() != 0 and any(item.name.startswith("vm.") for item in left):
        ask_for_sudo()
    with folder_in_memory() as folder:
        for item in left:
            if item.name.startswith(("cli.", "hardened.cli.")):
                item.function = with_temporary_files_in(folder, item.function)
        outcomes = Pool(report, cpus, BUILD / "logs", memory.keep).run(left)
    print_slowest(outcomes)
    print(f"It took {time.monotonic() - started:.0f} seconds.")
    print(report.line())
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
