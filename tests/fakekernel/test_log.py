# SPDX-License-Identifier: GPL-2.0-or-later
"""Each run of the hook leaves one record, whatever becomes of it."""

import json
import os
import socket
import struct
import threading
import uuid

from program import domain, hostdev
from setting import HANG
from test_every_write import HOOK, NIC, NVME, OnFakeKernel

LOG = "virt-hostdev/log"
UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


class Log(OnFakeKernel):
    def runs(self, *arguments):
        return json.loads(self.tool("log", "--json", *arguments).out)["runs"]

    def test_one_record_for_each_run(self):
        self.boot(NIC + NVME)
        xml = domain(hostdev(1), hostdev(2))
        self.assertIn("The hook has not run since", self.tool("log").out)
        for event in ("prepare", "start", "started", "stopped", "release", "unheard-of"):
            self.good(self.hook(event, xml))
        both = ["0000:01:00.0", "0000:02:00.0"]
        self.assertEqual([(each["event"], each["outcome"], each["devices"], each["domain"],
                           each["message"]) for each in self.runs()],
                         [("prepare", "done", both, "guest", None),
                          ("start", "done", both, "guest", None),
                          ("started", "done", both, "guest", None),
                          ("stopped", "nothing", [], "guest", None),
                          ("release", "done", both, "guest", None),
                          ("unheard-of", "nothing", [], "guest", None)])
        self.assertGreater(self.runs()[0]["duration_usec"], 0)
        for each in self.runs():
            self.assertRegex(each["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$")
        self.assertEqual(self.runs()[0]["uuid"], UUID)

    def test_start_that_failed_after_prepare(self):
        """Release has in its record what QEMU's log says, if the guest never ran."""
        self.boot(NIC + NVME)
        log = "mkdir -p libvirt/qemu; cat >libvirt/qemu/guest.log"
        self.kernel.run(["sh", "-ec", f"mount -t tmpfs log /var/log; cd /var/log; {log}"], stdin=(
            "2020-01-01 00:00:00.000+0000: starting up libvirt version: 11.3.0\n"
            "qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: "
            "group 5 is not viable\n"
            "2099-01-01 00:00:00.000+0000: starting up libvirt version: 11.3.0\n"
            "2099-01-01T00:00:01.000000Z qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0,"
            "romfile=/none.rom: failed to find romfile \"/none.rom\"\n"))
        xml = domain(hostdev(1))
        self.good(self.hook("prepare", xml))
        self.assertEqual(self.hook("release", xml).rc, 0)
        last = self.runs()[-1]
        self.assertEqual((last["event"], last["outcome"]), ("release", "done"))
        self.assertIn("The guest did not start: 0000:01:00.0: ", last["message"])
        self.assertIn("ROM", last["message"])
        # One that ran has ended for another reason.
        for event in ("prepare", "start", "started", "stopped", "release"):
            self.good(self.hook(event, xml))
        self.assertIsNone(self.runs()[-1]["message"])

    def test_what_went_wrong(self):
        self.boot(NIC + NVME)
        self.good(self.hook("prepare", domain(hostdev(1))))
        other = domain(hostdev(1), name="other", uuid=str(uuid.uuid4()))
        refused = self.hook("prepare", other, "other").err.splitlines()[0]
        self.kernel.refuse("vfio-pci", "EIO")
        failing = domain(hostdev(2), name="two words", uuid=str(uuid.uuid4()))
        failed = self.hook("prepare", failing, "two words").err.splitlines()[0]
        self.kernel.refuse("e1000e", "EIO")
        unreturned = self.hook("release", domain(hostdev(1))).err.splitlines()[0]
        torn = self.hook("prepare", "<domain>", "torn").err.splitlines()[0].rstrip(".")
        silent = self.hook("reconnect", "<domain>", "torn")
        self.assertEqual((silent.rc, silent.err), (0, ""))
        self.assertEqual([(each["outcome"], each["message"]) for each in self.runs()[1:5]],
                         [("refused", refused), ("failed", failed), ("failed", unreturned),
                          ("failed", torn)])
        self.assertEqual(self.runs()[5]["outcome"], "failed")
        self.assertEqual([each["domain"] for each in self.runs("two words")], ["two words"])
        self.assertEqual(len(self.runs(UUID)), 2)
        self.assertEqual(self.runs("nobody"), [])
        self.assertIn("for guest 'nobody' since", self.tool("log", "nobody").out)
        text = self.tool("log", "two words").out
        self.assertRegex(text, r"(?m)^\S+ \S+  prepare   failed +\d+\.\d{3} s  two words  "
                               r"0000:02:00.0\n    0000:02:00.0 can't be bound to driver vfio-pci")

    def test_guest_without_devices(self):
        self.boot(NIC)
        self.good(self.hook("prepare", domain()))
        (only,) = self.runs()
        self.assertEqual((only["outcome"], only["devices"]), ("nothing", []))

    def test_log_that_is_full_is_put_aside(self):
        self.boot(NIC)
        self.good(self.hook("stopped", ""))
        log, old = self.kernel.run_dir / LOG, self.kernel.run_dir / (LOG + ".1")
        self.assertEqual(log.stat().st_mode & 0o777, 0o600)
        log.write_bytes(log.read_bytes() * (256 * 1024 // log.stat().st_size))
        self.good(self.hook("stopped", ""))
        self.assertFalse(log.exists())
        many = len(self.runs())
        self.good(self.hook("release", ""))
        self.assertEqual([each["event"] for each in self.runs()[many - 1:]], ["stopped", "release"])
        self.assertEqual(len(self.tool("log").out.splitlines()), 20)
        self.assertTrue(old.exists())

    def test_names_can_not_steer_a_terminal(self):
        self.boot(NIC)
        self.good(self.hook("\x1b[2J", "", "a\nb"))
        self.assertRegex(self.tool("log").out, r"^\S+ \S+  \\x1b\[2J +nothing .* a\\x0ab\n$")

    def test_damaged_lines_are_left_out(self):
        self.boot(NIC)
        self.good(self.hook("stopped", ""))
        with open(self.kernel.run_dir / LOG, "ab") as log:
            log.write(b"run 1 2 done\nrun x\n\0\n\xff\nrun 1 2 done prepare torn - - -")
        self.assertEqual(len(self.runs()), 1)

    def test_log_that_can_not_be_written_stops_nobody(self):
        self.boot(NIC)
        self.good(self.hook("stopped", ""))
        log = self.kernel.run_dir / LOG
        log.unlink()
        log.symlink_to("/run/elsewhere")
        self.good(self.hook("prepare", domain(hostdev(1))))
        self.good(self.hook("release", domain(hostdev(1))))
        self.assertFalse((self.kernel.run_dir / "elsewhere").exists())

    def test_lines_of_many_hooks_do_not_mix(self):
        self.boot(NIC)
        def run():
            for _ in range(20):
                self.kernel.run([HOOK, "x" * 500, "stopped", "end", "-"])
        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([each["domain"] for each in self.runs()], ["x" * 500] * 160)


class Journal(OnFakeKernel):
    """What the host's own log is told; here we are the daemon."""

    def listen(self, path):
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(daemon.close)
        path.parent.mkdir(parents=True, exist_ok=True)
        # The path is longer than a socket's name may be.
        folder = os.open(path.parent, os.O_PATH)
        self.addCleanup(os.close, folder)
        daemon.bind(f"/proc/self/fd/{folder}/{path.name}")
        daemon.settimeout(HANG)
        return daemon

    def fields(self, datagram):
        """https://systemd.io/JOURNAL_NATIVE_PROTOCOL/"""
        fields = {}
        while datagram:
            line, _, rest = datagram.partition(b"\n")
            name, equals, value = line.partition(b"=")
            if not equals:
                size, = struct.unpack("<Q", rest[:8])
                value, rest = rest[8:8 + size], rest[9 + size:]
            fields[name.decode()] = value.decode()
            datagram = rest
        return fields

    def test_journal(self):
        self.boot(NIC)
        daemon = self.listen(self.kernel.run_dir / "systemd/journal/socket")
        self.good(self.hook("prepare", domain(hostdev(1))))
        fields = self.fields(daemon.recv(65536))
        message = fields.pop("MESSAGE")
        self.assertRegex(message, r"^Guest 'guest', prepare: done in \d\.\d{3} s, 0000:01:00.0$")
        self.assertGreater(int(fields.pop("VIRT_HOSTDEV_DURATION_USEC")), 0)
        self.assertRegex(fields.pop("MESSAGE_ID"), "^[0-9a-f]{32}$")
        self.assertEqual(fields, {
            "SYSLOG_IDENTIFIER": "virt-hostdev", "PRIORITY": "6", "VIRT_HOSTDEV_DOMAIN": "guest",
            "VIRT_HOSTDEV_UUID": UUID, "VIRT_HOSTDEV_EVENT": "prepare",
            "VIRT_HOSTDEV_OUTCOME": "done", "VIRT_HOSTDEV_DEVICES": "0000:01:00.0"})
        # A name with a line end can't forge a field.
        evil = "x\nVIRT_HOSTDEV_OUTCOME=done"
        xml = domain(hostdev(1), uuid=str(uuid.uuid4()))
        self.assertEqual(self.hook("prepare", xml, evil).rc, 1)
        fields = self.fields(daemon.recv(65536))
        self.assertEqual((fields["VIRT_HOSTDEV_OUTCOME"], fields["PRIORITY"]), ("refused", "3"))
        self.assertEqual(fields["VIRT_HOSTDEV_DOMAIN"], evil)
        self.assertNotIn("\n", fields["MESSAGE"])
        self.assertIn("guest 'guest' has it", fields["VIRT_HOSTDEV_MESSAGE"])
        # Of a guest without devices nobody else has to know.
        self.good(self.hook("prepare", domain(), "plain"))
        self.good(self.hook("release", domain(hostdev(1))))
        self.assertEqual(self.fields(daemon.recv(65536))["VIRT_HOSTDEV_EVENT"], "release")

    def test_syslog(self):
        self.boot(NIC)
        daemon = self.listen(self.kernel.path("/dev/log"))
        self.good(self.hook("prepare", domain(hostdev(1))))
        self.assertRegex(daemon.recv(65536).decode(),
                         r"^<30>.* virt-hostdev\[\d+\]: Guest 'guest', prepare: done in \d\.\d{3} s, "
                         r"0000:01:00.0\0?$")

    def test_daemon_that_does_not_read(self):
        self.boot(NIC)
        daemon = self.listen(self.kernel.run_dir / "systemd/journal/socket")
        stuffing = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        stuffing.setblocking(False)
        try:
            while True:
                stuffing.sendto(b"x", daemon.getsockname())
        except BlockingIOError:
            pass
        stuffing.close()
        self.good(self.hook("prepare", domain(hostdev(1))))
        self.assertIn("vfio-pci", self.kernel.state())
