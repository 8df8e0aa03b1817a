# SPDX-License-Identifier: GPL-2.0-or-later
"""rewrite, on the domains in tests/domains: what changes, and what doesn't."""

import os
import re
import resource
import shutil
import struct
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from program import HANG, TOOL, domain, hostdev, run, tool
from tree import usual

TESTS = Path(__file__).resolve().parents[1]
DOMAINS = sorted((TESTS / "domains").glob("*.xml"))
GOLDEN = TESTS / "golden" / "rewrite"
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")
MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-ec"]

# Addresses that no domain in tests/domains has.
FRESH, OTHER = "0000:0c:00.0", "0003:0d:1f.7"


def rewrite(data, *options):
    result = tool("rewrite", "-", *options, stdin=data)
    assert result.returncode == 0, (result.err, options)
    return result.stdout


def patched(data, diff):
    """What patch makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.xml")
        path.write_bytes(data)
        result = subprocess.run(["patch", "--binary", "--quiet", path], input=diff, check=False,
                                capture_output=True)
        assert result.returncode == 0, result.stdout
        return path.read_bytes()


def number(text):
    text = (text or "0").strip().lstrip("+")
    octal = len(text) > 1 and text[0] == "0" and text[1].isdigit()
    return int(text, 8 if octal else 0)


def address_of(node):
    part = lambda name: number(node.get(name))
    return f"{part('domain'):04x}:{part('bus'):02x}:{part('slot'):02x}.{part('function')}"


class Asked:
    """One place that asks for a device, by a reader that is not the program's."""

    def __init__(self, node, managed):
        source = node.find("source")
        self.kind = node.tag
        self.address = address_of(source.find("address"))
        self.managed = managed.get("managed", "no" if managed is node else "yes")
        self.node = node

    def row(self):
        return (self.kind, self.address, self.managed)


def asked_in(data):
    """All of them, in the order of the document."""
    found = []
    devices = ET.fromstring(data).find("devices")
    for node in devices if devices is not None else []:
        if node.tag == "hostdev" and node.get("type") == "pci":
            found.append(Asked(node, node))
        elif node.tag == "interface" and node.get("type") == "hostdev":
            found.append(Asked(node, node))
        elif node.tag == "disk":
            while node is not None:
                if node.get("type") == "nvme":
                    found.append(Asked(node, node.find("source")))
                node = node.find("backingStore")
    return found


def rows(data):
    return sorted(each.row() for each in asked_in(data))


def some(asked):
    """The addresses of the first, the second and the last."""
    addresses = list(dict.fromkeys(each.address for each in asked))
    return {*addresses[:2], *addresses[-1:]}


def is_cut(longer, shorter):
    """Whether one piece taken out of the longer leaves the shorter."""
    start = os.path.commonprefix([longer, shorter])
    end = os.path.commonprefix([longer[::-1], shorter[::-1]])
    return len(start) + len(end) >= len(shorter)


def changed_lines(before, after):
    """Pairs of lines, where nothing else is new or gone; None when it is."""
    before, after = before.split(b"\n"), after.split(b"\n")
    if len(before) != len(after):
        return None
    return [(x, y) for x, y in zip(before, after) if x != y]


class _EachDomain(unittest.TestCase):
    def each(self, check):
        """Calls check(name, data, asked) for every domain, side by side."""
        def one(path):
            data = path.read_bytes()
            check(path.stem, data, asked_in(data))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, future in [(path, pool.submit(one, path)) for path in DOMAINS]:
                with self.subTest(path.stem):
                    future.result()

    def assert_idempotent(self, after, *options):
        self.assertEqual(rewrite(after, *options), after)

    def assert_diff(self, before, after, *options):
        diff = rewrite(before, *options, "--diff")
        self.assertEqual(patched(before, diff), after)
        self.assertEqual(diff == b"", before == after)


