/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_TREE_LINK_H
#define HD_TOOLS_TREE_LINK_H

#include <stdbool.h>

/*
 * Whether a link at @path with @target stays below the root, wherever other
 * such links lead: it is relative, goes up no more often than @path has
 * folders, and never up after a name.
 */
bool hd_link_is_safe(const char *path, const char *target);

#endif
