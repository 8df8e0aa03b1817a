// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/doctor.h"
#include "lib/doctor/read/devicetree.h"
#include "lib/doctor/read/flattree.h"
#include "lib/doctor/read/idmap.h"
#include "tests/unit/place.h"

#define BASE "sys/firmware/devicetree/base/"

/* of_map_id() of Linux 6.12, for one requester ID. */
static struct hd_id_range kernel_maps(const struct hd_id_entry *entries,
				      size_t n, uint32_t mask, uint32_t id,
				      uint32_t *out)
{
	struct hd_id_range range = { .fate = HD_ID_UNMAPPED,
				     .unit = HD_NO_UNIT };
	uint32_t masked = id & mask;

	for (size_t i = 0; i < n; i++) {
		if (entries[i].base & ~mask) {
			range.fate = HD_ID_REFUSED;
			return range;
		}
		if (masked < entries[i].base ||
		    masked >= (uint32_t)(entries[i].base + entries[i].length))
			continue;
		range.unit = entries[i].unit;
		range.fate = range.unit == HD_NO_UNIT ? HD_ID_DANGLING :
							HD_ID_MAPPED;
		*out = masked - entries[i].base + entries[i].out;
		return range;
	}
	return range;
}

/* Whether two of them become the same, looked for one by one. */
static bool kernel_shares(const struct hd_id_entry *entries, size_t n,
			  uint32_t mask, uint32_t first, uint32_t last)
{
	for (uint32_t a = first; a < last; a++)
		for (uint32_t b = a + 1; b <= last; b++) {
			uint32_t one = 0, other = 0;
			struct hd_id_range x =
				kernel_maps(entries, n, mask, a, &one);
			struct hd_id_range y =
				kernel_maps(entries, n, mask, b, &other);

			if (x.fate == HD_ID_MAPPED && y.fate == HD_ID_MAPPED &&
			    x.unit == y.unit && one == other)
				return true;
		}
	return false;
}

static void assert_follows(const struct hd_id_entry *entries, size_t n,
			   uint32_t mask, uint16_t first, uint16_t last)
{
	HD_AUTO(hd_id_ranges_clear)
	struct hd_id_ranges ranges = { .items = NULL };
	uint32_t mapped = 0, out;

	assert_int_equal(
		hd_id_map_follow(entries, n, mask, first, last, &ranges), 0);
	for (uint32_t id = 0; id < HD_REQUESTER_IDS; id++) {
		const struct hd_id_range *found =
			hd_id_ranges_find(&ranges, (uint16_t)id);
		struct hd_id_range right =
			kernel_maps(entries, n, mask, id, &out);

		if (id < first || id > last) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		if (found->fate != right.fate || found->unit != right.unit)
			fail_msg("0x%04x with the mask 0x%x: %d", (unsigned)id,
				 (unsigned)mask, (int)found->fate);
		mapped += right.fate == HD_ID_MAPPED;
	}
	assert_int_equal(ranges.mapped, mapped);
	for (size_t i = 1; i < ranges.n; i++)
		assert_int_equal(ranges.items[i].first,
				 ranges.items[i - 1].last + 1);
	if (last - first < 0x200)
		assert_int_equal(ranges.shared,
				 kernel_shares(entries, n, mask, first, last));
}

#define ALL UINT32_MAX

