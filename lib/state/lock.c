// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/host/device.h"

#define POLL_MS 2

/* The byte of a group's file that is the door to the places behind it. */
#define DOOR 0

static int compare_groups(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static size_t sort_unique(int *groups, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(groups, n, sizeof(*groups), compare_groups);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || groups[kept - 1] != groups[i])
			groups[kept++] = groups[i];
	return kept;
}

/* A lock of one byte or more, from @start on; @n is 0 for all that follow. */
static struct flock range(off_t start, off_t n)
{
	return (struct flock){ .l_type = F_WRLCK,
			       .l_whence = SEEK_SET,
			       .l_start = start,
			       .l_len = n };
}

/* All of these return 0, -EAGAIN when it is another one's, or another errno. */

static int try_door(int fd, off_t place)
{
	struct flock lock = range(DOOR, 1);

	(void)place;
	return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 :
	       errno == EACCES			  ? -EAGAIN :
						    -errno;
}

static int try_turn(int fd, off_t place)
{
	struct flock lock = range(DOOR + 1, place - (DOOR + 1));

	if (lock.l_len == 0)
		return 0;
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : -EAGAIN;
}

static int try_group(int fd, off_t place)
{
	(void)place;
	return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 :
	       errno == EINTR			 ? -EAGAIN :
						   -errno;
}

/* No kind of lock knows a time limit, and a signal handler is not ours to
 * install. */
static int wait_until(int (*try)(int fd, off_t place), int fd, off_t place,
		      int64_t deadline)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int r;

	while ((r = try(fd, place)) == -EAGAIN) {
		if (hd_now_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return r;
}

/* Takes the place after all that are taken; the door is ours. */
static int take_place(int fd, off_t *ret)
{
	off_t place = DOOR + 1;
	struct flock lock;

	for (;;) {
		lock = range(place, 0);
		if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
			return -errno;
		if (lock.l_type == F_UNLCK)
			break;
		if (lock.l_len == 0) /* none of ours */
			return -EBUSY;
		place = lock.l_start + lock.l_len;
	}
	lock = range(place, 1);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return -errno;
	*ret = place;
	return 0;
}

static int queue_up(int fd, int64_t deadline, off_t *ret)
{
	struct flock door = range(DOOR, 1);
	int r = wait_until(try_door, fd, 0, deadline);

	if (r < 0)
		return r;
	r = take_place(fd, ret);
	door.l_type = F_UNLCK;
	if (fcntl(fd, F_OFD_SETLK, &door) < 0 && r == 0)
		r = -errno;
	return r;
}

/* Whoever fails closes the file, and so leaves the queue. */
static int lock_until(int fd, int64_t deadline)
{
	off_t place = DOOR;
	int r = queue_up(fd, deadline, &place);

	if (r == 0)
		r = wait_until(try_turn, fd, place, deadline);
	if (r == 0)
		r = wait_until(try_group, fd, place, deadline);
	return r;
}

static int lock_one(const struct hd_state *state, int group, int64_t deadline,
		    struct hd_locks *locks, struct hd_err *err)
{
	char name[sizeof("group-") + 3 * sizeof(group)];
	HD_AUTOCLOSE int fd = -1;
	bool queued = true;
	int *slot, r;

	if (group == HD_NO_GROUP)
		strcpy(name, "group-none");
	else
		snprintf(name, sizeof(name), "group-%d", group);
	fd = openat(state->locks_fd, name,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* A place in the queue has to be written; devices are given back, and
	 * taken from nobody, also where nothing can be. */
	if (fd < 0 && errno == EROFS) {
		queued = false;
		fd = openat(state->locks_fd, name,
			    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			errno = EROFS;
	}
	if (fd < 0)
		return hd_err_set(err, errno,
				  "cannot open the lock " HD_STATE_DIR
				  "/locks/%s: %m",
				  name);
	r = queued ? lock_until(fd, deadline) :
		     wait_until(try_group, fd, 0, deadline);
	if (r == -ETIMEDOUT) {
		if (group == HD_NO_GROUP)
			hd_err_set(
				err, ETIMEDOUT,
				"another hook has been working on devices without an IOMMU group for too long");
		else
			hd_err_set(
				err, ETIMEDOUT,
				"another hook has been working on IOMMU group %d for too long",
				group);
		hd_err_fix(err, "fuser -v " HD_STATE_DIR "/locks/%s", name);
		return r;
	}
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot lock " HD_STATE_DIR "/locks/%s: %s",
				  name, strerror(-r));
	slot = hd_array_add(&locks->fds, &locks->n, sizeof(*slot));
	if (!slot)
		return hd_err_nomem(err);
	*slot = hd_steal_fd(&fd);
	return 0;
}

int hd_locks_acquire(const struct hd_state *state, int *groups, size_t n,
		     int64_t deadline, struct hd_locks *ret, struct hd_err *err)
{
	HD_AUTO_LOCKS struct hd_locks locks = { NULL, 0 };
	int r;

	n = sort_unique(groups, n);
	for (size_t i = 0; i < n; i++) {
		r = lock_one(state, groups[i], deadline, &locks, err);
		if (r < 0)
			return r;
	}
	*ret = locks;
	locks = (struct hd_locks){ NULL, 0 };
	return 0;
}

void hd_locks_release(struct hd_locks *locks)
{
	for (size_t i = 0; i < locks->n; i++)
		close(locks->fds[i]);
	free(locks->fds);
	*locks = (struct hd_locks){ NULL, 0 };
}
