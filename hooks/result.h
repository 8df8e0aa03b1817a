/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_HOOKS_RESULT_H
#define HD_HOOKS_RESULT_H

#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/state/log.h"
#include "xml/domain/domain.h"

/* What came of an event: findings, or one error, and what is logged of it. */
struct hd_result {
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
 * Says on stderr what was found; it becomes the error that virsh shows, where
 * the first line counts. @r is what the event's function returned. Returns the
 * exit code: 1 refuses.
 */
int hd_result_report(const struct hd_result *result, int r);

/* Leaves one record in the logs. A log that can't be written stops nobody. */
void hd_result_log(struct hd_result *result, int r);

void hd_result_clear(struct hd_result *result);

#endif
