// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/result.h"

#include <stdio.h>
#include <string.h>

#include "hooks/program.h"
#include "lib/base/print.h"
#include "lib/host/host.h"
#include "lib/state/claims.h"

void hd_result_begin(struct hd_result *result, const char *domain,
		     const char *event)
{
	*result = (struct hd_result){ .event = hd_event_find(event) };
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

int hd_result_refuse(struct hd_result *result, int r)
{
	if (r < 0 && result->event->refusal)
		hd_err_wrap(&result->err, "Guest '%s' %s",
			    result->run.record.domain, result->event->refusal);
	return r;
}

/* Notes what the guest has taken; false when that is nothing. */
static bool note_taken(struct hd_result *result)
{
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	HD_AUTO_FINDINGS struct hd_findings damaged = { NULL, 0 };
	int r = hd_host_open(&host, NULL, NULL);

	if (r == 0)
		r = hd_state_open(&host, HD_STATE_READ, &state, NULL);
	if (r == 0)
		r = hd_claims_load(&state, &claims, &damaged, NULL);
	for (size_t i = 0; i < claims.n; i++) {
		const struct hd_claim *claim = &claims.items[i];

		if (!claim->domain || hd_claim_is_moving(claim) ||
		    strcmp(claim->domain, result->run.record.domain) != 0)
			continue;
		for (size_t j = 0; j < claim->n_devices; j++)
			hd_log_run_add(&result->run, claim->devices[j].addr);
	}
	return r < 0 || damaged.n || result->run.record.devices;
}

int hd_result_unable(struct hd_result *result, int r)
{
	const struct hd_log_record *record = &result->run.record;

	if (result->event->work != HD_WORK_RELEASE)
		return hd_result_refuse(result, r);
	if (!note_taken(result))
		return 0;
	hd_err_wrap(&result->err, "What guest '%s' took stays taken%s%s",
		    record->domain, record->devices ? ", " : "",
		    record->devices ? record->devices : "");
	hd_err_fix(&result->err, HD_REINSTALL ", then: virt-hostdev recover");
	return r;
}

static int report(const struct hd_result *result, int r)
{
	if (r < 0)
		hd_print_err(stderr, &result->err);
	hd_print_findings(stderr, &result->findings, "");
	return r ? 1 : 0;
}

int hd_result_end(struct hd_result *result, int r)
{
	const struct hd_event *event = result->event;
	HD_AUTO_HOST struct hd_host host = HD_HOST_INIT;
	int status = 0;

	if (event && event->consequence != HD_KILLS)
		status = report(result, r);
	if (hd_host_open(&host, NULL, NULL) == 0)
		hd_log_run_end(&result->run, &host, &result->findings,
			       !event || event->consequence != HD_REFUSES,
			       &result->err, r);
	return status;
}

void hd_result_clear(struct hd_result *result)
{
	hd_findings_clear(&result->findings);
	hd_err_clear(&result->err);
	hd_log_run_clear(&result->run);
}
