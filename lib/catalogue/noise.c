// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What looks like a failure and is none. A line, or the part of it that is
 * written here, is then not looked at.
 */
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_noise[] = {
	/* BARs of two devices can't reach each other: no reason for anything.
	 * Of memory regions of a device QEMU only warns (hw/vfio/common.c,
	 * listener.c). */
	{
		.id = "noise-peer-to-peer",
		.rank = HD_RANK_NOISE,
		.signatures = { "warning: vfio_dma_map(%*) = -%n",
				"warning: vfio_container_dma_map(%*) = -%n",
				"pci p2p may not work",
				"IOMMU_IOAS_MAP failed: %*PCI BAR?",
				"dma_map(%*) = -%n (%*)%a: PCI peer-to-peer transactions on BARs are not supported",
				"PCI peer-to-peer transactions on BARs are not supported" },
	},
	{
		.id = "noise-region",
		.rank = HD_RANK_NOISE,
		.signatures = { "received unaligned region" },
	},
	/* The kernel waits, and tells if it gave up. A port whose link it can't
	 * see come up is waited for all the same. */
	{
		.id = "noise-reset",
		.rank = HD_RANK_NOISE,
		.signatures = { "not ready %nms after %*; waiting",
				": ready %nms after",
				"Data Link Layer Link Active not set in" },
	},
	{
		.id = "noise-interrupt",
		.rank = HD_RANK_NOISE,
		.signatures = { "Failed to enable %n MSI vectors, retry with",
				"Masking broken INTx support",
				"VF reports bogus INTx pin",
				/* In most virtual machines, and where the IOMMU
				   is off. */
				"IRQ remapping doesn't support X2APIC" },
	},
	/* Windows of bridges, I/O ports, ROMs and VFs that nobody uses. */
	{
		.id = "noise-resources",
		.rank = HD_RANK_NOISE,
		.signatures = { "bridge window [%*]: can't assign; no space",
				"bridge window [%*]: failed to assign",
				"[io size%*]: can't assign; no space",
				"ROM [mem size%*]: can't assign; no space",
				"VF BAR %n%*: can't assign; no space",
				"VF BAR %n%*: failed to assign",
				"BAR 6: failed to assign [mem",
				"BAR 6: no space for [mem",
				"BAR 14: failed to assign [mem",
				"BAR 14: no space for [mem",
				"BAR 15: failed to assign [mem",
				"BAR 15: no space for [mem" },
	},
	{
		.id = "noise-resources-vf",
		.rank = HD_RANK_NOISE,
		.signatures = { "BAR 7: failed to assign [mem",
				"BAR 7: no space for [mem",
				"BAR 8: failed to assign [mem",
				"BAR 8: no space for [mem",
				"BAR 9: failed to assign [mem",
				"BAR 9: no space for [mem",
				"BAR 10: failed to assign [mem",
				"BAR 10: no space for [mem",
				"BAR 13: failed to assign [mem",
				"BAR 13: no space for [mem" },
	},
	{
		.id = "noise-options",
		.rank = HD_RANK_NOISE,
		.signatures = { "AMD-Vi: Unknown option",
				"DMAR: Unknown option",
				"intel_iommu=strict deprecated" },
	},
	{
		.id = "noise-driver",
		.rank = HD_RANK_NOISE,
		.signatures = { "is already bound to vfio-pci",
				"IOMMUFD is providing /dev/vfio/vfio",
				"Captured SR-IOV VF %a driver_override" },
	},
	/* QEMU looks at these, and does without. */
	{
		.id = "noise-apparmor",
		.rank = HD_RANK_NOISE,
		.signatures = { "apparmor=DENIED operation=open%*profile=libvirt-%*name=/proc/",
				"apparmor=DENIED operation=open%*profile=libvirt-%*name=/sys/module/",
				"apparmor=DENIED operation=open%*profile=libvirt-%*name=/sys/devices/system/",
				"apparmor=DENIED operation=open%*profile=libvirt-%*name=/etc/" },
	},

	/* Not noise: the IOMMU is in use, whatever else is said of it. */
	{
		.id = "iommu-works",
		.rank = HD_RANK_MARKER,
		.signatures = { "Adding to iommu group %n",
				"DMAR: Intel(R) Virtualization Technology for Directed I/O",
				"AMD-Vi: Interrupt remapping enabled",
				"AMD-Vi: Found IOMMU",
				"AMD-Vi: IOMMU performance counters supported",
				"perf/amd_iommu: Detected AMD IOMMU",
				"AMD-Vi: AMD IOMMUv2 loaded" },
	},
	{ .id = NULL },
};
