// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/sysfs.h"

/* What a rule sees: one assignment, its device, and where findings go. */
struct subject {
	const struct hd_facts *facts;
	const struct hd_request *request;
	size_t index;
	const struct hd_assign *assign;
	const struct hd_device *device; /* NULL when it isn't there */
	char *label; /* see label() */
	const char *cannot; /* "can't be given to guest 'g'" */
	struct hd_findings *findings;
	struct hd_err *err;
};

/* The rule after a DONE one would only repeat it in other words. */
enum outcome { GO_ON, DONE };

/* Adds an error; @message and @fix are taken over. */
static int refuse(struct subject *s, const char *id, char *message, char *fix)
{
	int r = hd_findings_add(s->findings, id, HD_ERROR, s->index, message,
				fix, s->err);

	return r < 0 ? r : DONE;
}

/* "0000:01:00.0 (Vendor Device, IOMMU group 5, driver e1000e)" */
static char *describe(const struct hd_facts *facts,
		      const struct hd_device *device)
{
	char name[160], group[32] = "no IOMMU group";

	hd_names_device(facts->names, device->vendor, device->device, name,
			sizeof(name));
	if (device->group != HD_NO_GROUP)
		snprintf(group, sizeof(group), "IOMMU group %d", device->group);
	return hd_text("%s (%s, %s, %s%s)", hd_addr_text(device->addr).s, name,
		       group, device->driver ? "driver " : "no driver",
		       device->driver ? device->driver : "");
}

/* The device in words, made when the first rule refuses it: pci.ids is large.
 */
static const char *label(struct subject *s)
{
	if (!s->label)
		s->label = describe(s->facts, s->device);
	return s->label ? s->label : "The device";
}

/* A guest's name as one word of a shell command. */
static char *quote(const char *name)
{
	char *text = NULL;
	size_t size;
	FILE *file;

	if (*name && *name != '-' &&
	    !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")])
		return strdup(name);
	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	fputc('\'', file);
	for (; *name; name++) {
		if (*name == '\'')
			fputs("'\\''", file);
		else
			fputc(*name, file);
	}
	fputc('\'', file);
	fclose(file);
	return text;
}

static char *command_for(const char *command, const char *domain)
{
	HD_AUTOFREE char *quoted = quote(domain);

	return quoted ? hd_text("%s %s", command, quoted) : NULL;
}

static int rule_present(struct subject *s)
{
	if (s->device)
		return GO_ON;
	return refuse(
		s, "device-missing",
		s->request->domain ?
			hd_text("Guest '%s' asks for PCI device %s, but nothing answers at this address on this host.",
				s->request->domain,
				hd_addr_text(s->assign->addr).s) :
			hd_text("Nothing answers at %s on this host.",
				hd_addr_text(s->assign->addr).s),
		hd_text("See which devices are there: virt-hostdev list"));
}

static int rule_alive(struct subject *s)
{
	if (!s->device->dead)
		return GO_ON;
	return refuse(
		s, "device-dead",
		hd_text("%s %s: it answers nothing but ones, as when it was pulled out or has lost its link.",
			label(s), s->cannot),
		hd_text("echo 1 > " HD_SYSFS_PCI
			"/devices/%s/remove; echo 1 > " HD_SYSFS_PCI "/rescan",
			hd_addr_text(s->device->addr).s));
}

static int rule_endpoint(struct subject *s)
{
	if (!s->device->bridge)
		return GO_ON;
	return refuse(
		s, "not-endpoint",
		hd_text("%s %s: it is a bridge, and only endpoints can be.",
			label(s), s->cannot),
		hd_text("Name the device behind it instead: virt-hostdev list"));
}

static int rule_interface(struct subject *s)
{
	if (s->assign->source != HD_SOURCE_INTERFACE)
		return GO_ON;
	if (!s->device->is_vf)
		return refuse(
			s, "not-a-vf",
			hd_text("%s is no SR-IOV virtual function, and guest '%s' asks for it with <interface type='hostdev'>, which takes nothing else.",
				label(s), s->request->domain),
			hd_text("Use <hostdev> for it: virt-hostdev xml %s",
				hd_addr_text(s->device->addr).s));
	if (!s->device->pf_netdev_down)
		return GO_ON;
	return refuse(
		s, "pf-down",
		hd_text("%s can't be set up for guest '%s': interface %s of its physical function %s is down.",
			label(s), s->request->domain, s->device->pf_netdev_down,
			hd_addr_text(s->device->physfn).s),
		hd_text("ip link set %s up", s->device->pf_netdev_down));
}

/* Somebody holds its lock in the kernel: whoever asked on would wait for ever.
 */
static int rule_answers(struct subject *s)
{
	const struct hd_inventory *inventory = s->facts->inventory;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (!device->locked || (device != s->device &&
					(s->device->group == HD_NO_GROUP ||
					 device->group != s->device->group)))
			continue;
		return refuse(
			s, "device-locked",
			hd_text("%s %s: the kernel doesn't answer for %s, as when another process hangs while it unbinds it.",
				label(s), s->cannot,
				hd_addr_text(device->addr).s),
			hd_text("Look for that process, in state D, with: ps -eo pid,stat,wchan:30,args"));
	}
	return GO_ON;
}

