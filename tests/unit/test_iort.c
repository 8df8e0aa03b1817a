// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/iort.h"

#define SINGLE 1

/* A table that is being made. */
struct table {
	char data[1024];
	size_t n;
	uint32_t node; /* where the last node begins */
};

static void put(struct table *table, size_t at, uint64_t number, size_t size)
{
	number = htole64(number);
	assert_true(at + size <= sizeof(table->data));
	memcpy(table->data + at, &number, size);
}

static void begin(struct table *table)
{
	memset(table, 0, sizeof(*table));
	memcpy(table->data, "IORT", 4);
	put(table, 40, 48, 4);
	table->n = 48;
}

/* Adds a node with a body of @size bytes; returns where it begins. */
static uint32_t add(struct table *table, enum hd_iort_type type, size_t size)
{
	uint32_t n;

	table->node = (uint32_t)table->n;
	put(table, table->n, type, 1);
	put(table, table->n + 1, 16 + size, 2);
	put(table, table->n + 3, 5, 1);
	table->n += 16 + size;
	memcpy(&n, table->data + 36, 4);
	put(table, 36, le32toh(n) + 1, 4);
	return table->node;
}

/* Adds a mapping to the last node. */
static void map(struct table *table, uint32_t input, uint32_t count,
		uint32_t output, uint32_t to, uint32_t flags)
{
	uint32_t values[] = { input, count - 1, output, to, flags };
	size_t length = table->n - table->node;
	uint32_t n;

	memcpy(&n, table->data + table->node + 8, 4);
	if (!n)
		put(table, table->node + 12, length, 4);
	put(table, table->node + 8, le32toh(n) + 1, 4);
	for (size_t i = 0; i < N_ELEMENTS(values); i++)
		put(table, table->n + 4 * i, values[i], 4);
	table->n += sizeof(values);
	put(table, table->node + 1, length + sizeof(values), 2);
}

static uint32_t add_its(struct table *table)
{
	return add(table, HD_IORT_ITS, 8);
}

static uint32_t add_v3(struct table *table, uint64_t base, uint32_t flags)
{
	uint32_t at = add(table, HD_IORT_SMMU_V3, 52);

	put(table, at + 16, base, 8);
	put(table, at + 24, flags, 4);
	return at;
}

static uint32_t add_root(struct table *table, uint32_t segment)
{
	uint32_t at = add(table, HD_IORT_ROOT, 20);

	put(table, at + 28, segment, 4);
	return at;
}

static void finish(struct table *table)
{
	unsigned char sum = 0;

	put(table, 4, table->n, 4);
	put(table, 9, 0, 1);
	for (size_t i = 0; i < table->n; i++)
		sum = (unsigned char)(sum + (unsigned char)table->data[i]);
	put(table, 9, 256 - sum, 1);
}

static int parse(const struct table *table, size_t n, struct hd_iort *iort,
		 struct hd_err *err)
{
	/* Of just that length, for the sanitizer. */
	HD_AUTOFREE char *copy = malloc(n);

	assert_true(copy || n == 0);
	if (n)
		memcpy(copy, table->data, n);
	return hd_iort_parse(copy, n, iort, err);
}

static void read_table(struct table *table, struct hd_iort *iort)
{
	finish(table);
	assert_int_equal(parse(table, table->n, iort, NULL), 0);
}

/* An ITS; a coherent SMMUv3 at 0x2000 behind it; segment 0 behind that. */
static void make_usual(struct table *table)
{
	uint32_t its, smmu;

	begin(table);
	its = add_its(table);
	smmu = add_v3(table, 0x2000, 1);
	map(table, 0x300, 0x100, 0, its, 0);
	add_root(table, 0);
	map(table, 0x100, 0x100, 0x300, smmu, 0);
	map(table, 0x800, 0x100, 0, its, 0);
}

