// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/columns.h"

#include <libsmartcols.h>
#include <string.h>

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

static int add_line(struct libscols_table *table,
		    const struct hd_device *device, struct hd_names *names)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	size_t n = 0;

	if (!line)
		return -1;
	for (const struct hd_column *column = hd_columns; column->key;
	     column++) {
		json_object *value;
		int r;

		if (!column->header)
			continue;
		value = column->value(device, names);
		r = scols_line_set_data(line, n++, hd_json_cell(value));
		json_object_put(value);
		if (r != 0)
			return r;
	}
	return 0;
}

static int fill_table(struct libscols_table *table,
		      const struct hd_inventory *inventory, int group,
		      struct hd_names *names)
{
	for (const struct hd_column *column = hd_columns; column->key;
	     column++) {
		int flags = column->value == column_name ? SCOLS_FL_TRUNC : 0;

		if (column->header &&
		    !scols_table_new_column(table, column->header, 0, flags))
			return -1;
	}
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (group != HD_NO_GROUP && device->group != group)
			continue;
		if (add_line(table, device, names) != 0)
			return -1;
	}
	return 0;
}

int hd_columns_print(const struct hd_inventory *inventory, int group,
		     struct hd_names *names, struct hd_err *err)
{
	struct libscols_table *table = scols_new_table();
	int r = table ? fill_table(table, inventory, group, names) : -1;

	if (r == 0)
		r = scols_print_table(table);
	scols_unref_table(table);
	return r == 0 ? 0 : hd_err_nomem(err);
}
