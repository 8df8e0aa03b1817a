/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_PATTERNS_H
#define HD_LIB_REQUEST_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

/* Patterns as somebody wrote them, see hd_glob(): of guests, of units. */
struct hd_patterns {
	char **items; /* owned, as each of them */
	size_t n;
};

/* Adds a copy of one. Returns 0 or -ENOMEM. */
int hd_patterns_add(struct hd_patterns *patterns, const char *pattern);

/* Whether that very pattern is among them. */
bool hd_patterns_have(const struct hd_patterns *patterns, const char *pattern);

void hd_patterns_clear(struct hd_patterns *patterns);

#endif