static void ways(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	struct hd_iort_way way;
	struct table table;

	(void)state;
	make_usual(&table);
	read_table(&table, &iort);
	assert_int_equal(iort.n, 3);
	assert_false(iort.checksum_wrong);
	assert_int_equal(hd_iort_count(&iort, HD_IORT_SMMU_V3), 1);
	way = hd_iort_follow_device(&iort, addr("01:1f.7"));
	assert_int_equal(way.reach, HD_IORT_BEHIND_SMMU);
	assert_int_equal(way.stream, 0x3ff);
	assert_int_equal(way.smmu->base, 0x2000);
	assert_true(way.smmu->coherent);
	assert_ptr_equal(way.its, &iort.nodes[0]);
	assert_ptr_equal(way.root, &iort.nodes[2]);
	/* The bus before, and the one behind it. */
	assert_int_equal(hd_iort_follow(&iort, 0, 0xff).reach,
			 HD_IORT_NO_MAPPING);
	assert_int_equal(hd_iort_follow(&iort, 0, 0x200).reach,
			 HD_IORT_NO_MAPPING);
	way = hd_iort_follow(&iort, 0, 0x8ff);
	assert_int_equal(way.reach, HD_IORT_NO_SMMU);
	assert_null(way.smmu);
	assert_ptr_equal(way.its, &iort.nodes[0]);
	assert_int_equal(hd_iort_follow(&iort, 1, 0x100).reach,
			 HD_IORT_NO_ROOT);
}

/* As iort_id_map() of Linux: see step() in iort.c. */
static void overlaps(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	uint32_t one, two;
	struct table table;

	(void)state;
	begin(&table);
	one = add_v3(&table, 1, 0);
	two = add_v3(&table, 2, 0);
	add_root(&table, 0);
	map(&table, 0, 0x101, 0, one, 0);
	map(&table, 0x80, 0xf0, 0x2000, two, 0);
	map(&table, 0x100, 0x100, 0x1000, two, 0);
	read_table(&table, &iort);
	assert_int_equal(hd_iort_follow(&iort, 0, 0xff).smmu->base, 1);
	assert_int_equal(hd_iort_follow(&iort, 0, 0x100).smmu->base, 2);
	assert_int_equal(hd_iort_follow(&iort, 0, 0x100).stream, 0x1000);
	assert_int_equal(hd_iort_follow(&iort, 0, 0x1ff).stream, 0x10ff);
	/* In the midst of one the first counts. */
	assert_int_equal(hd_iort_follow(&iort, 0, 0x80).smmu->base, 1);
}

static void last_of_all(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	uint32_t smmu;
	struct table table;

	(void)state;
	begin(&table);
	smmu = add_v3(&table, 1, 0);
	add_root(&table, 0);
	map(&table, 0xffff, 0, 0, smmu, 0); /* all IDs from there on */
	add_root(&table, 1);
	map(&table, 5, 1, 0x77, smmu, SINGLE);
	read_table(&table, &iort);
	assert_int_equal(hd_iort_mapping_of(&iort, &iort.nodes[1], 0).last,
			 UINT32_MAX);
	assert_int_equal(hd_iort_follow(&iort, 0, 0xffff).stream, 0);
	assert_int_equal(hd_iort_follow(&iort, 0, 0xfffe).reach,
			 HD_IORT_NO_MAPPING);
	assert_int_equal(hd_iort_follow(&iort, 1, 0x1234).stream, 0x77);
}

static void several_roots_of_a_segment(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	struct hd_iort_way way;
	uint32_t smmu;
	struct table table;

	(void)state;
	begin(&table);
	smmu = add_v3(&table, 1, 0);
	add_root(&table, 7);
	map(&table, 0, 0x100, 0, smmu, 0);
	add_root(&table, 7);
	map(&table, 0x100, 0x100, 0x100, smmu, 0);
	read_table(&table, &iort);
	way = hd_iort_follow(&iort, 7, 0);
	assert_int_equal(way.reach, HD_IORT_BEHIND_SMMU);
	assert_false(way.by_later_root);
	way = hd_iort_follow(&iort, 7, 0x100);
	assert_int_equal(way.reach, HD_IORT_NO_MAPPING);
	assert_true(way.by_later_root);
	assert_false(hd_iort_follow(&iort, 7, 0x200).by_later_root);
}

