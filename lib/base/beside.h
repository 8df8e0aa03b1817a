/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_BESIDE_H
#define HD_LIB_BASE_BESIDE_H

#include <limits.h>
#include <stddef.h>

/*
 * Where this program lies, from the kernel: how what is put anywhere, as a
 * bundle (packaging/bundle), finds its parts. Nothing that somebody could set
 * leads elsewhere. Links are followed; what a loader was told to start is the
 * loader. Both return 0, -ENAMETOOLONG, or why the kernel doesn't tell.
 */
int hd_own_path(char ret[PATH_MAX]);

/* The path of @name in the folder of this program, with ".." as it is. */
int hd_beside(const char *name, char ret[PATH_MAX]);

#endif
