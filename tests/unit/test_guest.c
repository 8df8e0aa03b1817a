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

static void guest_runs_while_its_qemu_does(void **state)
{
	static const char qemu[] = "/usr/bin/qemu\0-uuid\0" UUID "\0-S";
	static const char other[] = "/usr/bin/qemu\0-uuid\0x" UUID "\0-S";
	struct place *place = *state;

	assert_false(hd_guest_runs(&place->host, "g", UUID));
	place_write(place, "run/libvirt/qemu/g.pid", "4711\n", 5);
	assert_false(hd_guest_runs(&place->host, "g", UUID));
	place_write(place, "proc/4711/cmdline", other, sizeof(other));
	assert_false(hd_guest_runs(&place->host, "g", UUID));
	place_write(place, "proc/4711/cmdline", qemu, sizeof(qemu));
	assert_true(hd_guest_runs(&place->host, "g", UUID));
	assert_false(hd_guest_runs(&place->host, "h", UUID));
	assert_false(hd_guest_runs(&place->host, "../qemu/g", UUID));
	place_write(place, "run/libvirt/qemu/g.pid", "-1\n", 3);
	assert_false(hd_guest_runs(&place->host, "g", UUID));
	place_write(place, "run/libvirt/qemu/g.pid", "x\n", 2);
	assert_false(hd_guest_runs(&place->host, "g", UUID));
}

static void process_is_told_from_its_successor(void **state)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	struct hd_process self;

	(void)state;
	assert_int_equal(hd_host_open(&host, NULL, NULL), 0);
	self = hd_process_of(&host, getpid());
	assert_true(self.start > 0);
	assert_true(hd_process_lives(&host, self));
	self.start++;
	assert_false(hd_process_lives(&host, self));
	assert_true(hd_process_lives(&host, hd_process_parent(&host)));
	assert_false(hd_process_lives(&host, (struct hd_process){ 0, 0 }));
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
	assert_true(hd_process_lives(&host, child));
	assert_int_equal(write(fds[1], "", 1), 1);
	/* It has ended, and waits to be reaped. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(hd_process_lives(&host, child));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(hd_process_lives(&host, child));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(guest_runs_while_its_qemu_does,
						place_set_up, place_tear_down),
		cmocka_unit_test(process_is_told_from_its_successor),
		cmocka_unit_test(zombie_does_not_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
