// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_binding[] = {
	{
		.id = "vfio-probe-invalid",
		.title =
			"vfio-pci refuses the device; mostly because it is in no IOMMU "
			"group.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(FIRMWARE) |
			   HD_AFTER(IOMMU) | HD_AFTER(GROUP) |
			   HD_AFTER(REFUSED),
		.confirm = HD_CONFIRM_NO_GROUP,
		.signatures = { "vfio-pci: probe of %a failed with error -22",
				"vfio-pci %a: probe with driver vfio-pci failed with error -22" },
		.cause =
			"Without a line that says more, errno 22 means that the device "
			"has no IOMMU group. With a group it is a bridge, a device "
			"that no longer answers, or on ARM the IOMMU is not cache "
			"coherent.",
		.how = "ls -l /sys/bus/pci/devices/ADDRESS/iommu_group; cat "
		       "/proc/cmdline",
		.fix = "Switch the IOMMU on in the firmware and the kernel, and check "
		       "in /proc/cmdline that the boot loader really passes the "
		       "option.",
		.avoid = "A shared group never makes the probe fail, so "
			 "pcie_acs_override has nothing to do with it.",
	},
	{
		.id = "vfio-denylist",
		.title =
			"vfio-pci refuses this kind of device: it is on its denylist.",
		.rank = HD_RANK_REFUSED,
		.signatures = { "exists in vfio-pci device denylist",
				"is in the vfio-pci denylist" },
		.cause =
			"The kernel knows that this device (QAT, DSA, IAX) is not safe "
			"in the hands of a guest.",
		.how = "lspci -nn -s ADDRESS",
		.fix = "Give a virtual function of it with its own driver, or "
		       "knowingly load vfio-pci with disable_denylist=1.",
	},
	{
		.id = "pf-has-vfs",
		.title =
			"The device has virtual functions, so vfio-pci doesn't take it.",
		.rank = HD_RANK_REFUSED,
		.confirm = HD_CONFIRM_HAS_VFS,
		.signatures = { "Cannot bind to PF with SR-IOV enabled",
				"driver left SR-IOV enabled after remove" },
		.cause =
			"vfio-pci only takes a physical function whose virtual "
			"functions are off, and not every driver switches them off "
			"when it is unbound.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/sriov_numvfs",
		.fix = "echo 0 > /sys/bus/pci/devices/ADDRESS/sriov_numvfs while its "
		       "own driver is still bound, then bind it. Or give a virtual "
		       "function instead.",
	},
	{
		.id = "vfio-probe-busy",
		.title = "vfio-pci refuses the device as busy.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(REFUSED) | HD_AFTER(OOPS),
		.confirm = HD_CONFIRM_HAS_VFS,
		.signatures = { "vfio-pci: probe of %a failed with error -16",
				"vfio-pci %a: probe with driver vfio-pci failed with error -16" },
		.cause =
			"From vfio-pci this errno means a physical function with "
			"virtual functions. A driver that is still bound gives no such "
			"line.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/sriov_numvfs",
		.fix = "echo 0 > /sys/bus/pci/devices/ADDRESS/sriov_numvfs, then bind "
		       "it again.",
	},
	{
		.id = "bind-while-bound",
		.title =
			"A device was to be bound while another driver still has it.",
		.rank = HD_RANK_OWNER,
		.signatures = { "/vfio-pci/bind: Device or resource busy",
				"/drivers/vfio-pci/bind%*Device or resource busy",
				"bus/pci/drivers/%*/bind: write error: Device or resource busy" },
		.cause =
			"The kernel binds a device only when no driver has it, and "
			"says so by this errno alone.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver",
		.fix = "Write vfio-pci to driver_override, the address to "
		       "driver/unbind, then the address to "
		       "/sys/bus/pci/drivers_probe. virt-hostdev bind ADDRESS does "
		       "all of it.",
	},
	{
		.id = "bind-no-match",
		.title =
			"A driver was told to take a device that it doesn't know, or "
			"that isn't there.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT),
		.signatures = { "/vfio-pci/bind: No such device",
				"/drivers/vfio-pci/bind%*No such device",
				"/vfio-pci/unbind: No such device",
				"/driver/unbind: No such device",
				"bus/pci/drivers/%*/unbind: write error: No such device" },
		.cause =
			"The address doesn't exist, the driver isn't meant for the "
			"device because driver_override is empty, or on unbind another "
			"driver has it.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/driver_override; readlink "
		       "/sys/bus/pci/devices/ADDRESS/driver",
		.fix = "echo vfio-pci > /sys/bus/pci/devices/ADDRESS/driver_override, "
		       "then write the address to /sys/bus/pci/drivers_probe.",
	},
	{
		.id = "new-id-exists",
		.title = "new_id already has this device's id.",
		.rank = HD_RANK_BIND,
		.signatures = { "/new_id: File exists",
				"new_id: write error: File exists",
				"/new_id%*write error: File exists" },
		.cause =
			"An id is told to a driver only once. The second guest, or the "
			"second card of a kind, gets this error, and the device stays "
			"without a driver.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/driver_override",
		.fix = "Don't use new_id. Write vfio-pci to the device's "
		       "driver_override, then its address to drivers_probe.",
		.avoid =
			"new_id takes every other unbound device of the same kind "
			"along.",
	},
	{
		.id = "new-id-missing",
		.title = "The driver vfio-pci is not loaded.",
		.rank = HD_RANK_BIND,
		.signatures = { "/drivers/vfio-pci/new_id: no such file",
				"/drivers/vfio-pci/bind: No such file",
				"/drivers/vfio-pci/unbind: No such file" },
		.cause =
			"The folder of a driver is there when its module is loaded.",
		.how = "ls -d /sys/bus/pci/drivers/vfio-pci",
		.fix = "modprobe vfio-pci",
	},
	{
		.id = "vfio-ids-unreadable",
		.title = "vfio-pci can't use what its ids= option says.",
		.rank = HD_RANK_BIND,
		.signatures = { "invalid id string",
				"failed to add dynamic id [" },
		.cause =
			"The list has a blank, a missing colon or something else that "
			"is no vendor:device pair. The device it meant stays with the "
			"host's driver.",
		.how = "cat /proc/cmdline; grep -r ids= /etc/modprobe.d",
		.fix = "Write ids=10de:1b81,10de:10f0 without blanks. One device of "
		       "two alike is told apart by driver_override only.",
		.avoid =
			"Blacklisting the host's graphics driver takes it from the "
			"other cards too.",
	},
	{
		.id = "virqfd-module",
		.title = "The module vfio_virqfd no longer exists.",
		.rank = HD_RANK_BIND,
		.signatures = { "Module vfio_virqfd not found",
				"module not found: vfio_virqfd",
				"module 'vfio_virqfd' not found" },
		.cause =
			"It became a part of vfio in Linux 6.2. A list that still "
			"names it breaks the making of the initramfs.",
		.how = "modinfo vfio_virqfd; grep -r vfio_virqfd /etc/modules* "
		       "/etc/mkinitcpio.conf /etc/dracut.conf.d",
		.fix = "Remove vfio_virqfd from the list, and make the initramfs anew.",
	},
	{
		.id = "vfio-blacklisted",
		.title = "The host's configuration forbids to load vfio-pci.",
		.rank = HD_RANK_BIND,
		.signatures = { "Failed to load PCI driver module %*: administratively prohibited",
				"Failed to load PCI stub module %*: administratively prohibited",
				/* modprobe -b of a blacklisted module does
				 * nothing, and says that it went well: seen
				 * with libvirt 11.3. */
				"modprobe reported success loading module %*, but module is missing from /sys/module" },
		.cause =
			"A blacklist or install line in modprobe.d, or "
			"module_blacklist= on the kernel's command line, names the "
			"module.",
		.how = "grep -rE 'vfio[-_]pci' /etc/modprobe.d /usr/lib/modprobe.d; "
		       "cat /proc/cmdline",
		.fix = "Remove that line, and make the initramfs anew.",
	},
	{
		.id = "variant-lookup",
		.title =
			"libvirt can't look up the driver in the kernel's modules.",
		.rank = HD_RANK_BIND,
		.confirm = HD_CONFIRM_NO_MODULES,
		.signatures = { "supposedly loaded by module %* not found in sysfs",
				"does not implement any pci driver",
				"modules.alias%*No such file or directory",
				"Failed to open file%*/modules.alias",
				"device modalias file %* content has improper format" },
		.cause =
			"libvirt 10 and newer reads modules.alias of the kernel that "
			"runs, to choose a vfio driver. After a kernel update the "
			"folder may be gone, and a unit with ProtectKernelModules "
			"hides it.",
		.how = "ls /lib/modules/$(uname -r)/modules.alias; systemctl cat "
		       "virtqemud libvirtd",
		.fix = "Reboot into the new kernel, or remove ProtectKernelModules "
		       "from the daemon's unit.",
	},
	{
		.id = "override-refused",
		.title = "libvirt can't write the device's driver_override.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(GROUP),
		.confirm = HD_CONFIRM_ABSENT,
		.signatures = { "Failed to add driver %* to driver_override interface of PCI device %a",
				"Failed to add driver %* to driver_override interface of PCI device" },
		.cause =
			"The device went away meanwhile, or /sys can't be written "
			"here, as in a container. Kernel lockdown is not the reason.",
		.how = "ls /sys/bus/pci/devices/ADDRESS/driver_override; grep sysfs "
		       "/proc/mounts",
		.fix = "Give the container a writable /sys, or look why the device is "
		       "gone.",
	},
	{
		.id = "unbind-failed",
		.title = "libvirt couldn't move the device between drivers.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(GROUP) |
			   HD_AFTER(REFUSED) | HD_AFTER(BIND) |
			   HD_AFTER(OWNER) | HD_AFTER(CONFINED),
		.signatures = { "Failed to unbind PCI device %a from",
				"Failed to trigger a probe for PCI device %a",
				"Failed to trigger a re-probe for PCI device %a" },
		.cause =
			"The errno at the line's end says why. No such device and "
			"Invalid argument mean that another tool or hook changed the "
			"driver at the same moment.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver; the kernel's "
		       "log of the same second",
		.fix = "Let only one bind devices: libvirt (managed='yes') or a hook "
		       "(managed='no').",
	},
	{
		.id = "vfio-device-open",
		.title =
			"Somebody takes the device away while a process has it open.",
		.rank = HD_RANK_OWNER,
		.signatures = { "Relaying device request to user",
				"No device request channel registered, blocked until released by user",
				"Device is currently in use, task" },
		.cause =
			"The device is unbound or removed, or its virtual functions "
			"are switched off, while a guest has it. Who does that waits "
			"until the guest ends.",
		.how = "fuser -v /dev/vfio/*; the line names the task that waits.",
		.fix = "Stop the guest, or detach the device from it. A hook or "
		       "script must look who has a device before it unbinds it.",
	},
	{
		.id = "nvidia-in-use",
		.title =
			"The nvidia driver waits for ever, as something uses the card "
			"that is taken from it.",
		.rank = HD_RANK_OWNER,
		.signatures = { "NVRM: Attempting to remove device %a with non-zero usage count",
				"NVRM: Attempting to remove %* device %a with non-zero usage count" },
		.cause =
			"The driver lets go only when nobody uses the card. What "
			"unbinds it hangs, and libvirt with it. In newer versions it "
			"can never end, even when the users are stopped now.",
		.how = "Before the next unbind: fuser -v /dev/nvidia* /dev/dri/*; "
		       "systemctl status nvidia-persistenced nvidia-powerd",
		.fix = "Reboot. Then stop nvidia-persistenced, nvidia-powerd and what "
		       "draws on the card before the guest starts. virt-hostdev's "
		       "hook refuses the start while somebody uses it.",
		.avoid =
			"kill -9 of the process that hangs does nothing, and trying "
			"again adds one more.",
	},
	{
		.id = "module-in-use",
		.title = "A module can't be unloaded: something uses it.",
		.rank = HD_RANK_OWNER,
		.signatures = { "modprobe: FATAL: Module %* is in use",
				"rmmod: ERROR: Module %* is in use",
				"rmmod: ERROR: Module %* is not currently loaded%*nvidia" },
		.cause =
			"A program has the card open, a console is on it, or another "
			"module builds on this one.",
		.how = "ls /sys/module/MODULE/holders; fuser -v /dev/dri/* "
		       "/dev/nvidia*; cat /proc/fb",
		.fix = "Modules needn't be unloaded to give one card away: only the "
		       "one device is unbound. Where it must be, stop the users first "
		       "and unload the holders before.",
		.avoid =
			"Unloading drm or drm_kms_helper always fails, and helps "
			"nobody.",
	},
	{
		.id = "igd-regions",
		.title =
			"vfio-pci can't set up what the integrated graphics needs.",
		.rank = HD_RANK_DISPLAY,
		.signatures = { "Failed to setup Intel IGD regions" },
		.cause =
			"The OpRegion, the host bridge or the LPC bridge that belong "
			"to the integrated graphics weren't found.",
		.how = "lspci -nn -s 00:02.0; lspci -nn -s 00:1f.0",
		.fix = "Make another card the primary one in the firmware, or use a "
		       "newer kernel.",
	},
	{
		.id = "vfio-oops",
		.title = "The kernel crashed in vfio while it let a device go.",
		.rank = HD_RANK_OOPS,
		.confirm = HD_CONFIRM_OOPS,
		.signatures = { "RIP: %n:vfio_pci_core",
				"vfio_pci_core_sriov_configure+",
				"pc : vfio_pci_core", "RIP: 0010:vfio_" },
		.cause =
			"A bug of this kernel: a NULL pointer where a device is "
			"unbound from vfio. What comes after it in the log can't be "
			"trusted.",
		.how = "cat /proc/sys/kernel/tainted: bit 7 is set after a crash.",
		.fix = "Reboot before any device is bound again, then use another "
		       "kernel version.",
		.avoid =
			"More unbinding and binding in this boot can hang the host.",
	},
	{ .id = NULL },
};
