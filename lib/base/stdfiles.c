// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/stdfiles.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/file.h"

void hd_stdfiles_fill(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* False when there is no /proc that lists them. */
static bool close_listed(int first, int last)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int r = 0;

	while (dir && (entry = hd_dir_next(dir, &r))) {
		int fd = atoi(entry->d_name);

		if (fd >= first && fd <= last && fd != dirfd(dir))
			close(fd);
	}
	if (dir)
		closedir(dir);
	return dir && r == 0;
}

static void close_between(int first, int last)
{
	struct rlimit limit;

	if (first > last ||
	    syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0 ||
	    close_listed(first, last) || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	for (int fd = first; fd <= last && (rlim_t)fd < limit.rlim_cur; fd++)
		close(fd);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void hd_close_others(int *keep, size_t n)
{
	int first = 0;

	qsort(keep, n, sizeof(*keep), compare);
	for (size_t i = 0; i < n; i++) {
		close_between(first, keep[i] - 1);
		first = keep[i] + 1;
	}
	close_between(first, INT_MAX);
}
