// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_iommu[] = {
	{
		.id = "passthrough-unsupported",
		.title = "libvirt finds no IOMMU group on this host.",
		.rank = HD_RANK_IOMMU,
		.follows = HD_AFTER(FIRMWARE),
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "host doesn't support passthrough of host PCI devices",
				"host does not support passthrough of host PCI devices" },
		.cause =
			"libvirt only looks whether /sys/kernel/iommu_groups has "
			"entries. It has none: the IOMMU is off in the firmware, off "
			"on the kernel's command line, has no driver in this kernel, "
			"or libvirt runs in a container without that folder.",
		.how = "ls /sys/kernel/iommu_groups /sys/class/iommu; cat "
		       "/proc/cmdline",
		.fix = "Switch VT-d, AMD-Vi or the SMMU on in the firmware. On Intel "
		       "boot with intel_iommu=on. Then reboot.",
		.avoid =
			"Changing user or group in qemu.conf, or installing libvirt "
			"again, can't help.",
	},
	{
		.id = "vfio-unsupported",
		.title = "libvirt finds no VFIO on this host.",
		.rank = HD_RANK_IOMMU,
		.follows = HD_AFTER(FIRMWARE),
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "host doesn't support VFIO PCI passthrough",
				"VFIO device assignment is currently not supported on this system" },
		.cause =
			"libvirt calls VFIO supported when the host has at least one "
			"IOMMU group. It has none.",
		.how = "ls /sys/kernel/iommu_groups /sys/class/iommu; cat "
		       "/proc/cmdline",
		.fix = "Switch VT-d, AMD-Vi or the SMMU on in the firmware. On Intel "
		       "boot with intel_iommu=on. Then reboot.",
	},
	{
		.id = "no-iommu-group",
		.title = "The device is in no IOMMU group.",
		.rank = HD_RANK_GROUP,
		.follows = HD_AFTER(FIRMWARE) | HD_AFTER(IOMMU),
		.confirm = HD_CONFIRM_NO_GROUP,
		.signatures = { "no iommu_group found" },
		.cause =
			"Only a device behind an IOMMU has a group, and VFIO needs "
			"one. The IOMMU is off, or this one device is not behind it: "
			"on ARM the device tree doesn't map it, on Intel igfx_off "
			"takes the graphics out, in a guest there is no virtual IOMMU.",
		.how = "ls -l /sys/bus/pci/devices/*/iommu_group shows whether others "
		       "have one.",
		.fix = "When no device has a group, switch the IOMMU on in the "
		       "firmware and the kernel. When only this one has none, the "
		       "platform can't give it away; in a nested guest add a virtual "
		       "IOMMU with caching mode.",
		.avoid =
			"enable_unsafe_noiommu_mode doesn't help: QEMU can't use such "
			"groups.",
	},
	{
		.id = "validate-no-table",
		.title =
			"virt-host-validate finds no IOMMU table of the firmware.",
		.rank = HD_RANK_IOMMU,
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "No ACPI DMAR table found",
				"No ACPI IVRS table found",
				"No ACPI IORT table found",
				"Checking for device assignment IOMMU support%*No SMMU found" },
		.cause =
			"The firmware describes no IOMMU: it is switched off there, or "
			"the board has none. On ARM this check knows ACPI only, so "
			"with a device tree it fails even where the SMMU works.",
		.how = "ls /sys/class/iommu /sys/kernel/iommu_groups says whether "
		       "there is an IOMMU after all.",
		.fix = "Switch VT-d or AMD-Vi on in the firmware, then power the host "
		       "off and on. With a device tree believe /sys/class/iommu.",
	},
	{
		.id = "validate-kernel-off",
		.title =
			"virt-host-validate finds the IOMMU switched off in the kernel.",
		.rank = HD_RANK_IOMMU,
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "IOMMU appears to be disabled in kernel",
				"IOMMU capability not compiled into kernel" },
		.cause =
			"The firmware has an IOMMU, but the kernel made no groups: it "
			"isn't switched on, or its driver isn't built in.",
		.how = "cat /proc/cmdline; ls /sys/kernel/iommu_groups",
		.fix = "On Intel add intel_iommu=on to the kernel's command line, on "
		       "AMD remove amd_iommu=off and iommu=off. Write the "
		       "configuration of the boot loader that is really used, reboot, "
		       "and look at /proc/cmdline.",
		.avoid =
			"iommu=pt switches nothing on, and amd_iommu=on is no option.",
	},
	{
		.id = "intel-half-enabled",
		.title =
			"The kernel was told to use VT-d, but the firmware doesn't "
			"offer it.",
		.rank = HD_RANK_FIRMWARE,
		.confirm = HD_CONFIRM_NO_DMAR,
		.unless = "iommu-works",
		.signatures = { "DMAR: IOMMU enabled" },
		.cause =
			"This line only says that intel_iommu=on was read. The lines "
			"of a VT-d that works are missing: VT-d is off in the "
			"firmware, or there is no DMAR table.",
		.how = "ls /sys/firmware/acpi/tables/DMAR /sys/class/iommu",
		.fix = "Switch VT-d on in the firmware. It is another switch than "
		       "VT-x.",
		.avoid = "This line alone proves nothing.",
	},
	{
		.id = "intel-tables-broken",
		.title =
			"The firmware's DMAR table is broken, so VT-d is not used.",
		.rank = HD_RANK_FIRMWARE,
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "DMAR:%*Your BIOS is broken",
				"DMAR: No DRHD structure",
				"DMAR: Parse DMAR table failure",
				"DMAR: Invalid DMAR haw",
				"DMAR: No DMAR devices found",
				"DMAR: Initialization failed",
				"DMAR: Can't validate DRHD address",
				"broken; bad RMRR" },
		.cause =
			"The kernel can't make sense of what the firmware says about "
			"VT-d.",
		.how = "dmesg | grep DMAR; ls /sys/class/iommu",
		.fix = "Update the firmware. Without a good table these IOMMUs can't "
		       "be used for passthrough.",
		.avoid =
			"iommu=soft is a switch of the kernel's bounce buffers; it "
			"repairs nothing.",
	},
	{
		.id = "amd-tables-broken",
		.title =
			"The firmware's IVRS table is broken, so AMD-Vi is not used.",
		.rank = HD_RANK_FIRMWARE,
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "AMD-Vi:%*IVRS table error",
				"AMD-Vi:%*Failed to initialize IOMMU Hardware",
				"AMD-Vi:%*IVRS invalid checksum" },
		.cause =
			"The kernel can't make sense of what the firmware says about "
			"the IOMMU, or the IOMMU doesn't start.",
		.how = "dmesg | grep AMD-Vi; ls /sys/class/iommu",
		.fix = "Update the firmware.",
	},
	{
		.id = "amd-remapping-lost",
		.title =
			"The firmware's IVRS table lacks an IOAPIC, so AMD-Vi remaps "
			"no interrupts.",
		.rank = HD_RANK_REMAP,
		.confirm = HD_CONFIRM_NO_REMAP,
		.signatures = { "AMD-Vi:%*not in IVRS table",
				"AMD-Vi:%*No southbridge IOAPIC found",
				"AMD-Vi:%*Disabling interrupt remapping" },
		.cause =
			"The kernel needs to know which IOAPIC is behind which IOMMU. "
			"The firmware doesn't say it, so interrupt remapping stays "
			"off, and VFIO then refuses devices.",
		.how = "dmesg | grep AMD-Vi; /proc/interrupts has no names that begin "
		       "with IR-.",
		.fix = "Update the firmware, or say it on the kernel's command line "
		       "with ivrs_ioapic=ID@SEGMENT:BUS:DEVICE.FUNCTION.",
		.avoid =
			"Try that before allow_unsafe_interrupts, which lets a guest "
			"send interrupts to the host.",
	},
	{
		.id = "amd-iommu-with-sme",
		.title =
			"The kernel switched AMD-Vi off, as memory encryption or this "
			"processor demands.",
		.rank = HD_RANK_FIRMWARE,
		.confirm = HD_CONFIRM_NO_GROUPS,
		.signatures = { "IOMMU not currently supported when SME is active",
				"Disable IOMMU on Stoney Ridge",
				"SNP: IOMMU disabled" },
		.cause =
			"With this memory encryption, or on this processor family, the "
			"kernel doesn't use the IOMMU.",
		.how = "cat /proc/cmdline (mem_encrypt=); dmesg | grep -i encrypt",
		.fix = "Boot with mem_encrypt=off where memory encryption isn't "
		       "needed. With SNP remove iommu=off and iommu=pt. On Stoney "
		       "Ridge nothing helps.",
	},
	{
		.id = "iommu-unit-ignored",
		.title = "The kernel ignores one IOMMU of this host.",
		.rank = HD_RANK_FIRMWARE,
		.signatures = { "No supported address widths. Not attempting DMA translation",
				"Cannot get a valid agaw for iommu" },
		.cause =
			"That unit offers no address width that the kernel can use. "
			"Devices behind it get no IOMMU group.",
		.how = "dmesg | grep DMAR; which devices lack "
		       "/sys/bus/pci/devices/*/iommu_group?",
		.fix = "Update the firmware, or move the device to a slot behind "
		       "another unit.",
	},
	{
		.id = "kvm-missing",
		.title = "KVM can't be used.",
		.rank = HD_RANK_FIRMWARE,
		.confirm = HD_CONFIRM_NO_KVM,
		.signatures = { "Could not access KVM kernel module",
				"VMX not supported by CPU",
				"SVM not supported by CPU",
				"VMX (outside TXT) disabled by BIOS",
				"SVM disabled (by BIOS) in MSR_VM_CR" },
		.cause =
			"The processor's virtualization is off in the firmware, KVM's "
			"module isn't loaded, or QEMU may not open /dev/kvm. This is "
			"another switch than the IOMMU's.",
		.how = "ls -l /dev/kvm; grep -c -E 'vmx|svm' /proc/cpuinfo",
		.fix = "Switch VT-x or SVM on in the firmware, then modprobe "
		       "kvm_intel or kvm_amd. In a guest let the outer host nest.",
	},
	{ .id = NULL },
};
