# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages and the completion say what --help says, and work."""

import functools
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import BUILD, tool

TOP = Path(__file__).resolve().parents[2]
MAN = BUILD / "packaging" / "man" / "virt-hostdev.1"
COMPLETION = BUILD / "packaging" / "completions" / "virt-hostdev"

VERB = re.compile(r"^  ([a-z]+) +(.*)$", re.M)
OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z-]+)(?: (\S+))?(?:  |$)", re.M)


@functools.cache
def verbs():
    """From --help: each verb with its arguments."""
    found = {}
    for verb, _ in VERB.findall(tool("--help").out.split("Verbs:\n")[1].split("\n\n")[0]):
        usage = tool(verb, "--help").out.splitlines()[0]
        found[verb] = usage.removeprefix(f"Usage: virt-hostdev {verb} [OPTION]... ")
    return found


@functools.cache
def options(verb):
    """From its --help: (letter, name, argument) of each option."""
    return OPTION.findall(tool(verb, "--help").out)


def roff(text):
    return text.replace("-", "\\-").replace("'", "\\(aq")


class Pages(unittest.TestCase):
    def test_manual_has_every_verb_and_option(self):
        page = MAN.read_text()
        parts = dict(re.findall(r"^\.SS (\S+)(.*?)(?=^\.S[SH] )", page, re.M | re.S))
        shared = page.split("\n.SH OPTIONS\n")[1].split("\n.SH ")[0]
        self.assertEqual(list(parts), list(verbs()))
        for verb, arguments in verbs().items():
            self.assertTrue(parts[verb].startswith(roff(f" [OPTION]... {arguments}".rstrip() + "\n")))
            self.assertGreater(len(options(verb)), 0)
            for letter, name, argument in options(verb):
                tag = roff(f"\\fB-{letter}\\fR, " if letter else "") + roff(f"\\fB--{name}\\fR") + \
                    (f" \\fI{roff(argument)}\\fR" if argument else "")
                self.assertTrue(f".TP\n{tag}\n" in parts[verb] or
                                f".TP\n{tag}\n" in shared and f"\\-\\-{roff(name)}" in parts[verb],
                                f"{verb} --{name}")

    def test_manual_names_no_other_option(self):
        known = {name for verb in verbs() for _, name, _ in options(verb)}
        named = set(re.findall(r"\\-\\-([a-z](?:[a-z]|\\-)*)", MAN.read_text()))
        self.assertEqual({name.replace("\\", "") for name in named} - known, set())

    def test_what_is_to_be_typed_is_there(self):
        """In code of the texts for people: verbs, and options that each has."""
        for path in TOP / "README.md", *(TOP / "docs").glob("*.md"), *(TOP / "examples").glob("*.md"):
            typed = re.findall(r"(?:^    |`)virt-hostdev ([a-z]+)([^`\n#]*)", path.read_text(), re.M)
            self.assertTrue(typed, path)
            for verb, rest in typed:
                with self.subTest(f"{path.name}: {verb}{rest}"):
                    self.assertIn(verb, verbs())
                    known = {name for _, name, _ in options(verb)}
                    self.assertEqual(set(re.findall(r" --([a-z-]+)", rest)) - known, set())

    def test_completion_has_every_verb_and_option(self):
        lines = COMPLETION.read_text().splitlines()
        for verb, arguments in verbs().items():
            self.assertIn(f"{verb} - - {arguments}", lines)
            for letter, name, argument in options(verb):
                self.assertIn(f"{verb} --{name} -{letter} {argument}", lines)

    def test_completion_knows_every_kind_of_argument(self):
        known = re.findall(r"^\t([A-Z].*?)\)", COMPLETION.read_text(), re.M)
        known = {word for line in known for word in line.split(" | ")}
        named = [*verbs().values(), *(o[2] for verb in verbs() for o in options(verb))]
        kinds = {word for text in named for word in re.findall(r"[A-Z][A-Z-]*", text)}
        self.assertEqual(kinds - known, set())

    def test_another_test_uses_every_verb_and_option(self):
        tests = "\n".join(path.read_text() for pattern in ("*.py", "*.golden")
                          for path in sorted((TOP / "tests").rglob(pattern))
                          if path.name != Path(__file__).name)
        unused = []
        for verb in verbs():
            if not re.search(rf'\w\("{verb}"|TOOL, "{verb}"|virt-hostdev {verb}\b', tests):
                unused.append(verb)
            unused += [f"{verb} --{name}" for letter, name, _ in options(verb)
                       if not re.search(rf"--{name}\b" + (rf'|[" ]-{letter}[" ]' if letter else ""),
                                        tests)]
        self.assertEqual(unused, [])

    def test_templates_list_nothing_themselves(self):
        for page in (MAN, COMPLETION):
            template = Path(TOP, page.relative_to(BUILD).with_name(page.name + ".in")).read_text()
            self.assertNotRegex(template, r"\.(TP|BR?) ?\n?.*\\-[a-zA-Z]\W+\\-\\-")
            for verb in verbs():
                self.assertNotRegex(template, rf"(?m)^(\.SS )?{verb}( |$)")

    def test_roff_is_clean(self):
        if not shutil.which("groff"):
            self.skipTest("there is no groff")
        for page in (MAN, TOP / "packaging" / "man" / "virt-hostdev-hook.7"):
            result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], text=True,
                                    stderr=subprocess.PIPE, check=True)
            self.assertEqual(result.stderr, "", page)