static void maps_as_the_kernel_does(void **state)
{
	static const struct {
		struct hd_id_entry entries[3];
		size_t n;
		uint32_t mask;
		uint16_t first, last;
		uint32_t mapped;
		bool shared;
	} cases[] = {
		{ { { 0, 0x10000, 0, 0 } }, 1, ALL, 0, 0xffff, 0x10000, false },
		{ { { 0, 0, 0, 0 } }, 0, ALL, 0, 0xffff, 0, false },
		{ { { 0, 0, 0, 0 } }, 1, ALL, 0, 0xffff, 0, false },
		{ { { 0, 1, 5, 0 }, { 0x100, 1, 6, 0 } },
		  2,
		  ALL,
		  0,
		  0xffff,
		  2,
		  false },
		/* The first that fits: what comes after it is never asked. */
		{ { { 0, 0x100, 0, 0 }, { 0x80, 0x100, 0x80, HD_NO_UNIT } },
		  2,
		  ALL,
		  0,
		  0xffff,
		  0x100,
		  false },
		/* Two have the same stream ID. */
		{ { { 0, 1, 7, 0 }, { 8, 1, 7, 0 } },
		  2,
		  ALL,
		  0,
		  0xff,
		  2,
		  true },
		{ { { 0, 1, 7, 0 }, { 8, 1, 7, 1 } },
		  2,
		  ALL,
		  0,
		  0xff,
		  2,
		  false },
		{ { { 0, 0x1000, 0x5, 0 } }, 1, 0, 0, 0xffff, 0x10000, true },
		{ { { 0, 0x10000, 0, 0 } }, 1, 0xff00, 0, 0xff, 0x100, true },
		/* The mask hides a base: from there on nothing is mapped. */
		{ { { 0, 0x10, 0, 0 }, { 0x81, 1, 0, 0 } },
		  2,
		  0xfff0,
		  0,
		  0xff,
		  0x10,
		  true },
		/* A sum beyond 32 bits fits nothing, as the kernel adds. */
		{ { { 0x100, 0xffffff80, 0, 0 } },
		  1,
		  ALL,
		  0,
		  0xffff,
		  0,
		  false },
		{ { { 0x100, 0xfffffeff, 0, 0 } },
		  1,
		  ALL,
		  0,
		  0xffff,
		  0xff00,
		  false },
		{ { { 0xffff, 1, ALL, 0 } }, 1, ALL, 0xff00, 0xffff, 1, false },
		{ { { 0x10000, 1, 0, 0 } }, 1, ALL, 0, 0xffff, 0, false },
		{ { { 0, 0x10000, ALL, 0 } },
		  1,
		  ALL,
		  0x2000,
		  0x20ff,
		  0x100,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		HD_AUTO(hd_id_ranges_clear)
		struct hd_id_ranges ranges = { .items = NULL };

		assert_int_equal(hd_id_map_follow(cases[i].entries, cases[i].n,
						  cases[i].mask, cases[i].first,
						  cases[i].last, &ranges),
				 0);
		if (ranges.mapped != cases[i].mapped ||
		    ranges.shared != cases[i].shared)
			fail_msg("case %zu: 0x%x%s", i, (unsigned)ranges.mapped,
				 ranges.shared ? ", shared" : "");
		assert_follows(cases[i].entries, cases[i].n, cases[i].mask,
			       cases[i].first, cases[i].last);
	}
}

/* The same sequence in each run. */
static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void maps_of_any_kind(void **state)
{
	static const uint32_t masks[] = { ALL,	  0xffff, 0xff00, 0xfff8,
					  0x00ff, 0x1f00, 0,	  0xf0f0 };
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct hd_id_entry entries[12];
		size_t n = next(&seed) % N_ELEMENTS(entries);
		uint32_t mask = masks[next(&seed) % N_ELEMENTS(masks)];
		uint16_t bus = (uint16_t)(next(&seed) % 0x100);

		for (size_t j = 0; j < n; j++) {
			entries[j].base = next(&seed) % 0x10100;
			/* Most of them fit the mask. */
			if (next(&seed) % 8)
				entries[j].base &= mask;
			entries[j].length = next(&seed) % 8 ?
						    next(&seed) % 0x2000 :
						    ALL - next(&seed);
			entries[j].out = next(&seed) % 0x3000;
			entries[j].unit =
				next(&seed) % 5 ? next(&seed) % 2 : HD_NO_UNIT;
		}
		assert_follows(entries, n, mask, 0, 0xffff);
		assert_follows(entries, n, mask, (uint16_t)(bus << 8),
			       (uint16_t)(bus << 8 | 0xff));
	}
}

/* A tree that is being made. */
#define TREE_SIZE 4096