static int rule_no_vfs(struct subject *s)
{
	if (s->device->numvfs == 0 || s->device->vfio)
		return GO_ON;
	return refuse(s, "pf-has-vfs",
		      hd_text("%s %s while its %u virtual functions exist.",
			      label(s), s->cannot, s->device->numvfs),
		      hd_text("echo 0 > " HD_SYSFS_PCI
			      "/devices/%s/sriov_numvfs",
			      hd_addr_text(s->device->addr).s));
}

static int rule_group(struct subject *s)
{
	if (s->device->group != HD_NO_GROUP)
		return GO_ON;
	if (s->facts->inventory->iommu)
		return refuse(
			s, "no-group",
			hd_text("%s %s: it is not behind an IOMMU, although this host has one.",
				label(s), s->cannot),
			hd_text("Move it to a slot that the IOMMU covers; virt-hostdev list shows which devices have a group"));
	return refuse(
		s, "no-iommu",
		hd_text("%s %s: this host has no IOMMU group at all, so its IOMMU is off or missing.",
			label(s), s->cannot),
		hd_text("Turn on VT-d, AMD-Vi or the SMMU in the firmware, boot an Intel host with intel_iommu=on, and look into /sys/kernel/iommu_groups"));
}

static int rule_foreign_member(struct subject *s)
{
	const struct hd_group *group =
		hd_inventory_group(s->facts->inventory, s->device->group);

	if (!group || !group->foreign)
		return GO_ON;
	return refuse(
		s, "group-foreign",
		hd_text("%s %s: its group also holds %s, which is no PCI device.",
			label(s), s->cannot, group->foreign),
		hd_text("Use a device whose group holds PCI devices only; virt-hostdev list shows the groups"));
}

/* Whether the same guest gets @device too, so that it leaves its host driver.
 */
static bool is_assigned(const struct hd_request *request,
			const struct hd_device *device)
{
	for (size_t i = 0; i < request->n_assigns; i++)
		if (hd_addr_equal(request->assigns[i].addr, device->addr))
			return true;
	return false;
}

bool hd_device_leaves_group_viable(const struct hd_device *device)
{
	return !device->driver || device->vfio ||
	       strcmp(device->driver, "pci-stub") == 0 ||
	       strcmp(device->driver, "pcieport") == 0;
}

static bool blocks_group(struct subject *s, const struct hd_device *device)
{
	return device->group == s->device->group &&
	       !hd_device_leaves_group_viable(device) &&
	       !is_assigned(s->request, device);
}

