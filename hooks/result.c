// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/result.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/print.h"
#include "lib/host/host.h"

void hd_result_begin(struct hd_result *result, const char *domain,
		     const char *event)
{
	*result = (struct hd_result){ .findings = { NULL, 0 } };
	hd_log_run_begin(&result->run, event, domain);
}

int hd_result_describe(struct hd_result *result, const struct hd_domain *domain)
{
	int r = 0;

	if (domain->uuid[0])
		result->run.record.uuid = strdup(domain->uuid);
	for (size_t i = 0; r == 0 && i < domain->n_assigns; i++)
		r = hd_log_run_add(&result->run, domain->assigns[i].addr);
	return r;
}

int hd_result_report(const struct hd_result *result, int r)
{
	if (r < 0)
		hd_print_err(stderr, &result->err);
	hd_print_findings(stderr, &result->findings, "");
	return r ? 1 : 0;
}

/* Whether the event can refuse anything: elsewhere an error is a failure. */
static bool can_refuse(const char *event)
{
	return event &&
	       (strcmp(event, "prepare") == 0 || strcmp(event, "start") == 0);
}

void hd_result_log(struct hd_result *result, int r)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;

	if (hd_host_open(&host, NULL, NULL) == 0)
		hd_log_run_end(&result->run, &host, &result->findings,
			       !can_refuse(result->run.record.event),
			       &result->err, r);
}

void hd_result_clear(struct hd_result *result)
{
	hd_findings_clear(&result->findings);
	hd_err_clear(&result->err);
	hd_log_run_clear(&result->run);
}
