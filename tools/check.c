// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "lib/cleanup.h"
#include "lib/examine.h"
#include "lib/print.h"
#include "tools/tool.h"

/* All that a check of one domain came to. */
struct report {
	const struct hd_domain *domain;
	const struct hd_inventory *inventory;
	const struct hd_findings *findings;
};

static json_object *findings_json(const struct hd_findings *findings,
				  size_t assign)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct hd_finding *finding = &findings->items[i];
		json_object *object;

		if (finding->assign != assign)
			continue;
		object = json_object_new_object();
		json_object_object_add(object, "id", hd_json_text(finding->id));
		json_object_object_add(
			object, "severity",
			hd_json_text(hd_severity_name(finding->severity)));
		json_object_object_add(object, "message",
				       hd_json_text(finding->message));
		json_object_object_add(object, "fix",
				       hd_json_text(finding->fix));
		json_object_array_add(array, object);
	}
	return array;
}

static json_object *device_json(const struct report *report, size_t index)
{
	const struct hd_assign *assign = &report->domain->assigns[index];
	const struct hd_device *device =
		hd_inventory_find(report->inventory, assign->addr);
	json_object *object = json_object_new_object();

	json_object_object_add(object, "address",
			       hd_json_text(hd_addr_text(assign->addr).s));
	json_object_object_add(object, "source",
			       hd_json_text(hd_source_name(assign->source)));
	json_object_object_add(object, "managed",
			       json_object_new_boolean(assign->managed));
	json_object_object_add(object, "line",
			       json_object_new_int((int)assign->line));
	json_object_object_add(object, "group",
			       device ? hd_json_int(device->group, HD_NO_GROUP)
				      : NULL);
	json_object_object_add(object, "driver",
			       hd_json_text(device ? device->driver : NULL));
	json_object_object_add(object, "findings",
			       findings_json(report->findings, index));
	return object;
}

static void print_json(const struct report *report)
{
	const struct hd_domain *domain = report->domain;
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();

	json_object_object_add(object, "domain", hd_json_text(domain->name));
	json_object_object_add(
		object, "uuid",
		hd_json_text(domain->uuid[0] ? domain->uuid : NULL));
	json_object_object_add(
		object, "ok",
		json_object_new_boolean(!hd_findings_refuse(report->findings)));
	for (size_t i = 0; i < domain->n_assigns; i++)
		json_object_array_add(devices, device_json(report, i));
	json_object_object_add(object, "devices", devices);
	json_object_object_add(
		object, "findings",
		findings_json(report->findings, HD_WHOLE_DOMAIN));
	hd_json_print(object);
}

static void print_device(const struct report *report, size_t index)
{
	const struct hd_assign *assign = &report->domain->assigns[index];
	const struct hd_device *device =
		hd_inventory_find(report->inventory, assign->addr);

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

/* Borrows the findings of one assignment, for printing them below it. */
static void print_findings_of(const struct report *report, size_t assign,
			      const char *indent)
{
	for (size_t i = 0; i < report->findings->n; i++) {
		struct hd_findings one = { &report->findings->items[i], 1 };

		if (one.items->assign == assign)
			hd_print_findings(stdout, &one, indent);
	}
}

static void print_text(const struct report *report)
{
	const struct hd_domain *domain = report->domain;
	bool refused = hd_findings_refuse(report->findings);

	fputs("Guest '", stdout);
	hd_print(stdout, domain->name);
	if (domain->n_assigns == 0)
		puts("' asks for no PCI device of the host.");
	else if (refused)
		puts("' would be refused.");
	else
		puts("' can start.");
	for (size_t i = 0; i < domain->n_assigns; i++) {
		print_device(report, i);
		print_findings_of(report, i, "    ");
	}
	print_findings_of(report, HD_WHOLE_DOMAIN, "  ");
}

static int check(const struct hd_tool *tool, const struct hd_domain *domain,
		 struct hd_err *err)
{
	const struct hd_request request = { domain->name, domain->uuid,
					    domain->assigns,
					    domain->n_assigns };
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	const struct report report = { domain, &situation.inventory,
				       &findings };

	if (hd_examine(&tool->host, NULL, &request, tool->names, &situation,
		       &findings, err) < 0)
		return HD_EXIT_FAILED;
	if (tool->json)
		print_json(&report);
	else
		print_text(&report);
	return hd_findings_refuse(&findings) ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTOFREE char *text = NULL;
	size_t length;

	(void)argc;
	if (hd_source_load(tool, argv[0], &text, &length, err) < 0)
		return HD_EXIT_FAILED;
	if (hd_domain_parse(text, length, &domain, err) < 0) {
		hd_err_wrap(err, "%s", argv[0]);
		return HD_EXIT_FAILED;
	}
	return check(tool, &domain, err);
}

const struct hd_verb hd_verb_check = {
	.name = "check",
	.arguments = "DOMAIN|FILE|-",
	.summary =
		"Say whether a guest could start with its devices, and why not",
	.help = "Finds what the hook would find before the guest starts, and changes nothing.\n"
		"A name with a slash or ending in .xml is a file, - is standard input, and\n"
		"everything else is the name or UUID of a domain of libvirt.\n"
		"Exit status: 0 it could start, 1 it would be refused.",
	.options = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
