/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_LOGRUN_H
#define HD_LIB_STATE_LOGRUN_H

#include <stdint.h>

#include "lib/base/finding.h"
#include "lib/host/addr.h"
#include "lib/state/log.h"

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
 * Leaves one record in the logs: the file of hd_log_append() and the journal.
 * A log that can't be written stops nobody.
 *
 * @findings  of the run: an error means that it was refused, or failed when
 *            steps were made, or when it is @too_late to refuse anything
 * @err       what made it fail, when @r is a negative errno
 */
void hd_log_run_end(struct hd_log_run *run, const struct hd_host *host,
		    const struct hd_findings *findings, bool too_late,
		    const struct hd_err *err, int r);

void hd_log_run_clear(struct hd_log_run *run);

#endif
