// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "lib/check/rule.h"
#include "lib/host/sysfs.h"

int hd_rule_group(struct hd_rule_context *s)
{
	if (s->device->group != HD_NO_GROUP)
		return HD_GO_ON;
	if (hd_inventory_awaits_group(&s->situation->inventory, s->device))
		return hd_report(
			s, HD_RULE_GROUP_UNKNOWN,
			hd_text("Which IOMMU group %s will be in, and with which others, isn't known yet: no driver has had it since the boot, and this host's kernel makes the group when one takes it; what shares the group is looked at then.",
				hd_addr_text(s->device->addr).s),
			hd_text("To have it made now: virt-hostdev bind %s && virt-hostdev release %s",
				hd_addr_text(s->device->addr).s,
				hd_addr_text(s->device->addr).s));
	if (s->situation->inventory.iommu)
		return hd_report(
			s, HD_RULE_NO_GROUP,
			hd_text("%s %s: it is not behind an IOMMU, although this host has one.",
				hd_label(s), s->cannot),
			hd_text("Move it to a slot that the IOMMU covers; virt-hostdev list shows which devices have a group"));
	return hd_report(
		s, HD_RULE_NO_IOMMU,
		hd_text("%s %s: this host has no IOMMU group at all, so its IOMMU is off or missing.",
			hd_label(s), s->cannot),
		hd_text("Turn on VT-d, AMD-Vi or the SMMU in the firmware, boot an Intel host with intel_iommu=on, and look into " HD_SYSFS_GROUPS));
}

int hd_rule_foreign_member(struct hd_rule_context *s)
{
	const struct hd_group *group =
		hd_inventory_group(&s->situation->inventory, s->device->group);

	if (!group || !group->foreign)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_GROUP_FOREIGN,
		hd_text("%s %s: its group also holds %s, which is no PCI device.",
			hd_label(s), s->cannot, group->foreign),
		hd_text("Use a device whose group holds PCI devices only; virt-hostdev list shows the groups"));
}

/* Those who block a group. */
struct blockers {
	char *who; /* owned, as the next one */
	char *commands; /* that take them away */
	size_t n;
	/* Of them, those that the domain might allow to be taken along. */
	size_t n_allowable;
	struct hd_decision decision; /* on the first that it may not */
};

static void clear_blockers(struct blockers *blockers)
{
	free(blockers->who);
	free(blockers->commands);
}

static int list_blockers(struct hd_rule_context *s, struct blockers *ret,
			 FILE *who, FILE *commands)
{
	const struct hd_device *devices = s->situation->inventory.devices;
	size_t n;
	const struct hd_index_item *mates = hd_index_find(
		&s->situation->fates.mates, (unsigned)s->device->group, &n);

	for (size_t i = 0; i < n; i++) {
		const struct hd_device *device = &devices[mates[i].at];
		HD_AUTOFREE char *name = NULL;
		struct hd_decision decision;

		if (hd_fate_of(s->situation, device) != HD_STAYS ||
		    hd_device_leaves_group_viable(device))
			continue;
		name = hd_describe(s->situation, device);
		if (!name)
			return -ENOMEM;
		fprintf(who, "%s%s", ret->n ? " and " : "", name);
		fprintf(commands, "%svirsh nodedev-detach %s",
			ret->n ? " && " : "", hd_addr_nodedev(device->addr).s);
		decision =
			hd_policy_decide(s->request, device, HD_MAY_SIBLINGS);
		if (!decision.permitted && !ret->decision.said.file)
			ret->decision = decision;
		ret->n_allowable +=
			hd_fate_can_go_along(device) && decision.permitted;
		ret->n++;
	}
	return 0;
}

static int find_blockers(struct hd_rule_context *s, struct blockers *ret)
{
	size_t size;
	FILE *who = hd_stream_open(&ret->who, &size);
	FILE *how = hd_stream_open(&ret->commands, &size);
	int r = who && how ? list_blockers(s, ret, who, how) : -ENOMEM;

	if (who && fclose(who) != 0)
		r = -ENOMEM;
	if (how && fclose(how) != 0)
		r = -ENOMEM;
	return r < 0 ? hd_err_nomem(s->err) : 0;
}

/* What ends it: one command, or who can. */
static char *how_to_clear(const struct hd_rule_context *s,
			  const struct blockers *blockers, bool forbidden)
{
	if (forbidden)
		return hd_administrator_can_change(&blockers->decision);
	if (blockers->n_allowable == blockers->n)
		return hd_command_for("virt-hostdev allow --siblings",
				      s->request->domain);
	return strdup(blockers->commands);
}

static int report_blockers(struct hd_rule_context *s,
			   const struct blockers *blockers)
{
	bool forbidden = s->request->siblings == HD_SIBLINGS_BIND &&
			 blockers->decision.said.file;
	const struct hd_decision none = { .permitted = true };
	HD_AUTOFREE char *where =
		forbidden ? hd_decision_text(&blockers->decision) : NULL;
	HD_AUTOFREE char *end =
		!forbidden ? hd_text("%s", "") :
		where ? hd_text("; line %u of the domain would take that along, but %s doesn't let domains",
				s->request->siblings_line, where) :
			NULL;

	if (!end)
		return hd_err_nomem(s->err);
	return hd_report_decided(
		s, HD_RULE_GROUP_NOT_VIABLE,
		forbidden ? &blockers->decision : &none,
		hd_text("%s %s while the host still uses %s in the same group%s.",
			hd_label(s), s->cannot, blockers->who, end),
		how_to_clear(s, blockers, forbidden));
}

