# SPDX-License-Identifier: GPL-2.0-or-later
"""Has one system call of a program fail, or limits what it may have.

    calls = traced(run, [HOOK, ...], READS, log)       # what it calls, without a fault
    for call in calls:
        result = run(failing(call, "EIO") + [HOOK, ...])

strace does it. It counts the calls of each name in each process by itself: the k-th
openat fails in the one that was started and, as far as they come, in its children.
"""

import re
from typing import NamedTuple

# How what is looked at comes in, and how what is decided goes out.
READS = ("openat", "openat2", "read", "pread64", "getdents64", "readlinkat", "readlink",
         "newfstatat", "statx")
WRITES = ("write", "pwrite64", "renameat", "renameat2", "unlinkat", "mkdirat", "fsync",
          "fdatasync", "ftruncate", "fallocate", "flock")
OTHERS = ("clone", "clone3", "fork", "vfork", "mmap", "mprotect", "brk", "pipe2", "poll", "wait4",
          "fcntl", "memfd_create", "socket", "connect", "bind", "sendto", "sendmsg", "recvmsg",
          "recvfrom", "dup3", "dup2", "close_range", "lseek", "access", "faccessat2", "prlimit64",
          "prctl", "rt_sigaction", "rt_sigprocmask", "getppid", "statfs", "fstatfs", "getrandom",
          "umask", "chdir", "pidfd_open", "kill", "nanosleep", "clock_nanosleep")

# One of each kind: the disk, the rights, what there is too little of.
CLASSES = ("EIO", "EACCES", "ENOMEM")
ALL_ERRORS = ("EIO", "EACCES", "EPERM", "ENOMEM", "EMFILE", "ENFILE", "ENOSPC", "EROFS", "EINTR",
              "EAGAIN", "ELOOP", "ENAMETOOLONG", "EOVERFLOW", "ESTALE", "ETIMEDOUT", "EINVAL")

STRACE = ["strace", "-f", "--seccomp-bpf", "-qq"]


class Call(NamedTuple):
    """One that the process made which was started: the number-th of its name."""
    name: str
    number: int
    text: str  # as strace shows it, with the paths behind file descriptors

    @property
    def of_loader(self):
        """Made to start a program, before its first line runs."""
        return re.search(r"\.so[.\d]*[>\"]|/ld\.so\.cache|/etc/ld\.so", self.text) is not None


def traced(run, command, names, log):
    """The calls that a command makes when nothing fails, in order. run() runs a command,
    log() gives the text of /run/trace as it sees it."""
    wanted = ",".join(f"?{name}" for name in names)
    result = run([*STRACE, "-y", "-s", "256", "-o", "/run/trace", "-e", f"trace={wanted}",
                  *command])
    calls, numbers, first = [], {}, None
    for line in log().splitlines():
        pid, _, rest = line.partition(" ")
        first = first or pid
        found = re.match(r"\s*(\w+)\(", rest)
        if pid != first or not found:
            continue
        name = found[1]
        numbers[name] = numbers.get(name, 0) + 1
        calls.append(Call(name, numbers[name], rest.strip()))
    return result, calls


def failing(call, error):
    """The words before a command that make this call of it fail."""
    return [*STRACE, "-o", "/dev/null", "-e", f"trace={call.name}",
            "-e", f"inject={call.name}:error={error}:when={call.number}"]


def limited(**limits):
    """The words before a command that has so many descriptors, bytes of memory, ...:
    limited(nofile=9)."""
    return ["prlimit", *(f"--{name}={value}" for name, value in limits.items())]
