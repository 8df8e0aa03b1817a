# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that vanish while they are taken, used or given back.

    address  QEMU id  device  driver  how it vanishes
    01:00.0  stay     e1000e  e1000e  not at all: the guest's other device
    02:00.0  eject    e1000e  e1000e  as from a bay: the kernel lets go of it first
    41:00.0  pull     nvme    nvme    pulled out of its slot, which the kernel hears later

The nvme can reset itself alone. A device that can't is reset by its slot: when its guest
ends while two removals wait for that, Linux 6.12 waits for itself for ever.
"""

import contextlib

from devices import NIC_A, root_port
from domain import hostdev
from host import HANGS
from scenarios import HOOK, HOOK_FAILED, _Emulated

STAY, EJECT, PULL = "0000:01:00.0", "0000:02:00.0", "0000:41:00.0"

# What QEMU's command line and its command device_add say of a device.
CARDS = {
    "stay": {"driver": "e1000e", "id": "stay", "bus": "rp-stay", "mac": "52:54:00:00:00:01"},
    "eject": {"driver": "e1000e", "id": "eject", "bus": "rp-eject", "mac": "52:54:00:00:00:02"},
    "pull": {"driver": "nvme", "id": "pull", "bus": "rp-pull", "serial": "pull"},
}

DEVICES = [
    root_port("rp-stay", 4),
    root_port("rp-eject", 5),
    # On the first host bridge hot plug is ACPI's; here slots speak for themselves.
    "-device pxb-pcie,id=pxb,bus_nr=64,addr=06.0",
    "-device pcie-root-port,id=rp-pull,bus=pxb,chassis=64,addr=00.0",
    *("-device " + ",".join(f"{key}={value}" for key, value in card.items())
      for card in CARDS.values()),
]

# The slot's control register: 0x400 is power off, 0x300 the lamp, off; 0x20 lets it speak.
# QEMU has the card leave a slot that is off. A kernel that finds the power on, but no card,
# has lost it.
SLOT = "setpci -s 40:00.0 CAP_EXP+18.w"
SLOT_OFF = 0x700

# Waits before the hook begins, once; what it says at release, which libvirt drops, is kept.
WAITING_HOOK = """#!/bin/bash
if [ "$2" = EVENT ] && mkdir /run/waits 2>/dev/null; then
	read -r </run/gate
	[ "$2" = release ] && exec 2>/run/said
fi
exec /root/hook "$@"
"""


def gone(address):
    """What the hook says of a device that it can't give back for ever."""
    return (f"{address} can't be given back to the host: it is gone.\n"
            "Fix: To look for it again: echo 1 > /sys/bus/pci/rescan\n")


