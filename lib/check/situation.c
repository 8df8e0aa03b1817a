// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/situation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/device_override.h"

static int load_claims(struct hd_job *job, struct hd_claims *ret)
{
	HD_AUTO_STATE struct hd_state own = HD_STATE_INIT;
	int r;

	if (hd_state_is_open(&job->state))
		return hd_claims_load(&job->state, ret, job->findings,
				      job->err);
	r = hd_state_open(job->host, HD_STATE_READ, &own, job->err);
	if (r == -ENOENT)
		return 0;
	if (r == -EACCES || r == -EPERM) {
		hd_err_clear(job->err);
		return hd_findings_add(
			job->findings, "claims-unreadable", HD_INFO,
			HD_WHOLE_DOMAIN,
			hd_text("Whether another guest has these devices is not known: only root can read " HD_STATE_DIR
				"."),
			hd_text("Run it as root"), job->err);
	}
	return r < 0 ? r : hd_claims_load(&own, ret, job->findings, job->err);
}

/*
 * Claims that nobody will give up stand in nobody's way: prepare undoes them
 * first. They become findings, so that whoever looks knows.
 */
static int drop_abandoned(struct hd_job *job, struct hd_claims *claims)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < claims->n; i++) {
		struct hd_claim *claim = &claims->items[i];

		if (!job->host->live ||
		    !hd_claim_is_abandoned(job->host, claim)) {
			claims->items[kept++] = *claim;
			continue;
		}
		if (r == 0)
			r = hd_findings_add(
				job->findings, "claim-abandoned", HD_INFO,
				HD_WHOLE_DOMAIN,
				hd_claim_is_moving(claim) ?
					hd_text("What was on its way to guest '%s' or from it has not arrived.",
						claim->domain) :
				claim->domain ?
					hd_text("What guest '%s' left behind when it ended has not been given back to the host yet.",
						claim->domain) :
					hd_text("What a bind by hand left behind has not been given back to the host yet."),
				hd_text("virt-hostdev recover"), job->err);
		hd_claim_clear(claim);
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
static bool has_vfio_node(const struct hd_host *host,
			  const enum hd_module_state *modules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (modules[i] == HD_MODULE_PRESENT)
			return hd_vfio_node_exists(host);
	return true;
}

/* What running guests have given up stands in nobody's way either. */
static void prune_claims(const struct hd_inventory *inventory,
			 struct hd_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		for (size_t j = 0; j < inventory->n_devices; j++)
			hd_claim_prune(&claims->items[i],
				       &inventory->devices[j]);
}

static int read_situation(struct hd_job *job, const struct hd_request *request,
			  struct hd_situation *ret)
{
	int r = load_claims(job, &ret->claims);

	if (r == 0)
		r = drop_abandoned(job, &ret->claims);
	for (size_t i = 0; r == 0 && i < request->n_assigns; i++)
		r = hd_inventory_add(&ret->inventory, job->host,
				     request->assigns[i].addr, job->err);
	prune_claims(&ret->inventory, &ret->claims);
	if (r == 0)
		r = hd_device_read_overrides(job->host, ret->inventory.devices,
					     ret->inventory.n_devices,
					     job->config.step_seconds,
					     job->err);
	return r < 0 ? r :
		       query_modules(job->host, request, &ret->modules,
				     job->err);
}

/* Reads what the host made of the devices that would be taken. */
static int read_nodes(struct hd_job *job, const struct hd_request *request,
		      struct hd_situation *situation)
{
	const struct hd_inventory *inventory = &situation->inventory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++)
		if (hd_check_binds(request, &inventory->devices[i]))
			r = hd_nodes_add(&situation->nodes, job->host,
					 &inventory->devices[i], job->err);
	return r;
}

/*
 * Of what the host would lose. What is on vfio it has lost already, and whoever
 * took it there was asked then.
 */
static int find_critical_uses(struct hd_job *job,
			      const struct hd_request *request,
			      struct hd_situation *situation)
{
	const struct hd_inventory *inventory = &situation->inventory;
	HD_AUTOFREE struct hd_device *taken =
		calloc(inventory->n_devices + 1, sizeof(*taken));
	size_t n = 0;

	if (!taken)
		return hd_err_nomem(job->err);
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (hd_check_binds(request, &inventory->devices[i]) &&
		    !inventory->devices[i].vfio)
			taken[n++] = inventory->devices[i];
	return hd_guard_find(job->host, taken, n, &situation->nodes,
			     job->config.step_seconds,
			     &situation->critical_uses, job->err);
}

int hd_examine(struct hd_job *job, const struct hd_request *request,
	       struct hd_situation *ret)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	struct hd_facts facts;
	int r = read_situation(job, request, &situation);

	if (r == 0)
		r = hd_pins_compare(job->host, request->pins, request->n_pins,
				    &situation.pin_matches, job->err);
	if (r == 0)
		r = read_nodes(job, request, &situation);
	if (r == 0)
		r = find_critical_uses(job, request, &situation);
	if (r == 0)
		r = hd_job_find_holders(job, situation.inventory.devices,
					situation.inventory.n_devices,
					&situation.nodes);
	if (r < 0)
		return r;
	facts = (struct hd_facts){
		.inventory = &situation.inventory,
		.claims = &situation.claims,
		.modules = situation.modules,
		.vfio_node = has_vfio_node(job->host, situation.modules,
					   request->n_assigns),
		.nodes = &situation.nodes,
		.holders = &job->holders,
		.critical_uses = &situation.critical_uses,
		.pin_matches = &situation.pin_matches,
		.names = job->names,
	};
	r = hd_check(&facts, request, job->findings, job->err);
	if (r < 0)
		return r;
	*ret = situation;
	situation = (struct hd_situation){ .modules = NULL };
	return 0;
}

void hd_situation_clear(struct hd_situation *situation)
{
	hd_inventory_clear(&situation->inventory);
	hd_claims_clear(&situation->claims);
	hd_nodes_clear(&situation->nodes);
	hd_critical_uses_clear(&situation->critical_uses);
	hd_pin_matches_clear(&situation->pin_matches);
	free(situation->modules);
	situation->modules = NULL;
}
