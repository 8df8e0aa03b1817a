// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/named_devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/print.h"
#include "lib/host/inventory.h"
#include "tools/cli/json.h"

bool hd_named_devices_has(const struct hd_named_devices *choice,
			  struct hd_addr addr)
{
	for (size_t i = 0; i < choice->n; i++)
		if (hd_addr_equal(choice->addrs[i], addr))
			return true;
	return false;
}

static int add(struct hd_named_devices *choice, struct hd_addr addr,
	       struct hd_err *err)
{
	struct hd_addr *slot;

	if (hd_named_devices_has(choice, addr))
		return 0;
	slot = hd_array_add(&choice->addrs, &choice->n, sizeof(*slot));
	if (!slot)
		return hd_err_nomem(err);
	*slot = addr;
	return 0;
}

static int add_group(struct hd_named_devices *choice,
		     const struct hd_tool *tool, struct hd_addr addr,
		     struct hd_err *err)
{
	HD_AUTO_INVENTORY struct hd_inventory inventory = { 0 };
	int r = hd_inventory_add(&inventory, &tool->host,
				 (struct hd_addrs){ &addr, 1 }, err);

	for (size_t i = 0; r == 0 && i < inventory.n_devices; i++)
		if (!inventory.devices[i].bridge)
			r = add(choice, inventory.devices[i].addr, err);
	return r;
}

int hd_named_devices_read(struct hd_named_devices *choice,
			  const struct hd_tool *tool, bool group, int argc,
			  char **argv, struct hd_err *err)
{
	for (int i = 0; i < argc; i++) {
		struct hd_addr addr;
		int r;

		if (hd_addr_parse(argv[i], &addr, err) < 0)
			return HD_EXIT_USAGE;
		r = add(choice, addr, err);
		if (r == 0 && group)
			r = add_group(choice, tool, addr, err);
		if (r < 0)
			return HD_EXIT_FAILED;
	}
	if (geteuid() == 0)
		return HD_EXIT_FINE;
	hd_err_set(err, EPERM, "only root can take devices or give them back");
	return HD_EXIT_FAILED;
}

int hd_named_devices_log(const struct hd_named_devices *choice,
			 const char *event, struct hd_log_run *run,
			 struct hd_err *err)
{
	int r = 0;

	hd_log_run_begin(run, event, NULL);
	for (size_t i = 0; r == 0 && i < choice->n; i++)
		r = hd_log_run_add(run, choice->addrs[i]);
	return r < 0 ? hd_err_nomem(err) : 0;
}

char *hd_named_devices_driver(const struct hd_tool *tool, struct hd_addr addr)
{
	struct hd_device device = { .driver = NULL };
	char *driver = NULL;

	if (hd_device_read(&tool->host, addr, HD_BRIEF, &device, NULL) == 0) {
		driver = device.driver;
		device.driver = NULL;
		hd_device_clear(&device);
	}
	return driver;
}

static void print_json(const struct hd_named_devices *choice,
		       const struct hd_tool *tool, bool ok,
		       const struct hd_findings *findings)
{
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();
	json_object *found = json_object_new_array();

	for (size_t i = 0; i < choice->n; i++) {
		json_object *device = json_object_new_object();
		char *driver = hd_named_devices_driver(tool, choice->addrs[i]);

		json_object_object_add(
			device, "address",
			hd_json_text(hd_addr_text(choice->addrs[i]).s));
		json_object_object_add(device, "driver", hd_json_text(driver));
		json_object_array_add(devices, device);
		free(driver);
	}
	for (size_t i = 0; i < findings->n; i++)
		json_object_array_add(found,
				      hd_json_finding(&findings->items[i]));
	json_object_object_add(object, "ok", json_object_new_boolean(ok));
	json_object_object_add(object, "devices", devices);
	json_object_object_add(object, "findings", found);
	hd_json_print(object);
}

int hd_named_devices_report(const struct hd_named_devices *choice,
			    const struct hd_tool *tool, int r,
			    const struct hd_findings *findings)
{
	bool ok = r == 0;

	if (tool->json) {
		print_json(choice, tool, ok, findings);
		return ok ? HD_EXIT_FINE : HD_EXIT_FAILED;
	}
	hd_print_findings(stderr, findings, "");
	for (size_t i = 0; ok && i < choice->n; i++) {
		char *driver = hd_named_devices_driver(tool, choice->addrs[i]);

		printf("%s ", hd_addr_text(choice->addrs[i]).s);
		fputs(driver ? "is on driver " : "has no driver", stdout);
		hd_print(stdout, driver ? driver : "");
		puts(".");
		free(driver);
	}
	return ok ? HD_EXIT_FINE : HD_EXIT_FAILED;
}

void hd_named_devices_clear(struct hd_named_devices *choice)
{
	free(choice->addrs);
}
