/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_HOOKS_RESULT_H
#define HD_HOOKS_RESULT_H

#include "hooks/event.h"
#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/state/log.h"
#include "xml/domain/domain.h"

/* What came of an event: findings, or one error, and what is logged of it. */
struct hd_result {
	const struct hd_event
		*event; /* NULL when it is one that we don't know */
	struct hd_findings findings;
	struct hd_err err;
	struct hd_log_run run;
};

#define HD_AUTO_RESULT __attribute__((cleanup(hd_result_clear)))

/* Starts the clock. */
void hd_result_begin(struct hd_result *result, const char *domain,
		     const char *event);

/* Notes whom the event was about; 0 or -ENOMEM. */
int hd_result_describe(struct hd_result *result,
		       const struct hd_domain *domain);

/*
 * Puts before the error, where one ends it all, what the event refuses then.
 * Returns @r, which is what the event's work came to.
 */
int hd_result_refuse(struct hd_result *result, int r);

/*
 * The same where the second program can't be used: release says what stays
 * taken. Returns 0 when the guest had taken nothing, and @r otherwise.
 */
int hd_result_unable(struct hd_result *result, int r);

/*
 * Says on stderr what was found, where libvirt wants to know; it becomes the
 * error that virsh shows, where the first line counts. Leaves one record in the
 * logs; a log that can't be written stops nobody. Returns the exit code.
 */
int hd_result_end(struct hd_result *result, int r);

void hd_result_clear(struct hd_result *result);

#endif
