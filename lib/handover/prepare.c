// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/prepare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/check/rules.h"
#include "lib/check/situation.h"
#include "lib/handover/bind_plan.h"
#include "lib/handover/groups.h"
#include "lib/handover/job.h"
#include "lib/handover/recover.h"
#include "lib/handover/release.h"
#include "lib/host/proc.h"
#include "lib/rebind/plan.h"
#include "lib/state/alive.h"

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
 * After a run that failed: gives back what it took. Where it broke off, with
 * @failed, why it did is what is said.
 */
static int take_back(struct hd_job *job, struct hd_claim *claim, int failed)
{
	struct hd_err first = *job->ask.err;
	int r;

	*job->ask.err = (struct hd_err)HD_ERR_INIT;
	r = hd_release_claim(job, claim);
	if (failed >= 0) {
		hd_err_clear(&first);
		return r < 0 ? r : HD_REFUSED;
	}
	hd_err_clear(job->ask.err);
	*job->ask.err = first;
	return failed;
}

static bool meets(const struct hd_claim *claim, const struct hd_groups *groups)
{
	for (size_t i = 0; i < claim->n_devices; i++)
		if (hd_groups_have(groups, claim->devices[i].group))
			return true;
	return false;
}

/* Of the guests' claims that nobody will give up, another one's with a device
 * of these groups. */
static bool is_left_behind(const struct hd_claims *claims, const char *own,
			   const struct hd_groups *groups)
{
	for (size_t i = 0; i < claims->n; i++)
		if (strcmp(claims->items[i].uuid, own) != 0 &&
		    meets(&claims->items[i], groups))
			return true;
	return false;
}

/*
 * What was left behind has been given back, or the groups are another's still:
 * but not what was left behind since, as when that guest ends just now, nor
 * what libvirt has bound for this one. Who recovers it later would take it from
 * this guest.
 */
static int refuse_left_behind(struct hd_job *job,
			      const struct hd_request *request,
			      const struct hd_claims *left)
{
	bool refused = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && left->n && i < request->n_assigns; i++) {
		HD_AUTO_GROUPS struct hd_groups groups = { NULL, 0 };
		struct hd_addr addr = request->assigns[i].addr;

		r = hd_groups_of_device(job, addr, &groups);
		if (r < 0 || !is_left_behind(left, request->uuid, &groups))
			continue;
		refused = true;
		r = hd_findings_add_refusal(
			job->ask.findings, hd_rules[HD_RULE_CLAIM_ABANDONED].id,
			hd_text("%s can't be %s%s%s yet: what was taken of its IOMMU group before has been left behind, and is not back with the host.",
				hd_addr_text(addr).s,
				request->domain ? "given to guest '" :
						  "bound by hand",
				request->domain ? request->domain : "",
				request->domain ? "'" : ""),
			hd_text("virt-hostdev recover"), job->ask.err);
	}
	return r < 0 ? r : refused ? HD_REFUSED : 0;
}

/*
 * Decides, writes the decision down, and does it. @claim is what the domain
 * holds already; the groups are locked. *@ret_begun: there may be something to
 * undo.
 */
static int bind_known(struct hd_job *job, const struct hd_request *request,
		      bool untouched, struct hd_claim *claim, bool *ret_begun)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r = hd_examine(&job->ask, request, &situation);

	if (r == 0)
		r = refuse_left_behind(job, request, &situation.abandoned);
	if (r)
		return r;
	r = save_pruned(job, request, &situation.claims);
	if (r < 0)
		return r;
	hd_holders_clear(&job->holders);
	job->holders = situation.holders;
	situation.holders = (struct hd_holders)HD_HOLDERS_INIT;
	r = hd_bind_plan(request, &situation, untouched,
			 job->ask.config.step_seconds, claim, &plan,
			 job->ask.err);
	if (r == 0)
		r = hd_bind_warn(claim, job->ask.findings, job->ask.err);
	if (r == 0)
		r = hd_claim_save(&job->ask.state, claim, job->ask.err);
	if (r < 0)
		return r;
	*ret_begun = true;
	return hd_job_run(job, claim, &plan, HD_RUN_STOP);
}

/* Whether an assignment is to be on its driver by now: libvirt binds what it
 * manages after prepare. */
