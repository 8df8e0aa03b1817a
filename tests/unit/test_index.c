// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/index.h"

/* The linker puts it in place of reallocarray(), see tests/module.mk. */
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);

static bool no_memory;

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return no_memory ? NULL : __real_reallocarray(old, n, size);
}

static void assert_found(const struct hd_index *index, uint64_t key,
			 const size_t *places, size_t n)
{
	size_t found;
	const struct hd_index_item *items = hd_index_find(index, key, &found);

	assert_int_equal(found, n);
	assert_int_equal(items != NULL, n != 0);
	assert_int_equal(hd_index_has(index, key), n != 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(items[i].key, key);
		assert_int_equal(items[i].at, places[i]);
	}
}

static void an_empty_one_has_nothing(void **state)
{
	HD_AUTO_INDEX struct hd_index index = HD_INDEX_INIT;

	(void)state;
	hd_index_sort(&index);
	assert_found(&index, 0, NULL, 0);
	assert_found(&index, UINT64_MAX, NULL, 0);
}

static void one_is_found_and_no_other(void **state)
{
	HD_AUTO_INDEX struct hd_index index = HD_INDEX_INIT;

	(void)state;
	assert_int_equal(hd_index_add(&index, 7, 3, NULL), 0);
	hd_index_sort(&index);
	assert_found(&index, 6, NULL, 0);
	assert_found(&index, 7, (size_t[]){ 3 }, 1);
	assert_found(&index, 8, NULL, 0);
}

static void the_first_of_many_is_found_first(void **state)
{
	static const struct {
		uint64_t key;
		size_t at;
	} rows[] = {
		{ 5, 4 }, { UINT64_MAX, 0 },   { 5, 1 }, { 0, 2 },
		{ 9, 6 }, { 5, SIZE_MAX - 1 }, { 0, 0 }, { 5, 0 },
	};
	HD_AUTO_INDEX struct hd_index index = HD_INDEX_INIT;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_int_equal(
			hd_index_add(&index, rows[i].key, rows[i].at, NULL), 0);
	hd_index_sort(&index);
	assert_found(&index, 0, (size_t[]){ 0, 2 }, 2);
	assert_found(&index, 1, NULL, 0);
	assert_found(&index, 5, (size_t[]){ 0, 1, 4, SIZE_MAX - 1 }, 4);
	assert_found(&index, 9, (size_t[]){ 6 }, 1);
	assert_found(&index, UINT64_MAX, (size_t[]){ 0 }, 1);
}

/* As many as a domain may ask for, last first. */
static void each_of_thousands_is_found(void **state)
{
	HD_AUTO_INDEX struct hd_index index = HD_INDEX_INIT;
	const size_t n = 8192;

	(void)state;
	for (size_t i = n; i-- > 0;)
		assert_int_equal(hd_index_add(&index, 2 * i, i, NULL), 0);
	hd_index_sort(&index);
	for (size_t i = 0; i < n; i++) {
		assert_found(&index, 2 * i, &i, 1);
		assert_found(&index, 2 * i + 1, NULL, 0);
	}
}

static void what_there_was_stays_when_memory_runs_out(void **state)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_INDEX struct hd_index index = HD_INDEX_INIT;
	int r;

	(void)state;
	assert_int_equal(hd_index_add(&index, 7, 3, NULL), 0);
	no_memory = true;
	r = hd_index_add(&index, 8, 4, &err);
	no_memory = false;
	assert_int_equal(r, -ENOMEM);
	assert_non_null(err.message);
	hd_index_sort(&index);
	assert_found(&index, 7, (size_t[]){ 3 }, 1);
	assert_found(&index, 8, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_nothing),
		cmocka_unit_test(one_is_found_and_no_other),
		cmocka_unit_test(the_first_of_many_is_found_first),
		cmocka_unit_test(each_of_thousands_is_found),
		cmocka_unit_test(what_there_was_stays_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
