// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/display/owner.h"
#include "lib/display/systemd.h"
#include "lib/host/proc.h"
#include "tests/unit/place.h"

/* "none", the unit, or the errno's name. */
static void assert_unit(const char *cgroups, const char *expected)
{
	HD_AUTOFREE char *unit = NULL;
	int r = hd_owner_unit_in(cgroups, &unit);

	assert_string_equal(r < 0 ? strerrorname_np(-r) :
			    unit  ? unit :
				    "none",
			    expected);
}

static void unit_is_what_no_slice_is(void **state)
{
	(void)state;
	assert_unit("0::/system.slice/gdm.service\n", "gdm.service");
	assert_unit("0::/system.slice/gdm.service/a/b.service", "gdm.service");
	assert_unit("0::/user.slice/user-1000.slice/session-c1.scope\n",
		    "session-c1.scope");
	/* Of the system's manager, not of the user's. */
	assert_unit(
		"0::/user.slice/user-1000.slice/user@1000.service/session.slice/gdm.service\n",
		"user@1000.service");
	assert_unit("0::/init.scope\n", "init.scope");
	assert_unit("0::/system.slice/_cpu.service\n", "cpu.service");
	assert_unit("0::/\n", "none");
	assert_unit("0::/system.slice\n", "none");
	assert_unit("0::/docker/0a1b2c/system.slice/gdm.service\n", "none");
	assert_unit("0::/a b.service\n", "none");
	assert_unit("0::/.slice/gdm.service\n", ".slice");
}

static void hierarchy_is_systemds(void **state)
{
	(void)state;
	assert_unit(
		"4:memory:/docker/1\n1:name=systemd:/system.slice/a.service\n"
		"0::/system.slice/b.service\n",
		"a.service");
	assert_unit("0::/system.slice/b.service\n"
		    "12:name=systemd:/system.slice/a.service\n",
		    "a.service");
	assert_unit("4:memory:/a.service\n0::/b.service\n", "b.service");
	assert_unit("10::/a.service\n", "EBADMSG");
	assert_unit("4:memory:/a.service\n", "EBADMSG");
	assert_unit("", "EBADMSG");
	assert_unit("0::", "EBADMSG");
	assert_unit("0::a.service", "EBADMSG");
}

/* A process of another namespace may be anywhere. */
static void outside_is_unknown(void **state)
{
	(void)state;
	assert_unit("0::/..\n", "EXDEV");
	assert_unit("0::/../../gdm.service\n", "EXDEV");
	assert_unit("0::/../gdm.service\n", "EXDEV");
	assert_unit("0::/..gdm.service\n", "..gdm.service");
}

static void names_of_units(void **state)
{
	char name[HD_UNIT_NAME_LIMIT + 2];

	(void)state;
	assert_true(hd_unit_is_name("a.b", 3));
	assert_true(hd_unit_is_name("a@b-c:d_e\\x2f.service", 20));
	assert_false(hd_unit_is_name("a", 1));
	assert_false(hd_unit_is_name("", 0));
	assert_false(hd_unit_is_name("a/b.service", 11));
	assert_false(hd_unit_is_name("a\0b.service", 11));
	assert_false(hd_unit_is_name("a\n.service", 10));
	assert_false(hd_unit_is_name("\xc3\xa9.service", 10));
	memset(name, '.', sizeof(name));
	assert_true(hd_unit_is_name(name, HD_UNIT_NAME_LIMIT));
	assert_false(hd_unit_is_name(name, HD_UNIT_NAME_LIMIT + 1));
}

static void process_has_a_parent_and_a_user(void **state)
{
	struct place *place = *state;
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTOFREE char *text = NULL;
	pid_t parent;
	uid_t uid;

	assert_int_equal(hd_host_open(&host, NULL, NULL), 0);
	assert_int_equal(hd_process_parent(&host, getpid(), &parent).is,
			 HD_PRESENT);
	assert_int_equal(parent, getppid());
	assert_int_equal(hd_process_user(&host, getpid(), &uid).is, HD_PRESENT);
	assert_int_equal(uid, getuid());
	assert_int_equal(hd_process_cgroups(&host, getpid(), &text).is,
			 HD_PRESENT);
	assert_non_null(strchr(text, ':'));
	/* No process has this number, proc_sys_kernel(5). */
	assert_int_equal(hd_process_parent(&host, 1 << 23, &parent).is,
			 HD_ABSENT);
	assert_int_equal(hd_process_user(&host, 1 << 23, &uid).is, HD_ABSENT);
	/* A copy doesn't tell which processes there were. */
	assert_int_equal(hd_process_parent(&place->host, 1, &parent).is,
			 HD_UNKNOWN);
	assert_int_equal(hd_process_user(&place->host, 1, &uid).is, HD_UNKNOWN);
	place_write(place, "proc/7/status", "Name:\tx\\nUid:\t1\nUid:\t7\t8",
		    22);
	assert_int_equal(hd_process_user(&place->host, 7, &uid).is, HD_PRESENT);
	assert_int_equal(uid, 7);
	place_write(place, "proc/7/status", "Name:\tx\n", 8);
	assert_int_equal(hd_process_user(&place->host, 7, &uid).is, HD_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_is_what_no_slice_is),
		cmocka_unit_test(hierarchy_is_systemds),
		cmocka_unit_test(outside_is_unknown),
		cmocka_unit_test(names_of_units),
		cmocka_unit_test_setup_teardown(process_has_a_parent_and_a_user,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
