// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/logrun.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/state/journal.h"

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void hd_log_run_begin(struct hd_log_run *run, const char *event,
		      const char *domain)
{
	*run = (struct hd_log_run){
		.record = { .time = now_us(CLOCK_REALTIME),
			    .event = strdup(event),
			    .domain = strdup(domain) },
		.began = now_us(CLOCK_MONOTONIC),
	};
}

int hd_log_run_add(struct hd_log_run *run, struct hd_addr addr)
{
	char **devices = &run->record.devices;
	char *text = hd_text("%s%s%s", *devices ? *devices : "",
			     *devices ? " " : "", hd_addr_text(addr).s);

	if (!text)
		return -ENOMEM;
	free(*devices);
	*devices = text;
	return 0;
}

/* The first thing of that severity that there was to say, or NULL. */
static const char *first_of(const struct hd_findings *findings,
			    enum hd_severity severity)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->items[i].severity == severity)
			return findings->items[i].message;
	return NULL;
}

/* Whether the devices had been touched when it went wrong. */
static bool has_failed_step(const struct hd_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->items[i].severity == HD_ERROR &&
		    strncmp(findings->items[i].id, "step-", 5) == 0)
			return true;
	return false;
}

void hd_log_run_end(struct hd_log_run *run, const struct hd_host *host,
		    const struct hd_findings *findings, bool too_late,
		    const struct hd_err *err, int r)
{
	struct hd_log_record *record = &run->record;
	const char *message = first_of(findings, HD_ERROR);

	if (r < 0 || (message && (too_late || has_failed_step(findings))))
		record->outcome = HD_OUTCOME_FAILED;
	else if (message)
		record->outcome = HD_OUTCOME_REFUSED;
	else if (record->devices)
		record->outcome = HD_OUTCOME_DONE;
	if (r < 0)
		message = hd_err_message(err);
	else if (!message)
		message = first_of(findings, HD_WARNING);
	record->message = message ? strdup(message) : NULL;
	record->duration = now_us(CLOCK_MONOTONIC) - run->began;
	hd_log_append(host, record);
	/* A guest without devices is of no interest to anybody else. */
	if (record->devices || record->message)
		hd_journal_send(host, record);
}

void hd_log_run_clear(struct hd_log_run *run)
{
	hd_log_record_clear(&run->record);
}
