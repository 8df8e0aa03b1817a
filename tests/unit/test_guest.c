// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/host/guest.h"
#include "lib/host/proc.h"
#include "tests/unit/place.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

static enum hd_presence runs(const struct hd_host *host, const char *name)
{
	return hd_guest_runs(host, name, UUID).is;
}

static enum hd_presence lives(const struct hd_host *host,
			      struct hd_process process)
{
	return hd_process_lives(host, process).is;
}

static void guest_runs_while_its_qemu_does(void **state)
{
	static const char qemu[] = "/usr/bin/qemu\0-uuid\0" UUID "\0-S";
	static const char other[] = "/usr/bin/qemu\0-uuid\0x" UUID "\0-S";
	struct place *place = *state;

	assert_int_equal(runs(&place->host, "g"), HD_ABSENT);
	place_write(place, "run/libvirt/qemu/g.pid", "4711\n", 5);
	/* A copied tree doesn't tell which processes there were. */
	assert_int_equal(runs(&place->host, "g"), HD_UNKNOWN);
	place_write(place, "proc/4711/cmdline", other, sizeof(other));
	assert_int_equal(runs(&place->host, "g"), HD_ABSENT);
	place_write(place, "proc/4711/cmdline", qemu, sizeof(qemu));
	assert_int_equal(runs(&place->host, "g"), HD_PRESENT);
	assert_int_equal(runs(&place->host, "h"), HD_ABSENT);
	assert_int_equal(runs(&place->host, "../qemu/g"), HD_ABSENT);
	/* What can't be a number may be just being written. */
	place_write(place, "proc/-1/cmdline", qemu, sizeof(qemu));
	for (size_t i = 0; i < 4; i++) {
		static const char *const bad[] = { "-1\n", "x\n", "", "4711x" };

		place_write(place, "run/libvirt/qemu/g.pid", bad[i],
			    strlen(bad[i]));
		assert_int_equal(runs(&place->host, "g"), HD_UNKNOWN);
	}
}

static void number_that_is_another_ones_by_now(void **state)
{
	struct place *place = *state;
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;

	(void)place;
	assert_int_equal(hd_host_open(&host, NULL, NULL), 0);
	assert_int_equal(hd_process_has_argument(&host, getpid(), UUID).is,
			 HD_ABSENT);
}

static void process_is_told_from_its_successor(void **state)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	struct hd_process self, parent;

	(void)state;
	assert_int_equal(hd_host_open(&host, NULL, NULL), 0);
	self = hd_process_of(&host, getpid());
	assert_true(self.start > 0);
	assert_int_equal(lives(&host, self), HD_PRESENT);
	self.start++;
	assert_int_equal(lives(&host, self), HD_ABSENT);
	/* It may be the one that was meant. */
	self.start = 0;
	assert_int_equal(lives(&host, self), HD_UNKNOWN);
	assert_int_equal(hd_process_read(&host, getppid(), &parent).is,
			 HD_PRESENT);
	assert_int_equal(lives(&host, parent), HD_PRESENT);
	assert_int_equal(lives(&host, (struct hd_process){ 0, 0 }), HD_UNKNOWN);
}

static void where_no_process_is_seen_none_is_dead(void **state)
{
	struct place *place = *state;

	assert_int_equal(lives(&place->host, (struct hd_process){ 4711, 1 }),
			 HD_UNKNOWN);
}

static void zombie_does_not_live(void **state)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	struct hd_process child;
	siginfo_t info;
	int fds[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(hd_host_open(&host, NULL, NULL), 0);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		_exit(read(fds[0], &byte, 1) != 1);
	child = hd_process_of(&host, pid);
	assert_int_equal(lives(&host, child), HD_PRESENT);
	assert_int_equal(write(fds[1], "", 1), 1);
	/* It has ended, and waits to be reaped. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(lives(&host, child), HD_ABSENT);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lives(&host, child), HD_ABSENT);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(guest_runs_while_its_qemu_does,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(
			number_that_is_another_ones_by_now, place_set_up,
			place_tear_down),
		cmocka_unit_test_setup_teardown(
			where_no_process_is_seen_none_is_dead, place_set_up,
			place_tear_down),
		cmocka_unit_test(process_is_told_from_its_successor),
		cmocka_unit_test(zombie_does_not_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
