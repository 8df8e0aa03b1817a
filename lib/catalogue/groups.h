/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_CATALOGUE_GROUPS_H
#define HD_CATALOGUE_GROUPS_H

#include "lib/catalogue/entry.h"

/* One table for each file of this folder, each ended by a row without id. */
extern const struct hd_entry hd_entries_iommu[], hd_entries_group[],
	hd_entries_binding[], hd_entries_permissions[], hd_entries_dma[],
	hd_entries_reset[], hd_entries_gpu[], hd_entries_interrupts[],
	hd_entries_faults[], hd_entries_sriov[], hd_entries_libvirt[],
	hd_entries_hooks[], hd_entries_arm[], hd_entries_iommufd[],
	hd_entries_noise[];

#endif
