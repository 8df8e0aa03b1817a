# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's only screen goes to the guest with its card, and comes back."""

import json
import os
import pty
import select
import signal
import subprocess
from pathlib import Path

from fakekernel import FakeKernel, Result
from program import domain, hostdev
from setting import HANG
from test_every_write import DRIVERS, HOOK, NOUVEAU, NVIDIA, TOOL, OnFakeKernel, hand_over

CARD = "0000:03:00.0"
SOUND = "0000:03:00.1"
FBCON = "(M) frame buffer device"
# What a process may hold of the card.
MEMORY = f"/sys/bus/pci/devices/{CARD}/resource0"

GDM = """
unit gdm.service active
alias display-manager.service gdm.service
unit nvidia-persistenced.service active
unit session-3.scope active transient
"""


XML = hand_over()
GOES = f"The host's screen goes with {CARD}: "
DARK = GOES + "the consoles will go dark. It comes back with the card.\n"


class _HandOver(OnFakeKernel):
    def boot(self, description, systemd=None):
        self.kernel = FakeKernel(DRIVERS + description, systemd)
        self.addCleanup(self.kernel.close)
        self.start = self.kernel.state()

    def says(self, result, err):
        self.assertEqual((result.rc, result.out, result.err), (0, "", err))

    def refuses(self, words, xml=XML):
        """The rest of the sentence; nothing has been done."""
        result = self.hook("prepare", xml)
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn(words, result.err)
        self.assert_as_it_was()
        return result.err

    def use(self, unit, *words):
        """A process in a unit has the card open, and ends with the unit; more words are of
        that unit."""
        process = self.kernel.popen(["sh", "-c", f"exec 3<{MEMORY} && echo && read -r word"],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"\n")
        self.kernel.put_into(process.pid, f"/system.slice/{unit}")
        if self.kernel.systemd:
            self.kernel.systemd.tell(" ".join((f"unit {unit} active kill={process.pid}", *words)))
        return process