bool hd_check_takes_sibling(const struct hd_request *request,
			    const struct hd_device *device)
{
	return request->policy.siblings == HD_SIBLINGS_BIND &&
	       !device->bridge && device->numvfs == 0 &&
	       !is_assigned(request, device) &&
	       !hd_device_leaves_group_viable(device);
}

bool hd_check_takes(const struct hd_request *request,
		    const struct hd_device *device)
{
	return is_assigned(request, device) ||
	       hd_check_takes_sibling(request, device);
}

/* Whether @device is the subject's, or would be taken along with it. */
static bool goes_with(const struct subject *s, const struct hd_device *device)
{
	return device == s->device ||
	       (device && device->group == s->device->group &&
		device->group != HD_NO_GROUP &&
		hd_check_takes_sibling(s->request, device));
}

/* Writes who blocks the group, and the commands that take them away. */
static int list_blockers(struct subject *s, FILE *who, FILE *commands)
{
	const struct hd_inventory *inventory = s->facts->inventory;
	int n = 0;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];
		HD_AUTOFREE char *name = NULL;

		if (!blocks_group(s, device) ||
		    hd_check_takes_sibling(s->request, device))
			continue;
		name = describe(s->facts, device);
		if (!name)
			return -ENOMEM;
		fprintf(who, "%s%s", n ? " and " : "", name);
		fprintf(commands, "%svirsh nodedev-detach %s", n ? " && " : "",
			hd_addr_nodedev(device->addr).s);
		n++;
	}
	return n;
}

static int rule_viable(struct subject *s)
{
	HD_AUTOFREE char *blockers = NULL;
	HD_AUTOFREE char *commands = NULL;
	size_t size;
	FILE *who = open_memstream(&blockers, &size);
	FILE *how = open_memstream(&commands, &size);
	int n = who && how ? list_blockers(s, who, how) : -ENOMEM;

	if (who && fclose(who) != 0)
		n = -ENOMEM;
	if (how && fclose(how) != 0)
		n = -ENOMEM;
	if (n < 0)
		return hd_err_nomem(s->err);
	if (n == 0)
		return GO_ON;
	/* By hand, the rest of the group may follow later. */
	if (!s->request->domain)
		return hd_findings_add(
			s->findings, "group-not-viable", HD_WARNING, s->index,
			hd_text("%s can't be given to any guest while the host still uses %s in the same group.",
				label(s), blockers),
			hd_text("virt-hostdev bind --group %s",
				hd_addr_text(s->device->addr).s),
			s->err);
	return refuse(
		s, "group-not-viable",
		hd_text("%s %s while the host still uses %s in the same group.",
			label(s), s->cannot, blockers),
		hd_steal(&commands));
}

static bool is_own(const struct hd_claim *claim,
		   const struct hd_request *request)
{
	if (request->uuid[0])
		return strcmp(claim->uuid, request->uuid) == 0;
	return claim->domain && request->domain &&
	       strcmp(claim->domain, request->domain) == 0;
}

static int rule_unclaimed(struct subject *s)
{
	const struct hd_claims *claims = s->facts->claims;

	for (size_t i = 0; i < claims->n; i++) {
		const struct hd_claim *claim = &claims->items[i];

		if (is_own(claim, s->request) ||
		    !hd_claim_find(claim, s->device->addr))
			continue;
		if (hd_claim_is_by_hand(claim)) {
			if (s->request->domain)
				continue;
			return refuse(
				s, "claimed",
				hd_text("%s %s: that has been done already.",
					label(s), s->cannot),
				hd_text("virt-hostdev release %s",
					hd_addr_text(s->device->addr).s));
		}
		return refuse(s, "claimed",
			      hd_text("%s %s: guest '%s' has it.", label(s),
				      s->cannot, claim->domain),
			      command_for("virsh shutdown", claim->domain));
	}
	return GO_ON;
}

