# SPDX-License-Identifier: GPL-2.0-or-later
"""A claim survives: /run that is full or can't be written to, damage, other versions."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("", "faults")]

from test_every_write import (HOOK, NIC, NVME, OTHER, TOOL, OnFakeKernel, domain,  # noqa: E402
                              hostdev)
from setting import HANG  # noqa: E402
from stopping import STOPPED, Stopping, stop_at  # noqa: E402
from claims import changed, version_1  # noqa: E402
import faults  # noqa: E402

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
BOTH = domain(hostdev(1), hostdev(2))
SECOND = domain(hostdev(1), name="second", uuid=OTHER)


class OnSmallRun(OnFakeKernel):
    """The claims lie in a file system of their own."""

    def boot(self, description):
        super().boot(description)
        self.mount()

    def mount(self):
        self.sh("mkdir -p -m 700 /run/virt-hostdev && "
                "mount -t tmpfs -o size=64k,mode=700 state /run/virt-hostdev && "
                "mkdir -m 700 /run/virt-hostdev/claims /run/virt-hostdev/locks")

    def sh(self, script):
        result = self.kernel.run(["sh", "-c", script])
        self.assertEqual(result.rc, 0, result.err)
        return result.out

    def full(self):
        self.sh("cd /run/virt-hostdev; cat /dev/zero >fill 2>/dev/null; i=0; "
                "while head -c 1 /dev/zero >fill-$i && [ -s fill-$i ]; do i=$((i + 1)); done 2>/dev/null")

    def read_only(self):
        self.sh("mount -o remount,ro /run/virt-hostdev")

    def writable(self):
        self.sh("mount -o remount,rw /run/virt-hostdev; rm -f /run/virt-hostdev/fill*")

    def files(self):
        return self.sh("ls -A /run/virt-hostdev/claims").split()


class NoRoom(OnSmallRun):
    def test_prepare_changes_nothing(self):
        for obstacle in (self.full, self.read_only):
            self.boot(NIC + NVME)
            obstacle()
            result = self.hook("prepare", BOTH)
            self.assertEqual(result.rc, 1)
            self.assertRegex(result.err, "No space left on device|Read-only file system")
            self.assertEqual((self.kernel.state(), self.files()), (self.start, []))

    def test_full_at_each_instant(self):
        for events in ((), ("start",), ("start", "started")):
            self.boot(NIC + NVME)
            self.good(self.hook("prepare", BOTH))
            for event in events:
                self.good(self.hook(event, BOTH))
            self.full()
            if not events:
                self.good(self.hook("started", BOTH))
                self.assertIn("state running", self.sh(f"cat /run/virt-hostdev/claims/{UUID}"))
            self.good(self.hook("release", BOTH))
            self.assertEqual((self.kernel.state(), self.files()), (self.start, []), events)

    def test_full_and_a_device_that_does_not_come_back(self):
        """What went wrong is kept, in the room that was reserved."""
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        self.full()
        self.kernel.refuse("e1000e", "EIO")
        self.assertEqual(self.hook("release", BOTH).rc, 1)
        claim, = self.status()
        self.assertIn("0000:01:00.0", claim["error"])
        self.kernel.refuse("e1000e", "0")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertEqual((self.kernel.state(), self.files()), (self.start, []))

    def test_read_only_at_each_instant(self):
        for events in ((), ("start", "started")):
            for back in (("hook", "release", BOTH), ("tool", "recover")):
                if back[1] == "recover" and not events:
                    continue  # its daemon, which is us, might go on with it
                self.boot(NIC + NVME)
                self.good(self.hook("prepare", BOTH))
                for event in events:
                    self.good(self.hook(event, BOTH))
                self.read_only()
                for _ in range(2):
                    result = getattr(self, back[0])(*back[1:])
                    self.assertEqual(result.rc, 0, result.err)
                    self.assertIn("What was written down can't be changed: ", result.err)
                    self.assertIn("Read-only file system", result.err)
                    self.assertEqual(self.kernel.state(), self.start)
                self.writable()
                self.good(self.hook("release", BOTH))
                self.assertEqual((self.kernel.state(), self.files()), (self.start, []))


class EachInstant(Stopping, OnSmallRun):
    """/run fills up, or can't be written to any more, while a hook or recover is at work:
    it is stopped wherever it has done something where the claims lie."""

    slow = True
    CALLS = ("openat", "write", "renameat", "ftruncate", "unlinkat")
    RELEASE = [HOOK, "guest", "release", "end", "-"]
    FOLDER = "/run/virt-hostdev/claims"
    # Of the room that is kept, which is written line by line, the making and the use.
    PATHS = [word for path in (FOLDER, f"{FOLDER}/{UUID}", f"{FOLDER}/{UUID}.new")
             for word in ("-P", path)]

    def begin(self, before):
        self.kernel.reset()
        self.mount()
        for event in before:
            if event == "forget":
                self.forget_daemon(self.kernel.path(f"{self.FOLDER}/{UUID}"))
            else:
                self.good(self.hook(event, BOTH))

    def at(self, call, number, words, obstacle):
        """None when it doesn't get so far; else how it ended."""
        process = self.strace("one", [*self.PATHS, "-e", f"trace={call}",
                                      *stop_at(call, number)], words, BOTH)
        stopped = self.wait_for(process, "one", STOPPED)
        if stopped:
            obstacle()
            self.go_on(process)
        _, err = process.communicate(timeout=HANG)
        return (process.returncode, err.decode()) if stopped else None

    def make_read_only(self):
        """The kernel doesn't while a file there is written to."""
        self.kernel.run(["mount", "-o", "remount,ro", "/run/virt-hostdev"])

    def check(self, words, before, ended):
        code, err = ended
        self.assertIn(code, (0, 1), err)
        taken = self.kernel.state()
        if code:
            self.assertRegex(err.splitlines()[0] if err else "", r"\w.*\.$")
        if words[0] == TOOL or words[2] == "release" or (words[2] == "prepare" and code):
            self.assertEqual(taken, self.start)
        else:
            self.assertEqual(taken.count("vfio-pci vfio-pci"), 2)
        self.kernel.run(self.RELEASE, stdin=BOTH)
        self.assertEqual(self.kernel.state(), self.start)
        self.writable()
        self.kernel.run(self.RELEASE, stdin=BOTH)
        result = self.tool("recover")
        self.assertEqual(result.rc, 0, result.err)
        self.assertEqual((self.kernel.state(), self.files()), (self.start, []))

    def run_event(self, words, *before):
        self.boot(NIC + NVME)
        cases = 0
        for obstacle in (self.full, self.make_read_only):
            for call in self.CALLS:
                for number in itertools.count(1):
                    self.begin(before)
                    ended = self.at(call, number, words, obstacle)
                    if not ended:
                        break
                    cases += 1
                    with self.subTest(obstacle=obstacle.__name__, call=call, number=number):
                        if before and obstacle == self.full:  # prepare has kept room for it
                            self.assertEqual(ended, (0, ""))
                            if words[2:3] in (["started"], ["reconnect"]):
                                self.assertIn("\nstate running ", self.sh(
                                    f"cat {self.FOLDER}/{UUID}"))
                        self.check(words, before, ended)
                    self.writable()
        print(f"      {self.id().split('.')[-1]}: {cases} cases", flush=True)
        self.assertGreater(cases, 4)

    def event(self, name):
        return [HOOK, "guest", name, "begin", "-"]

    def test_prepare(self):
        self.run_event(self.event("prepare"))

    def test_started(self):
        self.run_event(self.event("started"), "prepare")

    def test_reconnect(self):
        self.run_event(self.event("reconnect"), "prepare", "started")

    def test_release(self):
        self.run_event(self.RELEASE, "prepare", "started")

    def test_recover(self):
        self.run_event([TOOL, "recover"], "prepare", "forget")


