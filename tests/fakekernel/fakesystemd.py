# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for systemd and logind in the namespace of a fake kernel; what can be said
of it is in systemd/systemd.c.

    with FakeKernel(description, systemd="unit gdm.service active") as kernel:
        kernel.systemd.state("gdm.service")     # "active"
        kernel.systemd.asked()                  # ["StopUnit gdm.service replace", ...]
"""

import subprocess
from pathlib import Path

from setting import HANG

RUN = ("mkdir -p /run/systemd/system /run/dbus && "
       'exec "$1" /run/dbus/system_bus_socket')


class FakeSystemd:
    def __init__(self, enter, program, text=""):
        self._process = subprocess.Popen([*enter, "sh", "-c", RUN, "sh", Path(program)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answer()  # it listens
        for line in text.splitlines():
            self.tell(line)

    def _answer(self):
        word, _, size = self._process.stdout.readline().decode().partition(" ")
        if word != "ok":
            raise RuntimeError("the fake systemd is gone")
        return self._process.stdout.read(int(size)).decode()

    def tell(self, line):
        """Has it take a line; what it prints."""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def state(self, unit):
        """Of a unit, as ActiveState."""
        return self.tell(f"state {unit}")

    def log(self):
        """All that was asked of it, in order."""
        return self.tell("log").splitlines()

    def asked(self):
        """What changes something, and nothing else of it."""
        return [line for line in self.log() if line.startswith(("StopUnit", "StartUnit",
                                                                   "StartTransientUnit"))]

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(HANG)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
