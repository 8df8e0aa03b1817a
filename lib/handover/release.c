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

/* Keeps the errors from @first on, for whoever asks later. */
static int note_failure(struct hd_job *job, struct hd_claim *claim,
			size_t first)
{
	char *error = hd_findings_text(job->ask.findings, first, HD_ERROR,
				       HD_CLAIM_ERROR_MAX);

	if (error) {
		free(claim->error);
		claim->error = error;
	}
	return hd_claim_save(&job->ask.state, claim, job->ask.err) < 0 ?
		       hd_job_note_unwritten(job) :
		       0;
}

/* Workers of a hook that was killed die with it, but a little later. */
static void wait_for_workers(const struct hd_job *job,
			     const struct hd_claim *claim)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000L };

	for (size_t i = 0, tries = 0; i < claim->n_workers && tries < 100;) {
		if (hd_process_lives(job->ask.host, claim->workers[i].process)
			    .is == HD_ABSENT) {
			i++;
			continue;
		}
		nanosleep(&pause, NULL);
		tries++;
	}
}

int hd_release_devices(struct hd_job *job, struct hd_claim *claim)
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
		return 0;
	if (r >= 0 && !claim->damaged)
		r = note_failure(job, claim, before);
	return r < 0 ? r : HD_REFUSED;
}

/* What is back and can't be forgotten is back all the same. */
static int forget(struct hd_job *job, const struct hd_claim *claim)
{
	int r = hd_claim_remove(&job->ask.state, claim->uuid, job->ask.err);

	return r < 0 ? hd_job_note_unwritten(job) : 0;
}

/* What was left of a damaged claim is back; a person has to see to the rest. */
static int settle(struct hd_job *job, const struct hd_claim *claim)
{
	int r;

	if (claim->complete) {
		r = hd_findings_add(
			job->ask.findings, "claim-damaged", HD_WARNING,
			HD_WHOLE_DOMAIN,
			hd_text("The claim " HD_STATE_DIR
				"/claims/%s was damaged, but all that it held is back with the host.",
				claim->uuid),
			NULL, job->ask.err);
		return r < 0 ? r : forget(job, claim);
	}
	if (hd_claim_set_aside(&job->ask.state, claim->uuid, job->ask.err) < 0)
		r = hd_job_note_unwritten(job);
	else
		r = 0;
	return r < 0 ? r :
		       hd_findings_add_refusal(
			       job->ask.findings, "claim-damaged",
			       hd_text("The claim " HD_STATE_DIR
				       "/claims/%s is damaged: %zu of its devices could be given back to the host, and what else it held can't be told.",
				       claim->uuid, claim->n_devices),
			       hd_text("Look with virt-hostdev list for devices on a VFIO driver that nobody holds; then: virt-hostdev recover --accept %s",
				       claim->uuid),
			       job->ask.err);
}

int hd_release_claim(struct hd_job *job, struct hd_claim *claim)
{
	int r = hd_release_devices(job, claim);

	if (r)
		return r;
	return claim->damaged ? settle(job, claim) : forget(job, claim);
}

/* Whose claim is to be locked, and the claim. */
struct wanted {
	const char *uuid; /* or NULL: the one of @domain */
	const char *domain;
	bool left; /* a damaged one will do */
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
	if (!wanted->uuid)
		r = load_by_name(job, wanted->domain, wanted->claim);
	else if (wanted->left)
		r = hd_claim_load_left(&job->ask.state, wanted->uuid,
				       wanted->claim, job->ask.err);
	else
		r = hd_claim_load(&job->ask.state, wanted->uuid, wanted->claim,
				  job->ask.err);
	return r < 0 ? r : hd_groups_of_claim(job, wanted->claim, ret);
}

int hd_claim_lock(struct hd_job *job, const char *uuid, struct hd_claim *ret)
{
	struct wanted wanted = { uuid, NULL, false, ret };

	return hd_job_lock(job, find_claim, &wanted);
}

int hd_claim_lock_left(struct hd_job *job, const char *uuid,
		       struct hd_claim *ret)
{
	struct wanted wanted = { uuid, NULL, true, ret };

	return hd_job_lock(job, find_claim, &wanted);
}

/* By the name when there is no UUID. -ENOENT: there is no such claim. */
static int open_claim(struct hd_job *job, const char *uuid, const char *domain,
		      bool left, struct hd_claim *ret)
{
	struct wanted wanted = { uuid[0] ? uuid : NULL, domain, left, ret };
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	return r < 0 ? r : hd_job_lock(job, find_claim, &wanted);
}

int hd_release(struct hd_job *job, const char *uuid, const char *domain)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = open_claim(job, uuid, domain, true, &claim);

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
	int r = open_claim(job, uuid, domain, false, &claim);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	claim.phase = HD_RUNNING;
	if (hd_process_daemon(job->ask.host, &claim.daemon).is != HD_PRESENT)
		claim.daemon = (struct hd_process){ 0 };
	return hd_claim_save(&job->ask.state, &claim, job->ask.err);
}
