// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/doctor/report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"
#include "tools/cli/table.h"
#include "tools/tool.h"

static const struct {
	const char *name;
	enum hd_exit exit;
} verdicts[] = {
	[HD_VERDICT_GOOD] = { "good", HD_EXIT_FINE },
	[HD_VERDICT_BAD] = { "bad", HD_EXIT_FAILED },
	[HD_VERDICT_UNKNOWN] = { "unknown", HD_EXIT_UNKNOWN },
};

enum hd_exit hd_report_exit(const struct hd_diagnosis *diagnosis)
{
	return verdicts[diagnosis->verdict].exit;
}

static const char *const whole[] = {
	[HD_OF_HOST] = "this host",
	[HD_OF_KERNEL] = "this kernel",
	[HD_OF_TREE] = "a machine with this device tree",
};

/* "0000:01:00.0", "guest 'win11'"; NULL without memory. */
static char *subject_of(const struct hd_doctor_request *request)
{
	const struct hd_request *devices = request->devices;

	if (!devices)
		return strdup(whole[request->subject]);
	if (devices->domain)
		return hd_text("guest '%s'", devices->domain);
	if (devices->n_assigns == 1)
		return strdup(hd_addr_text(devices->assigns[0].addr).s);
	return hd_text("%s and %zu more",
		       hd_addr_text(devices->assigns[0].addr).s,
		       devices->n_assigns - 1);
}

/* What it is to be able to do. */
static const char *ability_of(const struct hd_doctor_request *request)
{
	return !request->devices	? " pass devices through" :
	       request->devices->domain ? " have its devices" :
					  " be passed through";
}

/* Without its first letter as of a sentence; NULL without memory. */
static char *verdict_words(const struct hd_doctor_request *request,
			   const struct hd_diagnosis *diagnosis)
{
	HD_AUTOFREE char *subject = subject_of(request);
	const char *ability = ability_of(request);
	const char *detail = diagnosis->verdict == HD_VERDICT_GOOD ?
				     "" :
				     diagnosis->items[diagnosis->first].detail;

	if (!subject)
		return NULL;
	if (diagnosis->verdict == HD_VERDICT_GOOD)
		return hd_text("%s can%s", subject, ability);
	if (diagnosis->verdict == HD_VERDICT_BAD)
		return hd_text("%s can't%s yet: %s", subject, ability, detail);
	if (diagnosis->n_missing == 1)
		return hd_text("can't tell whether %s can%s: %s", subject,
			       ability, detail);
	return hd_text(
		"can't tell whether %s can%s: %s, and %zu more checks that decide couldn't be made",
		subject, ability, detail, diagnosis->n_missing - 1);
}

/* The verdict as one sentence without its full stop; NULL without memory. */
static char *verdict_text(const struct hd_doctor_request *request,
			  const struct hd_diagnosis *diagnosis)
{
	char *text = verdict_words(request, diagnosis);

	if (text)
		*text = (char)toupper((unsigned char)*text);
	return text;
}

/* What turns the verdict into a good one, or NULL. */
static const char *fix_of(const struct hd_host *host,
			  const struct hd_doctor_request *request,
			  const struct hd_diagnosis *diagnosis)
{
	if (diagnosis->verdict == HD_VERDICT_BAD)
		return diagnosis->items[diagnosis->first].fix;
	if (diagnosis->verdict == HD_VERDICT_GOOD)
		return NULL;
	if (request->subject == HD_OF_TREE)
		return NULL;
	if (request->subject == HD_OF_KERNEL)
		return "Give the configuration that the kernel was built with, which its package has: virt-hostdev doctor --kernel-image /boot/config-RELEASE";
	if (!host->live)
		return "Record that machine as root: virt-hostdev capture FILE; then virt-hostdev doctor --root FILE";
	return geteuid() != 0 ?
		       "Run it as root" :
		       "See all that is missing: virt-hostdev doctor --all";
}

