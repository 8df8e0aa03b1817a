# SPDX-License-Identifier: GPL-2.0-or-later
"""The fake kernel from Python.

    with FakeKernel(description) as kernel:
        result = kernel.run([HOOK, "guest", "prepare", "begin", "-"], stdin=xml)
        kernel.changes()    # ["override 0000:02:00.0 - vfio-pci", ...]

Programs run in a mount namespace of the kernel's own, with the fake /sys and
/dev/vfio and a private /run that lives as long as the kernel does. The format
of a description is in describe.c, the commands are in control.h.
"""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakesystemd import FakeSystemd  # noqa: E402
from setting import BUILD, HANG  # noqa: E402


def find_program():
    """What make fakekernel built, wherever; $FAKEKERNEL decides."""
    if "FAKEKERNEL" in os.environ:
        return Path(os.environ["FAKEKERNEL"])
    places = [BUILD / name / "tests/fakekernel/fakekernel" for name in ("gcc", "asan", "")]
    return next((each for each in places if each.exists()), places[0])


PROGRAM = find_program()
DAEMON = PROGRAM.parent / "libvirtd" / "libvirtd"
KMOD = PROGRAM.parent / "kmod" / "kmod.so"
SYSTEMD = PROGRAM.parent / "systemd" / "systemd"

# As a dispatcher does, which the libvirt daemon runs in place of each hook; it ends as
# the hook does.
DISPATCHER = '"$@"; code=$?; [ $code -lt 129 ] || kill -$((code - 128)) $$; exit $code'

# An ordinary user becomes root of a user namespace.
MAP_ROOT = [] if os.geteuid() == 0 else ["--map-root-user"]

# Of the real /dev only what every program may need, and the fake /dev/vfio.
SETUP = """
set -e
cd "$1"
mount --bind mnt/sys /sys
mount --bind run /run
mount -t tmpfs -o mode=755 dev dev
for node in null zero full random urandom tty; do
    touch dev/$node
    mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm dev/vfio
mount --bind /dev/pts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount --bind mnt/dev-vfio dev/vfio
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
for n in 0:stdin 1:stdout 2:stderr; do
    ln -s /proc/self/fd/${n%:*} dev/${n#*:}
done
mount --move dev /dev
"""

# The fake kernel is told who was started before that does anything.
LAUNCH = 'echo "leader $$" >"$1" && shift && exec "$@"'

# The same where modules are loaded and unloaded: libkmod tells the fake kernel.
LAUNCH_WITH_MODULES = ('echo "leader $$" >"$1/control" && export FAKEKERNEL_MODULES="$1/modules" '
                       'LD_PRELOAD="$2" && shift 2 && exec "$@"')


class FakeKernelError(Exception):
    """The fake kernel couldn't be started, or refused a command."""


class Result:
    """What came of a program: rc (negative for a signal), out and err."""

    def __init__(self, rc, out, err):
        self.rc = rc
        self.out = out
        self.err = err

    def __repr__(self):
        return f"Result(rc={self.rc}, out={self.out!r}, err={self.err!r})"


