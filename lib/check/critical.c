// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

/* What allows it to be lost, or NULL. */
static const struct hd_allow *
find_allow(const struct hd_rule_context *s,
	   const struct hd_critical_use *critical_use)
{
	size_t n;
	const struct hd_index_item *allows = hd_index_find(
		&s->lookup->allows, hd_addr_key(critical_use->addr), &n);

	for (size_t i = 0; i < n; i++)
		if (s->request->allows[allows[i].at].critical ==
		    critical_use->critical)
			return &s->request->allows[allows[i].at];
	return NULL;
}

/* Whether the host can have it back: a graphics card's own driver brings the
 * screen. */
static bool could_come_back(const struct hd_device *device,
			    const struct hd_critical_use *critical_use)
{
	return critical_use->critical == HD_CRITICAL_DISPLAY &&
	       device->class_code >> 16 == 0x03 && device->driver;
}

/* How to allow it, for who means it. */
static char *how_to_allow(const struct hd_request *request,
			  const struct hd_device *device,
			  const struct hd_critical_use *critical_use,
			  const struct hd_decision *decision)
{
	const char *name = hd_critical_name(critical_use->critical);
	struct hd_addr_text addr = hd_addr_text(critical_use->addr);
	HD_AUTOFREE char *verb =
		hd_text("virt-hostdev allow --critical %s", name);
	HD_AUTOFREE char *command = NULL;

	if (critical_use->root)
		return hd_text("This can't be allowed; use another device");
	if (!request->domain)
		return hd_text(
			"If the host can do without: virt-hostdev bind --allow %s=%s",
			addr.s, name);
	if (!decision->permitted)
		return hd_administrator_can_change(decision);
	if (could_come_back(device, critical_use)) {
		command =
			hd_command_for("virt-hostdev allow --hand-over-display",
				       request->domain);
		return command ?
			       hd_text("To hand the screen over, and get it back: %s",
				       command) :
			       NULL;
	}
	if (verb)
		command = hd_command_for(verb, request->domain);
	return command ? hd_text("If the host can do without: %s %s", command,
				 addr.s) :
			 NULL;
}

/* Who allows it, and that this doesn't help, as the end of a sentence. */
static char *say_forbidden(const struct hd_allow *allow,
			   const struct hd_decision *decision)
{
	HD_AUTOFREE char *where = hd_decision_text(decision);

	if (!where)
		return NULL;
	return hd_text(
		"; line %u of the domain allows that, but %s doesn't let domains",
		allow->line, where);
}

/* Nobody can tell: that is no all-clear. */
static int report_unknown(struct hd_rule_context *s, const char *name,
			  const struct hd_critical_use *critical_use)
{
	return hd_report(
		s, hd_rule_of_critical(critical_use->critical),
		hd_text("%s %s, because it can't be told whether the host needs %s (%s): %s.",
			hd_label(s), s->cannot, name,
			hd_critical_name(critical_use->critical),
			critical_use->chain),
		critical_use->fix ? hd_text("%s", critical_use->fix) : NULL);
}

static bool hands_over_in_vain(const struct hd_rule_context *s,
			       const struct hd_device *device,
			       const struct hd_critical_use *critical_use)
{
	return critical_use->critical == HD_CRITICAL_DISPLAY &&
	       !device->driver && hd_shown_of(s->situation, device);
}

static int report_critical_use(struct hd_rule_context *s,
			       const struct hd_device *device,
			       const struct hd_critical_use *critical_use,
			       const struct hd_allow *allow,
			       const struct hd_decision *decision)
{
	HD_AUTOFREE char *name = hd_describe(s->situation, device);
	HD_AUTOFREE char *end =
		allow && !critical_use->root ?
			say_forbidden(allow, decision) :
		hands_over_in_vain(s, device, critical_use) ?
			hd_text("; it is handed over, but the host has no driver for it that would bring the screen back") :
			hd_text("%s", "");

	if (!name || !end)
		return hd_err_nomem(s->err);
	if (critical_use->unknown)
		return report_unknown(s, device == s->device ? "it" : name,
				      critical_use);
	return hd_report_decided(
		s, hd_rule_of_critical(critical_use->critical),
		critical_use->root || decision->permitted ?
			&(struct hd_decision){ .permitted = true } :
			decision,
		device == s->device ?
			hd_text("%s %s, because the host needs it: %s%s.", name,
				s->cannot, critical_use->chain, end) :
			hd_text("%s %s, because the host needs %s, which would go with it: %s%s.",
				hd_label(s), s->cannot, name,
				critical_use->chain, end),
		how_to_allow(s->request, device, critical_use, decision));
}