class Unsettled(OnFakeKernel):
    def setUp(self):
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        self.claim = self.kernel.run_dir / "virt-hostdev/claims" / UUID

    def damage(self, word, other):
        data = self.claim.read_bytes()
        self.assertIn(word, data)
        self.claim.write_bytes(data.replace(word, other, 1))

    def assert_reported(self, why="damaged"):
        result = self.tool("status", "--json")
        self.assertEqual(result.rc, 3)
        unsettled, = json.loads(result.out)["unsettled"]
        self.assertEqual((unsettled["uuid"], unsettled["why"]), (UUID, why))
        self.assertNotIn("Nobody holds a device", self.tool("status").out)

    def test_what_is_left_is_given_back_and_the_rest_settled(self):
        self.damage(b"restore e1000e", b"restore e1000f")
        self.assert_reported()
        result = self.hook("release", BOTH)
        self.assertEqual(result.rc, 1)
        self.assertIn(f"virt-hostdev recover --accept {UUID}", result.err)
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        for _ in range(2):
            self.assert_reported()
            refused = self.hook("prepare", SECOND, "second")
            self.assertEqual(refused.rc, 1)
            self.assertIn(f"recover --accept {UUID}", refused.err)
        # Nobody else is kept from what has nothing to do with it.
        other = domain(hostdev(2), name="second", uuid=OTHER)
        self.assertEqual(self.hook("prepare", other, "second").rc, 0)
        self.assertEqual(self.hook("release", other, "second").rc, 0)
        self.assertEqual(self.tool("recover", "--accept", UUID).rc, 0)
        self.assertEqual(self.kernel.claims(), {})
        self.assertEqual(self.tool("recover", "--accept", UUID).rc, 1)

    def test_damage_elsewhere_loses_nothing(self):
        for word, other in ((b"state starting", b"state startinG"), (b"\nend ", b"\nenD "),
                            (b"claim 2", b"claim x"), (b" guest ", b" Guest ")):
            with self.subTest(word=word):
                self.damage(word, other)
                self.assertEqual(self.hook("release", BOTH).rc, 0)
                self.assert_as_it_was()
                self.good(self.hook("prepare", BOTH))

    def test_start_that_may_be_under_way_is_not_undone(self):
        """Of a damaged claim the line may be lost that tells."""
        taken = self.kernel.state()
        for word, other in ((b"state starting", b"state startinG"), (b"\nbegun ", b"\nbeguN ")):
            with self.subTest(word=word):
                self.damage(word, other)
                result = self.tool("recover")
                self.assertEqual((result.rc, self.kernel.state()), (1, taken))
                self.assertIn("whether guest 'guest' is still starting can't be told", result.err)
                self.assertIn(f"virt-hostdev recover --accept {UUID}", result.err)
                self.assertEqual(self.tool("recover", "--accept", UUID).rc, 0)
                self.assert_as_it_was()
                self.good(self.hook("prepare", BOTH))
        # What it does tell is enough.
        self.good(self.hook("started", BOTH))
        self.damage(b"\nbegun ", b"\nbeguN ")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def test_another_version_is_left_alone(self):
        self.damage(b"claim 2", b"claim 9")
        text = self.claim.read_text()
        self.assert_reported("other version")
        self.assertEqual(self.hook("release", BOTH).rc, 1)
        recovered = self.tool("recover")
        self.assertEqual((recovered.rc, recovered.out), (1, ""))
        self.assertEqual(self.hook("prepare", SECOND, "second").rc, 1)
        self.assertEqual(self.kernel.claims(), {UUID: text})
        self.assertEqual(self.tool("recover", "--accept", UUID).rc, 0)
        self.assertEqual(self.kernel.claims(), {})

    def test_what_the_version_before_has_set_aside(self):
        """It took for damaged what it couldn't read."""
        self.claim.rename(f"{self.claim}.damaged")
        self.good(self.hook("release", BOTH))
        self.assert_as_it_was()

    def failing(self, command, calls, **options):
        """Each such call fails where the claims lie."""
        return self.kernel.run(
            [*faults.STRACE, "-o", "/dev/null", "-P", "/run/virt-hostdev/claims",
             "-P", f"/run/virt-hostdev/claims/{UUID}", "-e", f"trace={calls}",
             "-e", f"inject={calls}:error=EIO", *command], **options)

    def test_claim_that_can_not_be_looked_for_is_there(self):
        """As it is removed, or when one was set aside beside it."""
        release = [HOOK, "guest", "release", "end", "-"]
        result = self.failing(release, "?unlinkat,?faccessat,?faccessat2", stdin=BOTH)
        self.assertEqual(result.rc, 0)
        self.assertIn(f"What was written down can't be changed: cannot remove "
                      f"/run/virt-hostdev/claims/{UUID}: Input/output error.", result.err)
        self.assertEqual((self.kernel.state(), list(self.kernel.claims())), (self.start, [UUID]))
        self.claim.rename(f"{self.claim}.damaged")
        result = self.failing([TOOL, "status"], "?faccessat,?faccessat2")
        self.assertEqual(result.rc, 3)
        self.assertIn(f"cannot look for /run/virt-hostdev/claims/{UUID}", result.err)
        self.assertNotIn("Nobody holds", result.out)

    def test_claim_that_can_not_be_read_tells_no_start(self):
        result = self.failing([HOOK, "guest", "release", "end", "-"], "read", stdin=BOTH)
        self.assertEqual(result.rc, 1)
        self.assertIn("Whether the guest had started can't be told: cannot read "
                      f"/run/virt-hostdev/claims/{UUID}: Input/output error.\n", result.err)

    def test_room_of_what_was_set_aside_is_kept(self):
        """It may come back when there is no other room."""
        self.claim.rename(f"{self.claim}.damaged")
        spare = self.claim.with_name(f"{UUID}.spare")
        self.assertTrue(spare.exists())
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertTrue(self.claim.exists() and spare.exists())
        self.good(self.hook("release", BOTH))
        self.assert_as_it_was()

    def test_what_the_version_before_has_written(self):
        self.claim.write_text(version_1(self.claim.read_text()))
        self.assertEqual(len(self.status()), 1)
        self.good(self.hook("started", BOTH))
        self.assertTrue(self.claim.read_text().startswith("virt-hostdev-claim 2\n"))
        self.claim.write_text(version_1(self.claim.read_text()))
        self.good(self.hook("release", BOTH))
        self.assert_as_it_was()