class Removal(_Emulated):
    """Whatever becomes of one device, the guest's others go back to the host."""

    options = {"devices": DEVICES}

    def setUp(self):
        super().setUp()
        self.define("g", *(hostdev(address, "no") for address in (PULL, STAY, EJECT)))

    def tearDown(self):
        self.plug_in()
        super().tearDown()

    # During prepare

    def test_gone_before_the_hook_looks(self):
        with self.waiting_at("prepare", "virsh start g") as result:
            self.eject()
        self.assert_said(result[0], "Guest 'g' asks for PCI device 0000:02:00.0, but nothing "
                                    "answers at this address on this host.")
        self.assert_whole_again()

    def test_pulled_out_while_it_is_taken(self):
        with self.stuck_at("/sys/bus/pci/drivers/nvme/unbind", "virsh start g") as result:
            self.wait_for(lambda: self.override(PULL) == self.driver(STAY) ==
                          self.driver(EJECT) == "vfio-pci")
            self.pull_out()
            self.hear()
            self.answer()
        self.assert_said(result[0], f"{PULL} can't be taken from driver nvme: "
                                    f"{PULL} can't be read back: No such device.")
        self.assertIn(gone(PULL), result[0].err)
        self.assert_whole_again()

    def test_gone_before_qemu_opens_it(self):
        with self.waiting_at("start", "virsh start g") as result:
            self.eject()
            self.pull_out()
            self.hear()
        self.assertIn("error: Failed to start domain 'g'", result[0].err)
        self.assertRegex(result[0].err, f"{EJECT}|{PULL}")
        self.assertNotIn(HOOK_FAILED, result[0].err)
        self.assert_whole_again()
        self.assert_guest_runs_again()

    def test_pulled_out_and_the_kernel_has_not_heard(self):
        """Whoever reads from the device gets ones only, and no driver would take it."""
        self.pull_out()
        self.assertEqual(self.assert_refused("g", PULL, "it answers nothing but ones"),
                         "device-dead")
        self.hear()
        self.assert_whole_again()
        self.assert_guest_runs_again()

    # While the guest runs

    def test_removed_while_the_guest_has_them(self):
        """The kernel waits for the guest, and nobody for the kernel."""
        self.mark()
        self.start("g")
        self.host.qmp("device_del", id="eject")
        self.pull_out()
        self.slot("0120:0720")
        self.wait_for(lambda: self.driver(EJECT) == "")
        self.assert_libvirt_answers()
        self.assertEqual(self.status()["g"]["state"], "running")
        self.assert_recovered("")
        with self.waiting_at("release", "virsh destroy g") as result:
            self.wait_for(lambda: not self.is_there(EJECT) and not self.is_there(PULL))
        self.assertEqual(result[0].rc, 0, result[0].err)
        self.assertEqual(self.host.get("/run/said"), gone(EJECT) + gone(PULL))
        self.assertIn(("vfio-device-open", EJECT),
                      [(each["id"], each["address"]) for each in self.explained()])
        self.assert_whole_again()
        self.assert_guest_runs_again()

    def test_removed_while_the_guest_has_it_and_nobody_waits(self):
        """The kernel lets go when the guest ends, and the hook looks at the same time."""
        self.start("g")
        self.host.qmp("device_del", id="eject")
        self.wait_for(lambda: self.driver(EJECT) == "")
        self.destroy("g")
        self.wait_for(lambda: not self.is_there(EJECT))
        for claim in self.status().values():
            self.assertTrue(claim["error"].startswith(EJECT), claim["error"])
            self.assert_recovered(gone(EJECT))
        self.assert_whole_again()

    # Before and during release

    def test_removed_before_release(self):
        self.start("g")
        with self.waiting_at("release", "virsh destroy g") as result:
            self.eject()
            self.pull_out()
            self.hear()
        self.assertEqual(result[0].rc, 0, result[0].err)
        self.assertEqual(self.host.get("/run/said"), gone(EJECT) + gone(PULL))
        self.assert_whole_again()

    def test_pulled_out_while_it_is_given_back(self):
        self.start("g")
        with self.stuck_at("/sys/bus/pci/drivers/nvme/bind", "virsh destroy g"):
            self.wait_for(lambda: self.override(PULL) == "nvme" and self.driver(PULL) == "" and
                          self.driver(STAY) == self.driver(EJECT) == "e1000e")
            self.pull_out()
            self.hear()
            self.answer()
        claim = self.status()["g"]
        self.assertEqual(claim["error"], f"{PULL} can't be bound to driver nvme: "
                                         f"{PULL} can't be read back: No such device.")
        self.assertEqual([each["address"] for each in claim["devices"] if not each["present"]],
                         [PULL])
        self.assert_recovered(gone(PULL))
        self.assert_whole_again()

    def test_removed_when_release_was_never_called(self):
        self.start("g")
        self.destroy_without_hook()
        self.eject()
        self.pull_out()
        self.hear()
        claim = self.status()["g"]
        self.assertEqual([(each["address"], each["driver"], each["present"])
                          for each in claim["devices"]],
                         [(PULL, None, False), (STAY, "vfio-pci", True), (EJECT, None, False)])
        self.assert_recovered(gone(EJECT) + gone(PULL))
        self.assert_whole_again()

    def test_another_device_in_its_place(self):
        """It is not ours to take from the host."""
        self.start("g")
        self.destroy_without_hook()
        self.pull_out()
        self.hear()
        self.wait_for(self.slot_is_off)
        self.host.qmp("device_add", driver="e1000e", id="stranger", bus="rp-pull",
                      mac="52:54:00:00:00:03")
        self.wait_for(lambda: self.driver(PULL) == "e1000e")
        result = self.host.sh("virt-hostdev recover")
        # The stranger has taken the name of the other device's interface, too.
        self.assertRegex(result.err, rf"\A{PULL} can't be given back to the host: it is gone, and "
                                     r"another device \(8086:10d3\) is in its place.\n"
                                     rf"(Not all that was set of {NIC_A} can be put back: net/eth\d "
                                     r"is now called eth\d: File exists.\n)?\Z")
        self.assertIn("the devices of 1 guest", result.out)
        self.assertEqual(self.driver(PULL), "e1000e")
        self.host.qmp("device_del", id="stranger")
        self.wait_for(lambda: not self.is_there(PULL))
        self.assert_whole_again()

    def test_back_in_its_slot_before_anybody_looks(self):
        """A card that was plugged in again is the host's already."""
        self.start("g")
        self.destroy_without_hook()
        self.pull_out()
        self.hear()
        self.plug_in()
        self.assertEqual(self.driver(STAY), "vfio-pci")
        self.assert_recovered("")
        self.assert_whole_again()

    # What vanishes, and comes back

    def eject(self):
        self.host.qmp("device_del", id="eject")
        self.wait_for(lambda: not self.is_there(EJECT))

    def slot(self, value):
        self.host.sh(f"{SLOT}={value}")

    def slot_is_off(self):
        return int(self.host.sh(SLOT).out, 16) & SLOT_OFF == SLOT_OFF

    def pull_out(self):
        """The slot is empty; that it can't speak keeps the kernel from hearing of it."""
        self.slot("0700:0720")

    def hear(self):
        self.slot("0120:0720")
        self.wait_for(lambda: not self.is_there(PULL))

    def is_there(self, address):
        return self.host.sh(f"ls -d /sys/bus/pci/devices/{address}", check=False).rc == 0

    def plug_in(self):
        """The kernel turns an emptied slot off; a card that comes earlier leaves again."""
        if not self.is_there(PULL):
            self.wait_for(self.slot_is_off)
        for address, name in ((EJECT, "eject"), (PULL, "pull")):
            if not self.is_there(address):
                self.host.qmp("device_add", **CARDS[name])
                self.wait_for(lambda: self.driver(address) == CARDS[name]["driver"])

    # The hook

    def answer(self):
        """What stuck_at() holds goes on."""
        self.host.sh(f"timeout {HANGS // 2} cat /tmp/fifo")

    def waiting_at(self, event, command):
        """As meanwhile(), but at an event of the command the hook doesn't begin yet."""
        self.host.sh(f"rm -rf /run/waits /run/gate /run/said; mkfifo /run/gate; "
                     f"mv {HOOK} /root/hook")
        self.host.put(HOOK, WAITING_HOOK.replace("EVENT", event))
        self.host.sh(f"chmod 755 {HOOK}")
        return self.waiting(command)

    @contextlib.contextmanager
    def waiting(self, command):
        try:
            with self.meanwhile(command, end=self.open_gate) as result:
                self.wait_for(lambda: self.host.sh("ls /run/waits", check=False).rc == 0)
                yield result
        finally:
            self.host.sh(f"mv /root/hook {HOOK}")

    def open_gate(self):
        """Nobody may be waiting at it when something else went wrong."""
        self.host.sh(f"timeout {HANGS // 2} sh -c 'echo >/run/gate'", check=False)

    def destroy_without_hook(self):
        self.host.sh(f"mv {HOOK} /root/hook")
        self.destroy("g")
        self.host.sh(f"mv /root/hook {HOOK}")

    # What must be true

    def assert_said(self, result, sentence):
        self.assertNotEqual(result.rc, 0)
        self.assertIn(f"unexpected exit status 1: {sentence}\nFix: ", result.err)

    def assert_recovered(self, said):
        result = self.host.sh(f"timeout {HANGS // 2} virt-hostdev recover")
        self.assertEqual(result.err, said)

    def assert_libvirt_answers(self):
        for command in ("virsh list --all", "virsh nodedev-list --cap pci", "virsh domstate g",
                        "virt-hostdev list", "virt-hostdev check g", "virt-hostdev status"):
            result = self.host.sh(f"timeout {HANGS // 2} {command}", check=False)
            self.assertLess(result.rc, 124, command)

    def assert_whole_again(self):
        """What stayed is the host's, and so is what comes back; a guest would get it."""
        self.assertEqual(self.driver(STAY), "e1000e")
        self.assertEqual(self.status(), {})
        self.assert_libvirt_answers()
        self.plug_in()
        self.assertEqual(self.state(), self.before)
        for event, drivers in (("prepare begin", ["vfio-pci"] * 3),
                               ("release end", ["e1000e", "e1000e", "nvme"])):
            self.host.sh(f"virsh dumpxml g | {HOOK} g {event} -")
            self.assertEqual([self.driver(each) for each in (STAY, EJECT, PULL)], drivers)
        self.assertEqual(self.state(), self.before)

    def assert_guest_runs_again(self):
        self.start("g")
        for address in (STAY, EJECT, PULL):
            self.assert_given("g", address)
        self.destroy("g")
        self.assertEqual(self.state(), self.before)
