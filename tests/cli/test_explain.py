# SPDX-License-Identifier: GPL-2.0-or-later
"""What explain finds in tests/logs.

tests/logs/GROUP/ID.NAME.log is a log with one failure. Its first line is no part of it:

    expect ID ADDRESS

with a dash for no address. tests/logs/healthy has logs in which nothing is to be found.
"""

import json
import re
import subprocess
import tempfile
import textwrap
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from program import tool
from tree import Tree

LOGS = Path(__file__).resolve().parents[1] / "logs"


def explain(log, *arguments):
    result = tool("explain", "--json", *arguments, "-", stdin=log)
    return json.loads(result.out) if result.returncode == 0 else result.err


def causes(log):
    """The pairs of id and address that explain finds."""
    report = explain(log)
    if isinstance(report, str):
        return [("failed", report)]
    return [(each["id"], each["address"] or "-") for each in report["causes"]]


def logs():
    """Path, what is expected, and the log itself, of each with a failure."""
    for path in sorted(LOGS.glob("*/*.log")):
        if path.parent.name == "healthy":
            continue
        first, log = path.read_bytes().split(b"\n", 1)
        word, id_, address = first.decode().split()
        assert word == "expect", path
        yield path, (id_, address), log


def hard(text, width):
    """As a terminal wraps it when it is copied from: anywhere."""
    return "\n".join(line[i:i + width] for line in text.split("\n")
                     for i in range(0, max(len(line), 1), width))


def soft(text, width):
    """As a mail program wraps it: at blanks."""
    return "\n".join("\n".join(textwrap.wrap(line, width, break_on_hyphens=False,
                                             break_long_words=False)) or line
                     for line in text.split("\n"))


# What people do to logs before they show them.
CHANGES = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", " \r\n") + "\r",
    "quoted mail": lambda text: re.sub("^", "> ", text, flags=re.M),
    "indented": lambda text: re.sub("^", "\t", text, flags=re.M),
    "colour": lambda text: re.sub(r"(\w+-pci|error|vfio)", "\x1b[31m\\1\x1b[0m", text),
    "quotes": lambda text: re.sub(r"'(.*?)'", "\u2018\\1\u2019", text),
    "blanks": lambda text: text.replace(" ", "\u00a0"),
    "case": str.upper,
    "end cut": lambda text: text.rstrip("\n"),
    "wrapped at 80": lambda text: hard(text, 80),
    "wrapped at 100": lambda text: hard(text, 100),
    "wrapped at blanks": lambda text: soft(text, 72),
}


