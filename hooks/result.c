// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/host.h"
#include "lib/journal.h"
#include "lib/print.h"

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void hd_result_begin(struct hd_result *result, const char *domain,
		     const char *event)
{
	*result = (struct hd_result){
		.record = { .time = now_us(CLOCK_REALTIME),
			    .domain = strdup(domain),
			    .event = strdup(event) },
		.began = now_us(CLOCK_MONOTONIC),
	};
}

int hd_result_describe(struct hd_result *result, const struct hd_domain *domain)
{
	struct hd_log_record *record = &result->record;
	size_t size;
	FILE *file;

	if (domain->uuid[0])
		record->uuid = strdup(domain->uuid);
	if (domain->n_assigns == 0)
		return 0;
	file = open_memstream(&record->devices, &size);
	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < domain->n_assigns; i++)
		fprintf(file, "%s%s", i ? " " : "",
			hd_addr_text(domain->assigns[i].addr).s);
	return fclose(file) == 0 ? 0 : -ENOMEM;
}

int hd_result_report(const struct hd_result *result, int r)
{
	if (r < 0)
		hd_print_err(stderr, &result->err);
	hd_print_findings(stderr, &result->findings, "");
	return r < 0 || hd_findings_refuse(&result->findings) ? 1 : 0;
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

/* Whether the event can refuse anything: elsewhere an error is a failure. */
static bool can_refuse(const char *event)
{
	return event &&
	       (strcmp(event, "prepare") == 0 || strcmp(event, "start") == 0);
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

void hd_result_log(struct hd_result *result, int r)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	const struct hd_findings *findings = &result->findings;
	struct hd_log_record *record = &result->record;
	const char *message = first_of(findings, HD_ERROR);

	if (r < 0 || (message && (has_failed_step(findings) ||
				  !can_refuse(record->event))))
		record->outcome = HD_OUTCOME_FAILED;
	else if (message)
		record->outcome = HD_OUTCOME_REFUSED;
	else if (record->devices)
		record->outcome = HD_OUTCOME_DONE;
	if (r < 0)
		message = hd_err_message(&result->err);
	else if (!message)
		message = first_of(findings, HD_WARNING);
	record->message = message ? strdup(message) : NULL;
	record->duration = now_us(CLOCK_MONOTONIC) - result->began;
	if (hd_host_open(&host, NULL, NULL) < 0)
		return;
	hd_log_append(&host, record);
	/* A guest without devices is of no interest to anybody else. */
	if (record->devices || record->message)
		hd_journal_send(&host, record);
}

void hd_result_clear(struct hd_result *result)
{
	hd_findings_clear(&result->findings);
	hd_err_clear(&result->err);
	hd_log_record_clear(&result->record);
}
