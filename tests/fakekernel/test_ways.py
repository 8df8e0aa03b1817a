# SPDX-License-Identifier: GPL-2.0-or-later
"""The administrator's policy decides the same at every way to a device."""

import sys
from pathlib import Path

from program import SIBLINGS, domain, hostdev
from test_every_write import GPU, HOOK, NIC, NVME, USB, OnFakeKernel
from test_hotplug import HOTPLUG, UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

from faults import failing, traced  # noqa: E402

CONF = "/etc/virt-hostdev.conf"
NIC_ADDRESS, NVME_ADDRESS = "0000:01:00.0", "0000:02:00.0"
KEPT = "[device a]\nmatch = 8086:*\nguests = none\n[device b]\nmatch = class:0108\nguests = other"


class Policy(OnFakeKernel):
    def shell(self, script, stdin=""):
        result = self.kernel.run(["sh", "-ec", script], stdin=stdin)
        self.assertEqual((result.rc, result.err), (0, ""))

    def refused(self, result, *words):
        self.assertEqual((result.rc, result.out), (1, ""))
        for each in words:
            self.assertIn(each, result.err)
        self.assert_as_it_was()

    def test_siblings_of_a_fleet(self):
        self.boot(GPU + USB)
        both = hostdev(3), hostdev(3, function=1)
        xml = domain(*both, metadata=SIBLINGS)
        self.configure("domains-may = none")
        self.refused(self.hook("prepare", xml),
                     f"line 3 of the domain would take that along, but {CONF}, line 2 "
                     "(domains-may in [host]) doesn't let domains.",
                     f"Fix: The administrator of this host can change {CONF}, line 2")
        self.refused(self.kernel.run([HOTPLUG, "attach", "guest", UUID, "bind", "-",
                                      "0000:03:00.0", "0000:03:00.1"]), f"but {CONF}, line 2")
        # What the host does by itself no domain has to be allowed.
        self.configure("domains-may = none", "siblings = bind")
        for each in xml, domain(*both):
            self.good(self.hook("prepare", each))
            self.good(self.hook("release", each))
            self.assert_as_it_was()

    def test_what_is_kept(self):
        self.boot(NIC + NVME)
        self.configure(KEPT)
        never = f"{NIC_ADDRESS} (Intel Corporation 82574L Gigabit Network Connection, IOMMU group " \
            "11, driver e1000e) can't be {}: it is never given away, by " \
            f"{CONF}, line 4 (guests in [device a])."
        # By the hook, also of what comes at start from a pool; while it runs; by hand.
        for event in "prepare", "start":
            self.refused(self.hook(event, domain(hostdev(1))),
                         never.format("given to guest 'guest'"))
            self.refused(self.hook(event, domain(hostdev(2))),
                         f"it is only for other guests, by {CONF}, line 7 (guests in [device b]).")
        for address in NIC_ADDRESS, NVME_ADDRESS:
            self.refused(self.kernel.run([HOTPLUG, "attach", "guest", UUID, "refuse", "-", address]),
                         f"by {CONF}, line ")
        self.refused(self.tool("bind", NIC_ADDRESS), never.format("taken from the host"))
        self.assertEqual(self.tool("bind", NVME_ADDRESS).rc, 0)
        self.assertEqual(self.tool("release", NVME_ADDRESS).rc, 0)
        other = domain(hostdev(2), name="other")
        self.good(self.hook("prepare", other, name="other"))
        self.good(self.hook("release", other, name="other"))
        self.assert_as_it_was()

    def test_what_can_not_be_read_is_no_default(self):
        """Prepare fails closed; what was taken comes back."""
        self.boot(NIC)
        self.configure(KEPT)
        xml = domain(hostdev(1))
        folder = f"{CONF}.d"
        self.shell(f"mkdir -m 755 {folder}")
        for script, words in (
                (f"chmod o+w {CONF}", "with mode 0646, so others than root decide what it says"),
                (f"chown 65534 {CONF}", f"{CONF} belongs to user 65534"),
                (f"mv {CONF} /etc/x; ln -s x {CONF}", f"{CONF} is a symbolic link"),
                (f"mv {CONF} /etc/x; ln -s gone {CONF}", f"{CONF} is a symbolic link"),
                (f"rm {CONF}; mkfifo {CONF}", f"{CONF} is a pipe"),
                (f"chmod g+w {folder}", f"{folder} belongs to user 0 with mode 0775"),
                (f"ln -s gone {folder}/a.conf", f"{folder}/a.conf is a symbolic link"),
                (f"echo guests >{folder}/a.conf", f"{folder}/a.conf, line 1: it is neither"),
                (f"head -c 65537 /dev/zero >{folder}/a.conf", f"{folder}/a.conf has more than 64 KiB"),
                (f"mv {folder} /etc/y; ln -s y {folder}", f"{folder} can't be read")):
            with self.subTest(script):
                self.shell(f"rm -rf {folder} {CONF}; mkdir -m 755 {folder}; "
                           f"printf '[host]\\n' >{CONF}; chmod 644 {CONF}")
                self.good(self.hook("prepare", xml))
                self.shell(script)
                result = self.hook("release", xml)
                self.assertEqual((result.rc, result.out), (0, ""))
                self.assertIn(words, result.err)
                self.refused(self.hook("prepare", xml), words)

    def test_a_file_that_goes_away_while_it_is_read(self):
        """It was listed, so its rules count, and they aren't known any more."""
        self.boot(NIC)
        self.configure()
        self.shell(f"mkdir -m 755 {CONF}.d; cat >{CONF}.d/a.conf; chmod 644 {CONF}.d/a.conf",
                   stdin=KEPT)
        xml = domain(hostdev(1))
        _, calls = traced(lambda words: self.kernel.run(words, stdin=xml),
                          [HOOK, "guest", "prepare", "begin", "-"],
                          ("openat", "newfstatat", "statx", "fstat", "read"),
                          (self.kernel.run_dir / "trace").read_text)
        calls = [call for call in calls if "a.conf" in call.text]
        self.assertGreaterEqual({call.name for call in calls}, {"openat", "read"})
        for call in calls:
            for error in "ENOENT", "EIO", "EACCES":
                with self.subTest(call, error=error):
                    result = self.kernel.run([*failing(call, error), HOOK, "guest", "prepare",
                                              "begin", "-"], stdin=xml)
                    self.refused(result, f"{CONF}.d/a.conf ")
