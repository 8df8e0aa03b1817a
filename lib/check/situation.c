// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/situation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/check/check.h"
#include "lib/check/lookup.h"
#include "lib/check/rules.h"
#include "lib/host/device_override.h"
#include "lib/state/alive.h"

static int load_claims(struct hd_ask *ask, struct hd_claims *ret)
{
	HD_AUTO_STATE struct hd_state own = HD_STATE_INIT;
	int r;

	if (hd_state_is_open(&ask->state))
		return hd_claims_load(&ask->state, ret, ask->findings,
				      ask->err);
	r = hd_state_open(ask->host, HD_STATE_READ, &own, ask->err);
	if (r == -ENOENT)
		return 0;
	if (r == -EACCES || r == -EPERM) {
		hd_err_clear(ask->err);
		return hd_findings_add(
			ask->findings, hd_rules[HD_RULE_CLAIMS_UNREADABLE].id,
			HD_INFO, HD_WHOLE_DOMAIN,
			hd_text("Whether another guest has these devices is not known: only root can read " HD_STATE_DIR
				"."),
			hd_text("Run it as root"), ask->err);
	}
	return r < 0 ? r : hd_claims_load(&own, ret, ask->findings, ask->err);
}

/*
 * Claims that nobody will give up stand in nobody's way: prepare undoes them
 * first. They become findings, so that whoever looks knows.
 */
static int drop_abandoned(struct hd_ask *ask, struct hd_claims *claims,
			  struct hd_claims *abandoned)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < claims->n; i++) {
		struct hd_claim *claim = &claims->items[i], *slot;

		if (ask->host->live)
			claim->life = hd_claim_life(ask->host, claim);
		if (claim->life.is != HD_LEFT_BEHIND) {
			claims->items[kept++] = *claim;
			continue;
		}
		if (r == 0)
			r = hd_findings_add(
				ask->findings,
				hd_rules[HD_RULE_CLAIM_ABANDONED].id, HD_INFO,
				HD_WHOLE_DOMAIN,
				hd_claim_is_moving(claim) ?
					hd_text("What was on its way to guest '%s' or from it has not arrived.",
						claim->domain) :
				claim->domain ?
					hd_text("What guest '%s' left behind when it ended has not been given back to the host yet.",
						claim->domain) :
					hd_text("What a bind by hand left behind has not been given back to the host yet."),
				hd_text("virt-hostdev recover"), ask->err);
		slot = hd_array_add(&abandoned->items, &abandoned->n,
				    sizeof(*slot));
		if (slot)
			*slot = *claim;
		else
			hd_claim_clear(claim);
		if (!slot && r == 0)
			r = hd_err_nomem(ask->err);
	}
	claims->n = kept;
	return r;
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
static int look_for_vfio_node(struct hd_ask *ask,
			      const enum hd_module_state *modules, size_t n,
			      bool *ret)
{
	int r = 0;

	*ret = true;
	for (size_t i = 0; r == 0 && *ret && i < n; i++)
		if (modules[i] == HD_MODULE_PRESENT)
			r = hd_seen_whether(hd_vfio_node_look(ask->host), ret);
	if (r < 0)
		return hd_err_set(ask->err, -r,
				  "/dev/vfio/vfio can't be looked at: %s",
				  strerror(-r));
	return 0;
}

static int add_devices(struct hd_ask *ask, const struct hd_request *request,
		       struct hd_inventory *ret)
{
	HD_AUTOFREE struct hd_addr *addrs =
		calloc(request->n_assigns + 1, sizeof(*addrs));

	if (!addrs)
		return hd_err_nomem(ask->err);
	for (size_t i = 0; i < request->n_assigns; i++)
		addrs[i] = request->assigns[i].addr;
	return hd_inventory_add(ret, ask->host,
				(struct hd_addrs){ addrs, request->n_assigns },
				ask->err);
}

/* Of what may be taken, what is to be put back is read with the rest. */
static int read_overrides(struct hd_ask *ask, const struct hd_request *request,
			  struct hd_situation *situation)
{
	struct hd_inventory *inventory = &situation->inventory;
	int r = hd_fates_find(inventory, request, &situation->fates, ask->err);

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++)
		inventory->devices[i].saves =
			situation->fates.items[i] != HD_STAYS;
	if (r == 0)
		r = hd_device_read_overrides(
			ask->host, inventory->devices, inventory->n_devices,
			ask->config.step_seconds, ask->err);
	return r < 0 ? r :
		       hd_fates_find(inventory, request, &situation->fates,
				     ask->err);
}

