# SPDX-License-Identifier: GPL-2.0-or-later
"""What the administrator lets domains allow for themselves, and the verb that writes it."""

import json
import tempfile
import unittest
from pathlib import Path

import described
from program import domain, hostdev, tool

CRITICALS = ("mount", "swap", "fstab", "resume", "default-route", "ssh", "network-root",
             "display", "keyboard", "chipset", "reserved-region")
TOP = Path(__file__).resolve().parents[2]
CONF = "/etc/virt-hostdev.conf"
# Of laptop-two-gpus: each is needed for something, or would take a sibling along.
NETWORK, DISK, DISPLAY = "0000:03:00.0", "0000:02:00.0", "0000:00:02.0"
GPU, AUDIO = "0000:01:00.0", "0000:01:00.1"


def ours(*elements):
    return ("\n<metadata>\n<h:hostdev xmlns:h='urn:virt-hostdev:1'>\n" + "\n".join(elements)
            + "\n</h:hostdev>\n</metadata>")


def allow(address, critical):
    return f"<h:allow address='{address}' critical='{critical}'/>"


SIBLINGS = "<h:siblings policy='bind'/>"
EVERYTHING = ours(SIBLINGS, *(allow(address, critical) for critical in CRITICALS
                              for address in (NETWORK, DISK, DISPLAY, GPU, AUDIO)))


