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
# Not brk: it has no errors, but says where the end of the heap is.
OTHERS = ("execve", "clone", "clone3", "fork", "vfork", "mmap", "mprotect", "pipe2", "poll",
          "wait4", "fcntl", "memfd_create", "socket", "connect", "bind", "sendto", "sendmsg",
          "recvmsg", "recvfrom", "dup3", "dup2", "close_range", "lseek", "access", "faccessat2",
          "prlimit64", "prctl", "rt_sigaction", "rt_sigprocmask", "getppid", "statfs", "fstatfs",
          "getrandom", "umask", "chdir", "pidfd_open", "kill", "nanosleep", "clock_nanosleep")

# One of each kind: the disk, the rights, what there is too little of.
CLASSES = ("EIO", "EACCES", "ENOMEM")

# What else the manual pages say of all calls, and of those that ...
EVERY = ("EPERM", "EINTR", "EAGAIN", "EINVAL")
OF_SOME = {
    # ... make a descriptor,
    ("EMFILE", "ENFILE"): ("openat", "openat2", "pipe2", "socket", "fcntl", "memfd_create",
                           "recvmsg", "dup3", "dup2", "pidfd_open"),
    # name a file,
    ("ELOOP", "ENAMETOOLONG", "EOVERFLOW", "ESTALE"):
        ("openat", "openat2", "readlinkat", "readlink", "newfstatat", "statx", "renameat",
         "renameat2", "unlinkat", "mkdirat", "access", "faccessat2", "chdir", "statfs"),
    # change one,
    ("ENOSPC", "EROFS"): ("openat", "openat2", *WRITES),
    # or wait for somebody.
    ("ETIMEDOUT",): ("read", "write", "connect", "sendto", "sendmsg", "recvmsg", "recvfrom")}

STRACE = ["strace", "-f", "--seccomp-bpf", "-qq"]


class Call(NamedTuple):
    """One that the process made which was started: the number-th of its name."""
    name: str
    number: int
    text: str  # as strace shows it, with the paths behind file descriptors
    starting: bool  # by what comes before main()

    @property
    def of_loader(self):
        """Made to start a program, or to load a library."""
        return re.search(r"\.so[.\d]*[>\"]|/ld\.so\.cache|/etc/ld\.so", self.text) is not None


def traced(run, command, names, log):
    """The calls that a command makes when nothing fails, in order. run() runs a command,
    log() gives the text of /run/trace as it sees it."""
    wanted = ",".join(f"?{name}" for name in {*names, "execve", "prlimit64"})
    result = run([*STRACE, "-y", "-s", "256", "-o", "/run/trace", "-e", f"trace={wanted}",
                  *command])
    calls, numbers, first, starting = [], {}, None, True
    for line in log().splitlines():
        pid, _, rest = line.partition(" ")
        first = first or pid
        found = re.match(r"\s*(\w+)\(", rest)
        if pid != first or not found:
            continue
        name = found[1]
        numbers[name] = numbers.get(name, 0) + 1
        if name in names:
            calls.append(Call(name, numbers[name], rest.strip(), starting))
        # The C library asks for its stack when all that it needs is loaded.
        starting = name == "execve" or (starting and "RLIMIT_STACK" not in rest)
    return result, calls


def errors(name):
    """All that a call of this name can fail with."""
    return (*CLASSES, *EVERY, *(error for some, of in OF_SOME.items() if name in of
                                for error in some))


def failing(call, error):
    """The words before a command that make this call of it fail."""
    return [*STRACE, "-o", "/dev/null", "-e", f"trace={call.name}",
            "-e", f"inject={call.name}:error={error}:when={call.number}"]


def limited(**limits):
    """The words before a command that has so many descriptors, bytes of memory, ...:
    limited(nofile=9)."""
    return ["prlimit", *(f"--{name}={value}" for name, value in limits.items())]
