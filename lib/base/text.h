/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_TEXT_H
#define HD_LIB_BASE_TEXT_H

#include <stdbool.h>
#include <string.h>

/* What follows @prefix in a text; NULL when the text doesn't begin with it. */
static inline const char *hd_after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* Whether a text ends with @suffix and is more than that. */
static inline bool hd_ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), end = strlen(suffix);

	return n > end && strcmp(text + n - end, suffix) == 0;
}

#endif
