// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/lock.h"
#include "lib/plan.h"
#include "lib/run.h"
#include "lib/state.h"

/* As long as a hook may wait for another one's groups. */
#define LOCK_SECONDS 30

void hd_situation_clear(struct hd_situation *situation)
{
	hd_inventory_clear(&situation->inventory);
	hd_claims_clear(&situation->claims);
}

static int load_claims(const struct hd_host *host, const struct hd_state *state,
		       struct hd_claims *ret, struct hd_findings *findings,
		       struct hd_err *err)
{
	HD_AUTO_STATE struct hd_state own = HD_STATE_INIT;
	int r;

	if (state)
		return hd_claims_load(state, ret, findings, err);
	r = hd_state_open(host, HD_STATE_READ, &own, err);
	if (r == -ENOENT)
		return 0;
	if (r == -EACCES || r == -EPERM) {
		hd_err_clear(err);
		return hd_findings_add(
			findings, "claims-unreadable", HD_INFO, HD_WHOLE_DOMAIN,
			hd_text("Whether another guest has these devices is not known: only root can read " HD_STATE_DIR
				"."),
			hd_text("Run it as root"), err);
	}
	return r < 0 ? r : hd_claims_load(&own, ret, findings, err);
}

/* The module state of each assignment's driver; freed by the caller. */
static int query_modules(const struct hd_host *host,
			 const struct hd_request *request,
			 enum hd_module_state **ret, struct hd_err *err)
{
	HD_AUTOFREE enum hd_module_state *states =
		calloc(request->n_assigns + 1, sizeof(*states));

	if (!states)
		return hd_err_nomem(err);
	for (size_t i = 0; i < request->n_assigns; i++) {
		const char *driver = hd_assign_driver(&request->assigns[i]);
		size_t same = 0;
		int r;

		while (strcmp(hd_assign_driver(&request->assigns[same]),
			      driver) != 0)
			same++;
		if (same < i) {
			states[i] = states[same];
			continue;
		}
		r = hd_module_query(host, driver, &states[i], err);
		if (r < 0)
			return r;
	}
	*ret = hd_steal(&states);
	return 0;
}

/* vfio's node is only missed where vfio is there already. */
static bool has_vfio_node(const struct hd_host *host,
			  const enum hd_module_state *modules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (modules[i] == HD_MODULE_PRESENT)
			return hd_vfio_node_exists(host);
	return true;
}

/* hd_examine() with the state that a caller holds open, and the modules. */
static int examine(const struct hd_host *host, const struct hd_state *state,
		   const struct hd_request *request, struct hd_names *names,
		   struct hd_situation *situation,
		   enum hd_module_state **ret_modules,
		   struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTOFREE enum hd_module_state *modules = NULL;
	struct hd_facts facts;
	int r = load_claims(host, state, &situation->claims, findings, err);

	for (size_t i = 0; r == 0 && i < request->n_assigns; i++)
		r = hd_inventory_add(&situation->inventory, host,
				     request->assigns[i].addr, err);
	if (r == 0)
		r = query_modules(host, request, &modules, err);
	if (r < 0)
		return r;
	facts = (struct hd_facts){
		.inventory = &situation->inventory,
		.claims = &situation->claims,
		.modules = modules,
		.vfio_node = has_vfio_node(host, modules, request->n_assigns),
		.names = names,
	};
	r = hd_check(&facts, request, findings, err);
	if (r == 0)
		*ret_modules = hd_steal(&modules);
	return r;
}

