// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/cleanup.h"
#include "lib/check/rule.h"

/* Says who holds @device; HD_DONE when that must not be broken. */
static int report_holders(struct hd_rule_context *s,
			  const struct hd_device *device, bool harmful)
{
	const struct hd_holders *holders = &s->situation->holders;
	const struct hd_holder *first = NULL;
	HD_AUTOFREE char *name = NULL;
	HD_AUTOFREE char *who = NULL;

	/* Who uses a screen that is handed over, hd_rule_screen() judges. */
	if (!hd_shown_of(s->situation, device) &&
	    hd_index_has(&s->lookup->holders, hd_addr_key(device->addr)))
		first = hd_holders_first(holders, device->addr, device->driver,
					 harmful);
	if (!first)
		return HD_GO_ON;
	name = hd_describe(s->situation, device);
	who = hd_holders_text(holders, device->addr, device->driver, harmful);
	if (!name || !who)
		return hd_err_nomem(s->err);
	if (harmful)
		return hd_report(
			s, HD_RULE_DEVICE_HELD,
			hd_text("%s %s while %s: %s.", name, s->cannot, who,
				hd_holder_harm(first, device->driver)),
			hd_text("Let it end, or end it: kill %d", first->pid));
	return hd_warn(
		s, HD_RULE_DEVICE_HELD,
		hd_text("%s will be lost to who uses it on the host: %s.", name,
			who),
		hd_text("Let it end first, or end it: kill %d", first->pid));
}

/*
 * Not everything could be looked at: where the kernel might block, or data be
 * lost, nobody is to try, unless it is little that isn't known.
 */
static int report_unknown(struct hd_rule_context *s,
			  const struct hd_device *device)
{
	const struct hd_holders *holders = &s->situation->holders;
	HD_AUTOFREE char *name = NULL;

	if (!holders->unknown)
		return HD_GO_ON;
	name = hd_describe(s->situation, device);
	if (!name)
		return hd_err_nomem(s->err);
	if (!holders->slight &&
	    hd_holders_could_harm(device, &s->situation->nodes))
		return hd_report(
			s, HD_RULE_HOLDERS_UNKNOWN,
			hd_text("%s %s while it can't be told which processes use it: %s.",
				name, s->cannot, holders->unknown),
			hd_text("%s", holders->remedy));
	return hd_warn(
		s, HD_RULE_HOLDERS_UNKNOWN,
		hd_text("Whether a process of the host uses %s could not be found out: %s.",
			name, holders->unknown),
		hd_text("%s", holders->remedy));
}

static int report_interfaces(struct hd_rule_context *s,
			     const struct hd_device *device)
{
	size_t n;
	const struct hd_node *nodes =
		hd_nodes_of(&s->situation->nodes, device->addr, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct hd_node *node = &nodes[i];

		if (node->kind != HD_NODE_NET || !node->up)
			continue;
		r = hd_report(
			s, HD_RULE_INTERFACE_UP,
			hd_text("Interface %s of %s is up, and will be lost to the host.",
				node->name, hd_addr_text(device->addr).s),
			hd_link_command(node->name, "down"));
	}
	return r;
}

/* Who would lose what the guest gets, or what is taken along with it. */
int hd_rule_holders(struct hd_rule_context *s)
{
	struct hd_going going = hd_going(s);
	const struct hd_device *device;
	int r = HD_GO_ON;

	/* While the guest runs, its own QEMU holds the group. */
	if (hd_own_claim_has_group(s, s->device->group))
		return HD_GO_ON;
	while (r == HD_GO_ON && (device = hd_going_next(&going))) {
		r = report_holders(s, device, true);
		if (r == HD_GO_ON)
			r = report_holders(s, device, false);
		if (r == HD_GO_ON)
			r = report_unknown(s, device);
		if (r == HD_GO_ON)
			r = report_interfaces(s, device);
	}
	return r;
}