int hd_rule_viable(struct hd_rule_context *s)
{
	HD_AUTO(clear_blockers) struct blockers blockers = { .who = NULL };
	int r = find_blockers(s, &blockers);

	if (r < 0)
		return r;
	if (blockers.n == 0)
		return HD_GO_ON;
	if (s->request->domain)
		return report_blockers(s, &blockers);
	/* By hand, the rest of the group may follow later. */
	return hd_warn(
		s, HD_RULE_GROUP_NOT_VIABLE,
		hd_text("%s can't be given to any guest while the host still uses %s in the same group.",
			hd_label(s), blockers.who),
		hd_text("virt-hostdev bind --group %s",
			hd_addr_text(s->device->addr).s));
}

/* What there is to add to "guest 'g' has it". */
static const char *says_life(struct hd_life life)
{
	switch (life.is) {
	case HD_GUEST_STARTS:
		return ", and is being started";
	case HD_GUEST_ENDS:
		return ", and is about to end";
	case HD_ON_THEIR_WAY:
		return " or is about to get or lose it";
	case HD_CANT_TELL:
		return ", and whether that one runs can't be told";
	default:
		return "";
	}
}

/* How the guest that holds something comes to give it back. */
static char *way_out(const struct hd_claim *claim)
{
	switch (claim->life.is) {
	case HD_GUEST_STARTS:
		return claim->life.left ?
			       hd_text("If nobody starts it, in %u seconds: virt-hostdev recover",
				       claim->life.left) :
			       hd_text("Wait until libvirt has ended its start");
	case HD_GUEST_ENDS:
		return hd_text("Wait until libvirt has ended it");
	case HD_ON_THEIR_WAY:
		return hd_text(
			"Wait for virt-hostdev attach or detach, process %d",
			claim->daemon.pid);
	case HD_CANT_TELL:
		return hd_text("See what can't be read: virt-hostdev recover");
	default:
		return hd_command_for("virsh shutdown", claim->domain);
	}
}

int hd_rule_unclaimed(struct hd_rule_context *s)
{
	size_t n;
	const struct hd_index_item *others = hd_index_find(
		&s->lookup->others, hd_addr_key(s->device->addr), &n);

	for (size_t i = 0; i < n; i++) {
		const struct hd_claim *claim =
			s->lookup->taken[others[i].at].claim;

		if (hd_claim_is_manual(claim)) {
			if (s->request->domain)
				continue;
			return hd_report(
				s, HD_RULE_CLAIMED,
				hd_text("%s %s: that has been done already.",
					hd_label(s), s->cannot),
				hd_text("virt-hostdev release %s",
					hd_addr_text(s->device->addr).s));
		}
		return hd_report(s, HD_RULE_CLAIMED,
				 hd_text("%s %s: guest '%s' has it%s.",
					 hd_label(s), s->cannot, claim->domain,
					 says_life(claim->life)),
				 way_out(claim));
	}
	return HD_GO_ON;
}

/* A vfio group has one owner: siblings can't go to different guests. */
int hd_rule_group_unclaimed(struct hd_rule_context *s)
{
	size_t n;
	const struct hd_index_item *others = hd_index_find(
		&s->lookup->other_groups, (unsigned)s->device->group, &n);
	const struct hd_taken *first;

	if (!others || s->device->group == HD_NO_GROUP)
		return HD_GO_ON;
	first = &s->lookup->taken[others->at];
	return hd_report(
		s, HD_RULE_GROUP_CLAIMED,
		hd_text("%s %s: guest '%s' has %s of the same group%s.",
			hd_label(s), s->cannot, first->claim->domain,
			hd_addr_text(first->device->addr).s,
			says_life(first->claim->life)),
		way_out(first->claim));
}

/* Whether it is known who holds the device, or prepare gives it back before. */
static bool is_accounted_for(const struct hd_rule_context *s)
{
	uint64_t key = hd_addr_key(s->device->addr);

	return hd_index_has(&s->lookup->own, key) ||
	       hd_index_has(&s->lookup->others, key) ||
	       hd_index_has(&s->lookup->abandoned, key);
}

/* What prepare gives back of its own guest, having lost nothing. */
static bool is_undone_first(const struct hd_rule_context *s,
			    const struct hd_unsettled *unsettled)
{
	return strcmp(unsettled->uuid, s->request->uuid) == 0 &&
	       !unsettled->aside && hd_unsettled_is_complete(unsettled);
}

/* A claim that is to be settled and may hold the device, or NULL. */
static const struct hd_unsettled *
find_unsettled(const struct hd_rule_context *s)
{
	const struct hd_claims *claims = &s->situation->claims;

	for (size_t i = 0; i < claims->n_unsettled; i++) {
		const struct hd_unsettled *each = &claims->unsettled[i];

		if (!is_undone_first(s, each) &&
		    (!hd_unsettled_is_complete(each) ||
		     hd_claim_find(&each->left, s->device->addr)))
			return each;
	}
	return NULL;
}

/*
 * A device on a VFIO driver that nobody holds may be what a claim that can't be
 * used has taken. Were its driver written down as what the host had, it would
 * never come back.
 */
int hd_rule_settled(struct hd_rule_context *s)
{
	const struct hd_unsettled *unsettled = find_unsettled(s);

	/* Of a guest that starts libvirt has bound it just now. */
	if (!unsettled || !s->device->vfio || s->request->bound ||
	    is_accounted_for(s))
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_CLAIM_UNSETTLED,
		hd_text("%s %s: it is with driver %s already, and what it had before may stand in the claim %s, which can't be used.",
			hd_label(s), s->cannot, s->device->driver,
			unsettled->uuid),
		hd_text("virt-hostdev recover --accept %s", unsettled->uuid));
}
