/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_EXPLAIN_LOG_ENTRY_H
#define HD_LIB_EXPLAIN_LOG_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/explain/normal.h"

/*
 * One message of a log, with all lines that a terminal, a mail program or a web
 * page made of it. Where nothing shows that a line begins a message (no time,
 * no level), lines that follow a long one may belong to it, so a record may
 * have several messages.
 */
struct hd_log_entry {
	char raw[HD_LOG_ENTRY_SIZE];
	size_t n;
	size_t lines[HD_LOG_ENTRY_LINES]; /* where each line begins */
	bool joined[HD_LOG_ENTRY_LINES]; /* it is cut from the line before it */
	size_t n_lines;
	size_t n_old; /* lines that the record before had as well */
	size_t first; /* number of its first line, in all logs */
};

/* Puts a log together from pieces of any size, in constant memory. */
struct hd_log_entries {
	struct hd_log_entry record;
	char line[HD_LOG_ENTRY_SIZE /
		  4]; /* of which the end is still to come */
	size_t n;
	bool cut; /* the line's beginning has already gone to the record */
	/* Called with each record. */
	void (*take)(void *data, const struct hd_log_entry *record);
	void *data;
};

/* Takes a piece of a log. Lines longer than the room for them are cut. */
void hd_log_entries_feed(struct hd_log_entries *records, const char *piece,
			 size_t n);

/* A log ends: what is left is a record. */
void hd_log_entries_end(struct hd_log_entries *records);

/* Whether @line has a beginning that only messages have: a time, a level. */
bool hd_log_line_begins(const char *line, size_t n);

/* Where line @i of a record ends. */
size_t hd_log_entry_line_end(const struct hd_log_entry *record, size_t i);

#endif