class ThereAndBack(_HandOver):
    def test_modules_that_hold_the_driver(self):
        self.boot(NVIDIA)
        planned = json.loads(self.kernel.run([TOOL, "plan", "--json", "-"], stdin=XML).out)
        self.says(self.hook("prepare", XML), DARK)
        self.assertEqual([(step["kind"], step["address"] or step["from"] or step["to"])
                          for step in planned["steps"]], [
            ("override", CARD), ("override", SOUND), ("let-go", CARD), ("let-go", SOUND),
            ("vt-off", FBCON), ("unload", "nvidia_drm"), ("unload", "nvidia_modeset"),
            ("unload", "nvidia_uvm"), ("unbind", SOUND), ("bind", SOUND), ("unbind", CARD),
            ("bind", CARD)])
        changes = self.kernel.changes()
        self.assertEqual(set(changes[:2]), {f"override {CARD} - vfio-pci",
                                            f"override {SOUND} - vfio-pci"})
        self.assertEqual([each for each in changes[2:] if not each.startswith("consoles")], [
            "unload nvidia_drm", "unload nvidia_modeset", "unload nvidia_uvm",
            f"unbind {SOUND} snd_hda_intel", f"bind {SOUND} vfio-pci",
            f"unbind {CARD} nvidia", f"bind {CARD} vfio-pci"])
        self.kernel.recount()
        self.says(self.hook("release", XML), "")
        changes = self.kernel.changes()
        back = changes.index(f"bind {CARD} nvidia")
        self.assertEqual([each for each in changes[back + 1:]
                          if "override" not in each and SOUND not in each], [
            "load nvidia_uvm", "load nvidia_modeset", "load nvidia_drm",
            f"consoles {FBCON}"])
        self.assert_as_it_was()

    def test_no_module_is_unloaded_in_vain(self):
        self.boot(NOUVEAU)
        self.says(self.hook("prepare", XML), DARK)
        self.assertFalse([each for each in self.kernel.changes() if "unload" in each])
        self.says(self.hook("release", XML), "")
        self.assert_as_it_was()

    def test_device_that_libvirt_binds(self):
        """The modules go before libvirt unbinds the card, and come when it has not bound it
        back, since its driver didn't let it."""
        self.boot(NVIDIA)
        xml = hand_over("", hostdev(3, managed="yes"), hostdev(3, function=1, managed="yes"))
        self.says(self.hook("prepare", xml), DARK)
        self.assertIn("unload nvidia_uvm", self.kernel.changes())
        self.assertNotIn(f"unbind {CARD} nvidia", self.kernel.changes())
        self.says(self.hook("release", xml), "")
        self.assert_as_it_was()

    def test_status_names_what_went(self):
        self.boot(NVIDIA)
        self.says(self.hook("prepare", XML), DARK)
        screens = {each["address"]: [(item["kind"], item["name"], item["value"])
                                     for item in each["screen"]]
                   for each in self.status()[0]["devices"]}
        self.assertEqual(screens, {SOUND: [], CARD: [
            ("console", FBCON, None), ("module", "nvidia_drm", None),
            ("parameter", "nvidia_drm/fbdev", "Y"), ("parameter", "nvidia_drm/modeset", "Y"),
            ("module", "nvidia_modeset", None), ("module", "nvidia_uvm", None),
            ("connector", "DP-1", None)]})
        self.assertIn(f"\nThe host's screen went with {CARD}, and comes back with it: "
                      f"console {FBCON}, module nvidia_drm, ", self.tool("status").out)

    def test_card_that_is_gone_for_good(self):
        """Who used it may find another."""
        self.boot(NOUVEAU, GDM)
        self.use("gdm.service")
        self.assertEqual(self.hook("prepare", XML).rc, 0)
        self.kernel.recount()
        self.kernel.fault(1, "vanish", CARD)
        self.kernel.write(f"/sys/bus/pci/devices/{SOUND}/driver_override", "vfio-pci")
        result = self.hook("release", XML)
        self.assertEqual(result.rc, 0)
        self.assertIn(f"{CARD} can't be given back to the host: it is gone", result.err)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assertEqual(self.kernel.claims(), {})