/* A vfio group has one owner: siblings can't go to different guests. */
static int rule_group_unclaimed(struct subject *s)
{
	const struct hd_claims *claims = s->facts->claims;

	for (size_t i = 0; i < claims->n; i++) {
		const struct hd_claim *claim = &claims->items[i];

		if (is_own(claim, s->request) || hd_claim_is_by_hand(claim))
			continue;
		for (size_t j = 0; j < claim->n_devices; j++) {
			if (claim->devices[j].group != s->device->group)
				continue;
			return refuse(
				s, "group-claimed",
				hd_text("%s %s: guest '%s' has %s of the same group.",
					label(s), s->cannot, claim->domain,
					hd_addr_text(claim->devices[j].addr).s),
				command_for("virsh shutdown", claim->domain));
		}
	}
	return GO_ON;
}

static int refuse_driver(struct subject *s, const char *id, const char *cause,
			 char *fix)
{
	return refuse(s, id,
		      hd_text("%s can't be bound to driver %s: %s.", label(s),
			      hd_assign_driver(s->assign), cause),
		      fix);
}

static int rule_driver(struct subject *s)
{
	const char *driver = hd_assign_driver(s->assign);

	switch (s->facts->modules[s->index]) {
	case HD_MODULE_PRESENT:
	case HD_MODULE_LOADABLE:
		return GO_ON;
	case HD_MODULE_UNKNOWN:
		return hd_findings_add(
			s->findings, "driver-unknown", HD_INFO, s->index,
			hd_text("Whether driver %s can be loaded is not known: the copied tree has no /lib/modules for its kernel.",
				driver),
			NULL, s->err);
	case HD_MODULE_MISSING:
		return refuse_driver(
			s, "driver-missing", "this kernel has no such module",
			hd_text("Install the modules of the running kernel (reboot after a kernel update), then: modprobe %s",
				driver));
	case HD_MODULE_BLACKLISTED:
		return refuse_driver(
			s, "driver-blacklisted",
			"modprobe.d or the kernel command line blacklists its module",
			hd_text("Remove the line; to find it: modprobe --showconfig | grep ^blacklist"));
	case HD_MODULE_COMMAND:
		/* libvirt runs modprobe, which runs it; the hook runs no shell.
		 */
		if (s->assign->managed)
			return GO_ON;
		return refuse_driver(
			s, "driver-command",
			"modprobe.d has an install command for its module, which the hook doesn't run",
			hd_text("modprobe %s", driver));
	case HD_MODULE_NOT_VFIO:
		return refuse_driver(
			s, "driver-not-vfio",
			"it is no VFIO driver, although the domain names it as the model",
			hd_text("Remove model='%s' from the device's <driver> with: virsh edit",
				driver));
	}
	return GO_ON;
}

static int rule_vfio_node(struct subject *s)
{
	if (s->facts->vfio_node)
		return GO_ON;
	return refuse(
		s, "vfio-node",
		hd_text("%s %s: vfio is loaded, but /dev/vfio/vfio is missing.",
			label(s), s->cannot),
		hd_text("Let devtmpfs or udev make it (kernel option CONFIG_VFIO_CONTAINER); in a container, pass /dev/vfio in"));
}

const char *hd_check_critical_id(enum hd_critical critical)
{
	static const char *const ids[] = {
		[HD_CRITICAL_MOUNT] = "critical-mount",
		[HD_CRITICAL_SWAP] = "critical-swap",
		[HD_CRITICAL_FSTAB] = "critical-fstab",
		[HD_CRITICAL_RESUME] = "critical-resume",
		[HD_CRITICAL_DEFAULT_ROUTE] = "critical-default-route",
		[HD_CRITICAL_SSH] = "critical-ssh",
		[HD_CRITICAL_NETWORK_ROOT] = "critical-network-root",
		[HD_CRITICAL_DISPLAY] = "critical-display",
		[HD_CRITICAL_KEYBOARD] = "critical-keyboard",
		[HD_CRITICAL_CHIPSET] = "critical-chipset",
		[HD_CRITICAL_REGION] = "critical-reserved-region",
	};

	return ids[critical];
}

