# SPDX-License-Identifier: GPL-2.0-or-later
"""The only screen goes to the guest, and comes back: pictures of what is on it.

The host's console begins on the frame buffer of its firmware, and its driver takes over."""

import shlex

import devices
import pictures
from domain import hostdev
from scenarios import _Emulated

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

    # Without a hand-over: the kernel does what is needed for a console.

    def test_console_of_a_card_that_is_allowed(self):
        """The text is gone while the guest has the card, and then it is there again."""
        self.assertIn(f"fb0: {self.firmware} frame buffer device\n", self.host.get("/run/boot.log"))
        consoles = self.host.sh(CONSOLES).out
        self.assertEqual(consoles, f"0 {self.fb}\n(S) dummy device: 0\n"
                                   "(M) frame buffer device: 1\n")
        before = self.written(TEXT)
        self.keep(before, "console-before")
        self.define("g", hostdev(self.card, "no"))
        self.host.sh(f"virt-hostdev allow --critical display g {self.card}")
        self.start("g")
        self.assert_given("g", self.card)
        self.assertEqual(self.host.sh(CONSOLES).out, "(S) dummy device: 1\n")
        dark = self.settled(lambda now: now.middle() == BLACK)
        self.keep(dark, "console-of-the-guest")
        self.write("Nobody sees this yet.", GREEN)
        self.assertEqual(self.settled(lambda now: True), dark)
        self.destroy("g")
        self.assertEqual(self.host.sh(CONSOLES).out, consoles)
        self.settled(lambda now: now.middle() == GREEN)
        self.write(TEXT, BLUE)
        self.wait_for_picture(before)