/* Who allows it, and who lets them. */
static char *say_permitted(const struct hd_allow *allow,
			   const struct hd_decision *decision)
{
	const char *name = hd_critical_name(allow->critical);
	HD_AUTOFREE char *where = NULL;

	if (allow->line == 0)
		return hd_text("the command line allows that (%s)", name);
	if (!decision->said.file)
		return hd_text(
			"line %u of the domain allows that (%s), and the host's configuration says nothing against it",
			allow->line, name);
	where = hd_decision_text(decision);
	return where ? hd_text("line %u of the domain allows that (%s), and %s lets it",
			       allow->line, name, where) :
		       NULL;
}

/* So that whoever wonders later finds out by whose leave it went. */
static int report_allowed(struct hd_rule_context *s,
			  const struct hd_device *device,
			  const struct hd_critical_use *critical_use,
			  const struct hd_allow *allow,
			  const struct hd_decision *decision)
{
	HD_AUTOFREE char *end = say_permitted(allow, decision);

	if (!end)
		return hd_err_nomem(s->err);
	return hd_report_decided(
		s, HD_RULE_CRITICAL_ALLOWED, decision,
		hd_text("%s goes although the host needs it: %s; %s.",
			hd_addr_text(device->addr).s, critical_use->chain, end),
		NULL);
}

/* Whether it is a screen that is handed over, and comes back: only a driver of
 * the host's brings it. By whose leave, hd_rule_screen() judges. */
static bool comes_back(const struct hd_rule_context *s,
		       const struct hd_device *device,
		       const struct hd_critical_use *critical_use)
{
	return critical_use->critical == HD_CRITICAL_DISPLAY &&
	       device->driver && hd_shown_of(s->situation, device);
}

/* What a domain allows counts as far as the administrator lets it; what a
 * person allows by hand is the administrator's word. */
static int judge_use(struct hd_rule_context *s, const struct hd_device *device,
		     const struct hd_critical_use *critical_use)
{
	const struct hd_allow *allow = find_allow(s, critical_use);
	struct hd_decision decision =
		hd_policy_decide(s->request, device, critical_use->critical);

	if (comes_back(s, device, critical_use))
		return HD_GO_ON;
	if (allow && allow->line == 0)
		decision = (struct hd_decision){ .permitted = true };
	if (allow && !critical_use->root && decision.permitted)
		return report_allowed(s, device, critical_use, allow,
				      &decision);
	return report_critical_use(s, device, critical_use, allow, &decision);
}

static int judge_uses(struct hd_rule_context *s, const struct hd_device *device)
{
	size_t n;
	const struct hd_index_item *uses =
		hd_index_find(&s->lookup->uses, hd_addr_key(device->addr), &n);
	int r, result = HD_GO_ON;

	for (size_t i = 0; i < n; i++) {
		r = judge_use(s, device,
			      &s->situation->critical_uses.items[uses[i].at]);
		if (r < 0)
			return r;
		if (r == HD_DONE)
			result = HD_DONE;
	}
	return result;
}

/* What the host can't do without: all of it is named. */
int hd_rule_guard(struct hd_rule_context *s)
{
	struct hd_going going = hd_going(s);
	const struct hd_device *device;
	int r, result = HD_GO_ON;

	while ((device = hd_going_next(&going))) {
		r = judge_uses(s, device);
		if (r < 0)
			return r;
		if (r == HD_DONE)
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
	const struct hd_device *device =
		hd_inventory_find(&situation->inventory, allow->addr);
	size_t n;
	const struct hd_index_item *uses =
		hd_index_find(&s->lookup->uses, hd_addr_key(allow->addr), &n);

	for (size_t i = 0; i < n; i++)
		if (situation->critical_uses.items[uses[i].at].critical ==
		    allow->critical)
			return true;
	return (device && device->vfio) || hd_own_claim_has(s, allow->addr);
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
