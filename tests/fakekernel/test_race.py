# SPDX-License-Identifier: GPL-2.0-or-later
"""Hooks that run at the same time, as for guests that start at the same time."""

import contextlib
import random
import re
import subprocess
import uuid

from program import domain, hostdev
from test_every_write import DRIVERS, HOOK, OnFakeKernel

GUESTS, DEVICES, ROUNDS = 16, 8, 50

NICS = "".join(
    f"device 0000:{bus:02x}:00.0 8086:10d3 020000 driver=e1000e group={bus + 20}\n"
    for bus in range(1, DEVICES + 1))


class Race(OnFakeKernel):
    def setUp(self):
        self.boot(NICS)
        # The same choices in every run.
        self.random = random.Random(4711)

    def at_once(self, event, guests):
        """Runs the hook of every guest at the same time; exit code and stderr each."""
        hooks = []
        for name, xml in guests.items():
            hook = self.kernel.popen([HOOK, name, event, "begin", "-"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            # Where nothing is held, release needs no document to know.
            with contextlib.suppress(BrokenPipeError):
                hook.stdin.write(xml.encode())
                hook.stdin.close()
            hook.stdin = None
            hooks.append((name, hook))
        results = {}
        for name, hook in hooks:
            out, err = hook.communicate(timeout=60)
            self.assertEqual(out, b"")
            results[name] = (hook.returncode, err.decode())
        return results

    def guests(self):
        """Each asks for one to three devices, in any order."""
        buses = {f"guest-{number}": self.random.sample(range(1, DEVICES + 1),
                                                       self.random.randint(1, 3))
                 for number in range(GUESTS)}
        return buses, {name: domain(*map(hostdev, wanted), name=name,
                                    uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))
                       for name, wanted in buses.items()}

    def assert_fair(self, buses, results):
        """Whoever won has all it asked for, nobody has what another has, and whoever
        lost was told who won."""
        taken = {}
        for name, (code, err) in results.items():
            if code == 0:
                self.assertEqual(err, "")
                for bus in buses[name]:
                    self.assertNotIn(bus, taken)
                    taken[bus] = name
        state = self.kernel.state()
        for bus in range(1, DEVICES + 1):
            driver = "vfio-pci vfio-pci" if bus in taken else "e1000e -"
            self.assertIn(f"0000:{bus:02x}:00.0 {driver}", state)
        for name, (code, err) in results.items():
            if code:
                winner = re.search(r"guest '(guest-\d+)' has", err)
                self.assertTrue(winner, err)
                self.assertIn(winner[1], taken.values())
        self.assertTrue(taken)
        self.assertEqual(len(self.kernel.claims()), len(set(taken.values())))

    def test_many_guests_want_few_devices(self):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                buses, guests = self.guests()
                self.assert_fair(buses, self.at_once("prepare", guests))
                for code, err in self.at_once("release", guests).values():
                    self.assertEqual((code, err), (0, ""))
                self.assert_as_it_was()
