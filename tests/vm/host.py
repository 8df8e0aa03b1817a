# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated host: a real kernel, IOMMU model, libvirtd and QEMU in a virtual machine.

    with Host(hosts.TRIXIE, name="example") as host:
        host.sh("virsh list --all").out
        host.qmp("device_del", id="nic-a")

QEMU is a root file system's own and runs by software emulation, so neither the
machine's distribution nor its processor matters.  The kind's out_dir is /out inside,
writable from both sides; its dest/ tree is installed before libvirtd starts.
"""

import base64
import collections
import contextlib
import json
import queue
import re
import shlex
import socket
import subprocess
import threading
import time
from pathlib import Path

import hosts
import initramfs
import pictures
import rootfs

AGENTS = 4
# Only what hangs takes so long, on however busy a machine.
HANGS = 1200
DISK_SIZE = 64 << 20
POLL = 0.05
READY = "vm: ready"

# Where the virtual machine's own devices are; devices.py has the others.
SERIAL_SLOT, ROOT_SLOT, OUT_SLOT = "01.0", "02.0", "03.0"

# no_timer_check: the check panics when the machine is busy while the kernel boots.
# The kernel's own limits are for machines that have their processors to themselves.
# loglevel: agents.sh has the console say everything again, once it is up.
CMDLINE = ("panic=-1 softlockup_all_cpu_backtrace=1 no_timer_check tsc=reliable "
           "watchdog_thresh=60 sysctl.kernel.hung_task_timeout_secs=600 "
           "mitigations=off loglevel=5")

KERNEL_CRASH = re.compile(
    r"Kernel panic|\bOops\b|\bBUG: |general protection|blocked for more than")

# What libvirtd asked QEMU, which takes seconds, is for the hosts that come later: it knows
# by itself when that no longer holds. Whole files only, and no two at the same time.
POWER_OFF = """
for file in /var/cache/libvirt/qemu/capabilities/*.xml; do
	new=$(mktemp /out/capabilities.XXXXXX) && cp "$file" "$new" &&
		mv "$new" "/out/capabilities/${file##*/}"
