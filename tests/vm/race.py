# SPDX-License-Identifier: GPL-2.0-or-later
"""Hooks that run at the same time, as for guests that start at the same time: what
tests/fakekernel/test_race.py asks of them, on a real kernel."""

import collections
import io
import random
import re
import tarfile

from devices import nic, root_port
from domain import domain, hostdev
from scenarios import _Emulated

GUESTS, ROUNDS = 16, 50

# Each has a group of its own. What has no driver is quickly taken and given back.
KINDS = ["edu"] * 4 + ["e1000e"] * 2 + ["nvme"] * 2
DRIVERS = {f"0000:{bus:02x}:00.0": "" if kind == "edu" else kind
           for bus, kind in enumerate(KINDS, 1)}


def device(kind, number):
    if kind == "e1000e":
        return nic(kind, f"device-{number}", f"rp-{number}", number)
    serial = f",serial=device-{number}" if kind == "nvme" else ""
    return f"-device {kind},id=device-{number},bus=rp-{number}{serial}"


DEVICES = [line for number, kind in enumerate(KINDS, 1)
           for line in (root_port(f"rp-{number}", 3 + number), device(kind, number))]

# ./round FOLDER, where the XML of each guest is: all their hooks wait until a pipe is opened
# at its other end, and go. Prints what came of each, of the devices, and all claims.
ROUND = r"""#!/bin/bash
cd "$1"

at_once() {
	local name pids=()
	echo "event $1"
	mkfifo gate
	for name in *.xml; do
		name=${name%.xml}
		(
			: <gate
			exec /etc/libvirt/hooks/qemu "$name" "$1" "$2" - <"$name.xml" >"$name" 2>&1
		) &
		pids[${name#guest-}]=$!
	done
	exec 8>gate
	for name in "${!pids[@]}"; do
		wait "${pids[name]}"
		echo "code guest-$name $?"
	done
	exec 8>&-
	grep -H "" guest-*[0-9]
	grep -h ^domain /run/virt-hostdev/claims/*-????????????
	cd /sys/bus/pci/devices
	grep -H "" DEVICES/driver_override
	find DEVICES/driver -maxdepth 0 -printf "%p %l\n"
	cd "$OLDPWD"
	rm gate
} 2>/dev/null

at_once prepare begin
at_once release end
""".replace("DEVICES/", "{" + ",".join(DRIVERS) + "}/")


class Event:
    """What the script printed of all hooks of one event."""

    def __init__(self, lines):
        self.codes, self.said = {}, collections.defaultdict(str)
        self.claims, self.overrides = [], {}
        self.drivers = dict.fromkeys(DRIVERS, "")
        for line in lines:
            if found := re.match(r"code (\S+) (\d+)$", line):
                self.codes[found[1]] = int(found[2])
            elif found := re.match(r"domain \S+ (\S+) \S+$", line):
                self.claims.append(found[1])
            elif found := re.match(r"([\d:a-f.]+)/driver_override:(.*)$", line):
                self.overrides[found[1]] = found[2]
            elif found := re.match(r"([\d:a-f.]+)/driver .*/(.*)$", line):
                self.drivers[found[1]] = found[2]
            else:
                name, _, text = line.partition(":")
                self.said[name] += text + "\n"


class Race(_Emulated):
    options = {"devices": DEVICES}

    def setUp(self):
        super().setUp()
        # The same choices in every run.
        self.random = random.Random(4711)
        self.rounds = [self.choose() for _ in range(ROUNDS)]
        self.hand_over()

    def choose(self):
        """Each guest asks for one to three devices, in any order."""
        return {f"guest-{number}": self.random.sample(list(DRIVERS), self.random.randint(1, 3))
                for number in range(GUESTS)}

    def hand_over(self):
        """One file for all rounds: the agents carry little at a time."""
        with tarfile.open(self.host.out_dir / "race.tar", "w") as archive:
            for number, wanted in enumerate(self.rounds):
                for name, addresses in wanted.items():
                    xml = domain(name, *(hostdev(each, "no") for each in addresses)).encode()
                    entry = tarfile.TarInfo(f"{number}/{name}.xml")
                    entry.size = len(xml)
                    archive.addfile(entry, io.BytesIO(xml))
        self.host.sh("mkdir -p /run/race; tar -C /run/race -xf /out/race.tar; modprobe vfio-pci")
        self.host.put("/run/race/round", ROUND)

    def events(self, number):
        text = self.host.sh(f"cd /run/race; bash ./round {number}").out
        _, *sections = re.split(r"^event .*\n", text, flags=re.MULTILINE)
        return [Event(section.splitlines()) for section in sections]

    def assert_fair(self, wanted, event):
        """Whoever won has all it asked for, nobody has what another has, and whoever
        lost was told who won."""
        self.assertEqual(set(event.codes), set(wanted))
        taken = {}
        for name, code in event.codes.items():
            if code == 0:
                self.assertEqual(event.said[name], "")
                for address in wanted[name]:
                    self.assertNotIn(address, taken)
                    taken[address] = name
        for address, driver in DRIVERS.items():
            expected = ("vfio-pci", "vfio-pci") if address in taken else (driver, "(null)")
            self.assertEqual((event.drivers[address], event.overrides[address]), expected)
        for name, code in event.codes.items():
            if code:
                winner = re.search(r"guest '(guest-\d+)' has", event.said[name])
                self.assertEqual(code, 1)
                self.assertTrue(winner, event.said[name])
                self.assertIn(winner[1], taken.values())
        self.assertEqual(sorted(event.claims), sorted(set(taken.values())))
        self.assertTrue(taken)

    def test_many_guests_want_few_devices(self):
        for number, wanted in enumerate(self.rounds):
            with self.subTest(round=number):
                prepare, release = self.events(number)
                self.assert_fair(wanted, prepare)
                self.assertEqual(release.codes, dict.fromkeys(wanted, 0))
                self.assertEqual(dict(release.said), {})
                self.assertEqual(release.claims, [])
                self.assertEqual(release.drivers, DRIVERS)
                self.assertEqual(release.overrides, dict.fromkeys(DRIVERS, "(null)"))
