/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_REPLACE_H
#define HD_LIB_BASE_REPLACE_H

#include <stddef.h>

#include "lib/base/err.h"

/*
 * Puts new text into a file that a person named, so that either the old or the
 * new is there, whole: into a new file beside it first, which gets mode, owner
 * and extended attributes of the old one (access lists, SELinux's label) and
 * then its place; another hard link keeps the old text. A symbolic link is
 * followed, so that it stays one. Only a regular file that may be written to is
 * replaced.
 *
 * Returns 0 or a negative errno with a sentence in @err, and then the file is
 * as it was.
 */
int hd_replace_file(const char *path, const char *text, size_t length,
		    struct hd_err *err);

#endif
