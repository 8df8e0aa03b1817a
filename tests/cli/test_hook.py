# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook as libvirt calls it, where no device is needed for that."""

import os
import shutil
import tempfile
import unittest
from pathlib import Path

from program import BUILD, HOOK, domain, hostdev, run

EVENTS = ("prepare", "start", "started", "stopped", "release", "migrate", "restore",
          "reconnect", "attach")

# A /run of its own; an ordinary user becomes root of a user namespace.
ISOLATED = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]),
            "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh"]

ABSENT = hostdev(0xfe, 0x1f, 7, domain_number=0xfffe)


def hook(operation, stdin="", name="guest", extra="-", more=()):
    return run([*ISOLATED, HOOK, name, operation, "begin", extra, *more], stdin)


class Hook(unittest.TestCase):
    def assert_quiet(self, result, code=0):
        self.assertEqual((result.returncode, result.out, result.err), (code, "", ""))

    def assert_refused(self, result, words):
        self.assertEqual((result.returncode, result.out), (1, ""), result.err)
        first = result.err.splitlines()[0]
        self.assertIn(words, first)
        self.assertTrue(first.endswith("."), first)

    def test_guest_without_devices(self):
        for event in EVENTS:
            self.assert_quiet(hook(event, domain()))

    def test_no_handler_means_success_whatever_is_on_stdin(self):
        for event in ("started", "stopped", "reconnect", "attach", "an-event-of-the-future"):
            for stdin in ("", "<domain", b"\xff\0" * 1000, domain(ABSENT)):
                self.assert_quiet(hook(event, stdin))

    def test_prepare_and_start_refuse_what_they_can_not_read(self):
        for event in ("prepare", "start"):
            self.assert_refused(hook(event, "<domain>\n<name>"),
                                "Guest 'guest' is not started: line 2 of the XML: ")
            self.assert_refused(hook(event, ""), "the XML is empty")
            self.assert_refused(hook(event, " " * (16 << 20) + "<a/>"), "16 MiB")
            self.assert_refused(hook(event, "<!DOCTYPE d><domain/>"), "document type")

    def test_filters_are_silent_but_for_what_they_can_not_read(self):
        """Any output would be taken for the guest's new XML."""
        for event in ("migrate", "restore"):
            self.assert_quiet(hook(event, domain(ABSENT)))
            self.assert_refused(hook(event, "<domain>\n<name>"),
                                "Guest 'guest' can't come here: line 2 of the XML: ")
            self.assert_refused(hook(event, ""), "the XML is empty")

    def test_refusal_names_the_device_then_the_fix(self):
        for event in ("prepare", "start"):
            result = hook(event, domain(ABSENT))
            self.assert_refused(result, "fffe:fe:1f.7")
            self.assertEqual(result.err.splitlines()[1],
                             "Fix: See which devices are there: virt-hostdev list")

    def test_release_never_needs_the_document(self):
        for stdin in ("", "<domain", b"\0", domain(ABSENT)):
            self.assert_quiet(hook("release", stdin))

    def test_names_and_extra_arguments_are_data(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        trap = os.path.join(folder.name, "trap")
        names = ("two words", f"$(touch {trap})", f"`touch {trap}`", f"; touch {trap}",
                 "new\nline", "-rf", "", "'", '"', "a" * 255, b"\xff\xfe", "../../x",
                 "\x1b[31m")
        for name in names:
            for extra in ("-", "from snapshot", f"$(touch {trap})"):
                self.assert_quiet(hook("prepare", domain(), name, extra))
                self.assert_quiet(hook("release", domain(), name, extra))
        self.assertFalse(os.path.exists(trap))

    def test_sentence_stays_on_its_line(self):
        result = hook("prepare", "<domain", name="a\nb\x1b[31m")
        self.assertIn("Guest 'a\\x0ab\\x1b[31m' is not started", result.err.splitlines()[0])

    def test_domain_without_uuid(self):
        text = domain(ABSENT).replace("<uuid>6ba7b810-9dad-11d1-80b4-00c04fd430c8</uuid>", "")
        self.assert_refused(hook("prepare", text), "no valid UUID")

    def test_wrong_number_of_arguments(self):
        result = run([*ISOLATED, HOOK])
        self.assertEqual(result.returncode, 2)
        self.assertIn("libvirt hook", result.err)
        self.assertEqual(hook("prepare", domain(), more=["x"]).returncode, 2)

    def test_closed_standard_files(self):
        result = run([*ISOLATED, "sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", HOOK, "guest",
                      "release", "end", "-"])
        self.assertEqual(result.returncode, 0)

    def test_state_folder_that_others_can_write_is_not_trusted(self):
        script = 'mkdir -m 777 /run/virt-hostdev && exec "$@"'
        result = run([*ISOLATED, "sh", "-c", script, "sh", HOOK, "guest", "prepare", "begin",
                      "-"], domain(ABSENT))
        self.assert_refused(result, "can't be trusted")
        script = 'mkdir /run/other && ln -s other /run/virt-hostdev && exec "$@"'
        result = run([*ISOLATED, "sh", "-c", script, "sh", HOOK, "guest", "prepare", "begin",
                      "-"], domain(ABSENT))
        self.assert_refused(result, "cannot open /run/virt-hostdev")

    def test_not_root_means_nothing_to_do(self):
        command = [HOOK]
        if os.geteuid() == 0:
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            os.chmod(folder.name, 0o755)
            command = ["setpriv", "--reuid=65534", "--clear-groups",
                       shutil.copy(HOOK, folder.name)]
        for event in EVENTS:
            self.assert_quiet(run([*command, "guest", event, "begin", "-"], domain(ABSENT)))
        self.assert_quiet(run(command))


class Linking(unittest.TestCase):
    def test_hook_never_links_libvirt(self):
        for folder in ("gcc", "clang", "asan"):
            program = BUILD.parent / folder / "hooks/qemu"
            if not program.exists():
                continue
            dynamic = run(["readelf", "--dynamic", program]).out
            needed = [line for line in dynamic.splitlines() if "(NEEDED)" in line]
            self.assertTrue(any("libc.so" in line for line in needed))
            self.assertFalse([line for line in needed if "libvirt" in line])
            # All others are loaded for guests with devices alone.
            if folder != "asan":
                self.assertEqual(len(needed), 1, needed)

    def test_library_never_ends_the_process(self):
        """No abort, exit or shell in lib/ and xml/ but what sanitizers add."""
        archive = Path(BUILD).parent / "gcc" / "lib/lib.a"
        if not archive.exists():
            self.skipTest("built with the part build")
        symbols = run(["nm", "--undefined-only", archive]).out.split()
        # _exit ends the worker that run.c has made, never its maker.
        for name in ("abort", "exit", "system", "popen", "__assert_fail", "printf",
                     "puts", "stdout", "stderr"):
            self.assertNotIn(name, symbols)
