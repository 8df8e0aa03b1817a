// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/check/report.h"

#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"

static json_object *device_json(const struct hd_checked_domain *checked,
				size_t index)
{
	const struct hd_assign *assign = &checked->domain.assigns[index];
	const struct hd_device *device =
		hd_inventory_find(checked->inventory, assign->addr);
	json_object *object = json_object_new_object();

	json_object_object_add(object, "address",
			       hd_json_text(hd_addr_text(assign->addr).s));
	json_object_object_add(object, "source",
			       hd_json_text(hd_source_name(assign->source)));
	json_object_object_add(object, "managed",
			       json_object_new_boolean(assign->managed));
	json_object_object_add(object, "line",
			       json_object_new_int((int)assign->line));
	json_object_object_add(
		object, "group",
		device ? hd_json_int(device->group, HD_NO_GROUP) : NULL);
	json_object_object_add(object, "driver",
			       hd_json_text(device ? device->driver : NULL));
	json_object_object_add(object, "findings",
			       hd_json_findings(&checked->findings, index));
	return object;
}

json_object *hd_check_json(const struct hd_checked_domain *checked)
{
	const struct hd_domain *domain = &checked->domain;
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();

	json_object_object_add(object, "domain", hd_json_text(domain->name));
	json_object_object_add(
		object, "uuid",
		hd_json_text(domain->uuid[0] ? domain->uuid : NULL));
	json_object_object_add(object, "ok",
			       json_object_new_boolean(!hd_findings_refuse(
				       &checked->findings)));
	for (size_t i = 0; i < domain->n_assigns; i++)
		json_object_array_add(devices, device_json(checked, i));
	json_object_object_add(object, "devices", devices);
	json_object_object_add(
		object, "findings",
		hd_json_findings(&checked->findings, HD_WHOLE_DOMAIN));
	return object;
}

static void print_device(const struct hd_checked_domain *checked, size_t index)
{
	const struct hd_assign *assign = &checked->domain.assigns[index];
	const struct hd_device *device =
		hd_inventory_find(checked->inventory, assign->addr);

	printf("  %s  line %u, %s, managed='%s'", hd_addr_text(assign->addr).s,
	       assign->line, hd_source_name(assign->source),
	       assign->managed ? "yes" : "no");
	if (device && device->group != HD_NO_GROUP)
		printf(", group %d", device->group);
	if (device) {
		fputs(device->driver ? ", driver " : ", no driver", stdout);
		hd_print(stdout, device->driver ? device->driver : "");
	}
	putchar('\n');
}

/* Prints a finding; its line, when that isn't the one of what is above it. */
static void print_finding(const struct hd_finding *finding, unsigned above,
			  const char *indent)
{
	struct hd_finding copy = *finding;
	struct hd_findings one = { &copy, 1 };
	HD_AUTOFREE char *message = NULL;

	if (finding->line && finding->line != above)
		message =
			hd_text("line %u: %s", finding->line, finding->message);
	if (message)
		copy.message = message;
	hd_print_findings(stdout, &one, indent);
}

/* The findings of one assignment, which stands on line @above; errors first. */
static void print_findings_of(const struct hd_checked_domain *checked,
			      size_t assign, unsigned above, const char *indent)
{
	const struct hd_findings *findings = &checked->findings;

	for (int severity = HD_ERROR; severity >= HD_INFO; severity--)
		for (size_t i = 0; i < findings->n; i++)
			if (findings->items[i].assign == assign &&
			    (int)findings->items[i].severity == severity)
				print_finding(&findings->items[i], above,
					      indent);
}

/* Whether the guest asks for a device, be it in a way that can't be read. */
static bool asks(const struct hd_checked_domain *checked)
{
	return checked->domain.n_assigns > 0 ||
	       hd_findings_refuse(&checked->findings);
}

void hd_check_print(const struct hd_checked_domain *checked)
{
	const struct hd_domain *domain = &checked->domain;
	bool refused = hd_findings_refuse(&checked->findings);

	fputs("Guest '", stdout);
	hd_print(stdout, domain->name);
	if (!asks(checked))
		puts("' asks for no PCI device of the host.");
	else if (refused)
		puts("' would be refused.");
	else
		puts("' can start.");
	for (size_t i = 0; i < domain->n_assigns; i++) {
		print_device(checked, i);
		print_findings_of(checked, i, domain->assigns[i].line, "    ");
	}
	print_findings_of(checked, HD_WHOLE_DOMAIN, 0, "  ");
}
