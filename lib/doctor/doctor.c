// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"

/* How many devices a sentence about all of them names. */
#define NAMED_LIMIT 6

/* Causes before what comes of them: the first that fails is what to fix. */
static const struct hd_rows *const tables[] = {
	&hd_rows_machine,   &hd_rows_android,  &hd_rows_devicetree,
	&hd_rows_arm,	    &hd_rows_iort,     &hd_rows_kernel,
	&hd_rows_cmdline,   &hd_rows_iommu,    &hd_rows_vfio_modules,
	&hd_rows_earlyboot, &hd_rows_vfio,     &hd_rows_confinement,
	&hd_rows_memory,    &hd_rows_device,   &hd_rows_isolation,
	&hd_rows_guard,	    &hd_rows_graphics, &hd_rows_hardware,
	&hd_rows_libvirt,   &hd_rows_hook,
};

static const struct hd_rows *const tables_of_image[] = { &hd_rows_image,
							 &hd_rows_kernel };

static const struct hd_rows *const tables_of_tree[] = { &hd_rows_devicetree };

const char *hd_health_name(enum hd_health health)
{
	static const char *const names[] = { "pass", "warn", "fail", "unknown",
					     "skip" };

	return names[health];
}

static void clear_checkup(struct hd_checkup *checkup)
{
	free(checkup->detail);
	free(checkup->fix);
	free(checkup->overlay);
	free(checkup->node);
}

static const char *name_of(unsigned on)
{
	switch (on) {
	case HD_ON_INTEL:
		return "Intel processors";
	case HD_ON_AMD:
		return "AMD processors";
	case HD_ON_VTD:
		return "VT-d";
	case HD_ON_AMD_VI:
		return "AMD-Vi";
	case HD_ON_ARM64:
		return "arm64";
	default:
		return "x86";
	}
}

/* Whether the row is for hosts like this; otherwise that is said. */
static bool is_for_host(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	unsigned where = exam->row->where;

	if (!where || (facts->on & where))
		return true;
	/* Of a kernel its file says it. */
	if (facts->cpuinfo.text || (facts->image && facts->on))
		hd_exam_not_applicable(exam, "this is for %s", name_of(where));
	else
		hd_exam_unread(exam, facts->cpuinfo.path, facts->cpuinfo.seen);
	return false;
}

/* Those of lib/check refuse, whatever they warn of besides. */
static bool can_fail(const struct hd_row *row)
{
	return row->bad == HD_FAIL || row->first;
}

/* What a checkup says before it is made. */
static void describe(struct hd_exam *exam)
{
	struct hd_checkup *checkup = exam->checkup;

	checkup->id = exam->row->id;
	checkup->title = exam->row->title;
	checkup->source = exam->row->source;
	/* All devices of the host are one row, which warns at most. */
	checkup->decides = can_fail(exam->row) &&
			   (exam->row->scope != HD_EACH || exam->device);
	checkup->shown_by = exam->row->shown_by;
	checkup->of_device = exam->device != NULL;
	if (exam->device)
		checkup->addr = exam->device->addr;
	if (exam->pci) {
		checkup->node = strdup(exam->pci->path);
		exam->failed |= !checkup->node;
	}
}

static int run_rule(struct hd_exam *exam, struct hd_err *err)
{
	describe(exam);
	if (is_for_host(exam) && hd_exam_is_for_android(exam))
		exam->row->rule(exam);
	if (exam->unread)
		hd_exam_unknown(exam, "%s", exam->unread);
	free(exam->unread);
	exam->unread = NULL;
	return exam->checkup->detail && !exam->failed ? 0 : hd_err_nomem(err);
}

static struct hd_checkup *add(struct hd_diagnosis *diagnosis, const char *group)
{
	struct hd_checkup *checkup = hd_array_add(
		&diagnosis->items, &diagnosis->n, sizeof(*checkup));

	if (checkup)
		checkup->group = group;
	return checkup;
}

/* What all devices of the host came to in one row. */
struct summary {
	struct hd_checkup worst; /* the first of them */
	size_t n; /* how many there are */
	char names[NAMED_LIMIT * sizeof(struct hd_addr_text)];
};

/* Takes over what @one owns when it is worse than all before. */
static void take(struct summary *summary, struct hd_addr addr,
		 struct hd_checkup *one)
{
	static const int weights[] = { [HD_NOT_APPLICABLE] = 0,
				       [HD_PASS] = 1,
				       [HD_UNREAD] = 2,
				       [HD_WARN] = 3,
				       [HD_FAIL] = 4 };
	enum hd_health health = one->health;
	struct hd_checkup *worst = &summary->worst;
	size_t n;

	if (!worst->detail || weights[health] > weights[worst->health]) {
		clear_checkup(worst);
		*worst = *one;
		*one = (struct hd_checkup){ .detail = NULL };
		summary->n = 0;
		summary->names[0] = '\0';
	}
	if (health != worst->health)
		return;
	n = strlen(summary->names);
	if (summary->n++ < NAMED_LIMIT)
		snprintf(summary->names + n, sizeof(summary->names) - n, "%s%s",
			 n ? ", " : "", hd_addr_text(addr).s);
}

