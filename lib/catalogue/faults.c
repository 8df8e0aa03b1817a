// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_faults[] = {
	{
		.id = "dma-fault-intel",
		.title =
			"The IOMMU stopped the device from reaching memory that isn't "
			"mapped for it.",
		.rank = HD_RANK_FAULT,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(RESET) | HD_AFTER(OOPS),
		.signatures = { "DMAR: [DMA Read%*] Request device [%a]",
				"DMAR: [DMA Write%*] Request device [%a]",
				"DMAR: [DMA Read%*] Request device [0x",
				"DMAR: [DMA Write%*] Request device [0x" },
		.cause =
			"Just after a guest's start or end: the device still runs from "
			"before, as its reset didn't stop it. While it runs: the "
			"guest's driver, or transfers between cards. Of an address "
			"where lspci shows nothing: the device uses a second address, "
			"as some SATA controllers do. Of a host's device: a bug of its "
			"driver or firmware.",
		.how = "lspci -s ADDRESS; virt-hostdev status; when did the guest "
		       "start or end?",
		.fix = "See that the device has a reset that works (reset_method). A "
		       "device that uses a second address can't be given away without "
		       "a quirk of the kernel.",
		.avoid =
			"iommu=pt only hides faults of host devices; for guests it "
			"changes nothing.",
	},
	{
		.id = "dma-fault-amd",
		.title =
			"The IOMMU stopped the device from reaching memory that isn't "
			"mapped for it.",
		.rank = HD_RANK_FAULT,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(RESET) | HD_AFTER(OOPS),
		.signatures = { "Event logged [IO_PAGE_FAULT device=%a",
				"Event logged [IO_PAGE_FAULT" },
		.cause =
			"Just after a guest's start or end: the device still runs from "
			"before, as its reset didn't stop it. While it runs: the "
			"guest's driver, or transfers between cards. Of a host's "
			"device: a bug of its driver or firmware.",
		.how = "lspci -s ADDRESS; virt-hostdev status; when did the guest "
		       "start or end?",
		.fix = "See that the device has a reset that works (reset_method).",
		.avoid =
			"iommu=pt only hides faults of host devices; for guests it "
			"changes nothing.",
	},
	{
		.id = "amd-iommu-event",
		.title = "AMD-Vi lost contact with the device.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "Event logged [IOTLB_INV_TIMEOUT device=%a",
				"Event logged [IOTLB_INV_TIMEOUT",
				"AMD-Vi: Completion-Wait loop timed out",
				"Event logged [ILLEGAL_DEV_TABLE_ENTRY",
				"Event logged [DEV_TAB_HARDWARE_ERROR",
				"Event logged [PAGE_TAB_HARDWARE_ERROR",
				"Event logged [RMP_PAGE_FAULT" },
		.cause =
			"The IOMMU asked the device to forget old addresses and got no "
			"answer: it died, often by the reset bug of AMD graphics "
			"cards. The host may hang soon.",
		.how = "setpci -s ADDRESS 0.l prints ffffffff when it is dead.",
		.fix = "Reboot, better switch off. To find out try pci=noats.",
	},
	{
		.id = "vtd-invalidation",
		.title = "VT-d lost contact with the device.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.signatures = { "VT-d detected Invalidation Time-out Error",
				"VT-d detected Invalidation Queue Error",
				"VT-d detected Invalidation Completion Error" },
		.cause =
			"The IOMMU asked the device to forget old addresses and got no "
			"answer: it died. The number after SID is its bus, device and "
			"function.",
		.how = "setpci -s ADDRESS 0.l prints ffffffff when it is dead.",
		.fix = "Reboot, better switch off. To find out try pci=noats.",
	},
	{ .id = NULL },
};