def unavailable():
    """Why there can't be a fake kernel here, None when there can. That it isn't built is
    no reason to skip a test."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse can't be opened"
    probe = subprocess.run(["unshare", "--mount", *MAP_ROOT, "true"],
                           capture_output=True, text=True, check=False)
    return probe.stderr.strip() or None


class FakeKernel:
    def __init__(self, description, systemd=None):
        """With a text in systemd, see fakesystemd.py, there is one, anew after a reset."""
        self.systemd = None
        self._systemd_text = systemd
        self._work = Path(tempfile.mkdtemp(prefix="fakekernel-"))
        self._daemon = None
        self._lock = threading.Lock()
        self._calls = 0
        # The daemons that run hooks live as long as its other end is open.
        self._life, self._life_end = os.pipe()
        self.run_dir = self._work / "run"
        for name in ("mnt", "run", "dev"):
            (self._work / name).mkdir(mode=0o755)
        (self._work / "description").write_text(description)
        mount = self._work / "mnt"
        self._launch = (["sh", "-c", LAUNCH_WITH_MODULES, "sh", mount, KMOD]
                        if re.search("^module ", description, re.M) else
                        ["sh", "-c", LAUNCH, "sh", mount / "control"])
        self._start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        self._daemon = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", *MAP_ROOT,
             PROGRAM, self._work / "mnt", self._work / "description"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if not self._daemon.stdout.readline():
            self.close()
        self._enter = ["nsenter", f"--target={self._daemon.pid}", "--mount",
                       *(["--user", "--preserve-credentials"] if MAP_ROOT else [])]
        setup = subprocess.run([*self._enter, "sh", "-c", SETUP, "sh", self._work],
                               capture_output=True, text=True, check=False)
        if setup.returncode:
            self.close()
            raise FakeKernelError(setup.stderr.strip())
        self.start_systemd(self._systemd_text)

    def start_systemd(self, text):
        if text is not None:
            self.systemd = FakeSystemd(self._enter, SYSTEMD, text)

    def end_systemd(self):
        """Nobody answers for it any more."""
        if self.systemd:
            self.systemd.close()
            self.systemd = None

    @property
    def pid(self):
        """Of the process that is the kernel."""
        return self._daemon.pid

    def close(self):
        """Ends the kernel; whoever is blocked in it is let go."""
        daemon, self._daemon = self._daemon, None
        if not daemon:
            return
        self.end_daemons()
        self.end_systemd()
        try:
            _, errors = daemon.communicate(timeout=HANG)
        except subprocess.TimeoutExpired:
            daemon.kill()
            _, errors = daemon.communicate()
        shutil.rmtree(self._work, ignore_errors=True)
        if daemon.returncode:
            raise FakeKernelError(f"the fake kernel ended with {daemon.returncode}: "
                                  + errors.decode(errors="replace").strip())

    # Programs

    def end_daemons(self):
        """Nobody answers any more for what hooks have taken."""
        if self._life_end is not None:
            os.close(self._life_end)
            os.close(self._life)
            self._life = self._life_end = None

    def renew_daemons(self):
        """Those that ran hooks end, so that they don't become ever more."""
        self.end_daemons()
        self._life, self._life_end = os.pipe()

    def _as_daemon(self, command):
        """A hook is run by a daemon that goes on afterwards: every other time directly,
        else through a script, which is at its end when the hook is."""
        if self._life is None or not any(str(word).endswith("/hooks/qemu") for word in command):
            return [], []
        self._calls += 1
        script = ["sh", "-c", DISPATCHER, "sh"] if self._calls % 2 == 0 else []
        return [DAEMON, str(self._life), *script], [self._life]

    def popen(self, command, **options):
        """Starts a program in the namespace, in a session of its own; the words
        are absolute paths or found in PATH."""
        daemon, passed = self._as_daemon(command)
        return subprocess.Popen([*self._enter, *daemon, *self._launch, *command],
                                start_new_session=True, pass_fds=passed, **options)

    def run(self, command, stdin="", timeout=HANG, **options):
        """Runs a program to its end; bytes in stdin stay bytes."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        with self.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, **options) as process:
            try:
                out, err = process.communicate(stdin, timeout)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                self.command("reset")  # whoever hangs in the kernel is let go
                raise
        return Result(process.returncode, out.decode(errors="replace"),
                      err.decode(errors="replace"))

    def put_into(self, pid, cgroup):
        """For those in the namespace a process is in this cgroup."""
        file = self.run_dir / f"cgroup-{pid}"
        file.write_text(f"0::{cgroup}\n")
        subprocess.run([*self._enter, "sh", "-c",
                        'umount "$2" 2>/dev/null; exec mount --bind "$1" "$2"', "sh",
                        file, f"/proc/{pid}/cgroup"], check=True)

    # Files, from outside

    def path(self, path):
        """Where a path of the namespace is found by the test itself."""
        return Path(f"/proc/{self._daemon.pid}/root") / str(path).lstrip("/")

    def read(self, path):
        return self.path(path).read_text()

    def write(self, path, text):
        """One write(2); "OK" or the name of the errno."""
        try:
            fd = os.open(self.path(path), os.O_WRONLY | os.O_CLOEXEC)
            try:
                written = os.write(fd, text.encode())
            finally:
                os.close(fd)
        except OSError as error:
            return errno.errorcode[error.errno]
        return "OK" if written == len(text.encode()) else "short"

    # The kernel

    def command(self, line):
        """Has the fake kernel execute a line of control.h; what it prints."""
        with self._lock:
            self._daemon.stdin.write(line.encode() + b"\n")
            self._daemon.stdin.flush()
            word, _, size = self._daemon.stdout.readline().decode().partition(" ")
            if not size:
                raise FakeKernelError(f"the fake kernel is gone: {self._daemon.stderr.read()!r}")
            text = self._daemon.stdout.read(int(size)).decode()
        if word != "ok":
            raise FakeKernelError(f"{line}: {text}")
        return text

    def reset(self):
        """Everything as at the start, /run empty too."""
        self.command("reset")
        if self._life is not None:
            self.renew_daemons()
        self.end_systemd()
        for entry in self.run_dir.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        self.start_systemd(self._systemd_text)

    def recount(self):
        """No faults, no log, count 0; the state stays."""
        self.command("recount")

    def fault(self, number, kind, *words, onwards=False):
        """fault(3, "errno", "EIO"), fault(1, "kill-after", "leader"), ..."""
        self.command(" ".join(["fault", f"{number}{'+' if onwards else ''}", kind,
                               *map(str, words)]))

    def refuse(self, driver, error):
        """Every probe of the driver fails; "0" ends it."""
        self.command(f"refuse {driver} {error}")

    def load(self, name):
        self.command(f"load {name}")

    def unplug(self, address):
        self.command(f"unplug {address}")

    def plug(self, address):
        self.command(f"plug {address}")

    def open_group(self, number):
        """A guest uses what vfio has of the group; EBUSY, EPERM are raised."""
        self.command(f"open {number}")

    def close_group(self, number):
        self.command(f"close {number}")

    def unblock(self, error="0"):
        self.command(f"unblock {error}")

    def state(self):
        """The canonical state, a line for each device."""
        return self.command("state")

    def log(self):
        """All state changes and all writes, in order."""
        return self.command("log").splitlines()

    def changes(self):
        """The state changes alone."""
        return [line for line in self.log() if not line.startswith("write ")]

    def written(self):
        """The writes alone."""
        return [line for line in self.log() if line.startswith("write ")]

    def writes(self):
        """How many writes there were since the last reset or recount."""
        return int(self.command("writes"))

    def waiting(self):
        """Calls that aren't answered yet: "blocked PID write PATH TEXT"."""
        return self.command("waiting").splitlines()

    def claims(self):
        """What is in /run/virt-hostdev/claims: text by file name. What is kept free for a
        claim belongs to it."""
        folder = self.run_dir / "virt-hostdev" / "claims"
        if not folder.exists():
            return {}
        names = sorted(entry.name for entry in folder.iterdir())
        return {name: (folder / name).read_text() for name in names
                if not (name.endswith(".spare") and name.removesuffix(".spare") in names)}