static bool is_to_be_bound(const struct hd_request *request,
			   const struct hd_assign *assign)
{
	return !assign->managed || request->bound;
}

/* A device of the claim whose group was not known, and is to be by now. */
static struct hd_claim_device *find_late(const struct hd_request *request,
					 const struct hd_assign *assign,
					 const struct hd_claim *claim)
{
	for (size_t i = 0; i < claim->n_devices; i++)
		if (claim->devices[i].late &&
		    hd_addr_equal(claim->devices[i].addr, assign->addr) &&
		    is_to_be_bound(request, assign))
			return &claim->devices[i];
	return NULL;
}

static bool has_late(const struct hd_request *request,
		     const struct hd_claim *claim)
{
	for (size_t i = 0; i < request->n_assigns; i++)
		if (find_late(request, &request->assigns[i], claim))
			return true;
	return false;
}

/* The claim is loaded just now, with the groups as they are. From here on they
 * are known, and are written down with what is decided of them. */
static int settle_groups(struct hd_job *job, const struct hd_request *request,
			 struct hd_claim *claim)
{
	bool refused = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < request->n_assigns; i++) {
		const struct hd_assign *assign = &request->assigns[i];
		struct hd_claim_device *device =
			find_late(request, assign, claim);

		if (!device)
			continue;
		if (device->group != HD_NO_GROUP) {
			device->late = false;
			continue;
		}
		refused = true;
		r = hd_findings_add_refusal(
			job->ask.findings, hd_rules[HD_RULE_NO_GROUP].id,
			hd_text("%s can't be %s%s%s: the kernel has made no IOMMU group for it, though it should be on its driver by now.",
				hd_addr_text(device->addr).s,
				request->domain ? "given to guest '" :
						  "taken from the host",
				request->domain ? request->domain : "",
				request->domain ? "'" : ""),
			hd_text("Look for the kernel's own reason: dmesg | grep %s",
				hd_addr_text(device->addr).s),
			job->ask.err);
	}
	return r < 0 ? r : refused ? HD_REFUSED : 0;
}

/* It was not known who else would be in the group; now it is. */
static void forget_unknown_groups(const struct hd_request *request,
				  struct hd_findings *findings)
{
	struct hd_findings kept = { findings->items, 0 };

	for (size_t i = 0; i < findings->n; i++) {
		struct hd_finding *finding = &findings->items[i], swapped;

		if (finding->id == hd_rules[HD_RULE_GROUP_UNKNOWN].id &&
		    is_to_be_bound(request, &request->assigns[finding->assign]))
			continue;
		swapped = kept.items[kept.n];
		kept.items[kept.n++] = *finding;
		*finding = swapped;
	}
	while (findings->n > kept.n) {
		struct hd_finding *gone = &findings->items[--findings->n];

		free(gone->message);
		free(gone->fix);
		free(gone->rule);
	}
}

/* Adds what a second look found and the first did not say. */
static int add_new_findings(struct hd_findings *findings,
			    struct hd_findings *second, struct hd_err *err)
{
	size_t known = findings->n;

	for (size_t i = 0; i < second->n; i++) {
		struct hd_finding *slot;
		size_t same = 0;

		while (same < known &&
		       (findings->items[same].id != second->items[i].id ||
			strcmp(findings->items[same].message,
			       second->items[i].message) != 0))
			same++;
		if (same < known)
			continue;
		slot = hd_array_add(&findings->items, &findings->n,
				    sizeof(*slot));
		if (!slot)
			return hd_err_nomem(err);
		*slot = second->items[i];
		second->items[i] = (struct hd_finding){ .id = slot->id };
	}
	return 0;
}

/* Locks the groups too that the devices have got, and reads the claim again:
 * what is known to be taken is as it is then. */
static int lock_late(struct hd_job *job, struct hd_claim *claim)
{
	HD_AUTO_CLAIM struct hd_claim now = { .domain = NULL };
	struct hd_claim before;
	int r;

	hd_locks_release(&job->locks);
	r = hd_claim_lock(job, claim->uuid, &now);
	if (r == 0 && now.n_devices != claim->n_devices)
		r = -ENOENT;
	if (r == -ENOENT)
		return hd_err_set(
			job->ask.err, ECANCELED,
			"somebody gave back what was taken of the host just now");
	if (r < 0)
		return r;
	before = *claim;
	*claim = now;
	now = before;
	return 0;
}

