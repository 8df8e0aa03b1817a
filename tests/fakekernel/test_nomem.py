# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory runs out while a domain is read: the answer is the same, or there is none."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import devicetree
from program import domain, hostdev
from roms import image, vfct
from setting import BUILD, FULL, HANG, rounds
from test_doctor import ARM, EXITS, HEALTHY, _OnHost
from test_every_write import HOOK, TOOL, OnFakeKernel
from tree import usual

NOMEM = BUILD / "gcc" / "tests/faults/nomem.so"

METADATA = ("<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'><h:siblings policy='bind'/>"
            "<h:device address='0000:02:00.0' id='8086:10d3' class='020000' revision='00'/>"
            "</h:hostdev></metadata>")
GUEST = domain(hostdev(2), hostdev(3),
               name="g&amp;<!-- -->1", metadata=METADATA + "<memory unit='MiB'>1024</memory>"
               "<os><type arch='x86_64' machine='q35'>hvm</type></os>")


class Tool(unittest.TestCase):
    def setUp(self):
        self.top = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.tree = usual(self.top / "host")
        self.tree.device("0000:03:00.0", driver="e1000e", group=3)
        (self.top / "guest.xml").write_text(GUEST)

    def run_tool(self, words, **faults):
        """Of a folder of its own, as it may write there: code, both outputs, the file."""
        with tempfile.TemporaryDirectory(dir=self.top) as folder:
            shutil.copy(self.top / "guest.xml", folder)
            result = subprocess.run(
                [TOOL, words[0], "--root", self.top / "host", *words[1:]], cwd=folder,
                env={**os.environ, "LD_PRELOAD": str(NOMEM), **faults}, check=False,
                stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG)
            left = sorted(path.name for path in Path(folder).iterdir())
            return (result.returncode, result.stdout, result.stderr, left,
                    (Path(folder) / "guest.xml").read_bytes())

    def count(self, words):
        file = self.top / "count"
        self.run_tool(words, NOMEM_COUNT=str(file))
        return int(file.read_text())

    def each(self, *words):
        good = self.run_tool(words)
        self.assertEqual((good[0], good[3]), (0, ["guest.xml"]), good[2])
        number = self.count(words)
        self.assertGreater(number, 100)
        for fault, step in (("NOMEM_K", 1), ("NOMEM_FROM", 1 if FULL else 7)):
            self.fail_each(words, fault, range(1, (number if FULL else min(number, 1000)) + 1, step),
                           good)

    def fail_each(self, words, fault, numbers, good, signals=()):
        cases = [{fault: str(k)} for k in numbers]
        with ThreadPoolExecutor() as pool:
            for case, got in zip(cases, pool.map(lambda case: self.run_tool(words, **case), cases)):
                with self.subTest(words=words, **case):
                    if got[0] in signals:
                        self.assertEqual(got[3:], (["guest.xml"], GUEST.encode()))
                    elif got[0] != 0:
                        self.assertGreater(got[0], 0, "a signal")
                        self.assertTrue(got[2].strip(), "a sentence")
                        self.assertEqual(got[3:], (["guest.xml"], GUEST.encode()))
                    else:
                        self.assertEqual((got[1], *got[3:]), (good[1], *good[3:]))
                        # libxml2 may have found nothing to say against the domain.
                        if got[2] not in (good[2], b""):
                            self.assertRegex(got[2], rb"is not (validated|known): |doesn't allow the")

    def every(self, words, step):
        """What some of the allocations lead to, by the name and number of the fault. That
        which fails alone, and that from which on all fail."""
        number = self.count(words)
        cases = [{name: str(k)} for name, each in (("NOMEM_K", step), ("NOMEM_FROM", 5 * step))
                 for k in range(1, number + 1, 1 if FULL else each)]
        with ThreadPoolExecutor() as pool:
            yield from zip(cases, pool.map(lambda case: self.run_tool(words, **case), cases))

    def assert_told(self, case, got, judge):
        """A sentence and no answer, or an answer that judge() finds right."""
        code, out, err, *_ = got
        with self.subTest(**case):
            self.assertIn(code, (0, 1, 3), got)
            if out:
                judge(code, json.loads(out))
            else:
                self.assertTrue(code and err.strip(), got)

    @staticmethod
    def without_names(value):
        """For a name there may be no memory."""
        if isinstance(value, dict):
            return {key: Tool.without_names(each) for key, each in value.items()
                    if key not in ("name", "class_name")}
        return [Tool.without_names(each) for each in value] if isinstance(value, list) else value

    def test_what_a_host_has(self):
        self.tree.device("0000:04:00.0", 0x1002, 0x73bf, 0x030000)
        tables = self.top / "host/sys/firmware/acpi/tables"
        tables.mkdir(parents=True)
        (tables / "VFCT").write_bytes(vfct(
            (4, 0, 0, 0x1002, 0x73bf, image(0x1002, 0x73bf, sums_up=False))))
        for step, *words in ((7, "list"), (7, "show", "0000:01:00.0"), (1, "status"),
                             (1, "rom", "0000:04:00.0")):
            code, out, *_ = self.run_tool([*words, "--json"])
            good = self.without_names(json.loads(out))
            self.assertEqual(code, 0)
            for case, got in self.every([*words, "--json"], step):
                self.assert_told({"words": words, **case}, got, lambda code, report: (
                    self.assertEqual((code, self.without_names(report)), (0, good))))

    def test_check(self):
        self.each("check", "guest.xml")

    def test_plan(self):
        self.each("plan", "guest.xml")

    def test_pin(self):
        self.each("pin", "guest.xml")

    def test_xml(self):
        self.each("xml", "10000:e1:00.0", "--libvirt", "9.0", "--for", "guest.xml")

    def test_rewrite(self):
        """The schema alone takes 70,000, all of it libxml2's, and before anything is written.
        When nothing at all is left libxml2 2.9 doesn't survive its reading."""
        words = ("rewrite", "guest.xml", "--in-place", "--set", "rom.bar=off", "--add", "01:00.1")
        good = self.run_tool(words)
        number, begin, end = self.count(words), 700, rounds(100, 700)
        self.assertGreater(number, begin + end)
        for fault, step in (("NOMEM_K", 1), ("NOMEM_FROM", 1 if FULL else 7)):
            self.fail_each(words, fault, range(1, begin, step), good)
            self.fail_each(words, fault, range(begin, number - end, 97 if FULL else 7000), good,
                           signals=(-signal.SIGSEGV,))
            self.fail_each(words, fault, range(number - end, number + 1, step), good)