static json_object *checkup_json(const struct hd_checkup *checkup)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "id", hd_json_text(checkup->id));
	json_object_object_add(object, "group", hd_json_text(checkup->group));
	json_object_object_add(object, "title", hd_json_text(checkup->title));
	json_object_object_add(
		object, "address",
		checkup->of_device ?
			hd_json_text(hd_addr_text(checkup->addr).s) :
			NULL);
	json_object_object_add(object, "status",
			       hd_json_text(hd_health_name(checkup->health)));
	json_object_object_add(
		object, "applies",
		json_object_new_boolean(checkup->health != HD_NOT_APPLICABLE));
	json_object_object_add(object, "decides",
			       json_object_new_boolean(checkup->decides));
	json_object_object_add(object, "detail", hd_json_text(checkup->detail));
	json_object_object_add(object, "source", hd_json_text(checkup->source));
	json_object_object_add(object, "fix", hd_json_text(checkup->fix));
	json_object_object_add(object, "overlay",
			       hd_json_text(checkup->overlay));
	json_object_object_add(object, "node", hd_json_text(checkup->node));
	return object;
}

static size_t count(const struct hd_diagnosis *diagnosis, enum hd_health health)
{
	size_t n = 0;

	for (size_t i = 0; i < diagnosis->n; i++)
		n += diagnosis->items[i].health == health;
	return n;
}

/* Whether an earlier row of the same id is missing: of another device. */
static bool is_listed(const struct hd_diagnosis *diagnosis, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (hd_diagnosis_misses(diagnosis, j) &&
		    strcmp(diagnosis->items[j].id, diagnosis->items[i].id) == 0)
			return true;
	return false;
}

/* The ids of what couldn't be read, and decides. */
static json_object *missing_json(const struct hd_diagnosis *diagnosis)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < diagnosis->n; i++)
		if (hd_diagnosis_misses(diagnosis, i) &&
		    !is_listed(diagnosis, i))
			json_object_array_add(
				array, hd_json_text(diagnosis->items[i].id));
	return array;
}

static json_object *summary_json(const struct hd_host *host,
				 const struct hd_doctor_request *request,
				 const struct hd_diagnosis *diagnosis)
{
	HD_AUTOFREE char *text = verdict_text(request, diagnosis);
	json_object *object = json_object_new_object();
	bool good = diagnosis->verdict == HD_VERDICT_GOOD;

	json_object_object_add(object, "verdict",
			       hd_json_text(verdicts[diagnosis->verdict].name));
	json_object_object_add(
		object, "exit",
		json_object_new_int((int)hd_report_exit(diagnosis)));
	json_object_object_add(object, "message",
			       hd_json_made(hd_json_text(text)));
	json_object_object_add(
		object, "first",
		good ? NULL :
		       checkup_json(&diagnosis->items[diagnosis->first]));
	json_object_object_add(object, "missing", missing_json(diagnosis));
	json_object_object_add(object, "fix",
			       hd_json_text(fix_of(host, request, diagnosis)));
	for (enum hd_health h = HD_PASS; h <= HD_NOT_APPLICABLE; h++)
		json_object_object_add(
			object, hd_health_name(h),
			json_object_new_int((int)count(diagnosis, h)));
	return object;
}

void hd_report_print_json(const struct hd_host *host,
			  const struct hd_doctor_request *request,
			  const struct hd_diagnosis *diagnosis)
{
	json_object *object = json_object_new_object();
	json_object *checks = json_object_new_array();

	for (size_t i = 0; i < diagnosis->n; i++)
		json_object_array_add(checks,
				      checkup_json(&diagnosis->items[i]));
	json_object_object_add(object, "summary",
			       summary_json(host, request, diagnosis));
	json_object_object_add(object, "checks", checks);
	hd_json_print(object);
}

static bool is_same_unread(const struct hd_checkup *a,
			   const struct hd_checkup *b)
{
	return a->health == HD_UNREAD && b->health == HD_UNREAD &&
	       strcmp(a->detail, b->detail) == 0;
}

/* How many later ones can't be read for the same reason. */
static size_t count_same(const struct hd_diagnosis *diagnosis, size_t i)
{
	size_t n = 0;

	for (size_t j = i + 1; j < diagnosis->n; j++)
		n += is_same_unread(&diagnosis->items[i], &diagnosis->items[j]);
	return n;
}

