// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Waits in a process of its own, and says who it is when its turn has come. */
static pid_t wait_in_line(struct place *place, char name, int out_fd,
			  struct hd_locks *inherited)
{
	HD_AUTO_LOCKS struct hd_locks locks = { NULL, 0 };
	int group = 1;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	hd_locks_release(inherited);
	if (hd_locks_acquire(&place->store, &group, 1, INT64_MAX, &locks,
			     NULL) < 0 ||
	    write(out_fd, &name, 1) != 1)
		_exit(1);
	hd_locks_release(&locks);
	_exit(0);
}

/* Until that many have a place, ours among them, of which we see none. */
static void wait_for_places(struct place *place, int n)
{
	int fd = openat(place->store.locks_fd, "group-1", O_RDWR | O_CLOEXEC);
	struct flock lock;

	assert_true(fd >= 0);
	do {
		sched_yield();
		lock = (struct flock){ .l_type = F_WRLCK, .l_start = n };
		assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
	} while (lock.l_type == F_UNLCK);
	close(fd);
}

static void who_comes_first_is_served_first(void **state)
{
	static const char names[] = "abcdefgh";
	struct place *place = *state;
	HD_AUTO_LOCKS struct hd_locks mine = { NULL, 0 };
	char order[sizeof(names)] = "";
	pid_t pids[sizeof(names)];
	size_t got = 0;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(take(place, 1, 1, &mine), 0);
	for (int i = 0; names[i]; i++) {
		pids[i] = wait_in_line(place, names[i], fds[1], &mine);
		assert_true(pids[i] > 0);
		wait_for_places(place, i + 2);
	}
	/* One that is killed loses its place only. */
	kill(pids[2], SIGKILL);
	assert_int_equal(waitpid(pids[2], NULL, 0), pids[2]);
	hd_locks_release(&mine);
	close(fds[1]);
	for (ssize_t n; (n = read(fds[0], order + got, 8 - got)) > 0;)
		got += (size_t)n;
	assert_string_equal(order, "abdefgh");
	for (int i = 0; names[i]; i++)
		waitpid(pids[i], NULL, 0);
	close(fds[0]);
}

static void older_versions_are_waited_for(void **state)
{
	struct place *place = *state;
	HD_AUTO_LOCKS struct hd_locks mine = { NULL, 0 };
	int fd = openat(place->store.locks_fd, "group-1",
			O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(take(place, 1, 2, &mine), -ETIMEDOUT);
	close(fd);
	assert_int_equal(take(place, 1, 2, &mine), 0);
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
		TEST(who_comes_first_is_served_first),
		TEST(older_versions_are_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
