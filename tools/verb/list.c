// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "lib/base/print.h"
#include "lib/guard/guard.h"
#include "lib/request/config.h"
#include "tools/cli/claimed.h"
#include "tools/cli/columns.h"
#include "tools/cli/json.h"
#include "tools/tool.h"

struct values {
	bool guard;
};

/* What the host would lose with this one device. */
static int find_critical_uses(const struct hd_tool *tool,
			      const struct hd_device *device,
			      struct hd_critical_uses *ret, struct hd_err *err)
{
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	HD_AUTO_CONFIG struct hd_config config;
	int r = hd_config_read(&tool->host, &config, err);

	/* Nobody gives a bridge away, or what vfio has already. */
	if (r < 0 || device->bridge || device->vfio)
		return r;
	r = hd_nodes_add(&nodes, &tool->host, device, err);
	return r < 0 ? r :
		       hd_guard_find(&tool->host, device, 1, &nodes,
				     config.step_seconds, ret, err);
}

static json_object *
critical_uses_json(const struct hd_critical_uses *critical_uses)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < critical_uses->n; i++) {
		const struct hd_critical_use *critical_use =
			&critical_uses->items[i];
		json_object *object = json_object_new_object();

		json_object_object_add(
			object, "critical",
			hd_json_text(hd_critical_name(critical_use->critical)));
		json_object_object_add(
			object, "allowable",
			json_object_new_boolean(!critical_use->root));
		json_object_object_add(
			object, "known",
			json_object_new_boolean(!critical_use->unknown));
		json_object_object_add(object, "chain",
				       hd_json_text(critical_use->chain));
		json_object_array_add(array, object);
	}
	return array;
}

static void print_critical_uses(const struct hd_device *device,
				const struct hd_critical_uses *critical_uses)
{
	for (size_t i = 0; i < critical_uses->n; i++) {
		const struct hd_critical_use *critical_use =
			&critical_uses->items[i];

		printf("%s  %-15s ", hd_addr_text(device->addr).s,
		       hd_critical_name(critical_use->critical));
		if (critical_use->unknown)
			fputs("can't tell: ", stdout);
		hd_print(stdout, critical_use->chain);
		putchar('\n');
	}
}

/* Each device by itself: taken together they would lack each other. */
static int run_guard(const struct hd_tool *tool,
		     const struct hd_inventory *inventory, json_object *devices,
		     struct hd_err *err)
{
	for (size_t i = 0; i < inventory->n_devices; i++) {
		HD_AUTO_CRITICAL_USES struct hd_critical_uses critical_uses = {
			NULL, 0
		};
		const struct hd_device *device = &inventory->devices[i];
		int r = find_critical_uses(tool, device, &critical_uses, err);

		if (r < 0)
			return r;
		if (tool->json)
			json_object_object_add(
				json_object_array_get_idx(devices, i),
				"critical", critical_uses_json(&critical_uses));
		else
			print_critical_uses(device, &critical_uses);
	}
	return 0;
}

static int run_json(const struct hd_tool *tool,
		    const struct hd_inventory *inventory,
		    const struct hd_claimed *claimed, struct hd_err *err)
{
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();
	int r = 0;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		json_object *device =
			hd_columns_json(&inventory->devices[i], tool->names);

		json_object_object_add(
			device, "claim",
			hd_claimed_json(claimed, inventory->devices[i].addr));
		json_object_array_add(devices, device);
	}
	json_object_object_add(object, "devices", devices);
	json_object_object_add(
		object, "claims_known",
		json_object_new_boolean(hd_claimed_all_known(claimed)));
	if (((const struct values *)tool->values)->guard)
		r = run_guard(tool, inventory, devices, err);
	if (r == 0)
		hd_json_print(object);
	else
		json_object_put(object);
	return r;
}

static int run_text(const struct hd_tool *tool,
		    const struct hd_inventory *inventory,
		    const struct hd_claimed *claimed, struct hd_err *err)
{
	hd_print_findings(stderr, &claimed->findings, "");
	return ((const struct values *)tool->values)->guard ?
		       run_guard(tool, inventory, NULL, err) :
		       hd_columns_print(inventory, HD_NO_GROUP, tool->names,
					err);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_INVENTORY struct hd_inventory inventory = { 0 };
	HD_AUTO_CLAIMED struct hd_claimed claimed = HD_CLAIMED_INIT;
	int r = hd_inventory_read_all(&inventory, &tool->host, err);

	(void)argc, (void)argv;
	if (r == 0)
		r = hd_claimed_try(tool, &claimed, err);
	if (r == 0)
		r = (tool->json ? run_json : run_text)(tool, &inventory,
						       &claimed, err);
	return r < 0 ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static const struct hd_option options[] = {
	{ 'G', "guard", NULL, "show what the host would lose with each device",
	  offsetof(struct values, guard), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_list = {
	.name = "list",
	.arguments = "",
	.summary =
		"Show the PCI devices of the host with driver and IOMMU group",
	.help = "A dash stands for none: no driver, no IOMMU group, no NUMA node. With an SMMU a device\n"
		"may get its group only when a driver first takes it, see show.\n"
		"With --guard it shows what the host needs its devices for instead, and by which\n"
		"way: what the hook would refuse to take from it. With --json, known is false where that\n"
		"couldn't be read.\n"
		"With --json each device has the claim that holds it, with its state as status names\n"
		"it, or null; claims_known is false when that isn't all there is to know. Otherwise a\n"
		"warning says so.",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.options = options,
	.values_size = sizeof(struct values),
	.tells = true,
	.run = run,
};
