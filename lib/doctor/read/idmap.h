/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_IDMAP_H
#define HD_LIB_DOCTOR_READ_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What "iommu-map" and "msi-map" make of the requester IDs of a PCI host
 * (Documentation/devicetree/bindings/pci/pci-iommu.txt, pci-msi.txt), as the
 * kernel reads them: of_map_id(), drivers/of/base.c.
 */

/* Bus, device and function: there are no more. */
#define HD_REQUESTER_IDS 0x10000u

/* The unit of an entry that names a phandle which no node has. */
#define HD_NO_UNIT SIZE_MAX

/* One entry, in their order: the first that fits decides. */
struct hd_id_entry {
	uint32_t base; /* of requester IDs, after the mask */
	uint32_t length;
	uint32_t out; /* what @base becomes: a stream ID, a device ID */
	size_t unit; /* which IOMMU, or HD_NO_UNIT */
};

/* What becomes of a requester ID. */
enum hd_id_fate {
	HD_ID_UNMAPPED, /* no entry fits: it goes past the IOMMU */
	HD_ID_MAPPED,
	HD_ID_DANGLING, /* to a node that isn't there */
	HD_ID_REFUSED, /* the mask hides an entry's base: the kernel gives up */
};

/* Requester IDs, one after the other, of which the same is to be said. */
struct hd_id_range {
	uint16_t first, last;
	enum hd_id_fate fate;
	size_t unit; /* of HD_ID_MAPPED */
};

struct hd_id_ranges {
	struct hd_id_range *items; /* all of @first to @last; owned */
	size_t n;
	uint32_t mapped; /* how many requester IDs are */
	bool shared; /* two of them become the same */
	uint16_t one, other; /* those two */
};

/*
 * Follows the requester IDs from @first to @last. Returns 0 or -ENOMEM.
 *
 * @mask  what of a requester ID counts; all of it without a property
 */
int hd_id_map_follow(const struct hd_id_entry *entries, size_t n, uint32_t mask,
		     uint16_t first, uint16_t last, struct hd_id_ranges *ret);

/* What becomes of one of them; NULL when it isn't among them. */
const struct hd_id_range *hd_id_ranges_find(const struct hd_id_ranges *ranges,
					    uint16_t id);

void hd_id_ranges_clear(struct hd_id_ranges *ranges);

#endif
