/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_PREFIX_H
#define HD_LIB_BASE_PREFIX_H

#include <string.h>

/* What follows @prefix in a text; NULL when the text doesn't begin with it. */
static inline const char *hd_after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

#endif
