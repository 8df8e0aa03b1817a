// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/rule.h"

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"

static int report(struct hd_rule_context *s, enum hd_rule_id rule,
		  enum hd_severity severity, char *message, char *fix)
{
	int r = hd_findings_add(s->findings, hd_rules[rule].id, severity,
				s->index, message, fix, s->err);

	if (r < 0)
		return r;
	return severity == HD_ERROR ? HD_DONE : HD_GO_ON;
}

int hd_report(struct hd_rule_context *s, enum hd_rule_id rule, char *message,
	      char *fix)
{
	return report(s, rule, hd_rules[rule].severity, message, fix);
}

int hd_report_decided(struct hd_rule_context *s, enum hd_rule_id rule,
		      const struct hd_decision *decision, char *message,
		      char *fix)
{
	int r = hd_report(s, rule, message, fix);
	struct hd_finding *finding;

	if (r < 0 || !decision->said.file)
		return r;
	finding = &s->findings->items[s->findings->n - 1];
	finding->rule = hd_decision_place(decision);
	return finding->rule ? r : hd_err_nomem(s->err);
}

char *hd_administrator_can_change(const struct hd_decision *decision)
{
	return hd_text("The administrator of this host can change %s, line %u",
		       decision->said.file, decision->said.line);
}

int hd_warn(struct hd_rule_context *s, enum hd_rule_id rule, char *message,
	    char *fix)
{
	return report(s, rule, HD_WARNING, message, fix);
}

/* "0000:01:00.0 (Vendor Device, IOMMU group 5, driver e1000e)" */
char *hd_describe(const struct hd_situation *situation,
		  const struct hd_device *device)
{
	char name[160], group[32] = "no IOMMU group";

	hd_names_device(situation->names, device->vendor, device->device, name,
			sizeof(name));
	if (hd_inventory_awaits_group(&situation->inventory, device))
		snprintf(group, sizeof(group), "no IOMMU group yet");
	else if (device->group != HD_NO_GROUP)
		snprintf(group, sizeof(group), "IOMMU group %d", device->group);
	return hd_text("%s (%s, %s, %s%s)", hd_addr_text(device->addr).s, name,
		       group, device->driver ? "driver " : "no driver",
		       device->driver ? device->driver : "");
}

/* The device in words, made when the first rule refuses it: pci.ids is large.
 */
const char *hd_label(struct hd_rule_context *s)
{
	if (!s->label)
		s->label = hd_describe(s->situation, s->device);
	return s->label ? s->label : "The device";
}

char *hd_command_for(const char *command, const char *domain)
{
	HD_AUTOFREE char *quoted = hd_quote(domain);

	return quoted ? hd_text("%s %s", command, quoted) : NULL;
}

char *hd_link_command(const char *interface, const char *state)
{
	HD_AUTOFREE char *quoted = hd_quote(interface);

	return quoted ? hd_text("ip link set %s %s", quoted, state) : NULL;
}

bool hd_own_claim_has(const struct hd_rule_context *s, struct hd_addr addr)
{
	return hd_index_has(&s->lookup->own, hd_addr_key(addr));
}

bool hd_own_claim_has_group(const struct hd_rule_context *s, int group)
{
	return hd_index_has(&s->lookup->own_groups, (unsigned)group);
}

struct hd_going hd_going(const struct hd_rule_context *s)
{
	struct hd_going going = { .s = s, .self = true };

	going.mates = hd_index_find(&s->situation->fates.mates,
				    (unsigned)s->device->group, &going.n);
	return going;
}

const struct hd_device *hd_going_next(struct hd_going *going)
{
	const struct hd_situation *situation = going->s->situation;
	const struct hd_device *devices = situation->inventory.devices;
	const struct hd_device *mate = NULL;

	for (; going->n; going->mates++, going->n--)
		if (situation->fates.items[going->mates->at] == HD_GOES_ALONG)
			break;
	if (going->n)
		mate = &devices[going->mates->at];
	if (going->self && (!mate || going->s->device < mate)) {
		going->self = false;
		return going->s->device;
	}
	if (mate) {
		going->mates++;
		going->n--;
	}
	return mate;
}