class Users(_HandOver):
    def test_display_manager(self):
        self.boot(NOUVEAU, GDM)
        process = self.use("gdm.service")
        self.says(self.hook("prepare", XML), (
            f"{GOES}gdm.service will be stopped (process {process.pid} (sh) of user "
            f"{os.getuid()}), and the consoles will go dark. It comes back with the card.\n"))
        self.assertEqual(process.wait(), -signal.SIGKILL)
        self.assertEqual(self.kernel.systemd.asked(), ["StopUnit gdm.service replace"])
        self.says(self.hook("release", XML), "")
        self.assertEqual(self.kernel.systemd.asked()[1:], ["StartUnit gdm.service replace"])
        self.assert_as_it_was()

    def test_claim_that_is_damaged(self):
        """libvirt has given the card back, but not who used it."""
        self.boot(NOUVEAU, GDM)
        self.use("gdm.service")
        xml = hand_over("", hostdev(3, managed="yes"), hostdev(3, function=1, managed="yes"))
        self.assertEqual(self.hook("prepare", xml).rc, 0)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "inactive")
        claim, = (self.kernel.run_dir / "virt-hostdev/claims").glob("*-*[!e]")
        text = claim.read_text()
        claim.write_text(text[:text.index("\nend ") + 1])
        result = self.hook("release", xml)
        self.assertEqual(result.rc, 0, result.err)
        self.assertIn("was damaged, but all that it held is back with the host.", result.err)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()

    def test_display_manager_that_shows_nothing_here(self):
        self.boot(NOUVEAU, GDM)
        self.says(self.hook("prepare", XML), DARK)
        self.says(self.hook("release", XML), "")
        self.assertEqual(self.kernel.systemd.asked(), [])

    def test_one_who_is_not_to_be_stopped(self):
        self.boot(NOUVEAU, GDM)
        process = self.use("session-3.scope")
        err = self.refuses(f"can't be given to guest 'guest' with the host's screen while "
                           f"process {process.pid} (sh) of user {os.getuid()} in "
                           f"session-3.scope uses it, and isn't to be stopped.")
        self.assertIn("Fix: Let it end, or let it be stopped: virt-hostdev allow "
                      "--hand-over-display --may-stop session-3.scope guest\n", err)
        self.assertEqual(self.kernel.systemd.asked(), [])
        self.assertIsNone(process.poll())

    def test_units_that_may_be_stopped(self):
        """The display manager first, and back last; a session is over."""
        self.boot(NOUVEAU, GDM)
        for unit in ("session-3.scope", "nvidia-persistenced.service", "gdm.service"):
            self.use(unit, *(["transient"] if unit.endswith(".scope") else []))
        xml = hand_over("<h:stop unit='nvidia-*.service'/><h:stop unit='session-?.scope'/>")
        self.assertEqual(self.hook("prepare", xml).rc, 0)
        self.assertEqual(self.kernel.systemd.asked(), [
            "StopUnit gdm.service replace", "StopUnit nvidia-persistenced.service replace",
            "StopUnit session-3.scope replace"])
        self.says(self.hook("release", xml), "")
        self.assertEqual(self.kernel.systemd.asked()[3:], [
            "StartUnit nvidia-persistenced.service replace", "StartUnit gdm.service replace"])
        self.assert_as_it_was()

    def test_host_that_lets_it_be_stopped(self):
        self.boot(NOUVEAU, GDM)
        self.configure("hand-over = yes", "may-stop = session-*.scope")
        self.use("session-3.scope", "transient")
        xml = domain(hostdev(3), hostdev(3, function=1))
        self.assertEqual(self.hook("prepare", xml).rc, 0)
        self.assertEqual(self.kernel.systemd.asked(), ["StopUnit session-3.scope replace"])
        self.says(self.hook("release", xml), "")
        self.assert_as_it_was()

    def test_host_that_forbids_it(self):
        self.boot(NOUVEAU, GDM)
        self.configure("domains-may = mount")
        self.refuses("line 3 of the domain hands the host's screen over, but "
                     "/etc/virt-hostdev.conf, line 2 (domains-may in [host]) doesn't let domains.")

    def test_host_without_systemd(self):
        self.boot(NOUVEAU)
        self.use("gdm.service")
        self.refuses("uses it, and isn't to be stopped; nothing can be stopped here: ")

    def test_one_who_does_not_let_go(self):
        """Though his unit has stopped."""
        self.boot(NOUVEAU, GDM)
        self.configure("step-timeout = 1")
        process = self.use("gdm.service")
        self.kernel.systemd.tell("unit gdm.service active")
        self.refuses(f"{CARD} can't be taken from the host: after 1 seconds process "
                     f"{process.pid} (sh) has ")
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")

    def test_unit_that_does_not_stop(self):
        self.boot(NOUVEAU, GDM)
        self.use("gdm.service", "stop=failed/active")
        err = self.refuses("gdm.service can't be stopped: ")
        self.assertIn("Fix: See what keeps it: systemctl status gdm.service\n", err)

    def test_unit_that_does_not_start_again(self):
        """All the rest is back, and recover tries again."""
        self.boot(NOUVEAU, GDM)
        self.use("gdm.service", "start=failed/failed")
        self.assertEqual(self.hook("prepare", XML).rc, 0)
        result = self.hook("release", XML)
        self.assertEqual(result.rc, 1)
        self.assertIn("gdm.service can't be started again: ", result.err)
        self.assertIn("\nFix: See why: systemctl status gdm.service; then: virt-hostdev recover\n",
                      result.err)
        self.assertEqual(self.kernel.state(), self.start)
        claim, = self.status()
        self.assertEqual(claim["state"], "left behind")
        self.assertIn("gdm.service can't be started again: ", claim["error"])
        self.kernel.systemd.tell("unit gdm.service inactive")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()

    def test_all_that_fails_is_said(self):
        """One failure keeps nothing else from coming back."""
        self.boot(NVIDIA, GDM)
        self.use("gdm.service", "start=failed/failed")
        self.assertEqual(self.hook("prepare", XML).rc, 0)
        self.kernel.recount()
        self.kernel.fault(9, "errno", "EIO")
        result = self.hook("release", XML)
        self.assertEqual(result.rc, 1)
        claim, = self.status()
        self.assertEqual(claim["error"].count(" can't be "), 2, claim["error"])
        for sentence in ("gdm.service can't be started again", "can't be loaded again"):
            self.assertIn(sentence, result.err)
            self.assertIn(sentence, claim["error"])
            self.assertIn(sentence, self.tool("log").out)
        self.kernel.systemd.tell("unit gdm.service inactive")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def test_device_that_does_not_come_back(self):
        """It keeps who used the screen from nothing."""
        self.boot(NOUVEAU, GDM)
        self.use("gdm.service")
        self.assertEqual(self.hook("prepare", XML).rc, 0)
        self.kernel.recount()
        self.kernel.fault(1, "errno", "EIO")
        result = self.hook("release", XML)
        self.assertEqual(result.rc, 1)
        self.assertIn("can't be set to ", result.err)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assert_as_it_was()

    def test_killed_while_a_unit_stops(self):
        """The job goes on without us."""
        self.boot(NOUVEAU, GDM)
        self.use("gdm.service", "held")
        with self.kernel.popen([HOOK, "guest", "prepare", "begin", "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE) as hook:
            hook.stdin.write(XML.encode())
            hook.stdin.close()
            while not self.kernel.systemd.asked():
                self.assertIsNone(hook.poll())
            os.killpg(hook.pid, signal.SIGKILL)
        self.kernel.systemd.tell("unit gdm.service inactive")
        self.says(self.hook("release", XML), "")
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()


SSH = "/system.slice/ssh.service"
# A command that begins when it is told to; its shell may be told apart from it.
WAITS = 'echo && read -r word && exec "$@"'
BELOW = f'echo && sh -c \'{WAITS.replace("echo", "echo $$")}\' sh "$@"; exit $?'


class _ByHand(_HandOver):
    def boot(self, description, systemd=None):
        """Whoever runs the tests has no part in them."""
        super().boot(description, systemd)
        pid = os.getpid()
        while pid > 1:
            self.kernel.put_into(pid, "/")
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    def begin(self, cgroup, *options, script=WAITS, **files):
        """The process that will bind them, when a line comes."""
        pipe = subprocess.PIPE
        process = self.kernel.popen(
            ["sh", "-c", script, "sh", TOOL, "bind", "--hand-over-display", *options, CARD, SOUND],
            **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **files})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        if process.stdout:
            self.assertEqual(process.stdout.readline(), b"\n")
        self.kernel.put_into(process.pid, cgroup)
        return process

    def end(self, process):
        out, err = process.communicate(b"\n", HANG)
        return Result(process.returncode, out.decode(), err.decode())

    def bind(self, *options, cgroup=SSH):
        return self.end(self.begin(cgroup, *options))


class ByHand(_ByHand):
    """A person takes the card, and the screen with it."""

    def bound(self, result, words=DARK):
        self.assertEqual((result.rc, result.out, result.err), (
            0, f"{CARD} is on driver vfio-pci.\n{SOUND} is on driver vfio-pci.\n", words))

    def test_bound_and_released(self):
        self.boot(NVIDIA, GDM)
        process = self.use("gdm.service")
        result = self.bind()
        self.bound(result, f"{GOES}gdm.service will be stopped (process {process.pid} (sh) of user "
                           f"{os.getuid()}), and the consoles will go dark. It comes back with the "
                           "card.\n")
        self.assertEqual(process.wait(), -signal.SIGKILL)
        claim, = self.status()
        self.assertEqual((claim["domain"], claim["state"]), (None, "by hand"))
        self.assertIn("unload nvidia_uvm", self.kernel.changes())
        result = self.tool("release", CARD, SOUND)
        self.assertEqual((result.rc, result.err), (0, ""))
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()

    def test_screen_comes_back_with_its_card(self):
        self.boot(NVIDIA)
        self.bound(self.bind())
        self.kernel.recount()
        self.assertEqual(self.tool("release", SOUND).rc, 0)
        self.assertFalse([each for each in self.kernel.changes()
                          if each.startswith(("load", "consoles"))])
        self.assertEqual(self.tool("release", CARD).rc, 0)
        self.assertIn("load nvidia_drm", self.kernel.changes())
        self.assert_as_it_was()

    def test_without_its_sound(self):
        self.boot(NVIDIA)
        self.bound(self.bind())
        self.kernel.recount()
        self.assertEqual(self.tool("release", CARD).rc, 0)
        self.assertIn(f"consoles {FBCON}", self.kernel.changes())
        self.assertEqual(self.tool("release", SOUND).rc, 0)
        self.assert_as_it_was()

    def test_killed_and_recovered(self):
        self.boot(NVIDIA, GDM)
        self.use("gdm.service")
        self.assertEqual(self.bind().rc, 0)
        count, = (i for i, each in enumerate(self.kernel.written(), 1)
                  if "unbind" in each and CARD in each)
        self.assertEqual(self.tool("release", CARD, SOUND).rc, 0)
        self.use("gdm.service")
        self.kernel.recount()
        self.kernel.fault(count, "kill-after", "both")
        self.assertNotEqual(self.bind().rc, 0)
        claim, = self.status()
        self.assertEqual(claim["state"], "left behind")
        self.assertEqual(self.tool("recover").rc, 0)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()

    def test_one_who_is_not_to_be_stopped(self):
        self.boot(NOUVEAU, GDM)
        process = self.use("session-3.scope", "transient")
        result = self.bind()
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn("can't be taken from the host with the host's screen while process "
                      f"{process.pid} (sh) of user {os.getuid()} in session-3.scope uses it, and "
                      "isn't to be stopped.\nFix: Let it end, or let it be stopped: virt-hostdev "
                      "bind --hand-over-display --may-stop session-3.scope\n", result.err)
        self.assert_as_it_was()
        self.assertEqual(self.bind("--may-stop", "session-?.scope").rc, 0)
        self.assertEqual(self.kernel.systemd.asked(), ["StopUnit session-3.scope replace"])
        self.assertEqual(self.tool("release", CARD, SOUND).rc, 0)
        self.assert_as_it_was()

    def test_domains_may_not_but_who_is_root_may(self):
        self.boot(NOUVEAU)
        self.configure("domains-may = none")
        self.bound(self.bind())

    def test_preset_of_guests_is_none(self):
        self.boot(NOUVEAU)
        self.configure("hand-over = yes")
        result = self.tool("bind", CARD, SOUND)
        self.assertNotIn("screen goes", result.err)
        self.assertNotIn("consoles", " ".join(self.kernel.changes()))

    def test_options_for_nothing(self):
        self.boot(NOUVEAU)
        result = self.tool("bind", "--may-stop", "a.service", CARD)
        self.assertEqual(result.rc, 2)
        self.assertIn("--may-stop needs --hand-over-display", result.err)
        result = self.tool("bind", "--yes", CARD)
        self.assertEqual(result.rc, 2)
        self.assertIn("--yes needs --hand-over-display", result.err)
        result = self.tool("bind", "--hand-over-display", "--may-stop", "a.socket", CARD)
        self.assertEqual(result.rc, 2)
        self.assertIn("--may-stop takes units that end in .service", result.err)
        result = self.tool("bind", "--hand-over-display", SOUND)
        self.assertEqual(result.rc, 0)
        self.assertIn("\nThe host's screen isn't handed over, as no graphics card is among the "
                      "devices.\n", result.err)


class FromItsOwnScreen(_ByHand):
    """The terminal is of the session that ends with the screen."""

    SESSION = "/user.slice/user-1000.slice/session-2.scope"
    ENDS = ("This command was started from a session that ends with the host's screen: gdm.service "
            "will be stopped, and this terminal with it.\nFix: The same command with --yes: it goes "
            "on to its end without the terminal\n")
    SAYS = ("This terminal ends with gdm.service. What comes of it is in: virt-hostdev status, "
            "journalctl -t virt-hostdev\nThe screen comes back, over ssh for instance, with: "
            f"virt-hostdev release {CARD} {SOUND}\n")

    def setUp(self):
        self.boot(NVIDIA, GDM)
        self.manager = self.use("gdm.service")
        self.tell(f"session 2 1000 {self.manager.pid} user")

    def tell(self, line):
        self.kernel.systemd.tell(line)

    def refused(self, result, words):
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn(words, result.err)
        self.assertEqual(self.kernel.systemd.asked(), [])
        self.assert_as_it_was()

    def released(self):
        self.assertEqual(self.tool("release", CARD, SOUND).rc, 0)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()

    def stopping(self, process):
        """It has got so far, and waits for the unit."""
        process.stdin.write(b"\n")
        process.stdin.flush()
        while "StopUnit gdm.service replace" not in self.kernel.systemd.asked():
            self.assertIsNone(process.poll())

    def done(self):
        """As it is with a terminal; and it is written down."""
        claim, = self.status()
        self.assertEqual((claim["domain"], claim["state"]), (None, "by hand"))
        made, stopped = self.kernel.systemd.asked()
        self.assertRegex(made, f"^StartTransientUnit virt-hostdev-{claim['uuid']}.scope fail ")
        self.assertEqual(stopped, "StopUnit gdm.service replace")
        self.assertIn(f"bind {CARD} vfio-pci", self.kernel.changes())
        run, = json.loads(self.tool("log", "--json").out)["runs"]
        self.assertEqual((run["event"], run["domain"], run["outcome"], run["devices"]),
                         ("bind", None, "done", [CARD, SOUND]))
        self.assertRegex(self.tool("log").out, rf" bind +done .* by hand  {CARD} {SOUND}\n")

    def test_refused(self):
        self.refused(self.bind(cgroup=self.SESSION), self.ENDS)
        result = self.bind("--json", cgroup=self.SESSION)
        self.assertIn("caller-ends", [each["id"] for each in json.loads(result.out)["findings"]])
        self.assertIsNone(self.manager.poll())

    def test_below_a_terminal(self):
        """As with sudo: the command itself is elsewhere."""
        process = self.begin(self.SESSION, script=BELOW)
        self.kernel.put_into(int(process.stdout.readline()), SSH)
        self.refused(self.end(process), self.ENDS)

    def test_what_can_not_be_told(self):
        self.tell("refuse GetSession org.freedesktop.DBus.Error.AccessDenied")
        words = "It can't be told whether this terminal ends with the host's screen: logind says: "
        self.refused(self.bind(cgroup=self.SESSION), words)
        self.refused(self.bind(cgroup="/../elsewhere"), "this terminal ends with the host's screen: "
                                                        "the unit of process ")

    def test_user_of_a_session_that_is_stopped(self):
        """Who is of a service manager may end with it, or not."""
        self.tell("unit gdm.service inactive")
        self.manager.kill()
        self.manager.wait()
        self.use("session-3.scope", "transient")
        place = "/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope"
        self.refused(self.bind("--may-stop", "session-3.scope", cgroup=place),
                     "the host's screen: it belongs to user@1000.service, which may end with "
                     "session-3.scope.\nFix: The same command with --yes")
        self.refused(self.bind("--may-stop", "session-3.scope",
                               cgroup="/user.slice/user-1000.slice/session-3.scope"),
                     "session-3.scope will be stopped, and this terminal with it.")

    def test_goes_on_without_its_terminal(self):
        """Which is closed while the unit stops, and all of its processes are killed."""
        ours, theirs = pty.openpty()
        process = self.begin(self.SESSION, "--yes", stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.tell(f"unit gdm.service active held kill={self.manager.pid} kill=-{process.pid}")
        self.stopping(process)
        self.assertIn(self.SAYS, os.read(ours, 4096).decode().replace("\r\n", "\n"))
        os.close(ours)
        self.tell("finish gdm.service")
        self.assertEqual(process.wait(HANG), -signal.SIGKILL)
        # Nobody reads what is written to it any more when the last one has ended.
        poll = select.poll()
        poll.register(process.stdin, 0)
        self.assertTrue(poll.poll(HANG * 1000))
        self.tell("unit gdm.service inactive")
        self.done()
        self.released()

    def test_terminal_alone_is_gone(self):
        """That nobody can read what it says is no failure."""
        ours, theirs = pty.openpty()
        process = self.begin(self.SESSION, "--yes", stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.tell(f"unit gdm.service active held kill={self.manager.pid}")
        self.stopping(process)
        os.close(ours)
        self.tell("finish gdm.service")
        self.assertEqual(process.wait(HANG), 0)
        self.tell("unit gdm.service inactive")
        self.done()
        self.released()

    def test_who_waits_sees_no_difference(self):
        result = self.bind("--yes", cgroup=self.SESSION)
        self.assertEqual((result.rc, result.out), (
            0, f"{CARD} is on driver vfio-pci.\n{SOUND} is on driver vfio-pci.\n"))
        self.assertEqual(result.err.count(self.SAYS), 1)
        self.assertIn(GOES, result.err)
        self.done()
        self.released()

    def test_who_waits_sees_a_failure(self):
        self.kernel.refuse("vfio-pci", "EIO")
        result = self.bind("--yes", cgroup=self.SESSION)
        self.assertEqual((result.rc, result.out), (1, ""))
        self.assertIn("can't be bound to driver vfio-pci", result.err)
        self.assertEqual(self.kernel.systemd.state("gdm.service"), "active")
        self.assert_as_it_was()
        run, = json.loads(self.tool("log", "--json").out)["runs"]
        self.assertEqual(run["outcome"], "failed")

    def test_also_when_that_can_not_be_told(self):
        self.tell("refuse GetSession org.freedesktop.DBus.Error.AccessDenied")
        result = self.bind("--yes", cgroup=self.SESSION)
        self.assertEqual(result.rc, 0)
        self.assertIn("This terminal may end with the host's screen. What comes", result.err)
        self.done()

    def test_scope_that_can_not_be_had(self):
        self.tell("refuse StartTransientUnit org.freedesktop.DBus.Error.AccessDenied")
        self.refused(self.bind("--yes", cgroup=self.SESSION),
                     "virt-hostdev: nothing was changed, as this can't go on without the terminal: "
                     "systemd says: ")
        self.assertIsNone(self.manager.poll())

    def test_one_that_stays_needs_no_other(self):
        result = self.bind("--yes")
        self.assertEqual(result.rc, 0)
        self.assertNotIn("This terminal", result.err)
        self.assertEqual(self.kernel.systemd.asked(), ["StopUnit gdm.service replace"])

    def test_refused_for_another_reason(self):
        self.use("session-3.scope")
        result = self.bind("--yes", cgroup=self.SESSION)
        self.refused(result, "in session-3.scope uses it, and isn't to be stopped")
        self.assertNotIn("This terminal", result.err)
