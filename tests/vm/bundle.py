# SPDX-License-Identifier: GPL-2.0-or-later
"""What "make bundle" makes, on root file systems that hold nothing but busybox: on this
machine, with a host that lies in files, and on emulated ones, see Bundled."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import devices
import hosts
import rootfs
from domain import domain, hostdev
from host import HANGS
from scenarios import ENDS, HOOK, STARTS

sys.path[:0] = [str(hosts.TOP / "tests" / "cli")]

import tree  # noqa: E402

# In a mount namespace of its own: nothing has to be unmounted.
INSIDE = 'mount -t proc proc "$1/proc" && exec chroot "$@"'

# Of the host that lies in files: one whose sibling the host uses.
GPU = "0000:01:00.0"
GUEST = domain("g", hostdev(GPU, "no"))
NO_DEVICES = domain("g")


def make(kind, test):
    """The archive of a bundle for the hosts of a kind; test is the class that wants it."""
    root = hosts.installed(kind)
    return rootfs.bundle(root, hosts.TOP, kind.out_dir, test.__name__.lower(),
                         hosts.ARCHITECTURES[kind.architecture].triplet)


def name_of(archive):
    return archive.name.removesuffix(".tar.gz")


class Contents(unittest.TestCase):
    """Of both architectures, without running anything."""

    kind = hosts.TRIXIE
    kinds = [hosts.TRIXIE, hosts.TRIXIE_ARM]

    @classmethod
    def setUpClass(cls):
        cls.archives = [make(kind, cls) for kind in cls.kinds]

    def elf(self, path):
        return subprocess.run(["readelf", "--file-header", "--program-headers", "--dynamic",
                               "--wide", path], capture_output=True, text=True, check=True).stdout

    def test_whole(self):
        """What its programs need is in it, but for what was left out as being elsewhere."""
        for archive, machine in zip(self.archives, ("X86-64", "AArch64")):
            with self.subTest(machine), tempfile.TemporaryDirectory() as folder:
                subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
                top = Path(folder) / name_of(archive)
                libraries = {path.name for path in (top / "lib").iterdir()}
                self.assertLess({"libc.so.6", "libxml2.so.2", "libsystemd.so.0", "loader"}, libraries)
                for path in top.rglob("*"):
                    if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
                        text = self.elf(path)
                        self.assertRegex(text, f"Machine: .*{machine}")
                        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))
                        self.assertLessEqual({each for each in needed if not each.startswith("ld-")},
                                             libraries, path)
                        if path.parent.name in ("bin", "hooks", "libexec"):
                            self.assertNotRegex(text, "interpreter|NEEDED", path)

    def test_owners(self):
        for archive in self.archives:
            listed = subprocess.run(["tar", "--numeric-owner", "-tvzf", archive],
                                    capture_output=True, text=True, check=True).stdout
            for line in listed.splitlines():
                self.assertRegex(line, "^.r..r-.r-. 0/0 ")


class OnNothingButBusybox(unittest.TestCase):
    """Each test has a root file system of its own, and the bundle in /opt."""

    kind = hosts.TRIXIE

    @classmethod
    def setUpClass(cls):
        cls.archive = make(cls.kind, cls)
        cls.busybox = hosts.root_of(cls.kind) / "usr/bin/busybox"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        tree.usual(self.root)
        for name in ("bin", "opt", "etc/libvirt/hooks", "run", "tmp"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(self.busybox, self.root / "bin")
        self.chroot("/bin/busybox", "tar", "-xzf", "-", "-C", "/opt", stdin=self.archive.read_bytes())
        self.folder = f"/opt/{name_of(self.archive)}"
        self.inside(HOOK).symlink_to(f"{self.folder}/hooks/qemu")

    def inside(self, path):
        return self.root / path.lstrip("/")

    def chroot(self, *command, stdin=b"", proc=True):
        mount = ["unshare", "-m", "sh", "-c", INSIDE, "sh"] if proc else ["chroot"]
        result = subprocess.run([*mount, self.root, *command], input=stdin, capture_output=True,
                                timeout=HANGS, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        result.out, result.err = result.stdout.decode(), result.stderr.decode()
        return result

    def tool(self, *arguments):
        return self.chroot(f"{self.folder}/bin/virt-hostdev", *arguments)

    def hook(self, operation, text):
        return self.chroot(HOOK, "g", operation, "begin", "-", stdin=text.encode())

    def assert_quiet(self, result):
        self.assertEqual((result.returncode, result.out, result.err), (0, "", ""))

    def assert_refused(self, result, words):
        self.assertEqual((result.returncode, result.out), (1, ""), result.err)
        self.assertIn(words, result.err.splitlines()[0])

    def test_tool(self):
        self.assertIn("NVIDIA Corporation TU106", self.tool("list").out)
        self.assertIn("Held by guest", self.tool("show", GPU).out)
        report = json.loads(self.tool("doctor", "--json", "--all").out)
        checks = {each["id"]: each for each in report["checks"]}
        self.assertEqual(checks["hook-program"]["status"], "pass", checks["hook-program"])
        self.inside("/tmp/domain.xml").write_text(GUEST)
        self.assertIn("Fix: virt-hostdev allow --siblings g",
                      self.tool("check", "/tmp/domain.xml").out)
        self.assertIn("bus='0x02'", self.tool("xml", "02:00.0").out)

    def test_archive(self):
        """Another library, which converts names."""
        captured = self.tool("capture", "/tmp/host.tar.gz")
        self.assertEqual(captured.returncode, 0, captured.err)
        self.assertEqual(self.tool("list", "--root", "/tmp/host.tar.gz").out, self.tool("list").out)

    def test_hook(self):
        self.assert_refused(self.hook("prepare", GUEST), "while the host still uses 0000:01:00.1")
        self.assert_refused(self.hook("prepare", "<domain>"), "Guest 'g' is not started: ")
        for event in ("prepare", "release", "reconnect"):
            self.assert_quiet(self.hook(event, NO_DEVICES))
        self.assertIn("NVIDIA Corporation TU106", self.tool("log").out)

    def move(self, folder):
        self.inside(self.folder).rename(self.inside(folder))
        self.folder = folder

    def test_anywhere(self):
        listed = self.tool("list").out
        for folder in ("/tmp/two words", "/opt/\u00e4\n"):
            self.move(folder)
            self.assertEqual(self.tool("list").out, listed)
        self.inside("/bin/virt-hostdev").symlink_to(f"..{self.folder}/bin/virt-hostdev")
        self.assertEqual(self.chroot("/bin/virt-hostdev", "list").out, listed)
        # By a relative path, and where no /proc says which it is.
        version = self.chroot("/bin/busybox", "sh", "-c", "cd bin && ./virt-hostdev --version",
                              proc=False)
        self.assertEqual((version.returncode, version.err), (0, ""))
        # A loader would take these for more than a folder.
        for folder in ("/opt/a:b", "/opt/a;b", "/opt/$LIB"):
            self.move(folder)
            self.assert_refused(self.tool("list"), "in its name")

    def test_names_are_its_own(self):
        self.inside("/usr/share/misc").mkdir(parents=True)
        self.inside("/usr/share/misc/pci.ids").write_text("10de  Somebody\n\t1f06  else\n")
        self.assertIn("NVIDIA Corporation TU106", self.tool("list").out)
        self.inside(f"{self.folder}/share/misc/pci.ids").unlink()
        self.assertIn("Somebody else", self.tool("list").out)

    def test_damaged(self):
        """Whatever is missing, neither a guest that runs is ended for it, nor one without
        devices kept from its start."""
        self.hook("prepare", GUEST)
        claim = self.inside("/run/virt-hostdev/claims/6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        for part in ("lib/libc.so.6", "lib/virt-hostdev/virt-hostdev-hook", "lib/loader",
                     "libexec/virt-hostdev-hook"):
            with self.subTest(part):
                self.inside(f"{self.folder}/{part}").unlink()
                result = self.hook("prepare", GUEST)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(part.rpartition("/")[2], result.err)
                claim.touch()
                self.assertEqual(self.hook("reconnect", GUEST).returncode, 0)
                claim.unlink()
                self.assert_quiet(self.hook("prepare", NO_DEVICES))


# A root file system with nothing but busybox, and what the kernel shows. The module is
# loaded before, as in there it has none.
BARE = """
set -e
mkdir -p {root}/bin {root}/opt {root}/run {root}/tmp
cp /usr/bin/busybox {root}/bin/
for each in proc sys dev; do
	mkdir {root}/$each
	mount --rbind /$each {root}/$each
