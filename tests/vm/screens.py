# SPDX-License-Identifier: GPL-2.0-or-later
"""The only screen goes to the guest, and comes back: pictures of what is on it.

The host's console begins on the frame buffer of its firmware, and its driver takes over."""

import contextlib
import json
import shlex

import devices
import pictures
from domain import hostdev
from scenarios import HOOK, _Emulated
from setting import FULL

# A console that nobody is logged in at: a shell would write its prompt anew.
CONSOLE = 9
TEXT = "This is the console of the host."
BLACK, BLUE, GREEN = (0, 0, 0), (0, 0, 0xAA), (0, 0xAA, 0)
COLOURS = {BLUE: 44, GREEN: 42}  # as escapes have them

# VT_ACTIVATE and VT_WAITACTIVE of <linux/vt.h>; then the text alone on a screen of one
# colour, without a cursor.
SHOW = r"""
exec perl -e '
	($number, $text) = @ARGV;
	open(my $console, "+<", "/dev/tty$number") or die $!;
	ioctl($console, 0x5606, $number + 0) or die $!;
	ioctl($console, 0x5607, $number + 0) or die $!;
	syswrite($console, $text) if $text ne "";
' """
ALONE = "\033c\033[?25l\033[{}m\033[2J\033[H{}\n"

# How often a picture has to be the same in a row, for it to stay.
STAYS = 5

# A card that the guest is only allowed to have is taken like any other device.
ALLOWED = ("<h:hostdev xmlns:h='urn:virt-hostdev:1'>"
           "<h:allow address='{}' critical='display'/></h:hostdev>")
HAND_OVER = ("<h:hostdev xmlns:h='urn:virt-hostdev:1'><h:display hand-over='yes'/></h:hostdev>")

CONSOLES = """
cat /proc/fb
for each in /sys/class/vtconsole/*; do
	echo "$(cat $each/name): $(cat $each/bind)"
done
"""


class _Screen(_Emulated):
    """screen: QEMU's id of the card. firmware: the frame buffer that comes first. fb: its
    driver's."""

    screen = "screen"
    card = devices.SCREEN
    firmware = "EFI VGA"
    # What udev would do.
    load = ""
    fb = "virtio_gpudrmfb"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.sh(f"{cls.load} echo 0 >/sys/class/graphics/fbcon/cursor_blink")

    def define_g(self, extra="", metadata=HAND_OVER):
        """The guest that gets the card."""
        self.define("g", hostdev(self.card, "no", extra), metadata=metadata)

    # Pictures

    def written(self, text):
        """The picture of a console with the text and nothing else."""
        self.addCleanup(self.show, 1)
        self.write(text, BLUE)
        return self.settled(lambda now: now.middle() == BLUE)

    def write(self, text, colour):
        self.show(CONSOLE, ALONE.format(COLOURS[colour], text))

    def show(self, console, text=""):
        self.host.sh(SHOW + shlex.join([str(console), text]))

    def settled(self, wanted):
        """The picture that stays, once it is a wanted one."""
        seen = []

        def stays():
            self.host.sh("true")
            now = self.host.screen(self.screen)
            if seen and seen[-1] != now:
                seen.clear()
            seen.append(now)
            return len(seen) >= STAYS and wanted(now)

        self.wait_for(stays)
        return seen[-1]

    def wait_for_picture(self, picture):
        self.wait_for(lambda: self.host.screen(self.screen) == picture)

    def keep(self, picture, name):
        pictures.keep(picture, f"{type(self).__name__.lower()}-{name}")

    def test_console_begins_on_the_frame_buffer_of_the_firmware(self):
        self.assertIn(f"fb0: {self.firmware} frame buffer device\n", self.host.get("/run/boot.log"))
        self.assertEqual(self.host.sh(CONSOLES).out, f"0 {self.fb}\n(S) dummy device: 0\n"
                                                     "(M) frame buffer device: 1\n")


# A command, whom of the hook it calls, and what the kernel is told then, in the file that
# is never read. Before the first, the consoles have gone already.
KILLED = [
    ("start --paused", "prepare", "{driver}/unbind"),
    ("start --paused", "prepare", "vfio-pci/bind"),
    ("destroy", "release", "vfio-pci/unbind"),
    ("destroy", "release", "{driver}/bind"),
]

# Who waits for a reader.
WAITS = "grep -qx wait_for_partner /proc/[0-9]*/wchan"


