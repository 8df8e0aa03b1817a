/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_IORT_H
#define HD_LIB_DOCTOR_READ_IORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/seen.h"
#include "lib/host/addr.h"
#include "lib/host/host.h"
#include "lib/host/sysfs.h"

/*
 * ACPI's IO Remapping Table (Arm DEN 0049): which SMMU a device of an arm64
 * host with ACPI is behind, and which ITS gets its interrupts. Its nodes are
 * chained by mappings of IDs: requester ID of a root complex, stream ID of an
 * SMMU, device ID of an ITS. What is made of it is what Linux makes of it
 * (drivers/acpi/arm64/iort.c).
 */
#define HD_IORT_PATH HD_SYSFS_ACPI_TABLES "/IORT"

/* No table is larger. */
#define HD_IORT_LIMIT ((size_t)1024 * 1024)

enum hd_iort_type {
	HD_IORT_ITS = 0,
	HD_IORT_NAMED = 1, /* a component with a path in ACPI's namespace */
	HD_IORT_ROOT = 2, /* a root complex of PCI */
	HD_IORT_SMMU = 3, /* SMMUv1 or v2 */
	HD_IORT_SMMU_V3 = 4,
	HD_IORT_PMCG = 5, /* counters of an SMMU */
	HD_IORT_RMR = 6, /* memory that devices reach without translation */
	HD_IORT_TYPES = 7, /* later ones are kept, and lead nowhere */
};

struct hd_iort_node {
	unsigned type;
	uint32_t offset; /* in the table */
	const unsigned char *mappings; /* in the table, see
					* hd_iort_mapping_of() */
	size_t n_mappings;
	size_t own; /* the mapping of an SMMU's own interrupts, which is for no
		     * other ID; @n_mappings when there is none */

	uint32_t segment; /* of HD_IORT_ROOT: the PCI domain */
	bool ats; /* of HD_IORT_ROOT */
	uint64_t base; /* of SMMUs: where its registers are */
	/*
	 * HD_IORT_SMMU_V3: COHACC override, without which Linux takes its walk
	 * of tables for not coherent. HD_IORT_SMMU: coherent table walk.
	 * HD_IORT_ROOT, HD_IORT_NAMED: CCA of its memory properties.
	 */
	bool coherent;
	const unsigned char *ranges; /* of HD_IORT_RMR, see
				      * hd_iort_range_of() */
	size_t n_ranges;
};

struct hd_iort_mapping {
	uint32_t input, last; /* the first and the last ID */
	uint32_t output; /* what @input becomes */
	size_t target; /* index of the node that it leads to */
	bool single; /* every ID becomes @output */
};

struct hd_iort_range {
	uint64_t base, length;
};

struct hd_iort {
	char *table; /* owned */
	struct hd_iort_node *nodes; /* in the order of the table; owned */
	size_t n;
	bool checksum_wrong; /* of which Linux warns, and goes on */
};

#define HD_AUTO_IORT __attribute__((cleanup(hd_iort_clear)))

/*
 * Reads a table of @length bytes, which are copied. Every node, mapping and
 * range lies within the table, and every mapping leads to where a node begins;
 * of ranges within, overlaps don't matter.
 *
 * Returns 0; -EBADMSG with a sentence in @err when the table isn't like that;
 * -ENOMEM.
 */
int hd_iort_parse(const char *data, size_t length, struct hd_iort *ret,
		  struct hd_err *err);

/*
 * The same for the host's. Absent without a sentence; unknown, with one, when
 * it can't be read or isn't sound (-EBADMSG).
 */
HD_LOOK struct hd_seen hd_iort_read(const struct hd_host *host,
				    struct hd_iort *ret, struct hd_err *err);

struct hd_iort_mapping hd_iort_mapping_of(const struct hd_iort *iort,
					  const struct hd_iort_node *node,
					  size_t i);

struct hd_iort_range hd_iort_range_of(const struct hd_iort_node *node,
				      size_t i);

/* How many nodes of a type there are. */
size_t hd_iort_count(const struct hd_iort *iort, enum hd_iort_type type);

/* How far a requester ID gets. */
enum hd_iort_reach {
	HD_IORT_NO_ROOT, /* no root complex is of its segment */
	HD_IORT_NO_MAPPING, /* its root complex doesn't map it */
	HD_IORT_NO_SMMU, /* mapped, but to no SMMU: straight to an ITS */
	HD_IORT_BEHIND_SMMU,
};

/* The way of a requester ID through the table. */
struct hd_iort_way {
	enum hd_iort_reach reach;
	const struct hd_iort_node *root, *smmu, *its; /* NULL where it doesn't
						       * get */
	uint32_t stream; /* its ID at @smmu */
	/*
	 * Linux takes the first root complex of a segment for all of it. This
	 * one is mapped to an SMMU by another one of the same segment.
	 */
	bool by_later_root;
};

/* @requester is bus << 8 | slot << 3 | function. */
struct hd_iort_way hd_iort_follow(const struct hd_iort *iort, uint32_t segment,
				  uint32_t requester);

/* The same for a function itself; bridges above it may speak for it. */
struct hd_iort_way hd_iort_follow_device(const struct hd_iort *iort,
					 struct hd_addr addr);

/* What a function calls itself: bus << 8 | slot << 3 | function. */
uint32_t hd_iort_requester(struct hd_addr addr);

/* Whether an RMR node is about this stream of this SMMU. */
bool hd_iort_reserves(const struct hd_iort *iort,
		      const struct hd_iort_node *rmr,
		      const struct hd_iort_node *smmu, uint32_t stream);

void hd_iort_clear(struct hd_iort *iort);

#endif
