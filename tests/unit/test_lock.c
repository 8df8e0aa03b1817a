// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/state/lock.h"
#include "tests/unit/place.h"

static int take(struct place *place, int first, int second,
		struct hd_locks *locks)
{
	int groups[] = { first, second };

	return hd_locks_acquire(&place->store, groups, 2, 0, locks, NULL);
}

static void one_holder_a_group(void **state)
{
	HD_AUTO_LOCKS struct hd_locks mine = { NULL, 0 };
	HD_AUTO_LOCKS struct hd_locks other = { NULL, 0 };

	assert_int_equal(take(*state, 1, 2, &mine), 0);
	assert_int_equal(take(*state, 2, 3, &other), -ETIMEDOUT);
	assert_int_equal(take(*state, 3, 4, &other), 0);
}

static void failing_holds_nothing(void **state)
{
	HD_AUTO_LOCKS struct hd_locks mine = { NULL, 0 };
	HD_AUTO_LOCKS struct hd_locks other = { NULL, 0 };

	assert_int_equal(take(*state, 2, 2, &mine), 0);
	assert_int_equal(take(*state, 1, 2, &other), -ETIMEDOUT);
	hd_locks_release(&mine);
	assert_int_equal(take(*state, 1, 2, &mine), 0);
}

static void a_group_named_twice_is_one(void **state)
{
	HD_AUTO_LOCKS struct hd_locks mine = { NULL, 0 };

	assert_int_equal(take(*state, 7, 7, &mine), 0);
	assert_int_equal(mine.n, 1);
}

static void refusal_names_the_group(void **state)
{
	struct place *place = *state;
	HD_AUTO_LOCKS struct hd_locks mine = { NULL, 0 };
	HD_AUTO_LOCKS struct hd_locks other = { NULL, 0 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int group = 42;

	assert_int_equal(take(place, 42, 42, &mine), 0);
	assert_int_equal(
		hd_locks_acquire(&place->store, &group, 1, 0, &other, &err),
		-ETIMEDOUT);
	assert_non_null(strstr(hd_err_message(&err), "IOMMU group 42"));
	assert_non_null(strstr(err.fix, "/run/virt-hostdev/locks/group-42"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_holder_a_group),
		TEST(failing_holds_nothing),
		TEST(a_group_named_twice_is_one),
		TEST(refusal_names_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