static bool is_allowed(const struct hd_request *request,
		       const struct hd_lifeline *lifeline)
{
	for (size_t i = 0; !lifeline->root && i < request->n_allows; i++)
		if (request->allows[i].critical == lifeline->critical &&
		    hd_addr_equal(request->allows[i].addr, lifeline->addr))
			return true;
	return false;
}

/* How to allow it, for who means it. */
static char *how_to_allow(const struct hd_request *request,
			  const struct hd_lifeline *lifeline)
{
	const char *name = hd_critical_name(lifeline->critical);
	struct hd_addr_text addr = hd_addr_text(lifeline->addr);

	if (lifeline->root)
		return hd_text("This can't be allowed; use another device");
	if (!request->domain)
		return hd_text(
			"If the host can do without: virt-hostdev bind --allow %s=%s",
			addr.s, name);
	return hd_text(
		"If the host can do without, put <hostdev:allow address='%s' critical='%s'/> into the domain's metadata (man virt-hostdev-hook)",
		addr.s, name);
}

static int report_lifeline(struct subject *s, const struct hd_device *device,
			   const struct hd_lifeline *lifeline)
{
	HD_AUTOFREE char *name = describe(s->facts, device);

	if (!name)
		return hd_err_nomem(s->err);
	return refuse(
		s, hd_check_critical_id(lifeline->critical),
		device == s->device ?
			hd_text("%s %s, because the host needs it: %s.", name,
				s->cannot, lifeline->chain) :
			hd_text("%s %s, because the host needs %s, which would go with it: %s.",
				label(s), s->cannot, name, lifeline->chain),
		how_to_allow(s->request, lifeline));
}

/* What the host can't do without: all of it is named. */
static int rule_guard(struct subject *s)
{
	const struct hd_inventory *inventory = s->facts->inventory;
	const struct hd_lifelines *lifelines = s->facts->lifelines;
	int r, result = GO_ON;

	for (size_t i = 0; i < lifelines->n; i++) {
		const struct hd_lifeline *lifeline = &lifelines->items[i];
		const struct hd_device *device =
			hd_inventory_find(inventory, lifeline->addr);

		if (!goes_with(s, device) || is_allowed(s->request, lifeline))
			continue;
		r = report_lifeline(s, device, lifeline);
		if (r < 0)
			return r;
		result = DONE;
	}
	return result;
}

static bool own_claim_has(const struct hd_facts *facts,
			  const struct hd_request *request, struct hd_addr addr)
{
	const struct hd_claims *claims = facts->claims;

	for (size_t i = 0; i < claims->n; i++)
		if (is_own(&claims->items[i], request) &&
		    hd_claim_find(&claims->items[i], addr))
			return true;
	return false;
}

/* An allowance that is good for nothing is one for another device. */
static int check_allows(const struct hd_facts *facts,
			const struct hd_request *request,
			struct hd_findings *findings, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_allows; i++) {
		const struct hd_allow *allow = &request->allows[i];
		const struct hd_device *device =
			hd_inventory_find(facts->inventory, allow->addr);
		/* Of what vfio or the guest has nothing can be lost any more.
		 */
		bool used = (device && device->vfio) ||
			    own_claim_has(facts, request, allow->addr);

		for (size_t j = 0; j < facts->lifelines->n; j++)
			used |= facts->lifelines->items[j].critical ==
					allow->critical &&
				hd_addr_equal(facts->lifelines->items[j].addr,
					      allow->addr);
		if (!used)
			r = hd_findings_add(
				findings, "allow-unused", HD_WARNING,
				HD_WHOLE_DOMAIN,
				hd_text("The loss of '%s' is allowed for %s, but the host doesn't need that device for it now.",
					hd_critical_name(allow->critical),
					hd_addr_text(allow->addr).s),
				NULL, err);
	}
	return r;
}

