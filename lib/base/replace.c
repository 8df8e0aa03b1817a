// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"

/* What holds for the old content alone, or for the old inode. */
static bool stays_behind(const char *name)
{
	return strcmp(name, "security.capability") == 0 ||
	       strcmp(name, "security.evm") == 0 ||
	       strcmp(name, "security.ima") == 0;
}

/* Access lists, SELinux's label, what people noted: see xattr(7). */
static int copy_attributes(int from, int to)
{
	HD_AUTOFREE char *names = malloc(XATTR_LIST_MAX);
	HD_AUTOFREE char *value = malloc(XATTR_SIZE_MAX);
	ssize_t length;

	if (!names || !value)
		return -ENOMEM;
	length = flistxattr(from, names, XATTR_LIST_MAX);
	if (length < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + length;
	     name += strlen(name) + 1) {
		ssize_t n;

		if (stays_behind(name))
			continue;
		n = fgetxattr(from, name, value, XATTR_SIZE_MAX);
		if (n < 0 || fsetxattr(to, name, value, (size_t)n, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Writes the new file and gives it the old one's place, name and looks. */
static int replace(int dir_fd, const char *name, const char *temporary,
		   const char *text, size_t length)
{
	HD_AUTOCLOSE int old = openat(
		dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	HD_AUTOCLOSE int fd = -1;
	struct stat st;
	int r;

	if (old < 0 || fstat(old, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = openat(dir_fd, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = hd_write_all(fd, text, length);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && fchown(fd, st.st_uid, st.st_gid) < 0)
		r = -errno;
	if (r == 0)
		r = copy_attributes(old, fd);
	if (r == 0 && fchmod(fd, st.st_mode & 07777) < 0)
		r = -errno;
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, temporary, 0);
	return r;
}

static int try_replace(const char *path, const char *text, size_t length)
{
	HD_AUTOFREE char *real = realpath(path, NULL);
	HD_AUTOFREE char *folder = real ? strdup(real) : NULL;
	HD_AUTOFREE char *temporary = NULL;
	HD_AUTOCLOSE int dir_fd = -1;
	const char *name;

	if (!real)
		return -errno;
	if (!folder)
		return -ENOMEM;
	name = strrchr(real, '/') + 1;
	dir_fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	/* Whom the file says that it may not be changed we don't outwit. */
	if (faccessat(dir_fd, name, W_OK, AT_EACCESS) < 0)
		return -errno;
	temporary = hd_text(".%s.virt-hostdev.%d", name, getpid());
	return temporary ? replace(dir_fd, name, temporary, text, length) :
			   -ENOMEM;
}

int hd_replace_file(const char *path, const char *text, size_t length,
		    struct hd_err *err)
{
	int r = try_replace(path, text, length);

	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot change %s, which stays as it was: %s",
				  path, strerror(-r));
	return 0;
}
