/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_STDFILES_H
#define HD_LIB_BASE_STDFILES_H

#include <stddef.h>

/*
 * Opens /dev/null for each of stdin, stdout and stderr that is closed, so that
 * no file that is opened later takes its place. For the first line of main().
 */
void hd_stdfiles_fill(void);

/*
 * Closes every file of this process but those of @keep, which is sorted for it:
 * for one that was forked and is to hold nothing of its maker's. That is
 * close_range(2); where a kernel before Linux 5.9 or a container's seccomp
 * filter doesn't have it, what /proc/self/fd lists, or else all that the limit
 * of open files lets be.
 */
void hd_close_others(int *keep, size_t n);

#endif
