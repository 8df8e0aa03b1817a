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
	return r < 0 ? r : note_failure(job, claim, before);
}

/* Loads a claim, and adds its groups. */
static int load_with_groups(struct hd_job *job, const char *uuid,
			    struct hd_claim *ret, struct hd_groups *groups)
{
	int r = hd_claim_load(&job->ask.state, uuid, ret, job->ask.err);

	return r < 0 ? r : hd_groups_of_claim(job, ret, groups);
}

static bool have_all(const struct hd_groups *groups,
		     const struct hd_groups *wanted)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!hd_groups_have(groups, wanted->numbers[i]))
			return false;
	return true;
}

/*
 * While we waited for the locks, somebody else may have undone the claim, and
 * the devices may be another guest's by now; or they have become more.
 */
int hd_claim_lock(struct hd_job *job, const char *uuid, struct hd_claim *ret)
{
	for (;;) {
		HD_AUTO_CLAIM struct hd_claim before = { .domain = NULL };
		HD_AUTO_CLAIM struct hd_claim now = { .domain = NULL };
		HD_AUTO_GROUPS struct hd_groups groups = { NULL, 0 };
		HD_AUTO_GROUPS struct hd_groups wanted = { NULL, 0 };
		int r = load_with_groups(job, uuid, &before, &groups);

		if (r == 0)
			r = hd_job_lock(job, &groups);
		if (r == 0)
			r = load_with_groups(job, uuid, &now, &wanted);
		if (r < 0)
			return r;
		if (have_all(&groups, &wanted)) {
			*ret = now;
			now = (struct hd_claim){ .domain = NULL };
			return 0;
		}
		hd_locks_release(&job->locks);
	}
}

/* Finds and locks the claim of a domain by its name. */
static int lock_by_name(struct hd_job *job, const char *domain,
			struct hd_claim *ret)
{
	HD_AUTO_CLAIMS struct hd_claims claims = { NULL, 0 };
	int r = hd_claims_load(&job->ask.state, &claims, job->ask.findings,
			       job->ask.err);

	for (size_t i = 0; r == 0 && i < claims.n; i++)
		if (claims.items[i].domain &&
		    !hd_claim_is_moving(&claims.items[i]) &&
		    strcmp(claims.items[i].domain, domain) == 0)
			return hd_claim_lock(job, claims.items[i].uuid, ret);
	return r < 0 ? r : -ENOENT;
}

/* By the name when there is no UUID. -ENOENT: there is no such claim. */
static int open_claim(struct hd_job *job, const char *uuid, const char *domain,
		      struct hd_claim *ret)
{
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	if (r < 0)
		return r;
	return uuid[0] ? hd_claim_lock(job, uuid, ret) :
			 lock_by_name(job, domain, ret);
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
