// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/allow/wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/check/check.h"
#include "lib/request/policy.h"

/* What the search works with. */
struct search {
	const struct hd_request *request;
	const struct hd_situation *situation;
	const struct hd_wish *wish;
	struct hd_wanted *wanted;
	struct hd_err *err;
};

static int refuse_by(const struct search *search, struct hd_addr addr,
		     const struct hd_decision *decision)
{
	HD_AUTOFREE char *where = hd_decision_text(decision);

	if (!where)
		return hd_err_nomem(search->err);
	hd_err_set(search->err, EPERM,
		   "guest '%s' can't be allowed that of %s, by %s",
		   search->request->domain, hd_addr_text(addr).s, where);
	hd_err_fix(search->err,
		   "The administrator of this host can change %s, line %u",
		   decision->said.file, decision->said.line);
	return -EPERM;
}

static int refuse_root(const struct search *search,
		       const struct hd_critical_use *use)
{
	hd_err_set(search->err, EPERM,
		   "%s can't be given away, whoever allows it: %s",
		   hd_addr_text(use->addr).s, use->chain);
	hd_err_fix(search->err, "Use another device");
	return -EPERM;
}

/* Whether the administrator lets it; *@ret_rule is his word, or NULL. */
static int ask(const struct search *search, const struct hd_device *device,
	       unsigned what, char **ret_rule)
{
	struct hd_decision given =
		hd_policy_decide(search->request, device, HD_MAY_BE_GIVEN);
	struct hd_decision decision =
		hd_policy_decide(search->request, device, what);

	if (!given.permitted)
		return refuse_by(search, device->addr, &given);
	if (!decision.permitted)
		return refuse_by(search, device->addr, &decision);
	*ret_rule = hd_decision_place(&decision);
	return !*ret_rule && decision.said.file ? hd_err_nomem(search->err) : 0;
}

/* What the host needs a device for; that which nobody can allow first. */
static const struct hd_critical_use *find_use(const struct search *search,
					      struct hd_addr addr,
					      enum hd_critical critical)
{
	const struct hd_critical_uses *uses = &search->situation->critical_uses;

	for (size_t i = 0; i < uses->n; i++)
		if (uses->items[i].critical == critical &&
		    hd_addr_equal(uses->items[i].addr, addr))
			return &uses->items[i];
	return NULL;
}

static const struct hd_critical_use *find_root(const struct search *search,
					       struct hd_addr addr)
{
	const struct hd_critical_uses *uses = &search->situation->critical_uses;

	for (size_t i = 0; i < uses->n; i++)
		if (uses->items[i].root &&
		    hd_addr_equal(uses->items[i].addr, addr))
			return &uses->items[i];
	return NULL;
}

static bool is_allowed(const struct hd_request *request, struct hd_addr addr,
		       enum hd_critical critical)
{
	for (size_t i = 0; i < request->n_allows; i++)
		if (request->allows[i].critical == critical &&
		    hd_addr_equal(request->allows[i].addr, addr))
			return true;
	return false;
}

static bool is_named(const struct hd_wish *wish, struct hd_addr addr)
{
	for (size_t i = 0; i < wish->n_addrs; i++)
		if (hd_addr_equal(wish->addrs[i], addr))
			return true;
	return false;
}

static int add(const struct search *search, struct hd_addr addr,
	       enum hd_critical critical, const struct hd_critical_use *use,
	       char *rule)
{
	struct hd_wanted *wanted = search->wanted;
	struct hd_wanted_allow *slot =
		hd_array_add(&wanted->allows, &wanted->n_allows, sizeof(*slot));

	if (!slot) {
		free(rule);
		return hd_err_nomem(search->err);
	}
	slot->allow = (struct hd_allow){ addr, critical, 0 };
	slot->rule = rule;
	slot->chain = use ? strdup(use->chain) : NULL;
	return use && !slot->chain ? hd_err_nomem(search->err) : 0;
}

/* Of one device. *@found: it is allowed, or will be. */
static int consider(const struct search *search, const struct hd_device *device,
		    enum hd_critical critical, bool *found)
{
	const struct hd_critical_use *use =
		find_use(search, device->addr, critical);
	const struct hd_critical_use *root = find_root(search, device->addr);
	HD_AUTOFREE char *rule = NULL;
	bool allowed = is_allowed(search->request, device->addr, critical);
	int r;

	/* What vfio has the host has lost already, and nobody sees for what it
	 * needed it. */
	if (!use && !allowed && !device->vfio)
		return 0;
	if (!use && !allowed && !is_named(search->wish, device->addr))
		return 0;
	if (root)
		return refuse_root(search, root);
	r = ask(search, device, critical, &rule);
	if (r < 0)
		return r;
	*found = true;
	return allowed ? 0 :
			 add(search, device->addr, critical, use,
			     hd_steal(&rule));
}

