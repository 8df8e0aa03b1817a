// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

/* The end of the sentence: who gets the device, or doesn't, and who says so. */
static char *say_for_whom(const struct hd_decision *decision)
{
	HD_AUTOFREE char *where = hd_decision_text(decision);

	if (!where)
		return NULL;
	return decision->section->owners.n ?
		       hd_text("only for other guests, by %s", where) :
		       hd_text("never given away, by %s", where);
}

static int report_kept(struct hd_rule_context *s,
		       const struct hd_device *device,
		       const struct hd_decision *decision)
{
	HD_AUTOFREE char *name = hd_describe(s->situation, device);
	HD_AUTOFREE char *end = say_for_whom(decision);

	if (!name || !end)
		return hd_err_nomem(s->err);
	return hd_report_decided(
		s, HD_RULE_DEVICE_KEPT, decision,
		device == s->device ?
			hd_text("%s %s: it is %s.", name, s->cannot, end) :
			hd_text("%s %s, because %s would go with it, which is %s.",
				hd_label(s), s->cannot, name, end),
		hd_administrator_can_change(decision));
}

/* What the administrator keeps for the host, or for other guests. */
int hd_rule_kept(struct hd_rule_context *s)
{
	struct hd_going going = hd_going(s);
	const struct hd_device *device;

	while ((device = hd_going_next(&going))) {
		struct hd_decision decision =
			hd_policy_decide(s->request, device, HD_MAY_BE_GIVEN);

		if (!decision.permitted)
			return report_kept(s, device, &decision);
	}
	return HD_GO_ON;
}
