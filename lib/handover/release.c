// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/release.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/handover/groups.h"
#include "lib/handover/release_plan.h"
#include "lib/rebind/plan.h"

/* Keeps the first error from @first on, for whoever asks later. */
static int note_failure(struct hd_job *job, struct hd_claim *claim,
			size_t first)
{
	for (size_t i = first; i < job->ask.findings->n; i++) {
		if (job->ask.findings->items[i].severity != HD_ERROR)
			continue;
		free(claim->error);
		claim->error = strdup(job->ask.findings->items[i].message);
		if (!claim->error)
			return hd_err_nomem(job->ask.err);
		break;
	}
	return hd_claim_save(&job->ask.state, claim, job->ask.err);
}

/* Workers of a hook that was killed die with it, but a little later. */
static void wait_for_workers(const struct hd_job *job,
			     const struct hd_claim *claim)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000L };

	for (size_t i = 0, tries = 0; i < claim->n_workers && tries < 100;) {
		if (!hd_process_lives(job->ask.host,
				      claim->workers[i].process)) {
			i++;
			continue;
		}
		nanosleep(&pause, NULL);
		tries++;
	}
}

int hd_release_claim(struct hd_job *job, struct hd_claim *claim)
{
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	size_t before = job->ask.findings->n;
	bool all;
	int r;

	wait_for_workers(job, claim);
	r = hd_release_plan(job, claim, &plan, &all);
	if (r < 0)
		return r;
	claim->phase = HD_RETURNING;
	r = hd_job_run(job, claim, &plan, HD_RUN_ON);
	if (r == 0 && all)
		return hd_claim_remove(&job->ask.state, claim->uuid,
				       job->ask.err);
	if (r >= 0)
		r = note_failure(job, claim, before);
	return r < 0 ? r : HD_REFUSED;
}

/* Whose claim is to be locked, and the claim. */
struct wanted {
	const char *uuid; /* or NULL: the one of @domain */
	const char *domain;
	struct hd_claim *claim;
};

/* The claim of the domain with this name, which -ENOENT says there is none of.
 */
static int load_by_name(struct hd_job *job, const char *domain,
			struct hd_claim *ret)
{
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	int r = hd_claims_load(&job->ask.state, &claims, job->ask.findings,
			       job->ask.err);

	for (size_t i = 0; r == 0 && i < claims.n; i++) {
		struct hd_claim *claim = &claims.items[i];

		if (!claim->domain || hd_claim_is_moving(claim) ||
		    strcmp(claim->domain, domain) != 0)
			continue;
		*ret = *claim;
		*claim = (struct hd_claim){ .domain = NULL };
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}

static int find_claim(struct hd_job *job, void *data, struct hd_groups *ret)
{
	struct wanted *wanted = data;
	int r;

	hd_claim_clear(wanted->claim);
	r = wanted->uuid ? hd_claim_load(&job->ask.state, wanted->uuid,
					 wanted->claim, job->ask.err) :
			   load_by_name(job, wanted->domain, wanted->claim);
	return r < 0 ? r : hd_groups_of_claim(job, wanted->claim, ret);
}

int hd_claim_lock(struct hd_job *job, const char *uuid, struct hd_claim *ret)
{
	struct wanted wanted = { uuid, NULL, ret };

	return hd_job_lock(job, find_claim, &wanted);
}

/* By the name when there is no UUID. -ENOENT: there is no such claim. */
static int open_claim(struct hd_job *job, const char *uuid, const char *domain,
		      struct hd_claim *ret)
{
	struct wanted wanted = { uuid[0] ? uuid : NULL, domain, ret };
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	return r < 0 ? r : hd_job_lock(job, find_claim, &wanted);
}

int hd_release(struct hd_job *job, const char *uuid, const char *domain)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = open_claim(job, uuid, domain, &claim);

	if (r == -ENOENT)
		return hd_state_is_open(&job->ask.state) && uuid[0] ?
			       hd_claim_remove(&job->ask.state, uuid,
					       job->ask.err) :
			       0;
	return r < 0 ? r : hd_release_claim(job, &claim);
}

int hd_started(struct hd_job *job, const char *uuid, const char *domain)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = open_claim(job, uuid, domain, &claim);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	claim.phase = HD_RUNNING;
	claim.daemon = hd_process_parent(job->ask.host);
	return hd_claim_save(&job->ask.state, &claim, job->ask.err);
}
