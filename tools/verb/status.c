// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/base/print.h"
#include "lib/host/device.h"
#include "lib/state/alive.h"
#include "tools/cli/claimed.h"
#include "tools/cli/json.h"
#include "tools/cli/table.h"
#include "tools/tool.h"

static json_object *since_json(const struct hd_claim *claim)
{
	char text[sizeof("2026-01-01T00:00:00+0000")] = "";
	time_t since = (time_t)claim->since;
	struct tm tm;

	if (localtime_r(&since, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	return hd_json_text(text);
}

/* What the host showed on it, and is to show again. */
static json_object *screen_json(const struct hd_screen *screen)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < screen->n; i++) {
		json_object *item = json_object_new_object();

		json_object_object_add(item, "kind",
				       hd_json_text(hd_screen_kind_name(
					       screen->items[i].kind)));
		json_object_object_add(item, "name",
				       hd_json_text(screen->items[i].name));
		json_object_object_add(item, "value",
				       hd_json_text(screen->items[i].value));
		json_object_array_add(array, item);
	}
	return array;
}

static json_object *device_json(const struct hd_tool *tool,
				const struct hd_claim_device *claimed)
{
	json_object *object = json_object_new_object();
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_device now = { .driver = NULL };
	int r = hd_device_read(&tool->host, claimed->addr, HD_BRIEF, &now,
			       &err);

	json_object_object_add(object, "address",
			       hd_json_text(hd_addr_text(claimed->addr).s));
	json_object_object_add(object, "group",
			       hd_json_int(claimed->group, HD_NO_GROUP));
	json_object_object_add(object, "restore",
			       json_object_new_boolean(claimed->restore));
	json_object_object_add(object, "driver_before",
			       hd_json_text(claimed->driver));
	json_object_object_add(object, "override_before",
			       hd_json_text(claimed->override));
	json_object_object_add(object, "present",
			       r == 0 || r == -ENOENT ?
				       json_object_new_boolean(r == 0) :
				       NULL);
	json_object_object_add(object, "driver", hd_json_text(now.driver));
	json_object_object_add(object, "screen", screen_json(&claimed->screen));
	hd_device_clear(&now);
	return object;
}

static json_object *claim_json(const struct hd_tool *tool,
			       const struct hd_claim *claim)
{
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();

	for (size_t i = 0; i < claim->n_devices; i++)
		json_object_array_add(devices,
				      device_json(tool, &claim->devices[i]));
	json_object_object_add(object, "domain", hd_json_text(claim->domain));
	json_object_object_add(object, "uuid", hd_json_text(claim->uuid));
	json_object_object_add(object, "state",
			       hd_json_text(hd_outlook_name(claim->life.is)));
	json_object_object_add(object, "since", since_json(claim));
	json_object_object_add(object, "error", hd_json_text(claim->error));
	json_object_object_add(object, "devices", devices);
	return object;
}

/* The table's columns: a key of the claim, or of its device. */
static const struct {
	const char *header, *key;
	bool of_device;
} columns[] = {
	{ "GUEST", "domain", false },	     { "STATE", "state", false },
	{ "SINCE", "since", false },	     { "ADDRESS", "address", true },
	{ "GROUP", "group", true },	     { "DRIVER", "driver", true },
	{ "BEFORE", "driver_before", true },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A guest that has given up all that it had still has its line. */
static void add_lines(struct hd_table *table, json_object *claim)
{
	json_object *devices = json_object_object_get(claim, "devices");
	size_t n = json_object_array_length(devices);

	for (size_t i = 0; i == 0 || i < n; i++) {
		json_object *device =
			n ? json_object_array_get_idx(devices, i) : NULL;

		hd_table_line(table);
		for (size_t j = 0; j < N_COLUMNS; j++)
			hd_table_cell(
				table,
				hd_json_cell(json_object_object_get(
					columns[j].of_device ? device : claim,
					columns[j].key)));
	}
}

static int print_table(json_object *claims, struct hd_err *err)
{
	HD_AUTO_TABLE struct hd_table table = hd_table_new();

	for (size_t i = 0; i < N_COLUMNS; i++)
		hd_table_column(&table, columns[i].header, 0);
	for (size_t i = 0; i < json_object_array_length(claims); i++)
		add_lines(&table, json_object_array_get_idx(claims, i));
	return hd_table_print(&table, err);
}

/* "The host's screen is away with 0000:01:00.0: unit lightdm.service, ..." */
static void print_screens(json_object *claim)
{
	json_object *devices = json_object_object_get(claim, "devices");

	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		json_object *device = json_object_array_get_idx(devices, i);
		json_object *screen = json_object_object_get(device, "screen");
		size_t n = json_object_array_length(screen);

		for (size_t j = 0; j < n; j++) {
			json_object *item =
				json_object_array_get_idx(screen, j);

			if (j == 0)
				printf("The host's screen went with %s, and comes back with it:",
				       json_object_get_string(
					       json_object_object_get(
						       device, "address")));
			printf("%s %s ", j ? "," : "",
			       json_object_get_string(
				       json_object_object_get(item, "kind")));
			hd_print(stdout,
				 json_object_get_string(
					 json_object_object_get(item, "name")));
		}
		if (n)
			puts(".");
	}
}

