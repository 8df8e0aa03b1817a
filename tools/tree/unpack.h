/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_TREE_UNPACK_H
#define HD_TOOLS_TREE_UNPACK_H

#include <stddef.h>

#include "lib/base/err.h"

/*
 * Unpacks the tar that @fd reads below the empty folder @dir_fd. Whoever made
 * it isn't trusted: nothing is written outside that folder, no link leads out
 * of it, no other kind of file is made, and neither is there more than some
 * hundred MiB. @name is for sentences.
 *
 * Returns 0 and how many entries it had, or a negative errno with a sentence in
 * @err and an unfinished folder.
 */
int hd_tar_unpack(int fd, int dir_fd, const char *name, size_t *ret,
		  struct hd_err *err);

#endif