class Broken(OnFakeKernel):
    """What goes wrong on the way keeps nothing else from it."""

    def test_start_that_breaks_off_is_undone_at_once(self):
        self.boot(NIC + NVME)

        def run(command):
            return self.kernel.run(command, stdin=BOTH)

        def log():
            return (self.kernel.run_dir / "trace").read_text()

        prepare = [HOOK, "guest", "prepare", "begin", "-"]
        result, calls = faults.traced(run, prepare, ("clone", "pipe2"), log)
        self.assertEqual(result.rc, 0, result.err)
        self.good(self.hook("release", BOTH))
        failed = 0
        for call in calls:
            result = run(faults.failing(call, "ENFILE") + prepare)
            if result.rc == 0:
                self.good(self.hook("release", BOTH))
            else:
                failed += 1
                self.assertTrue(result.err.strip())
            self.assert_as_it_was()
        self.assertGreater(failed, 1)

    def test_device_that_can_not_be_read_keeps_no_other(self):
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        vendor = "/sys/bus/pci/devices/0000:01:00.0/vendor"
        script = f"echo none >/run/none; mount --bind /run/none $(readlink -f {vendor})"
        self.assertEqual(self.kernel.run(["sh", "-c", script]).rc, 0)
        result = self.hook("release", BOTH)
        self.assertEqual(result.rc, 1)
        self.assertRegex(result.err, r"0000:01:00.0 can't be given back to the host yet: .*vendor")
        self.assertIn("Fix: When it can be read: virt-hostdev recover", result.err)
        self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
        self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
        claim, = self.status()
        self.assertEqual([each["present"] for each in claim["devices"]], [None, True])
        self.assertEqual(self.tool("status").rc, 3)
        self.kernel.run(["sh", "-c", f"umount $(readlink -f {vendor})"])
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()


    FOLDER = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"

    def release(self, call, path):
        """Each such call of that file fails."""
        return self.kernel.run([*faults.STRACE, "-o", "/dev/null", "-P", path,
                                "-e", f"trace={call}", "-e", f"inject={call}:error=EIO",
                                HOOK, "guest", "release", "end", "-"], stdin=BOTH)

    def test_nothing_that_is_read_of_a_device_keeps_another(self):
        """Its numbers, what is below it, and what is read by a process of its own."""
        self.boot(NIC + NVME)
        for call, name in (("read", "/vendor"), ("getdents64", ""), ("read", "/driver_override")):
            self.good(self.hook("prepare", BOTH))
            for _ in range(2):
                with self.subTest(call=call, name=name):
                    result = self.release(call, self.FOLDER + name)
                    self.assertEqual(result.rc, 1)
                    self.assertRegex(result.err, r"^0000:01:00.0 can't be given back to the host "
                                                 r"yet: .*: Input/output error")
                    self.assertIn("Fix: When it can be read: virt-hostdev recover", result.err)
                    self.assertIn("0000:02:00.0 nvme -", self.kernel.state())
                    self.assertIn("0000:01:00.0 vfio-pci vfio-pci", self.kernel.state())
                    claim, = self.status()
                    self.assertEqual(claim["state"], "left behind")
                    self.assertTrue(result.err.startswith(claim["error"]), claim["error"])
            self.assertEqual(self.tool("recover").rc, 0)
            self.assert_as_it_was()

    def test_search_for_holders_that_fails_keeps_nothing(self):
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", BOTH))
        result = self.release("readlinkat", "proc/self/ns/pid")
        self.assertEqual(result.rc, 0, result.err)
        self.assertIn("Whether a process of the host uses these devices could not be found out: "
                      "cannot read /proc/self/ns: Input/output error.\n", result.err)
        self.assert_as_it_was()


