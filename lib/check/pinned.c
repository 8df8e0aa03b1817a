// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

/* Where the pinned device may be, as the end of a sentence. */
static char *say_where(const struct hd_pin_match *pinned)
{
	if (pinned->n_elsewhere == 0)
		return hd_text("the pinned device is not on this host");
	if (pinned->n_elsewhere > 1)
		return hd_text("%zu other devices are like the pinned one",
			       pinned->n_elsewhere);
	return hd_text(pinned->sure ? "the pinned device is at %s now" :
				      "only %s is like the pinned one",
		       hd_addr_text(pinned->elsewhere).s);
}

static int refuse_pinned(struct hd_rule_context *s,
			 const struct hd_pin_match *pinned)
{
	HD_AUTOFREE char *where = say_where(pinned);
	struct hd_addr place;
	bool known = hd_pin_match_place(pinned, &place);
	const char *command =
		known ? "virt-hostdev rewrite --define --follow-pins" :
			"virt-hostdev pin --update";

	if (!where)
		return hd_err_nomem(s->err);
	return hd_report(
		s, HD_RULE_PIN_MISMATCH,
		!pinned->present ?
			hd_text("Nothing answers at %s, which guest '%s' has pinned; %s.",
				hd_addr_text(s->assign->addr).s,
				s->request->domain, where) :
			hd_text("%s is not the device that guest '%s' has pinned: its %s differs; %s.",
				hd_label(s), s->request->domain, pinned->what,
				where),
		hd_command_for(command, s->request->domain));
}

/* Before anything else: the rest would be said of another device. */
int hd_rule_pinned(struct hd_rule_context *s)
{
	size_t n;
	const struct hd_index_item *pins =
		hd_index_find(&s->situation->pin_matches.by_addr,
			      hd_addr_key(s->assign->addr), &n);

	for (size_t i = 0; i < n; i++) {
		const struct hd_pin_match *pinned =
			&s->situation->pin_matches.items[pins[i].at];

		if (pinned->match == HD_MATCH_DIFFERENT)
			return refuse_pinned(s, pinned);
		if (pinned->match == HD_MATCH_ALIKE && pinned->n_elsewhere)
			return hd_report(
				s, HD_RULE_PIN_BY_PLACE,
				hd_text("Only slot and path tell %s from %s: nothing else that can be read of them differs.",
					hd_addr_text(s->assign->addr).s,
					hd_addr_text(pinned->elsewhere).s),
				NULL);
	}
	return HD_GO_ON;
}

/* A pin for nothing is one that was forgotten. */
int hd_rule_pins_used(struct hd_rule_context *s)
{
	const struct hd_request *request = s->request;
	int r = HD_GO_ON;

	for (size_t i = 0; r == HD_GO_ON && i < request->n_pins; i++) {
		struct hd_addr addr = request->pins[i].addr;

		if (!hd_own_claim_has(s, addr) &&
		    !hd_index_has(&s->lookup->assigns, hd_addr_key(addr)))
			r = hd_report(
				s, HD_RULE_PIN_UNUSED,
				hd_text("Line %u pins %s, which guest '%s' doesn't ask for.",
					request->pins[i].line,
					hd_addr_text(addr).s, request->domain),
				hd_command_for("virt-hostdev pin --update",
					       request->domain));
	}
	return r;
}
