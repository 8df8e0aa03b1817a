# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host's screen hangs on, one thing at a time, by the program display."""

import os
import signal
import subprocess
import time
import unittest

from fakekernel import PROGRAM, FakeKernel, unavailable
from setting import HANG

DISPLAY = PROGRAM.parent / "display" / "display"
NOMEM = PROGRAM.parents[1] / "faults" / "nomem.so"

MINUTE = "60"

# All that is called to stop a unit.
METHODS = ("Hello", "LoadUnit", "Get", "AddMatch", "Subscribe", "StopUnit")

GDM = """
unit gdm.service active stop-usec=90000000 start-usec=18446744073709551615
alias display-manager.service gdm.service
unit session-3.scope active transient stop-usec=1500001
"""


@unittest.skipIf(unavailable(), unavailable())
class OnScreen(unittest.TestCase):
    """A kernel without devices, and a systemd that a test describes."""

    def start(self, systemd=None, description=""):
        self.kernel = FakeKernel(description, systemd)
        self.addCleanup(self.kernel.close)

    def display(self, *words, **options):
        return self.kernel.run([DISPLAY, *map(str, words)], **options)

    def popen(self, *words):
        process = self.kernel.popen([DISPLAY, *map(str, words)], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def good(self, *words):
        result = self.display(*words)
        self.assertEqual((result.rc, result.err), (0, ""))
        return result.out.strip()

    def fails(self, *words):
        """Errno and sentence."""
        result = self.display(*words)
        self.assertEqual((result.rc, result.out), (1, ""))
        return result.err.strip()

    def wait_for(self, condition):
        deadline = time.monotonic() + HANG
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


CARD = """
driver vfio-pci vfio
driver nouveau *:*:0300??
device 0000:47:00.0 10de:1f06 030000 driver=nouveau group=47
attr 0000:47:00.0 resource0 x
"""

# Which no other test has.
MEMORY = "/sys/bus/pci/devices/0000:47:00.0/resource0"


class LettingGo(OnScreen):
    def hold(self, path, script="read -r word"):
        """A shell that has a file open, and goes on when it is told to."""
        process = self.kernel.popen(["sh", "-c", f'exec 3<"$1" && echo && {script}', "sh", path],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"\n")
        return process

    def wait_until_waiting(self, process):
        """It has looked, and waits for who it saw to end."""
        def waits():
            folder = f"/proc/{process.pid}/fd"
            return any(os.readlink(f"{folder}/{fd}") == "anon_inode:[pidfd]"
                       for fd in os.listdir(folder))

        def sure():
            try:
                return waits()
            except FileNotFoundError:
                return False
        self.wait_for(sure)

    def test_nobody(self):
        self.start(description=CARD)
        self.good("let-go", "0000:47:00.0", MINUTE)

    def test_holder_that_ends(self):
        self.start(description=CARD)
        holder = self.hold(MEMORY)
        process = self.popen("let-go", "0000:47:00.0", MINUTE)
        self.wait_until_waiting(process)
        self.assertIsNone(process.poll())
        holder.kill()
        self.assertEqual(process.communicate(timeout=HANG), ("", ""))
        self.assertEqual(process.returncode, 0)

    def test_holder_that_lets_go(self):
        self.start(description=CARD)
        holder = self.hold(MEMORY, "read -r word; exec 3<&- sleep 3600")
        process = self.popen("let-go", "0000:47:00.0", MINUTE)
        self.wait_until_waiting(process)
        holder.stdin.write(b"go\n")
        holder.stdin.flush()
        self.assertEqual(process.communicate(timeout=HANG), ("", ""))
        self.assertEqual((process.returncode, holder.poll()), (0, None))

    def test_every_holder_is_waited_for(self):
        self.start(description=CARD)
        first, second = self.hold(MEMORY), self.hold(MEMORY)
        process = self.popen("let-go", "0000:47:00.0", MINUTE)
        self.wait_until_waiting(process)
        first.kill()
        first.wait()
        self.wait_until_waiting(process)
        self.assertIsNone(process.poll())
        second.kill()
        self.assertEqual(process.communicate(timeout=HANG), ("", ""))
        self.assertEqual(process.returncode, 0)

    def test_holder_that_stays_is_named(self):
        self.start(description=CARD)
        holder = self.hold(MEMORY)
        self.assertRegex(self.fails("let-go", "0000:47:00.0", 1),
                         rf"^ETIMEDOUT after 1 seconds process {holder.pid} \(sh\) has "
                         r"\S+/0000:47:00.0/resource0 in use$")
        self.assertIsNone(holder.poll())

    def test_guest_is_no_holder(self):
        """By VFIO it may be held."""
        self.start(description=CARD.replace("driver=nouveau",
                                            "driver=vfio-pci override=vfio-pci"))
        self.hold("/dev/vfio/47")
        self.good("let-go", "0000:47:00.0", 1)
        self.hold(MEMORY)
        self.assertIn("resource0 in use", self.fails("let-go", "0000:47:00.0", 1))

    def test_what_can_not_be_known(self):
        self.start(description=CARD)
        self.assertEqual(self.fails("let-go", "0000:48:00.0", 1),
                         "ENOENT the host has no such device")
        result = self.display("let-go", "0000:47:00.0", "1",
                              env={**os.environ, "DISPLAY_ROOT": "/proc/self/root"})
        self.assertEqual(result.err, "EOPNOTSUPP a copy of a host has no processes\n")


class Owners(OnScreen):
    """A display manager, whose children are in their cgroups by a file that is mounted
    there."""

    def setUp(self):
        self.start("", CARD)

    def spawn(self, cgroup, child=None):
        """A process; with a cgroup for the child that it has, that one as well."""
        script = "sleep 3600" if child is None else "sleep 3600 & echo $!; wait"
        process = self.kernel.popen(["sh", "-c", f"echo $$; {script}"], stdout=subprocess.PIPE,
                                    text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(self.end_session, process.pid)
        pid = int(process.stdout.readline())
        self.kernel.put_into(pid, cgroup)
        if child is None:
            return pid
        other = int(process.stdout.readline())
        self.kernel.put_into(other, child)
        return pid, other

    def end_session(self, pid):
        os.killpg(pid, signal.SIGKILL)

    def owner(self, pid, manager="gdm.service"):
        return self.good("owner", pid, manager)

    def session(self, name, uid, leader, kind="user"):
        self.kernel.systemd.tell(f"session {name} {uid} {leader} {kind}")

    def test_of_its_unit(self):
        pid = self.spawn("/system.slice/gdm.service")
        self.assertEqual(self.owner(pid), "gdm.service - 0 ends")
        self.assertEqual(self.owner(pid, "sddm.service"), "gdm.service - 0 stays")
        self.assertEqual(self.owner(pid, "-"), "gdm.service - 0 stays")
        # That takes no question to logind.
        self.assertEqual(self.kernel.systemd.log(), [])

    def test_of_no_unit(self):
        self.assertEqual(self.owner(self.spawn("/")), "- - 0 stays")

    def test_of_another_unit(self):
        """Its parent is the display manager's, but systemd-run has put it elsewhere."""
        _, child = self.spawn("/system.slice/gdm.service", "/system.slice/run-u1.scope")
        self.assertEqual(self.owner(child), "run-u1.scope - 0 stays")

    def test_session_by_its_ancestors(self):
        _, child = self.spawn("/system.slice/gdm.service",
                              "/user.slice/user-1000.slice/session-3.scope")
        self.assertEqual(self.owner(child), "session-3.scope 3 0 ends")
        self.assertEqual(self.owner(child, "sddm.service"), "session-3.scope 3 0 stays")

    def test_session_by_its_leader(self):
        _, leader = self.spawn("/system.slice/gdm.service",
                               "/user.slice/user-1000.slice/session-3.scope")
        pid = self.spawn("/user.slice/user-1000.slice/session-3.scope")
        self.assertEqual(self.owner(pid), "session-3.scope 3 0 stays")
        self.session(3, 1000, leader)
        self.assertEqual(self.owner(pid), "session-3.scope 3 0 ends")
        # One of a terminal.
        self.session(3, 1000, self.spawn("/user.slice/user-1000.slice/session-3.scope"))
        self.assertEqual(self.owner(pid), "session-3.scope 3 0 stays")

    def test_user(self):
        _, leader = self.spawn("/system.slice/gdm.service",
                               "/user.slice/user-1000.slice/session-3.scope")
        pid = self.spawn("/user.slice/user-1000.slice/user@1000.service/session.slice/x.service")
        systemd = self.kernel.systemd
        self.assertEqual(self.owner(pid), "user@1000.service - 0 unknown logind says: It can't "
                                          r"be\x0ahad \x1b[31mhere")
        systemd.tell("user 1000 no")
        # The session of another user, and of the service manager itself.
        self.session(2, 1001, leader)
        self.session(4, 1000, pid, "manager-early")
        self.assertEqual(self.owner(pid), "user@1000.service - 0 stays")
        self.session(3, 1000, leader)
        self.assertEqual(self.owner(pid), "user@1000.service - 0 ends")
        systemd.tell("user 1000 linger")
        self.assertEqual(self.owner(pid), "user@1000.service - 0 stays")
        systemd.tell("user 1000 no")
        self.session("c5", 1000, self.spawn("/user.slice/user-1000.slice/session-c5.scope"))
        self.assertEqual(self.owner(pid), "user@1000.service - 0 stays")

    def test_unknown_is_not_the_display_managers(self):
        inside = "/user.slice/user-1000.slice/session-3.scope"
        _, leader = self.spawn("/system.slice/gdm.service", inside)
        pid = self.spawn(inside)
        self.session(3, 1000, 0)
        self.assertEqual(self.owner(pid),
                         "session-3.scope 3 0 unknown logind knows no leader of a session")
        self.session(3, 1000, 1 << 23)
        self.assertEqual(self.owner(pid),
                         "session-3.scope 3 0 unknown a process ended meanwhile")
        self.session(3, 1000, leader)
        self.kernel.put_into(leader, "/../gdm.service")
        self.assertIn("unknown the unit of process", self.owner(pid))
        self.kernel.put_into(leader, inside)
        for rule in ("refuse GetSession org.freedesktop.DBus.Error.AccessDenied",
                     "vanish Get"):
            self.kernel.end_systemd()
            self.kernel.start_systemd(f"session 3 1000 {leader} user\n{rule}")
            self.assertIn("session-3.scope 3 0 unknown ", self.owner(pid))
        self.kernel.end_systemd()
        self.assertIn("unknown the system bus can't be used", self.owner(pid))

    def test_what_can_not_be_read(self):
        self.assertEqual(self.fails("owner", 1 << 23, "gdm.service"), "ENOENT -")
        pid = self.spawn("/../gdm.service")
        self.assertEqual(self.fails("owner", pid, "gdm.service"),
                         f"EXDEV the unit of process {pid} can't be read: "
                         "Invalid cross-device link")


class Memory(OnScreen):
    """It runs out: the answer is the same, or there is none."""
    slow = True

    def run_out(self, words, **faults):
        return self.kernel.run(["env", f"LD_PRELOAD={NOMEM}",
                                *(f"{name}={value}" for name, value in faults.items()),
                                DISPLAY, *words])

    def each(self, good, *words, before=""):
        count = self.kernel.run_dir / "count"
        unloaded = ("unknown systemd can't be reached, as libsystemd.so.0, of version 246 or "
                    "newer, can't be loaded\n")
        if before:
            self.kernel.systemd.tell(before)
        self.assertEqual(self.run_out(words, NOMEM_COUNT="/run/count").out, good)
        number = int(count.read_text())
        self.assertGreater(number, 50)
        failed = 0
        for fault in range(1, number + 1):
            if before:
                self.kernel.systemd.tell(before)
            result = self.run_out(words, NOMEM_K=fault)
            with self.subTest(words=words, fault=fault):
                if result.rc == 0 and unloaded in result.out:
                    failed += 1  # the loader doesn't say why
                elif result.rc == 0:
                    self.assertEqual((result.out, result.err), (good, ""))
                else:
                    self.assertEqual((result.rc, result.out), (1, ""))
                    self.assertRegex(result.err, "^E[A-Z]+ ..")
                    failed += 1
        self.assertGreater(failed, number / 3)

    def test_query(self):
        self.start(GDM)
        self.each("gdm.service active 90 0\n", "query", "display-manager.service")

    def test_stop(self):
        self.start(GDM)
        self.each("", "stop", "gdm.service", MINUTE, before="unit gdm.service active")

    def test_scope(self):
        self.start(GDM)
        self.each("", "scope", "virt-hostdev-1.scope",
                  before="unit virt-hostdev-1.scope inactive load=not-found")

    def test_owner(self):
        self.start("")
        process = self.kernel.popen(["sleep", "3600"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.kernel.put_into(process.pid, "/user.slice/user-1000.slice/user@1000.service/a.scope")
        leader = self.kernel.popen(["sleep", "3600"])
        self.addCleanup(leader.wait)
        self.addCleanup(leader.kill)
        self.kernel.put_into(leader.pid, "/system.slice/gdm.service")
        for line in ("user 1000 no", f"session 3 1000 {leader.pid} user"):
            self.kernel.systemd.tell(line)
        self.each("user@1000.service - 0 ends\n", "owner", str(process.pid), "gdm.service")


class Units(OnScreen):
    def test_alias_is_resolved(self):
        self.start(GDM)
        for name in ("display-manager.service", "gdm.service"):
            self.assertEqual(self.good("query", name), "gdm.service active 90 0")
        self.assertEqual(self.good("query", "session-3.scope"), "session-3.scope active 2 0")
        self.assertEqual(self.kernel.systemd.asked(), [])

    def test_states(self):
        for state, word in (("activating", "active"), ("reloading", "active"),
                            ("refreshing", "active"), ("deactivating", "inactive"),
                            ("failed", "inactive"), ("inactive", "inactive")):
            with self.subTest(state=state):
                self.start(f"unit gdm.service {state}")
                self.assertEqual(self.good("query", "gdm.service"), f"gdm.service {word} 90 90")
        self.start("unit gdm.service dancing")
        self.assertEqual(self.fails("query", "gdm.service"),
                         "EPROTO systemd says that it is 'dancing', and it isn't known what "
                         "that means")

    def test_unit_that_does_not_exist(self):
        self.start(GDM)
        self.assertEqual(self.fails("query", "sddm.service"), "ENOENT -")
        self.assertEqual(self.fails("start", "sddm.service", MINUTE),
                         "ENOENT systemd knows no such unit")
        # What there isn't isn't active.
        self.good("stop", "sddm.service", MINUTE)
        self.assertEqual(self.kernel.systemd.asked(), [])

    def test_unit_without_a_file_that_is_at_work(self):
        self.start("unit sddm.service active load=not-found")
        self.assertEqual(self.good("query", "sddm.service"), "sddm.service active 90 90")

    def test_name_that_is_none(self):
        self.start("unit gdm.service active\nalias display-manager.service gdm\nunit gdm active")
        self.assertEqual(self.fails("query", "display-manager.service"),
                         "EPROTO systemd says that it is called 'gdm', which is no unit's name")

    def test_stops_and_starts(self):
        self.start(GDM)
        systemd = self.kernel.systemd
        self.good("stop", "gdm.service", MINUTE)
        self.assertEqual(systemd.state("gdm.service"), "inactive")
        # Who is told of jobs has asked to be before there is one.
        log = systemd.log()
        self.assertLess(log.index("Subscribe"), log.index("StopUnit gdm.service replace"))
        self.good("start", "gdm.service", MINUTE)
        self.assertEqual(systemd.state("gdm.service"), "active")
        self.assertEqual(systemd.asked(), ["StopUnit gdm.service replace",
                                           "StartUnit gdm.service replace"])

    def test_does_nothing_twice(self):
        self.start(GDM + "unit sddm.service failed")
        self.good("start", "gdm.service", MINUTE)
        self.good("stop", "sddm.service", MINUTE)
        self.assertEqual(self.kernel.systemd.asked(), [])

    def test_other_job_does_not_count(self):
        """It is active, but is to be stopped by somebody else."""
        self.start("unit gdm.service active job")
        self.good("start", "gdm.service", MINUTE)
        self.assertEqual(self.kernel.systemd.asked(), ["StartUnit gdm.service replace"])

    def test_scope_goes_away(self):
        self.start(GDM)
        self.good("stop", "session-3.scope", MINUTE)
        self.assertEqual(self.fails("query", "session-3.scope"), "ENOENT -")
        self.good("stop", "session-3.scope", MINUTE)

    def test_waits_for_the_job(self):
        self.start("unit gdm.service active held")
        systemd = self.kernel.systemd
        for verb, state in (("stop", "inactive"), ("start", "active")):
            process = self.popen(verb, "gdm.service", MINUTE)
            self.wait_for(lambda: systemd.state("gdm.service").endswith("ing"))
            self.assertIsNone(process.poll())
            systemd.tell("finish gdm.service")
            self.assertEqual(process.communicate(timeout=HANG), ("", ""))
            self.assertEqual((process.returncode, systemd.state("gdm.service")), (0, state))

    def test_job_that_fails(self):
        self.start("unit gdm.service active stop=timeout/deactivating\n"
                   "unit sddm.service inactive start=failed/failed\n"
                   "unit lightdm.service inactive start=done/failed\n")
        self.assertEqual(self.fails("stop", "gdm.service", MINUTE),
                         "EIO systemd's job ended with 'timeout'")
        self.assertEqual(self.fails("start", "sddm.service", MINUTE),
                         "EIO systemd's job ended with 'failed'")
        self.assertEqual(self.fails("start", "lightdm.service", MINUTE),
                         "EIO systemd reported success, but it is failed")

    def test_killed_is_stopped(self):
        """How it came to its end doesn't matter."""
        self.start("unit gdm.service active stop=timeout/failed")
        self.good("stop", "gdm.service", MINUTE)

    def test_job_that_never_ends(self):
        self.start("unit gdm.service active held")
        self.assertEqual(self.fails("stop", "gdm.service", 1),
                         "ETIMEDOUT systemd has not done it within 1 seconds, it is deactivating")

    def test_signal_that_is_lost(self):
        self.start("unit gdm.service active lost")
        self.good("stop", "gdm.service", 10 * HANG)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "inactive")

    def test_signal_of_somebody_else(self):
        self.start("unit gdm.service active held forged")
        process = self.popen("stop", "gdm.service", MINUTE)
        # It has been told wrongly, and goes on to ask now and then.
        self.wait_for(lambda: "StopUnit gdm.service replace" in self.kernel.systemd.log()[:-1])
        self.assertIsNone(process.poll())
        self.kernel.systemd.tell("finish gdm.service")
        self.assertEqual(process.communicate(timeout=HANG), ("", ""))
        self.assertEqual(process.returncode, 0)

    def test_processes_end_with_their_unit(self):
        """Of the fake itself: hooks are tested with it."""
        self.start("")
        process = self.kernel.popen(["sleep", "3600"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.kernel.systemd.tell(f"unit gdm.service active kill={process.pid}")
        self.good("stop", "gdm.service", MINUTE)
        self.assertEqual(process.wait(HANG), -9)

    def test_refused(self):
        self.start(GDM + "refuse StopUnit org.freedesktop.DBus.Error.AccessDenied")
        # Others' words stay on their line, and steer no terminal.
        self.assertEqual(self.fails("stop", "gdm.service", MINUTE),
                         r"EACCES systemd says: It can't be\x0ahad \x1b[31mhere")
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")

    def test_errors_that_are_answers_elsewhere(self):
        """That there is no systemd, and no such unit, is not for others to say so."""
        for name in ("NotSupported", "FileNotFound"):
            self.start(GDM + f"refuse LoadUnit org.freedesktop.DBus.Error.{name}")
            for words in (("query", "gdm.service"), ("stop", "gdm.service", MINUTE)):
                self.assertRegex(self.fails(*words), "^EIO systemd says: ")

    def test_gone_meanwhile(self):
        """A unit that went away between two questions has stopped."""
        self.start(GDM + "refuse StopUnit org.freedesktop.systemd1.NoSuchUnit")
        self.good("stop", "session-3.scope", MINUTE)

    def test_no_answer(self):
        for method in METHODS:
            with self.subTest(method=method):
                self.start(GDM + f"mute {method}")
                self.assertEqual(self.fails("stop", "gdm.service", 1),
                                 "ETIMEDOUT there is no answer on the system bus"
                                 if method in ("Hello", "AddMatch") else
                                 "ETIMEDOUT systemd doesn't answer")

    def test_bus_that_vanishes(self):
        for method in METHODS:
            with self.subTest(method=method):
                self.start(GDM + f"vanish {method}")
                self.assertRegex(self.fails("stop", "gdm.service", MINUTE),
                                 "^E[A-Z]+ the system bus has closed the connection$")

    def test_bus_that_vanishes_meanwhile(self):
        self.start("unit gdm.service active held")
        process = self.popen("stop", "gdm.service", MINUTE)
        self.wait_for(self.kernel.systemd.asked)
        self.kernel.end_systemd()
        out, err = process.communicate(timeout=HANG)
        self.assertEqual((process.returncode, out), (1, ""))
        self.assertRegex(err, "^E[A-Z]+ the system bus has closed the connection$")

    def test_no_systemd(self):
        self.start(GDM)
        self.kernel.end_systemd()
        self.assertRegex(self.fails("query", "gdm.service"),
                         "^E[A-Z]+ the system bus can't be used: Connection refused$")
        (self.kernel.run_dir / "dbus/system_bus_socket").unlink()
        self.assertEqual(self.fails("query", "gdm.service"),
                         "ENOTCONN systemd can't be reached, as there is no "
                         "/run/dbus/system_bus_socket")
        (self.kernel.run_dir / "systemd/system").rmdir()
        for words in (("query", "gdm.service"), ("stop", "gdm.service", 1),
                      ("start", "gdm.service", 1)):
            self.assertEqual(self.fails(*words),
                             "EOPNOTSUPP this host wasn't started by systemd")
        self.assertEqual(self.display("query", "gdm.service",
                                      env={**os.environ, "DISPLAY_ROOT": "/run"}).err,
                         "EOPNOTSUPP a copy of a host has no systemd that runs\n")

    def test_environment_is_not_asked(self):
        """Whoever has root start something doesn't say whom root trusts."""
        self.start(GDM)
        nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/nowhere",
                   "SYSTEMD_BUS_TIMEOUT": "1us"}
        result = self.display("query", "gdm.service", env={**os.environ, **nowhere})
        self.assertEqual(result.out, "gdm.service active 90 0\n")


class Scopes(OnScreen):
    """A process leaves the unit that it was started in."""

    NAME = "virt-hostdev-1.scope"

    def test_entered(self):
        self.start(GDM)
        self.good("scope", self.NAME)
        asked, = self.kernel.systemd.asked()
        self.assertRegex(asked, rf"^StartTransientUnit {self.NAME} fail \d+$")
        self.assertEqual(self.kernel.systemd.state(self.NAME), "active")

    def test_success_is_verified(self):
        self.start(GDM + "refuse-pids")
        self.assertRegex(self.fails("scope", self.NAME),
                         "^EIO systemd reported success, but this process is still in ")

    def test_one_of_that_name(self):
        self.start(f"unit {self.NAME} active")
        self.assertRegex(self.fails("scope", self.NAME), "^E[A-Z]+ systemd says: ")

    def test_refused(self):
        self.start(GDM + "refuse StartTransientUnit org.freedesktop.DBus.Error.AccessDenied")
        self.assertRegex(self.fails("scope", self.NAME), "^EACCES systemd says: ")

    def test_job_that_fails(self):
        self.start(f"unit {self.NAME} inactive load=not-found start=failed/failed")
        self.assertEqual(self.fails("scope", self.NAME), "EIO systemd's job ended with 'failed'")

    def test_bus_that_vanishes(self):
        self.start(GDM + "vanish StartTransientUnit")
        self.assertRegex(self.fails("scope", self.NAME),
                         "^E[A-Z]+ the system bus has closed the connection$")

    def test_no_systemd(self):
        self.start()
        self.assertEqual(self.fails("scope", self.NAME),
                         "EOPNOTSUPP this host wasn't started by systemd")
