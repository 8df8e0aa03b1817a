// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_iommufd[] = {
	{
		.id = "iommufd-missing",
		.title = "QEMU can't open /dev/iommu.",
		.rank = HD_RANK_NODE,
		.follows = HD_AFTER(CONFINED) | HD_AFTER(FIRMWARE) |
			   HD_AFTER(IOMMU),
		.confirm = HD_CONFIRM_NO_IOMMUFD,
		.signatures = { "Could not open /dev/iommu",
				"failed to open /dev/iommu" },
		.cause =
			"No such file: the kernel has no iommufd or it isn't loaded. "
			"Permission denied: the file's mode, the cgroup, AppArmor or "
			"SELinux.",
		.how = "ls -l /dev/iommu; zgrep IOMMUFD /proc/config.gz",
		.fix = "modprobe iommufd, or leave <iommufd/> out of the domain.",
	},
	{
		.id = "vfio-cdev-missing",
		.title =
			"The device has no file of its own below /dev/vfio/devices.",
		.rank = HD_RANK_NODE,
		.follows = HD_AFTER(BIND) | HD_AFTER(GROUP) |
			   HD_AFTER(REFUSED) | HD_AFTER(DEAD) |
			   HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.confirm = HD_CONFIRM_NOT_VFIO,
		.signatures = { "failed to find vfio-dev/",
				"vfio-dev%*/dev: No such file",
				"couldn't open directory %*/vfio-dev",
				"Failed to open /dev/vfio/devices/vfio",
				"cannot open VFIO device /dev/vfio/devices/vfio" },
		.cause =
			"The device isn't on vfio-pci, the kernel is built without "
			"VFIO_DEVICE_CDEV, or the file isn't in the container.",
		.how = "ls /sys/bus/pci/devices/ADDRESS/vfio-dev; ls /dev/vfio/devices",
		.fix = "Bind the device to vfio-pci, or leave <iommufd/> out of the "
		       "domain.",
	},
	{
		.id = "iommufd-bind",
		.title = "The kernel doesn't bind the device to iommufd.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(REMAP) |
			   HD_AFTER(ISOLATION) | HD_AFTER(RESERVED) |
			   HD_AFTER(VIABLE) | HD_AFTER(OWNER) | HD_AFTER(GROUP),
		.signatures = { "error bind device fd=%n to iommufd=%n" },
		.cause =
			"Operation not permitted: interrupts aren't isolated, or a "
			"driver of the host is in the group. Invalid argument: the "
			"firmware keeps a mapping, or on ARM the IOMMU is not cache "
			"coherent. Device or resource busy: the group is open through "
			"/dev/vfio/GROUP.",
		.how = "The kernel's log of the same second; grep -E 'IR-|ITS-' "
		       "/proc/interrupts",
		.fix = "End what the errno means, as above.",
	},
	{
		.id = "iommufd-attach",
		.title =
			"The kernel doesn't attach the device to the guest's address "
			"space.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(RESERVED) |
			   HD_AFTER(WIDTH),
		.signatures = { "] error attach %* to id=%n" },
		.cause =
			"Invalid argument: addresses that this device reserves are "
			"already mapped for the guest.",
		.how = "cat /sys/kernel/iommu_groups/GROUP/reserved_regions of all "
		       "devices of the guest",
		.fix = "Let the guest have all its devices from its start.",
	},
	{
		.id = "unsafe-interrupts",
		.title =
			"This host was told to ignore that interrupts aren't isolated.",
		.rank = HD_RANK_REMAP,
		.confirm = HD_CONFIRM_UNSAFE_INTERRUPTS,
		.signatures = { "MSI interrupts are not secure, they cannot be isolated by the platform" },
		.cause =
			"allow_unsafe_interrupts of iommufd is set. A guest's device "
			"can send any interrupt to the host.",
		.how = "cat /sys/module/iommufd/parameters/allow_unsafe_interrupts",
		.fix = "Switch interrupt remapping on in the firmware, and remove the "
		       "option.",
	},
	{
		.id = "iommufd-accounting",
		.title = "libvirt couldn't let iommufd count locked memory.",
		.rank = HD_RANK_LIMIT,
		.signatures = { "failed to set memory accounting for iommufd" },
		.cause =
			"With iommufd the device's own memory counts as locked memory "
			"too, so the limit is reached sooner.",
		.how = "grep 'Max locked' /proc/$(pidof qemu-system-x86_64)/limits",
		.fix = "Update kernel and libvirt together, or set a <hard_limit> "
		       "that has room for the device's BARs.",
	},
	{
		.id = "fd-without-iommufd",
		.title =
			"The domain passes an open device to QEMU without iommufd.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "Use FD passing only with iommufd backend",
				"No provided host device" },
		.cause =
			"fd= needs iommufd=, and a device needs either fd= or host=.",
		.how = "The guest's <qemu:commandline>",
		.fix = "Write the device as <hostdev> and let libvirt do it.",
	},
	{ .id = NULL },
};