class Domains(_EachDomain):
    slow = True
    # What puts in more than it takes out again.
    GROWN = {"no-devices", "empty-devices", "one-line-bare"}

    def test_there_are_enough(self):
        self.assertGreaterEqual(len(DOMAINS), 40)

    def test_add(self):
        def check(name, data, asked):
            options = ["--add", FRESH, "--add", OTHER, "--managed", "no"]
            after = rewrite(data, *options)
            self.assertEqual(rows(after), sorted([each.row() for each in asked] +
                                                 [("hostdev", FRESH, "no"),
                                                  ("hostdev", OTHER, "no")]))
            if name not in self.GROWN:
                self.assertTrue(is_cut(after, data))
            self.assert_idempotent(after, *options)
            self.assert_diff(data, after, *options)
            if b"\r\n" in data:
                self.assertNotIn(b"\n", after.replace(b"\r\n", b""))
            if name == "tabs":
                self.assertNotIn(b" <", after)
            # And taken back.
            back = rewrite(after, "--remove", FRESH, "--remove", OTHER)
            if name in self.GROWN:
                self.assertEqual(rows(back), rows(data))
                self.assertEqual(rewrite(back, *options), after)
            else:
                self.assertEqual(back, data)

        self.each(check)

    def test_what_is_there_and_what_is_not(self):
        def check(_, data, asked):
            options = [word for each in asked for word in ("--add", each.address)]
            self.assertEqual(rewrite(data, *options, "--remove", FRESH), data)

        self.each(check)

    def test_remove(self):
        def check(_, data, asked):
            for address in some(asked):
                gone = [each for each in asked if each.address == address]
                if any(each.kind == "backingStore" for each in gone):
                    result = tool("rewrite", "-", "--remove", address, stdin=data)
                    self.assertEqual((result.returncode, result.out), (1, ""))
                    self.assertIn("without the disk", result.err)
                    continue
                after = rewrite(data, "--remove", address)
                nodes = [node for each in gone for node in each.node.iter()]
                self.assertEqual(rows(after), sorted(each.row() for each in asked
                                                     if each.node not in nodes))
                if len(gone) == 1 and b"urn:virt-hostdev:1" not in data:
                    self.assertTrue(is_cut(data, after))
                self.assert_idempotent(after, "--remove", address)
                self.assert_diff(data, after, "--remove", address)

        self.each(check)

    def test_remove_all_and_add(self):
        def check(_, data, asked):
            addresses = {each.address for each in asked}
            if any(each.kind == "backingStore" for each in asked):
                return
            options = [word for address in addresses for word in ("--remove", address)]
            after = rewrite(data, *options, "--add", FRESH)
            self.assertEqual(rows(after), [("hostdev", FRESH, "yes")])
            self.assert_idempotent(after, *options, "--add", FRESH)
            self.assert_diff(data, after, *options, "--add", FRESH)

        self.each(check)

    def test_replace_and_back(self):
        def check(_, data, asked):
            for address in some(asked):
                there, back = f"{address}={FRESH}", f"{FRESH}={address}"
                after = rewrite(data, "--replace", there)
                self.assertEqual(rows(after), sorted(
                    (each.kind, FRESH if each.address == address else each.address, each.managed)
                    for each in asked))
                if b"urn:virt-hostdev:1" not in data:
                    for line in changed_lines(data, after):
                        if b"<address" not in line[0]:
                            self.assertRegex(line[0], b"^ *(domain|bus|slot|function)=")
                self.assert_idempotent(after, "--replace", there)
                self.assert_diff(data, after, "--replace", there)
                normal = rewrite(data, "--tidy")
                if normal == data and b"urn:virt-hostdev:1" not in data and b"&#" not in data:
                    self.assertEqual(rewrite(after, "--replace", back), data)

        self.each(check)

    def test_swap(self):
        def check(_, data, asked):
            addresses = sorted({each.address for each in asked})
            if len(addresses) < 2 or rewrite(data, "--tidy") != data:
                return
            a, b, *_ = addresses
            options = ["--replace", f"{a}={b}", "--replace", f"{b}={a}"]
            after = rewrite(data, *options)
            self.assertNotEqual(after, data)
            other = {a: b, b: a}
            self.assertEqual([each.address for each in asked_in(after)],
                             [other.get(each.address, each.address) for each in asked])
            # The same devices are there, so pins stay.
            self.assertEqual(after.count(b":device "), data.count(b":device "))
            self.assertEqual(rewrite(after, *options), data)

        self.each(check)

    def test_managed(self):
        def check(_, data, asked):
            for value in ("no", "yes"):
                option = ["--set", f"managed={value}"]
                after = rewrite(data, *option)
                self.assertEqual(rows(after), sorted(
                    (each.kind, each.address, value if each.kind == "hostdev" else each.managed)
                    for each in asked))
                for line in changed_lines(data, after):
                    self.assertRegex(line[0], b"<hostdev|managed=")
                self.assert_idempotent(after, *option)
                self.assert_diff(data, after, *option)

        self.each(check)

    def test_children(self):
        """Each key of a device, all of them at once: set, and taken out."""
        def check(_, data, asked):
            for each in asked:
                alike = [x for x in asked if x.address == each.address]
                if each.kind != "hostdev" or each.address not in some(asked) or len(alike) > 1:
                    continue
                # libvirt takes either that or <boot> in <os>.
                keys = [key for key in KEYS if b"<boot dev" not in data or key[0] != "boot.order"]
                options = [word for key, value, _ in keys
                           for word in ("--set", f"{each.address}:{key}={value}")]
                after = rewrite(data, *options)
                again, = [x.node for x in asked_in(after) if x.address == each.address]
                for _, value, (element, attribute) in keys:
                    self.assertEqual(again.find(element).get(attribute), value)
                self.assertEqual(rows(after), rows(data))
                self.assert_idempotent(after, *options)
                self.assert_diff(data, after, *options)
                options = [word.partition("=")[0] + "=" if "=" in word else word
                           for word in options]
                back = rewrite(after, *options)
                if not any(each.node.find(element) is not None for _, _, (element, _) in keys):
                    self.assertEqual(back, data)
                for _, _, (element, attribute) in keys:
                    again, = [x.node for x in asked_in(back) if x.address == each.address]
                    child = again.find(element)
                    self.assertTrue(child is None or child.get(attribute) is None)

        self.each(check)

    def test_each_key(self):
        """One by one, with what libvirt's schema says of it."""
        path = TESTS / "domains" / "hugepages.xml"
        data = path.read_bytes()
        for key, value, (element, attribute) in [
                *KEYS, ("driver", "mlx5_vfio_pci", ("driver", "model")),
                ("iommufd", "no", ("driver", "iommufd"))]:
            with self.subTest(key):
                option = ["--set", f"41:00.0:{key}={value}"]
                result = tool("rewrite", path, *option)
                if element == "driver" and result.returncode:
                    self.assertIn("the schema of the installed libvirt doesn't allow", result.err)
                    continue
                self.assertEqual(result.returncode, 0, result.err)
                child = asked_in(result.stdout)[0].node.find(element)
                self.assertEqual(child.get(attribute), value)
                self.assertEqual(rewrite(result.stdout, "--set", f"41:00.0:{key}="), data)

    def test_tidy(self):
        def check(name, data, asked):
            after = rewrite(data, "--tidy")
            first = [each for i, each in enumerate(asked)
                     if each.kind != "hostdev" or
                     each.address not in [x.address for x in asked[:i] if x.kind == "hostdev"]]
            self.assertEqual(rows(after), sorted(each.row() for each in first))
            for each in asked_in(after):
                address = each.node.find("source/address")
                if each.kind == "hostdev":
                    self.assertIsNotNone(each.node.get("managed"))
                    self.assertEqual(each.node.get("mode"), "subsystem")
                self.assertRegex(address.get("domain"), "^0x[0-9a-f]{4,8}$")
                self.assertRegex(address.get("bus"), "^0x[0-9a-f]{2}$")
                self.assertRegex(address.get("slot"), "^0x[0-9a-f]{2}$")
                self.assertRegex(address.get("function"), "^0x[0-7]$")
            self.assert_idempotent(after, "--tidy")
            self.assert_diff(data, after, "--tidy")
            if name not in ("duplicates", "odd-numbers", "double-quotes", "interface-vf"):
                self.assertEqual(after, data)

        self.each(check)

    def test_all_at_once(self):
        def check(_, data, asked):
            hostdevs = [each.address for each in asked if each.kind == "hostdev"]
            options = ["--tidy", "--add", OTHER, "--set", "managed=no",
                       "--set", f"{OTHER}:rom.bar=off", "--set", f"{OTHER}:acpi.index=7"]
            if len(hostdevs) > 2:
                options += ["--remove", hostdevs[-1], "--replace", f"{hostdevs[0]}={FRESH}"]
            after = rewrite(data, *options)
            self.assert_idempotent(after, *options)
            self.assert_diff(data, after, *options)
            last, = [each for each in asked_in(after) if each.address == OTHER]
            self.assertEqual((last.managed, last.node.find("rom").get("bar"),
                              last.node.find("acpi").get("index")), ("no", "off", "7"))

        self.each(check)

    def test_results_are_valid_where_the_originals_are(self):
        self.assertTrue(SCHEMA.exists(), "libvirt0 (Debian 12) or libvirt-common (13) has it")
        with tempfile.TemporaryDirectory() as folder:
            for path in DOMAINS:
                data = path.read_bytes()
                Path(folder, f"{path.stem}.before").write_bytes(data)
                for i, options in enumerate((["--add", FRESH], ["--tidy"],
                                             ["--set", "rom.bar=off", "--set", "managed=yes",
                                              "--set", "multifunction=on"])):
                    Path(folder, f"{path.stem}.{i}").write_bytes(rewrite(data, *options))
            result = run(["xmllint", "--noout", "--relaxng", SCHEMA,
                          *sorted(Path(folder).iterdir())])
        valid = set(re.findall(r"/([^/ ]*) validates", result.err))
        originals = {name for name in valid if name.endswith(".before")}
        self.assertGreaterEqual(len(originals), 40)
        for name in originals:
            for i in range(3):
                self.assertIn(f"{name.removesuffix('.before')}.{i}", valid)