class _HandOver(_Screen):
    """The guest asks for it, and gets the only screen for as long as it runs."""

    @contextlib.contextmanager
    def screen_comes_back(self):
        """What is written on the console after the block looks as before it."""
        consoles = self.host.sh(CONSOLES).out
        before = self.written(TEXT)
        yield before
        self.assertEqual(self.state(), self.before)
        self.assertEqual(self.status(), {})
        self.assertEqual(self.host.sh(CONSOLES).out, consoles)
        self.write("It is alive.", GREEN)
        self.settled(lambda now: now.middle() == GREEN)
        self.write(TEXT, BLUE)
        self.wait_for_picture(before)

    def test_hand_over(self):
        """What is written while the guest has the card isn't on the screen."""
        self.there_and_back(HAND_OVER)

    if FULL:
        def test_console_of_a_card_that_is_allowed(self):
            """The kernel does what is needed for a console."""
            self.there_and_back(ALLOWED.format(self.card))

    def there_and_back(self, metadata):
        with self.screen_comes_back() as before:
            self.keep(before, "console-before")
            self.define_g(metadata=metadata)
            self.host.sh("virt-hostdev check g")
            self.start("g")
            self.assert_given("g", self.card)
            self.assertEqual(self.host.sh(CONSOLES).out, "(S) dummy device: 1\n")
            dark = self.settled(lambda now: now.middle() == BLACK)
            self.keep(dark, "console-of-the-guest")
            self.write("Nobody sees this yet.", GREEN)
            self.assertEqual(self.settled(lambda now: True), dark)
            self.destroy("g")
        self.keep(self.host.screen(self.screen), "console-after")

    def test_hand_over_to_a_guest_that_qemu_refuses(self):
        with self.screen_comes_back():
            self.define_g("<rom file='/nowhere/card.rom'/>")
            self.assertIn("romfile", self.host.sh("virsh start g", check=False).err)

    def test_hand_over_and_libvirtd_killed(self):
        """The guest runs on, without a screen for the host; then it ends while nobody
        would call the hook."""
        with self.screen_comes_back() as before:
            self.define_g()
            self.start("g")
            self.host.libvirtd("kill")
            self.assertNotEqual(self.host.screen(self.screen), before)
            self.host.sh("kill -KILL $(cat /run/libvirt/qemu/g.pid)")
            self.wait_for(lambda: self.status()["g"]["state"] == "left behind")
            self.host.sh("virt-hostdev recover")
            self.host.libvirtd("start")

    def test_hand_over_and_hook_killed(self):
        """At each step of either way, with libvirtd, so that nobody calls release."""
        driver = self.driver(self.card)
        self.define_g()
        self.host.sh("modprobe vfio-pci")
        for verb, event, name in KILLED if FULL else KILLED[:1]:
            attribute = "/sys/bus/pci/drivers/" + name.format(driver=driver)
            with self.subTest(event, attribute=attribute), self.screen_comes_back():
                if event == "release":
                    self.start("g")
                with self.stuck_at(attribute, f"virsh {verb} g") as result:
                    self.wait_for(lambda: result or self.host.sh(WAITS, check=False).rc == 0)
                    self.assertEqual(result, [])
                    self.assertIn("(S) dummy device: 1\n", self.host.sh(CONSOLES).out)
                    self.host.libvirtd("kill")
                    self.host.sh(f"pkill -KILL -o -f '^{HOOK} g {event}'")
                self.host.sh("virt-hostdev recover")
                self.host.libvirtd("start")


# https://man.sr.ht/~kennylevinsen/greetd/: its own greeter, on a terminal in a
# compositor that shows nothing else and draws without a GPU.
GREEN_GREETER, PURPLE_DESKTOP = (0x2E, 0x6B, 0x3E), (0x6B, 0x2E, 0x5E)
COMPOSITOR = ("env WLR_RENDERER=pixman WLR_XWAYLAND=/bin/true LC_ALL=C.UTF-8 cage -s -- foot "
              "-o colors.background={:02x}{:02x}{:02x} -o font=monospace:size=24 ")
