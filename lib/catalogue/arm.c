// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_arm[] = {
	{
		.id = "arm-no-hyp",
		.title = "KVM doesn't work: the kernel was not started at EL2.",
		.rank = HD_RANK_FIRMWARE,
		.confirm = HD_CONFIRM_NO_KVM,
		.signatures = { "HYP mode not available",
				"KVM disabled from command line",
				"error initializing Hyp mode" },
		.cause =
			"The boot loader entered the kernel at EL1, another hypervisor "
			"such as Gunyah has EL2, or kvm-arm.mode=none says so.",
		.how = "dmesg | grep 'All CPU(s) started at'; ls /dev/kvm",
		.fix = "Only firmware that starts the kernel at EL2 helps; remove "
		       "kvm-arm.mode=none.",
		.avoid = "No option of the kernel's build changes it: "
			 "CONFIG_KVM_ARM_HOST no longer exists.",
	},
	{
		.id = "smmu-context-fault",
		.title =
			"The SMMU stopped a device from reaching memory that isn't "
			"mapped for it.",
		.rank = HD_RANK_FAULT,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(RESET),
		.signatures = { "Unhandled context fault: fsr=" },
		.cause =
			"SID or cbfrsynra is the device: the iommu-map of the PCI host "
			"in the device tree tells which. It still runs from before a "
			"reset, or its driver is wrong.",
		.how = "grep . /sys/firmware/devicetree/base/*/iommu-map; when did "
		       "the guest start or end?",
		.fix = "See that the device is reset before and after a guest.",
	},
	{
		.id = "smmu-unknown-stream",
		.title =
			"The SMMU blocks a device that the device tree doesn't map.",
		.rank = HD_RANK_GROUP,
		.signatures = { "Blocked unknown Stream ID",
				"Unexpected global fault, this could be serious" },
		.cause =
			"iommu-map of the PCI host doesn't cover the device's "
			"requester id, so the device has no group and its DMA is "
			"blocked.",
		.how = "ls -l /sys/bus/pci/devices/*/iommu_group; the iommu-map "
		       "property of the PCI host",
		.fix = "Correct iommu-map in the device tree, which is the vendor's "
		       "to do.",
		.avoid =
			"arm-smmu.disable_bypass=0 removes the protection, and gives "
			"no group.",
	},
	{
		.id = "smmuv3-mapping",
		.title =
			"The SMMU doesn't know the device: the firmware maps it "
			"wrongly.",
		.rank = HD_RANK_FIRMWARE,
		.signatures = { "event: C_BAD_STREAMID client: %a",
				"event: C_BAD_STE client: %a",
				"event: F_STREAM_DISABLED client: %a",
				"arm-smmu-v3%*event 0x02 received",
				"arm-smmu-v3%*event 0x04 received",
				"arm-smmu-v3%*event 0x06 received",
				"event: C_BAD_STREAMID client",
				"event: C_BAD_STE client",
				"event: F_STREAM_DISABLED client" },
		.cause =
			"The stream id that the device sends isn't what the device "
			"tree or the IORT table say.",
		.how = "iommu-map in the device tree, or the IORT table",
		.fix = "Update the firmware or the device tree.",
	},
	{
		.id = "smmuv3-fault",
		.title =
			"The SMMU stopped a device from reaching memory that isn't "
			"mapped for it.",
		.rank = HD_RANK_FAULT,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(RESET),
		.signatures = { "event: F_TRANSLATION client: %a",
				"arm-smmu-v3%*event 0x10 received",
				"arm-smmu-v3%*event 0x13 received",
				"event: F_PERMISSION client: %a",
				"event: F_TRANSLATION client" },
		.cause =
			"The device still runs from before a reset, or its driver is "
			"wrong. In older kernels the upper half of the first number "
			"after the line is the stream id.",
		.how = "When did the guest start or end? iommu-map tells which device "
		       "has a stream id.",
		.fix = "See that the device is reset before and after a guest.",
	},
	{
		.id = "smmu-setup",
		.title =
			"The SMMU isn't set up, as the firmware describes it wrongly.",
		.rank = HD_RANK_FIRMWARE,
		.signatures = { "out of range for SMMU (0x",
				"SMR mask 0x%* out of range",
				"failed to allocate l2 stream table for SID",
				"missing #global-interrupts property",
				"not probing due to mismatched DT properties",
				"deprecated mmu-masters DT property in use",
				"context irq(s) but %n required",
				"stream-matching supported, but no SMRs present",
				"arm-smmu%*failed to get clocks" },
		.cause =
			"Stream ids, interrupts or clocks of the SMMU in the device "
			"tree or IORT don't fit the hardware.",
		.how = "dmesg | grep arm-smmu; ls /sys/class/iommu",
		.fix = "Update the firmware or the device tree.",
	},
	{
		.id = "smmu-stream-shared",
		.title =
			"The SMMU can't tell the device from another one behind the "
			"same bridge.",
		.rank = HD_RANK_GROUP,
		.confirm = HD_CONFIRM_NO_GROUP,
		.signatures = { "%a: stream %n already in tree from dev" },
		.cause =
			"Behind a bridge from PCI Express to PCI all requests have "
			"the bridge's number, so both devices have one stream id. The "
			"kernel's SMMUv3 driver gives it to the first one it finds; "
			"the other has no IOMMU group, and can't go to a guest.",
		.how = "lspci -tv shows the bridge; the number after \"stream\" is "
		       "the bus below it times 256",
		.fix = "Put the card into another slot, one without such a bridge, or "
		       "use a PCI Express card. No firmware update helps.",
	},
	{
		.id = "dt-iommu-map",
		.title = "The PCI host's iommu-map doesn't cover the device.",
		.rank = HD_RANK_GROUP,
		.signatures = { "Error: Bad iommu-map length",
				"Error: Bad msi-map length",
				"Invalid iommu-map translation",
				"Invalid msi-map translation",
				"no iommu-map translation for id",
				"no msi-map translation for id" },
		.cause =
			"Of PCI devices the kernel only believes iommu-map of their "
			"host. What it doesn't cover bypasses the IOMMU and has no "
			"group.",
		.how = "The iommu-map property below /sys/firmware/devicetree/base",
		.fix = "Correct iommu-map in the device tree, which is the vendor's "
		       "to do.",
		.avoid =
			"A plain iommus property on the PCI host gives its devices no "
			"group, and iommu.passthrough=1 bypasses the IOMMU.",
	},
	{
		.id = "smmu-hang",
		.title = "The SMMU itself hangs.",
		.rank = HD_RANK_DEAD,
		.signatures = { "TLB sync timed out -- SMMU may be deadlocked",
				"arm-smmu-v3%*CMDQ timeout",
				"CMD_SYNC timeout at",
				"arm-smmu-v3%*CMDQ error",
				"EVTQ overflow detected",
				"device has entered Service Failure Mode",
				"GBPA not responding to update" },
		.cause =
			"It lost its clock or power, or waits for a device that is "
			"gone.",
		.how = "dmesg | grep arm-smmu",
		.fix = "Reboot; keep the SMMU's power domain on.",
	},
	{
		.id = "platform-no-reset",
		.title = "VFIO knows no reset for this platform device.",
		.rank = HD_RANK_RESET,
		.signatures = { "No reset function found for device",
				"vfio-platform%*no reset function found",
				"reset driver is required and reset call failed in open",
				"Cannot retrieve compat for",
				"ACPI companion device not found for" },
		.cause =
			"Devices of the chip, unlike PCI devices, each need a reset "
			"driver of their own.",
		.how = "ls /lib/modules/$(uname -r)/kernel/drivers/vfio/platform/reset",
		.fix = "Load the reset driver of this device. "
		       "vfio-platform.reset_required=0 goes without, and leaves its "
		       "DMA running.",
	},
	{
		.id = "platform-device",
		.title =
			"This QEMU can't take the device as a platform device.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "this isn't a platform device",
				"vfio error: %*wrong host device name",
				"-device vfio-platform is deprecated" },
		.cause =
			"The name is not one of /sys/bus/platform/devices, or QEMU no "
			"longer supports it.",
		.how = "ls /sys/bus/platform/devices",
		.fix = "Write the device's name as it stands there.",
	},
	{
		.id = "qcom-smmu",
		.title = "A vendor's firmware keeps this SMMU.",
		.rank = HD_RANK_FIRMWARE,
		.signatures = { "missing qcom,iommu-secure-id property",
				"qcom%*secure init failed",
				"cannot attach to IOMMU, is it on the same bus" },
		.cause =
			"The secure world owns the contexts of this SMMU, so they "
			"can't be given to a guest.",
		.how = "dmesg | grep -i iommu",
		.fix = "Only the vendor's firmware can change that.",
	},
	{
		.id = "no-intx",
		.title = "The PCI host has no old-style interrupts.",
		.rank = HD_RANK_INTERRUPT,
		.signatures = { "no interrupt-map found, INTx interrupts not available" },
		.cause =
			"Its device tree has no interrupt-map. Devices that can't do "
			"MSI don't work behind it.",
		.how = "lspci -vv | grep MSI",
		.fix = "Use a device that does MSI.",
	},
	{ .id = NULL },
};
