// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/check.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

/* In this order; the first that refuses a device is the last for it. */
static int (*const rules[])(struct hd_rule_context *s) = {
	hd_rule_pinned,	   hd_rule_present,	    hd_rule_alive,
	hd_rule_endpoint,  hd_rule_interface,	    hd_rule_group,
	hd_rule_answers,   hd_rule_no_vfs,	    hd_rule_foreign_member,
	hd_rule_unclaimed, hd_rule_group_unclaimed, hd_rule_viable,
	hd_rule_driver,	   hd_rule_vfio_node,	    hd_rule_guard,
	hd_rule_holders,
};

static int check_assign(struct hd_rule_context *s)
{
	s->device =
		hd_inventory_find(&s->situation->inventory, s->assign->addr);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int r = rules[i](s);

		if (r < 0)
			return r;
		if (r == HD_DONE)
			break;
	}
	return 0;
}

int hd_check(const struct hd_situation *situation,
	     const struct hd_request *request, struct hd_findings *findings,
	     struct hd_err *err)
{
	HD_AUTOFREE char *cannot =
		request->domain ? hd_text("can't be given to guest '%s'",
					  request->domain) :
				  hd_text("can't be taken from the host");

	size_t first = findings->n;
	int r = 0;

	if (!cannot)
		return hd_err_nomem(err);
	for (size_t i = 0; i < request->n_assigns; i++) {
		struct hd_rule_context s = {
			.situation = situation,
			.request = request,
			.index = i,
			.assign = &request->assigns[i],
			.cannot = cannot,
			.findings = findings,
			.err = err,
		};

		r = check_assign(&s);
		free(s.label);
		for (; first < findings->n; first++)
			findings->items[first].line = s.assign->line;
		if (r < 0)
			return r;
	}
	r = hd_check_pins(situation, request, findings, err);
	return r < 0 ? r : hd_check_allows(situation, request, findings, err);
}