# What every libvirt knows.
KEYS = [("boot.order", "3", ("boot", "order")),
        ("alias", "ua-device.1", ("alias", "name")),
        ("rom.enabled", "no", ("rom", "enabled")),
        ("rom.bar", "off", ("rom", "bar")),
        ("rom.file", "/roms/it's <here> & there.rom", ("rom", "file")),
        ("acpi.index", "16383", ("acpi", "index"))]


class Golden(unittest.TestCase):
    """tests/golden/rewrite: a domain, options, and what comes of them. With
    UPDATE_GOLDEN=1 in the environment they are written anew: read every change."""

    def test_each(self):
        cases = sorted(GOLDEN.glob("*.golden"))
        self.assertGreaterEqual(len(cases), 12)
        with tempfile.TemporaryDirectory() as root:
            usual(root)
            for path in cases:
                with self.subTest(path.stem):
                    command, _, expected = path.read_text().partition("\n")
                    name, *options = command.removeprefix("$ ").split()
                    result = tool("rewrite", "--root", root, f"./tests/domains/{name}.xml",
                                  *options, cwd=TESTS.parent)
                    text = result.out + "".join(f"! {x}\n" for x in result.err.splitlines())
                    if os.environ.get("UPDATE_GOLDEN"):
                        path.write_text(f"{command}\n{text}")
                        expected = text
                    self.assertEqual(text, expected)