int hd_examine(const struct hd_host *host, const struct hd_request *request,
	       struct hd_names *names, struct hd_situation *ret,
	       struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTO_SITUATION struct hd_situation situation = { 0 };
	HD_AUTOFREE enum hd_module_state *modules = NULL;
	int r = examine(host, NULL, request, names, &situation, &modules,
			findings, err);

	if (r < 0)
		return r;
	*ret = situation;
	situation = (struct hd_situation){ 0 };
	return 0;
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
static int lock_groups(const struct hd_host *host, const struct hd_state *state,
		       const struct hd_request *request,
		       const struct hd_claim *claim, struct hd_locks *ret,
		       struct hd_err *err)
{
	HD_AUTOFREE int *groups = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_assigns; i++) {
		int group;

		r = hd_device_read_group(host, request->assigns[i].addr, &group,
					 err);
		if (r == 0 && group != HD_NO_GROUP)
			r = add_number(&groups, &n, group, err);
		if (r == -ENOENT) /* the check will say so */
			r = 0;
	}
	for (size_t i = 0; r == 0 && i < claim->n_devices; i++)
		r = add_number(&groups, &n, claim->devices[i].group, err);
	if (r < 0)
		return r;
	return hd_locks_take(state, groups, n, LOCK_SECONDS, ret, err);
}

/* Plans the way back for one device of a claim, wherever it is now. */
static int plan_return(const struct hd_host *host,
		       const struct hd_claim_device *claimed,
		       struct hd_plan *plan, struct hd_findings *findings,
		       struct hd_err *err)
{
	struct hd_device now;
	int r = hd_device_read(host, claimed->addr, &now, err);

	if (r == -ENOENT)
		return hd_findings_add(
			findings, "device-gone", HD_WARNING, HD_WHOLE_DOMAIN,
			hd_text("%s can't be given back to the host: it is gone.",
				hd_addr_text(claimed->addr).s),
			hd_text("To look for it again: echo 1 > /sys/bus/pci/rescan"),
			err);
	if (r < 0)
		return r;
	r = hd_plan_move(plan, &now, claimed->driver, claimed->override, err);
	hd_device_clear(&now);
	return r;
}

/*
 * Gives back what a claim says is ours, newest first, and forgets the claim
 * when all of it is back. The groups are locked.
 */
static int give_back(const struct hd_host *host, const struct hd_state *state,
		     const struct hd_claim *claim, struct hd_findings *findings,
		     struct hd_err *err)
{
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r = 0;

	for (size_t i = claim->n_devices; r == 0 && i-- > 0;)
		if (claim->devices[i].ours)
			r = plan_return(host, &claim->devices[i], &plan,
					findings, err);
	if (r < 0 || hd_plan_run(host, &plan, HD_RUN_ON, findings) > 0)
		return r;
	return hd_claim_remove(state, claim->uuid, err);
}

static int claim_device(struct hd_claim *claim, const struct hd_device *device,
			bool ours, struct hd_err *err)
{
	struct hd_claim_device *slot =
		hd_array_add(&claim->devices, &claim->n_devices, sizeof(*slot));

	if (!slot)
		return hd_err_nomem(err);
	slot->addr = device->addr;
	slot->group = device->group;
	slot->ours = ours;
	slot->driver = device->driver ? strdup(device->driver) : NULL;
	slot->override = device->override ? strdup(device->override) : NULL;
	if ((device->driver && !slot->driver) ||
	    (device->override && !slot->override))
		return hd_err_nomem(err);
	return 0;
}

/* Whether the device has a driver already that the domain is content with. */
static bool is_ready(const struct hd_assign *assign,
		     const struct hd_device *device)
{
	if (assign->driver)
		return device->driver &&
		       strcmp(device->driver, assign->driver) == 0;
	return device->vfio;
}

/* A device wanted twice (two namespaces of an NVMe disk) is ours if once. */
static bool is_ours(const struct hd_request *request, struct hd_addr addr)
{
	for (size_t i = 0; i < request->n_assigns; i++)
		if (!request->assigns[i].managed &&
		    hd_addr_equal(request->assigns[i].addr, addr))
			return true;
	return false;
}

/* Decides: what the claim says, and the steps that take the devices. */
static int plan_take(const struct hd_request *request,
		     const struct hd_situation *situation,
		     const enum hd_module_state *modules,
		     struct hd_claim *claim, struct hd_plan *plan,
		     struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_assigns; i++)
		if (modules[i] == HD_MODULE_LOADABLE)
			r = hd_plan_load(plan,
					 hd_assign_driver(&request->assigns[i]),
					 err);
	for (size_t i = 0; r == 0 && i < request->n_assigns; i++) {
		const struct hd_assign *assign = &request->assigns[i];
		const char *driver = hd_assign_driver(assign);
		const struct hd_device *device =
			hd_inventory_find(&situation->inventory, assign->addr);
		bool ours = is_ours(request, assign->addr);

		if (hd_claim_find(claim, assign->addr))
			continue;
		r = claim_device(claim, device, ours, err);
		if (r == 0 && ours && !is_ready(assign, device))
			r = hd_plan_move(plan, device, driver, driver, err);
	}
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

