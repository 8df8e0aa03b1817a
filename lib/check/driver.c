// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/rule.h"

static int refuse_driver(struct hd_rule_context *s, enum hd_rule_id rule,
			 const char *cause, char *fix)
{
	return hd_report(s, rule,
			 hd_text("%s can't be bound to driver %s: %s.",
				 hd_label(s), hd_assign_driver(s->assign),
				 cause),
			 fix);
}

int hd_rule_driver(struct hd_rule_context *s)
{
	const char *driver = hd_assign_driver(s->assign);

	switch (s->situation->modules[s->index]) {
	case HD_MODULE_PRESENT:
	case HD_MODULE_LOADABLE:
		return HD_GO_ON;
	case HD_MODULE_UNKNOWN:
		return hd_report(
			s, HD_RULE_DRIVER_UNKNOWN,
			hd_text("Whether driver %s can be loaded is not known: the copied tree has no /lib/modules for its kernel.",
				driver),
			NULL);
	case HD_MODULE_MISSING:
		return refuse_driver(
			s, HD_RULE_DRIVER_MISSING,
			"this kernel has no such module",
			hd_command_for(
				"Install the modules of the running kernel (reboot after a kernel update), then: modprobe",
				driver));
	case HD_MODULE_BLACKLISTED:
		return refuse_driver(
			s, HD_RULE_DRIVER_BLACKLISTED,
			"modprobe.d or the kernel command line blacklists its module",
			hd_text("Remove the line; to find it: modprobe --showconfig | grep ^blacklist"));
	case HD_MODULE_COMMAND:
		/* libvirt runs modprobe, which runs it; the hook runs no shell.
		 */
		if (s->assign->managed)
			return HD_GO_ON;
		return refuse_driver(
			s, HD_RULE_DRIVER_COMMAND,
			"modprobe.d has an install command for its module, which the hook doesn't run",
			hd_command_for("modprobe", driver));
	case HD_MODULE_NOT_VFIO:
		return refuse_driver(
			s, HD_RULE_DRIVER_NOT_VFIO,
			"it is no VFIO driver, although the domain names it as the model",
			hd_text("Remove model='%s' from the device's <driver> with: virsh edit",
				driver));
	}
	return HD_GO_ON;
}

int hd_rule_vfio_node(struct hd_rule_context *s)
{
	if (s->situation->vfio_node)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_VFIO_NODE,
		hd_text("%s %s: vfio is loaded, but /dev/vfio/vfio is missing.",
			hd_label(s), s->cannot),
		hd_text("Let devtmpfs or udev make it (kernel option CONFIG_VFIO_CONTAINER); in a container, pass /dev/vfio in"));
}
