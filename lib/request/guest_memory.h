/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_GUEST_MEMORY_H
#define HD_LIB_REQUEST_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* As many as Linux can have (NODES_SHIFT of its configuration). */
#define HD_NUMA_NODES 1024

/* What a guest wants of the host's memory, in bytes. */
struct hd_guest_memory {
	uint64_t memory; /* what it may have at most; 0: not known */
	uint64_t hard_limit; /* of <memtune>; 0: none */
	uint64_t hugepage; /* size of the pages that it asks for; 0: none, 1:
			    * the host's default */
	const char *ballooning; /* what it has that doesn't go together with
				 * devices of the host, or NULL; static */
	bool bound; /* it may have memory of these NUMA nodes only */
	bool nodes[HD_NUMA_NODES];
};

#endif