static int refuse_unneeded(const struct search *search,
			   enum hd_critical critical)
{
	const struct hd_wish *wish = search->wish;
	const char *name = hd_critical_name(critical);

	if (wish->n_addrs == 1)
		hd_err_set(
			search->err, ENOENT,
			"the host doesn't need %s for '%s' now, so there is nothing to allow",
			hd_addr_text(wish->addrs[0]).s, name);
	else
		hd_err_set(
			search->err, ENOENT,
			"the host needs none of these devices for '%s' now, so there is nothing to allow",
			name);
	hd_err_fix(search->err, "What it needs: virt-hostdev list --guard");
	return -ENOENT;
}

static int find_critical(const struct search *search, enum hd_critical critical)
{
	const struct hd_inventory *inventory = &search->situation->inventory;
	bool found = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (search->wish->n_addrs ?
			    is_named(search->wish, device->addr) :
			    hd_fate_of(search->situation, device) != HD_STAYS)
			r = consider(search, device, critical, &found);
	}
	return r < 0 || found ? r : refuse_unneeded(search, critical);
}

/* Of each member that the guest doesn't get, whatever driver it has now. */
static int find_siblings(const struct search *search, bool there)
{
	const struct hd_inventory *inventory = &search->situation->inventory;
	struct hd_wanted *wanted = search->wanted;
	size_t n = 0;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];
		const struct hd_critical_use *root =
			find_root(search, device->addr);
		int r;

		if (device->bridge ||
		    hd_fate_of(search->situation, device) == HD_IS_ASSIGNED)
			continue;
		if (root)
			return refuse_root(search, root);
		free(wanted->siblings_rule);
		wanted->siblings_rule = NULL;
		r = ask(search, device, HD_MAY_SIBLINGS,
			&wanted->siblings_rule);
		if (r < 0)
			return r;
		n++;
	}
	wanted->siblings = n && !there;
	if (n || there)
		return 0;
	return hd_err_set(
		search->err, ENOENT,
		"no device of guest '%s' shares its IOMMU group with one that would go along, so there is nothing to allow",
		search->request->domain);
}

/* Of each card that goes, whatever it shows now: another may show nothing then.
 */
static int find_hand_over(const struct search *search)
{
	const struct hd_inventory *inventory = &search->situation->inventory;
	struct hd_wanted *wanted = search->wanted;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (device->class_code >> 16 != 0x03 ||
		    hd_fate_of(search->situation, device) == HD_STAYS)
			continue;
		free(wanted->hand_over_rule);
		wanted->hand_over_rule = NULL;
		r = ask(search, device, HD_CRITICAL_DISPLAY,
			&wanted->hand_over_rule);
		n++;
	}
	if (r < 0 || n)
		return r;
	return hd_err_set(
		search->err, ENOENT,
		"guest '%s' asks for no graphics card that this host has, so there is no screen to hand over",
		search->request->domain);
}

static int check_named(const struct search *search)
{
	const struct hd_wish *wish = search->wish;
	const struct hd_inventory *inventory = &search->situation->inventory;

	for (size_t i = 0; i < wish->n_addrs; i++)
		if (!hd_inventory_find(inventory, wish->addrs[i]))
			return hd_err_set(
				search->err, EINVAL,
				"%s is neither a device that guest '%s' asks for, nor in the IOMMU group of one",
				hd_addr_text(wish->addrs[i]).s,
				search->request->domain);
	return 0;
}

int hd_wanted_find(const struct hd_request *request,
		   const struct hd_situation *situation,
		   const struct hd_wish *wish, bool there,
		   struct hd_wanted *ret, struct hd_err *err)
{
	struct search search = { request, situation, wish, ret, err };
	int r = check_named(&search);

	for (int i = 0; r == 0 && i <= HD_CRITICAL_REGION; i++)
		if (wish->criticals[i])
			r = find_critical(&search, (enum hd_critical)i);
	if (r == 0 && wish->siblings)
		r = find_siblings(&search, there);
	if (r == 0 && wish->hand_over)
		r = find_hand_over(&search);
	return r;
}

void hd_wanted_clear(struct hd_wanted *wanted)
{
	for (size_t i = 0; i < wanted->n_allows; i++) {
		free(wanted->allows[i].chain);
		free(wanted->allows[i].rule);
	}
	free(wanted->allows);
	free(wanted->siblings_rule);
	free(wanted->hand_over_rule);
	*wanted = (struct hd_wanted){ .allows = NULL };
}