/* Says who holds @device; DONE when that must not be broken. */
static int report_holders(struct subject *s, const struct hd_device *device,
			  bool harmful)
{
	const struct hd_holders *holders = s->facts->holders;
	const struct hd_holder *first = hd_holders_first(
		holders, device->addr, device->driver, harmful);
	HD_AUTOFREE char *name = NULL;
	HD_AUTOFREE char *who = NULL;

	if (!first)
		return GO_ON;
	name = describe(s->facts, device);
	who = hd_holders_text(holders, device->addr, device->driver, harmful);
	if (!name || !who)
		return hd_err_nomem(s->err);
	if (harmful)
		return refuse(
			s, "device-held",
			hd_text("%s %s while %s: %s.", name, s->cannot, who,
				hd_holder_harm(first, device->driver)),
			hd_text("Let it end, or end it: kill %d", first->pid));
	return hd_findings_add(
		s->findings, "device-held", HD_WARNING, s->index,
		hd_text("%s will be lost to who uses it on the host: %s.", name,
			who),
		hd_text("Let it end first, or end it: kill %d", first->pid),
		s->err);
}

static int report_interfaces(struct subject *s, const struct hd_device *device)
{
	const struct hd_nodes *nodes = s->facts->nodes;
	int r = 0;

	for (size_t i = 0; r == 0 && i < nodes->n; i++) {
		const struct hd_node *node = &nodes->items[i];

		if (node->kind != HD_NODE_NET || !node->up ||
		    !hd_addr_equal(node->addr, device->addr))
			continue;
		r = hd_findings_add(
			s->findings, "interface-up", HD_WARNING, s->index,
			hd_text("Interface %s of %s is up, and will be lost to the host.",
				node->name, hd_addr_text(device->addr).s),
			hd_text("ip link set %s down", node->name), s->err);
	}
	return r;
}

/* Who would lose what the guest gets, or what is taken along with it. */
static int rule_holders(struct subject *s)
{
	const struct hd_inventory *inventory = s->facts->inventory;
	int r = GO_ON;

	/* While the guest runs, its own QEMU holds what it asks for. */
	if (own_claim_has(s->facts, s->request, s->device->addr))
		return GO_ON;
	for (size_t i = 0; r == GO_ON && i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (!goes_with(s, device))
			continue;
		r = report_holders(s, device, true);
		if (r == GO_ON)
			r = report_holders(s, device, false);
		if (r == GO_ON)
			r = report_interfaces(s, device);
	}
	return r;
}

/* In this order; the first that refuses a device is the last for it. */
static int (*const rules[])(struct subject *s) = {
	rule_present,	      rule_alive,	   rule_endpoint,
	rule_interface,	      rule_group,	   rule_answers,
	rule_no_vfs,	      rule_foreign_member, rule_unclaimed,
	rule_group_unclaimed, rule_viable,	   rule_driver,
	rule_vfio_node,	      rule_guard,	   rule_holders,
};

static int check_assign(struct subject *s)
{
	s->device = hd_inventory_find(s->facts->inventory, s->assign->addr);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int r = rules[i](s);

		if (r < 0)
			return r;
		if (r == DONE)
			break;
	}
	return 0;
}

int hd_check(const struct hd_facts *facts, const struct hd_request *request,
	     struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTOFREE char *cannot =
		request->domain ? hd_text("can't be given to guest '%s'",
					  request->domain) :
				  hd_text("can't be taken from the host");

	if (!cannot)
		return hd_err_nomem(err);
	for (size_t i = 0; i < request->n_assigns; i++) {
		struct subject s = {
			.facts = facts,
			.request = request,
			.index = i,
			.assign = &request->assigns[i],
			.cannot = cannot,
			.findings = findings,
			.err = err,
		};
		int r = check_assign(&s);

		free(s.label);
		if (r < 0)
			return r;
	}
	return check_allows(facts, request, findings, err);
}
