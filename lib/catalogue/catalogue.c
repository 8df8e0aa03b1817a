// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry *const hd_catalogue[] = {
	hd_entries_iommu,	hd_entries_group,      hd_entries_binding,
	hd_entries_permissions, hd_entries_dma,	       hd_entries_reset,
	hd_entries_gpu,		hd_entries_interrupts, hd_entries_faults,
	hd_entries_sriov,	hd_entries_libvirt,    hd_entries_hooks,
	hd_entries_arm,		hd_entries_iommufd,    hd_entries_noise,
};

const size_t hd_catalogue_n = sizeof(hd_catalogue) / sizeof(hd_catalogue[0]);
