# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook as libvirt calls it, where no device is needed for that."""

import fcntl
import json
import os
import re
import resource
import shutil
import struct
import tempfile
import unittest
from pathlib import Path

from program import BUILD, HOOK, SECOND, domain, hostdev, run

TOP = Path(__file__).resolve().parents[2]
VERSION = re.search(r"^VERSION := (.+)$", (TOP / "Makefile").read_text(), re.M)[1].encode()

EVENTS = ("prepare", "start", "started", "stopped", "release", "migrate", "restore",
          "reconnect", "attach")

# A /run of its own; an ordinary user becomes root of a user namespace.
ISOLATED = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]),
            "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh"]

ABSENT = hostdev(0xfe, 0x1f, 7, domain_number=0xfffe)


# As a dispatcher does, which the libvirt daemon runs in place of each hook.
SCRIPT = ["sh", "-c", '"$@"; exit $?', "sh"]


class Hook(unittest.TestCase):
    """libvirt runs it itself; see ThroughAScript."""

    through = []

    def hook(self, operation, stdin="", name="guest", extra="-", more=()):
        return run([*ISOLATED, *self.through, HOOK, name, operation, "begin", extra, *more],
                   stdin)

    def assert_quiet(self, result, code=0):
        self.assertEqual((result.returncode, result.out, result.err), (code, "", ""))

    def assert_refused(self, result, words):
        self.assertEqual((result.returncode, result.out), (1, ""), result.err)
        first = result.err.splitlines()[0]
        self.assertIn(words, first)
        self.assertTrue(first.endswith("."), first)

    def test_guest_without_devices(self):
        for event in EVENTS:
            self.assert_quiet(self.hook(event, domain()))

    def test_no_handler_means_success_whatever_is_on_stdin(self):
        for event in ("started", "stopped", "reconnect", "attach", "an-event-of-the-future"):
            for stdin in ("", "<domain", b"\xff\0" * 1000, domain(ABSENT)):
                self.assert_quiet(self.hook(event, stdin))

    def test_prepare_and_start_refuse_what_they_can_not_read(self):
        for event in ("prepare", "start"):
            self.assert_refused(self.hook(event, "<domain>\n<name>"),
                                "Guest 'guest' is not started: line 2 of the XML: ")
            self.assert_refused(self.hook(event, ""), "the XML is empty")
            self.assert_refused(self.hook(event, " " * (16 << 20) + "<a/>"), "16 MiB")
            self.assert_refused(self.hook(event, "<!DOCTYPE d><domain/>"), "document type")

    def test_text_beyond_the_limit_of_files(self):
        """The memory file counts as one; some of it can be written."""
        result = run([*ISOLATED, *self.through, HOOK, "guest", "prepare", "begin", "-"],
                     domain(ABSENT),
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assert_refused(result, "the domain's XML can't be kept in memory: File too large")

    def test_filters_are_silent_but_for_what_they_can_not_read(self):
        """Any output would be taken for the guest's new XML."""
        for event in ("migrate", "restore"):
            self.assert_quiet(self.hook(event, domain(ABSENT)))
            self.assert_refused(self.hook(event, "<domain>\n<name>"),
                                "Guest 'guest' can't come here: line 2 of the XML: ")
            self.assert_refused(self.hook(event, ""), "the XML is empty")

    def test_refusal_names_the_device_then_the_fix(self):
        for event in ("prepare", "start"):
            result = self.hook(event, domain(ABSENT))
            self.assert_refused(result, "fffe:fe:1f.7")
            self.assertEqual(result.err.splitlines()[1],
                             "Fix: See which devices are there: virt-hostdev list")

    def test_release_never_needs_the_document(self):
        for stdin in ("", "<domain", b"\0", domain(ABSENT)):
            self.assert_quiet(self.hook("release", stdin))

    def test_names_and_extra_arguments_are_data(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        trap = os.path.join(folder.name, "trap")
        names = ("two words", f"$(touch {trap})", f"`touch {trap}`", f"; touch {trap}",
                 "new\nline", "-rf", "", "'", '"', "a" * 255, b"\xff\xfe", "../../x",
                 "\x1b[31m")
        for name in names:
            for extra in ("-", "from snapshot", f"$(touch {trap})"):
                self.assert_quiet(self.hook("prepare", domain(), name, extra))
                self.assert_quiet(self.hook("release", domain(), name, extra))
        self.assertFalse(os.path.exists(trap))

    def test_sentence_stays_on_its_line(self):
        result = self.hook("prepare", "<domain", name="a\nb\x1b[31m")
        self.assertIn("Guest 'a\\x0ab\\x1b[31m' is not started", result.err.splitlines()[0])

    def test_domain_without_uuid(self):
        text = domain(ABSENT).replace("<uuid>6ba7b810-9dad-11d1-80b4-00c04fd430c8</uuid>", "")
        self.assert_refused(self.hook("prepare", text), "no valid UUID")

    def test_wrong_number_of_arguments(self):
        result = run([*ISOLATED, *self.through, HOOK])
        self.assertEqual(result.returncode, 2)
        self.assertIn("libvirt hook", result.err)
        self.assertEqual(self.hook("prepare", domain(), more=["x"]).returncode, 2)

    def test_closed_standard_files(self):
        result = run([*ISOLATED, "sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh",
                      *self.through, HOOK, "guest", "release", "end", "-"])
        self.assertEqual(result.returncode, 0)

    def test_state_folder_that_others_can_write_is_not_trusted(self):
        script = 'mkdir -m 777 /run/virt-hostdev && exec "$@"'
        result = run([*ISOLATED, "sh", "-c", script, "sh", *self.through, HOOK, "guest", "prepare",
                      "begin", "-"], domain(ABSENT))
        self.assert_refused(result, "can't be trusted")
        script = 'mkdir /run/other && ln -s other /run/virt-hostdev && exec "$@"'
        result = run([*ISOLATED, "sh", "-c", script, "sh", *self.through, HOOK, "guest", "prepare",
                      "begin", "-"], domain(ABSENT))
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
            self.assert_quiet(run([*self.through, *command, "guest", event, "begin", "-"], domain(ABSENT)))
        self.assert_quiet(run([*self.through, *command]))


class ThroughAScript(Hook):
    through = SCRIPT


# One device, taken for the guest that domain() is of.
CLAIM = """virt-hostdev-claim 1
domain 6ba7b810-9dad-11d1-80b4-00c04fd430c8 guest
state running 1 1 1 -
device 0000:01:00.0 1 8086:10d3 restore e1000e -
end
"""

# $1 stands in for the second program, $2 is a claim, the rest is run.
WITH = f"""set -e
if [ -d "$1" ]; then
    mount --bind "$1" '{SECOND.parent}'
else
    mount --bind "$1" '{SECOND}'
fi
if [ -n "$2" ]; then
    mkdir -p -m 700 /run/virt-hostdev/claims /run/virt-hostdev/locks
    cp "$2" /run/virt-hostdev/claims/6ba7b810-9dad-11d1-80b4-00c04fd430c8
fi
shift 2
exec "$@"
"""


class SecondProgram(unittest.TestCase):
    """When the hook that libvirt runs can't hand over to the other one."""

    through = []

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.n = 0
        self.claim = self.folder / "claim"
        self.claim.write_text(CLAIM)
        self.first = shutil.copy(HOOK, self.folder)

    def stand_in(self, data, mode=0o755):
        self.n += 1
        path = self.folder / f"second-{self.n}"
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def unusable(self):
        """Stand-ins, and what is said of them."""
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        yield empty, "can't be run: No such file"
        yield self.stand_in(SECOND.read_bytes(), 0o644), "can't be run: Permission denied"
        yield (self.stand_in(SECOND.read_bytes().replace(VERSION + b"\0", b"0.0.0\0")),
               f"version 0.0.0, and the hook that runs it of version {VERSION.decode()}")

    def hook(self, second, event, stdin=None, claim="", **options):
        return run([*ISOLATED, "sh", "-c", WITH, "sh", second, claim, *self.through, self.first,
                    "guest", event, "begin", "-"], domain(ABSENT) if stdin is None else stdin, **options)

    def test_refuses_what_it_can_not_check(self):
        for second, words in self.unusable():
            for event, what in (("prepare", "is not started"), ("start", "is not started"),
                                ("migrate", "can't come here"), ("restore", "can't come here")):
                result = self.hook(second, event)
                first, fix = result.err.splitlines()
                self.assertEqual((result.returncode, result.out), (1, ""))
                self.assertTrue(first.startswith(f"Guest 'guest' {what}: "), first)
                self.assertIn(words, first)
                self.assertTrue(fix.startswith("Fix: "), fix)

    def test_release_says_what_stays_taken(self):
        for second, words in self.unusable():
            result = self.hook(second, "release", claim=self.claim)
            first, fix = result.err.splitlines()
            self.assertEqual(result.returncode, 1)
            self.assertTrue(first.startswith(
                "What guest 'guest' took stays taken, 0000:01:00.0: "), first)
            self.assertIn(words, first)
            self.assertTrue(fix.endswith(", then: virt-hostdev recover"), fix)

    def test_guest_that_took_nothing_is_released(self):
        self.claim.write_text(CLAIM.replace(" guest\n", " other\n"))
        for second, _ in self.unusable():
            result = self.hook(second, "release", claim=self.claim)
            self.assertEqual((result.returncode, result.err), (0, ""))

    def test_unread_claim_is_not_none(self):
        self.claim.write_text(CLAIM.replace("end\n", ""))
        for second, _ in self.unusable():
            result = self.hook(second, "release", claim=self.claim)
            self.assertEqual(result.returncode, 1)
            self.assertTrue(result.err.startswith("What guest 'guest' took stays taken: "))

    def test_no_running_guest_is_killed(self):
        seconds = [second for second, _ in self.unusable()]
        # ld.so ends it with 127 before it is at work.
        seconds.append(self.stand_in(SECOND.read_bytes().replace(b"libkmod.so.2", b"libkmod.so.?")))
        for second in seconds:
            for event in ("started", "stopped", "reconnect", "attach"):
                result = self.hook(second, event, claim=self.claim)
                self.assertEqual(result.returncode, 0, result.err)
        self.assertNotEqual(self.hook(seconds[-1], "prepare").returncode, 0)

    def test_not_wanted_where_there_is_nothing_to_do(self):
        mark = self.folder / "mark"
        second = self.stand_in(f"#!/bin/sh\n>{mark}\n".encode())
        for event in EVENTS:
            claim = "" if event == "release" else self.claim
            result = self.hook(second, event, domain(), claim)
            self.assertEqual((result.returncode, result.err, mark.exists()), (0, "", False), event)
        for event in ("started", "reconnect", "release"):
            self.hook(second, event)
            self.assertFalse(mark.exists(), event)
        self.hook(second, "release", domain(), self.claim)
        self.assertTrue(mark.exists())

    def test_what_is_handed_over(self):
        """The arguments, the version, the text in a memory file, and nothing else."""
        second = self.stand_in(b'#!/bin/sh\necho "$*"; readlink /proc/$$/fd/0\n'
                               b'test -e /proc/$$/fd/7 && echo inherited; cat\n')
        text = domain(ABSENT) + " " * 100000
        fd = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, fd)
        os.dup2(fd, 7)
        self.addCleanup(os.close, 7)
        result = self.hook(second, "prepare", text, pass_fds=[7])
        self.assertEqual(result.out, f"guest prepare begin - {VERSION.decode()}\n"
                         f"/memfd:domain (deleted)\n{text}", result.err)

    def test_sealed_memory_alone(self):
        """It acts on a text that nobody changes meanwhile."""
        command = [*ISOLATED, SECOND, "guest", "prepare", "begin", "-", VERSION]
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        self.assertEqual(run(command, domain(ABSENT)).returncode, 2)
        for more, code in ((0, 2), (fcntl.F_SEAL_WRITE, 1)):
            fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
            self.addCleanup(os.close, fd)
            os.pwrite(fd, domain(ABSENT).encode(), 0)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals | more)
            result = run(command, stdin_file=fd)
            self.assertEqual(result.returncode, code, result.err)
        self.assertIn("fffe:fe:1f.7", result.err)


