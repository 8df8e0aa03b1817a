/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_LOG_RECORD_H
#define HD_LIB_STATE_LOG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

enum hd_outcome {
	HD_OUTCOME_NOTHING, /* there was nothing to do */
	HD_OUTCOME_DONE,
	HD_OUTCOME_REFUSED, /* a check said no, and nothing was changed */
	HD_OUTCOME_FAILED,
};

/* "nothing", "done", "refused" or "failed". */
const char *hd_outcome_name(enum hd_outcome outcome);

/*
 * One run of the hook, or of bind, release, attach or detach. A line of the log
 *is text, in words as in word.h:
 *
 *	run TIME DURATION OUTCOME EVENT DOMAIN UUID DEVICES MESSAGE
 */
struct hd_log_record {
	int64_t time; /* when it began, microseconds after 1970 */
	int64_t duration; /* microseconds */
	enum hd_outcome outcome;
	char *event; /* "prepare", "attach", ...; owned, as all that follow */
	char *domain; /* its name; NULL: bind or release, by hand */
	char *uuid; /* NULL when not known */
	char *devices; /* their addresses with blanks between; NULL: none */
	char *message; /* the errors, or else the warnings; NULL: none */
};

/* The line of a record, with its newline; NULL when memory runs out. Owned by
 * the caller. */
char *hd_log_record_format(const struct hd_log_record *record);

/* Reads one line without its newline; false when it is damaged. @line is cut.
 */
bool hd_log_record_parse(char *line, struct hd_log_record *ret);

void hd_log_record_clear(struct hd_log_record *record);

#endif