done
echo o >/proc/sysrq-trigger
"""

Result = collections.namedtuple("Result", "rc out err")


class HostCrash(Exception):
    """The emulated host is lost: the kernel crashed, QEMU died, or no answer came."""


class CommandFailed(Exception):
    def __init__(self, command, result):
        super().__init__(f"exit code {result.rc} from: {command}\n{result.out}{result.err}".rstrip())
        self.result = result


class QmpError(Exception):
    pass


class Host:
    def __init__(self, kind, *, name, iommu=True, devices=None, disks=(), cmdline="",
                 memory=4096, progress=lambda text: None):
        """devices: others than those of devices.py. disks: empty ones for them to name, as
        /out/DISK.img."""
        self.kind = kind
        self.root = hosts.root_of(kind)
        # One QEMU for all of them: igb needs QEMU 8, and Debian 12 has 7.2.
        self.qemu_root = hosts.root_of(hosts.TRIXIE)
        self.out_dir = kind.out_dir.resolve()
        self.name = name
        self.iommu = iommu
        self.devices = devices or kind.devices
        self.disks = disks
        self.cmdline = cmdline
        self.memory = memory
        self.progress = progress
        self.console = self.out_dir / f"{name}.console"
        self.crash = None
        self._ready = False
        self._stack = contextlib.ExitStack()

    # Life

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(rootfs.in_use(self.root))
            stack.enter_context(rootfs.in_use(self.qemu_root))
            (self.out_dir / "capabilities").mkdir(parents=True, exist_ok=True)
            for disk in self.disks:
                with open(self.out_dir / f"{disk}.img", "wb") as image:
                    image.truncate(DISK_SIZE)
            self._start(stack)
            self._wait_for_boot()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind, *_):
        interrupted = kind is not None and not issubclass(kind, Exception)
        with self._stack:
            if self.crash is None and not interrupted:
                self._power_off()

    def _start(self, stack):
        initrd = self.out_dir / f"{self.name}.initramfs"
        initramfs.write(self.root, initrd)
        ours, theirs = zip(*(socket.socketpair() for _ in range(1 + AGENTS)))
        for end in ours:
            stack.callback(end.close)
        mounts = [self.qemu_root, self.root, self.out_dir, self.root.parent]
        self._qemu = Qemu(self._architecture().qemu, mounts, self._arguments(initrd, theirs),
                          theirs, self.console)
        stack.callback(self._qemu.kill)
        self._console = stack.enter_context(contextlib.closing(Console(self.console)))
        self._qmp = stack.enter_context(contextlib.closing(Qmp(ours[0])))
        self._agents = queue.LifoQueue()
        for end in ours[1:]:
            self._agents.put(Agent(end))

    def _architecture(self):
        return hosts.ARCHITECTURES[self.kind.architecture]

    def _arguments(self, initrd, ends):
        """What QEMU is told; paths are those that it sees, see QEMU."""
        machine, iommu = self._architecture(), hosts.IOMMUS[self.kind.iommu]
        release = initramfs.kernel_release(self.root)
        arguments = [
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            # One thread for both processors: with a thread each, QEMU 10 loses register
            # writes of one while the other makes a device's memory appear or vanish,
            # as each bind and reset does.  A lost "end of interrupt" hangs the host.
            "-accel", "tcg,thread=single",
            "-machine", ",".join(filter(None, [machine.machine, iommu.machine])),
            "-cpu", machine.cpu, "-smp", "2", "-m", str(self.memory),
            "-kernel", f"/mnt/boot/vmlinuz-{release}", "-initrd", f"/out/{initrd.name}",
            "-append", self._cmdline(machine, iommu),
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            "-chardev", f"socket,id=qmp,fd={ends[0].fileno()}", "-mon", "qmp,mode=control",
            *self._root_device(),
            "-fsdev", "local,id=out,path=/out,security_model=none",
            "-device", f"virtio-9p-pci,fsdev=out,mount_tag=out,addr={OUT_SLOT}",
            "-device", f"virtio-serial-pci,addr={SERIAL_SLOT}",
        ]
        for number, end in enumerate(ends[1:], 1):
            arguments += ["-chardev", f"socket,id=agent{number},fd={end.fileno()}",
                          "-device", f"virtserialport,chardev=agent{number},name=agent{number}"]
        for device in self.devices:
            arguments += shlex.split(device)
        if self.kind.uefi:
            arguments += self._firmware(*machine.uefi)
        # The last, as AMD's takes the first free slot.
        if iommu.device:
            arguments += ["-device", iommu.device]
        return arguments

    def _cmdline(self, machine, iommu):
        words = [f"console={machine.console}", CMDLINE, iommu.on if self.iommu else iommu.off,
                 "apparmor=1 security=apparmor" if self.kind.apparmor else "apparmor=0",
                 "vm.disk" if self.kind.disk else "", "vm.systemd" if self.kind.systemd else "",
                 self.cmdline]
        return " ".join(filter(None, words))

    def _root_device(self):
        if not self.kind.disk:
            return ["-fsdev", "local,id=root,path=/mnt,security_model=none,multidevs=remap,"
                    "readonly=on",
                    "-device", f"virtio-9p-pci,fsdev=root,mount_tag=root,addr={ROOT_SLOT}"]
        image = rootfs.image(self.root).name
        # What it writes is lost with it.
        return ["-drive", f"file=/srv/{image},format=raw,if=none,id=root,snapshot=on,cache=unsafe",
                "-device", f"virtio-blk-pci,drive=root,addr={ROOT_SLOT}"]

    def _firmware(self, code, variables):
        own = self.out_dir / f"{self.name}.variables"
        own.write_bytes((self.qemu_root / variables.lstrip("/")).read_bytes())
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,format=raw,file=/out/{own.name}"]

    def _wait_for_boot(self):
        """Nothing is said before: UEFI would hear it."""
        deadline = time.monotonic() + HANGS
        while not self._ready:
            if time.monotonic() > deadline:
                self._lost(f"it wasn't ready within {HANGS} s")
            time.sleep(POLL)
            self._check_alive()
        self.sh("dmesg >/run/boot.log")

    def _power_off(self):
        with contextlib.suppress(HostCrash, OSError, queue.Empty):
            self._agents.get(timeout=1).send(POWER_OFF, timeout=1)
            self._qemu.wait(timeout=10)

    # Use

    def sh(self, command, timeout=HANGS, check=True):
        """Runs a bash command inside; may be called from several threads at once."""
        deadline = time.monotonic() + timeout
        self._check_alive()
        try:
            agent = self._agents.get(timeout=timeout)
            agent.send(command, timeout)
            while (result := agent.answer()) is None:
                self._check_alive()
                if time.monotonic() > deadline:
                    raise TimeoutError
        except (TimeoutError, queue.Empty):
            self._give_up(f"no answer within {timeout} s to: {command}")
        except ConnectionError:
            self._qemu.wait(timeout=5)
            self._check_alive()
            self._lost("QEMU closed the connection")
        self._agents.put(agent)
        self._check_alive()
        if check and result.rc:
            raise CommandFailed(command, result)
        return result

    def put(self, path, text):
        encoded = base64.encodebytes(text.encode()).decode()
        self.sh(f"base64 -d >{shlex.quote(path)} <<'END'\n{encoded}END")

    def get(self, path):
        return self.sh(f"cat {shlex.quote(path)}").out

    def define(self, xml):
        self.sh(f"virsh define /dev/stdin <<'END'\n{xml}\nEND")

    def libvirtd(self, verb):
        """start, stop, kill, restart, anew or reload; running guests stay."""
        self.sh(f"/vm/libvirtd.sh {verb}")

    def qmp(self, command, **arguments):
        """Runs a command of the outer QEMU: hot plug, surprise removal, ..."""
        self._check_alive()
        return self._qmp.execute(command, arguments)

    def qmp_event(self, name, timeout=HANGS):
        """Waits for an event of the outer QEMU, for example DEVICE_DELETED."""
        return self._qmp.event(name, timeout)

    def screen(self, device):
        """A picture of what a card shows now. device: its id."""
        name = f"{self.name}.ppm"
        self.qmp("screendump", filename=f"/out/{name}", device=device)
        return pictures.from_ppm((self.out_dir / name).read_bytes())

    # Trouble

    def _check_alive(self):
        # In this order, to find the reason for its end among the last lines.
        alive = self._qemu.alive()
        for line in self._console.new_lines():
            if line.startswith("vm: "):
                self.progress(line.removeprefix("vm: "))
                self._ready |= line == READY
            if KERNEL_CRASH.search(line) and self.crash is None:
                # The rest of the report follows the line that gives it away.
                time.sleep(1)
                self._lost(f"kernel crash: {line}")
        if self.crash:
            raise HostCrash(self.crash)
        if not alive:
            self._lost("QEMU ended")

    def _give_up(self, reason):
        # Where is everything stuck?  The console is about to be shown.
        with contextlib.suppress(OSError, queue.Empty):
            self._agents.get_nowait().send("echo w >/proc/sysrq-trigger", timeout=1)
            time.sleep(2)
        self._lost(reason)

    def _lost(self, reason):
        self.crash = f"{reason}\n--- {self.console}\n{self._console.tail(60)}"
        raise HostCrash(self.crash)


# In a mount namespace of its own, so that nothing has to be unmounted.
QEMU = """
qemu_root=$1
mount --bind "$2" "$qemu_root/mnt"
mount --bind "$3" "$qemu_root/out"
mount -o bind,ro "$4" "$qemu_root/srv"
# 9p reads extended attributes through /proc/self/fd.
mount -t proc proc "$qemu_root/proc"
mount -t tmpfs tmpfs "$qemu_root/var/tmp"
shift 4
exec chroot "$qemu_root" "$@"
"""


class Qemu:
    """The process.  Its death is tied to ours, however we end."""

    def __init__(self, program, mounts, arguments, sockets, console):
        self._process = None
        self._started = threading.Event()
        # The parent of "parent death signal" is a thread, so it gets one that stays.
        threading.Thread(
            target=self._run, args=(mounts, [program, *arguments], sockets, console),
            daemon=True).start()
        self._started.wait()

    def _run(self, mounts, arguments, sockets, console):
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "sh", "-e", "-c", QEMU,
                   "qemu", *mounts, *arguments]
        try:
            with open(console, "wb") as output:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    pass_fds=[end.fileno() for end in sockets])
        finally:
            for end in sockets:
                end.close()
            self._started.set()
        self._process.wait()

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def wait(self, timeout):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)

    def kill(self):
        if self.alive():
            self._process.kill()
            self._process.wait()


class Agent:
    """One connection to an agent.pl inside."""

    def __init__(self, end):
        self._end = end
        self._input = b""

    def send(self, command, timeout):
        command = command.encode()
        self._end.settimeout(timeout)
        self._end.sendall(b"%d\n%b" % (len(command), command))
        self._end.settimeout(POLL)

    def answer(self):
        """The result, or None if it has not come yet."""
        with contextlib.suppress(TimeoutError):
            received = self._end.recv(1 << 16)
            if not received:
                raise ConnectionError("end of file")
            self._input += received
        line, newline, rest = self._input.partition(b"\n")
        if not newline:
            return None
        code, *lengths = (int(word) for word in line.split())
        if len(rest) < sum(lengths):
            return None
        out, err = rest[:lengths[0]], rest[lengths[0]:]
        self._input = b""
        return Result(code, out.decode(errors="replace"), err.decode(errors="replace"))


class Qmp:
    """https://www.qemu.org/docs/master/interop/qmp-spec.html"""

    def __init__(self, end):
        self._end = end
        self._file = end.makefile("rw")
        self._events = []
        self._lock = threading.Lock()
        self._greeted = False

    def close(self):
        self._file.close()

    def execute(self, command, arguments):
        with self._lock:
            self._end.settimeout(HANGS)
            if not self._greeted:
                self._read()
                self._request("qmp_capabilities", {})
                self._greeted = True
            return self._request(command, arguments)

    def _request(self, command, arguments):
        self._file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            message = self._read()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise QmpError(f"{command}: {message['error']['desc']}")
            self._events.append(message)

    def _read(self):
        line = self._file.readline()
        if not line:
            raise QmpError("QEMU closed the connection")
        return json.loads(line)

    def event(self, name, timeout):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            # Any request brings the events that came before it.
            self.execute("query-status", {})
            for event in self._events:
                if event["event"] == name:
                    self._events.remove(event)
                    return event["data"]
            time.sleep(POLL)
        raise QmpError(f"no {name} within {timeout} s")


class Console:
    """The growing log of the serial console."""

    def __init__(self, path):
        self._path = path
        self._file = open(path, errors="replace")
        self._partial = ""
        self._lock = threading.Lock()

    def close(self):
        self._file.close()

    def new_lines(self):
        with self._lock:
            *lines, self._partial = (self._partial + self._file.read()).split("\n")
        return [line.strip() for line in lines]

    def tail(self, lines):
        return "\n".join(self._path.read_text(errors="replace").splitlines()[-lines:])
