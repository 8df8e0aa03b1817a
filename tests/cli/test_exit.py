# SPDX-License-Identifier: GPL-2.0-or-later
"""Each verb ends with each exit code that its --help and the manual name."""

import re
import tempfile
import unittest
from pathlib import Path

from program import BUILD, TOOL, domain, hostdev, run, tool
from tree import usual

MAN = BUILD / "packaging" / "man" / "virt-hostdev.1"

FINE, FAILED, USAGE, UNKNOWN, UNREACHABLE = range(5)

NIC, GPU, GONE = "02:00.0", "01:00.0", "09:00.0"
NO_LIBVIRT = ("-c", "qemu+unix:///system?socket=/nonexistent")
TEST = ("-c", "test:///default")

# By verb and code: the command line, and what stands on standard input. ROOT is a copied
# host, LOOP one in which a link leads to itself where a file should be. Without a command
# line it is --help, which always works, or can't be written: what changes this machine is
# not tried on it, but on the fake kernel.
CASES = {
    "list": {FINE: "--root ROOT", FAILED: "--root /nonexistent", USAGE: "x",
             UNKNOWN: "--root LOOP"},
    "show": {FINE: f"--root ROOT {NIC}", FAILED: f"--root ROOT {GONE}", USAGE: "x",
             UNKNOWN: f"--root LOOP {NIC}"},
    "xml": {FINE: f"--root ROOT {NIC}", FAILED: f"--root ROOT {GONE}", USAGE: "x",
            UNREACHABLE: (*NO_LIBVIRT, "--root", "ROOT", "--for", "guest", NIC)},
    "check": {FINE: ("--root ROOT -", hostdev(2)), FAILED: ("--root ROOT -", hostdev(1)),
              USAGE: "", UNKNOWN: ("--root LOOP -", hostdev(2)),
              UNREACHABLE: (*NO_LIBVIRT, "guest")},
    "plan": {FINE: ("--root ROOT -", hostdev(2)), FAILED: ("--root ROOT -", hostdev(1)),
             USAGE: "", UNKNOWN: ("--root LOOP -", hostdev(2)),
             UNREACHABLE: (*NO_LIBVIRT, "guest")},
    "bind": {FINE: None, FAILED: None, USAGE: "x"},
    "release": {FINE: None, FAILED: None, USAGE: "x"},
    "status": {FINE: "--root ROOT", FAILED: "--root /nonexistent", USAGE: "x",
               UNKNOWN: "--root LOOP"},
    "recover": {FINE: None, FAILED: None, USAGE: "x"},
    "log": {FINE: "--root ROOT", FAILED: "--root /nonexistent", USAGE: "a b",
            UNKNOWN: "--root LOOP"},
    "pin": {FINE: None, FAILED: "--root ROOT /nonexistent", USAGE: ("--root ROOT -", ""),
            UNREACHABLE: (*NO_LIBVIRT, "guest")},
    "allow": {FINE: None, FAILED: "/nonexistent --siblings", USAGE: "",
              UNREACHABLE: (*NO_LIBVIRT, "guest", "--siblings")},
    "rewrite": {FINE: ("- --tidy", hostdev(2)), FAILED: "/nonexistent --tidy", USAGE: "-",
                UNREACHABLE: (*NO_LIBVIRT, "guest", "--tidy")},
    "capture": {FINE: "--root ROOT FILE", FAILED: "--root ROOT /nonexistent/x", USAGE: "a b"},
    "attach": {FINE: None, FAILED: None, USAGE: "guest",
               UNREACHABLE: (*NO_LIBVIRT, "guest", NIC)},
    "detach": {FINE: None, FAILED: None, USAGE: "guest",
               UNREACHABLE: (*NO_LIBVIRT, "guest", NIC)},
    "explain": {FINE: ("-", None), FAILED: "/nonexistent", USAGE: "--since yesterday",
                UNKNOWN: "--root LOOP"},
    # That it is fine is seen in test_doctor, which has such a host.
    "doctor": {FINE: None, FAILED: ("--root ROOT -", hostdev(1)), USAGE: f"{NIC} x",
               UNKNOWN: "--root LOOP", UNREACHABLE: (*NO_LIBVIRT, "guest")},
    # That it is fine is seen in cli.test_rom, which has such a host.
    "rom": {FINE: None, FAILED: f"--root ROOT {GONE}", USAGE: "x", UNKNOWN: f"--root ROOT {GPU}"},
}


