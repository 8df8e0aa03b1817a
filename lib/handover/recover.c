// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/recover.h"

#include <errno.h>

#include "lib/base/cleanup.h"
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
	int r = hd_claim_lock(job, uuid, &claim);

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
static int recover_all(struct hd_job *job, const struct hd_claims *claims,
		       unsigned *ret_undone)
{
	int r = 0, kept = 0;

	for (size_t i = 0; r >= 0 && i < claims->n; i++) {
		/* Who is at work on a claim that isn't over has its locks. */
		if (!is_over(job->ask.host, &claims->items[i]))
			continue;
		r = recover_one(job, claims->items[i].uuid, ret_undone);
		hd_locks_release(&job->locks);
		if (r < 0)
			r = hd_findings_add_refusal(
				job->ask.findings, "claim-kept",
				hd_steal(&job->ask.err->message),
				hd_steal(&job->ask.err->fix), job->ask.err);
		if (r > 0)
			kept = r;
	}
	return r < 0 ? r : kept;
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
