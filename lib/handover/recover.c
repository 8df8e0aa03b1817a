// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/recover.h"

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/handover/groups.h"
#include "lib/handover/hotplug_end.h"
#include "lib/handover/release.h"
#include "lib/state/alive.h"

int hd_undo(struct hd_job *job, struct hd_claim *claim)
{
	return hd_claim_is_moving(claim) ?
		       hd_hotplug_end_abandoned(job, claim) :
		       hd_release_claim(job, claim);
}

/* With its daemon alive, a start that was prepared may still be under way.
 */
static bool is_over(const struct hd_host *host, const struct hd_claim *claim)
{
	return hd_claim_is_abandoned(host, claim) ||
	       (claim->phase == HD_RUNNING && !hd_claim_is_manual(claim) &&
		!hd_claim_guest_runs(host, claim));
}

/* Undoes one claim, as it is now that its groups are locked. */
static int recover_one(struct hd_job *job, const char *uuid,
		       unsigned *ret_undone)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_claim_lock_left(job, uuid, &claim);

	if (r == -ENOENT) /* somebody else did */
		return 0;
	if (r < 0 || !is_over(job->ask.host, &claim))
		return r;
	r = hd_undo(job, &claim);
	/* What is with its guest has not been undone. */
	*ret_undone += r == 0 && claim.n_devices;
	return r;
}

/* One that can't be undone keeps no other from it. */
static int try_one(struct hd_job *job, const struct hd_claim *claim,
		   unsigned *ret_undone)
{
	int r;

	/* Who is at work on a claim that isn't over has its locks. */
	if (!is_over(job->ask.host, claim))
		return 0;
	r = recover_one(job, claim->uuid, ret_undone);
	hd_locks_release(&job->locks);
	return r < 0 ? hd_findings_add_refusal(job->ask.findings, "claim-kept",
					       hd_steal(&job->ask.err->message),
					       hd_steal(&job->ask.err->fix),
					       job->ask.err) :
		       r;
}

static int recover_all(struct hd_job *job, const struct hd_claims *claims,
		       unsigned *ret_undone)
{
	int r = 0, kept = 0;

	for (size_t i = 0; r >= 0 && i < claims->n; i++) {
		r = try_one(job, &claims->items[i], ret_undone);
		kept |= r == HD_REFUSED;
	}
	/* Whose guest can't be told may be of a guest that runs. */
	for (size_t i = 0; r >= 0 && i < claims->n_unsettled; i++) {
		const struct hd_unsettled *each = &claims->unsettled[i];

		if (each->aside || each->foreign || !each->left.owned)
			continue;
		r = try_one(job, &each->left, ret_undone);
		kept |= r == HD_REFUSED;
	}
	return r < 0 ? r : kept;
}

/* What is to be settled, and the groups of what is left of it. */
static int find_left(struct hd_job *job, void *data, struct hd_groups *ret)
{
	return hd_groups_of_claim(job, data, ret);
}

static bool is_held(const void *data, const struct hd_claim_device *device)
{
	const struct hd_claims *claims = data;

	for (size_t i = 0; i < claims->n; i++)
		if (hd_claim_find(&claims->items[i], device->addr))
			return true;
	return false;
}

/* Gives back what is left of it and nobody else holds. */
static int give_back_left(struct hd_job *job, const struct hd_claims *claims,
			  struct hd_claim *left)
{
	HD_AUTO_CLAIM struct hd_claim held = { .domain = NULL };
	int r = hd_claim_move(left, &held, is_held, claims, job->ask.err);

	left->damaged = true;
	if (r == 0)
		r = hd_job_lock(job, find_left, left);
	return r < 0 ? r : hd_release_devices(job, left);
}

int hd_accept(struct hd_job *job, const char *uuid)
{
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	HD_AUTO_FINDINGS struct hd_findings known = { NULL, 0 };
	struct hd_unsettled *unsettled = NULL;
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	if (r == 0)
		r = hd_claims_load(&job->ask.state, &claims, &known,
				   job->ask.err);
	if (r == 0)
		unsettled = hd_claims_find_unsettled(&claims, uuid);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!unsettled)
		return hd_findings_add_refusal(
			job->ask.findings, "nothing-to-settle",
			hd_text("There is no claim %s that is to be settled.",
				uuid),
			hd_text("See who holds what: virt-hostdev status"),
			job->ask.err);
	if (hd_claim_guest_runs(job->ask.host, &unsettled->left))
		return hd_findings_add_refusal(
			job->ask.findings, "guest-runs",
			hd_text("The claim %s can't be settled while its guest '%s' runs.",
				uuid, unsettled->left.domain),
			hd_text("End that guest first"), job->ask.err);
	r = give_back_left(job, &claims, &unsettled->left);
	return r ? r :
		   hd_unsettled_forget(&job->ask.state, unsettled,
				       job->ask.err);
}

int hd_recover(struct hd_job *job, unsigned *ret_undone)
{
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	*ret_undone = 0;
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		hd_claims_tidy(&job->ask.state);
	if (r == 0)
		r = hd_claims_load(&job->ask.state, &claims, job->ask.findings,
				   job->ask.err);
	return r < 0 ? r : recover_all(job, &claims, ret_undone);
}
