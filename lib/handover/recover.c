// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/recover.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/handover/groups.h"
#include "lib/handover/hotplug_end.h"
#include "lib/handover/release.h"
#include "lib/host/guest.h"
#include "lib/host/proc.h"
#include "lib/state/alive.h"

int hd_undo(struct hd_job *job, struct hd_claim *claim)
{
	return hd_claim_is_moving(claim) ?
		       hd_hotplug_end_abandoned(job, claim) :
		       hd_release_claim(job, claim);
}

/* Says why the devices of a guest that nobody sees running are kept. */
static int report_kept(struct hd_job *job, const struct hd_claim *claim,
		       struct hd_life life)
{
	if (life.is == HD_CANT_TELL && claim->damaged && life.error == -EBADMSG)
		return hd_findings_add_refusal(
			job->ask.findings, "claim-unknown",
			hd_text("The claim " HD_STATE_DIR
				"/claims/%s is damaged, and whether %s%s%s is still starting can't be told of it, so what it has taken stays taken.",
				claim->uuid, claim->domain ? "guest '" : "",
				claim->domain ? claim->domain :
						"a bind by hand",
				claim->domain ? "'" : ""),
			hd_text("When you know that nobody starts it: virt-hostdev recover --accept %s",
				claim->uuid),
			job->ask.err);
	if (life.is == HD_CANT_TELL)
		return hd_findings_add_refusal(
			job->ask.findings, "claim-unknown",
			hd_text("Can't tell whether %s%s%s, so what it has taken stays taken: %s.",
				hd_claim_is_moving(claim) ?
					"who moves devices of guest '" :
				claim->domain ? "guest '" :
						"a bind by hand",
				claim->domain ? claim->domain : "",
				hd_claim_is_moving(claim) ?
					"' is still at work" :
				claim->domain ? "' runs" :
						" is still at work",
				strerror(-life.error)),
			hd_text("ls " HD_GUEST_FILES " " HD_PROC),
			job->ask.err);
	if (life.is == HD_GUEST_STARTS && life.left)
		return hd_findings_add(
			job->ask.findings, "claim-starting", HD_INFO,
			HD_WHOLE_DOMAIN,
			hd_text("Guest '%s' may still be starting, so what it has taken stays taken.",
				claim->domain),
			hd_text("If nobody starts it, in %u seconds: virt-hostdev recover",
				life.left),
			job->ask.err);
	if (life.is == HD_GUEST_STARTS || life.is == HD_GUEST_ENDS)
		return hd_findings_add(
			job->ask.findings, "claim-ending", HD_INFO,
			HD_WHOLE_DOMAIN,
			hd_text("libvirt is still at work on guest '%s', so what it has taken stays taken.",
				claim->domain),
			hd_text("When libvirt has ended, or after it was started anew: virt-hostdev recover"),
			job->ask.err);
	return 0;
}

/* Undoes one claim, as it is now that its groups are locked. */
static int recover_one(struct hd_job *job, const char *uuid,
		       unsigned *ret_undone)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_claim_lock_left(job, uuid, &claim);
	struct hd_life life;

	if (r == -ENOENT) /* somebody else did */
		return 0;
	if (r < 0)
		return r;
	life = hd_claim_life(job->ask.host, &claim);
	if (life.is != HD_LEFT_BEHIND)
		return report_kept(job, &claim, life);
	r = hd_undo(job, &claim);
	/* What is with its guest has not been undone. */
	*ret_undone += r == 0 && claim.n_devices;
	return r;
}

/* Who is at work on a claim that isn't left behind has its locks. */
static int see_to(struct hd_job *job, const struct hd_claim *claim,
		  unsigned *ret_undone)
{
	struct hd_life life = hd_claim_life(job->ask.host, claim);

	return life.is == HD_LEFT_BEHIND ?
		       recover_one(job, claim->uuid, ret_undone) :
		       report_kept(job, claim, life);
}

/* One that can't be undone keeps no other from it. */
static int try_one(struct hd_job *job, const struct hd_claim *claim,
		   unsigned *ret_undone)
{
	int r = see_to(job, claim, ret_undone);

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

		if (!each->aside && !each->foreign && each->left.owned)
			r = try_one(job, &each->left, ret_undone);
		else
			r = HD_REFUSED; /* that is said of it already */
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
	struct hd_seen seen = hd_seen_absent();
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
	if (unsettled->left.domain)
		seen = hd_guest_runs(job->ask.host, unsettled->left.domain,
				     unsettled->left.uuid);
	if (seen.is == HD_UNKNOWN)
		return hd_err_set(
			job->ask.err, -seen.error,
			"can't tell whether guest '%s' of the claim %s runs: %s",
			unsettled->left.domain, uuid, strerror(-seen.error));
	if (seen.is == HD_PRESENT)
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
