# SPDX-License-Identifier: GPL-2.0-or-later
"""A card that the host's screen is on: what hangs on it, taken down and brought up
again, one thing at a time by the program display."""

from pathlib import Path

from fakekernel import FakeKernel
from setting import HANG
from test_screen import MINUTE, OnScreen

# Of x86 and of those that number system calls together.
POLLS = ("7", "271", "73")

CARD = "0000:03:00.0"
FBCON = "(M) frame buffer device"
DUMMY = "(S) dummy device"

DRIVERS = """
driver vfio-pci vfio
driver nvidia keeps 10de:*:03????
driver amdgpu 1002:*:03????
consoles
"""

NVIDIA = DRIVERS + f"""
module nvidia_modeset on=nvidia setting:debug=0
module nvidia_drm on=nvidia_modeset param:modeset=Y setting:fbdev=Y:N
module nvidia_uvm on=nvidia
device {CARD} 10de:1f06 030000 driver=nvidia group=13
screen {CARD} nvidia card0 fb0 by=nvidia_drm DP-1=connected HDMI-A-1=disconnected
"""

AMDGPU = DRIVERS + f"""
module amdgpu_helper on=amdgpu
device {CARD} 1002:73bf 030000 driver=amdgpu group=13
screen {CARD} amdgpu card0 fb0 DP-1=connected
"""

EFI = "efi-framebuffer.0"
FIRMWARE = DRIVERS + f"""
device {CARD} 10de:1f06 038000 group=13
attr {CARD} boot_vga 1
firmware {EFI} efi-framebuffer fb0 {CARD}
"""

NO_FB = DRIVERS + f"""
device {CARD} 1002:73bf 030000 driver=amdgpu group=13
screen {CARD} amdgpu card0 - DP-1=connected
"""


class OnCard(OnScreen):
    def boot(self, description):
        self.kernel = FakeKernel(description)
        self.addCleanup(self.kernel.close)
        self.before = self.kernel.state()

    def facts(self):
        return self.good("read", CARD).splitlines()

    def consoles(self):
        folder = self.kernel.path("/sys/class/vtconsole")
        return {entry.name: ((entry / "name").read_text().strip(),
                             (entry / "bind").read_text().strip())
                for entry in sorted(folder.iterdir())}

    def write(self, path, text):
        self.assertEqual(self.kernel.write(path, text), "OK")

    def driver(self, name, action):
        self.write(f"/sys/bus/pci/drivers/{name}/{action}", CARD)

    def to_vfio(self, driver):
        self.write(f"/sys/bus/pci/devices/{CARD}/driver_override", "vfio-pci")
        if driver:
            self.driver(driver, "unbind")
        self.driver("vfio-pci", "bind")

    def back(self, driver):
        self.driver("vfio-pci", "unbind")
        self.write(f"/sys/bus/pci/devices/{CARD}/driver_override", "\n")
        self.driver(driver, "bind")

    def waits(self, *words):
        """A display that found it not to be so yet: it is in poll(2) or ppoll(2)."""
        process = self.popen(*words)

        def polls():
            self.assertIsNone(process.poll())
            folder = Path(f"/proc/{process.pid}")
            return ((folder / "comm").read_text() == "display\n" and
                    (folder / "syscall").read_text().split()[0] in POLLS)

        self.wait_for(polls)
        return process

    def ends(self, process):
        out, err = process.communicate(timeout=HANG)
        self.assertEqual((process.returncode, out, err), (0, "", ""))

    def with_fault(self, kind, *words):
        """What comes of it when each write meets that."""
        self.kernel.recount()
        self.kernel.fault(1, *kind, onwards=True)
        result = self.fails(*words)
        self.kernel.recount()
        return result