static void say_summary(struct hd_exam *exam, const struct summary *summary)
{
	const struct hd_checkup *worst = &summary->worst;
	enum hd_health health =
		worst->health == HD_FAIL ? HD_WARN : worst->health;

	if (exam->facts->inventory_err.code)
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->inventory_err));
	else if (!worst->detail)
		hd_exam_not_applicable(exam, "the host has no devices");
	else if (health == HD_NOT_APPLICABLE)
		hd_exam_not_applicable(exam, "%s", worst->detail);
	else if (health == HD_PASS)
		hd_exam_pass(exam, "of %zu device%s nothing is to be said",
			     summary->n, summary->n == 1 ? "" : "s");
	else if (summary->n == 1)
		hd_exam_say(exam, health, "%s: %s", summary->names,
			    worst->detail);
	else
		hd_exam_say(exam, health, "%zu devices (%s%s), the first: %s",
			    summary->n, summary->names,
			    summary->n > NAMED_LIMIT ? ", ..." : "",
			    worst->detail);
	if (health == HD_WARN && worst->fix)
		hd_exam_fix(exam, "%s", worst->fix);
}

/*
 * Whether a device is something that somebody may want to give away: no bridge,
 * and none of what a machine consists of (<linux/pci_ids.h>: memory
 * controllers, bridges, system peripherals, SMBus).
 */
static bool is_for_guests(const struct hd_device *device)
{
	uint32_t base = device->class_code >> 16;

	return !device->bridge && base != 0x05 && base != 0x06 &&
	       base != 0x08 && device->class_code >> 8 != 0x0c05;
}

/* All devices that may go to guests, as one row. */
static int run_for_all(struct hd_exam *exam, struct hd_err *err)
{
	const struct hd_inventory *inventory = &exam->facts->inventory;
	struct summary summary = { .n = 0 };
	struct hd_checkup *whole = exam->checkup;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++) {
		struct hd_checkup one = { .detail = NULL };

		if (!is_for_guests(&inventory->devices[i]))
			continue;
		exam->device = &inventory->devices[i];
		exam->checkup = &one;
		r = run_rule(exam, err);
		if (r == 0)
			take(&summary, exam->device->addr, &one);
		clear_checkup(&one);
	}
	exam->device = NULL;
	exam->checkup = whole;
	describe(exam);
	if (r == 0)
		say_summary(exam, &summary);
	clear_checkup(&summary.worst);
	return r < 0 || whole->detail ? r : hd_err_nomem(err);
}

/* A row that is of the host, or of all its devices. */
static int run_once(struct hd_host_facts *facts, const struct hd_rows *rows,
		    const struct hd_row *row, struct hd_diagnosis *diagnosis,
		    struct hd_err *err)
{
	struct hd_exam exam = { .facts = facts,
				.row = row,
				.assign = HD_WHOLE_DOMAIN,
				.checkup = add(diagnosis, rows->group) };

	if (!exam.checkup)
		return hd_err_nomem(err);
	if (row->scope == HD_EACH)
		return run_for_all(&exam, err);
	if (row->scope == HD_HOST || row->scope == HD_PCI_HOST ||
	    (row->scope == HD_GUEST && facts->request->memory))
		return run_rule(&exam, err);
	describe(&exam);
	if (row->scope == HD_GUEST)
		hd_exam_not_applicable(
			&exam,
			"this is for a guest: virt-hostdev doctor GUEST");
	else
		hd_exam_not_applicable(
			&exam,
			"this is for one device: virt-hostdev doctor ADDRESS");
	return exam.checkup->detail ? 0 : hd_err_nomem(err);
}

/* A row for each device that is asked for. */
static int run_for_asked(struct hd_host_facts *facts,
			 const struct hd_rows *rows, const struct hd_row *row,
			 struct hd_diagnosis *diagnosis, struct hd_err *err)
{
	const struct hd_request *request = facts->request->devices;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_assigns; i++) {
		struct hd_device absent = { .addr = request->assigns[i].addr,
					    .group = HD_NO_GROUP };
		const struct hd_device *device = hd_inventory_find(
			facts->examine_err.code ? &facts->inventory :
						  &facts->situation.inventory,
			absent.addr);
		struct hd_exam exam = { .facts = facts,
					.row = row,
					.device = device ? device : &absent,
					.assign = i,
					.checkup =
						add(diagnosis, rows->group) };

		if (!exam.checkup)
			return hd_err_nomem(err);
		r = run_rule(&exam, err);
	}
	return r;
}

/* A row for each PCI host bridge of the device tree. */
static int run_for_pci_hosts(struct hd_host_facts *facts,
			     const struct hd_rows *rows,
			     const struct hd_row *row,
			     struct hd_diagnosis *diagnosis, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < facts->tree.n_hosts; i++) {
		struct hd_exam exam = { .facts = facts,
					.row = row,
					.assign = HD_WHOLE_DOMAIN,
					.pci = &facts->tree.hosts[i],
					.checkup =
						add(diagnosis, rows->group) };

		if (!exam.checkup)
			return hd_err_nomem(err);
		r = run_rule(&exam, err);
	}
	return r;
}