class Completion(unittest.TestCase):
    """In bash, with a libvirt and a host that know two of each."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        place = Path(cls.folder.name)
        for name, said in (("virsh", "win11\nold box\n"),
                           ("virt-hostdev", "ADDRESS\n0000:01:00.0 x\n10000:e1:00.0 x\n")):
            (place / name).write_text(f"#!/bin/sh\ncat <<'EOF'\n{said}EOF\n")
            (place / name).chmod(0o755)
        (place / "here").mkdir()
        (place / "here" / "guest.xml").touch()
        (place / "here" / "folder").mkdir()

    def complete(self, line):
        """What bash would offer for the last word, given as it breaks words."""
        words = [part for word in line.split(" ") for part in re.split(r"([:=]+)", word)
                 if part or not word]
        script = ('compopt() { :; }; . "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  '_virt_hostdev; printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(["bash", "--norc", "-c", script, COMPLETION, *words], text=True,
                                cwd=Path(self.folder.name, "here"), capture_output=True,
                                env={**os.environ, "PATH": f"{self.folder.name}:/usr/bin:/bin"},
                                check=True)
        self.assertEqual(result.stderr, "")
        return sorted(result.stdout.split("\n")[:-1]) if result.stdout.strip() else []

    ADDRESSES = ["pci_0000_01_00_0", "pci_10000_e1_00_0"]
    FILES = ["folder", "guest.xml"]
    GUESTS = ["old box", "win11"]

    def test_verbs_and_options(self):
        self.assertEqual(self.complete("virt-hostdev "), sorted([*verbs(), "--help", "--version"]))
        for verb in verbs():
            self.assertEqual(self.complete(f"virt-hostdev {verb} --"),
                             sorted(f"--{name}" for _, name, _ in options(verb)))

    def test_arguments(self):
        for line, offered in (
                ("list ", []),
                ("show ", self.ADDRESSES), ("show 01:00.0 ", []), ("show pci_1", self.ADDRESSES[1:]),
                ("xml --siblings 01:00.0 ", self.ADDRESSES),
                ("check ", self.FILES + self.GUESTS), ("check g", ["guest.xml"]),
                ("check --all -c qemu:///system w", ["win11"]),
                ("attach ", self.GUESTS), ("attach win11 ", self.ADDRESSES),
                ("attach -m yes win11 01:00.0 ", self.ADDRESSES),
                ("pin - ", self.ADDRESSES),
                ("log ", self.GUESTS), ("capture ", self.FILES),
                ("doctor ", self.ADDRESSES + self.FILES + self.GUESTS)):
            with self.subTest(line):
                self.assertEqual(self.complete("virt-hostdev " + line), sorted(offered))

    def test_arguments_of_options(self):
        for line, offered in (
                ("check --root ", self.FILES + ["folder"]), ("check --root=g", ["guest.xml"]),
                ("xml -m ", ["no", "yes"]), ("xml -s ", self.ADDRESSES),
                ("xml --as=i", ["interface"]), ("xml --rom o", ["off"]),
                ("xml --mac ", []), ("xml --guest-address ", ["auto"]),
                ("xml -f ", self.FILES + self.GUESTS),
                ("plan -c q", ["qemu:///system"]), ("plan -c qemu:", ["///system"]),
                ("plan --connect=qemu:///s", ["///system"]),
                ("bind --allow ", [f"{each}=" for each in self.ADDRESSES]),
                ("bind --allow 0000:01:00.0=def", ["default-route"]),
                ("rewrite -s boot", ["boot.order="]),
                ("rewrite -s pci_0000_01_00_0:ro", ["rom.bar=", "rom.enabled=", "rom.file="]),
                ("rewrite --set boot.order=", []),
                ("rewrite --replace pci_0000_01_00_0=pci_1", self.ADDRESSES[1:])):
            with self.subTest(line):
                self.assertEqual(self.complete("virt-hostdev " + line), sorted(offered))
