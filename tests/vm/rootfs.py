# SPDX-License-Identifier: GPL-2.0-or-later
"""The root file system of the emulated host: made once, kept in a cache folder.

    root = rootfs.ensure("trixie")
    rootfs.build(root, source_dir, out_dir)     # leaves out_dir/dest

Needs root and mmdebstrap.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[2] / "packaging" / "vm-packages"

OPTIONS = [
    "--variant=minbase",
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    # The harness makes its own initramfs; the distribution's costs 10 seconds.
    "--dpkgopt=path-exclude=/etc/kernel/postinst.d/initramfs-tools",
    # Mount points: the emulated host sees this folder read-only.
    '--customize-hook=mkdir "$1/src" "$1/out"',
]


class BuildError(Exception):
    pass


def cache_dir():
    own = os.environ.get("VIRT_HOSTDEV_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "virt-hostdev"


def packages():
    lines = (line.partition("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def root_path(suite):
    content = "\n".join([suite, *OPTIONS, *packages()])
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return cache_dir() / f"root-{suite}-{digest}"


def mirror():
    """The package mirror to use, or None for mmdebstrap's own choice."""
    own = os.environ.get("VIRT_HOSTDEV_MIRROR")
    if own:
        return own
    try:
        targets = subprocess.run(
            ["apt-get", "indextargets", "--format",
             "$(CREATED_BY) $(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)"],
            capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    for target in targets.splitlines():
        # Label "Debian" leaves out the security archive, which is no full mirror.
        if target.startswith("Packages Debian Debian main "):
            return target.split()[-1]
    return None


@contextlib.contextmanager
def in_use(root):
    """Keeps the root file system from being removed by a newer run."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH)
        yield
    finally:
        os.close(fd)


def ensure(suite="trixie", progress=lambda text: None):
    """Returns the folder of the root file system, after making it if necessary."""
    root = root_path(suite)
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(root.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            progress(f"building the {suite} root file system")
            _make(suite, root)
        for old in root.parent.glob(f"root-{suite}-*"):
            if old.is_dir() and old != root:
                _remove_unused(old)
    return root


def _make(suite, root):
    unfinished = root.with_name(root.name + ".tmp")
    _remove(unfinished)
    command = ["mmdebstrap", *OPTIONS, "--include=" + ",".join(packages()), suite, str(unfinished)]
    source = mirror()
    if source:
        command.append(source)
    log = root.with_name(f"root-{suite}.log")
    with open(log, "w") as output:
        code = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if code:
        _remove(unfinished)
        raise BuildError(f"mmdebstrap failed, see {log}:\n{_tail(log)}")
    unfinished.chmod(0o755)
    unfinished.rename(root)


def _remove_unused(root):
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(root)
    except BlockingIOError:
        pass
    finally:
        os.close(fd)


def _remove(root):
    if root.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(root)], check=True)


def _tail(path, lines=20):
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


# In a mount namespace of its own: nothing has to be unmounted, whatever happens.
BUILD = """
set -e
mount -o bind,ro "$2" "$1/src"
mount --bind "$3" "$1/out"
mount -t proc proc "$1/proc"
exec chroot "$1" make -C /src O=/out/build -j"$4" install \
    DESTDIR=/out/dest prefix=/usr sysconfdir=/etc
"""


def build(root, source_dir, out_dir):
    """Compiles the project inside the root file system, installs into out_dir/dest."""
    out_dir = Path(out_dir).resolve()
    out_dir.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out_dir / "dest", ignore_errors=True)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
    with in_use(root):
        result = subprocess.run(
            ["unshare", "-m", "sh", "-c", BUILD, "build", str(root),
             str(Path(source_dir).resolve()), str(out_dir), str(os.cpu_count())],
            env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise BuildError(f"make failed in {root}:\n{result.stdout}")
    return out_dir / "dest"


def build_across(root, source_dir, out_dir, triplet, targets=()):
    """The same for a root file system whose programs this machine can't run, or makes other
    targets of the Makefile. Needs TRIPLET-gcc, and of the root what compiling needs."""
    out_dir = Path(out_dir).resolve()
    out_dir.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out_dir / "dest", ignore_errors=True)
    targets = targets or ["install", f"DESTDIR={out_dir}/dest", "prefix=/usr", "sysconfdir=/etc"]
    with in_use(root):
        result = subprocess.run(
            ["make", "-C", str(Path(source_dir).resolve()), f"O={out_dir}/build",
             f"-j{os.cpu_count()}", f"CROSS={triplet}", f"SYSROOT={root}", *targets],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/root"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise BuildError(f"make failed for {root}:\n{result.stdout}")
    return out_dir / "dest"


def give_to_caller(folder):
    """What was made through sudo belongs to whoever called it."""
    if "SUDO_UID" in os.environ and folder.exists():
        subprocess.run(["chown", "-R", f"{os.environ['SUDO_UID']}:{os.environ['SUDO_GID']}",
                        str(folder)], check=True)
