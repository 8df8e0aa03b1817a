# SPDX-License-Identifier: GPL-2.0-or-later
"""The root file systems of emulated hosts: each made once, kept in a cache folder.

    root = rootfs.ensure("trixie", "arm64")
    rootfs.build_across(root, source_dir, out_dir, "aarch64-linux-gnu")     # leaves out_dir/dest

Needs root and mmdebstrap. Nothing of another processor's is run while they are made.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[2] / "packaging" / "vm-packages"

# Whose programs can be run here.
NATIVE = "amd64"

OPTIONS = [
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    # The harness makes its own initramfs; the distribution's costs 10 seconds.
    "--dpkgopt=path-exclude=/etc/kernel/postinst.d/initramfs-tools",
]

# Sparse: what is not written takes no place.
IMAGE_SIZE = "8G"

# Where no maintainer script has been: what they would have done that is needed.
USERS = """\
messagebus:x:100:101::/nonexistent:/usr/sbin/nologin
libvirt-qemu:x:64055:102::/var/lib/libvirt:/usr/sbin/nologin
polkitd:x:101:65534::/nonexistent:/usr/sbin/nologin
dnsmasq:x:102:65534::/var/lib/misc:/usr/sbin/nologin
systemd-network:x:103:65534::/:/usr/sbin/nologin
"""
GROUPS = """\
messagebus:x:101:
kvm:x:102:
libvirt:x:103:
libvirt-qemu:x:64055:libvirt-qemu
"""
LINKS = {"usr/bin/awk": "mawk", "usr/sbin/iptables": "xtables-nft-multi",
         "usr/sbin/ip6tables": "xtables-nft-multi", "usr/sbin/ebtables": "xtables-nft-multi",
         "etc/mtab": "../proc/self/mounts", "var/run": "../run", "var/lock": "../run/lock"}


class BuildError(Exception):
    pass


def cache_dir():
    own = os.environ.get("VIRT_HOSTDEV_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "virt-hostdev"


def packages(suite, architecture):
    """A line of the list names a package, and in brackets what a root file system has to
    be for it: "ovmf [amd64]", "systemd-sysv [bookworm amd64]"."""
    found = []
    for line in PACKAGES.read_text().splitlines():
        name, _, only = line.partition("#")[0].strip().rstrip("]").partition("[")
        if name and set(only.split()) <= {suite, architecture}:
            found.append(name.strip())
    return found


def options(architecture):
    return [*OPTIONS, f"--architectures={architecture}",
            "--variant=" + ("minbase" if architecture == NATIVE else "extract")]


def root_path(suite, architecture):
    content = "\n".join([suite, architecture, *options(architecture),
                         *packages(suite, architecture)])
    if architecture != NATIVE:
        content += USERS + GROUPS + repr(LINKS)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return cache_dir() / f"root-{suite}-{architecture}-{digest}"


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


def ensure(suite, architecture=NATIVE, progress=lambda text: None):
    """Returns the folder of the root file system, after making it if necessary."""
    root = root_path(suite, architecture)
    root.parent.mkdir(parents=True, exist_ok=True)
    # Each has a lock of its own: two are made at the same time.
    with open(root.parent / f"lock-{suite}-{architecture}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            progress(f"building the root file system of {suite}, {architecture}")
            _make(suite, architecture, root)
        for old in root.parent.glob(f"root-{suite}-{architecture}-*"):
            if old.is_dir() and old != root:
                _remove_unused(old)
    return root


def _make(suite, architecture, root):
    native = architecture == NATIVE
    unfinished = root.with_name(root.name + ".tmp")
    _remove(unfinished)
    wanted = packages(suite, architecture) + ([] if native else ["?essential"])
    command = ["mmdebstrap", *options(architecture), "--include=" + ",".join(wanted), suite,
               str(unfinished)]
    source = mirror()
    if source:
        command.append(source)
    log = root.with_name(f"root-{suite}-{architecture}.log")
    with open(log, "w") as output:
        code = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if code:
        _remove(unfinished)
        raise BuildError(f"mmdebstrap failed, see {log}:\n{_tail(log)}")
    if not native:
        _settle(unfinished)
    # Mount points: the emulated host sees this folder read-only.
    for name in ("src", "out"):
        (unfinished / name).mkdir()
    unfinished.chmod(0o755)
    unfinished.rename(root)


def _settle(root):
    """Makes a host of packages that were only unpacked."""
    for name, more in (("passwd", USERS), ("group", GROUPS)):
        master = root / "usr/share/base-passwd" / f"{name}.master"
        (root / "etc" / name).write_text(master.read_text() + more)
    for name, target in LINKS.items():
        path = root / name
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        if not path.is_symlink():
            path.symlink_to(target)
    for release in (root / "usr/lib/modules").iterdir():
        subprocess.run(["depmod", "-b", str(root), release.name], check=True)


def image(root):
    """The same as the image of a disk, made once: for hosts that write to theirs."""
    made = root.with_name(root.name + ".ext4")
    with open(root.parent / f"{root.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = made.with_suffix(".tmp")
            unfinished.unlink(missing_ok=True)
            result = subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(root),
                                     str(unfinished), IMAGE_SIZE], capture_output=True, text=True)
            if result.returncode:
                raise BuildError(f"mke2fs failed: {result.stderr}")
            unfinished.rename(made)
    return made


def _remove_unused(root):
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(root)
        for beside in (".ext4", ".lock"):
            root.with_name(root.name + beside).unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(fd)


def _remove(root):
    if root.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(root)], check=True)


def _tail(path, lines=20):
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


# What is made for a root file system, see the Makefile.
INSTALL = ["install", "DESTDIR={out}/dest", "prefix=/usr", "sysconfdir=/etc"]
BUNDLE = ["bundle"]

# In a mount namespace of its own: nothing has to be unmounted, whatever happens.
BUILD = """
set -e
root=$1
mount -o bind,ro "$2" "$root/src"
mount --bind "$3" "$root/out"
mount -t proc proc "$root/proc"
shift 3
exec chroot "$root" make -C /src O=/out/build "$@"
"""


def build(root, source_dir, out_dir):
    """Compiles the project inside the root file system, installs into out_dir/dest."""
    out_dir = _clear(out_dir)
    _build(root, source_dir, out_dir, INSTALL)
    return out_dir / "dest"


def build_across(root, source_dir, out_dir, triplet):
    """The same for a root file system whose programs this machine can't run. Needs
    TRIPLET-gcc, and of the root what compiling needs."""
    out_dir = _clear(out_dir)
    _build_across(root, source_dir, out_dir, triplet, INSTALL)
    return out_dir / "dest"


def bundle(root, source_dir, out_dir, name, triplet=None):
    """Makes a bundle of what was compiled there, across with a triplet. Returns the archive,
    in out_dir/NAME: several may want one, and each make replaces the last one's."""
    out_dir = Path(out_dir).resolve()
    with open(out_dir / "bundle.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if triplet:
            _build_across(root, source_dir, out_dir, triplet, BUNDLE)
        else:
            _build(root, source_dir, out_dir, BUNDLE)
        archive, = (out_dir / "build" / "bundle").glob("*.tar.gz")
        (out_dir / name).mkdir(exist_ok=True)
        return Path(shutil.copy(archive, out_dir / name))


def _clear(out_dir):
    out_dir = Path(out_dir).resolve()
    out_dir.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out_dir / "dest", ignore_errors=True)
    return out_dir


def _build(root, source_dir, out_dir, targets):
    _make_targets(
        root, ["unshare", "-m", "sh", "-c", BUILD, "build", str(root),
               str(Path(source_dir).resolve()), str(out_dir)],
        targets, out="/out", path="/usr/sbin:/usr/bin:/sbin:/bin")


def _build_across(root, source_dir, out_dir, triplet, targets):
    _make_targets(
        root, ["make", "-C", str(Path(source_dir).resolve()), f"O={out_dir}/build",
               f"CROSS={triplet}", f"SYSROOT={root}"],
        targets, out=out_dir, path=os.environ["PATH"])


def _make_targets(root, command, targets, out, path):
    with in_use(root):
        result = subprocess.run(
            [*command, f"-j{os.cpu_count()}", *(each.format(out=out) for each in targets)],
            env={"PATH": path, "LC_ALL": "C.UTF-8", "HOME": "/root"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise BuildError(f"make failed for {root}:\n{result.stdout}")


def give_to_caller(folder):
    """What was made through sudo belongs to whoever called it."""
    if "SUDO_UID" in os.environ and folder.exists():
        subprocess.run(["chown", "-R", f"{os.environ['SUDO_UID']}:{os.environ['SUDO_GID']}",
                        str(folder)], check=True)