static int print_text(json_object *claims, bool unsettled, struct hd_err *err)
{
	size_t n = json_object_array_length(claims);

	if (n == 0) {
		puts(unsettled ? "Nobody is known to hold a device." :
				 "Nobody holds a device.");
		return 0;
	}
	if (print_table(claims, err) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		json_object *claim = json_object_array_get_idx(claims, i);
		json_object *error = json_object_object_get(claim, "error");
		json_object *domain;

		print_screens(claim);
		if (!error)
			continue;
		domain = json_object_object_get(claim, "domain");
		fputs(domain ? "Of guest '" : "Of what was bound by hand",
		      stdout);
		hd_print(stdout, domain ? json_object_get_string(domain) : "");
		fputs(domain ? "': " : ": ", stdout);
		hd_print(stdout, json_object_get_string(error));
		puts("\nFix: virt-hostdev recover");
	}
	return 0;
}

/* Whether there is a device of which it can't be told whether it is there. */
static bool lacks_device(json_object *claims)
{
	for (size_t i = 0; i < json_object_array_length(claims); i++) {
		json_object *devices = json_object_object_get(
			json_object_array_get_idx(claims, i), "devices");

		for (size_t j = 0; j < json_object_array_length(devices); j++)
			if (!json_object_object_get(
				    json_object_array_get_idx(devices, j),
				    "present"))
				return true;
	}
	return false;
}

/* Whether all could be told. */
static bool is_known(const struct hd_claimed *claimed, json_object *claims)
{
	for (size_t i = 0; i < claimed->claims.n; i++)
		if (claimed->claims.items[i].life.is == HD_CANT_TELL)
			return false;
	return hd_claimed_all_known(claimed) && !lacks_device(claims);
}

static int print(const struct hd_tool *tool, const struct hd_claimed *claimed,
		 struct hd_err *err)
{
	json_object *object = json_object_new_object();
	json_object *array = json_object_new_array();
	bool known;
	int r = 0;

	for (size_t i = 0; i < claimed->claims.n; i++)
		json_object_array_add(
			array, claim_json(tool, &claimed->claims.items[i]));
	json_object_object_add(object, "claims", array);
	json_object_object_add(object, "unsettled", hd_unsettled_json(claimed));
	known = is_known(claimed, array);
	if (tool->json || hd_json_failed()) {
		hd_json_print(object);
	} else {
		r = print_text(array, claimed->claims.n_unsettled > 0, err);
		json_object_put(object);
	}
	return r < 0 ? HD_EXIT_FAILED : known ? HD_EXIT_FINE : HD_EXIT_UNKNOWN;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_CLAIMED struct hd_claimed claimed = HD_CLAIMED_INIT;

	(void)argc, (void)argv;
	if (hd_claimed_read(tool, &claimed, err) < 0)
		return HD_EXIT_FAILED;
	hd_print_findings(stderr, &claimed.findings, "");
	return print(tool, &claimed, err);
}

const struct hd_verb hd_verb_status = {
	.name = "status",
	.arguments = "",
	.summary = "Show which guest holds which device, and since when",
	.help = "STATE is running, starting, ending (it is gone, and libvirt is still at work on\n"
		"it), by hand (virt-hostdev bind took it), binding (it is at it), moving\n"
		"(virt-hostdev attach or detach is at work on it), left behind: who had the devices\n"
		"is gone, and they were not given back (virt-hostdev recover does that); or unknown:\n"
		"what tells it can't be read, as in a copied tree. A start is left behind when the\n"
		"libvirt daemon that it is of has ended, or after ten minutes of which libvirt has kept\n"
		"nothing.\n"
		"A claim that can't be used, as it is damaged or of another version, is named beside\n"
		"them, and it can't be told then what is held: see recover --accept.\n"
		"BEFORE is the driver that the device had and gets back. Only root can see it.",
	.common = HD_OPT_JSON | HD_OPT_ROOT,
	.tells = true,
	.run = run,
};
