// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

static bool is_allowed(const struct hd_request *request,
		       const struct hd_critical_use *critical_use)
{
	for (size_t i = 0; !critical_use->root && i < request->n_allows; i++)
		if (request->allows[i].critical == critical_use->critical &&
		    hd_addr_equal(request->allows[i].addr, critical_use->addr))
			return true;
	return false;
}

/* How to allow it, for who means it. */
static char *how_to_allow(const struct hd_request *request,
			  const struct hd_critical_use *critical_use)
{
	const char *name = hd_critical_name(critical_use->critical);
	struct hd_addr_text addr = hd_addr_text(critical_use->addr);

	if (critical_use->root)
		return hd_text("This can't be allowed; use another device");
	if (!request->domain)
		return hd_text(
			"If the host can do without: virt-hostdev bind --allow %s=%s",
			addr.s, name);
	return hd_text(
		"If the host can do without, put <hostdev:allow address='%s' critical='%s'/> into the domain's metadata (man virt-hostdev-hook)",
		addr.s, name);
}

static int report_critical_use(struct hd_rule_context *s,
			       const struct hd_device *device,
			       const struct hd_critical_use *critical_use)
{
	HD_AUTOFREE char *name = hd_describe(s->situation, device);

	if (!name)
		return hd_err_nomem(s->err);
	return hd_report(
		s, hd_rule_of_critical(critical_use->critical),
		device == s->device ?
			hd_text("%s %s, because the host needs it: %s.", name,
				s->cannot, critical_use->chain) :
			hd_text("%s %s, because the host needs %s, which would go with it: %s.",
				hd_label(s), s->cannot, name,
				critical_use->chain),
		how_to_allow(s->request, critical_use));
}

/* What the host can't do without: all of it is named. */
int hd_rule_guard(struct hd_rule_context *s)
{
	const struct hd_inventory *inventory = &s->situation->inventory;
	const struct hd_critical_uses *critical_uses =
		&s->situation->critical_uses;
	int r, result = HD_GO_ON;

	for (size_t i = 0; i < critical_uses->n; i++) {
		const struct hd_critical_use *critical_use =
			&critical_uses->items[i];
		const struct hd_device *device =
			hd_inventory_find(inventory, critical_use->addr);

		if (!hd_goes_with(s, device) ||
		    is_allowed(s->request, critical_use))
			continue;
		r = report_critical_use(s, device, critical_use);
		if (r < 0)
			return r;
		result = HD_DONE;
	}
	return result;
}

/* Whether the host needs what may be lost, as far as it can be lost still: of
 * what vfio or the guest has nothing can be. */
static bool is_needed(const struct hd_rule_context *s,
		      const struct hd_allow *allow)
{
	const struct hd_situation *situation = s->situation;
	const struct hd_critical_uses *uses = &situation->critical_uses;
	const struct hd_device *device =
		hd_inventory_find(&situation->inventory, allow->addr);

	for (size_t i = 0; i < uses->n; i++)
		if (uses->items[i].critical == allow->critical &&
		    hd_addr_equal(uses->items[i].addr, allow->addr))
			return true;
	return (device && device->vfio) ||
	       hd_own_claim_has(situation, s->request, allow->addr);
}

/* An allowance that is good for nothing is one for another device. */
int hd_rule_allows_used(struct hd_rule_context *s)
{
	const struct hd_request *request = s->request;
	int r = HD_GO_ON;

	for (size_t i = 0; r == HD_GO_ON && i < request->n_allows; i++) {
		const struct hd_allow *allow = &request->allows[i];

		if (!is_needed(s, allow))
			r = hd_report(
				s, HD_RULE_ALLOW_UNUSED,
				hd_text("The loss of '%s' is allowed for %s, but the host doesn't need that device for it now.",
					hd_critical_name(allow->critical),
					hd_addr_text(allow->addr).s),
				NULL);
	}
	return r;
}