GREETER = f"""\
[terminal]
vt = 7
[default_session]
command = "{COMPOSITOR.format(*GREEN_GREETER)} /usr/sbin/agreety --cmd /bin/sh"
user = "_greetd"
"""
LOGIN = r"""
useradd -m -s /bin/bash alice
echo "exec PROGRAM" >/home/alice/.bash_profile
mkdir -p /run/systemd/system/getty@tty2.service.d
cat >/run/systemd/system/getty@tty2.service.d/login.conf <<-'END'
	[Service]
	ExecStart=
	ExecStart=-/sbin/agetty --autologin alice --noclear %I linux
	Restart=no
END
systemctl daemon-reload
"""
# Nobody is there to let it go on, until somebody is.
STOPS_LATER = r"""
mkfifo /run/go
mkdir -p /run/systemd/system/greetd.service.d
printf '[Service]\nExecStop=/bin/cat /run/go\n' >/run/systemd/system/greetd.service.d/stop.conf
systemctl daemon-reload
"""
STOPS_NOW = """
echo >/run/go
rm -r /run/go /run/systemd/system/greetd.service.d
systemctl daemon-reload
"""


class _Greeter(_Screen):
    """Where a display manager has the screen."""

    @contextlib.contextmanager
    def greeter(self):
        """On the screen; yields its picture."""
        self.host.put("/etc/greetd/config.toml", GREETER)
        self.host.sh("systemctl reset-failed greetd; systemctl start display-manager")
        self.addCleanup(self.show, 1)
        try:
            yield self.settled(lambda now: now.middle() == GREEN_GREETER)
        finally:
            self.host.sh("systemctl stop display-manager")

    def unit(self, name):
        return self.host.sh(f"systemctl is-active {name}", check=False).out.strip()

    def greeter_is_back(self, before):
        self.assertEqual(self.unit("greetd"), "active")
        self.assertEqual(self.status(), {})
        after = self.settled(lambda now: now.middle() == GREEN_GREETER)
        self.assertLess(pictures.differing(before, after), 0.01)
        return after

    def test_greeter(self):
        with self.greeter() as before:
            self.keep(before, "greeter-before")
            self.define_g()
            self.start("g")
            self.assert_given("g", self.card)
            self.assertEqual(self.unit("greetd"), "inactive")
            self.keep(self.settled(lambda now: now.middle() == BLACK), "greeter-of-the-guest")
            self.destroy("g")
            self.keep(self.greeter_is_back(before), "greeter-after")

    if FULL:
        def test_greeter_and_a_guest_that_qemu_refuses(self):
            with self.greeter() as before:
                self.define_g("<rom file='/nowhere/card.rom'/>")
                self.assertIn("romfile", self.host.sh("virsh start g", check=False).err)
                self.greeter_is_back(before)

        def test_greeter_and_hook_killed_while_it_stops(self):
            with self.greeter() as before:
                self.define_g()
                self.host.sh(STOPS_LATER)
                with self.meanwhile("virsh start --paused g"):
                    self.wait_for(lambda: self.unit("greetd") == "deactivating")
                    self.host.libvirtd("kill")
                    self.host.sh(f"pkill -KILL -o -f '^{HOOK} g prepare'")
                self.host.sh(STOPS_NOW + "virt-hostdev recover")
                self.host.libvirtd("start")
                self.greeter_is_back(before)

    @contextlib.contextmanager
    def compositor(self):
        """A user's, on a console that he is logged in at; its process and its picture."""
        self.host.sh(LOGIN.replace("PROGRAM", COMPOSITOR.format(*PURPLE_DESKTOP)))
        self.addCleanup(self.show, 1)
        try:
            self.host.sh("systemctl start getty@tty2")
            self.show(2)
            picture = self.settled(lambda now: now.middle() == PURPLE_DESKTOP)
            yield self.host.sh("pgrep -o -x cage").out.strip(), picture
        finally:
            self.host.sh("systemctl stop getty@tty2; loginctl terminate-user alice", check=False)
            self.wait_for(lambda: self.host.sh("pgrep -u alice", check=False).rc)
            self.host.sh("userdel -r alice 2>/dev/null")

    def test_compositor_of_a_user(self):
        """Nobody has said that it may end."""
        with self.compositor() as (pid, picture):
            self.keep(picture, "compositor")
            self.define_g()
            self.assert_refused("g", f"process {pid} (cage) of user 1000 in session-")
            self.assertEqual(self.host.screen(self.screen), picture)

    if FULL:
        def test_compositor_of_a_user_that_may_be_stopped(self):
            """As the fix says that it is to be said."""
            with self.compositor() as (pid, _):
                self.define_g()
                report = json.loads(self.host.sh("virt-hostdev check --json g", check=False).out)
                self.host.sh(report["devices"][0]["findings"][0]["fix"].partition(": ")[2])
                self.start("g")
                self.assert_given("g", self.card)
                self.assertNotEqual(self.host.sh(f"kill -0 {pid}", check=False).rc, 0)
                self.destroy("g")
                self.written(TEXT)
