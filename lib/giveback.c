// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/giveback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cleanup.h"
#include "lib/plan.h"
#include "lib/returns.h"

/* Keeps the first error from @first on, for whoever asks later. */
static int note_failure(struct hd_job *job, struct hd_claim *claim,
			size_t first)
{
	for (size_t i = first; i < job->findings->n; i++) {
		if (job->findings->items[i].severity != HD_ERROR)
			continue;
		free(claim->error);
		claim->error = strdup(job->findings->items[i].message);
		if (!claim->error)
			return hd_err_nomem(job->err);
		break;
	}
	return hd_claim_save(&job->state, claim, job->err);
}

/* Workers of a hook that was killed die with it, but a little later. */
static void wait_for_workers(const struct hd_job *job,
			     const struct hd_claim *claim)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000L };

	for (size_t i = 0, tries = 0; i < claim->n_workers && tries < 100;) {
		if (!hd_process_lives(job->host, claim->workers[i].process)) {
			i++;
			continue;
		}
		nanosleep(&pause, NULL);
		tries++;
	}
}

int hd_give_back(struct hd_job *job, struct hd_claim *claim)
{
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	size_t before = job->findings->n;
	bool all;
	int r;

	wait_for_workers(job, claim);
	r = hd_plan_returns(job, claim, &plan, &all);
	if (r < 0)
		return r;
	claim->phase = HD_RETURNING;
	r = hd_job_run(job, claim, &plan, HD_RUN_ON);
	if (r == 0 && all)
		return hd_claim_remove(&job->state, claim->uuid, job->err);
	return r < 0 ? r : note_failure(job, claim, before);
}

/* The claim of a domain by its UUID or, when that isn't known, by its name. */
static int find_claim(const struct hd_state *state, const char *uuid,
		      const char *domain, struct hd_claim *ret,
		      struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_CLAIMS struct hd_claims claims = { NULL, 0 };
	int r;

	if (uuid[0])
		return hd_claim_load(state, uuid, ret, err);
	r = hd_claims_load(state, &claims, findings, err);
	for (size_t i = 0; r == 0 && i < claims.n; i++)
		if (claims.items[i].domain &&
		    strcmp(claims.items[i].domain, domain) == 0)
			return hd_claim_load(state, claims.items[i].uuid, ret,
					     err);
	return r < 0 ? r : -ENOENT;
}

/*
 * Finds a domain's claim, locks its groups and reads it again: while we waited,
 * somebody else may have undone it, and the devices may be another guest's by
 * now.
 */
static int lock_claim(struct hd_job *job, const char *uuid, const char *domain,
		      struct hd_claim *ret)
{
	HD_AUTO_CLAIM struct hd_claim before = { .domain = NULL };
	HD_AUTO_GROUPS struct hd_groups groups = { NULL, 0 };
	int r = find_claim(&job->state, uuid, domain, &before, job->findings,
			   job->err);

	if (r == 0)
		r = hd_groups_of_claim(job, &before, &groups);
	if (r == 0)
		r = hd_job_lock(job, &groups);
	return r < 0 ? r :
		       hd_claim_load(&job->state, before.uuid, ret, job->err);
}

/* The same, after opening the state. -ENOENT: there is no such claim. */
static int open_claim(struct hd_job *job, const char *uuid, const char *domain,
		      struct hd_claim *ret)
{
	int r = hd_state_open(job->host, HD_STATE_WRITE, &job->state, job->err);

	return r < 0 ? r : lock_claim(job, uuid, domain, ret);
}

int hd_release(struct hd_job *job, const char *uuid, const char *domain)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = open_claim(job, uuid, domain, &claim);

	if (r == -ENOENT)
		return hd_state_is_open(&job->state) && uuid[0] ?
			       hd_claim_remove(&job->state, uuid, job->err) :
			       0;
	return r < 0 ? r : hd_give_back(job, &claim);
}

int hd_confirm(struct hd_job *job, const char *uuid, const char *domain)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = open_claim(job, uuid, domain, &claim);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	claim.phase = HD_RUNNING;
	claim.daemon = hd_process_parent(job->host);
	return hd_claim_save(&job->state, &claim, job->err);
}

/* With its daemon alive, a start that was prepared may still be under way. */
static bool is_over(const struct hd_host *host, const struct hd_claim *claim)
{
	return hd_claim_is_abandoned(host, claim) ||
	       (claim->phase == HD_RUNNING && !hd_claim_is_by_hand(claim) &&
		!hd_claim_guest_runs(host, claim));
}

/* Undoes one claim, as it is now that its groups are locked. */
static int recover_one(struct hd_job *job, const char *uuid,
		       unsigned *ret_undone)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	size_t before = hd_findings_count(job->findings, HD_ERROR);
	int r = lock_claim(job, uuid, "", &claim);

	if (r == -ENOENT) /* somebody else did */
		return 0;
	if (r < 0 || !is_over(job->host, &claim))
		return r;
	r = hd_give_back(job, &claim);
	if (r == 0 && hd_findings_count(job->findings, HD_ERROR) == before)
		(*ret_undone)++;
	return r;
}

int hd_recover(struct hd_job *job, unsigned *ret_undone)
{
	HD_AUTO_CLAIMS struct hd_claims claims = { NULL, 0 };
	int r = hd_state_open(job->host, HD_STATE_WRITE, &job->state, job->err);

	*ret_undone = 0;
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = hd_claims_load(&job->state, &claims, job->findings,
				   job->err);
	for (size_t i = 0; r == 0 && i < claims.n; i++) {
		/* Who is at work on a claim that isn't over has its locks. */
		if (is_over(job->host, &claims.items[i]))
			r = recover_one(job, claims.items[i].uuid, ret_undone);
		hd_locks_release(&job->locks);
		/* One that can't be undone keeps no other from it. */
		if (r < 0)
			r = hd_findings_add(job->findings, "claim-kept",
					    HD_ERROR, HD_WHOLE_DOMAIN,
					    hd_steal(&job->err->message),
					    hd_steal(&job->err->fix), job->err);
	}
	return r;
}
