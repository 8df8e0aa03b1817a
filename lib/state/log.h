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
#include "lib/state/log_record.h"

/* For sentences. The one before it, HD_LOG_FILE ".1", is kept when it is full.
 */
#define HD_LOG_FILE "/run/virt-hostdev/log"

struct hd_log {
	struct hd_log_record *items;
	size_t n;
};

#define HD_AUTO_LOG __attribute__((cleanup(hd_log_clear)))

/* Something that was done for a guest, or by hand, from its beginning to its
 * record. */
struct hd_log_run {
	struct hd_log_record record;
	int64_t began; /* microseconds of CLOCK_MONOTONIC */
};

/* Starts the clock; both texts are copied. Without a @domain it is by hand. */
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

void hd_log_clear(struct hd_log *log);

#endif
