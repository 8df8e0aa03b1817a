// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/check.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

/* Those of the request, or those of one of its devices. */
static int judge(struct hd_rule_context *s, bool of_request)
{
	int (*last)(struct hd_rule_context *) = NULL;
	int r = HD_GO_ON;

	for (size_t i = 0; r == HD_GO_ON && i < HD_N_RULES; i++) {
		const struct hd_rule *rule = &hd_rules[i];

		if (!rule->judge || rule->of_request != of_request ||
		    rule->judge == last)
			continue;
		last = rule->judge;
		r = last(s);
	}
	return r;
}

static int judge_assign(struct hd_rule_context *s, size_t index)
{
	size_t first = s->findings->n;
	int r;

	s->index = index;
	s->assign = &s->request->assigns[index];
	s->device =
		hd_inventory_find(&s->situation->inventory, s->assign->addr);
	r = judge(s, false);
	free(s->label);
	s->label = NULL;
	for (; first < s->findings->n; first++)
		s->findings->items[first].line = s->assign->line;
	return r;
}

int hd_check(const struct hd_situation *situation,
	     const struct hd_request *request, struct hd_findings *findings,
	     struct hd_err *err)
{
	HD_AUTOFREE char *cannot =
		request->domain ? hd_text("can't be given to guest '%s'",
					  request->domain) :
				  hd_text("can't be taken from the host");
	HD_AUTO_LOOKUP struct hd_lookup lookup = HD_LOOKUP_INIT;
	struct hd_rule_context of_device = {
		.situation = situation,
		.request = request,
		.lookup = &lookup,
		.cannot = cannot,
		.findings = findings,
		.err = err,
	};
	struct hd_rule_context of_request = of_device;
	int r = cannot ? hd_lookup_make(situation, request, &lookup, err) :
			 hd_err_nomem(err);

	for (size_t i = 0; r >= 0 && i < request->n_assigns; i++)
		r = judge_assign(&of_device, i);
	of_request.index = HD_WHOLE_DOMAIN;
	if (r >= 0)
		r = judge(&of_request, true);
	if (r < 0)
		return r;
	return hd_findings_refuse(findings) ? HD_REFUSED : 0;
}
