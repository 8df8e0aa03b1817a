// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_libvirt[] = {
	{
		.id = "device-in-use",
		.title =
			"Another guest has the device, or one of its IOMMU group.",
		.rank = HD_RANK_OWNER,
		.signatures = { "PCI device %a is in use",
				"PCI device %a allocated from network %* is already in use by domain",
				"NVMe device %* already in use by driver" },
		.cause =
			"A device and its group belong to one guest at a time. If that "
			"guest doesn't run, libvirt's memory of it is out of date.",
		.how = "virsh list; virt-hostdev status",
		.fix = "Stop the other guest. If it isn't running restart the daemon: "
		       "systemctl restart virtqemud or libvirtd; guests go on.",
	},
	{
		.id = "unmanaged-not-detached",
		.title =
			"The device is still on a driver of the host, and managed='no' "
			"says that libvirt must not take it.",
		.rank = HD_RANK_OWNER,
		.follows = HD_AFTER(BIND) | HD_AFTER(REFUSED) | HD_AFTER(GROUP),
		.confirm = HD_CONFIRM_NOT_VFIO,
		.signatures = { "Unmanaged PCI device %a must be manually detached from the host" },
		.cause =
			"With managed='no', the default, somebody else has to bind it "
			"to vfio-pci before the start: a hook or you.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver",
		.fix = "Install virt-hostdev's hook, which takes it, or write "
		       "managed='yes', or virt-hostdev bind ADDRESS.",
	},
	{
		.id = "acs-check",
		.title =
			"libvirt's old check for switches without ACS refuses the "
			"device.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "Device %a is behind a switch lacking ACS and cannot be assigned",
				"PCI device %a is not assignable" },
		.cause =
			"libvirt only looks at this when the guest doesn't use VFIO. "
			"With VFIO the kernel's IOMMU groups decide.",
		.how = "virsh dumpxml GUEST | grep -A3 hostdev; virsh version",
		.fix = "Write <driver name='vfio'/>, or update libvirt.",
		.avoid = "relaxed_acs_check isn't for guests with VFIO.",
	},
	{
		.id = "bridge-assigned",
		.title =
			"The domain asks for a bridge, which no guest can have.",
		.rank = HD_RANK_CONFIG,
		.confirm = HD_CONFIRM_BRIDGE,
		.signatures = { "Non-endpoint PCI devices cannot be assigned to guests" },
		.cause =
			"A bridge or root port that is in the same IOMMU group need "
			"not go along.",
		.how = "lspci -t; virt-hostdev show ADDRESS",
		.fix = "Remove it from the domain, and leave it on pcieport.",
	},
	{
		.id = "active-device",
		.title = "The device belongs to a running guest.",
		.rank = HD_RANK_OWNER,
		.signatures = { "Not detaching active device %a",
				"Not reattaching active device %a",
				"Device %a is already in use" },
		.cause =
			"virsh nodedev-detach and nodedev-reattach refuse devices that "
			"a guest has.",
		.how = "virt-hostdev status; virsh list",
		.fix = "Stop the guest, or detach the device from it.",
	},
	{
		.id = "reattach-failed",
		.title = "libvirt didn't give a device back to the host.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(OWNER) | HD_AFTER(BIND),
		.signatures = { "Failed to re-attach PCI device: ",
				"Failed to reattach NVMe for disk target",
				"Failed to re-attach PCI device" },
		.cause =
			"The guest ended all the same, so nobody was told. libvirt "
			"only returns what it bound itself, only drivers that are "
			"loaded take a device, and none does while a sibling still "
			"belongs to a guest.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver; lsmod",
		.fix = "Load the driver, then virt-hostdev recover, or virsh "
		       "nodedev-reattach.",
	},
	{
		.id = "device-not-found",
		.title = "libvirt finds no device at this address.",
		.rank = HD_RANK_GROUP,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.confirm = HD_CONFIRM_ABSENT,
		.signatures = { "Device %a not found: could not access",
				"Device %a not found: %*could not access" },
		.cause =
			"The device moved, is gone, or the address in the domain mixes "
			"decimal and hexadecimal.",
		.how = "lspci -nn; virt-hostdev pin --check GUEST names where a "
		       "pinned device is now.",
		.fix = "Write the new address into the domain: virt-hostdev rewrite "
		       "--follow-pins GUEST.",
	},
	{
		.id = "address-invalid",
		.title = "The address in the domain is none.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "Invalid PCI address %*must be <= 0x",
				"at least one of domain, bus, or slot must be > 0" },
		.cause =
			"Bus, slot or function is too large, or all are 0. Without 0x "
			"before them numbers are decimal.",
		.how = "virsh dumpxml GUEST | grep -A4 hostdev",
		.fix = "Let virt-hostdev xml ADDRESS write the block.",
	},
	{
		.id = "guest-address",
		.title =
			"There is no place for the device on the guest's PCI bus.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "cannot be plugged into the PCI controller with index=",
				"No more available PCI slots",
				"Only PCI device addresses with function=0 are supported" },
		.cause =
			"Each PCI Express device of a q35 guest needs a root port of "
			"its own, and only function 0 can be plugged in while it runs.",
		.how = "virsh dumpxml GUEST | grep pcie-root-port",
		.fix = "Add <controller type='pci' model='pcie-root-port'/> to the "
		       "domain.",
	},
	{
		.id = "guest-slot-taken",
		.title =
			"Another device of the guest already has this address.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "PCI: slot %n function %n not available for vfio-pci, in use by" },
		.cause =
			"Two devices of the guest have the same <address type='pci'>.",
		.how = "virsh dumpxml GUEST | grep \"address type='pci'\"",
		.fix = "Give one of them another address, or remove the address and "
		       "let libvirt choose.",
	},
	{
		.id = "guest-no-pci",
		.title = "The guest's machine type has no PCI bus.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "No PCI bus found for device vfio-pci" },
		.cause = "A microvm has none unless it is told to.",
		.how = "virsh dumpxml GUEST | grep machine=",
		.fix = "Use q35 or virt, or microvm with pcie=on.",
	},
	{
		.id = "migration-blocked",
		.title =
			"A guest with a device of the host can't be migrated or saved.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "cannot migrate a domain with <hostdev",
				"VFIO migration is not supported in kernel",
				"VFIO device doesn't support device and IOMMU dirty tracking",
				"Migration is currently not supported with vIOMMU enabled",
				"VFIO device doesn't support migration" },
		.cause =
			"The state of an ordinary device can't be read. Migration, "
			"save and snapshots with memory all need it.",
		.how = "virsh dumpxml GUEST | grep hostdev",
		.fix = "Detach the device before and attach one on the other host, or "
		       "shut the guest down.",
	},
	{
		.id = "viommu-config",
		.title =
			"The virtual IOMMU of the domain misses what it needs.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "IOMMU interrupt remapping requires split I/O APIC",
				"IOMMU eim requires interrupt remapping to be enabled",
				"is only supported with Q35 machines" },
		.cause =
			"A virtual Intel IOMMU needs a q35 machine, and its interrupt "
			"remapping a split I/O APIC.",
		.how = "virsh dumpxml GUEST | grep -E 'iommu|ioapic|machine='",
		.fix = "Add <ioapic driver='qemu'/> to <features>, and use q35.",
	},
	{
		.id = "qemu-without-vfio",
		.title = "This QEMU can't do VFIO.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "VFIO PCI device assignment is not supported by this version of QEMU",
				"vfio-pci is not a valid device model name" },
		.cause =
			"It was built without, or the package with that module isn't "
			"installed.",
		.how = "qemu-system-x86_64 -device help | grep vfio",
		.fix = "Install the distribution's full QEMU package.",
	},
	{
		.id = "mdev-unsupported",
		.title = "The host has no VFIO for mediated devices.",
		.rank = HD_RANK_IOMMU,
		.follows = HD_AFTER(FIRMWARE),
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "Mediated host device assignment requires VFIO support" },
		.cause =
			"libvirt finds no IOMMU groups. Newer vGPUs are virtual "
			"functions and no longer mediated devices.",
		.how = "ls /sys/kernel/iommu_groups /sys/class/mdev_bus",
		.fix = "Switch the IOMMU on. For a vGPU of a newer driver give the "
		       "virtual function with <hostdev type='pci'>.",
	},
	{
		.id = "vgpu-start",
		.title = "The NVIDIA vGPU doesn't start.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "[nvidia-vgpu-vfio] %*: start failed. status" },
		.cause =
			"The profile doesn't fit what already runs on the card, or the "
			"host's vGPU manager doesn't run.",
		.how = "systemctl status nvidia-vgpud nvidia-vgpu-mgr; journalctl -u "
		       "nvidia-vgpu-mgr",
		.fix = "Start those services, and choose a profile that all guests of "
		       "the card share.",
	},
	{
		.id = "usb-in-use",
		.title = "Another guest has the USB device.",
		.rank = HD_RANK_OWNER,
		.signatures = { "USB device %n:%n is in use by driver",
				"USB device %* is in use by driver" },
		.cause = "A USB device belongs to one guest at a time.",
		.how = "virsh list",
		.fix = "Stop the other guest, or remove the device from one of them.",
	},
	{
		.id = "usb-ambiguous",
		.title = "There are several USB devices of this kind.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "Multiple USB devices for %*, use <address> to specify one",
				"Multiple USB devices for %* were found" },
		.cause = "Vendor and product don't tell them apart.",
		.how = "lsusb",
		.fix = "Add <address bus='...' device='...'/> to the <source>, or "
		       "give the whole controller.",
	},
	{ .id = NULL },
};
