// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/host/device_override.h"
#include "lib/host/inventory.h"
#include "lib/request/config.h"
#include "lib/state/alive.h"
#include "tools/cli/claimed.h"
#include "tools/cli/columns.h"
#include "tools/cli/json.h"
#include "tools/tool.h"

/* Whether a sibling keeps vfio from taking the group. */
static bool blocks(const struct hd_device *device,
		   const struct hd_device *sibling)
{
	return sibling->group != HD_NO_GROUP &&
	       sibling->group == device->group &&
	       !hd_addr_equal(sibling->addr, device->addr) &&
	       !hd_device_leaves_group_viable(sibling);
}

/* What there is to show: a device, its group, and who holds what. */
struct shown {
	struct hd_inventory inventory;
	const struct hd_device *device;
	struct hd_claimed claimed;
	const struct hd_claim *claim; /* that holds it, or NULL */
	const struct hd_unsettled *unsettled; /* NULL: @claim can be used */
	bool known; /* whether any does */
};

static void clear_shown(struct shown *shown)
{
	hd_inventory_clear(&shown->inventory);
	hd_claimed_clear(&shown->claimed);
}

/* The name of the guest that holds the device, or NULL. */
static const char *holder(const struct shown *shown)
{
	return shown->claim ? shown->claim->domain : NULL;
}

static bool is_bound_by_hand(const struct shown *shown)
{
	const struct hd_claims *claims = &shown->claimed.claims;

	for (size_t i = 0; i < claims->n; i++)
		if (hd_claim_is_manual(&claims->items[i]) &&
		    hd_claim_find(&claims->items[i], shown->device->addr))
			return true;
	return false;
}

static void print_json(const struct hd_tool *tool, const struct shown *shown)
{
	const struct hd_device *device = shown->device;
	json_object *object = hd_columns_json(device, tool->names);
	json_object *members = json_object_new_array();
	json_object *blockers = json_object_new_array();

	for (size_t i = 0; i < shown->inventory.n_devices; i++) {
		const struct hd_device *member = &shown->inventory.devices[i];
		const struct hd_addr_text addr = hd_addr_text(member->addr);

		json_object_array_add(members, hd_json_text(addr.s));
		if (blocks(device, member))
			json_object_array_add(blockers, hd_json_text(addr.s));
	}
	json_object_object_add(
		object, "group_awaits_driver",
		json_object_new_boolean(
			hd_inventory_awaits_group(&shown->inventory, device)));
	json_object_object_add(object, "driver_override",
			       hd_json_text(device->override));
	json_object_object_add(object, "bridge",
			       json_object_new_boolean(device->bridge));
	json_object_object_add(
		object, "physical_function",
		device->is_vf ? hd_json_text(hd_addr_text(device->physfn).s) :
				NULL);
	json_object_object_add(object, "guest", hd_json_text(holder(shown)));
	json_object_object_add(object, "guest_known",
			       json_object_new_boolean(shown->known));
	json_object_object_add(
		object, "bound_by_hand",
		json_object_new_boolean(is_bound_by_hand(shown)));
	json_object_object_add(object, "claim",
			       hd_claimed_json(&shown->claimed, device->addr));
	json_object_object_add(object, "unsettled",
			       hd_unsettled_json(&shown->claimed));
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

/* Who holds it, and what there is to be expected of that. */
static void print_claim(const struct shown *shown)
{
	const struct hd_findings *findings = &shown->claimed.findings;
	char text[256];

	print_line("Held by guest",
		   shown->claim || shown->known ? holder(shown) : "unknown");
	if (is_bound_by_hand(shown))
		print_line("Bound by hand", "yes");
	if (shown->claim) {
		snprintf(text, sizeof(text), "%s: %s",
			 shown->unsettled ?
				 hd_unsettled_name(shown->unsettled) :
				 hd_outlook_name(shown->claim->life.is),
			 shown->unsettled ?
				 hd_unsettled_text(shown->unsettled) :
				 hd_outlook_text(shown->claim->life.is));
		print_line("State", text);
	}
	if (shown->claim && shown->claim->error)
		print_line("What went wrong", shown->claim->error);
	for (size_t i = 0; i < findings->n; i++)
		print_line("Can't tell", findings->items[i].message);
}

static int print_text(const struct hd_tool *tool, const struct shown *shown,
		      struct hd_err *err)
{
	const struct hd_inventory *inventory = &shown->inventory;
	const struct hd_device *device = shown->device;
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
	print_claim(shown);
	if (device->group == HD_NO_GROUP) {
		print_line(
			"IOMMU group",
			hd_inventory_awaits_group(inventory, device) ?
				"none yet: it gets one when a driver takes it" :
				NULL);
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

static int read_shown(const struct hd_tool *tool, struct hd_addr addr,
		      struct shown *ret, struct hd_err *err)
{
	HD_AUTO_CONFIG struct hd_config config;
	int r = hd_config_read(&tool->host, &config, err);

	if (r == 0)
		r = hd_inventory_add(&ret->inventory, &tool->host,
				     (struct hd_addrs){ &addr, 1 }, err);
	if (r < 0)
		return r;
	ret->device = hd_inventory_find(&ret->inventory, addr);
	if (!ret->device) {
		r = hd_err_set(err, ENOENT, "this host has no PCI device at %s",
			       hd_addr_text(addr).s);
		hd_err_fix(err, "virt-hostdev list");
		return r;
	}
	r = hd_device_read_overrides(&tool->host, ret->inventory.devices,
				     ret->inventory.n_devices,
				     config.step_seconds, err);
	if (r == 0)
		r = hd_claimed_try(tool, &ret->claimed, err);
	ret->claim = hd_claimed_find(&ret->claimed, addr, &ret->unsettled);
	ret->known = hd_claimed_known(&ret->claimed, addr);
	return r;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO(clear_shown)
	struct shown shown = { .claimed = HD_CLAIMED_INIT };
	struct hd_addr addr;

	(void)argc;
	if (hd_addr_parse(argv[0], &addr, err) < 0)
		return HD_EXIT_USAGE;
	if (read_shown(tool, addr, &shown, err) < 0)
		return HD_EXIT_FAILED;
	if (tool->json)
		print_json(tool, &shown);
	else if (print_text(tool, &shown, err) < 0)
		return HD_EXIT_FAILED;
	return shown.known ? HD_EXIT_FINE : HD_EXIT_UNKNOWN;
}

const struct hd_verb hd_verb_show = {
	.name = "show",
	.arguments = "ADDRESS",
	.summary = "Show one device, its IOMMU group and who holds it",
	.help = "Addresses are written as lspci, sysfs or libvirt print them: 01:00.0,\n"
		"0000:01:00.0, 10000:e1:00.0, pci_0000_01_00_0.\n"
		"State is what status says of the claim that holds it. Who does is unknown when the\n"
		"claims can't be read, which only root can do, or not all of them can be used:\n"
		"with --json, guest_known is false then. On hosts with an SMMU, and kernels before 6.15,\n"
		"a device gets its IOMMU group when a driver first takes it: group_awaits_driver says\n"
		"that it has none yet.",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.min_arguments = 1,
	.max_arguments = 1,
	.tells = true,
	.run = run,
};