class Catalogue(unittest.TestCase):
    maxDiff = None

    def ids(self):
        return [each["id"] for each in json.loads(tool("explain", "--list", "--json").out)]

    def test_list(self):
        ids = self.ids()
        self.assertEqual(len(ids), len(set(ids)))
        lines = tool("explain", "--list").out.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ids)
        for line in lines:
            self.assertRegex(line, r"^[a-z0-9-]+ +[A-Za-z<].*\.$")

    def test_every_entry_has_two_logs(self):
        count = dict.fromkeys(self.ids(), 0)
        names = {}
        for path, (id_, _), log in logs():
            count[id_] += 1
            names.setdefault(id_, set()).add(path.name.split(".")[1])
        self.assertEqual({id_: n for id_, n in count.items() if n < 2}, {})
        for id_, styles in names.items():
            self.assertIn("plain", styles, id_)
            self.assertGreater(len(styles), 1, id_)

    def test_precision_and_recall(self):
        """The first cause, and that there is no other, in all logs."""
        with ThreadPoolExecutor(2) as pool:
            everything = [(path.parent.name + "/" + path.name, [wanted], log)
                          for path, wanted, log in logs()]
            everything += [("healthy/" + path.name, [], path.read_bytes())
                           for path in sorted(LOGS.glob("healthy/*.log"))]
            found = list(pool.map(lambda each: causes(each[2]), everything))
        wanted = sum(len(each[1]) for each in everything)
        right = sum(each[1] == pairs[:1] != [] for each, pairs in zip(everything, found))
        reported = sum(len(pairs) for pairs in found)
        print(f"      {len(everything)} logs: precision {right / reported:.3f}, "
              f"recall {right / wanted:.3f}", flush=True)
        wrong = [f"{each[0]}: {each[1]}, not {pairs}"
                 for each, pairs in zip(everything, found) if each[1] != pairs]
        self.assertEqual(wrong, [])

    def test_changed_logs(self):
        """Each plain log once more, changed in two of the ways, in turn."""
        names = list(CHANGES)
        changed = []
        plain = [each for each in logs() if each[0].name.endswith(".plain.log")]
        for i, (path, wanted, log) in enumerate(plain):
            for name in (names[i % len(names)], names[(i // 2 + 5) % len(names)]):
                changed.append((path.name, name, wanted, CHANGES[name](log.decode())))
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda each: causes(each[3]), changed))
        wrong = [f"{name}, {how}: {wanted}, not {pairs}"
                 for (name, how, wanted, _), pairs in zip(changed, found) if [wanted] != pairs]
        self.assertEqual(wrong, [])


    def test_translated_in_part(self):
        """libvirt speaks its daemon's language around what QEMU says, which is English."""
        def translate(log):
            return log.replace("error: Failed to start domain", "Fehler: Fehler beim Starten der "
                               "Domain").replace(
                "internal error: QEMU unexpectedly closed the monitor",
                "Interner Fehler: QEMU hat den Monitor unerwartet geschlossen")
        changed = [(path.name, wanted, translate(log.decode())) for path, wanted, log in logs()
                   if b"error: QEMU unexpectedly closed the monitor" in log
                   or b"error: Failed to start domain" in log]
        self.assertGreater(len(changed), 50)
        # Where libvirt's own sentence is all there is, nobody else has said it.
        theirs = [(name, wanted, log) for name, wanted, log in changed if "qemu-system" in log]
        self.assertGreater(len(theirs), 20)
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda each: causes(each[2]), theirs))
        wrong = [f"{name}: {wanted}, not {pairs}"
                 for (name, wanted, _), pairs in zip(theirs, found) if [wanted] != pairs]
        self.assertEqual(wrong, [])


NOT_VIABLE = "vfio 0000:01:00.0: group 1 is not viable\n"
MEMLOCK = """\
[  100.000001] vfio_pin_pages_remote: Task qemu-system-x86 (2296) RLIMIT_MEMLOCK (65536) exceeded
2026-11-21T04:05:06.1Z qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: \
VFIO_MAP_DMA failed: Cannot allocate memory
2026-11-21T04:05:06.1Z qemu-system-x86_64: vfio: DMA mapping failed, unable to continue
"""


