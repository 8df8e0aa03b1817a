// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/columns.h"

#include <string.h>

#include "tools/cli/json.h"
#include "tools/cli/table.h"
#include "tools/tool.h"

/* Room for the longest names of pci.ids. */
#define NAME_SIZE 256

static json_object *column_address(const struct hd_device *device,
				   struct hd_names *names)
{
	(void)names;
	return hd_json_text(hd_addr_text(device->addr).s);
}

static json_object *column_class(const struct hd_device *device,
				 struct hd_names *names)
{
	char text[sizeof("0x030000")];

	(void)names;
	snprintf(text, sizeof(text), "0x%06x", device->class_code & 0xffffff);
	return hd_json_text(text);
}

static json_object *column_class_name(const struct hd_device *device,
				      struct hd_names *names)
{
	char text[NAME_SIZE];

	return hd_json_text(
		hd_names_class(names, device->class_code, text, sizeof(text)));
}

static json_object *id_text(uint16_t id)
{
	char text[sizeof("0x10de")];

	snprintf(text, sizeof(text), "0x%04x", id);
	return hd_json_text(text);
}

static json_object *column_vendor(const struct hd_device *device,
				  struct hd_names *names)
{
	(void)names;
	return id_text(device->vendor);
}

static json_object *column_device(const struct hd_device *device,
				  struct hd_names *names)
{
	(void)names;
	return id_text(device->device);
}

static json_object *column_name(const struct hd_device *device,
				struct hd_names *names)
{
	char text[NAME_SIZE];

	return hd_json_text(hd_names_device(
		names, device->vendor, device->device, text, sizeof(text)));
}

static json_object *column_driver(const struct hd_device *device,
				  struct hd_names *names)
{
	(void)names;
	return hd_json_text(device->driver);
}

static json_object *column_group(const struct hd_device *device,
				 struct hd_names *names)
{
	(void)names;
	return hd_json_int(device->group, HD_NO_GROUP);
}

static json_object *column_numa_node(const struct hd_device *device,
				     struct hd_names *names)
{
	(void)names;
	return hd_json_int(device->numa_node, HD_NO_NODE);
}

const struct hd_column hd_columns[] = {
	{ "address", "ADDRESS", column_address },
	{ "class", NULL, column_class },
	{ "group", "GROUP", column_group },
	{ "driver", "DRIVER", column_driver },
	{ "vendor", "VENDOR", column_vendor },
	{ "device", "DEVICE", column_device },
	{ "numa_node", "NUMA", column_numa_node },
	{ "class_name", "CLASS", column_class_name },
	{ "name", "NAME", column_name },
	{ NULL, NULL, NULL },
};

json_object *hd_columns_json(const struct hd_device *device,
			     struct hd_names *names)
{
	json_object *object = json_object_new_object();

	for (const struct hd_column *column = hd_columns; column->key; column++)
		json_object_object_add(object, column->key,
				       column->value(device, names));
	return object;
}

static void add_line(struct hd_table *table, const struct hd_device *device,
		     struct hd_names *names)
{
	hd_table_line(table);
	for (const struct hd_column *column = hd_columns; column->key;
	     column++) {
		json_object *value;

		if (!column->header)
			continue;
		value = column->value(device, names);
		hd_table_cell(table, hd_json_cell(value));
		json_object_put(value);
	}
}

int hd_columns_print(const struct hd_inventory *inventory, int group,
		     struct hd_names *names, struct hd_err *err)
{
	HD_AUTO_TABLE struct hd_table table = hd_table_new();

	for (const struct hd_column *column = hd_columns; column->key; column++)
		if (column->header)
			hd_table_column(&table, column->header,
					column->value == column_name ?
						SCOLS_FL_TRUNC :
						0);
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (group == HD_NO_GROUP || device->group == group)
			add_line(&table, device, names);
	}
	return hd_table_print(&table, err);
}
