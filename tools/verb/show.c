// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/check/rules.h"
#include "lib/check/situation.h"
#include "tools/cli/columns.h"
#include "tools/cli/json.h"
#include "tools/tool.h"

/* The name of the guest that holds the device, or NULL. */
static const char *holder(const struct hd_claims *claims, struct hd_addr addr)
{
	for (size_t i = 0; i < claims->n; i++)
		if (!hd_claim_is_manual(&claims->items[i]) &&
		    hd_claim_find(&claims->items[i], addr))
			return claims->items[i].domain;
	return NULL;
}

static bool is_bound_by_hand(const struct hd_claims *claims,
			     struct hd_addr addr)
{
	for (size_t i = 0; i < claims->n; i++)
		if (hd_claim_is_manual(&claims->items[i]) &&
		    hd_claim_find(&claims->items[i], addr))
			return true;
	return false;
}

/* Whether a sibling keeps vfio from taking the group. */
static bool blocks(const struct hd_device *device,
		   const struct hd_device *sibling)
{
	return sibling->group != HD_NO_GROUP &&
	       sibling->group == device->group &&
	       !hd_addr_equal(sibling->addr, device->addr) &&
	       !hd_device_leaves_group_viable(sibling);
}

/* Whether who holds what could be read. */
static bool knows_claims(const struct hd_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->items[i].id,
			   hd_rules[HD_RULE_CLAIMS_UNREADABLE].id) == 0)
			return false;
	return true;
}

static void print_json(const struct hd_tool *tool,
		       const struct hd_situation *situation,
		       const struct hd_device *device, bool known)
{
	json_object *object = hd_columns_json(device, tool->names);
	json_object *members = json_object_new_array();
	json_object *blockers = json_object_new_array();

	for (size_t i = 0; i < situation->inventory.n_devices; i++) {
		const struct hd_device *member =
			&situation->inventory.devices[i];
		const struct hd_addr_text addr = hd_addr_text(member->addr);

		json_object_array_add(members, hd_json_text(addr.s));
		if (blocks(device, member))
			json_object_array_add(blockers, hd_json_text(addr.s));
	}
	json_object_object_add(object, "driver_override",
			       hd_json_text(device->override));
	json_object_object_add(object, "bridge",
			       json_object_new_boolean(device->bridge));
	json_object_object_add(
		object, "physical_function",
		device->is_vf ? hd_json_text(hd_addr_text(device->physfn).s) :
				NULL);
	json_object_object_add(
		object, "guest",
		hd_json_text(holder(&situation->claims, device->addr)));
	json_object_object_add(object, "guest_known",
			       json_object_new_boolean(known));
	json_object_object_add(object, "bound_by_hand",
			       json_object_new_boolean(is_bound_by_hand(
				       &situation->claims, device->addr)));
	json_object_object_add(object, "group_members", members);
	json_object_object_add(object, "group_blockers", blockers);
	hd_json_print(object);
}

static void print_line(const char *key, const char *value)
{
	printf("  %-18s ", key);
	hd_print(stdout, value ? value : "-");
	putchar('\n');
}

static int print_text(const struct hd_tool *tool,
		      const struct hd_situation *situation,
		      const struct hd_device *device, bool known,
		      struct hd_err *err)
{
	const struct hd_inventory *inventory = &situation->inventory;
	char text[256];

	printf("%s ", hd_addr_text(device->addr).s);
	hd_print(stdout, hd_names_device(tool->names, device->vendor,
					 device->device, text, sizeof(text)));
	putchar('\n');
	print_line("Class", hd_names_class(tool->names, device->class_code,
					   text, sizeof(text)));
	snprintf(text, sizeof(text), "%04x:%04x", device->vendor,
		 device->device);
	print_line("Vendor and device", text);
	print_line("Kind", device->bridge ? "bridge" :
			   device->is_vf  ? "virtual function" :
					    "endpoint");
	if (device->is_vf)
		print_line("Physical function", hd_addr_text(device->physfn).s);
	print_line("Driver", device->driver);
	print_line("Driver override", device->override);
	print_line("Held by guest",
		   known ? holder(&situation->claims, device->addr) :
			   "unknown: only root can read who holds what");
	if (is_bound_by_hand(&situation->claims, device->addr))
		print_line("Bound by hand", "yes");
	if (device->group == HD_NO_GROUP) {
		print_line("IOMMU group", NULL);
		return 0;
	}
	snprintf(text, sizeof(text), "%d", device->group);
	print_line("IOMMU group", text);
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (blocks(device, &inventory->devices[i]))
			print_line("Kept from vfio by",
				   hd_addr_text(inventory->devices[i].addr).s);
	puts("\nMembers of the group:");
	return hd_columns_print(inventory, device->group, tool->names, err);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	struct hd_assign assign = { .source = HD_SOURCE_HOSTDEV };
	HD_AUTO_ASK struct hd_ask ask =
		HD_ASK_INIT(&tool->host, tool->names, &findings, err);
	const struct hd_request request = {
		.domain = "",
		.uuid = "",
		.assigns = &assign,
		.n_assigns = 1,
		.policy = &ask.config.policy,
	};
	const struct hd_device *device;

	(void)argc;
	if (hd_addr_parse(argv[0], &assign.addr, err) < 0)
		return HD_EXIT_USAGE;
	if (hd_examine(&ask, &request, &situation) < 0)
		return HD_EXIT_FAILED;
	device = hd_inventory_find(&situation.inventory, assign.addr);
	if (!device) {
		hd_err_set(err, ENOENT, "this host has no PCI device at %s",
			   hd_addr_text(assign.addr).s);
		hd_err_fix(err, "virt-hostdev list");
		return HD_EXIT_FAILED;
	}
	if (tool->json) {
		print_json(tool, &situation, device, knows_claims(&findings));
		return HD_EXIT_FINE;
	}
	return print_text(tool, &situation, device, knows_claims(&findings),
			  err) < 0 ?
		       HD_EXIT_FAILED :
		       HD_EXIT_FINE;
}

const struct hd_verb hd_verb_show = {
	.name = "show",
	.arguments = "ADDRESS",
	.summary = "Show one device, its IOMMU group and who holds it",
	.help = "Addresses are written as lspci, sysfs or libvirt print them: 01:00.0,\n"
		"0000:01:00.0, 10000:e1:00.0, pci_0000_01_00_0.",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.min_arguments = 1,
	.max_arguments = 1,
	.tells = true,
	.run = run,
};
