/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_TREE_ARCHIVE_H
#define HD_TOOLS_TREE_ARCHIVE_H

#include <archive.h>
#include <errno.h>

/* libarchive's errno isn't always one. */
static inline int hd_archive_errno(struct archive *a)
{
	int code = archive_errno(a);

	return code > 0 && code < 4096 ? code : EIO;
}

#endif