class Doctor(_OnHost):
    """What is said of a host is never better, nor worse, than it is."""
    slow = True
    count, every, assert_told = Tool.count, Tool.every, Tool.assert_told

    def run_tool(self, words, **faults):
        result = subprocess.run([TOOL, *words, "--root", self.root], check=False,
                                env={**os.environ, "LD_PRELOAD": str(NOMEM), **faults},
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG)
        return result.returncode, result.stdout, result.stderr

    def each(self, step, *more):
        self.top = self.folder
        words = ["doctor", "--json", *more]
        good = json.loads(self.run_tool(words)[1])
        statuses = {(each["id"], each["address"]): each["status"] for each in good["checks"]}
        verdicts = good["summary"]["verdict"], "unknown"

        def judge(code, report):
            self.assertIn(report["summary"]["verdict"], verdicts)
            self.assertEqual(code, EXITS[report["summary"]["verdict"]])
            self.assertTrue(report["summary"]["message"])
            for each in report["checks"]:
                known = statuses[each["id"], each["address"]]
                self.assertIn(each["status"], (known, "unknown", "skip"), each)
        for case, got in self.every(words, step):
            self.assert_told(case, got, judge)
        return verdicts[0]

    def test_good(self):
        self.make(HEALTHY)
        self.assertEqual(self.each(19), "good")

    def test_unknown(self):
        self.assertEqual(self.each(19), "unknown")

    def test_device_tree(self):
        path = self.folder / "board.dtb"
        path.write_bytes(devicetree.blob("virt-reserved"))
        self.assertEqual(self.each(1, "--dtb", str(path)), "good")

    def test_device_tree_of_the_host(self):
        self.make(HEALTHY | devicetree.live("virt-iommus") | {"proc/cpuinfo": ARM})
        self.assertEqual(self.each(19), "bad")


