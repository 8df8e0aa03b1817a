// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include "lib/doctor/read/iort.h"

static void look_at(const struct hd_iort *iort, const struct hd_iort_node *node)
{
	for (size_t i = 0; i < node->n_mappings; i++) {
		struct hd_iort_mapping m = hd_iort_mapping_of(iort, node, i);

		if (m.target >= iort->n || m.last < m.input)
			__builtin_trap();
	}
	for (size_t i = 0; i < node->n_ranges; i++)
		hd_iort_range_of(node, i);
}

/* The table of a firmware, which nobody has checked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_IORT struct hd_iort iort = { .table = NULL };

	if (hd_iort_parse((const char *)data, size, &iort, NULL) < 0)
		return 0;
	for (size_t i = 0; i < iort.n; i++)
		look_at(&iort, &iort.nodes[i]);
	for (uint32_t segment = 0; segment < 4; segment++)
		for (uint32_t id = 0; id < 0x10000; id += 0xff) {
			struct hd_iort_way way =
				hd_iort_follow(&iort, segment, id);

			if ((way.reach == HD_IORT_BEHIND_SMMU) != !!way.smmu ||
			    (way.reach == HD_IORT_NO_ROOT) != !way.root)
				__builtin_trap();
			for (size_t i = 0; way.smmu && i < iort.n; i++)
				hd_iort_reserves(&iort, &iort.nodes[i],
						 way.smmu, way.stream);
		}
	return 0;
}