/* Decides, writes the decision down, does it, and undoes it if it fails. */
static int take(const struct hd_host *host, const struct hd_state *state,
		const struct hd_request *request, struct hd_claim *claim,
		struct hd_names *names, struct hd_findings *findings,
		struct hd_err *err)
{
	HD_AUTO_SITUATION struct hd_situation situation = { 0 };
	HD_AUTOFREE enum hd_module_state *modules = NULL;
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r = examine(host, state, request, names, &situation, &modules,
			findings, err);

	if (r < 0 || hd_findings_refuse(findings))
		return r;
	r = plan_take(request, &situation, modules, claim, &plan, err);
	if (r == 0)
		r = hd_claim_save(state, claim, err);
	if (r == 0 && hd_plan_run(host, &plan, HD_RUN_STOP, findings) > 0)
		r = give_back(host, state, claim, findings, err);
	return r;
}

int hd_prepare(const struct hd_host *host, const struct hd_request *request,
	       struct hd_names *names, struct hd_findings *findings,
	       struct hd_err *err)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_LOCKS struct hd_locks locks = { NULL, 0 };
	HD_AUTO_CLAIM struct hd_claim old = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = new_claim(request, &claim, err);

	if (r == 0)
		r = hd_state_open(host, HD_STATE_CREATE, &state, err);
	if (r == 0)
		r = hd_claim_load(&state, request->uuid, &old, err);
	if (r < 0 && r != -ENOENT)
		return r;
	r = lock_groups(host, &state, request, &old, &locks, err);
	/* A guest that is about to start holds nothing: that claim is stale. */
	if (r == 0 && old.n_devices)
		r = give_back(host, &state, &old, findings, err);
	if (r < 0 || hd_findings_refuse(findings))
		return r;
	return take(host, &state, request, &claim, names, findings, err);
}

int hd_adopt(const struct hd_host *host, const struct hd_request *request,
	     struct hd_names *names, struct hd_findings *findings,
	     struct hd_err *err)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_LOCKS struct hd_locks locks = { NULL, 0 };
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTOFREE struct hd_assign *fresh = NULL;
	struct hd_request rest = *request;
	int r = hd_state_open(host, HD_STATE_CREATE, &state, err);

	if (r == 0)
		r = hd_claim_load(&state, request->uuid, &claim, err);
	if (r == -ENOENT)
		r = new_claim(request, &claim, err);
	if (r < 0)
		return r;
	rest.n_assigns = 0;
	for (size_t i = 0; i < request->n_assigns; i++) {
		struct hd_assign *slot;

		if (hd_claim_find(&claim, request->assigns[i].addr))
			continue;
		slot = hd_array_add(&fresh, &rest.n_assigns, sizeof(*slot));
		if (!slot)
			return hd_err_nomem(err);
		*slot = request->assigns[i];
		slot->managed = true; /* libvirt has bound it already */
	}
	rest.assigns = fresh;
	if (rest.n_assigns == 0)
		return 0;
	r = lock_groups(host, &state, &rest, &claim, &locks, err);
	return r < 0 ? r
		     : take(host, &state, &rest, &claim, names, findings, err);
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
	const struct hd_request nothing = { .domain = domain, .uuid = uuid };
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_LOCKS struct hd_locks locks = { NULL, 0 };
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_state_open(host, HD_STATE_READ, &state, err);

	if (r == 0) {
		state.writable = true;
		r = find_claim(&state, uuid, domain, &claim, findings, err);
	}
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = lock_groups(host, &state, &nothing, &claim, &locks, err);
	return r < 0 ? r : give_back(host, &state, &claim, findings, err);
}