done
chroot {root} /bin/busybox tar -xzf - -C /opt <{archive}
modprobe vfio-pci
"""


class Bundled:
    """For a class of scenarios on a host."""

    bare_root = "/run/bare"

    @classmethod
    def setUpClass(cls):
        archive = make(cls.kind, cls)
        super().setUpClass()
        cls.folder = f"/opt/{name_of(archive)}"
        cls.host.sh(BARE.format(root=cls.bare_root,
                                archive=f"/out/{archive.parent.name}/{archive.name}"))

    def bare(self, command, **options):
        return self.host.sh(f"env -i /usr/sbin/chroot {self.bare_root} {self.folder}/{command}",
                            **options)

    def test_tool_of_a_bundle(self):
        self.assertEqual(self.bare("bin/virt-hostdev list").out,
                         self.host.sh("virt-hostdev list").out)
        result = self.bare("bin/virt-hostdev doctor --json --all", check=False)
        checks = {each["id"]: each["status"] for each in json.loads(result.out)["checks"]}
        for row in self.passes:
            self.assertEqual(checks[row], "pass", row)

    def test_hook_of_a_bundle(self):
        """A device is taken and given back, by the calls that libvirt makes."""
        self.host.put("/run/domain.xml", domain("g", hostdev(devices.NIC_A, "no")))
        for driver, events in (("vfio-pci", STARTS), ("e1000e", ENDS)):
            for event in events:
                self.bare(f"hooks/qemu g {event} </run/domain.xml")
            self.assertEqual(self.driver(devices.NIC_A), driver)
            held = self.bare("bin/virt-hostdev status").out
            self.assertEqual(devices.NIC_A in held, driver == "vfio-pci", held)

    def test_libvirtd_runs_a_bundle(self):
        """As it is installed: with a link."""
        self.host.sh(f"mv {HOOK} /run/hook; ln -s {self.bare_root}{self.folder}/hooks/qemu {HOOK}")
        self.addCleanup(self.host.sh, f"mv -fT /run/hook {HOOK}")
        _, checks = self.doctor()
        self.assertEqual([checks[each] for each in ("hook-installed", "hook-program")],
                         ["pass", "pass"])
        self.define("g", hostdev(devices.NIC_A, "no"))
        # libvirt.so.0 is the host's.
        check = "virt-hostdev check g"
        self.assertEqual(self.host.sh(f"{self.bare_root}{self.folder}/bin/{check}").out,
                         self.host.sh(check).out)
        self.start("g")
        self.assert_given("g", devices.NIC_A)
        self.destroy("g")
        self.assertEqual(self.driver(devices.NIC_A), "e1000e")
