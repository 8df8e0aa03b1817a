// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/beside.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

int hd_own_path(char ret[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX);
	const char *told;

	if (n == PATH_MAX)
		return -ENAMETOOLONG;
	if (n >= 0) {
		ret[n] = '\0';
		return *ret == '/' ? 0 : -ENOENT;
	}
	if (errno != ENOENT)
		return -errno;
	/* Without /proc, what the kernel was told to execute. */
	told = (const char *)(uintptr_t)getauxval(AT_EXECFN);
	if (!told)
		return -ENOENT;
	return realpath(told, ret) ? 0 : -errno;
}

int hd_beside(const char *name, char ret[PATH_MAX])
{
	char own[PATH_MAX];
	int n, r = hd_own_path(own);

	if (r < 0)
		return r;
	n = snprintf(ret, PATH_MAX, "%.*s%s",
		     (int)(strrchr(own, '/') + 1 - own), own, name);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}
