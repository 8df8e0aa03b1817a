/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_READ_H
#define HD_LIB_BASE_READ_H

#include <stddef.h>

/*
 * Reads everything from a file descriptor to its end: a file, a pipe. The text
 * gets a final NUL that *@ret_length doesn't count; the caller frees it.
 *
 * Returns 0; -EFBIG as soon as there are more than @limit bytes; another
 * negative errno.
 */
int hd_read_all(int fd, size_t limit, char **ret, size_t *ret_length);

#endif
