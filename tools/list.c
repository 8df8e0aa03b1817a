// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/columns.h"
#include "tools/tool.h"

static int print_json(const struct hd_inventory *inventory,
		      struct hd_names *names)
{
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();

	for (size_t i = 0; i < inventory->n_devices; i++)
		json_object_array_add(
			devices,
			hd_columns_json(&inventory->devices[i], names));
	json_object_object_add(object, "devices", devices);
	hd_json_print(object);
	return HD_EXIT_FINE;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_INVENTORY struct hd_inventory inventory = { 0 };

	(void)argc, (void)argv;
	if (hd_inventory_read_all(&inventory, &tool->host, err) < 0)
		return HD_EXIT_FAILED;
	if (tool->json)
		return print_json(&inventory, tool->names);
	return hd_columns_print(&inventory, HD_NO_GROUP, tool->names, err) < 0 ?
		       HD_EXIT_FAILED :
		       HD_EXIT_FINE;
}

const struct hd_verb hd_verb_list = {
	.name = "list",
	.arguments = "",
	.summary =
		"Show the PCI devices of the host with driver and IOMMU group",
	.help = "A dash stands for none: no driver, no IOMMU group, no NUMA node.",
	.options = HD_OPT_JSON | HD_OPT_ROOT,
	.run = run,
};