/*
 * What could be judged by its group only now that it has one: who else is in
 * it, and what would go along. Where that stands against it all is undone. No
 * one else undoes a claim whose maker is at work, so that is done even where
 * the groups can't be locked.
 */
static int look_again(struct hd_job *job, const struct hd_request *request,
		      struct hd_claim *claim)
{
	HD_AUTO_FINDINGS struct hd_findings second = { NULL, 0 };
	struct hd_findings *first = job->ask.findings;
	bool begun;
	int r = lock_late(job, claim), added;

	job->ask.findings = &second;
	if (r == 0)
		r = settle_groups(job, request, claim);
	if (r == 0)
		forget_unknown_groups(request, first);
	if (r == 0)
		r = bind_known(job, request, true, claim, &begun);
	job->ask.findings = first;
	added = add_new_findings(first, &second, job->ask.err);
	if (r == 0)
		r = added;
	return r ? take_back(job, claim, r) : 0;
}

/*
 * The same, undone if it fails. What has got its group with its driver is
 * judged once more.
 */
static int bind_all(struct hd_job *job, const struct hd_request *request,
		    struct hd_claim *claim)
{
	bool begun = false;
	int r = bind_known(job, request, true, claim, &begun);

	if (r)
		return begun ? take_back(job, claim, r) : r;
	return has_late(request, claim) ? look_again(job, request, claim) : 0;
}

static int new_claim(struct hd_job *job, const struct hd_request *request,
		     struct hd_claim *ret)
{
	if (!hd_uuid_is_canonical(request->uuid))
		return hd_err_set(job->ask.err, EINVAL,
				  "the domain '%s' has no valid UUID",
				  request->domain ? request->domain : "");
	memcpy(ret->uuid, request->uuid, HD_UUID_SIZE);
	hd_claim_date(ret);
	if (!request->domain) {
		ret->daemon = hd_process_of(job->ask.host, getpid());
		return 0;
	}
	/* Without one, the start is waited for as long as with one. */
	if (hd_process_daemon(job->ask.host, &ret->daemon).is != HD_PRESENT)
		ret->daemon = (struct hd_process){ 0 };
	ret->domain = strdup(request->domain);
	return ret->domain ? 0 : hd_err_nomem(job->ask.err);
}

/* What is to be bound, and what stands in its way. */
struct obstacles {
	const struct hd_request *request;
	bool starts; /* the guest is about to start, so it holds nothing */
	struct hd_claims claims; /* that nobody will ever give up */
};

static void clear_obstacles(struct obstacles *obstacles)
{
	hd_claims_clear(&obstacles->claims);
}

/* Moves to the obstacles what has to be released before; adds its groups. */
static int add_obstacle(struct hd_job *job, struct obstacles *obstacles,
			struct hd_claim *claim, struct hd_groups *groups)
{
	struct hd_claim *slot = hd_array_add(
		&obstacles->claims.items, &obstacles->claims.n, sizeof(*slot));

	if (!slot)
		return hd_err_nomem(job->ask.err);
	*slot = *claim;
	*claim = (struct hd_claim){ .domain = NULL };
	return hd_groups_of_claim(job, slot, groups);
}

/*
 * The groups of the request, of what its guest holds, and of claims that meet
 * them though nobody will ever give them up. What a guest that starts seems to
 * hold is such a claim, whatever it says.
 */
static int find_obstacles(struct hd_job *job, void *data, struct hd_groups *ret)
{
	struct obstacles *obstacles = data;
	const struct hd_request *request = obstacles->request;
	HD_AUTO_CLAIM struct hd_claim own = { .domain = NULL };
	HD_AUTO_CLAIMS struct hd_claims all = HD_CLAIMS_INIT;
	int r;

	hd_claims_clear(&obstacles->claims);
	r = obstacles->starts ?
		    hd_claim_load_left(&job->ask.state, request->uuid, &own,
				       job->ask.err) :
		    hd_claim_load(&job->ask.state, request->uuid, &own,
				  job->ask.err);
	if (r == 0 || r == -ENOENT)
		r = hd_groups_of_request(job, request, ret);
	if (r == 0)
		r = hd_groups_of_claim(job, &own, ret);
	if (r == 0 && obstacles->starts && own.uuid[0])
		r = add_obstacle(job, obstacles, &own, ret);
	if (r == 0)
		r = hd_claims_load(&job->ask.state, &all, job->ask.findings,
				   job->ask.err);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (strcmp(all.items[i].uuid, request->uuid) != 0 &&
		    meets(&all.items[i], ret) &&
		    hd_claim_life(job->ask.host, &all.items[i]).is ==
			    HD_LEFT_BEHIND)
			r = add_obstacle(job, obstacles, &all.items[i], ret);
	return r;
}