class Hook(OnFakeKernel):
    """The second program, which reads the domain."""

    HOST = ("device 0000:02:00.0 8086:10d3 020000 driver=e1000e group=2\n"
            "device 0000:03:00.0 8086:10d3 020000 driver=e1000e group=3\n")
    GUEST = domain(hostdev(2), hostdev(3))

    def prepare(self, **faults):
        return self.hook("prepare", self.GUEST, **faults)

    def hook(self, event, xml, name="guest", **faults):
        # Not what starts it: that is a shell.
        words = ["env", f"LD_PRELOAD={NOMEM}", *[f"{key}={value}" for key, value in faults.items()]]
        return self.kernel.run([*(words if faults else []), HOOK, name, event, "begin", "-"],
                               stdin=xml)

    def test_both_devices_are_taken_or_none(self):
        self.boot(self.HOST)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "count"
            self.good(self.prepare(NOMEM_COUNT=str(file)))
            number = int(file.read_text())
        taken = self.kernel.state()
        self.good(self.hook("release", self.GUEST))
        self.assertGreater(number, 200)
        for k in range(1, number + 1, 1 if FULL else 3):
            with self.subTest(k=k):
                result = self.prepare(NOMEM_K=str(k))
                self.assertIn(result.rc, (0, 1), result)
                if result.rc == 0:
                    self.assertEqual(self.kernel.state(), taken)
                else:
                    self.assertTrue(result.err.strip())
                self.hook("release", self.GUEST)
                self.assert_as_it_was()


    def test_who_is_refused_is_told(self):
        """A sentence, of which the name of a device is a part."""
        self.boot("device 0000:02:00.0 8086:10d3 020000 driver=e1000e group=2\n"
                  "device 0000:02:00.1 8086:10d3 020000 driver=e1000e group=2\n")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "count"
            good = self.hook("prepare", domain(hostdev(2)), NOMEM_COUNT=str(file))
            number = int(file.read_text())
        self.assertIn("(Intel Corporation 82574L Gigabit Network Connection, ", good.err)
        for k in range(1, number + 1, 1 if FULL else 3):
            with self.subTest(k=k):
                result = self.hook("prepare", domain(hostdev(2)), NOMEM_K=str(k))
                self.assertEqual((result.rc, result.out), (1, ""), result)
                self.assertTrue(result.err.strip())
                self.assert_as_it_was()


class Bounded(unittest.TestCase):
    """Twice as much takes twice the memory, and nothing that is too much takes any."""

    setUp, run_tool, count = Tool.setUp, Tool.run_tool, Tool.count

    def guest(self, metadata="", devices="", top=""):
        (self.top / "guest.xml").write_text(domain(
            hostdev(2), devices, metadata="<metadata><h:hostdev xmlns:h='urn:virt-hostdev:1'>"
            f"{metadata}</h:hostdev></metadata>{top}"))

    PIN = "<h:device address='0000:02:00.0' id='8086:10d4'/>\n"
    ALLOW = "<h:allow address='0000:02:00.0' critical='mount'/>\n"

    def test_work_grows_as_the_domain_does(self):
        for make in (lambda n: self.guest(self.PIN * n), lambda n: self.guest(self.ALLOW * n),
                     lambda n: self.guest(devices=hostdev(2) * n),
                     lambda n: self.guest(devices=hostdev(3) * n),
                     lambda n: self.guest(top="<a x='1'>t<!-- c --></a>" * n),
                     lambda n: self.guest("<h:x/>" * n)):
            for words in (("check", "guest.xml"), ("plan", "guest.xml"),
                          ("rewrite", "guest.xml", "--tidy")):
                counts = []
                for n in (250, 500, 1000):
                    make(n)
                    counts.append(self.count(words))
                with self.subTest(words=words, counts=counts):
                    first, second = counts[1] - counts[0], counts[2] - counts[1]
                    self.assertLess(second, 2.5 * max(first, 100))

    def test_too_much_is_refused_with_its_line(self):
        for words, arguments in (
                ("more than 8192 elements", {"metadata": self.PIN * 60000}),
                ("more than 8192 elements", {"metadata": self.ALLOW * 80000}),
                ("more than 8192 elements", {"metadata": "<h:new/>\n" * 60000}),
                ("more than 4096 devices", {"devices": hostdev(2) * 40000}),
                ("more than 1024 attributes",
                 {"top": "<a " + " ".join(f"a{i}=''" for i in range(60000)) + "/>"}),
                ("more than 1024 attributes",
                 {"top": "<a " + " ".join(f"xmlns:a{i}='u'" for i in range(60000)) + "/>"}),
                ("more than 1024 declarations", {"top": "<a xmlns:b='u'/>" * 60000}),
                ("depth", {"top": "<a>" * 60000 + "</a>" * 60000}),
                ("not defined", {"top": "<a>&lol;</a>" * 60000}),
                ("NUL", {"top": "<a>\0</a>"}),
                ("line ", {"top": "<a>\x01</a>"}),
                ("line ", {"top": f"<{'a' * 60000}>"}),
                ("has more than 1023 bytes", {"top": ""})):
            self.guest(**arguments)
            if "1023" in words:
                (self.top / "guest.xml").write_text(domain(hostdev(2), name="g" * 100000))
            for verb in (("check", "guest.xml"), ("rewrite", "guest.xml", "--tidy")):
                with self.subTest(words=words, verb=verb[0]):
                    code, out, err, _, _ = self.run_tool(verb)
                    self.assertIn(code, (1, 2))
                    self.assertEqual(out, b"")
                    # The first of them that isn't known will do for who wants to act on it.
                    known = "<h:new/>" not in arguments.get("metadata", "") or verb[0] == "check"
                    self.assertIn(words if known else "is not known", err.decode())
                    self.assertIn("line ", err.decode())
                    self.assertEqual(len(err.splitlines()), 1 if known else 2, err)
                    self.assertLess(len(err), 600)
