/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_GLOB_H
#define HD_LIB_BASE_GLOB_H

#include <stdbool.h>

/*
 * Whether a text fits a pattern, in which "*" stands for any characters and "?"
 * for one; whatever the locale is, unlike fnmatch(3): the hook has none, and
 * the tool has the person's. What isn't UTF-8 is a character a byte.
 */
bool hd_glob(const char *pattern, const char *text);

#endif
