// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_gpu[] = {
	{
		.id = "bar-reserved",
		.title = "The host's boot screen still has the card's memory.",
		.rank = HD_RANK_FRAMEBUFFER,
		.signatures = { "BAR %n: can't reserve [",
				"resource sanity check: requesting [mem%*BOOTFB",
				"resource sanity check: requesting [mem%*efifb",
				"resource sanity check: requesting [mem%*simplefb" },
		.cause =
			"efifb, simpledrm or another generic framebuffer of the "
			"firmware holds it. The guest sees the card, but its driver "
			"doesn't start.",
		.how = "grep -A3 -iE 'bootfb|efifb|simple' /proc/iomem as root; cat "
		       "/proc/fb",
		.fix = "Make another card the primary one in the firmware. Otherwise "
		       "unbind the framebuffer in /sys/bus/platform/drivers before "
		       "binding the card; initcall_blacklist=sysfb_init helps where "
		       "sysfb made it.",
		.avoid =
			"video=efifb:off does nothing to simpledrm, and nomodeset "
			"makes it worse.",
	},
	{
		.id = "region-write-busy",
		.title =
			"QEMU can't write to the card's memory: something of the host "
			"has it.",
		.rank = HD_RANK_DISPLAY,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(FRAMEBUFFER),
		.signatures = { "vfio_region_write(%a%*) failed: Device or resource busy",
				"vfio_region_read(%a%*) failed: Device or resource busy" },
		.cause =
			"A framebuffer of the host still holds that memory; the "
			"kernel's log then says: can't reserve.",
		.how = "dmesg | grep \"can't reserve\"; cat /proc/fb",
		.fix = "Make another card the primary one in the firmware, or unbind "
		       "the framebuffer before binding the card.",
	},
	{
		.id = "rom-signature",
		.title = "The card's ROM can't be read.",
		.rank = HD_RANK_DISPLAY,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(FRAMEBUFFER),
		.signatures = { "Invalid PCI ROM header signature: expecting",
				"Invalid PCI ROM data signature: expecting",
				"Cannot read device rom at %a",
				"Device option ROM contents are probably invalid",
				"Error reading device ROM",
				"Error getting ROM info" },
		.cause =
			"The card has no ROM of its own, it is switched off, or the "
			"firmware overwrote its copy because the host boots with this "
			"card. Alone it is no reason for a guest not to start.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/boot_vga; setpci -s ADDRESS "
		       "0.l",
		.fix = "For a card that only computes <rom bar='off'/>. For the card "
		       "that the host boots with <rom file='DUMP'/> with a dump of "
		       "this very card.",
		.avoid =
			"A ROM of a similar card from the internet breaks more than it "
			"mends.",
	},
	{
		.id = "romfile",
		.title = "QEMU can't use the ROM file of the domain.",
		.rank = HD_RANK_DISPLAY,
		.follows = HD_AFTER(CONFINED),
		.signatures = { "failed to find romfile", "romfile %* is empty",
				"failed to load romfile",
				"romfile %* is too large",
				"did not find valid ROM signature" },
		.cause =
			"The file isn't there, QEMU may not read it, or it isn't the "
			"ROM itself: dumps made by vendor tools have something before "
			"the bytes 55 AA.",
		.how = "ls -lZ FILE; xxd FILE | head -1; journalctl -g 'DENIED|avc'",
		.fix = "Put the file into /usr/share/vgabios, readable for all, and "
		       "cut off what stands before 55 AA.",
	},
	{
		.id = "bad-option-rom",
		.title =
			"QEMU knows that this card's ROM makes guests unstable.",
		.rank = HD_RANK_DISPLAY,
		.signatures = { "known to cause system instability issues during option rom execution",
				"disabled due to system instability issues" },
		.cause =
			"This network card is on QEMU's list of broken option ROMs.",
		.how = "lspci -nn -s ADDRESS",
		.fix = "Add <rom bar='off'/> to the device. It only loses booting "
		       "from it.",
	},
	{
		.id = "x-vga",
		.title = "The legacy VGA mode can't be had for this card.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "device does not support requested feature x-vga",
				"failed getting region info for VGA region",
				"unexpected VGA info, flags" },
		.cause =
			"The kernel is built without VFIO_PCI_VGA, vfio-pci was loaded "
			"with disable_vga, or the card is no VGA card.",
		.how = "lspci -nn -s ADDRESS (class 0300); cat "
		       "/sys/module/vfio_pci/parameters/disable_vga",
		.fix = "Remove x-vga: a guest with UEFI firmware doesn't need it.",
		.avoid = "x-vga is no remedy for a black screen.",
	},
	{
		.id = "igd-legacy",
		.title =
			"The integrated graphics can't be given in legacy mode.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "is unsupported in legacy mode, try SandyBridge",
				"does not supports IGD OpRegion",
				"Device does not support IGD OpRegion",
				"Machine is not i440fx or assigned BDF is not 00:02.0",
				"IGD legacy mode disabled",
				"Cannot create LPC bridge due to existing device at 1f.0",
				"IGD LPC bridge access is not supported by kernel",
				"IGD OpRegion is not supported on hotplugged device" },
		.cause =
			"QEMU's legacy mode needs an i440fx machine, the guest address "
			"00:02.0, an OpRegion and VFIO_PCI_IGD in the kernel.",
		.how = "virsh dumpxml GUEST | grep -E \"machine=|hostdev\"",
		.fix = "Give it as a second card with UEFI firmware, or meet all "
		       "conditions of legacy mode.",
	},
	{
		.id = "nvidia-lost",
		.title = "The nvidia card fell off the bus.",
		.rank = HD_RANK_DEAD,
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "GPU has fallen off the bus",
				"NVRM: Xid (PCI:%a): 79" },
		.cause =
			"The card no longer answers: no power, overheated, a lost "
			"link, or switched off by a graphics switch.",
		.how = "lspci -s ADDRESS shows rev ff; setpci -s ADDRESS 0.l prints "
		       "ffffffff.",
		.fix = "Switch the host off for a moment; then look after power "
		       "cables and temperature.",
	},
	{
		.id = "nvidia-not-probed",
		.title = "The nvidia driver found no card that it could take.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.signatures = { "The NVIDIA probe routine was not called for %n device",
				"could not insert nvidia: No such device",
				"could not insert 'nvidia_drm': No such device",
				"NVRM: No NVIDIA GPU found" },
		.cause =
			"All cards are still on vfio-pci or another driver, so the "
			"module doesn't stay loaded. After a guest this means that the "
			"card was not given back yet.",
		.how = "lspci -nnk -d 10de:",
		.fix = "Give the card back first (virt-hostdev release ADDRESS, or "
		       "end the guest), then load the module.",
	},
	{
		.id = "host-gpu-driver-crash",
		.title =
			"The host's graphics driver failed when it got the card back.",
		.rank = HD_RANK_DISPLAY,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(OOPS),
		.signatures = { "amdgpu: Fatal error during GPU init",
				"amdgpu %a: %*Fatal error during GPU init",
				"PSP %* failed%*amdgpu",
				"amdgpu%*PSP %* failed",
				"amdgpu%*hw_init of IP block%*failed",
				"cannot create duplicate filename%*drm" },
		.cause =
			"The card is not in the state that the driver expects after a "
			"guest had it: a reset that isn't complete, or resizable BARs "
			"that the guest changed.",
		.how = "dmesg | grep -E 'amdgpu|BUG|Oops'; cat "
		       "/proc/sys/kernel/tainted",
		.fix = "Reboot. Later leave the card on vfio-pci until the next boot "
		       "(managed='no'), or switch resizable BARs off.",
	},
	{
		.id = "gpu-driver-oops",
		.title = "The kernel crashed in the graphics driver.",
		.rank = HD_RANK_OOPS,
		.confirm = HD_CONFIRM_OOPS,
		.signatures = { "RIP: %n:amdgpu_", "RIP: %n:ttm_",
				"RIP: %n:_nv0", "RIP: %n:nouveau_",
				"RIP: %n:i915_" },
		.cause =
			"The driver wasn't prepared to lose the card or to get it "
			"back. What comes after it in the log can't be trusted.",
		.how = "cat /proc/sys/kernel/tainted: bit 7 is set after a crash.",
		.fix = "Reboot. Later keep that driver from the card: bind it to "
		       "vfio-pci at boot and leave it there.",
		.avoid =
			"More unbinding and binding in this boot can hang the host.",
	},
	{
		.id = "efifb-unbind",
		.title = "There is no efi-framebuffer to unbind.",
		.rank = HD_RANK_HOOK,
		.signatures = { "efi-framebuffer/unbind%*No such device",
				"efi-framebuffer/unbind%*No such file",
				"efi-framebuffer/bind%*No such" },
		.cause =
			"The hook was written for an older kernel: here simpledrm has "
			"the boot screen, or it is gone already.",
		.how = "ls /sys/bus/platform/drivers/{efi,simple,vesa}-framebuffer; "
		       "cat /proc/fb",
		.fix = "Make that line of the hook depend on whether "
		       "efi-framebuffer.0 is there.",
		.avoid =
			"Binding it again when the guest ends doesn't work: the "
			"firmware's screen is gone.",
	},
	{
		.id = "bar-mmap",
		.title =
			"QEMU can't map the card's memory, so the guest will be slow.",
		.rank = HD_RANK_DISPLAY,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(FRAMEBUFFER),
		.signatures = { "Failed to mmap %a BAR %n" },
		.cause =
			"Something of the host has that memory, or the region is "
			"smaller than a page.",
		.how = "dmesg | grep \"can't reserve\"; cat /proc/fb",
		.fix = "Take the host's framebuffer from the card; see the kernel's "
		       "log.",
	},
	{
		.id = "no-mmio-space",
		.title =
			"There is no room for the device's memory in the host's "
			"address space.",
		.rank = HD_RANK_FIRMWARE,
		.signatures = { "can't assign; no space",
				"BAR %n [mem size%*: failed to assign",
				"BAR %n: failed to assign [mem",
				"BAR %n: no space for [mem",
				"not assigned; can't enable device",
				"not claimed; can't enable device",
				"can't handle BAR above 4GB",
				"can't handle BAR larger than 4GB" },
		.cause =
			"The firmware left too small a window for large BARs. The same "
			"in a guest's log means the guest's firmware.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/resource: lines of zeroes",
		.fix = "Switch Above 4G Decoding and resizable BARs on in the "
		       "firmware, or boot with pci=realloc. For a guest give OVMF a "
		       "larger 64-bit window.",
	},
	{
		.id = "guest-code-43",
		.title = "The guest's driver stopped the card (code 43).",
		.rank = HD_RANK_DISPLAY,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(FRAMEBUFFER),
		.signatures = { "Windows has stopped this device because it has reported problems. (Code 43)" },
		.cause =
			"Most often the host's boot screen still had the card, its ROM "
			"is bad, or it sits on a conventional PCI bus of the guest. "
			"Only NVIDIA drivers before 465 refuse virtual machines as "
			"such.",
		.how = "dmesg | grep -E \"can't reserve|ROM\"; virsh dumpxml GUEST | "
		       "grep -A8 hostdev",
		.fix = "Free the card from the host's framebuffer first, then try "
		       "<rom file='DUMP'/> and a pcie-root-port.",
		.avoid =
			"Patched drivers, and hiding KVM from drivers that don't look "
			"for it.",
	},
	{ .id = NULL },
};
