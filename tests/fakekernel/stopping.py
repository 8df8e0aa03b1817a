# SPDX-License-Identifier: GPL-2.0-or-later
"""Stops a program at one of its system calls, for what happens meanwhile."""

import contextlib
import os
import signal
import subprocess
import time

# What strace says of it.
STOPPED = "stopped by SIGSTOP"


def stop_at(call, number):
    """strace's words: when that call, the number-th of its name, is done."""
    return ["-e", f"inject={call}:signal=SIGSTOP:when={number}"]


class Stopping:
    """For a class with a kernel."""

    def strace(self, name, options, words, xml):
        """Started under strace, which is no parent of it: that is libvirtd."""
        process = self.kernel.popen(["strace", "-D", "-qq", "-o", f"/run/{name}", *options,
                                     *words], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(xml.encode())
            process.stdin.close()
        process.stdin = None
        return process

    def wait_for(self, process, name, *words):
        """Until strace has said one of them; False when the process ended before."""
        path = self.kernel.run_dir / name
        while process.poll() is None:
            time.sleep(0.001)
            if path.exists() and any(word in path.read_text() for word in words):
                return True
        return False

    def go_on(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGCONT)