/* The mapping for an SMMU's own interrupts is nobody else's. */
static void own_interrupts(void **state)
{
	uint32_t its, smmu;
	struct table table;

	(void)state;
	for (int valid = 0; valid < 2; valid++) {
		HD_AUTO_IORT struct hd_iort iort = { NULL };

		begin(&table);
		its = add_its(&table);
		smmu = add_v3(&table, 1, valid ? 1 << 4 : 0);
		put(&table, smmu + 64, 0, 4);
		map(&table, 0, 0x100, 0, its, 0);
		add_root(&table, 0);
		map(&table, 0, 0x100, 0, smmu, 0);
		read_table(&table, &iort);
		assert_int_equal(!hd_iort_follow(&iort, 0, 5).its, valid);
	}
}

static void in_a_circle(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	uint32_t one, two;
	struct table table;

	(void)state;
	begin(&table);
	one = add_v3(&table, 1, 0);
	map(&table, 0, 0x100, 0, one + 88, 0);
	two = add_v3(&table, 2, 0);
	assert_int_equal(two, one + 88);
	map(&table, 0, 0x100, 0, one, 0);
	add_root(&table, 0);
	map(&table, 0, 0x100, 0, two, 0);
	read_table(&table, &iort);
	assert_int_equal(hd_iort_follow(&iort, 0, 1).smmu->base, 2);
	assert_null(hd_iort_follow(&iort, 0, 1).its);
}

static void what_nodes_say(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	const struct hd_iort_node *node;
	struct table table;
	uint32_t at;

	(void)state;
	begin(&table);
	at = add(&table, HD_IORT_SMMU, 44);
	put(&table, at + 16, 0x12345678000, 8);
	put(&table, at + 36, 2, 4);
	at = add_root(&table, 0x1234);
	put(&table, at + 16, 1, 8);
	put(&table, at + 24, 1, 4);
	at = add(&table, HD_IORT_NAMED, 20);
	put(&table, at + 20, 1, 8);
	at = add(&table, HD_IORT_RMR, 12 + 20);
	put(&table, at + 20, 1, 4);
	put(&table, at + 24, 28, 4);
	put(&table, at + 28, 0x80000000, 8);
	put(&table, at + 36, 0x10000, 8);
	map(&table, 0, 0x10, 0x300, 48, 0);
	add(&table, 42, 0); /* of a later version */
	read_table(&table, &iort);
	assert_int_equal(iort.n, 5);
	node = &iort.nodes[0];
	assert_int_equal(node->base, 0x12345678000);
	assert_true(node->coherent);
	node = &iort.nodes[1];
	assert_int_equal(node->segment, 0x1234);
	assert_true(node->coherent && node->ats);
	assert_true(iort.nodes[2].coherent);
	node = &iort.nodes[3];
	assert_int_equal(node->n_ranges, 1);
	assert_int_equal(hd_iort_range_of(node, 0).base, 0x80000000);
	assert_int_equal(hd_iort_range_of(node, 0).length, 0x10000);
	assert_true(hd_iort_reserves(&iort, node, &iort.nodes[0], 0x300));
	assert_true(hd_iort_reserves(&iort, node, &iort.nodes[0], 0x30f));
	assert_false(hd_iort_reserves(&iort, node, &iort.nodes[0], 0x310));
	assert_false(hd_iort_reserves(&iort, node, &iort.nodes[0], 0x2ff));
	assert_false(hd_iort_reserves(&iort, node, &iort.nodes[1], 0x300));
	assert_false(
		hd_iort_reserves(&iort, &iort.nodes[0], &iort.nodes[0], 0x300));
}

