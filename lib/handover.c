// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/decide.h"
#include "lib/examine.h"
#include "lib/lock.h"
#include "lib/plan.h"
#include "lib/run.h"
#include "lib/state.h"

/* As long as a hook may wait for another one's groups. */
#define LOCK_SECONDS 30

/* What one handover works with, from its first step to its last. */
struct job {
	const struct hd_host *host;
	struct hd_names *names;
	struct hd_findings *findings;
	struct hd_err *err;
	struct hd_state state;
	struct hd_locks locks;
};

#define AUTO_JOB __attribute__((cleanup(job_end)))

static void job_end(struct job *job)
{
	hd_locks_release(&job->locks);
	hd_state_close(&job->state);
}

static int add_number(int **numbers, size_t *n, int number, struct hd_err *err)
{
	int *slot = hd_array_add(numbers, n, sizeof(*slot));

	if (!slot)
		return hd_err_nomem(err);
	*slot = number;
	return 0;
}

/* Locks the groups of the devices that are asked for and of those held. */
static int lock_groups(struct job *job, const struct hd_assign *assigns,
		       size_t n_assigns, const struct hd_claim *claim)
{
	HD_AUTOFREE int *groups = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_assigns; i++) {
		int group;

		r = hd_device_read_group(job->host, assigns[i].addr, &group,
					 job->err);
		if (r == 0 && group != HD_NO_GROUP)
			r = add_number(&groups, &n, group, job->err);
		if (r == -ENOENT) /* the check will say so */
			r = 0;
	}
	for (size_t i = 0; r == 0 && i < claim->n_devices; i++)
		r = add_number(&groups, &n, claim->devices[i].group, job->err);
	if (r < 0)
		return r;
	return hd_locks_take(&job->state, groups, n, LOCK_SECONDS, &job->locks,
			     job->err);
}

/* Plans the way back for one device of a claim, wherever it is now. */
static int plan_return(struct job *job, const struct hd_claim_device *claimed,
		       struct hd_plan *plan)
{
	struct hd_device now;
	int r = hd_device_read(job->host, claimed->addr, &now, job->err);

	if (r == -ENOENT)
		return hd_findings_add(
			job->findings, "device-gone", HD_WARNING,
			HD_WHOLE_DOMAIN,
			hd_text("%s can't be given back to the host: it is gone.",
				hd_addr_text(claimed->addr).s),
			hd_text("To look for it again: echo 1 > /sys/bus/pci/rescan"),
			job->err);
	if (r < 0)
		return r;
	r = hd_plan_move(plan, &now, claimed->driver, claimed->override,
			 job->err);
	hd_device_clear(&now);
	return r;
}

/*
 * Gives back what a claim says, newest first, and forgets the claim when all of
 * it is back. The groups are locked. For what libvirt has given back itself
 * there is nothing left to do, unless it left a device that had no driver on
 * vfio-pci, or its probe found another driver than the device had.
 */
static int give_back(struct job *job, const struct hd_claim *claim)
{
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r = 0;

	for (size_t i = claim->n_devices; r == 0 && i-- > 0;)
		if (claim->devices[i].restore)
			r = plan_return(job, &claim->devices[i], &plan);
	if (r < 0 ||
	    hd_plan_run(job->host, &plan, HD_RUN_ON, job->findings) > 0)
		return r;
	return hd_claim_remove(&job->state, claim->uuid, job->err);
}

/*
 * Decides, writes the decision down, does it, and undoes it if it fails. @claim
 * is what the domain holds already; the groups are locked.
 */
static int take(struct job *job, const struct hd_request *request,
		bool untouched, struct hd_claim *claim)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r = hd_examine(job->host, &job->state, request, job->names,
			   &situation, job->findings, job->err);

	if (r < 0 || hd_findings_refuse(job->findings))
		return r;
	r = hd_decide_take(request, &situation, untouched, claim, &plan,
			   job->err);
	if (r == 0)
		r = hd_claim_save(&job->state, claim, job->err);
	if (r == 0 &&
	    hd_plan_run(job->host, &plan, HD_RUN_STOP, job->findings) > 0)
		r = give_back(job, claim);
	return r;
}

static int new_claim(const struct hd_request *request, struct hd_claim *ret,
		     struct hd_err *err)
{
	if (!hd_uuid_is_canonical(request->uuid))
		return hd_err_set(err, EINVAL,
				  "the domain '%s' has no valid UUID",
				  request->domain);
	memcpy(ret->uuid, request->uuid, HD_UUID_SIZE);
	ret->domain = strdup(request->domain);
	return ret->domain ? 0 : hd_err_nomem(err);
}

int hd_prepare(const struct hd_host *host, const struct hd_request *request,
	       struct hd_names *names, struct hd_findings *findings,
	       struct hd_err *err)
{
	AUTO_JOB struct job job = { host, names,	 findings,
				    err,  HD_STATE_INIT, { NULL, 0 } };
	HD_AUTO_CLAIM struct hd_claim old = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = new_claim(request, &claim, err);

	if (r == 0)
		r = hd_state_open(host, HD_STATE_CREATE, &job.state, err);
	if (r == 0)
		r = hd_claim_load(&job.state, request->uuid, &old, err);
	if (r < 0 && r != -ENOENT)
		return r;
	r = lock_groups(&job, request->assigns, request->n_assigns, &old);
	/* A guest that is about to start holds nothing: that claim is stale. */
	if (r == 0 && old.n_devices)
		r = give_back(&job, &old);
	if (r < 0 || hd_findings_refuse(findings))
		return r;
	return take(&job, request, true, &claim);
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

int hd_adopt(const struct hd_host *host, const struct hd_request *request,
	     struct hd_names *names, struct hd_findings *findings,
	     struct hd_err *err)
{
	AUTO_JOB struct job job = { host, names,	 findings,
				    err,  HD_STATE_INIT, { NULL, 0 } };
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE struct hd_assign *fresh = NULL;
	struct hd_request rest = { request->domain, request->uuid, NULL, 0 };
	int r = hd_state_open(host, HD_STATE_CREATE, &job.state, err);

	if (r == 0)
		r = hd_claim_load(&job.state, request->uuid, &claim, err);
	if (r == -ENOENT)
		r = new_claim(request, &claim, err);
	if (r == 0)
		r = find_fresh(request, &claim, &fresh, &rest.n_assigns, err);
	if (r < 0 || rest.n_assigns == 0)
		return r;
	rest.assigns = fresh;
	r = lock_groups(&job, fresh, rest.n_assigns, &claim);
	return r < 0 ? r : take(&job, &rest, false, &claim);
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
		if (strcmp(claims.items[i].domain, domain) == 0)
			return hd_claim_load(state, claims.items[i].uuid, ret,
					     err);
	return r < 0 ? r : -ENOENT;
}

int hd_release(const struct hd_host *host, const char *uuid, const char *domain,
	       struct hd_findings *findings, struct hd_err *err)
{
	AUTO_JOB struct job job = { host, NULL,		 findings,
				    err,  HD_STATE_INIT, { NULL, 0 } };
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_state_open(host, HD_STATE_WRITE, &job.state, err);

	if (r == 0)
		r = find_claim(&job.state, uuid, domain, &claim, findings, err);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = lock_groups(&job, NULL, 0, &claim);
	return r < 0 ? r : give_back(&job, &claim);
}
