/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_COLUMNS_H
#define HD_TOOLS_CLI_COLUMNS_H

#include <stdio.h>

#include "lib/host/inventory.h"
#include "lib/host/names.h"
#include "tools/cli/json.h"

/* One property of a device: what JSON calls it, and what a table does. */
struct hd_column {
	const char *key;
	const char *header; /* NULL: only in JSON */
	json_object *(*value)(const struct hd_device *device,
			      struct hd_names *names);
};

/* The columns of list, ended by one without a key. */
extern const struct hd_column hd_columns[];

/* An object with every column of a device. */
json_object *hd_columns_json(const struct hd_device *device,
			     struct hd_names *names);

/*
 * Prints the devices of an inventory as a table, of one group only when @group
 * is not HD_NO_GROUP. Returns 0 or -ENOMEM.
 */
int hd_columns_print(const struct hd_inventory *inventory, int group,
		     struct hd_names *names, struct hd_err *err);

#endif
