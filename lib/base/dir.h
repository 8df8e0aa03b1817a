/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_DIR_H
#define HD_LIB_BASE_DIR_H

#include <stdbool.h>

/*
 * Whether a failure says that there is no such thing, or that it went away
 * while we looked.
 */
bool hd_is_absent(int r);

/*
 * Visits the entries of a folder, but for those that begin with a dot, until
 * one visit returns something else than 0.
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
