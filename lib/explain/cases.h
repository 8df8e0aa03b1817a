/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_CASES_H
#define HD_CASES_H

#include "lib/explain/explain.h"

/* All that was seen so far. */
struct hd_cases {
	struct hd_case *items;
	size_t n;
	bool no_memory;
};

/* A failure in a log. */
struct hd_occurrence {
	const struct hd_entry *entry;
	const struct hd_addr *addr; /* NULL: the log names no device */
	long group; /* -1: none */
	const char *text; /* the lines, with newlines between */
	size_t n;
	size_t place; /* number of the first of them in the log */
	int64_t time; /* seconds after 1970; -1: not known */
	bool is_local; /* the time has no zone, and may be another one's */
};

/* Counts a occurrence to its case; beyond HD_CASES to none. */
void hd_cases_add(struct hd_cases *cases,
		  const struct hd_occurrence *occurrence);

/* Hands all cases over, in order and related; see hd_explain_report(). */
int hd_cases_report(struct hd_cases *cases, struct hd_report *ret,
		    struct hd_err *err);

void hd_cases_clear(struct hd_cases *cases);

#endif
