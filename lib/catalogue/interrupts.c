// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_interrupts[] = {
	{
		.id = "remapping-not-enabled",
		.title = "VT-d doesn't remap interrupts on this host.",
		.rank = HD_RANK_REMAP,
		.confirm = HD_CONFIRM_NO_REMAP,
		.signatures = { "Failed to enable irq remapping",
				"DMAR-IR: Not enabling interrupt remapping",
				"does not support EIM",
				"Not enable interrupt remapping" },
		.cause =
			"The kernel tried to switch interrupt remapping on and "
			"couldn't, mostly because of the firmware. VFIO then refuses "
			"devices.",
		.how = "dmesg | grep -E 'DMAR-IR|x2apic'; /proc/interrupts has no "
		       "names that begin with IR-.",
		.fix = "Update the firmware, switch x2APIC on there, or boot with "
		       "intremap=no_x2apic_optout if it opted out.",
		.avoid =
			"allow_unsafe_interrupts lets the guest's device send "
			"interrupts to the host: only ever a conscious choice.",
	},
	{
		.id = "remapping-erratum",
		.title =
			"This chipset's interrupt remapping is broken, so the kernel "
			"leaves it off.",
		.rank = HD_RANK_REMAP,
		.confirm = HD_CONFIRM_NO_REMAP,
		.signatures = { "enabled interrupt remapping on a chipset that contains an erratum" },
		.cause =
			"Early revisions of the Intel 5500, 5520 and X58 chipsets lose "
			"interrupts with it.",
		.how = "lspci -nn -s 00:14.0",
		.fix = "There is no remedy: VFIO on this board is only possible with "
		       "allow_unsafe_interrupts, which lets a guest send interrupts "
		       "to the host. Know what that risks.",
	},
	{
		.id = "set-irqs",
		.title = "The kernel refuses to set up the device's interrupt.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(INTERRUPT),
		.signatures = { "VFIO_DEVICE_SET_IRQS failure",
				"Failed to set up TRIGGER eventfd signaling for interrupt" },
		.cause =
			"Device or resource busy: its old-style interrupt line is "
			"shared with a device of the host. No space left or Invalid "
			"argument: no vectors are left, or the device is gone.",
		.how = "grep 'IRQ' /proc/interrupts; lspci -v -s ADDRESS",
		.fix = "Let the guest use MSI, unbind the other device of that "
		       "interrupt, or use another slot.",
	},
	{
		.id = "msi-enable",
		.title =
			"QEMU can't switch the device's message interrupts on.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(INTERRUPT),
		.signatures = { "vfio: failed to enable MSI-X",
				"vfio: failed to enable vectors",
				"Failed to setup MSI fds",
				"hardware reports invalid configuration, MSIX PBA outside of specified BAR",
				"failed to get MSI-X irq info" },
		.cause =
			"The device is gone, no vectors are left on the host, or the "
			"device describes its MSI-X tables wrongly.",
		.how = "lspci -vv -s ADDRESS; the kernel's log of the same second",
		.fix = "If the PBA is outside of its BAR try x-msix-relocation of "
		       "QEMU. Otherwise see why the device is gone.",
	},
	{
		.id = "intx-shared",
		.title =
			"The device shares its old-style interrupt with a device of "
			"the host.",
		.rank = HD_RANK_INTERRUPT,
		.signatures = { "Flags mismatch irq %n.%*vfio-intx(%a)",
				"Flags mismatch irq %n.%*vfio-intx",
				"irq %n: nobody cared" },
		.cause =
			"The device can't mask its interrupt, so nobody else may use "
			"that line.",
		.how = "grep -w IRQ /proc/interrupts names who shares it.",
		.fix = "Let the guest use MSI, move the card to another slot, or "
		       "unbind the other device. vfio-pci.nointxmask=1 needs a line "
		       "that is not shared.",
	},
	{
		.id = "remap-fault",
		.title = "The IOMMU blocked an interrupt of the device.",
		.rank = HD_RANK_FAULT,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.signatures = { "[INTR-REMAP] Request device [%a] fault index",
				"INTR-REMAP: Request device [%a] fault index",
				"[INTR-REMAP] Request device [%a]" },
		.cause =
			"Reason 0x26: the interrupt came under another address than "
			"the device's, as behind some bridges. Reason 0x25: the device "
			"still sends the old format, after a reset or kexec.",
		.how = "Does lspci show a device at that address?",
		.fix = "Reset the device or power cycle the host. A bridge that "
		       "changes addresses makes its devices unfit for passthrough.",
	},
	{
		.id = "vectors-exhausted",
		.title =
			"No interrupt vectors are left for the virtual functions.",
		.rank = HD_RANK_SRIOV,
		.signatures = { "MSI-X interrupts available for SR-IOV" },
		.cause =
			"Another driver took the vectors of the device, often one for "
			"each processor of a large host.",
		.how = "cat /proc/interrupts; lspci -vv -s ADDRESS | grep MSI-X",
		.fix = "Make fewer queues in the driver (ethtool -L), or fewer "
		       "virtual functions.",
	},
	{ .id = NULL },
};
