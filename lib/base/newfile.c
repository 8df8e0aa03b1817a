// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"

static int refuse_existing(const char *name, const char *what,
			   struct hd_err *err)
{
	return hd_err_set(err, EEXIST,
			  "%s is there already, and %s overwrites nothing",
			  name, what);
}

static int fail(const char *name, struct hd_err *err)
{
	return hd_err_set(err, errno, "cannot write %s: %m", name);
}

int hd_newfile_check(const char *name, const char *what, struct hd_err *err)
{
	struct stat st;

	if (lstat(name, &st) == 0)
		return refuse_existing(name, what, err);
	return errno == ENOENT ? 0 : fail(name, err);
}

/* Gives the temporary its name unless that is taken. */
static int publish(const char *temporary, const char *name, const char *what,
		   struct hd_err *err)
{
	int r = renameat2(AT_FDCWD, temporary, AT_FDCWD, name,
			  RENAME_NOREPLACE);

	/* Not every file system knows how. */
	if (r < 0 && (errno == EINVAL || errno == ENOSYS)) {
		r = link(temporary, name);
		if (r == 0)
			unlink(temporary);
	}
	if (r < 0 && errno == EEXIST)
		return refuse_existing(name, what, err);
	return r < 0 ? fail(name, err) : 0;
}

static int write_blocked(const char *name, mode_t mode, const char *what,
			 int (*write)(void *data, int fd, struct hd_err *err),
			 void *data, struct hd_err *err)
{
	HD_AUTOFREE char *temporary = hd_text("%s.XXXXXX", name);
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (!temporary)
		return hd_err_nomem(err);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(name, err);
	r = write(data, fd, err);
	/* mkostemp() gave it 0600; not every file system knows another. */
	if (r == 0 && ((mode != 0600 && fchmod(fd, mode) < 0) || fsync(fd) < 0))
		r = fail(name, err);
	if (r == 0)
		r = publish(temporary, name, what, err);
	if (r < 0)
		unlink(temporary);
	return r;
}

int hd_newfile_write(const char *name, mode_t mode, const char *what,
		     int (*write)(void *data, int fd, struct hd_err *err),
		     void *data, struct hd_err *err)
{
	sigset_t signals, before;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	r = write_blocked(name, mode, what, write, data, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