class _OnLaptop(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        described.build("laptop-two-gpus", self.root)

    def configure(self, text, drop_in=None):
        path = self.root / "etc/virt-hostdev.conf"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        if drop_in is not None:
            folder = path.with_name(path.name + ".d")
            folder.mkdir(exist_ok=True)
            (folder / "10-more.conf").write_text(drop_in)

    def run_on(self, verb, text, *options):
        return tool(verb, "--root", self.root, *options, "-", stdin=text)

    def check(self, text):
        """All that is found, by id: the device or None, and the finding."""
        result = self.run_on("check", text, "--json")
        report = json.loads(result.out)
        self.assertEqual(result.returncode, 0 if report["ok"] else 1)
        found = {}
        for device in report["devices"]:
            for each in device["findings"]:
                found.setdefault(each["id"], []).append((device["address"], each))
        for each in report["findings"]:
            found.setdefault(each["id"], []).append((None, each))
        return report["ok"], found


class Policy(_OnLaptop):
    ALL = domain(hostdev(3), hostdev(0, 2), hostdev(1), metadata=EVERYTHING)

    def test_without_a_word_domains_decide(self):
        ok, found = self.check(self.ALL)
        self.assertTrue(ok)
        allowed = dict(found["critical-allowed"])
        # With the second card gone as well, nothing shows the console.
        self.assertEqual(sorted(allowed), sorted([NETWORK, DISPLAY, GPU]))
        self.assertEqual(allowed[NETWORK]["rule"], None)
        self.assertRegex(allowed[NETWORK]["message"],
                         r"^0000:03:00\.0 goes although the host needs it: wlp3s0 → default route "
                         r"\(IPv4\); line \d+ of the domain allows that \(default-route\), and the "
                         r"host's configuration says nothing against it\.$")

    def test_one_line_for_a_fleet(self):
        """A domain that allows itself everything gets nothing that the host needs."""
        self.configure("[host]\ndomains-may = none\n")
        for which, ident in (((3, 0), "critical-default-route"), ((0, 2), "critical-display"),
                             ((2, 0), "critical-mount"), ((1, 0), "group-not-viable")):
            with self.subTest(ident):
                ok, found = self.check(domain(hostdev(*which), metadata=EVERYTHING))
                self.assertFalse(ok)
                finding = found[ident][0][1]
                self.assertEqual(finding["severity"], "error")
                if ident == "critical-mount":
                    self.assertIsNone(finding["rule"])
                    continue
                self.assertEqual(finding["rule"], f"{CONF}:2")
                self.assertRegex(finding["message"],
                                 rf"; line \d+ of the domain .*, but {CONF}, line 2 "
                                 r"\(domains-may in \[host\]\) doesn't let domains\.$")
                self.assertTrue(finding["fix"].startswith(
                    f"The administrator of this host can change {CONF}, line 2"))

    def test_who_decided_is_shown_to_people_too(self):
        self.configure("# ours\n[host]\ndomains-may = default-route\n")
        text = domain(hostdev(3), hostdev(0, 2), metadata=EVERYTHING)
        for verb in "check", "plan":
            result = self.run_on(verb, text)
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"(default-route), and {CONF}, line 3 (domains-may in [host]) lets it.\n",
                          result.out)
            self.assertIn(f"but {CONF}, line 3 (domains-may in [host]) doesn't let domains.\n",
                          result.out)
            self.assertIn(f"Fix: The administrator of this host can change {CONF}, line 3\n",
                          result.out)
        report = json.loads(self.run_on("plan", text, "--json").out)
        self.assertEqual({each["id"]: each["rule"] for each in report["findings"]
                          if each["rule"]},
                         {"critical-allowed": f"{CONF}:3", "critical-display": f"{CONF}:3"})

    def test_exceptions_for_guests_and_devices(self):
        self.configure("[host]\ndomains-may = none\n",
                       "[guest trusted]\nmatch = trusted-*\ndomains-may = all\n"
                       "[device wireless]\nmatch = class:0280\ndomains-may = none\n")
        place = f"{CONF}.d/10-more.conf"
        ok, found = self.check(domain(hostdev(0, 2), name="trusted-1", metadata=EVERYTHING))
        self.assertTrue(ok)
        self.assertEqual(found["critical-allowed"][0][1]["rule"], f"{place}:3")
        ok, found = self.check(domain(hostdev(3), name="trusted-1", metadata=EVERYTHING))
        self.assertEqual(found["critical-default-route"][0][1]["rule"], f"{place}:6")
        ok, found = self.check(domain(hostdev(0, 2), name="other", metadata=EVERYTHING))
        self.assertEqual(found["critical-display"][0][1]["rule"], f"{CONF}:2")

    def test_for_whom_a_device_is(self):
        self.configure("[device card]\nmatch = group:1\nguests = win*\n"
                       "[device disk]\nmatch = 02:00.0\nguests = none\n")
        both = hostdev(1), hostdev(1, 0, 1)
        self.assertTrue(self.check(domain(*both, name="win11"))[0])
        ok, found = self.check(domain(*both, name="linux"))
        self.assertFalse(ok)
        self.assertEqual([(address, each["rule"]) for address, each in found["device-kept"]],
                         [(GPU, f"{CONF}:3"), (AUDIO, f"{CONF}:3")])
        _, found = self.check(domain(hostdev(2), name="win11"))
        self.assertIn(f"it is never given away, by {CONF}, line 6 (guests in [device disk]).",
                      found["device-kept"][0][1]["message"])

    def test_what_can_not_be_read_is_no_default(self):
        """Neither is what isn't understood."""
        etc = self.root / "etc"
        self.configure("[host]\ndomains-may = none\n", "[host]\ndomains-may = nothing\n")
        folder = etc / "virt-hostdev.conf.d"
        text = domain(hostdev(2))

        def refused(*words):
            for verb in "check", "plan":
                result = self.run_on(verb, text)
                self.assertEqual((result.returncode, result.out), (1, ""), result.err)
                for each in words:
                    self.assertIn(each, result.err)

        refused(f"{CONF}.d/10-more.conf, line 2: domains-may takes all, none", "not 'nothing'")
        (folder / "10-more.conf").write_text("[host]\nmay-stop = gdm\n")
        refused(f"{CONF}.d/10-more.conf, line 2: may-stop takes none, or units that end in",
                "not 'gdm'")
        (folder / "10-more.conf").unlink()
        (folder / "10-more.conf").symlink_to("gone")
        refused(f"{CONF}.d/10-more.conf is a symbolic link")
        (folder / "10-more.conf").unlink()
        (etc / "virt-hostdev.conf").unlink()
        (etc / "virt-hostdev.conf").symlink_to("gone")
        refused(f"{CONF} is a symbolic link, not a file of its own")

    def test_examples_are_good(self):
        """And each says what it is for."""
        for name, ident in (("", None), ("-fleet", "critical-default-route"),
                            ("-workstation", None)):
            with self.subTest(name):
                self.configure((TOP / "examples" / f"virt-hostdev{name}.conf").read_text())
                _, found = self.check(domain(hostdev(3), metadata=EVERYTHING))
                self.assertEqual([key for key in found if key.startswith("critical-")],
                                 [ident or "critical-allowed"])


