// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_group[] = {
	{
		.id = "group-not-viable",
		.title =
			"Another device of the IOMMU group is still on a driver of the "
			"host.",
		.rank = HD_RANK_VIABLE,
		.follows = HD_AFTER(BIND),
		.confirm = HD_CONFIRM_HOST_DRIVER,
		.signatures = { "group %g is not viable",
				"VFIO group is not viable",
				"all devices within the iommu_group are bound to their vfio bus driver" },
		.cause =
			"A group can only be owned as a whole. Some device in it is "
			"bound to a driver that does DMA for the host: often the "
			"audio, USB or UCSI function of the same card.",
		.how = "for d in /sys/kernel/iommu_groups/GROUP/devices/*; do echo "
		       "${d##*/} $(readlink $d/driver); done",
		.fix = "Take exactly those devices from their drivers: virsh "
		       "nodedev-detach for each, or <hostdev:siblings policy=\"bind\"/> "
		       "in the domain. Devices without a driver, on pcieport, "
		       "pci-stub or vfio-pci are fine as they are.",
		.avoid =
			"They need not all go to the guest, bridges stay on pcieport, "
			"and pcie_acs_override only pretends that devices are isolated.",
	},
	{
		.id = "group-container-refused",
		.title = "The kernel doesn't hand the IOMMU group over.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(GROUP) |
			   HD_AFTER(REMAP) | HD_AFTER(ISOLATION) |
			   HD_AFTER(RESERVED) | HD_AFTER(VIABLE) |
			   HD_AFTER(OWNER),
		.signatures = { "Failed to set group container",
				"failed to setup container for group %g: Failed to set group container" },
		.cause =
			"What the errno means: Operation not permitted, the group "
			"already has an owner, or a driver of the host came back; "
			"Device or resource busy, its domain is in use; Invalid "
			"argument, the firmware keeps a mapping for the device; No "
			"such device, it was removed.",
		.how = "The kernel's log of the same second; the drivers of the "
		       "group; fuser -v /dev/vfio/GROUP",
		.fix = "Free the group: stop the other user, or take its devices from "
		       "their drivers.",
		.avoid =
			"Running QEMU as root doesn't help: this is no file permission.",
	},
	{
		.id = "interrupts-not-isolated",
		.title =
			"This host doesn't isolate the device's interrupts, so VFIO "
			"refuses it.",
		.rank = HD_RANK_ISOLATION,
		.follows = HD_AFTER(REMAP) | HD_AFTER(RESERVED),
		.confirm = HD_CONFIRM_NO_REMAP,
		.signatures = { "Failed to set iommu for container: Operation not permitted",
				"No interrupt remapping support. Use the module param" },
		.cause =
			"Without interrupt remapping a guest's device could send any "
			"interrupt to the host. On x86 remapping is off, on ARM the "
			"interrupts don't go through a GICv3 ITS.",
		.how = "grep -E 'IR-|ITS-' /proc/interrupts; dmesg | grep -E 'IRQ "
		       "remapping|nterrupt remapping'",
		.fix = "Switch x2APIC and interrupt remapping on in the firmware, "
		       "remove nointremap and intremap=off from the kernel's command "
		       "line, update the firmware.",
		.avoid =
			"allow_unsafe_interrupts lets the guest's device send "
			"interrupts to the host: only ever a conscious choice for one "
			"host, never a default.",
	},
	{
		.id = "container-no-iommu-driver",
		.title =
			"The container can't take the IOMMU group: VFIO's IOMMU driver "
			"is missing or refuses.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(GROUP) |
			   HD_AFTER(RESERVED),
		.confirm = HD_CONFIRM_NO_TYPE1,
		.signatures = { "Failed to set iommu for container: No such device",
				"Failed to set iommu for container: Cannot allocate memory",
				"Failed to set iommu for container: Invalid argument",
				"Failed to set iommu for container: Device or resource busy",
				"Failed to set iommu for container: No such file or directory" },
		.cause =
			"No such device: vfio_iommu_type1 isn't loaded. Invalid "
			"argument: addresses that this device reserves are already "
			"mapped for another device of the guest. Cannot allocate "
			"memory: the host's memory is short.",
		.how = "ls -d /sys/module/vfio_iommu_type1; cat "
		       "/sys/kernel/iommu_groups/GROUP/reserved_regions of both "
		       "devices",
		.fix = "modprobe vfio_iommu_type1. For conflicting regions let the "
		       "guest have both devices from its start.",
	},
	{
		.id = "container-io-error",
		.title = "The driver of the mediated device refuses to start.",
		.rank = HD_RANK_BIND,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT),
		.signatures = { "Failed to set iommu for container: Input/output error" },
		.cause =
			"This errno comes from the driver behind a mediated device, "
			"such as GVT-g, not from the IOMMU.",
		.how = "The kernel's log of the same second, from the driver that "
		       "made the mediated device.",
		.fix = "Load the driver's KVM part, for GVT-g kvmgt, and make the "
		       "mediated device again.",
	},
	{
		.id = "firmware-reserves-rmrr",
		.title =
			"The firmware keeps memory mapped for this device (RMRR), so "
			"it can't be given away.",
		.rank = HD_RANK_RESERVED,
		.confirm = HD_CONFIRM_RESERVED,
		.signatures = { "Device is ineligible for IOMMU domain attach due to platform RMRR" },
		.cause =
			"The firmware, a BMC or a legacy USB emulation goes on using "
			"this device behind the kernel's back. In a guest that would "
			"break.",
		.how = "cat /sys/kernel/iommu_groups/GROUP/reserved_regions: a line "
		       "that ends with the word direct.",
		.fix = "Switch the feature off with the vendor's tool (HPE: shared "
		       "memory features with conrep), use another slot, or update the "
		       "firmware.",
		.avoid = "Kernels that are patched to ignore RMRRs, and "
			 "allow_unsafe_interrupts, which is something else.",
	},
	{
		.id = "firmware-reserves-mapping",
		.title =
			"The firmware keeps a mapping for this device, so it can't be "
			"given away.",
		.rank = HD_RANK_RESERVED,
		.confirm = HD_CONFIRM_RESERVED,
		.signatures = { "Firmware has requested this device have a 1:1 IOMMU mapping",
				"IOMMU driver was not able to establish FW requested direct mapping" },
		.cause =
			"The firmware demands that this device reaches some memory "
			"unchanged: RMRR on Intel, IVMD on AMD, RMR or iommu-addresses "
			"on ARM. A guest can't keep that promise.",
		.how = "cat /sys/kernel/iommu_groups/GROUP/reserved_regions: a line "
		       "that ends with the word direct.",
		.fix = "Switch the feature off with the vendor's tool, use another "
		       "slot, or update the firmware.",
		.avoid = "Kernels that are patched to ignore it, and "
			 "allow_unsafe_interrupts, which is something else.",
	},
	{
		.id = "no-iommu-model",
		.title = "VFIO has no IOMMU driver for this group.",
		.rank = HD_RANK_BIND,
		.follows =
			HD_AFTER(FIRMWARE) | HD_AFTER(IOMMU) | HD_AFTER(GROUP),
		.confirm = HD_CONFIRM_NO_TYPE1,
		.signatures = { "No available IOMMU models" },
		.cause =
			"vfio_iommu_type1 is not loaded, is blacklisted or not built, "
			"or the group is one without an IOMMU.",
		.how = "ls -d /sys/module/vfio_iommu_type1; zgrep VFIO /proc/config.gz",
		.fix = "modprobe vfio_iommu_type1, and remove what keeps it from "
		       "loading in /etc/modprobe.d.",
	},
	{
		.id = "group-open-missing",
		.title =
			"No device of the IOMMU group is bound to a vfio driver.",
		.rank = HD_RANK_NODE,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(FIRMWARE) |
			   HD_AFTER(IOMMU) | HD_AFTER(GROUP) |
			   HD_AFTER(REFUSED) | HD_AFTER(BIND),
		.confirm = HD_CONFIRM_NOT_VFIO,
		.signatures = { "/dev/vfio/%g: No such file",
				"lstat /dev/vfio/%g: no such file" },
		.cause =
			"The file of a group is there as long as one of its devices is "
			"on a vfio driver. The device was never bound, was given back "
			"meanwhile, or the number is one of an earlier boot.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver "
		       "/sys/bus/pci/devices/ADDRESS/iommu_group",
		.fix = "Bind the device, and look at its driver link afterwards: "
		       "drivers_probe succeeds even when no driver took it. Never "
		       "write down group numbers: they change at boot.",
		.avoid =
			"Permissions of /dev/vfio are not the reason: the file is "
			"missing.",
	},
	{
		.id = "group-busy",
		.title = "Another process has the IOMMU group open.",
		.rank = HD_RANK_OWNER,
		.follows = HD_AFTER(OOPS),
		.signatures = { "/dev/vfio/%g: Device or resource busy" },
		.cause =
			"Only one process at a time can open a group: another guest, a "
			"QEMU that hangs, DPDK or SPDK.",
		.how = "fuser -v /dev/vfio/GROUP /dev/vfio/devices/*; virt-hostdev "
		       "show ADDRESS",
		.fix = "Stop that process. A QEMU in state D waits for the device: "
		       "then only a reboot helps.",
	},
	{
		.id = "group-permission",
		.title = "QEMU may not open the file of the IOMMU group.",
		.rank = HD_RANK_NODE,
		.follows = HD_AFTER(CONFINED),
		.signatures = { "/dev/vfio/%g: Permission denied" },
		.cause =
			"libvirt's system daemon gives the file to QEMU by itself. It "
			"didn't here: QEMU was started by hand, by qemu:///session, or "
			"dynamic_ownership is 0.",
		.how = "ls -l /dev/vfio; virsh uri; grep -E "
		       "'^(user|group|dynamic_ownership)' /etc/libvirt/qemu.conf",
		.fix = "Use qemu:///system. For a session of your own add a udev rule "
		       "for SUBSYSTEM==\"vfio\".",
		.avoid =
			"user=\"root\" in qemu.conf makes every guest's QEMU root.",
	},
	{
		.id = "group-denied-by-cgroup",
		.title =
			"The device cgroup keeps QEMU from the file of the IOMMU group.",
		.rank = HD_RANK_CONFINED,
		.signatures = { "/dev/vfio/%g: Operation not permitted" },
		.cause =
			"The file's mode would allow it, the cgroup of the guest "
			"doesn't. libvirt adds the devices of <hostdev>, but not those "
			"of <qemu:commandline>.",
		.how = "grep cgroup_device_acl /etc/libvirt/qemu.conf; is the device "
		       "in <hostdev>?",
		.fix = "Write the device as <hostdev>. Otherwise list its file in "
		       "cgroup_device_acl, together with the defaults.",
		.avoid =
			"cgroup_controllers = [] takes the protection from all guests.",
	},
	{
		.id = "vfio-node-missing",
		.title =
			"The module vfio is not loaded: /dev/vfio/vfio is missing.",
		.rank = HD_RANK_NODE,
		.follows = HD_AFTER(FIRMWARE) | HD_AFTER(IOMMU),
		.confirm = HD_CONFIRM_NO_VFIO,
		.signatures = { "failed to open /dev/vfio/vfio: No such file",
				"could not open /dev/vfio/vfio: No such file" },
		.cause =
			"The vfio modules are not loaded or not built, or nothing "
			"makes device nodes here, as in containers and on Android.",
		.how = "ls -d /sys/module/vfio; grep vfio /proc/misc",
		.fix = "modprobe -a vfio vfio_iommu_type1 vfio_pci. A container must "
		       "be given the nodes; on Android ueventd makes them.",
		.avoid =
			"Permissions and groups of users are not the reason: the file "
			"is missing.",
	},
	{
		.id = "vfio-node-permission",
		.title = "QEMU may not open /dev/vfio/vfio.",
		.rank = HD_RANK_NODE,
		.follows = HD_AFTER(CONFINED),
		.signatures = { "/dev/vfio/vfio: Permission denied",
				"/dev/vfio/vfio: Operation not permitted" },
		.cause =
			"Permission denied comes from the file's mode or from AppArmor "
			"or SELinux; Operation not permitted from the device cgroup. "
			"Mode 0666 is right and safe: without a group the file grants "
			"nothing.",
		.how = "ls -l /dev/vfio/vfio; journalctl -g 'DENIED|avc'",
		.fix = "modprobe vfio restores the node with its mode; remove a udev "
		       "rule that changes it.",
	},
	{
		.id = "group-no-device",
		.title =
			"The kernel doesn't hand the device out of its IOMMU group.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(RESERVED) |
			   HD_AFTER(REFUSED) | HD_AFTER(BIND) |
			   HD_AFTER(OWNER) | HD_AFTER(NODE) | HD_AFTER(CONFIG) |
			   HD_AFTER(SRIOV),
		.confirm = HD_CONFIRM_NOT_VFIO,
		.signatures = { "error getting device from group %g" },
		.cause =
			"What the errno means: No such device, only a sibling is on "
			"vfio-pci, not this device; Permission denied and Invalid "
			"argument, a VF token is missing or the device can't be "
			"enabled; Input/output error, a mediated device doesn't start.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver; the kernel's "
		       "log of the same second",
		.fix = "Bind this device itself to vfio-pci.",
	},
	{
		.id = "group-two-address-spaces",
		.title =
			"Devices of one IOMMU group are in different address spaces of "
			"the guest.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "group %g used in multiple address spaces" },
		.cause =
			"With a virtual IOMMU each bus of the guest may have an "
			"address space of its own, but one group of the host can only "
			"be in one.",
		.how = "Compare the guest addresses of the group's devices in the "
		       "domain.",
		.fix = "Put the devices of the group on one bus of the guest, or "
		       "remove its virtual IOMMU.",
	},
	{
		.id = "device-twice",
		.title = "The guest already has this device.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "vfio %a: device is already attached",
				"device is already attached" },
		.cause =
			"The same address stands twice in the domain, or the device is "
			"plugged in a second time.",
		.how = "virsh dumpxml GUEST | grep -A5 hostdev",
		.fix = "Remove one of them.",
	},
	{
		.id = "vfio-version",
		.title = "What answers at /dev/vfio/vfio is not VFIO.",
		.rank = HD_RANK_NODE,
		.signatures = { "supported vfio version: %n, reported version:" },
		.cause =
			"Some other file lies at that path: a bind mount or a node "
			"with a wrong number.",
		.how = "ls -l /dev/vfio/vfio (10, 196)",
		.fix = "Remove the file and load vfio again.",
	},
	{
		.id = "device-gone",
		.title = "There is no device at this address.",
		.rank = HD_RANK_GROUP,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.confirm = HD_CONFIRM_ABSENT,
		.signatures = { "no such host device" },
		.cause =
			"The device moved when another one was plugged in or the "
			"firmware changed, was removed, fell off the bus, or the "
			"virtual function was not made.",
		.how = "lspci -nn; virt-hostdev pin --check GUEST names where a "
		       "pinned device is now.",
		.fix = "Write the new address into the domain: virt-hostdev rewrite "
		       "--follow-pins GUEST. Make virtual functions before the guest "
		       "starts.",
	},
	{
		.id = "noiommu-mode",
		.title =
			"VFIO runs without an IOMMU, which is unsafe and useless for "
			"guests.",
		.rank = HD_RANK_IOMMU,
		.confirm = HD_CONFIRM_NOIOMMU,
		.signatures = { "Adding kernel taint for vfio-noiommu group",
				"vfio-noiommu device opened by user" },
		.cause =
			"Somebody set enable_unsafe_noiommu_mode. Devices can then "
			"write to all memory of the host, and QEMU can't use them.",
		.how = "cat /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
		.fix = "Remove the option, switch the IOMMU on, reboot.",
	},
	{ .id = NULL },
};