def codes(text):
    """From "Exit status: 0 fine, 1 failed or refused.": what each of them means."""
    line, = re.findall(r"^Exit status: (.*)\.$", text, re.M)
    return {int(part[0]): part[2:] for part in line.split(", ")}


class Exit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.places = {word: Path(folder.name) / word.lower() for word in ("ROOT", "LOOP", "FILE")}
        for word in ("ROOT", "LOOP"):
            cls.places[word].mkdir()
            usual(cls.places[word])
        loop = cls.places["LOOP"]
        (loop / "var/log/libvirt/qemu").mkdir(parents=True)
        (loop / "run/virt-hostdev").mkdir(parents=True)
        for path in (*(device / "vendor" for device in (loop / "sys/devices/pci0000:00").iterdir()),
                     loop / "sys/kernel/iommu_groups", loop / "run/virt-hostdev/claims",
                     loop / "run/virt-hostdev/log", loop / "var/log/dmesg"):
            if path.is_dir():
                path.rename(path.with_name("moved"))
            path.unlink(missing_ok=True)
            path.symlink_to(path.name)

    def words(self, verb, case):
        """The command line of a case, and its standard input."""
        stdin = ""
        if isinstance(case, tuple) and not case[0].startswith("-c"):
            case, stdin = case
            stdin = domain(stdin) if stdin else ""
        words = case.split() if isinstance(case, str) else case
        return [TOOL, verb, *(self.places.get(word, word) for word in words)], stdin

    def test_each_code_of_each_verb(self):
        for verb, cases in CASES.items():
            for code, case in cases.items():
                with self.subTest(f"{verb} {code}"):
                    if case is not None:
                        words, stdin = self.words(verb, case)
                        result = run(words, stdin)
                    elif code == FINE:
                        result = tool(verb, "--help")
                    else:
                        result = run(["sh", "-c", '"$0" "$1" --help >/dev/full', TOOL, verb])
                    self.assertEqual(result.returncode, code, result.err + result.out)
                    if code in (USAGE, UNREACHABLE):
                        self.assertEqual(result.out, "")
                        self.assertRegex(result.err, "^virt-hostdev: ")

    def test_bad_input(self):
        """What can't be read as a domain is neither refused nor unknown."""
        large = b" " * (16 << 20) + b"<a/>"
        verbs = {"check": (), "plan": (), "pin": (), "doctor": (), "xml": (), "rewrite": ("--tidy",),
                 "allow": ("--siblings",)}
        for verb, options in verbs.items():
            words = ("--for", "-", NIC) if verb == "xml" else ("-", *options)
            root = () if verb == "rewrite" else ("--root", self.places["ROOT"])
            for text in (b"", b"<domain>\n<nam></name>", b"<network/>", b"\0", large):
                with self.subTest(verb, text=text[:20]):
                    result = run([TOOL, verb, *root, *words], text)
                    self.assertEqual((result.returncode, result.out), (USAGE, ""), result.err)
                    self.assertEqual(len(result.err.splitlines()), 1)

    def test_help_names_them(self):
        known = codes(tool("--help").out)
        self.assertEqual(list(known), [FINE, FAILED, USAGE, UNKNOWN, UNREACHABLE])
        verbs = re.findall(r"^  ([a-z]+) ", tool("--help").out, re.M)
        self.assertEqual(set(CASES), set(verbs))
        for verb in verbs:
            with self.subTest(verb):
                named = codes(tool(verb, "--help").out)
                self.assertEqual(named, {code: known[code] for code in named})
                self.assertEqual(set(CASES[verb]), set(named), "a case for each")

    def test_manual_names_them(self):
        page = MAN.read_text().replace("\\(aq", "'")
        section = page.split("\n.SH EXIT STATUS\n")[1].split("\n.SH ")[0]
        told = {int(code): text for code, text in re.findall(r"^\.TP\n(\d)\n(.*)\.$", section, re.M)}
        self.assertEqual({code: text[0].lower() + text[1:] for code, text in told.items()},
                         codes(tool("--help").out))
        parts = dict(re.findall(r"^\.SS (\S+)(.*?)(?=^\.S[SH] )", page, re.M | re.S))
        for verb, cases in CASES.items():
            named, = re.findall(r"^Exit status (.*): see", parts[verb], re.M)
            self.assertEqual({int(code) for code in named.split(", ")}, set(cases))