/* Whether the table has a line for it: one reason is enough. */
static bool is_shown(const struct hd_diagnosis *diagnosis, size_t i, bool all)
{
	enum hd_health health = diagnosis->items[i].health;

	if (all || health == HD_WARN || health == HD_FAIL)
		return true;
	if (health != HD_UNREAD)
		return false;
	for (size_t j = 0; j < i; j++)
		if (is_same_unread(&diagnosis->items[i], &diagnosis->items[j]))
			return false;
	return true;
}

static void add_line(struct hd_table *table,
		     const struct hd_diagnosis *diagnosis, size_t i, bool all)
{
	const struct hd_checkup *checkup = &diagnosis->items[i];
	size_t more = all || checkup->health != HD_UNREAD ?
			      0 :
			      count_same(diagnosis, i);
	HD_AUTOFREE char *check =
		more ? hd_text("%s and %zu more", checkup->id, more) :
		       strdup(checkup->id);

	hd_table_line(table);
	table->failed |= !check;
	hd_table_cell(table, hd_health_name(checkup->health));
	hd_table_cell(table, check);
	hd_table_cell(table,
		      checkup->of_device ? hd_addr_text(checkup->addr).s : "-");
	hd_table_cell(table, checkup->detail);
}

static int print_table(const struct hd_diagnosis *diagnosis, bool devices,
		       bool all, struct hd_err *err)
{
	HD_AUTO_TABLE struct hd_table table = hd_table_new();

	hd_table_column(&table, "STATUS", 0);
	hd_table_column(&table, "CHECK", 0);
	hd_table_column(&table, "DEVICE", devices ? 0 : SCOLS_FL_HIDDEN);
	hd_table_column(&table, "DETAIL", SCOLS_FL_WRAP);
	for (size_t i = 0; i < diagnosis->n; i++)
		if (is_shown(diagnosis, i, all))
			add_line(&table, diagnosis, i, all);
	if (hd_table_is_empty(&table))
		return 0;
	putchar('\n');
	return hd_table_print(&table, err);
}

/* It is ours: nothing that others wrote and that mustn't be printed is in it.
 */
static void print_overlay(const struct hd_checkup *checkup)
{
	bool begins = true;

	for (const char *p = checkup->overlay; p && *p; p++) {
		if (begins && *p != '\n')
			fputs("    ", stdout);
		putchar(*p);
		begins = *p == '\n';
	}
}

/* All but the first, which stands below the verdict. */
static void print_fixes(const struct hd_diagnosis *diagnosis)
{
	bool bad = diagnosis->verdict == HD_VERDICT_BAD;
	bool first = true;

	for (size_t i = 0; i < diagnosis->n; i++) {
		const struct hd_checkup *checkup = &diagnosis->items[i];

		if (!checkup->fix || (bad && i == diagnosis->first))
			continue;
		if (first)
			putchar('\n');
		first = false;
		printf("Fix %s: ", checkup->id);
		hd_print(stdout, checkup->fix);
		putchar('\n');
		print_overlay(checkup);
	}
}

static void print_counts(const struct hd_diagnosis *diagnosis, bool all)
{
	printf("\n%zu pass, %zu warn, %zu fail, %zu unknown, %zu don't apply%s\n",
	       count(diagnosis, HD_PASS), count(diagnosis, HD_WARN),
	       count(diagnosis, HD_FAIL), count(diagnosis, HD_UNREAD),
	       count(diagnosis, HD_NOT_APPLICABLE),
	       all ? "." : " (--all shows them).");
}

int hd_report_print(const struct hd_host *host,
		    const struct hd_doctor_request *request,
		    const struct hd_diagnosis *diagnosis, bool all,
		    struct hd_err *err)
{
	HD_AUTOFREE char *text = verdict_text(request, diagnosis);
	const char *fix = fix_of(host, request, diagnosis);

	if (!text)
		return hd_err_nomem(err);
	hd_print(stdout, text);
	puts(".");
	if (fix) {
		fputs("Fix: ", stdout);
		hd_print(stdout, fix);
		putchar('\n');
	}
	if (diagnosis->verdict == HD_VERDICT_BAD)
		print_overlay(&diagnosis->items[diagnosis->first]);
	if (print_table(diagnosis, request->devices != NULL, all, err) < 0)
		return -1;
	print_fixes(diagnosis);
	print_counts(diagnosis, all);
	return 0;
}