/* Locks what binding needs, and clears out of its way what nobody holds. */
static int lock_and_clear(struct hd_job *job, const struct hd_request *request,
			  bool starts)
{
	HD_AUTO(clear_obstacles)
	struct obstacles obstacles = { request, starts, HD_CLAIMS_INIT };
	int r = hd_job_lock(job, find_obstacles, &obstacles);

	for (size_t i = 0; r == 0 && i < obstacles.claims.n; i++)
		r = hd_undo(job, &obstacles.claims.items[i]);
	return r;
}

int hd_prepare_into(struct hd_job *job, const struct hd_request *request,
		    struct hd_claim *claim)
{
	int r = hd_state_open(job->ask.host, HD_STATE_CREATE, &job->ask.state,
			      job->ask.err);

	if (r == 0)
		r = lock_and_clear(job, request, !hd_claim_is_moving(claim));
	return r ? r : bind_all(job, request, claim);
}

int hd_prepare(struct hd_job *job, const struct hd_request *request)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = new_claim(job, request, &claim);

	return r < 0 ? r : hd_prepare_into(job, request, &claim);
}

/* A guest about to run, and what it has got since prepare. */
struct starting {
	const struct hd_request *request;
	struct hd_claim claim;
	struct hd_assign *fresh; /* what the claim doesn't hold; owned */
	size_t n_fresh;
};

static void clear_starting(struct starting *starting)
{
	hd_claim_clear(&starting->claim);
	free(starting->fresh);
	starting->fresh = NULL;
	starting->n_fresh = 0;
}

/* The assignments that the claim doesn't hold, or whose group wasn't known yet,
 * as libvirt's own bindings. */
static int find_fresh(struct starting *starting, struct hd_err *err)
{
	const struct hd_request *request = starting->request;

	for (size_t i = 0; i < request->n_assigns; i++) {
		const struct hd_claim_device *held = hd_claim_find(
			&starting->claim, request->assigns[i].addr);
		struct hd_assign *slot;

		if (held && !held->late)
			continue;
		slot = hd_array_add(&starting->fresh, &starting->n_fresh,
				    sizeof(*slot));
		if (!slot)
			return hd_err_nomem(err);
		*slot = request->assigns[i];
		slot->managed = true;
	}
	return 0;
}

static int find_starting(struct hd_job *job, void *data, struct hd_groups *ret)
{
	struct starting *starting = data;
	int r;

	clear_starting(starting);
	r = hd_claim_load(&job->ask.state, starting->request->uuid,
			  &starting->claim, job->ask.err);
	if (r == -ENOENT)
		r = new_claim(job, starting->request, &starting->claim);
	if (r == 0)
		r = find_fresh(starting, job->ask.err);
	for (size_t i = 0; r == 0 && i < starting->n_fresh; i++)
		r = hd_groups_of_device(job, starting->fresh[i].addr, ret);
	return r < 0 ? r : hd_groups_of_claim(job, &starting->claim, ret);
}

int hd_start(struct hd_job *job, const struct hd_request *request)
{
	HD_AUTO(clear_starting)
	struct starting starting = { .request = request };
	struct hd_request rest = *request;
	bool begun = false;
	int r = hd_state_open(job->ask.host, HD_STATE_CREATE, &job->ask.state,
			      job->ask.err);

	if (r == 0)
		r = hd_job_lock(job, find_starting, &starting);
	if (r < 0 || starting.n_fresh == 0)
		return r;
	rest.assigns = starting.fresh;
	rest.n_assigns = starting.n_fresh;
	rest.bound = true;
	r = settle_groups(job, &rest, &starting.claim);
	if (r == 0)
		r = bind_known(job, &rest, false, &starting.claim, &begun);
	return r && begun ? take_back(job, &starting.claim, r) : r;
}