class SecondProgramThroughAScript(SecondProgram):
    through = SCRIPT


class Installed(unittest.TestCase):
    """What make install makes of it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.to = Path(folder.name)
        (self.to / "etc/apparmor.d/local").mkdir(parents=True)

    def install(self, *arguments, code=0):
        how = ["SANITIZE=address,undefined"] if BUILD.name == "asan" else ["CC=gcc"]
        result = run(["make", "-s", "-C", TOP, f"O={BUILD}", f"DESTDIR={self.to}", *how,
                      "install-hook", *arguments])
        self.assertEqual(result.returncode, code, result.err)
        return result.err

    def test_finds_its_second_program(self):
        for prefix in ("/usr", "/opt/x"):
            self.install(f"prefix={prefix}")
            program = f"{prefix}/libexec/virt-hostdev-hook"
            self.assertIn(program.encode() + b"\0",
                          (self.to / "etc/libvirt/hooks/qemu").read_bytes())
            self.assertEqual((self.to / program[1:]).stat().st_mode & 0o7777, 0o755)
        self.assertIn(os.fsencode(SECOND) + b"\0", HOOK.read_bytes())
        # As it is once the root of the file system has it.
        self.install("prefix=/usr")
        result = run([*ISOLATED, "sh", "-c", 'mount --bind "$1/usr/libexec" /usr/libexec && '
                      'shift && exec "$@"', "sh", self.to, self.to / "etc/libvirt/hooks/qemu",
                      "guest", "prepare", "begin", "-"], domain(ABSENT))
        self.assertIn("fffe:fe:1f.7", result.err)
        self.assertEqual(sorted(path.name for path in (self.to / "etc/libvirt/hooks").iterdir()),
                         ["qemu"])

    def notes(self, path):
        return run(["readelf", "--notes", "--wide", path]).out

    def test_leaves_other_hooks_alone(self):
        hooks = self.to / "etc/libvirt/hooks"
        hook, beside = hooks / "qemu", hooks / "qemu.d/50-virt-hostdev"
        hooks.mkdir(parents=True)
        for make in (lambda: hook.write_text("#!/bin/sh\nvirt-hostdev bind 01:00.0\n"),
                     lambda: hook.symlink_to("/nowhere/at/all"), hook.mkdir,
                     lambda: hook.symlink_to(os.fsdecode(HOOK))):
            make()
            before = os.lstat(hook), hook.read_bytes() if hook.is_file() else None
            said = self.install("prefix=/usr")
            self.assertIn(f"{hook} is a hook of your own and stays as it is.", said)
            self.assertIn(f"{beside}, which libvirt 6.5 and newer run", said)
            self.assertEqual((os.lstat(hook), hook.read_bytes() if hook.is_file() else None)[1:],
                             before[1:])
            self.assertEqual(os.lstat(hook).st_ino, before[0].st_ino)
            self.assertIn("virt-hostdev ", self.notes(beside))
            self.assertIn(b"/usr/libexec/virt-hostdev-hook\0", beside.read_bytes())
            hook.rmdir() if hook.is_dir() and not hook.is_symlink() else hook.unlink()
            beside.unlink()
        self.assertTrue((self.to / "usr/libexec/virt-hostdev-hook").exists())

    def test_stays_where_it_is(self):
        hooks = self.to / "etc/libvirt/hooks"
        hook, beside = hooks / "qemu", hooks / "qemu.d/50-virt-hostdev"
        self.install("prefix=/usr")
        hook.rename(hooks / "ours")
        beside.parent.mkdir()
        (hooks / "ours").rename(beside)
        self.assertEqual(self.install("prefix=/opt/x"), "")
        self.assertFalse(hook.exists())
        self.assertIn(b"/opt/x/libexec/virt-hostdev-hook\0", beside.read_bytes())
        self.assertEqual(sorted(path.name for path in hooks.iterdir()), ["qemu.d"])

    def test_refuses_where_both_are_of_others(self):
        hooks = self.to / "etc/libvirt/hooks"
        (hooks / "qemu.d").mkdir(parents=True)
        for name in ("qemu", "qemu.d/50-virt-hostdev"):
            (hooks / name).write_text("#!/bin/sh\n")
        said = self.install("prefix=/usr", code=2)
        self.assertIn("50-virt-hostdev is none of virt-hostdev's", said)
        for name in ("qemu", "qemu.d/50-virt-hostdev"):
            self.assertEqual((hooks / name).read_text(), "#!/bin/sh\n")

    def test_says_what_apparmor_denies(self):
        profile = self.to / "etc/apparmor.d/usr.sbin.libvirtd"
        self.assertEqual(self.install("prefix=/usr"), "")
        profile.write_text("profile libvirtd {\n  /usr/bin/* PUx,\n  /usr/lib/libvirt/* PUxr,\n}\n")
        said = self.install("prefix=/usr")
        self.assertIn("AppArmor keeps libvirtd's hooks from /usr/libexec/virt-hostdev-hook", said)
        self.assertIn("local/usr.sbin.libvirtd", said)
        self.assertEqual(self.install("prefix=/usr", "libexecdir=/usr/lib/libvirt"), "")
        local = self.to / "etc/apparmor.d/local/usr.sbin.libvirtd"
        local.write_text("/usr/libexec/virt-hostdev-hook PUx,\n")
        self.assertEqual(self.install("prefix=/usr"), "")


def dlopen_notes(program):
    """What a program says in its notes that it loads (systemd's ELF_DLOPEN_METADATA)."""
    dump = run(["readelf", "--hex-dump=.note.dlopen", program]).out
    data = bytes.fromhex("".join(re.findall(r"^  0x[0-9a-f]+ ([0-9a-f ]{35}) ", dump, re.M)))
    while data:
        name, size, kind = struct.unpack_from("<III", data)
        assert (name, kind, data[12:16]) == (4, 0x407c0c0a, b"FDO\0"), data[:16]
        yield from json.loads(data[16:16 + size].rstrip(b"\0"))
        data = data[16 + (size + 3) // 4 * 4:]


def needed(program):
    dynamic = run(["readelf", "--dynamic", program]).out
    return re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)


class Linking(unittest.TestCase):
    def test_hook_never_links_libvirt(self):
        for folder in ("gcc", "clang", "asan"):
            first, second = (BUILD.parent / folder / "hooks" / name
                             for name in ("qemu", "virt-hostdev-hook"))
            if not first.exists():
                continue
            libraries = needed(first)
            self.assertIn("libc.so.6", libraries)
            self.assertFalse([name for name in libraries + needed(second) if "libvirt" in name])
            if folder == "asan":
                continue
            # Every guest pays for the first one.
            self.assertEqual(libraries, ["libc.so.6"])
            for name in ("libxml2", "libpci", "libkmod", "libmount", "libblkid", "libmnl"):
                self.assertTrue(any(each.startswith(name + ".so") for each in needed(second)),
                                name)

    def test_notes_name_what_is_loaded(self):
        tool = BUILD / "tools/virt-hostdev"
        systemd = ("suggested", ["libsystemd.so.0"])
        for program, expected in ((SECOND, {"journal-send": systemd, "units": systemd}),
                                  (tool, {"journal-send": systemd, "journal-read": systemd,
                                          "units": systemd,
                                          "libvirt": ("recommended", ["libvirt.so.0"])})):
            notes = {note["feature"]: (note["priority"], note["soname"])
                     for note in dlopen_notes(program)}
            self.assertEqual(notes, expected)
            # And nothing that says so links it as well.
            for _, sonames in notes.values():
                self.assertFalse(set(sonames) & set(needed(program)))

    def test_is_hardened(self):
        """By ourselves where nobody says how to build, and with a distribution's flags."""
        for folder in ("clang", "gcc"):
            for name in ("hooks/qemu", "hooks/virt-hostdev-hook", "tools/virt-hostdev"):
                program = BUILD.parent / folder / name
                if program.exists() or folder == BUILD.name:
                    with self.subTest(program=program):
                        self.assert_hardened(program)

    def assert_hardened(self, program):
        said = run(["readelf", "--wide", "--file-header", "--segments", "--dynamic",
                    program]).out
        self.assertRegex(said, r"Type: +DYN")
        self.assertRegex(said, r"\n +GNU_RELRO ")
        self.assertRegex(said, r"FLAGS_1\) .*\bNOW\b.*\bPIE\b")
        self.assertRegex(said, r"\n +GNU_STACK .* RW ")
        self.assertNotRegex(said, r"\n +LOAD .* RWE ")
        symbols = run(["readelf", "--wide", "--dyn-syms", program]).out
        self.assertIn("__stack_chk_fail", symbols)
        self.assertIn("__snprintf_chk", symbols)
        # The start files of the C library may lack it, and then the program has none.
        marks = {"x86_64": "IBT, SHSTK", "aarch64": "BTI, PAC"}.get(os.uname().machine)
        if marks:
            self.assertIn(marks, run(["readelf", "--wide", "--notes",
                                      program.with_name("qemu.o") if "hooks" in str(program)
                                      else program.with_name("main.o")]).out)

    def test_library_never_ends_the_process(self):
        """No abort, exit or shell in lib/ and xml/ but what sanitizers add."""
        archive = Path(BUILD).parent / "gcc" / "lib/lib.a"
        if not archive.exists():
            self.skipTest("built with the part build")
        symbols = run(["nm", "--undefined-only", archive]).out.split()
        # _exit ends the worker that run.c has made, never its maker.
        for name in ("abort", "exit", "system", "popen", "__assert_fail", "printf",
                     "__printf_chk", "puts", "stdout", "stderr"):
            self.assertNotIn(name, symbols)