static int run_row(struct hd_host_facts *facts, const struct hd_rows *rows,
		   const struct hd_row *row, struct hd_diagnosis *diagnosis,
		   struct hd_err *err)
{
	if (facts->request->devices &&
	    (row->scope == HD_EACH || row->scope == HD_NAMED ||
	     row->scope == HD_PCI_HOST))
		return run_for_asked(facts, rows, row, diagnosis, err);
	if (row->scope == HD_PCI_HOST && facts->tree.n_hosts > 0)
		return run_for_pci_hosts(facts, rows, row, diagnosis, err);
	return run_once(facts, rows, row, diagnosis, err);
}

static int run_table(struct hd_host_facts *facts, const struct hd_rows *rows,
		     struct hd_diagnosis *diagnosis, struct hd_err *err)
{
	struct hd_row made;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rows->n; i++)
		r = run_row(facts, rows, &rows->rows[i], diagnosis, err);
	for (size_t i = 0;
	     r == 0 && rows->make && rows->make(rows->group, i, &made); i++)
		r = run_row(facts, rows, &made, diagnosis, err);
	return r;
}

/* Whether a row was read, be it good or bad. */
static bool is_read(const struct hd_diagnosis *diagnosis, const char *id)
{
	for (size_t i = 0; i < diagnosis->n; i++)
		if (strcmp(diagnosis->items[i].id, id) == 0)
			return diagnosis->items[i].health != HD_UNREAD;
	return false;
}

bool hd_diagnosis_misses(const struct hd_diagnosis *diagnosis, size_t i)
{
	const struct hd_checkup *checkup = &diagnosis->items[i];

	return checkup->health == HD_UNREAD && checkup->decides &&
	       !(checkup->shown_by && is_read(diagnosis, checkup->shown_by));
}

/* The first row of a verdict: what fails, or else what is missing. */
static void decide(struct hd_diagnosis *diagnosis)
{
	diagnosis->verdict = HD_VERDICT_GOOD;
	for (size_t i = 0; i < diagnosis->n; i++) {
		bool fails = diagnosis->items[i].health == HD_FAIL;
		bool misses = hd_diagnosis_misses(diagnosis, i);

		diagnosis->n_missing += misses;
		if (diagnosis->verdict == HD_VERDICT_BAD ||
		    (!fails &&
		     (!misses || diagnosis->verdict == HD_VERDICT_UNKNOWN)))
			continue;
		diagnosis->verdict =
			fails ? HD_VERDICT_BAD : HD_VERDICT_UNKNOWN;
		diagnosis->first = i;
	}
}

static int run_tables(struct hd_host_facts *facts,
		      const struct hd_rows *const *some, size_t n,
		      struct hd_diagnosis *ret, struct hd_err *err)
{
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis = { .items = NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = run_table(facts, some[i], &diagnosis, err);
	if (r < 0)
		return r;
	decide(&diagnosis);
	*ret = diagnosis;
	diagnosis = (struct hd_diagnosis){ .items = NULL };
	return 0;
}

int hd_doctor_run(const struct hd_host *host,
		  const struct hd_doctor_request *request,
		  struct hd_diagnosis *ret, struct hd_err *err)
{
	HD_AUTO_FACTS struct hd_host_facts facts = { .host = host };
	int r = hd_doctor_facts_read(host, request, &facts, err);

	return r < 0 ? r :
		       run_tables(&facts, tables,
				  sizeof(tables) / sizeof(tables[0]), ret, err);
}

int hd_doctor_run_image(const struct hd_host *host,
			const struct hd_doctor_request *request,
			const struct hd_kernel_image *image, const char *name,
			struct hd_diagnosis *ret, struct hd_err *err)
{
	HD_AUTO_FACTS struct hd_host_facts facts = { .host = host };
	int r = hd_doctor_facts_of_image(host, request, image, name, &facts,
					 err);

	return r < 0 ? r :
		       run_tables(&facts, tables_of_image,
				  sizeof(tables_of_image) /
					  sizeof(tables_of_image[0]),
				  ret, err);
}

int hd_doctor_run_tree(const struct hd_host *host,
		       const struct hd_doctor_request *request,
		       struct hd_devicetree *tree, struct hd_diagnosis *ret,
		       struct hd_err *err)
{
	HD_AUTO_FACTS struct hd_host_facts facts = { .host = host,
						     .request = request,
						     .on = HD_ON_ARM64,
						     .tree = *tree };

	*tree = (struct hd_devicetree){ .there = false };
	return run_tables(&facts, tables_of_tree,
			  sizeof(tables_of_tree) / sizeof(tables_of_tree[0]),
			  ret, err);
}

void hd_diagnosis_clear(struct hd_diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->n; i++)
		clear_checkup(&diagnosis->items[i]);
	free(diagnosis->items);
	*diagnosis = (struct hd_diagnosis){ .items = NULL };
}
