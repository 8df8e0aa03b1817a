// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/handover/bind_plan.h"
#include "tools/cli/json.h"
#include "tools/libvirt/checked_domain.h"
#include "tools/tool.h"

static json_object *step_json(const struct hd_step *step, bool with_inverse)
{
	json_object *object = json_object_new_object();
	bool addr = hd_step_has_addr(step);
	struct hd_step inverse;

	json_object_object_add(object, "kind",
			       hd_json_text(hd_step_name(step->kind)));
	json_object_object_add(object, "address",
			       addr ? hd_json_text(hd_addr_text(step->addr).s) :
				      NULL);
	json_object_object_add(object, "from", hd_json_text(step->from));
	json_object_object_add(object, "to", hd_json_text(step->to));
	json_object_object_add(object, "value", hd_json_text(step->value));
	if (with_inverse)
		json_object_object_add(object, "inverse",
				       hd_step_inverse(step, &inverse) ?
					       step_json(&inverse, false) :
					       NULL);
	return object;
}

/* What is written down to be put back. */
static json_object *saved_json(const struct hd_claim *claim)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < claim->n_devices; i++)
		for (size_t j = 0; j < claim->devices[i].attributes.n; j++) {
			const struct hd_saved *saved =
				&claim->devices[i].attributes.items[j];
			json_object *object = json_object_new_object();

			json_object_object_add(
				object, "address",
				hd_json_text(
					hd_addr_text(claim->devices[i].addr)
						.s));
			json_object_object_add(object, "attribute",
					       hd_json_text(saved->path));
			json_object_object_add(object, "value",
					       hd_json_text(saved->value));
			json_object_array_add(array, object);
		}
	return array;
}

static void print_json(const struct hd_checked_domain *checked,
		       const struct hd_plan *plan, const struct hd_claim *claim)
{
	json_object *object = json_object_new_object();
	json_object *steps = json_object_new_array();
	json_object *findings = json_object_new_array();

	for (size_t i = 0; i < plan->n_steps; i++)
		json_object_array_add(steps, step_json(&plan->steps[i], true));
	for (size_t i = 0; i < checked->findings.n; i++)
		json_object_array_add(
			findings, hd_json_finding(&checked->findings.items[i]));
	json_object_object_add(object, "domain",
			       hd_json_text(checked->domain.name));
	json_object_object_add(object, "ok",
			       json_object_new_boolean(!hd_findings_refuse(
				       &checked->findings)));
	json_object_object_add(object, "steps", steps);
	json_object_object_add(object, "saved", saved_json(claim));
	json_object_object_add(object, "findings", findings);
	hd_json_print(object);
}

static void print_step(const struct hd_step *step)
{
	printf("%-8s ", hd_step_name(step->kind));
	if (hd_step_has_addr(step))
		printf("%s%s", hd_addr_text(step->addr).s,
		       step->from || step->to ||
				       step->kind == HD_STEP_OVERRIDE ?
			       "  " :
			       "");
	if (step->kind == HD_STEP_OVERRIDE) {
		hd_print(stdout, step->from ? step->from : "none");
		fputs(" -> ", stdout);
		hd_print(stdout, step->to ? step->to : "none");
	} else if (step->from || step->to) {
		hd_print(stdout, step->from ? step->from : step->to);
	}
}

static void print_with_inverse(const struct hd_step *step)
{
	struct hd_step inverse;

	fputs("  ", stdout);
	print_step(step);
	fputs("   (undo: ", stdout);
	if (hd_step_inverse(step, &inverse))
		print_step(&inverse);
	else
		fputs(step->kind == HD_STEP_LOAD ? "none, it stays" :
		      step->kind == HD_STEP_STOP ? "none, it has ended" :
						   "none, it only waits",
		      stdout);
	puts(")");
}

/* "saved    0000:01:00.0  power/control auto, reset_method flr" */
static void print_saved(const struct hd_claim_device *device)
{
	const struct hd_attributes *attributes = &device->attributes;
	const char *before = "";

	if (!attributes->n)
		return;
	printf("  %-8s %s  ", "saved", hd_addr_text(device->addr).s);
	for (size_t i = 0; i < attributes->n; i++) {
		if (!attributes->items[i].value)
			continue;
		fputs(before, stdout);
		hd_print(stdout, attributes->items[i].path);
		fputc(' ', stdout);
		hd_print(stdout, *attributes->items[i].value ?
					 attributes->items[i].value :
					 "(nothing)");
		before = ", ";
	}
	putchar('\n');
}

static void print_text(const struct hd_checked_domain *checked,
		       const struct hd_plan *plan, const struct hd_claim *claim)
{
	fputs("Guest '", stdout);
	hd_print(stdout, checked->domain.name);
	if (hd_findings_refuse(&checked->findings))
		puts("' would be refused, and nothing would be done.");
	else if (plan->n_steps == 0)
		puts("' would start without anything to be done.");
	else
		printf("' would start after %zu %s:\n", plan->n_steps,
		       plan->n_steps == 1 ? "step" : "steps");
	for (size_t i = 0; i < plan->n_steps; i++)
		print_with_inverse(&plan->steps[i]);
	for (size_t i = 0; plan->n_steps && i < claim->n_devices; i++)
		print_saved(&claim->devices[i]);
	hd_print_findings(stdout, &checked->findings, "  ");
}

static void fix_there(const char *domain, struct hd_err *err)
{
	HD_AUTOFREE char *quoted = hd_quote(domain);

	if (quoted)
		hd_err_fix(err, "On that host: virt-hostdev plan %s", quoted);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_HYPERVISOR struct hd_hypervisor hypervisor = { .connection =
								       NULL };
	HD_AUTO_CHECKED_DOMAIN struct hd_checked_domain checked = {
		.domain.name = NULL
	};
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_PLAN struct hd_plan plan = { NULL, 0 };
	int r;

	(void)argc;
	if (hd_hypervisor_open(&hypervisor, tool, argv[0], err) < 0)
		return HD_EXIT_FAILED;
	if (!hypervisor.here) {
		hd_err_set(
			err, ENOTSUP,
			"what the hook would do can only be planned on the host itself, not from what libvirt at %s tells",
			hypervisor.remote.uri);
		fix_there(argv[0], err);
		return HD_EXIT_FAILED;
	}
	r = hd_checked_domain_load(&checked, &hypervisor, argv[0], err);
	if (r == 0)
		r = hd_bind_plan(&checked.request, &checked.situation, true,
				 checked.config.step_seconds, &claim, &plan,
				 err);
	if (r == 0)
		r = hd_bind_warn(&claim, &checked.findings, err);
	if (r < 0)
		return HD_EXIT_FAILED;
	if (tool->json)
		print_json(&checked, &plan, &claim);
	else
		print_text(&checked, &plan, &claim);
	return r ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

const struct hd_verb hd_verb_plan = {
	.name = "plan",
	.arguments = "DOMAIN|FILE|-",
	.summary = "Show the steps that starting a guest would take",
	.help = "Prints exactly what the hook would do before the guest starts, in its order,\n"
		"and does none of it. Devices that libvirt binds itself (managed='yes') need no\n"
		"step of ours. Each step is shown with the one that undoes it; \"saved\" is what is\n"
		"written down before and put back after the device has returned, where it is no\n"
		"longer so. DOMAIN, FILE and - are as for check.",
	.common = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.min_arguments = 1,
	.max_arguments = 1,
	.tells = true,
	.run = run,
};
