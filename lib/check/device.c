// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/rule.h"
#include "lib/host/sysfs.h"

int hd_rule_present(struct hd_rule_context *s)
{
	if (s->device)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_DEVICE_MISSING,
		s->request->domain ?
			hd_text("Guest '%s' asks for PCI device %s, but nothing answers at this address on this host.",
				s->request->domain,
				hd_addr_text(s->assign->addr).s) :
			hd_text("Nothing answers at %s on this host.",
				hd_addr_text(s->assign->addr).s),
		hd_text("See which devices are there: virt-hostdev list"));
}

int hd_rule_alive(struct hd_rule_context *s)
{
	if (!s->device->dead)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_DEVICE_DEAD,
		hd_text("%s %s: it answers nothing but ones, as when it was pulled out or has lost its link.",
			hd_label(s), s->cannot),
		hd_text("echo 1 > " HD_SYSFS_PCI
			"/devices/%s/remove; echo 1 > " HD_SYSFS_PCI "/rescan",
			hd_addr_text(s->device->addr).s));
}

int hd_rule_endpoint(struct hd_rule_context *s)
{
	if (!s->device->bridge)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_NOT_ENDPOINT,
		hd_text("%s %s: it is a bridge, and only endpoints can be.",
			hd_label(s), s->cannot),
		hd_text("Name the device behind it instead: virt-hostdev list"));
}

int hd_rule_interface(struct hd_rule_context *s)
{
	if (s->assign->source != HD_SOURCE_INTERFACE)
		return HD_GO_ON;
	if (!s->device->is_vf)
		return hd_report(
			s, HD_RULE_NOT_A_VF,
			hd_text("%s is no SR-IOV virtual function, and guest '%s' asks for it with <interface type='hostdev'>, which takes nothing else.",
				hd_label(s), s->request->domain),
			hd_text("Use <hostdev> for it: virt-hostdev xml %s",
				hd_addr_text(s->device->addr).s));
	if (!s->device->pf_netdev_down)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_PF_DOWN,
		hd_text("%s can't be set up for guest '%s': interface %s of its physical function %s is down.",
			hd_label(s), s->request->domain,
			s->device->pf_netdev_down,
			hd_addr_text(s->device->physfn).s),
		hd_link_command(s->device->pf_netdev_down, "up"));
}

/* Somebody holds its lock in the kernel: whoever asked on would wait for ever.
 */
int hd_rule_answers(struct hd_rule_context *s)
{
	const struct hd_device *devices = s->situation->inventory.devices;
	const struct hd_index_item self = { 0, (size_t)(s->device - devices) };
	const struct hd_index_item *mates = &self;
	size_t n = 1;

	if (s->device->group != HD_NO_GROUP)
		mates = hd_index_find(&s->situation->fates.mates,
				      (unsigned)s->device->group, &n);
	for (size_t i = 0; i < n; i++) {
		const struct hd_device *device = &devices[mates[i].at];

		if (!device->override_unknown)
			continue;
		return hd_report(
			s, HD_RULE_DEVICE_LOCKED,
			hd_text("%s %s: the kernel doesn't answer for %s, as when another process hangs while it unbinds it.",
				hd_label(s), s->cannot,
				hd_addr_text(device->addr).s),
			hd_text("Look for that process, in state D, with: ps -eo pid,stat,wchan:30,args"));
	}
	return HD_GO_ON;
}

int hd_rule_no_vfs(struct hd_rule_context *s)
{
	if (s->device->numvfs == 0 || s->device->vfio)
		return HD_GO_ON;
	return hd_report(s, HD_RULE_PF_HAS_VFS,
			 hd_text("%s %s while its %u virtual functions exist.",
				 hd_label(s), s->cannot, s->device->numvfs),
			 hd_text("echo 0 > " HD_SYSFS_PCI
				 "/devices/%s/sriov_numvfs",
				 hd_addr_text(s->device->addr).s));
}