def guest(*devices):
    """A domain that is valid for libvirt."""
    return ("<domain type='kvm'>\n<name>guest</name>\n<memory>1048576</memory>\n<os>\n"
            "<type>hvm</type>\n</os>\n<devices>\n" + "\n".join(devices) +
            "\n</devices>\n</domain>\n")


class _InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.path = self.top / "guest.xml"
        self.text = guest(hostdev(1), hostdev(2))
        self.path.write_text(self.text)

    def assert_refused(self, result, words, code=1):
        self.assertEqual((result.returncode, result.out), (code, ""), result.err)
        lines = result.err.splitlines()
        self.assertIn(words, lines[0])
        self.assertRegex(lines[0], r"^virt-hostdev: .*[.!]$")
        self.assertLessEqual(len(lines), 2, result.err)
        self.assertTrue(len(lines) == 1 or lines[1].startswith("Fix: "), result.err)

    def assert_untouched(self):
        self.assertEqual(self.path.read_text(), self.text)
        self.assertEqual([each for each in self.top.iterdir() if each.name[0] == "."], [])


class Output(_InFolder):
    def test_in_place_keeps_mode_and_owner(self):
        self.path.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(self.path, 12, 34)
        before = self.path.stat()
        result = tool("rewrite", self.path, "--in-place", "--remove", "01:00.0")
        self.assertEqual((result.returncode, result.out, result.err), (0, "", ""))
        after = self.path.stat()
        self.assertEqual((after.st_mode, after.st_uid, after.st_gid),
                         (before.st_mode, before.st_uid, before.st_gid))
        self.assertNotEqual(after.st_ino, before.st_ino)
        self.assertNotIn("bus='0x01'", self.path.read_text())
        self.assertEqual(list(self.top.iterdir()), [self.path])

    def test_in_place_keeps_extended_attributes(self):
        # The owner and one other user may read, as acl(5) puts it.
        entries = [(0x01, 6, -1), (0x02, 4, 12), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1)]
        access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
        os.setxattr(self.path, "user.note", b"a\0b")
        os.setxattr(self.path, "system.posix_acl_access", access)
        mode = self.path.stat().st_mode
        result = tool("rewrite", self.path, "--in-place", "--remove", "01:00.0")
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertNotIn("bus='0x01'", self.path.read_text())
        self.assertEqual(os.getxattr(self.path, "user.note"), b"a\0b")
        self.assertEqual(os.getxattr(self.path, "system.posix_acl_access"), access)
        self.assertEqual(self.path.stat().st_mode, mode)

    def test_what_changes_nothing_writes_nothing(self):
        before = self.path.stat()
        result = tool("rewrite", self.path, "--in-place", "--add", "01:00.0")
        self.assertEqual((result.returncode, result.out), (0, ""))
        after = self.path.stat()
        self.assertEqual((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))

    def test_a_link_stays_one(self):
        link = self.top / "link.xml"
        link.symlink_to("guest.xml")
        result = tool("rewrite", link, "--in-place", "--remove", "01:00.0")
        self.assertEqual(result.returncode, 0, result.err)
        self.assertTrue(link.is_symlink())
        self.assertNotIn("bus='0x01'", self.path.read_text())

    def test_without_in_place_nothing_is_touched(self):
        for option in ([], ["--diff"]):
            result = tool("rewrite", self.path, "--remove", "01:00.0", *option)
            self.assertEqual(result.returncode, 0, result.err)
            self.assertTrue(result.out)
            self.assert_untouched()

    def test_diff_names_the_file(self):
        lines = tool("rewrite", self.path, "--diff", "--remove", "01:00.0").out.splitlines()
        self.assertEqual(lines[:2], [f"--- a{self.path}", f"+++ b{self.path}"])
        result = tool("rewrite", "-", "--diff", "--remove", "01:00.0", stdin=self.text)
        self.assertEqual(result.out.splitlines()[0], "--- a/guest.xml")

    def test_diff_on_a_terminal(self):
        """In colours, unless that isn't wanted; never with what steers it."""
        self.path.write_text(self.text.replace("<devices>", "<!-- \x9b31m\t -->\n<devices>"))
        command = f"{TOOL} rewrite {self.path} --diff --remove 01:00.0"

        def on_terminal(**environment):
            result = run(["script", "--quiet", "--return", "--command", command, "/dev/null"],
                         env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment})
            self.assertEqual(result.returncode, 0)
            self.assertIn("-<hostdev", result.out)
            self.assertNotIn("\x9b", result.out)
            self.assertIn("<!-- \\xc2\\x9b31m\t -->", result.out)
            return result.out

        self.assertIn("\033[31m-<hostdev", on_terminal())
        self.assertNotIn("\033", on_terminal(NO_COLOR="1"))
        self.assertNotIn("\033", on_terminal(TERM="dumb"))

    def test_define(self):
        on_test = ["-c", "test:///default"]
        result = tool("rewrite", "test", *on_test, "--add", "01:00.0", "--diff")
        self.assertEqual(result.returncode, 0, result.err)
        self.assertTrue(result.out.startswith("--- a/test.xml\n+++ b/test.xml\n"))
        result = tool("rewrite", "test", *on_test, "--add", "01:00.0", "--define")
        self.assertEqual((result.returncode, result.out), (0, ""), result.err)
        text = tool("rewrite", "test", *on_test, "--add", "01:00.0").out
        for source in (self.path, "-"):
            self.path.write_text(text)
            result = tool("rewrite", source, *on_test, "--tidy", "--define", stdin=text)
            self.assertEqual((result.returncode, result.out), (0, ""), result.err)

    def test_rehearsal_is_not_defined(self):
        """What was made of another host never becomes this one's."""
        on_test = ["-c", "test:///default", "--root", self.path.parent]
        pinned = tool("pin", "test", *on_test)
        for result in (tool("rewrite", self.path, *on_test, "--tidy", "--define"),
                       tool("rewrite", "test", *on_test, "--tidy", "--define"), pinned):
            self.assertEqual((result.returncode, result.out), (2, ""), result.err)
            self.assertIn("libvirt isn't told to define what was made of another host", result.err)

    def test_define_what_libvirt_does_not_take(self):
        self.path.write_text(self.text.replace("<memory>", "<unknown/><memory>"))
        result = tool("rewrite", self.path, "-c", "test:///default", "--tidy", "--define")
        self.assert_refused(result, "libvirt doesn't take the new definition of 'guest'")

    def test_as_an_editor(self):
        """virsh edit runs $EDITOR with the file after it, through a shell."""
        editor = f"{TOOL} rewrite --in-place --set managed=yes --add 03:00.0"
        result = run(["sh", "-c", f"{editor} {self.path}"])
        self.assertEqual((result.returncode, result.out), (0, ""), result.err)
        self.assertEqual(rows(self.path.read_bytes()),
                         [("hostdev", f"0000:0{i}:00.0", "yes") for i in (1, 2, 3)])

    def test_notes(self):
        with tempfile.TemporaryDirectory() as root:
            usual(root)
            say = lambda *options: tool("rewrite", "--root", root, self.path, *options).err
            self.assertEqual(say("--remove", "07:00.0"), "The domain doesn't ask for 0000:07:00.0.\n")
            self.assertEqual(say("--replace", "07:00.0=08:00.0").splitlines()[-1],
                             "The domain doesn't ask for 0000:07:00.0.")
            self.assertEqual(say("--replace", "07:00.0=02:00.0"), "")
            self.assertEqual(say("--set", "07:00.0:managed=yes"),
                             "The domain doesn't ask for 0000:07:00.0.\n")
            self.assertEqual(say("--add", "01:00.1", "--set", "01:00.1:managed=no"), "")
            self.assertEqual(say("--add", "07:00.0"), "This host has no PCI device at 0000:07:00.0.\n")
            self.assertIn("is a bridge", say("--add", "00:01.0"))