class Cards(OnCard):
    def test_all_of_nvidia(self):
        """There, by the order in which facts come, and back."""
        self.boot(NVIDIA)
        self.assertEqual(self.facts(), [
            f"console {FBCON} -",
            "module nvidia_drm -", "parameter nvidia_drm/fbdev Y",
            "parameter nvidia_drm/modeset Y",
            "module nvidia_modeset -", "parameter nvidia_modeset/debug 0",
            "module nvidia_uvm -",
            "connector DP-1 -"])
        self.good("console", FBCON, "off", MINUTE)
        for module in ("nvidia_drm", "nvidia_modeset", "nvidia_uvm"):
            self.good("unload", module, MINUTE)
        self.to_vfio("nvidia")
        self.assertEqual(self.facts(), [])
        self.back("nvidia")
        for module in ("nvidia_uvm", "nvidia_modeset", "nvidia_drm"):
            self.good("load", module, MINUTE)
        self.good("parameter", "nvidia_drm/fbdev", "Y")
        self.good("parameter", "nvidia_drm/modeset", "Y")
        self.good("connector", CARD, "DP-1", MINUTE)
        self.good("console", FBCON, "on", MINUTE)
        self.assertEqual(self.kernel.state(), self.before)

    def test_nothing_is_done_twice(self):
        self.boot(NVIDIA)
        for words in (("console", FBCON, "on", 0), ("parameter", "nvidia_drm/fbdev", "Y"),
                      ("connector", CARD, "DP-1", 0), ("unload", "nvidia_peermem", 0)):
            self.good(*words)
        self.assertEqual(self.kernel.writes(), 0)
        self.good("load", "nvidia_drm", 0)
        self.good("console", FBCON, "off", 0)
        self.kernel.recount()
        self.good("console", FBCON, "off", 0)
        self.assertEqual(self.kernel.log(), [])

    def test_others_let_go_by_themselves(self):
        self.boot(AMDGPU)
        self.assertEqual(self.facts(), [f"console {FBCON} -", "connector DP-1 -"])
        self.to_vfio("amdgpu")
        self.good("console", FBCON, "off", 0)
        self.back("amdgpu")
        self.good("connector", CARD, "DP-1", 0)
        self.good("console", FBCON, "on", 0)
        self.assertEqual(self.kernel.state(), self.before)

    def test_a_second_card(self):
        self.boot(NVIDIA + "device 0000:04:00.0 10de:1f06 030000 driver=nvidia group=14\n"
                  "screen 0000:04:00.0 nvidia card1 fb1 by=nvidia_drm DP-3=connected\n")
        self.assertEqual(self.facts(), ["connector DP-1 -"])


class Consoles(OnCard):
    def test_unbound_and_bound(self):
        self.boot(AMDGPU)
        self.good("console", FBCON, "off", 0)
        self.assertEqual(self.consoles(), {"vtcon0": (DUMMY, "1"), "vtcon1": (FBCON, "0")})
        self.good("console", FBCON, "on", 0)
        self.assertEqual(self.consoles(), {"vtcon0": (DUMMY, "0"), "vtcon1": (FBCON, "1")})

    def test_success_that_is_none(self):
        self.boot(AMDGPU)
        said = "EIO the kernel reported success, but the consoles are "
        self.assertEqual(self.with_fault(["ignore"], "console", FBCON, "off", 0),
                         said + "still on it")
        self.good("console", FBCON, "off", 0)
        self.assertEqual(self.with_fault(["ignore"], "console", FBCON, "on", MINUTE),
                         said + "not on it")
        # Nobody else is there to take over.
        self.assertEqual(self.fails("console", DUMMY, "off", 0), said + "still on it")

    def test_write_that_fails(self):
        self.boot(AMDGPU)
        self.assertEqual(self.with_fault(["errno", "EPERM"], "console", FBCON, "off", 0),
                         "EPERM Operation not permitted")

    def test_goes_as_it_is_unbound(self):
        self.boot(AMDGPU)
        self.kernel.fault(1, "vanish", CARD)
        self.good("console", FBCON, "off", 0)
        self.assertEqual(list(self.consoles()), ["vtcon0"])

    def test_comes_back_under_another_number(self):
        self.boot(AMDGPU)
        self.to_vfio("amdgpu")
        self.assertEqual(self.consoles(), {"vtcon0": (DUMMY, "1")})
        self.assertEqual(self.fails("console", FBCON, "on", 0),
                         "ETIMEDOUT it has not come back within 0 seconds: no driver has made "
                         "a frame buffer")
        process = self.waits("console", FBCON, "on", MINUTE)
        self.back("amdgpu")
        self.ends(process)
        self.assertEqual(self.consoles(), {"vtcon0": (DUMMY, "0"), "vtcon2": (FBCON, "1")})


