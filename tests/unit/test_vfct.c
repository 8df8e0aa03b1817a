// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/vfct.h"

enum { HEADER = 0x4c, IMAGE = 0x1c, ROM = 8 };

static const struct hd_addr card = { 0, 3, 0, 1 };

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* A table of two images: of another function, and of the card. */
struct table {
	uint8_t data[HEADER + 2 * (IMAGE + ROM)];
};

static struct table make_table(void)
{
	struct table table = { { 'V', 'F', 'C', 'T' } };

	put32(table.data + 0x04, sizeof(table.data));
	put32(table.data + 0x34, HEADER);
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *image = table.data + HEADER + i * (IMAGE + ROM);

		put32(image, card.bus);
		put32(image + 0x04, card.slot);
		put32(image + 0x08, i);
		put32(image + 0x0c, 0x73bf1002);
		put32(image + 0x18, ROM);
		image[IMAGE] = (uint8_t)(0x50 + i);
	}
	return table;
}

/* What is found in so many bytes of it, by the sanitizer no more. */
static int find(const struct table *table, size_t n, struct hd_addr addr,
		uint16_t vendor, uint8_t *ret_first, struct hd_err *err)
{
	HD_AUTOFREE uint8_t *copy = malloc(n ? n : 1);
	const uint8_t *rom;
	size_t length;
	int r;

	memcpy(copy, table->data, n);
	r = hd_vfct_find(copy, n, addr, vendor, 0x73bf, &rom, &length, err);
	if (r == 0) {
		assert_int_equal(length, ROM);
		*ret_first = *rom;
	}
	return r;
}

static void finds_the_image_of_a_function(void **state)
{
	struct table table = make_table();
	struct hd_addr addr = card;
	uint8_t first;

	(void)state;
	assert_int_equal(
		find(&table, sizeof(table), addr, 0x1002, &first, NULL), 0);
	assert_int_equal(first, 0x51);
	addr.function = 0;
	assert_int_equal(
		find(&table, sizeof(table), addr, 0x1002, &first, NULL), 0);
	assert_int_equal(first, 0x50);
	assert_int_equal(
		find(&table, sizeof(table), addr, 0x10de, &first, NULL),
		-ENOENT);
	addr.domain = 0x10000;
	assert_int_equal(
		find(&table, sizeof(table), addr, 0x1002, &first, NULL),
		-ENOENT);
}

static void passes_over_an_empty_image(void **state)
{
	struct table table = make_table();
	uint8_t *image = table.data + HEADER + IMAGE + ROM;
	uint8_t first;

	(void)state;
	put32(image + 0x18, 0);
	put32(table.data + 0x04, sizeof(table.data) - ROM);
	assert_int_equal(
		find(&table, sizeof(table), card, 0x1002, &first, NULL),
		-ENOENT);
}

static void refuses_what_is_broken(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		const char *words;
	} rows[] = {
		{ 0x00, 0x58464356, "no ACPI table VFCT" },
		{ 0x04, HEADER - 1, "says that it has 75 bytes" },
		{ 0x04, 0xffffffff, "says that it has 4294967295 bytes" },
		{ 0x04, HEADER + IMAGE + ROM + 1, "within the header" },
		{ HEADER + 0x18, 0xfffffff0, "has 4294967280 bytes, of" },
		{ HEADER + IMAGE + ROM + 0x18, ROM + 1, "has 9 bytes, of" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct table table = make_table();
		uint8_t first;

		put32(table.data + rows[i].offset, rows[i].value);
		assert_int_equal(
			find(&table, sizeof(table), card, 0x1002, &first, &err),
			-EINVAL);
		if (!strstr(hd_err_message(&err), rows[i].words))
			fail_msg("'%s' lacks '%s'", hd_err_message(&err),
				 rows[i].words);
	}
	for (size_t n = 0; n < sizeof(struct table); n++) {
		struct table table = make_table();
		uint8_t first;

		assert_int_equal(find(&table, n, card, 0x1002, &first, NULL),
				 -EINVAL);
	}
}

static void an_offset_past_the_end_has_none(void **state)
{
	struct table table = make_table();
	uint8_t first;

	(void)state;
	put32(table.data + 0x34, 0xffffffff);
	assert_int_equal(
		find(&table, sizeof(table), card, 0x1002, &first, NULL),
		-ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_image_of_a_function),
		cmocka_unit_test(passes_over_an_empty_image),
		cmocka_unit_test(refuses_what_is_broken),
		cmocka_unit_test(an_offset_past_the_end_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
