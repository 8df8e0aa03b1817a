// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/dir.h"

#include <dirent.h>
#include <errno.h>

#include "lib/base/cleanup.h"

bool hd_is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ENODEV || r == -ENXIO;
}

int hd_dir_each(int fd, int (*visit)(void *data, int dir_fd, const char *name),
		void *data)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		hd_auto_close(&fd);
		return fd >= 0 ? -ENOMEM : hd_is_absent(fd) ? 0 : fd;
	}
	while (r == 0) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = hd_is_absent(-errno) ? 0 : -errno;
			break;
		}
		if (entry->d_name[0] != '.')
			r = visit(data, dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return r;
}
