/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_REGIONS_H
#define HD_LIB_HOST_REGIONS_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* Its first and its last address, as the kernel writes them. */
struct hd_region {
	char first[32], last[32];
};

struct hd_regions {
	struct hd_region *items;
	size_t n;
};

#define HD_AUTO_REGIONS __attribute__((cleanup(hd_regions_clear)))

/*
 * Reads what the firmware has mapped for itself for the devices of an IOMMU
 * group: RMRRs of VT-d, IVMD of AMD-Vi, "direct" in the group's
 * reserved_regions. Those that end with the firmware are "direct-relaxable"
 * (enum iommu_resv_type), and left out.
 *
 * Returns 0; -ENOENT when there is no such file; another negative errno with a
 * sentence in @err.
 */
int hd_regions_read(const struct hd_host *host, int group,
		    struct hd_regions *ret, struct hd_err *err);

void hd_regions_clear(struct hd_regions *regions);

#endif
