/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_FILE_H
#define HD_LIB_BASE_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * 0 for a regular file; -EISDIR, -EINVAL for anything else, which may block or
 * never end; another negative errno.
 */
int hd_file_is_regular(int fd);

/*
 * Reads everything from a file descriptor to its end: a file, a pipe. The text
 * gets a final NUL that *@ret_length doesn't count; the caller frees it.
 *
 * Returns 0; -EFBIG as soon as there are more than @limit bytes; another
 * negative errno.
 */
int hd_read_all(int fd, size_t limit, char **ret, size_t *ret_length);

/* The same for the first @most bytes of what may be longer. */
int hd_read_first(int fd, size_t most, char **ret, size_t *ret_length);

/* Writes all of @data, in as many writes as it takes; 0 or a negative errno. */
int hd_write_all(int fd, const void *data, size_t length);

/*
 * The next entry of a folder, but for "." and "..": others may begin with a dot
 * too, an interface of the network for one. NULL at the end, as when the folder
 * went away, or with a negative errno in *@r.
 */
const struct dirent *hd_dir_next(DIR *dir, int *r);

/*
 * Visits the entries of a folder, as hd_dir_next() gives them, until one visit
 * returns something else than 0.
 *
 * @fd  the folder, opened for reading and taken over; or the negative errno
 *      with which opening it failed
 *
 * Returns what the last visit returned; 0 when there is no such folder, as when
 * its device went away; another negative errno.
 */
int hd_dir_each(int fd, int (*visit)(void *data, int dir_fd, const char *name),
		void *data);

#endif