class Allow(_OnLaptop):
    def setUp(self):
        super().setUp()
        self.file = self.root / "g.xml"

    def write(self, *devices, **options):
        self.file.write_text(domain(*devices, **options))

    def allow(self, *arguments):
        return tool("allow", "--root", self.root, *arguments)

    def good(self, *arguments):
        result = self.allow(*arguments)
        self.assertEqual((result.returncode, result.err), (0, ""))
        return result.out

    def refused(self, words, *arguments):
        before = self.file.read_text()
        result = self.allow(*arguments)
        self.assertEqual((result.returncode, result.out), (1, ""))
        self.assertIn(words, result.err)
        self.assertEqual(self.file.read_text(), before)
        return result.err

    def test_fix_of_a_refusal_does_what_it_says(self):
        self.write(hostdev(3), name="my guest")
        _, found = self.check(self.file.read_text())
        fix = found["critical-default-route"][0][1]["fix"]
        self.assertEqual(fix, "If the host can do without: virt-hostdev allow --critical "
                              "default-route 'my guest' 0000:03:00.0")
        out = self.good("--critical", "default-route", self.file, NETWORK)
        self.assertEqual(out, "0000:03:00.0 may be lost to the host: default-route "
                              "(wlp3s0 → default route (IPv4)).\n")
        self.assertTrue(self.check(self.file.read_text())[0])
        # Only that is other than before.
        self.assertIn('<metadata>\n  <hostdev:hostdev xmlns:hostdev="urn:virt-hostdev:1">\n'
                      '    <hostdev:allow address="0000:03:00.0" critical="default-route"/>\n'
                      "  </hostdev:hostdev>\n</metadata>\n", self.file.read_text())
        # And once is enough.
        before = self.file.read_text()
        self.assertEqual(self.good("--critical", "default-route", self.file),
                         "There is nothing to change.\n")
        self.assertEqual(self.file.read_text(), before)
        self.good("--remove", self.file)
        self.assertNotIn("allow", self.file.read_text())

    def test_siblings(self):
        self.write(hostdev(1))
        _, found = self.check(self.file.read_text())
        self.assertEqual(found["group-not-viable"][0][1]["fix"],
                         "virt-hostdev allow --siblings guest")
        self.assertEqual(self.good("--siblings", self.file),
                         "Members of the IOMMU groups that the host uses are taken along.\n")
        self.assertTrue(self.check(self.file.read_text())[0])
        self.good("--siblings", self.file)
        self.assertEqual(self.file.read_text().count("siblings"), 1)
        # A word against it is replaced, where it stands.
        self.write(hostdev(1), metadata=ours("<!-- a -->", "<h:siblings policy='refuse'/>",
                                             allow(DISPLAY, "display")))
        self.good("--siblings", self.file)
        self.assertIn('<!-- a -->\n<h:siblings policy="bind"/>\n<h:allow', self.file.read_text())
        self.good("-x", "--siblings", self.file)
        self.assertIn("<!-- a -->\n<h:allow", self.file.read_text())
        self.write(hostdev(3))
        self.refused("no device of guest 'guest' shares its IOMMU group", "--siblings", self.file)

    def test_what_nobody_may_allow(self):
        self.write(hostdev(2))
        for which in "mount", "swap":
            self.refused("0000:02:00.0 can't be given away, whoever allows it: nvme0n1p2"
                         if which == "mount" else "for 'swap' now",
                         "--critical", which, self.file, DISK)
        # / is among what it is needed for: the rest isn't written either.
        self.refused("can't be given away", "--critical", "mount", self.file)

    def test_what_the_administrator_forbids(self):
        self.configure("[host]\ndomains-may = display\n[device disk]\nmatch = 03:00.0\n"
                       "guests = other\n")
        self.write(hostdev(0, 2), hostdev(1))
        self.assertIn("0000:00:02.0", self.good("--critical", "display", self.file))
        err = self.refused("guest 'guest' can't be allowed that of 0000:01:00.1, by "
                           f"{CONF}, line 2 (domains-may in [host])", "--siblings", self.file)
        self.assertIn(f"Fix: The administrator of this host can change {CONF}, line 2", err)
        self.write(hostdev(3), metadata=ours(allow(NETWORK, "default-route")))
        # Not even that it is there already makes it good.
        self.refused(f"{CONF}, line 5 (guests in [device disk])",
                     "--critical", "default-route", self.file)
        self.configure("[host]\ndomains-may = \n")
        self.refused("line 2: domains-may takes", "--critical", "default-route", self.file)
        # What is too much can always go.
        self.good("--remove", "--critical", "default-route", self.file)
        self.assertNotIn("default-route", self.file.read_text())

    def test_only_what_is_needed(self):
        self.write(hostdev(3))
        self.refused("the host doesn't need 0000:03:00.0 for 'display' now",
                     "--critical", "display", self.file, NETWORK)
        self.refused("the host needs none of these devices for 'mount' now",
                     "--critical", "mount", self.file)
        self.refused("0000:02:00.0 is neither a device that guest 'guest' asks for",
                     "--critical", "mount", self.file, DISK)

    def test_removes_what_it_names(self):
        metadata = ours(SIBLINGS, allow(NETWORK, "default-route"), allow(NETWORK, "mount"),
                        allow(DISPLAY, "display"))

        def left(*arguments):
            self.write(hostdev(3), metadata=metadata)
            self.good("--remove", *arguments)
            text = self.file.read_text()
            return [word for word in ("siblings", "default-route", "mount", "display'")
                    if word in text]

        self.assertEqual(left(self.file), [])
        self.assertEqual(left(self.file, NETWORK), ["siblings", "display'"])
        self.assertEqual(left("--critical", "mount", self.file),
                         ["siblings", "default-route", "display'"])
        self.assertEqual(left("--siblings", self.file), ["default-route", "mount", "display'"])
        self.assertEqual(left("--critical", "mount", "--siblings", self.file),
                         ["default-route", "display'"])
        self.assertEqual(left("--critical", "mount", self.file, DISPLAY),
                         ["siblings", "default-route", "mount", "display'"])
        # The same reason of another device stays.
        self.write(hostdev(3), metadata=ours(allow(NETWORK, "mount"), allow(GPU, "mount")))
        self.good("--remove", "--critical", "mount", self.file, NETWORK)
        self.assertIn("\n" + allow(GPU, "mount"), self.file.read_text())
        self.assertNotIn(NETWORK, self.file.read_text())

    def test_diff_json_and_standard_output(self):
        self.write(hostdev(3))
        text = self.file.read_text()
        diff = self.good("--diff", "--critical", "default-route", self.file)
        self.assertIn('+    <hostdev:allow address="0000:03:00.0" critical="default-route"/>\n',
                      diff)
        self.assertEqual(self.file.read_text(), text)
        result = tool("allow", "--root", self.root, "--critical", "default-route", "-", stdin=text)
        self.assertEqual((result.returncode, result.err), (0, ""))
        report = json.loads(self.good("--json", "--critical", "default-route", self.file))
        self.assertEqual(report, {
            "domain": "guest", "changed": True, "removed": False, "siblings": False,
            "siblings_rule": None, "hand_over": False, "hand_over_rule": None, "may_stop": [],
            "allows": [{
                "address": NETWORK, "critical": "default-route", "rule": None,
                "chain": "wlp3s0 → default route (IPv4)"}]})
        self.assertEqual(self.file.read_text(), result.out)
        report = json.loads(self.good("--json", "--critical", "default-route", self.file))
        self.assertEqual((report["changed"], report["allows"]), (False, []))

    def test_hands_the_screen_over(self):
        self.write(hostdev(0, 2), name="my guest")
        self.assertEqual(self.good("--hand-over-display", self.file),
                         "The host's screen goes to the guest with its graphics card, and comes "
                         "back after it.\n")
        self.assertIn('<metadata>\n  <hostdev:hostdev xmlns:hostdev="urn:virt-hostdev:1">\n'
                      '    <hostdev:display hand-over="yes"/>\n'
                      "  </hostdev:hostdev>\n</metadata>\n", self.file.read_text())
        # And once is enough; what may be stopped for it is added.
        before = self.file.read_text()
        self.assertEqual(self.good("--hand-over-display", self.file),
                         "There is nothing to change.\n")
        self.assertEqual(self.file.read_text(), before)
        stops = "--may-stop", "b.service", "--may-stop", "docker-*", "--may-stop", "b.service"
        self.assertEqual(self.good("--hand-over-display", *stops, self.file),
                         "b.service may be stopped for that.\ndocker-* may be stopped for that.\n")
        self.assertIn('    <hostdev:display hand-over="yes">\n'
                      '      <hostdev:stop unit="b.service"/>\n'
                      '      <hostdev:stop unit="docker-*"/>\n'
                      "    </hostdev:display>\n", self.file.read_text())
        self.assertEqual(self.good("--hand-over-display", *stops, self.file),
                         "There is nothing to change.\n")
        # One of them goes alone, the rest with the hand-over.
        self.assertEqual(self.good("--remove", "--may-stop", "b.service", self.file),
                         "b.service may no longer be stopped for that.\n")
        self.assertIn('    <hostdev:display hand-over="yes">\n'
                      '      <hostdev:stop unit="docker-*"/>\n'
                      "    </hostdev:display>\n", self.file.read_text())
        self.assertEqual(self.good("--remove", "--hand-over-display", self.file),
                         "Whether the host's screen goes to the guest is the host's decision.\n"
                         "docker-* may no longer be stopped for that.\n")
        self.assertNotIn("display", self.file.read_text())

    def test_keeps_the_rest_around_the_screen(self):
        """As somebody wrote it, with a prefix of theirs and comments."""
        others = (SIBLINGS, "<!-- a -->", allow(NETWORK, "default-route"))
        self.write(hostdev(0, 2), hostdev(3), metadata=ours(
            *others, "<h:display hand-over='no'>", "  <!-- b -->", "  <h:stop unit='a.scope'/>",
            "</h:display>"))
        self.good("--hand-over-display", "--may-stop", "c.slice", "--may-stop", "a.scope",
                  self.file)
        self.assertIn("\n".join((*others, "<h:display hand-over='yes'>", "  <!-- b -->",
                                 "  <h:stop unit='a.scope'/>", '  <h:stop unit="c.slice"/>',
                                 "</h:display>", "</h:hostdev>")), self.file.read_text())
        for name, left in ((("--siblings",), "<h:display"), (("--critical", "mount"), "<h:display"),
                           (("--may-stop", "x.slice"), "<h:stop unit=\"c.slice"),
                           (("--hand-over-display",), SIBLINGS)):
            text = self.file.read_text()
            self.good("--remove", *name, self.file)
            self.assertIn(left, self.file.read_text())
            if name != ("--hand-over-display",):
                self.file.write_text(text)
        self.assertIn("\n".join((*others, "</h:hostdev>")), self.file.read_text())
        # All that there is, at once, and removed as one.
        self.write(hostdev(0, 2), hostdev(3), hostdev(1))
        self.good("--hand-over-display", "--siblings", "--critical", "default-route", self.file)
        self.assertIn('    <hostdev:siblings policy="bind"/>\n'
                      '    <hostdev:allow address="0000:03:00.0" critical="default-route"/>\n'
                      '    <hostdev:display hand-over="yes"/>\n', self.file.read_text())
        self.good("--remove", self.file)
        for each in "siblings", "allow", "display":
            self.assertNotIn(each, self.file.read_text())

    def test_which_screens_are_handed_over(self):
        self.write(hostdev(3))
        self.refused("guest 'guest' asks for no graphics card that this host has",
                     "--hand-over-display", self.file)
        self.configure("[host]\ndomains-may = siblings\n[guest b]\nmatch = b\ndomains-may = display\n"
                       "[device card]\nmatch = 10de:*\nguests = other\n")
        self.write(hostdev(0, 2))
        self.refused("guest 'guest' can't be allowed that of 0000:00:02.0, by "
                     f"{CONF}, line 2 (domains-may in [host])", "--hand-over-display", self.file)
        self.write(hostdev(0, 2), name="b")
        report = json.loads(self.good("--json", "--hand-over-display", "--may-stop", "*",
                                      self.file))
        self.assertEqual((report["hand_over"], report["hand_over_rule"], report["may_stop"]),
                         (True, f"{CONF}:5", ["*"]))
        # Of two cards each has to be for it.
        self.write(hostdev(0, 2), hostdev(1), name="b")
        self.refused("(guests in [device card])", "--hand-over-display", self.file)
        # What is too much can always go.
        self.write(hostdev(3), metadata=ours("<h:display hand-over='yes'/>"))
        report = json.loads(self.good("--json", "--remove", "--hand-over-display", self.file))
        self.assertEqual((report["hand_over"], report["hand_over_rule"], report["may_stop"]),
                         (True, None, []))

    def test_screen_of_a_sibling(self):
        """A card that only goes along is handed over as well."""
        self.root = self.root / "desktop"
        self.root.mkdir()
        described.build("desktop-one-group", self.root)
        self.write(hostdev(2))
        self.refused("asks for no graphics card", "--hand-over-display", self.file)
        self.write(hostdev(2), metadata=ours(SIBLINGS))
        self.configure("[device card]\nmatch = 0000:03:00.0\ndomains-may = siblings\n")
        self.refused("can't be allowed that of 0000:03:00.0", "--hand-over-display", self.file)
        self.configure("")
        self.good("--hand-over-display", self.file)

    def test_wrong_use(self):
        self.write(hostdev(3))
        for words, arguments in (
                ("needs --critical REASON, --siblings, --hand-over-display or --remove",
                 (self.file,)),
                ("--may-stop needs --hand-over-display", ("--may-stop", "*", self.file)),
                ("--may-stop takes units that end in .service, .scope, .slice or *, such as "
                 "nvidia-persistenced.service or docker-*, not 'gdm'",
                 ("--hand-over-display", "--may-stop", "gdm", self.file)),
                ("--hand-over-display are for the whole guest",
                 ("--hand-over-display", self.file, NETWORK)),
                ("--hand-over-display are for the whole guest",
                 ("--remove", "--may-stop", "*", self.file, NETWORK)),
                ("not 'sound'", ("--critical", "sound", self.file)),
                ("--siblings and --hand-over-display are for", ("--siblings", self.file, NETWORK)),
                ("exclude each other", ("--json", "--diff", "--siblings", self.file)),
                ("of - the domain is printed", ("--json", "--siblings", "-")),
                ("and the domain is this one's", ("--siblings", "guest"))):
            with self.subTest(words):
                result = self.allow(*arguments)
                self.assertEqual((result.returncode, result.out), (2, ""))
                self.assertIn(words, result.err)


if __name__ == "__main__":
    unittest.main()
