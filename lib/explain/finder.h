/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_FINDER_H
#define HD_FINDER_H

#include <stddef.h>

#include "lib/explain/pattern.h"

/*
 * Finds the literals of many patterns in one pass over the text: each byte
 * costs a table look-up, and a comparison for each literal that begins with it
 * and the next one.
 */
struct hd_finder;

/*
 * @patterns stay the caller's and must outlive the finder. NULL when memory
 * runs out, or there are more than some thousand patterns.
 */
struct hd_finder *hd_finder_new(const struct hd_pattern *patterns, size_t n);

/*
 * Calls @found for each literal in @text: with the pattern's index, and where
 * the literal begins.
 */
void hd_finder_scan(const struct hd_finder *finder,
		    const struct hd_normalized *text,
		    void (*found)(void *data, size_t pattern, size_t at),
		    void *data);

void hd_finder_free(struct hd_finder *finder);

#endif