static int read_situation(struct hd_ask *ask, const struct hd_request *request,
			  struct hd_situation *ret)
{
	int r = load_claims(ask, &ret->claims);

	if (r == 0)
		r = drop_abandoned(ask, &ret->claims, &ret->abandoned);
	if (r == 0)
		r = add_devices(ask, request, &ret->inventory);
	/* What running guests have given up stands in nobody's way either. */
	for (size_t i = 0; r == 0 && i < ret->claims.n; i++)
		hd_claim_prune(&ret->claims.items[i], &ret->inventory);
	if (r == 0)
		r = read_overrides(ask, request, ret);
	return r < 0 ? r :
		       query_modules(ask->host, request, &ret->modules,
				     ask->err);
}

/* Reads what the host made of the devices that would be taken. */
static int read_nodes(struct hd_ask *ask, struct hd_situation *situation)
{
	const struct hd_inventory *inventory = &situation->inventory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++)
		if (situation->fates.items[i] != HD_STAYS)
			r = hd_nodes_add(&situation->nodes, ask->host,
					 &inventory->devices[i], ask->err);
	return r;
}

/*
 * Of what the host would lose. What is on vfio it has lost already, and whoever
 * took it there was asked then; but not of the group that it got there.
 */
static int find_critical_uses(struct hd_ask *ask,
			      const struct hd_request *request,
			      struct hd_situation *situation)
{
	const struct hd_inventory *inventory = &situation->inventory;
	HD_AUTOFREE struct hd_device *taken =
		calloc(inventory->n_devices + 1, sizeof(*taken));
	size_t n = 0;

	if (!taken)
		return hd_err_nomem(ask->err);
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (situation->fates.items[i] != HD_STAYS &&
		    (!inventory->devices[i].vfio ||
		     hd_own_late(&situation->claims, request,
				 inventory->devices[i].addr)))
			taken[n++] = inventory->devices[i];
	return hd_guard_find(ask->host, taken, n, &situation->nodes,
			     ask->config.step_seconds,
			     &situation->critical_uses, ask->err);
}

int hd_examine(struct hd_ask *ask, const struct hd_request *request,
	       struct hd_situation *ret)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	int r = read_situation(ask, request, &situation);

	if (r == 0)
		r = hd_pins_compare(ask->host, request->pins, request->n_pins,
				    &situation.pin_matches, ask->err);
	if (r == 0)
		r = read_nodes(ask, &situation);
	if (r == 0)
		r = find_critical_uses(ask, request, &situation);
	if (r == 0)
		r = hd_ask_find_holders(ask, situation.inventory.devices,
					situation.inventory.n_devices,
					&situation.nodes, &situation.holders);
	if (r == 0)
		r = hd_screens_find(ask, request, &situation);
	if (r == 0 && request->caller)
		r = hd_caller_find(ask, &situation, request->caller,
				   &situation.caller);
	if (r == 0)
		r = look_for_vfio_node(ask, situation.modules,
				       request->n_assigns,
				       &situation.vfio_node);
	if (r < 0)
		return r;
	situation.names = ask->names;
	r = hd_check(&situation, request, ask->findings, ask->err);
	if (r < 0)
		return r;
	*ret = situation;
	situation = (struct hd_situation){ .modules = NULL };
	return r;
}

void hd_situation_clear(struct hd_situation *situation)
{
	hd_inventory_clear(&situation->inventory);
	hd_fates_clear(&situation->fates);
	hd_claims_clear(&situation->claims);
	hd_claims_clear(&situation->abandoned);
	hd_nodes_clear(&situation->nodes);
	hd_holders_clear(&situation->holders);
	hd_critical_uses_clear(&situation->critical_uses);
	hd_pin_matches_clear(&situation->pin_matches);
	hd_screens_clear(&situation->screens);
	hd_caller_clear(&situation->caller);
	free(situation->modules);
	situation->modules = NULL;
}
