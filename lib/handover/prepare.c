// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/prepare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/check/situation.h"
#include "lib/handover/bind_plan.h"
#include "lib/handover/groups.h"
#include "lib/handover/job.h"
#include "lib/handover/recover.h"
#include "lib/handover/release.h"
#include "lib/host/guest.h"
#include "lib/rebind/plan.h"

/*
 * A device that its guest has given up must not come back when that guest ends:
 * it is another guest's then. Its group is locked, so nobody else changes the
 * claim that loses it.
 */
static int save_pruned(struct hd_job *job, const struct hd_request *request,
		       const struct hd_claims *claims)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claims->n; i++)
		if (claims->items[i].pruned &&
		    strcmp(claims->items[i].uuid, request->uuid) != 0)
			r = hd_claim_save(&job->ask.state, &claims->items[i],
					  job->ask.err);
	return r;
}

/*
 * Decides, writes the decision down, does it, and undoes it if it fails. @claim
 * is what the domain holds already; the groups are locked.
 */
static int take(struct hd_job *job, const struct hd_request *request,
		bool untouched, struct hd_claim *claim)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r = hd_examine(&job->ask, request, &situation);

	if (r < 0 || hd_findings_refuse(job->ask.findings))
		return r;
	r = save_pruned(job, request, &situation.claims);
	if (r < 0)
		return r;
	job->holders = situation.holders;
	situation.holders = (struct hd_holders){ NULL, 0 };
	r = hd_bind_plan(request, &situation, untouched, claim, &plan,
			 job->ask.err);
	if (r == 0)
		r = hd_claim_save(&job->ask.state, claim, job->ask.err);
	if (r == 0)
		r = hd_job_run(job, claim, &plan, HD_RUN_STOP);
	return r > 0 ? hd_release_claim(job, claim) : r;
}

static int new_claim(struct hd_job *job, const struct hd_request *request,
		     struct hd_claim *ret)
{
	if (!hd_uuid_is_canonical(request->uuid))
		return hd_err_set(job->ask.err, EINVAL,
				  "the domain '%s' has no valid UUID",
				  request->domain ? request->domain : "");
	memcpy(ret->uuid, request->uuid, HD_UUID_SIZE);
	ret->since = time(NULL);
	if (!request->domain) {
		ret->daemon = hd_process_of(job->ask.host, getpid());
		return 0;
	}
	ret->daemon = hd_process_parent(job->ask.host);
	ret->domain = strdup(request->domain);
	return ret->domain ? 0 : hd_err_nomem(job->ask.err);
}

/*
 * Finds the claims that stand in the way of @groups though nobody will ever
 * give them up, and adds their groups, so that they can be undone.
 */
static int find_abandoned(struct hd_job *job, struct hd_groups *groups,
			  struct hd_claims *ret)
{
	HD_AUTO_CLAIMS struct hd_claims all = { NULL, 0 };
	int r = hd_claims_load(&job->ask.state, &all, job->ask.findings,
			       job->ask.err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct hd_claim *claim = &all.items[i], *slot;
		bool meets = false;

		for (size_t j = 0; j < claim->n_devices; j++)
			meets |=
				hd_groups_have(groups, claim->devices[j].group);
		if (!meets || !hd_claim_is_abandoned(job->ask.host, claim))
			continue;
		slot = hd_array_add(&ret->items, &ret->n, sizeof(*slot));
		if (!slot)
			return hd_err_nomem(job->ask.err);
		*slot = *claim;
		memset(claim, 0, sizeof(*claim));
		r = hd_groups_of_claim(job, slot, groups);
	}
	return r;
}

/*
 * Undoes a claim as it is now that its groups are locked: while we waited,
 * somebody else may have undone it. A guest that is about to start holds
 * nothing, so a claim of its own is @stale whatever it says.
 */
static int undo(struct hd_job *job, const char *uuid, bool stale)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_claim_load(&job->ask.state, uuid, &claim, job->ask.err);

	if (r == -ENOENT)
		return 0;
	if (r < 0 || !(stale || hd_claim_is_abandoned(job->ask.host, &claim)))
		return r;
	return hd_undo(job, &claim);
}

/*
 * Locks what taking needs, and clears out of its way what nobody holds. A guest
 * that @starts holds nothing.
 */
static int lock_and_clear(struct hd_job *job, const struct hd_request *request,
			  bool starts)
{
	HD_AUTO_CLAIM struct hd_claim old = { .domain = NULL };
	HD_AUTO_CLAIMS struct hd_claims abandoned = { NULL, 0 };
	HD_AUTO_GROUPS struct hd_groups groups = { NULL, 0 };
	int r = hd_claim_load(&job->ask.state, request->uuid, &old,
			      job->ask.err);

	if (r == 0 || r == -ENOENT)
		r = hd_groups_of_request(job, request, &groups);
	if (r == 0)
		r = hd_groups_of_claim(job, &old, &groups);
	if (r == 0)
		r = find_abandoned(job, &groups, &abandoned);
	if (r == 0)
		r = hd_job_lock(job, &groups);
	if (r == 0 && starts)
		r = undo(job, request->uuid, true);
	for (size_t i = 0; r == 0 && i < abandoned.n; i++)
		r = undo(job, abandoned.items[i].uuid, false);
	return r;
}

int hd_prepare_into(struct hd_job *job, const struct hd_request *request,
		    struct hd_claim *claim)
{
	int r = hd_state_open(job->ask.host, HD_STATE_CREATE, &job->ask.state,
			      job->ask.err);

	if (r == 0)
		r = lock_and_clear(job, request, !hd_claim_is_moving(claim));
	if (r < 0 || hd_findings_refuse(job->ask.findings))
		return r;
	return take(job, request, true, claim);
}

int hd_prepare(struct hd_job *job, const struct hd_request *request)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = new_claim(job, request, &claim);

	return r < 0 ? r : hd_prepare_into(job, request, &claim);
}

/* The assignments that a claim doesn't hold, as libvirt's own bindings. */
static int find_fresh(const struct hd_request *request,
		      const struct hd_claim *claim, struct hd_assign **ret,
		      size_t *ret_n, struct hd_err *err)
{
	for (size_t i = 0; i < request->n_assigns; i++) {
		struct hd_assign *slot;

		if (hd_claim_find(claim, request->assigns[i].addr))
			continue;
		slot = hd_array_add(ret, ret_n, sizeof(*slot));
		if (!slot)
			return hd_err_nomem(err);
		*slot = request->assigns[i];
		slot->managed = true;
	}
	return 0;
}

int hd_start(struct hd_job *job, const struct hd_request *request)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE struct hd_assign *fresh = NULL;
	HD_AUTO_GROUPS struct hd_groups groups = { NULL, 0 };
	struct hd_request rest = *request;
	int r = hd_state_open(job->ask.host, HD_STATE_CREATE, &job->ask.state,
			      job->ask.err);

	rest.n_assigns = 0;
	if (r == 0)
		r = hd_claim_load(&job->ask.state, request->uuid, &claim,
				  job->ask.err);
	if (r == -ENOENT)
		r = new_claim(job, request, &claim);
	if (r == 0)
		r = find_fresh(request, &claim, &fresh, &rest.n_assigns,
			       job->ask.err);
	if (r < 0 || rest.n_assigns == 0)
		return r;
	rest.assigns = fresh;
	r = hd_groups_of_request(job, &rest, &groups);
	if (r == 0)
		r = hd_groups_of_claim(job, &claim, &groups);
	if (r == 0)
		r = hd_job_lock(job, &groups);
	return r < 0 ? r : take(job, &rest, false, &claim);
}
