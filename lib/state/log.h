/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_LOG_H
#define HD_LIB_STATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/host/addr.h"
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
 * words as in word.h:
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

/* Something that was done for a guest, from its beginning to its record. */
struct hd_log_run {
	struct hd_log_record record;
	int64_t began; /* microseconds of CLOCK_MONOTONIC */
};

/* Starts the clock; both texts are copied. */
void hd_log_run_begin(struct hd_log_run *run, const char *event,
		      const char *domain);

/* Notes another device; 0 or -ENOMEM. */
int hd_log_run_add(struct hd_log_run *run, struct hd_addr addr);

/*
 * Leaves one record in the log, which never grows beyond some hundred
 * kilobytes, and in the journal. A log that can't be written stops nobody.
 *
 * @findings  of the run: an error means that it was refused, or failed when
 *            steps were made, or when it is @too_late to refuse anything
 * @err       what made it fail, when @r is a negative errno
 */
void hd_log_run_end(struct hd_log_run *run, const struct hd_host *host,
		    const struct hd_findings *findings, bool too_late,
		    const struct hd_err *err, int r);

void hd_log_run_clear(struct hd_log_run *run);

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
