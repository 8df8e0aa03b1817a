/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_PATTERN_H
#define HD_PATTERN_H

#include <stdbool.h>

#include "lib/explain/normal.h"

/* How much "%*" stands for, at most. */
#define HD_PATTERN_GAP 240

/* How long the longest part without holes is, at least. */
#define HD_PATTERN_LITERAL 2

/* A signature, normalized as the text is that it is looked for in. */
struct hd_pattern {
	char *text; /* holes are bytes below ' '; owned */
	size_t n;
	size_t literal, literal_n; /* its longest part without holes */
};

/* Where a pattern was found. */
struct hd_pattern_match {
	size_t start, end; /* in the normalized text */
	bool has_addr;
	size_t addr_at;
	long group; /* -1: none */
};

/* Prepares a signature, see entry.h. Returns 0, -EINVAL or -ENOMEM. */
int hd_pattern_new(struct hd_pattern *ret, const char *signature);

/*
 * Whether the pattern is in @text around its literal, which begins at @at. The
 * cost is bounded by the pattern's length and HD_PATTERN_GAP.
 */
bool hd_pattern_match(const struct hd_pattern *pattern,
		      const struct hd_normalized *text, size_t at,
		      struct hd_pattern_match *ret);

void hd_pattern_clear(struct hd_pattern *pattern);

#endif