class Words(OnFakeKernel):
    """Every verb says the same of a claim, whatever its state."""

    ADDRESS = "0000:01:00.0"
    # By state: what to do from a fresh start; its word; what check finds of a second
    # guest's start; what doctor's row of it is.
    STATES = {
        "none": ((), None, (), "pass"),
        "starting": (("prepare",), "starting", ("claimed",), "pass"),
        "running": (("prepare", "started", "live"), "running", ("claimed",), "pass"),
        "ending": (("prepare", "started", "keep"), "ending", ("claimed",), "pass"),
        "left behind": (("prepare", "forget"), "left behind", ("claim-abandoned",), "warn"),
        "by hand": (("bind",), "by hand", (), "pass"),
        "binding": (("bind", "be_binding"), "binding", (), "pass"),
        "moving": (("prepare", "move"), "moving", ("claimed",), "pass"),
        "unknown": (("prepare", "garble"), "unknown", ("claimed",), "unknown"),
        "error kept": (("prepare", "break_return"), "left behind", ("claim-abandoned",), "warn"),
        "damaged": (("prepare", "garble_state"), "damaged", ("claim-damaged", "claim-unsettled"),
                    "warn"),
        "a device lost": (("prepare", "lose"), None, ("claim-damaged", "claim-unsettled"), "warn"),
        "set aside": (("prepare", "lose", "put_aside"), None,
                      ("claim-damaged", "claim-unsettled"), "warn"),
        "other version": (("prepare", "upgrade"), None, ("claim-version", "claim-unsettled"),
                          "warn"),
    }
    UNSETTLED = {"damaged": "damaged", "a device lost": "damaged", "set aside": "damaged",
                 "other version": "other version"}

    def setUp(self):
        self.boot(NIC + NVME)
        self.folder = self.kernel.run_dir / "libvirt/qemu"

    def claim(self):
        return next(path for path in (self.kernel.run_dir / "virt-hostdev/claims").iterdir()
                    if not path.suffix)

    def change(self, before, after):
        changed(self.claim(), lambda text: re.sub(before, after, text, flags=re.M))

    def replace(self, before, after):
        data = self.claim().read_bytes()
        self.assertIn(before, data)
        self.claim().write_bytes(data.replace(before, after, 1))

    def file(self, suffix, text):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"guest.{suffix}").write_text(text)

    def prepare(self):
        self.good(self.hook("prepare", BOTH))

    def started(self):
        self.good(self.hook("started", BOTH))

    def live(self):
        guest = self.kernel.popen(["sh", "-c", "echo; read end", UUID], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.addCleanup(guest.communicate)
        self.assertEqual(guest.stdout.readline(), b"\n")
        self.file("pid", f"{guest.pid}\n")

    def keep(self):
        self.file("xml", "<domstatus/>")

    def forget(self):
        self.forget_daemon(self.claim())

    def bind(self):
        self.assertEqual(self.tool("bind", "01:00.0", "02:00.0").rc, 0)

    def be_binding(self):
        start = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        self.change(r"^state running (\d+) \d+ \d+", rf"state starting \1 {os.getpid()} {start}")

    def move(self):
        self.change(r"^(domain .*)$", rf"\1\nguest {OTHER}")

    def garble(self):
        self.file("pid", "no number")

    def break_return(self):
        self.kernel.refuse("e1000e", "EIO")
        self.assertEqual(self.hook("release", BOTH).rc, 1)

    def garble_state(self):
        self.replace(b"state starting", b"state startinG")

    def lose(self):
        self.replace(b"restore e1000e", b"restore e1000f")

    def put_aside(self):
        self.claim().rename(f"{self.claim()}.damaged")

    def upgrade(self):
        self.replace(b"claim 2", b"claim 9")

    def walk(self, check):
        for name, (steps, word, found, row) in self.STATES.items():
            with self.subTest(state=name):
                self.kernel.reset()
                for step in steps:
                    getattr(self, step)()
                check(name, word, found, row)

    def json(self, *words, as_nobody=False):
        result = (self.as_nobody if as_nobody else self.tool)(*words)
        return result.rc, json.loads(result.out)

    def expected(self, status):
        """The device's claim, as status tells it."""
        for claim in status["claims"]:
            if self.ADDRESS in [device["address"] for device in claim["devices"]]:
                return {key: claim[key] for key in ("domain", "uuid", "state")}
        return None

    def test_all_verbs_agree(self):
        self.walk(self.check_all)

    def check_all(self, name, word, found, row):
        why = self.UNSETTLED.get(name)
        sure = why is None and word != "unknown"
        code, status = self.json("status", "--json")
        self.assertEqual(code, 0 if sure else 3)
        self.assertEqual([each["why"] for each in status["unsettled"]], [why] if why else [])
        claim = {"domain": "guest", "uuid": UUID, "state": word} if why and word else \
            self.expected(status)
        self.assertEqual(claim["state"] if claim else None, word)
        self.check_list(claim, status["unsettled"])
        self.check_show(claim, status, word)
        text = self.tool("status")
        self.assertEqual(text.rc, 0 if sure else 3)
        self.assertIn(f" {why or word} " if word and not why else "", text.out)
        self.assertEqual("Nobody holds a device." in text.out, name == "none")
        if word or why:
            self.assertIn(why or word, self.tool("status", "--help").out)
        rows = {each["id"]: each["status"] for each in
                self.json("doctor", "--json")[1]["checks"]}
        self.assertEqual(rows["hook-leftovers"], row)
        self.check_second(found)

    def check_list(self, claim, unsettled):
        code, listed = self.json("list", "--json")
        self.assertEqual((code, listed["claims_known"]), (0, not unsettled))
        device, = (each for each in listed["devices"] if each["address"] == self.ADDRESS)
        self.assertEqual(device["claim"], claim)
        text = self.tool("list")
        self.assertEqual(text.rc, 0)
        self.assertEqual([line for line in text.err.splitlines() if not line.startswith("Fix: ")],
                         [f"{each['message']}." for each in unsettled])

    def check_show(self, claim, status, word):
        code, shown = self.json("show", "--json", "01:00.0")
        text = self.tool("show", "01:00.0")
        self.assertEqual((shown["claim"], shown["unsettled"]), (claim, status["unsettled"]))
        known = not status["unsettled"]
        self.assertEqual((shown["guest_known"], code, text.rc), (known, *[0 if known else 3] * 2))
        self.assertEqual(shown["guest"], claim and claim["domain"])
        guest = shown["guest"] or ("-" if known else "unknown")
        self.assertRegex(text.out, rf"(?m)^  Held by guest +{guest}$")
        self.assertEqual(re.findall(r"(?m)^  State +([^:]*): .", text.out), [word] if word else [])
        for each in status["unsettled"]:
            self.assertIn(each["message"], text.out)
        for each in status["claims"]:
            self.assertIn(each["error"] or "", text.out)

    def check_second(self, found):
        """What check and plan say to another guest, the hook says too."""
        codes = []
        for verb in ("check", "plan"):
            result = self.kernel.run([TOOL, verb, "--json", "-"], stdin=SECOND)
            codes.append(result.rc)
            for each in found:
                self.assertIn(f'"{each}"', result.out)
        self.kernel.refuse("e1000e", "0")
        before = self.kernel.state()
        result = self.hook("prepare", SECOND, "second")
        self.assertEqual(codes, [result.rc] * 2, result.err)
        if result.rc:
            self.assertEqual(self.kernel.state(), before)

    def as_nobody(self, *words):
        return self.kernel.run(["setpriv", "--reuid=65534", "--clear-groups",
                                "/run/virt-hostdev-tool", *words])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_ordinary_user_is_told_what_he_can_not_know(self):
        self.walk(self.check_as_nobody)

    def check_as_nobody(self, name, *_):
        shutil.copy(TOOL, self.kernel.run_dir / "virt-hostdev-tool")
        if name == "none":
            return  # there is no folder, as he can see
        text = self.as_nobody("status", "--json")
        self.assertEqual((text.rc, text.out), (3, ""))
        self.assertIn("Permission denied", text.err)
        code, listed = self.json("list", "--json", as_nobody=True)
        self.assertEqual((code, listed["claims_known"]), (0, False))
        self.assertEqual({each["claim"] is None for each in listed["devices"]}, {True})
        text = self.as_nobody("list")
        self.assertEqual((text.rc, text.err), (
            0, "Who holds which device is not known: only root can read "
            "/run/virt-hostdev.\n"))
        code, shown = self.json("show", "--json", "01:00.0", as_nobody=True)
        self.assertEqual((code, shown["guest_known"], shown["claim"]), (3, False, None))
        text = self.as_nobody("show", "01:00.0")
        self.assertEqual(text.rc, 3)
        self.assertRegex(text.out, r"(?m)^  Held by guest +unknown$")
        rows = {each["id"]: each["status"] for each in
                self.json("doctor", "--json", as_nobody=True)[1]["checks"]}
        self.assertEqual(rows["hook-leftovers"], "unknown")


if __name__ == "__main__":
    unittest.main()
