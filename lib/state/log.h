/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_LOG_H
#define HD_LIB_STATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* For sentences. The one before it, HD_LOG_FILE ".1", is kept when it is full.
 */
#define HD_LOG_FILE "/run/virt-hostdev/log"

enum hd_outcome {
	HD_OUTCOME_NOTHING, /* there was nothing to do */
	HD_OUTCOME_DONE,
	HD_OUTCOME_REFUSED, /* a check said no, and nothing was changed */
	HD_OUTCOME_FAILED,
};

/*
 * One run of the hook, or of attach or detach. A line of the log is text, in
 *words as in word.h:
 *
 *	run TIME DURATION OUTCOME EVENT DOMAIN UUID DEVICES MESSAGE
 */
struct hd_log_record {
	int64_t time; /* when it began, microseconds after 1970 */
	int64_t duration; /* microseconds */
	enum hd_outcome outcome;
	char *event; /* "prepare", "attach", ...; owned, as all that follow */
	char *domain; /* its name */
	char *uuid; /* NULL when not known */
	char *devices; /* their addresses with blanks between; NULL: none */
	char *message; /* the first error, or else warning; NULL: none */
};

struct hd_log {
	struct hd_log_record *items;
	size_t n;
};

#define HD_AUTO_LOG __attribute__((cleanup(hd_log_clear)))

/* "nothing", "done", "refused" or "failed". */
const char *hd_outcome_name(enum hd_outcome outcome);

/*
 * Appends a record to the log, which never grows beyond some hundred
 * kilobytes. Returns 0 or a negative errno: who logs goes on without.
 */
int hd_log_append(const struct hd_host *host,
		  const struct hd_log_record *record);

/*
 * Reads the whole log, oldest first. Lines that are torn or not ours are left
 * out. Returns 0, also when there is none, or a negative errno with a sentence
 * in @err.
 */
int hd_log_read(const struct hd_host *host, struct hd_log *ret,
		struct hd_err *err);

/* Reads one line without its newline; false when it is damaged. @line is cut.
 */
bool hd_log_parse(char *line, struct hd_log_record *ret);

void hd_log_record_clear(struct hd_log_record *record);
void hd_log_clear(struct hd_log *log);

#endif
