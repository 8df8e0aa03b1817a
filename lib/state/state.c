// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"

/* Opens folder @name below @parent_fd, made first when @mode says so. */
static int open_folder(const struct hd_host *host, int parent_fd,
		       const char *name, enum hd_state_mode mode,
		       struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct stat st;

	if (mode == HD_STATE_CREATE && mkdirat(parent_fd, name, 0700) < 0 &&
	    errno != EEXIST)
		return hd_err_set(err, errno,
				  "cannot make " HD_STATE_DIR " (%s): %m",
				  name);
	fd = openat(parent_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return hd_err_set(err, errno,
				  "cannot open " HD_STATE_DIR " (%s): %m",
				  name);
	/* A copied tree belongs to whoever copied it. */
	if (host->live &&
	    ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022)))
		return hd_err_set(
			err, EINVAL,
			HD_STATE_DIR
			" (%s) belongs to user %u with mode %04o, so what it says can't be trusted",
			name, st.st_uid, st.st_mode & 07777);
	return hd_steal_fd(&fd);
}

int hd_state_open_folder(const struct hd_host *host, enum hd_state_mode mode,
			 struct hd_err *err)
{
	HD_AUTOCLOSE int run_fd = -1;
	struct hd_seen seen =
		hd_host_openat(host, "run", O_PATH | O_DIRECTORY, &run_fd);
	int r = hd_seen_required(seen);

	if (seen.is == HD_ABSENT && mode != HD_STATE_CREATE)
		return r;
	if (r < 0)
		return hd_err_set(err, -r, "cannot open /run: %s",
				  strerror(-r));
	return open_folder(host, run_fd, "virt-hostdev", mode, err);
}

int hd_state_open(const struct hd_host *host, enum hd_state_mode mode,
		  struct hd_state *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int dir_fd = hd_state_open_folder(host, mode, err);
	HD_AUTOCLOSE int claims_fd = -1;
	HD_AUTOCLOSE int locks_fd = -1;

	if (dir_fd < 0)
		return dir_fd;
	claims_fd = open_folder(host, dir_fd, "claims", mode, err);
	if (claims_fd < 0)
		return claims_fd;
	locks_fd = open_folder(host, dir_fd, "locks", mode, err);
	if (locks_fd < 0)
		return locks_fd;
	ret->claims_fd = hd_steal_fd(&claims_fd);
	ret->locks_fd = hd_steal_fd(&locks_fd);
	ret->host = host;
	ret->writable = mode != HD_STATE_READ;
	return 0;
}

void hd_state_close(struct hd_state *state)
{
	hd_auto_close(&state->claims_fd);
	hd_auto_close(&state->locks_fd);
	*state = (struct hd_state)HD_STATE_INIT;
}