static void every_length(void **state)
{
	struct table table;

	(void)state;
	make_usual(&table);
	finish(&table);
	for (size_t n = 0; n < table.n; n++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct hd_iort iort;
		struct table shorter = table;

		assert_int_equal(parse(&table, n, &iort, &err), -EBADMSG);
		assert_non_null(err.message);
		/* And one that says that it ends there. */
		if (n < 8)
			continue;
		put(&shorter, 4, n, 4);
		assert_int_equal(parse(&shorter, n, &iort, &err), -EBADMSG);
	}
	{
		HD_AUTO_IORT struct hd_iort iort = { NULL };

		/* What follows it isn't it. */
		assert_int_equal(parse(&table, table.n + 20, &iort, NULL), 0);
		assert_int_equal(iort.n, 3);
	}
}

static void assert_unsound(size_t at, uint64_t number, size_t size,
			   const char *words)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_iort iort;
	struct table table;

	make_usual(&table);
	finish(&table);
	put(&table, at, number, size);
	assert_int_equal(parse(&table, table.n, &iort, &err), -EBADMSG);
	assert_non_null(strstr(hd_err_message(&err), words));
}

static void what_is_not_sound(void **state)
{
	/* ITS at 48, SMMUv3 at 72, its mapping at 140, the root at 160. */
	(void)state;
	assert_unsound(0, 0x54524f4a, 4, "is no such table");
	assert_unsound(4, 47, 4, "is cut short");
	assert_unsound(4, 0xffffffff, 4, "is cut short");
	assert_unsound(40, 47, 4, "begin outside it");
	assert_unsound(40, 0xfffffff0, 4, "begin outside it");
	assert_unsound(36, 4, 4, "node 3 begins behind the end");
	assert_unsound(36, 0xffffffff, 4, "node 3 begins behind the end");
	assert_unsound(49, 15, 2, "node 0 is shorter than one of its type");
	assert_unsound(49, 19, 2, "node 0 is shorter than one of its type");
	assert_unsound(49, 0, 2, "node 0 is shorter than one of its type");
	assert_unsound(73, 59, 2, "node 1 is shorter than one of its type");
	assert_unsound(161, 0xffff, 2, "node 2 goes on behind the end");
	assert_unsound(80, 2, 4, "node 1 has mappings that lie outside it");
	assert_unsound(80, 0xffffffff, 4,
		       "node 1 has mappings that lie outside it");
	assert_unsound(84, 69, 4, "node 1 has mappings that lie outside it");
	assert_unsound(84, 0xffffffff, 4,
		       "node 1 has mappings that lie outside it");
	assert_unsound(152, 49, 4, "leads to 0x31, where no node begins");
	assert_unsound(152, 0, 4, "node 1 has a mapping that leads to 0,");
	assert_unsound(48, HD_IORT_RMR, 1, "node 0 is shorter than one");
}

static void ranges_that_lie_outside(void **state)
{
	static const struct {
		uint32_t n, offset;
	} wrong[] = {
		{ 2, 28 }, { 1, 29 }, { 1, 0xfffffff0 }, { 0xffffffff, 28 }
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct hd_iort iort;
		struct table table;
		uint32_t at;

		begin(&table);
		at = add(&table, HD_IORT_RMR, 12 + 20);
		put(&table, at + 20, wrong[i].n, 4);
		put(&table, at + 24, wrong[i].offset, 4);
		finish(&table);
		assert_int_equal(parse(&table, table.n, &iort, &err), -EBADMSG);
		assert_non_null(
			strstr(hd_err_message(&err),
			       "node 0 has ranges that lie outside it"));
	}
}

/* Which Linux warns of, and no more. */
static void checksums(void **state)
{
	HD_AUTO_IORT struct hd_iort iort = { NULL };
	struct table table;

	(void)state;
	make_usual(&table);
	finish(&table);
	table.data[9]++;
	assert_int_equal(parse(&table, table.n, &iort, NULL), 0);
	assert_true(iort.checksum_wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(last_of_all),
		cmocka_unit_test(several_roots_of_a_segment),
		cmocka_unit_test(own_interrupts),
		cmocka_unit_test(in_a_circle),
		cmocka_unit_test(what_nodes_say),
		cmocka_unit_test(every_length),
		cmocka_unit_test(what_is_not_sound),
		cmocka_unit_test(ranges_that_lie_outside),
		cmocka_unit_test(checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