class Modules(OnCard):
    def test_card_is_kept_by_what_stands_on_its_driver(self):
        self.boot(NVIDIA)
        self.good("console", FBCON, "off", 0)
        writer = self.kernel.popen(
            ["sh", "-c", f"printf {CARD} >/sys/bus/pci/drivers/nvidia/unbind"])
        self.addCleanup(writer.wait)
        self.addCleanup(self.kernel.command, "reset")
        self.wait_for(self.kernel.waiting)
        self.assertRegex(self.kernel.waiting()[0], "^in-use ")
        for module in ("nvidia_drm", "nvidia_modeset", "nvidia_uvm"):
            self.good("unload", module, 0)
        self.assertEqual(writer.wait(timeout=HANG), 0)

    def test_module_that_is_in_use(self):
        self.boot(NVIDIA)
        said = "EBUSY it is still in use after 0 seconds: its reference count is "
        self.assertEqual(self.fails("unload", "nvidia_drm", 0), said + "1")
        self.assertEqual(self.fails("unload", "nvidia_modeset", 0),
                         said + "1, and on it stand nvidia_drm")
        self.assertEqual(self.kernel.writes(), 0)
        self.good("console", FBCON, "off", 0)
        self.kernel.command("use nvidia_drm 2")
        self.assertEqual(self.fails("unload", "nvidia_drm", 0), said + "2")
        process = self.waits("unload", "nvidia_drm", MINUTE)
        self.kernel.command("use nvidia_drm 0")
        self.ends(process)
        self.assertIn("module nvidia_drm -\n", self.kernel.state())

    def test_unloading_that_fails(self):
        self.boot(NVIDIA)
        said = "EBUSY it is still in use after 0 seconds: its reference count is 0"
        for kind, expected in ((["errno", "EPERM"],
                                "EPERM cannot unload module nvidia_uvm: Operation not permitted"),
                               (["errno", "EAGAIN"], said), (["errno", "EBUSY"], said),
                               (["ignore"], said)):
            self.assertEqual(self.with_fault(kind, "unload", "nvidia_uvm", 0), expected)
        # The driver's own is none that may go.
        self.assertRegex(self.fails("unload", "amdgpu", 0), "^EBUSY ")

    def test_in_use_again_as_it_is_unloaded(self):
        self.boot(NVIDIA)
        self.kernel.fault(1, "errno", "EAGAIN")
        self.good("unload", "nvidia_uvm", MINUTE)
        self.assertEqual(self.kernel.writes(), 2)

    def test_loading(self):
        self.boot(NVIDIA.replace("module nvidia_uvm", "module nvidia_uvm absent"))
        self.assertRegex(self.fails("load", "nvidia_none", 0),
                         "^ENOENT cannot load module nvidia_none: ")
        self.assertEqual(self.with_fault(["errno", "ENODEV"], "load", "nvidia_uvm", 0),
                         "ENODEV cannot load module nvidia_uvm: No such device")
        self.assertEqual(self.with_fault(["ignore"], "load", "nvidia_uvm", 0),
                         "ETIMEDOUT it was loaded, but isn't at work after 0 seconds: it is gone")
        self.good("load", "nvidia_uvm", 0)
        self.assertIn("module nvidia_uvm loaded\n", self.kernel.state())

    def test_install_commands(self):
        """libkmod's own way, on a kernel that has none of these modules."""
        self.boot(DRIVERS)
        conf = "\n".join(["install first modprobe second ; modprobe -i third a=1",
                          "install second modprobe -i second $CMDLINE_OPTS",
                          "install shell /bin/false", "install round modprobe around",
                          "install around modprobe round", "blacklist black"])
        result = self.kernel.run(["sh", "-ec", "mount -t tmpfs etc /etc; mkdir /etc/modprobe.d; "
                                  "cat >/etc/modprobe.d/test.conf"], stdin=conf + "\n")
        self.assertEqual(result.rc, 0, result.err)
        for name, error, text in (("first", "ENOENT", "No such file or directory"),
                                  ("second", "ENOENT", "No such file or directory"),
                                  ("black", "ENOENT", "No such file or directory"),
                                  ("shell", "EPERM", "Operation not permitted"),
                                  ("round", "ELOOP", "Too many levels of symbolic links")):
            self.assertEqual(self.fails("load", name, 0),
                             f"{error} cannot load module {name}: {text}")

    def test_parameters(self):
        self.boot(NVIDIA)
        self.assertEqual(self.fails("parameter", "nvidia_drm/modeset", "N"),
                         "EPERM it was 'N' and is 'Y': it can be set only as the module is loaded")
        self.assertEqual(self.with_fault(["ignore"], "parameter", "nvidia_drm/fbdev", "N"),
                         "EPERM it was 'N' and is 'Y': the kernel reported success")
        self.assertEqual(self.with_fault(["errno", "EINVAL"], "parameter", "nvidia_drm/fbdev", "N"),
                         "EPERM it was 'N' and is 'Y': Invalid argument")
        self.good("parameter", "nvidia_drm/fbdev", "N")
        self.assertEqual(self.kernel.read("/sys/module/nvidia_drm/parameters/fbdev"), "N\n")