class Verb(unittest.TestCase):
    def tree(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        tree = Tree(folder.name)
        tree.device("0000:01:00.0", driver="vfio-pci", group=1)
        tree.device("0000:01:00.1", driver="snd_hda_intel", group=1)
        return tree

    def put(self, tree, path, text):
        path = tree.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_text(self):
        result = tool("explain", "-", stdin=NOT_VIABLE)
        self.assertEqual((result.returncode, result.err), (0, ""))
        lines = result.out.splitlines()
        self.assertEqual(lines[0], "0000:01:00.0: Another device of the IOMMU group is still on a "
                                   "driver of the host.")
        self.assertEqual(lines[1], "    " + NOT_VIABLE.strip())
        starts = [line.split()[0] for line in lines[2:] if not line.startswith(" " * 13)]
        self.assertEqual(starts, ["Why:", "Confirm:", "Fix:", "Avoid:"])
        self.assertLessEqual(max(map(len, lines[2:])), 80)

    def test_nothing(self):
        result = tool("explain", "-", stdin="all is well\n")
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.out.startswith("Nothing known was found in standard input.\n"))
        self.assertIn("journalctl", result.out)
        self.assertEqual(explain(""), {"causes": [], "also_seen": [], "exit": 0,
                                       "read": ["standard input"],
                                       "unread": []})

    def test_consequences(self):
        report = explain(MEMLOCK)
        self.assertEqual([each["id"] for each in report["causes"]], ["memlock-exceeded"])
        self.assertEqual([(each["id"], each["address"], each["because"])
                          for each in report["also_seen"]],
                         [("dma-map-no-memory", "0000:01:00.0", 0), ("dma-map-fatal", None, 0)])
        text = tool("explain", "-", stdin=MEMLOCK).out
        self.assertIn("\n  Because of that:\n    0000:01:00.0: The guest's memory can't", text)

    def test_what_is_over_is_no_cause(self):
        def found(kernel, qemu, cause="vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded"):
            report = explain(f"{kernel}{cause}\n{qemu}qemu-system-x86_64: vfio 0000:01:00.0: "
                             "VFIO_MAP_DMA failed: Cannot allocate memory\n")
            return [each["id"] for each in report["causes"]]
        here = "2026-11-21T04:05:06.1Z "
        of_day = "2026-11-{}+0000 host kernel: ".format
        limit, need = "memlock-exceeded", "dma-map-no-memory"
        for kernel, expected in (
                (of_day("21T04:05:05"), [limit]), (of_day("21T04:05:36"), [limit]),
                (of_day("21T04:04:00"), [need, limit]), (of_day("18T04:05:06"), [need, limit]),
                # Of a later start.
                (of_day("21T04:15:06"), [limit, need]),
                # Nobody knows when that was.
                ("[    3.123456] ", [limit]), ("[Wed Nov 18 04:05:06 2026] ", [limit]),
                ("Nov 18 04:05:06 host kernel: ", [limit]), ("", [limit])):
            self.assertEqual(found(kernel, here), expected, kernel)
        self.assertEqual(found("[Wed Nov 18 04:05:06 2026] ", "[Sat Nov 21 04:05:06 2026] "),
                         [need, limit])
        # A device that died is dead until something brings it back.
        died = "vfio-pci 0000:01:00.0: Unable to change power state from D3cold to D0"
        reset = "2026-11-21T04:05:06Z Cannot reset device 0000:01:00.0, no available reset mechanism\n"
        report = explain(of_day("18T04:05:06") + died + "\n" + reset)
        self.assertEqual([each["id"] for each in report["causes"]], ["power-state-stuck"])

    def test_last_attempt_counts(self):
        """The same failure, days ago with the cause that is still in the log, now without."""
        lines = [f"2026-11-{day}T04:05:06Z {text}\n" for day, text in (
            (18, "host kernel: vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded"),
            (18, "qemu-system-x86_64: vfio 0000:01:00.0: VFIO_MAP_DMA failed: Cannot allocate memory"),
            (21, "qemu-system-x86_64: vfio 0000:01:00.0: VFIO_MAP_DMA failed: Cannot allocate memory"))]
        for log in (lines, [lines[2], *lines[:2]]):
            report = explain("".join(log))
            self.assertEqual([each["id"] for each in report["causes"]],
                             ["dma-map-no-memory", "memlock-exceeded"])
            self.assertEqual(report["causes"][0]["count"], 2)

    def test_two_devices_are_two_causes(self):
        report = explain(NOT_VIABLE +
                         "vfio-pci 0000:05:00.0: Unable to change power state from D3cold to D0\n")
        self.assertEqual([(each["id"], each["address"]) for each in report["causes"]],
                         [("power-state-stuck", "0000:05:00.0"),
                          ("group-not-viable", "0000:01:00.0")])

    def test_lines_are_few_and_escaped(self):
        line = "vfio 0000:01:00.0: \x1b]0;title\x07 group 1 is not viable\n"
        report = explain(line * 1000)
        cause, = report["causes"]
        self.assertEqual((cause["count"], len(cause["lines"])), (1000, 3))
        text = tool("explain", "-", stdin=line * 1000).out
        self.assertIn("... and 997 more\n", text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\x07", text)

    def test_many_devices(self):
        """More cases than are kept: the first ones are, and nothing breaks."""
        log = "".join(f"vfio {bus:04x}:{bus & 0xff:02x}:00.0: no iommu_group found: No\n"
                      for bus in range(2000))
        self.assertEqual(len(explain(log)["causes"]), 512)

    def test_long_line(self):
        log = "x" * 100000 + " vfio 0000:01:00.0: group 1 is not viable " + "y" * 100000
        self.assertEqual(causes(log), [("group-not-viable", "0000:01:00.0")])
        for cut in range(2000, 2100, 3):
            log = "x" * cut + " vfio 0000:01:00.0: group 1 is not viable"
            self.assertEqual(causes(log), [("group-not-viable", "0000:01:00.0")], cut)

    def test_wrapped_where_a_record_is_full(self):
        """Lines that may all be one message, which is longer than there is room."""
        message = "q" * 40 + " error getting device from gr\noup 14: No such device\n"
        for n in range(58, 68):
            report = explain(("z" * 60 + "\n") * n + message)
            self.assertEqual([(each["id"], each["count"]) for each in report["causes"]],
                             [("group-no-device", 1)], n)
        # A short line is not wrapped.
        self.assertEqual(causes("error getting device from gr\noup 14: No such device\n"), [])

    def test_harmless_once(self):
        line = "vfio-pci 0000:03:00.0: vfio_bar_restore: reset recovery - restoring BARs\n"
        self.assertEqual(causes(line * 2), [])
        self.assertEqual(causes(line * 3), [("reset-recovery-loop", "0000:03:00.0")])

    def test_repeated_without_the_address(self):
        cause, = explain(NOT_VIABLE + "\nerror: group 1 is not viable\n")["causes"]
        self.assertEqual((cause["address"], cause["count"]), ("0000:01:00.0", 2))
        self.assertEqual(causes(NOT_VIABLE + "\nerror: group 2 is not viable\n"),
                         [("group-not-viable", "0000:01:00.0"), ("group-not-viable", "-")])

    def test_binary(self):
        self.assertEqual(causes(bytes(range(256)) * 100), [])

    def test_journal_of_a_root(self):
        """The kernel's and libvirt's messages, not those of others."""
        entries = [
            ("_TRANSPORT=kernel", "vfio-pci 0000:05:00.0: Cannot bind to PF with SR-IOV enabled"),
            ("_SYSTEMD_UNIT=virtqemud.service", NOT_VIABLE.strip()),
            ("_SYSTEMD_UNIT=ssh.service", "kvm: HYP mode not available"),
            ("_SYSTEMD_UNIT=libvirtd.service", "qemu-system-x86_64: vfio 0000:02:00.0: no iommu_group "
             "found: No such file or directory"),
        ]
        export = "".join(f"__REALTIME_TIMESTAMP={1763000000000000 + i * 60000000}\n"
                         f"__MONOTONIC_TIMESTAMP={i + 1}\n_BOOT_ID={'7' * 32}\n"
                         f"{source}\nMESSAGE={message}\n\n"
                         for i, (source, message) in enumerate(entries))
        tree = self.tree()
        folder = tree.root / "var/log/journal" / ("5" * 32)
        folder.mkdir(parents=True)
        subprocess.run(["/lib/systemd/systemd-journal-remote", "-o", folder / "system.journal", "-"],
                       input=export, text=True, check=True, stderr=subprocess.DEVNULL)
        report = json.loads(tool("explain", "--json", "--root", tree.root).out)
        self.assertEqual({(each["id"], each["address"]) for each in report["causes"]},
                         {("pf-has-vfs", "0000:05:00.0"), ("group-not-viable", "0000:01:00.0"),
                          ("no-iommu-group", "0000:02:00.0")})
        self.assertEqual(report["read"], ["the journal"])
        report = json.loads(tool("explain", "--json", "--root", tree.root, "--since",
                                 f"{datetime.fromtimestamp(1763000120):%Y-%m-%d %H:%M}").out)
        self.assertEqual([each["id"] for each in report["causes"]], ["no-iommu-group"])

    def test_files(self):
        tree = self.tree()
        self.put(tree, "one", NOT_VIABLE)
        self.put(tree, "two", "kvm: HYP mode not available\n")
        result = tool("explain", "--json", tree.root / "one", tree.root / "two")
        report = json.loads(result.out)
        self.assertEqual({each["id"] for each in report["causes"]},
                         {"group-not-viable", "arm-no-hyp"})
        # A name without a slash is a file when there is one.
        result = tool("explain", "--json", "one", cwd=tree.root)
        self.assertEqual(json.loads(result.out)["read"], ["one"])
        result = tool("explain", "--json", "./three", cwd=tree.root)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot open ./three: No such file", result.err)

    def test_confirm(self):
        tree = self.tree()
        cause, = explain(NOT_VIABLE)["causes"]
        self.assertEqual((cause["confirmed"], cause["seen"]), (None, None))
        cause, = explain(NOT_VIABLE, "--root", tree.root)["causes"]
        self.assertEqual((cause["confirmed"], cause["seen"]),
                         (True, "0000:01:00.1 in IOMMU group 1 is on snd_hda_intel"))
        cause, = explain(NOT_VIABLE.replace("01:00", "02:00"), "--root", tree.root)["causes"]
        self.assertIsNone(cause["confirmed"])
        text = tool("explain", "--root", tree.root, "-", stdin=NOT_VIABLE).out
        self.assertIn("\n  Confirmed: 0000:01:00.1 in IOMMU group 1 is on snd_hda_intel.\n", text)
        (tree.root / "sys/devices/pci0000:00/0000:01:00.1/driver").unlink()
        text = tool("explain", "--root", tree.root, "-", stdin=NOT_VIABLE).out
        self.assertIn("\n  Not so:    no device of IOMMU group 1 is on such a driver now.\n", text)
        gone = "no such host device"
        for address, so in (("0000:01:00.0", False), ("0000:07:00.0", True)):
            cause, = explain(f"vfio {address}: {gone}", "--root", tree.root)["causes"]
            self.assertEqual(cause["confirmed"], so)

    def test_group_that_comes_with_a_driver(self):
        """That the device has none says nothing yet."""
        tree = self.tree()
        tree.device("10000:e1:00.0")
        log = "e1000 10000:e1:00.0: stream 1792 already in tree from dev 10000:e0:00.0\n"
        self.assertIs(self.answers(tree, log), True)
        (tree.root / "sys/class/iommu/smmu3.0x9050000").mkdir(parents=True)
        cause, = explain(log, "--root", tree.root)["causes"]
        self.assertIsNone(cause["confirmed"])
        self.assertIn("10000:e1:00.0 is in no IOMMU group yet, having no driver", cause["seen"])
        text = tool("explain", "--root", tree.root, "-", stdin=log).out
        self.assertIn("\n  Unknown:   10000:e1:00.0 is in no IOMMU group yet", text)

    def answers(self, tree, log):
        cause, = explain(log, "--root", tree.root)["causes"]
        return cause["confirmed"]

    def test_all_that_can_be_confirmed(self):
        """Each question: as nothing can be known, as it is so, as it isn't."""
        tree = self.tree()
        real = tree.root / "sys/devices/pci0000:00/0000:01:00.0"
        questions = [
            ("0000:01:00.0: no reset function; vfio: Cannot reset device 0000:01:00.0, no available "
             "reset mechanism", real / "reset_method", None, "flr"),
            ("vfio-pci 0000:01:00.0: Cannot bind to PF with SR-IOV enabled", real / "sriov_numvfs",
             "2", "0"),
            ("Use the module param: No interrupt remapping support. Use the module param",
             tree.root / "proc/interrupts", " 1: 0 IO-APIC 1-edge", " 1: 0 IR-IO-APIC 1-edge"),
            ("vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping",
             tree.groups / "1/reserved_regions", "0x1 0x2 direct-relaxable\n0x5 0x6 direct",
             "0x1 0x2 direct-relaxable"),
            ("Lockdown: setpci: direct PCI access is restricted; see man kernel_lockdown.7",
             tree.root / "sys/kernel/security/lockdown", "none [integrity] confidentiality",
             "[none] integrity confidentiality"),
            ("RIP: 0010:vfio_pci_core_disable+0x1", tree.root / "proc/sys/kernel/tainted", "4224",
             "4096"),
            ("vfio-pci 0000:02:00.0: vfio-noiommu device opened by user (x:1)",
             tree.root / "sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y", "N"),
            ("MSI interrupts are not secure, they cannot be isolated by the platform",
             tree.root / "sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y", "N"),
        ]
        for log, path, so, not_so in questions:
            with self.subTest(log):
                self.assertIsNone(self.answers(tree, log))
                for text, wanted in ((so, True), (not_so, False)):
                    if text is not None:
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(text + "\n")
                        self.assertEqual(self.answers(tree, log), wanted)

    def test_what_is_missing(self):
        tree = self.tree()
        log = "Could not open '/dev/vfio/vfio': No such file or directory"
        self.assertIsNone(self.answers(tree, log))
        (tree.root / "sys/module").mkdir()
        self.assertIs(self.answers(tree, log), True)
        (tree.root / "sys/module/vfio").mkdir()
        self.assertIs(self.answers(tree, log), False)
        log = "No available IOMMU models"
        self.assertIs(self.answers(tree, log), True)
        log = "unsupported configuration: host doesn't support VFIO PCI passthrough"
        self.assertIs(self.answers(tree, log), False)
        log = "module 'x' does not implement any pci driver"
        self.put(tree, "proc/sys/kernel/osrelease", "6.12.1\n")
        self.assertIsNone(self.answers(tree, log))
        (tree.root / "lib/modules").mkdir(parents=True)
        self.assertIs(self.answers(tree, log), True)
        self.put(tree, "lib/modules/6.12.1/modules.alias", "")
        self.assertIs(self.answers(tree, log), False)

    def test_logs_of_a_root(self):
        tree = self.tree()
        self.put(tree, "var/log/libvirt/qemu/win11.log",
                 "2026-11-20 04:05:06.123+0000: starting up libvirt version: 11.3.0\n"
                 "vfio 0000:01:00.0: device is already attached\n"
                 "2026-11-21 04:05:06.123+0000: starting up libvirt version: 11.3.0\n"
                 + NOT_VIABLE)
        self.put(tree, "var/log/kern.log",
                 "Nov 21 04:05:06 host kernel: vfio-pci: probe of 0000:05:00.0 failed with error "
                 "-22\n")
        for arguments in ((), ("win11",)):
            report = json.loads(tool("explain", "--json", "--root", tree.root, *arguments).out)
            self.assertEqual([(each["id"], each["address"]) for each in report["causes"]],
                             [("vfio-probe-invalid", "0000:05:00.0"),
                              ("group-not-viable", "0000:01:00.0")])
            self.assertEqual(report["read"], ["/var/log/libvirt/qemu/win11.log",
                                              "/var/log/kern.log"])
            self.assertIs(report["causes"][1]["confirmed"], True)
        report = json.loads(tool("explain", "--json", "--root", tree.root, "other").out)
        self.assertEqual(report["read"], ["/var/log/kern.log"])
        self.assertEqual(report["unread"], ["there is no /var/log/libvirt/qemu/other.log"])
        result = tool("explain", "--root", tree.root, "other")
        self.assertEqual(result.err,
                         "virt-hostdev: there is no /var/log/libvirt/qemu/other.log\n")

    def test_a_root_without_logs(self):
        result = tool("explain", "--root", self.tree().root)
        self.assertEqual((result.returncode, result.err), (0, ""))
        self.assertTrue(result.out.startswith("Nothing known was found in any log.\n"))

    def test_since(self):
        log = ("2026-11-20 04:05:06.123+0000: vfio 0000:01:00.0: device is already attached\n"
               "vfio 0000:02:00.0: device is already attached\n"
               "2026-11-21 04:05:06.123+0000: " + NOT_VIABLE)
        env = {"TZ": "UTC", "PATH": "/usr/bin"}

        def ids(since, text=log):
            result = tool("explain", "--json", "--since", since, "-", stdin=text, env=env)
            return [each["id"] for each in json.loads(result.out)["causes"]]
        self.assertEqual(ids("2026-11-20"), ["group-not-viable", "device-twice", "device-twice"])
        self.assertEqual(ids("2026-11-20 04:06"), ["group-not-viable"])
        self.assertEqual(ids("2026-11-21 04:05:06"), ["group-not-viable"])
        self.assertEqual(ids("2026-11-21 04:05:07"), [])
        for stamp in ("[Sat Nov 21 04:05:06 2026] ", "2026-11-21T04:05:06.1+00:00 host kernel: ",
                      "2026-11-21T05:05:06+0100 host kernel: ", "2026-11-21T04:05:06Z "):
            self.assertEqual(ids("2026-11-21 04:05:06", stamp + NOT_VIABLE), ["group-not-viable"])
            self.assertEqual(ids("2026-11-21 04:05:07", stamp + NOT_VIABLE), [])
        self.assertEqual(ids("1m", "[  123.456789] " + NOT_VIABLE), ["group-not-viable"])
        for since in ("", "yesterday", "3", "3w", "-3d", "2026-11-21 04", "999999999999d"):
            result = tool("explain", "--since", since, "-")
            self.assertEqual(result.returncode, 2, since)
            self.assertIn("--since takes", result.err)