class Refused(_InFolder):
    def refused(self, words, *options, source=None, code=2):
        self.assert_refused(tool("rewrite", source or self.path, *options, stdin=self.text),
                            words, code)
        self.assert_untouched()

    def test_usage(self):
        self.refused("rewrite needs something to do")
        self.refused("only one of --in-place, --define and --diff", "--tidy", "--diff", "--define")
        self.refused("--in-place is for a file", "--tidy", "--in-place", source="guest")
        self.refused("--in-place is for a file", "--tidy", "--in-place", source="-")
        self.refused("--managed is for what --add adds", "--managed", "no", "--tidy")
        self.refused("is not a PCI address", "--add", "1:0.0")
        self.refused("--replace takes OLD=NEW", "--replace", "01:00.0")
        self.refused("is not a PCI address", "--replace", "01:00.0=")

    def test_settings(self):
        for setting, words in (("managed", "sets nothing"), ("=no", "sets nothing"),
                               ("size=1", "called 'size'"), ("managed=maybe", "takes yes or no"),
                               ("rom.bar=yes", "takes on or off"), ("rom.file=a.rom", "path of a file"),
                               (b"rom.file=/a\xff", "path of a file"),
                               ("rom.file=/a\uffff", "path of a file"),
                               ("rom.file=/a\nb", "path of a file"),
                               ("01:00.0:boot.order=0", "a number from 1"),
                               ("01:00.0:boot.order=99999999999", "a number from 1"),
                               ("01:00.0:acpi.index=16384", "from 1 to 16383"),
                               ("01:00.0:alias=gpu", "begins with ua-"),
                               ("driver=a b", "name of a driver"), ("boot.order=1", "needs an address"),
                               ("1:managed=no", "not a PCI address")):
            with self.subTest(setting):
                self.refused(words, "--set", setting)

    def test_contradictions(self):
        for options, words in ((["--add", "01:00.0", "--remove", "01:00.0"], "added and removed"),
                               (["--remove", "01:00.0", "--replace", "01:00.0=03:00.0"],
                                "part of a replacement and removed"),
                               (["--remove", "03:00.0", "--replace", "01:00.0=03:00.0"],
                                "part of a replacement and removed"),
                               (["--remove", "01:00.0", "--set", "01:00.0:managed=no"],
                                "set and removed"),
                               (["--add", "01:00.0", "--replace", "01:00.0=03:00.0"],
                                "added and replaced"),
                               (["--replace", "01:00.0=03:00.0", "--replace", "01:00.0=04:00.0"],
                                "replaced by two"),
                               (["--replace", "01:00.0=03:00.0", "--replace", "02:00.0=03:00.0"],
                                "can't replace two")):
            with self.subTest(words):
                self.refused(words, *options)

    def test_what_would_be_twice(self):
        self.refused("asks for it already", "--in-place", "--replace", "01:00.0=02:00.0", code=1)

    def test_what_the_schema_does_not_allow(self):
        """Only when it allowed the original."""
        # A folder, by its name.
        self.refused("doesn't allow what this would make of the domain, so nothing is changed",
                     "--in-place", "--set", "rom.file=/", code=1)
        self.text = self.text.replace("<memory>", "<unknown/><memory>")
        self.path.write_text(self.text)
        result = tool("rewrite", self.path, "--set", "managed=yes")
        self.assertEqual(result.returncode, 0)
        self.assertIn("doesn't allow the domain, before and after", result.err)

    def test_what_libvirt_would_refuse(self):
        """The rules of check: what was wrong before is no reason."""
        twice = ["--set", "01:00.0:boot.order=1", "--set", "02:00.0:boot.order=1"]
        self.refused("nothing is changed, as", "--in-place", *twice, code=1)
        self.text = rewrite(self.text, *twice[:2]).decode()
        wrong = self.text.replace("bus='0x02' slot='0x00' function='0x0'/></source>",
                                  "bus='0x02' slot='0x00' function='0x0'/></source>"
                                  "<boot order='1'/>")
        self.assertNotEqual(wrong, self.text)
        result = tool("rewrite", "-", "--set", "managed=yes", stdin=wrong)
        self.assertEqual(result.returncode, 0, result.err)

    def test_without_a_schema(self):
        script = f"mount -t tmpfs none {SCHEMA.parent} && exec {TOOL} rewrite {self.path} --tidy " \
                 "--set managed=yes"
        result = run([*MOUNTS, script])
        self.assertEqual(result.returncode, 0, result.err)
        self.assertIn("The result is not validated: there is no schema", result.err)
        self.assertIn("managed='yes'", result.out)

    def test_key_that_the_place_has_not(self):
        self.text = (TESTS / "domains" / "nvme-chain.xml").read_text()
        self.path.write_text(self.text)
        self.refused("disk asks for 0000:04:00.0, and has no rom.bar", "--set",
                     "04:00.0:rom.bar=off", code=1)
        self.refused("has no boot.order", "--set", "0a:00.0:boot.order=2", code=1)
        self.text = (TESTS / "domains" / "s390x-zpci.xml").read_text().replace(
            "<address type='pci'", "<address type='ccw'")
        self.path.write_text(self.text)
        self.refused("has no multifunction", "--set", "0001:00:00.0:multifunction=on", code=1)
        self.assertEqual(rewrite(self.text, "--set", "multifunction=on"), self.text.encode())


