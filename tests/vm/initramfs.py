# SPDX-License-Identifier: GPL-2.0-or-later
"""The initramfs of the emulated host: busybox, a few modules, our scripts."""

import lzma
import subprocess
from pathlib import Path

from cpio import Archive

# What is needed to reach the root file system; the rest is loaded from there.
MODULES = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", "virtio_blk", "ext4"]
SCRIPTS = ["install.sh", "init.sh", "systemd.sh", "agents.sh", "agent.pl", "libvirtd.sh"]
HERE = Path(__file__).resolve().parent


def kernel_release(root):
    return max(path.name for path in (Path(root) / "lib/modules").iterdir())


def write(root, path):
    archive = Archive()
    for folder in ["bin", "modules", "vm"]:
        archive.add(folder, 0o040755)
    archive.add("init", 0o100755, (HERE / "initramfs.sh").read_bytes())
    archive.add("bin/busybox", 0o100755, (Path(root) / "bin/busybox").read_bytes())
    for script in SCRIPTS:
        archive.add(f"vm/{script}", 0o100755, (HERE / script).read_bytes())
    modules = _modules(root)
    for name, content in modules.items():
        archive.add(f"modules/{name}", 0o100644, content)
    archive.add("modules/order", 0o100644, "\n".join(modules).encode())
    Path(path).write_bytes(archive.finish())


def _modules(root):
    """Name to content, in the order of loading."""
    modules = {}
    for wanted in MODULES:
        output = subprocess.run(
            ["modprobe", "-d", root, "-S", kernel_release(root), "--show-depends", wanted],
            capture_output=True, text=True, check=True).stdout
        for line in output.splitlines():
            if line.startswith("insmod "):
                path = Path(line.split()[1])
                content = path.read_bytes()
                # busybox cannot unpack them.
                if path.suffix == ".xz":
                    content = lzma.decompress(content)
                modules[path.name.removesuffix(".xz")] = content
    return modules