class Firmware(OnCard):
    def test_taken_and_given_back(self):
        self.boot(FIRMWARE)
        self.assertEqual(self.facts(), [f"console {FBCON} -",
                                        f"framebuffer {EFI} efi-framebuffer"])
        words = ("framebuffer", EFI, "efi-framebuffer")
        said = "EIO the kernel reported success, but it "
        self.assertEqual(self.with_fault(["ignore"], *words, "off"), said + "still has its driver")
        self.good(*words, "off")
        self.good(*words, "off")
        self.assertEqual(list(self.consoles()), ["vtcon0"])
        self.assertEqual(self.facts(), [])
        self.assertEqual(self.with_fault(["ignore"], *words, "on"), said + "has no driver")
        self.assertEqual(self.with_fault(["errno", "ENODEV"], *words, "on"),
                         "ENODEV No such device")
        self.good(*words, "on")
        self.good("console", FBCON, "on", 0)
        self.assertEqual(self.kernel.state(), self.before)

    def test_kernel_removes_it(self):
        """vfio-pci does, of a VGA card, and then it is gone for good."""
        self.boot(FIRMWARE.replace("038000", "030000"))
        self.assertFalse([fact for fact in self.facts() if fact.startswith("framebuffer")])
        self.to_vfio(None)
        self.assertEqual(list(self.consoles()), ["vtcon0"])
        self.good("framebuffer", EFI, "efi-framebuffer", "off")
        self.assertRegex(self.fails("framebuffer", EFI, "efi-framebuffer", "on"), "^ENODEV ")

    def test_other_classes_keep_it(self):
        self.boot(FIRMWARE)
        self.to_vfio(None)
        self.assertEqual(list(self.consoles()), ["vtcon0", "vtcon1"])


class Connectors(OnCard):
    def test_comes_with_the_driver(self):
        self.boot(AMDGPU)
        self.to_vfio("amdgpu")
        process = self.waits("connector", CARD, "DP-1", MINUTE)
        self.back("amdgpu")
        self.ends(process)

    def test_screen_is_put_to_it(self):
        self.boot(AMDGPU.replace("DP-1=connected", "DP-1=disconnected"))
        self.assertEqual(self.fails("connector", CARD, "DP-1", 0),
                         "ETIMEDOUT after 0 seconds its status is 'disconnected'")
        process = self.waits("connector", CARD, "DP-1", MINUTE)
        self.kernel.command(f"connect {CARD} DP-1 connected")
        self.ends(process)
        self.assertEqual(self.kernel.writes(), 0)

    def test_nobody_has_asked(self):
        """No console is on the card, so the driver has never looked."""
        self.boot(NO_FB)
        self.assertEqual(self.facts(), [])
        self.assertEqual(self.with_fault(["errno", "EIO"], "connector", CARD, "DP-1", 0),
                         "ETIMEDOUT after 0 seconds its status is 'unknown'")
        self.good("connector", CARD, "DP-1", 0)
        self.assertEqual(self.facts(), ["connector DP-1 -"])
        self.assertEqual(self.kernel.changes(), ["detect DP-1"])