class BadInput(_InFolder):
    """One sentence, and the original untouched."""

    OPTIONS = ["--in-place", "--add", "0c:00.0"]

    def refused(self, words, path=None, code=2, **options):
        result = tool("rewrite", path or self.path, *self.OPTIONS, **options)
        self.assert_refused(result, words, code)

    def write(self, text):
        self.text = text
        self.path.write_text(text)

    def refused_text(self, words, text):
        with self.subTest(words):
            self.write(text)
            self.refused(words)
            self.assert_untouched()

    def refused_bytes(self, words, data):
        with self.subTest(words):
            self.path.write_bytes(data)
            self.refused(words)
            self.assertEqual(self.path.read_bytes(), data)

    def test_no_domain(self):
        self.refused_text("the XML is empty", "")
        self.refused_text("is a <network>, not a <domain>", "<network><name>n</name></network>")
        self.refused_text("has no <name>", "<domain/>")
        self.refused_text("line 1 of the XML", "EDITOR")
        self.refused_text("line 2 of the XML", "<domain>\n<name>")
        self.refused_text("has no <source>", domain("<hostdev type='pci'/>"))
        self.refused_text("is not a number", domain(hostdev(1)).replace("0x01", "1f"))
        self.refused_text("is not known to this version", domain(
            hostdev(1), metadata="<metadata><x:hostdev xmlns:x='urn:virt-hostdev:1'><x:new/>"
                                 "</x:hostdev></metadata>"))

    def test_entities(self):
        self.refused_text("document type declaration", "<!DOCTYPE domain [<!ENTITY a 'b'>]>" +
                          domain(hostdev(1)))
        self.refused_text("document type declaration",
                          "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>" + domain(hostdev(1)))
        self.refused_text("line 2 of the XML", "<domain>\n<name>&lol;</name></domain>")

    def test_encodings(self):
        text = domain(hostdev(1))
        self.refused_bytes("line 2 of the XML: Input is not proper UTF-8",
                           text.encode().replace(b"guest", b"gu\xe4st"))
        self.refused_bytes("another encoding than UTF-8", ("\ufeff" + text).encode("utf-16-le"))
        self.refused_bytes("another encoding than UTF-8",
                           b"<?xml version='1.0' encoding='ISO-8859-1'?>" + text.encode())
        self.refused_bytes("line 1 of the XML", b"<?xml version='1.0' encoding='EUC-JP'?>"
                           b"<domain>\xff\xff\xff</domain>")
        self.refused_bytes("has a NUL", text.encode() + b"\0")
        self.refused_bytes("has a NUL", text.encode() + b"\0" + text.encode())
        self.refused_bytes("line 2 of the XML", text.encode().replace(b"guest", b"g\0st"))

    def test_deep_nesting(self):
        self.refused_text("depth", "<domain><name>g</name>" + "<a>" * 5000 + "</a>" * 5000 +
                          "</domain>")

    def test_large_file(self):
        with open(self.path, "r+b") as file:
            file.truncate(1 << 30)
        self.refused("has more than 16 MiB, so it is no domain")
        self.assertEqual(self.path.stat().st_size, 1 << 30)

    def test_million_elements(self):
        """Done, or refused, before run() gives up."""
        empty = guest(*["<a/>"] * 1000000)
        self.write(empty)
        result = tool("rewrite", self.path, *self.OPTIONS)
        self.assertEqual((result.returncode, result.out), (0, ""), result.err[-1000:])
        self.assertTrue(is_cut(self.path.read_bytes(), empty.encode()))

    def test_many_devices(self):
        """As many as there may be, each of them edited, on lines and on one."""
        lines = [hostdev(i & 0xff, i >> 8 & 31, i >> 13 & 7, i >> 16) for i in range(4096)]
        for text in (guest(*lines), guest(*lines).replace("\n", "")):
            self.write(text)
            result = tool("rewrite", self.path, "--in-place", "--set", "managed=yes", "--set",
                          "rom.bar=off", "--tidy", "--replace", "01:00.0=fffff:00:00.0")
            self.assertEqual((result.returncode, result.out), (0, ""), result.err[-1000:])
            after = self.path.read_text()
            self.assertEqual(after.count("<rom bar='off'/>"), 4096)
            self.assertEqual(after.count("managed='yes'"), 4096)

    def test_pipe(self):
        pipe = self.top / "pipe.xml"
        os.mkfifo(pipe)
        self.refused("is a pipe, not a file", pipe)

    def test_pipe_of_a_shell(self):
        result = run(["bash", "-c", f"{TOOL} rewrite <(sleep 0.2; cat {self.path}) --tidy"])
        self.assertEqual((result.returncode, result.out.encode()),
                         (0, rewrite(self.text, "--tidy")), result.err)

    def test_folder_device_and_nothing(self):
        folder = self.top / "folder.xml"
        folder.mkdir()
        self.refused("is a folder, not a file", folder)
        self.refused("is a device or a socket, not a file", "/dev/zero")
        self.refused("cannot open", self.top / "missing.xml", code=1)

    def test_read_only_file(self):
        self.path.chmod(0o444)
        if os.geteuid() != 0:
            self.refused("stays as it was: Permission denied")
        else:
            self.top.chmod(0o777)
            command = ["setpriv", "--reuid=65534", "--clear-groups", shutil.copy(TOOL, "/tmp")]
            self.addCleanup(os.unlink, command[-1])
            result = run([*command, "rewrite", self.path, *self.OPTIONS])
            self.assert_refused(result, "stays as it was: Permission denied")
        self.assert_untouched()

    def test_read_only_file_system(self):
        script = f"mount --bind {self.top} {self.top}; mount -o remount,ro,bind {self.top}; " \
                 f"exec {TOOL} rewrite {self.path} {' '.join(self.OPTIONS)}"
        self.assert_refused(run([*MOUNTS, script]), "stays as it was: Read-only file system")
        self.assert_untouched()

    def test_full_disk(self):
        """A file system that has room for the original only."""
        self.write(self.text.replace("<devices>", "<!--" + "x" * 40000 + "-->\n<devices>"))
        mounted = self.top / "mounted"
        mounted.mkdir()
        copy = mounted / "guest.xml"
        script = (f"mount -t tmpfs -o size=64k none {mounted}; cp {self.path} {copy}; "
                  f"{TOOL} rewrite {copy} {' '.join(self.OPTIONS)} && exit 9; "
                  f"cmp {copy} {self.path}; ls -A {mounted} >&2; exit 1")
        result = run([*MOUNTS, script])
        *said, left = result.err.splitlines()
        self.assertEqual((result.returncode, result.out, left), (1, "", "guest.xml"), result.err)
        self.assertIn("stays as it was: No space left on device", "\n".join(said))

    def test_file_too_large_for_the_limit(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        self.refused("stays as it was: File too large", code=1, preexec_fn=limit)
        self.assert_untouched()

    def test_output_that_is_full(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([TOOL, "rewrite", self.path, "--tidy"], check=False,
                                    timeout=HANG, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"cannot write the output", result.stderr)