static void make_tree(void *data, uint32_t cells, const uint32_t *map, size_t n)
{
	fdt32_t big[32];

	for (size_t i = 0; i < n; i++)
		big[i] = cpu_to_fdt32(map[i]);
	assert_int_equal(fdt_create(data, TREE_SIZE), 0);
	assert_int_equal(fdt_finish_reservemap(data), 0);
	fdt_begin_node(data, "");
	fdt_property_string(data, "compatible", "example,board");
	fdt_begin_node(data, "smmu@1");
	fdt_property_string(data, "compatible", "arm,mmu-500");
	fdt_property(data, "dma-coherent", "", 0);
	fdt_property_u32(data, "phandle", 1);
	fdt_property_u32(data, "#iommu-cells", cells);
	fdt_end_node(data);
	fdt_begin_node(data, "pcie@2");
	fdt_property_string(data, "device_type", "pci");
	fdt_property(data, "iommu-map", big, (int)(n * sizeof(big[0])));
	fdt_end_node(data);
	fdt_end_node(data);
	assert_int_equal(fdt_finish(data), 0);
}

static void parse(const void *data, struct hd_devicetree *tree)
{
	HD_AUTO_FLAT_TREE struct hd_flat_tree flat = { NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

	if (hd_flat_tree_parse(data, fdt_totalsize(data), "FILE", &flat, &err) <
	    0)
		fail_msg("%s", hd_err_message(&err));
	assert_int_equal(hd_devicetree_parse(&flat, tree), 0);
	assert_int_equal(tree->n_hosts, 1);
	assert_int_equal(tree->n_units, 1);
}

/* How many cells an entry has hangs on the IOMMU, and on what is written. */
static void entries_of_one_and_two_cells(void **state)
{
	static const struct {
		uint32_t cells, map[16];
		size_t n, entries;
		bool wide, broken;
		uint32_t mapped;
	} cases[] = {
		{ 1, { 0, 1, 5, 0x100 }, 4, 1, false, false, 0x100 },
		{ 1, { 0, 1, 5, 1, 8, 1, 6, 1 }, 8, 2, false, false, 2 },
		{ 1, { 0, 1, 5, 0x100, 9 }, 5, 0, false, true, 0 },
		{ 1, { 0 }, 0, 0, false, true, 0 },
		{ 2, { 0, 1, 5, 0x7f, 0x100 }, 5, 1, true, false, 0x100 },
		/* The kernel takes these for what was meant. */
		{ 2, { 0, 1, 5, 1, 8, 1, 6, 1 }, 8, 2, false, false, 2 },
		/* And these not. */
		{ 2, { 0, 1, 5, 1, 8, 1, 6, 2 }, 8, 0, true, true, 0 },
		{ 0, { 0, 1, 5, 0x100 }, 4, 1, false, false, 0x100 },
		{ 1, { 0, 9, 5, 0x100 }, 4, 1, false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		HD_AUTO_DEVICETREE struct hd_devicetree tree = {
			.there = false
		};
		HD_AUTOFREE void *data = malloc(TREE_SIZE);
		const struct hd_map *map;

		make_tree(data, cases[i].cells, cases[i].map, cases[i].n);
		parse(data, &tree);
		map = &tree.hosts[0].iommu;
		if (map->n != cases[i].entries || map->wide != cases[i].wide ||
		    map->broken != cases[i].broken ||
		    map->ids.mapped != cases[i].mapped)
			fail_msg("case %zu: %zu entries, 0x%x mapped%s", i,
				 map->n, (unsigned)map->ids.mapped,
				 map->broken ? ", broken" : "");
	}
}

/* Looks at all of it; 0 when it is taken. */
static int try(const void *data, size_t length)
{
	HD_AUTO_DEVICETREE struct hd_devicetree tree = { .there = false };
	HD_AUTO_FLAT_TREE struct hd_flat_tree flat = { NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE void *copy = malloc(length + !length);
	int r;

	/* Of its own, so that a read beyond its end is seen. */
	memcpy(copy, data, length);
	r = hd_flat_tree_parse(copy, length, "FILE", &flat, &err);
	if (r < 0) {
		assert_non_null(strstr(hd_err_message(&err), "FILE "));
		return r;
	}
	return hd_devicetree_parse(&flat, &tree);
}

static void cut_short_everywhere(void **state)
{
	static const uint32_t entries[] = { 0, 1, 5, 0x100 };
	HD_AUTOFREE void *data = malloc(TREE_SIZE);
	size_t size;

	(void)state;
	make_tree(data, 1, entries, N_ELEMENTS(entries));
	size = fdt_totalsize(data);
	assert_int_equal(try(data, size), 0);
	for (size_t n = 0; n < size; n++) {
		HD_AUTOFREE char *copy = malloc(size);

		assert_int_not_equal(try(data, n), 0);
		/* The same, which says of itself that it is whole. */
		memcpy(copy, data, size);
		fdt_set_totalsize(copy, (uint32_t)n);
		assert_int_not_equal(try(copy, n), 0);
	}
}

static void damaged_everywhere(void **state)
{
	static const uint32_t entries[] = { 0, 1, 5, 0x100 };
	HD_AUTOFREE unsigned char *data = malloc(TREE_SIZE);
	size_t size;

	(void)state;
	make_tree(data, 1, entries, N_ELEMENTS(entries));
	size = fdt_totalsize(data);
	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			data[i] ^= (unsigned char)(1 << bit);
			try(data, size);
			data[i] ^= (unsigned char)(1 << bit);
		}
	assert_int_equal(try(data, size), 0);
}

static const struct hd_checkup *find(const struct hd_diagnosis *diagnosis,
				     const char *id)
{
	for (size_t i = 0; i < diagnosis->n; i++)
		if (strcmp(diagnosis->items[i].id, id) == 0)
			return &diagnosis->items[i];
	fail_msg("there is no row %s", id);
	return NULL;
}

/*
 * Where the kernel's log says that the hardware isn't what its node says. That
 * the host lives is a lie here.
 */
static void a_faked_property_is_called_so(void **state)
{
	static const struct {
		const char *log;
		enum hd_health health;
		const char *words;
	} cases[] = {
		{ "4,1,1,-;arm-smmu-v3 a.0: IDR0.COHACC overridden by FW configuration (true)\n",
		  HD_WARN, "faked dma-coherent" },
		{ "4,1,1,-;arm-smmu-v3 a.0: IDR0.COHACC overridden by FW configuration (false)\n",
		  HD_PASS, "log" },
		{ "4,1,1,-;nothing\n", HD_PASS, "log" },
		{ NULL, HD_UNREAD, "/dev/kmsg" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		const struct hd_doctor_request request = { .subject =
								   HD_OF_HOST };
		HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis = {
			.items = NULL
		};
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		const struct hd_checkup *row;
		struct place *place;

		place_set_up((void **)&place);
		place_write(place, "proc/cpuinfo", "CPU implementer\t: 0x41\n",
			    24);
		place_write(place, BASE "compatible", "example,board", 14);
		if (cases[i].log)
			place_write(place, "dev/kmsg", cases[i].log,
				    strlen(cases[i].log));
		place->host.live = true;
		if (hd_doctor_run(&place->host, &request, &diagnosis, &err) < 0)
			fail_msg("%s", hd_err_message(&err));
		row = find(&diagnosis, "tree-coherent-true");
		if (row->health != cases[i].health ||
		    !strstr(row->detail, cases[i].words))
			fail_msg("case %zu: %s: %s", i,
				 hd_health_name(row->health), row->detail);
		place_tear_down((void **)&place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_as_the_kernel_does),
		cmocka_unit_test(maps_of_any_kind),
		cmocka_unit_test(entries_of_one_and_two_cells),
		cmocka_unit_test(cut_short_everywhere),
		cmocka_unit_test(damaged_everywhere),
		cmocka_unit_test(a_faked_property_is_called_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
