// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/check/rules.h"
#include "lib/doctor/row.h"

/*
 * What hd_check() finds of a device. The rows are those of lib/check/rules.c:
 * there is no other list of them.
 */

/* Whether a rule is one of those that the row is about. */
static bool is_of_row(const struct hd_exam *exam, const struct hd_rule *rule)
{
	const struct hd_rule *first = exam->row->first;

	while (rule > first && !rule->row.id)
		rule--;
	return rule == first;
}

static bool concerns(const struct hd_finding *finding,
		     const struct hd_exam *exam)
{
	return finding->assign == exam->assign ||
	       finding->assign == HD_WHOLE_DOMAIN;
}

/* The worst of the row's findings, or NULL. */
static const struct hd_finding *find(const struct hd_exam *exam)
{
	const struct hd_findings *findings = &exam->facts->findings;
	const struct hd_finding *worst = NULL;

	for (size_t i = 0; i < findings->n; i++) {
		const struct hd_finding *finding = &findings->items[i];
		const struct hd_rule *rule;

		if (!concerns(finding, exam))
			continue;
		rule = hd_rule_find(finding->id);
		if (rule && is_of_row(exam, rule) &&
		    (!worst || finding->severity > worst->severity))
			worst = finding;
	}
	return worst;
}

/* What ended the look at the device before the row's rule, or NULL. */
static const struct hd_finding *find_before(const struct hd_exam *exam)
{
	const struct hd_findings *findings = &exam->facts->findings;
	const struct hd_rule *first = exam->row->first;

	for (size_t i = 0; !first->of_request && i < findings->n; i++) {
		const struct hd_finding *finding = &findings->items[i];
		const struct hd_rule *rule;

		if (finding->assign != exam->assign ||
		    finding->severity != HD_ERROR)
			continue;
		rule = hd_rule_find(finding->id);
		if (rule && rule < first && rule->judge != first->judge)
			return finding;
	}
	return NULL;
}

/* Whether what the row is about may be lost, of the device or a sibling. */
static bool is_allowed(const struct hd_exam *exam)
{
	const struct hd_request *request = exam->facts->request->devices;
	const struct hd_inventory *inventory =
		&exam->facts->situation.inventory;

	for (size_t i = 0; i < request->n_allows; i++) {
		const struct hd_allow *allow = &request->allows[i];
		const struct hd_device *device;

		if (!is_of_row(exam,
			       &hd_rules[hd_rule_of_critical(allow->critical)]))
			continue;
		device = hd_inventory_find(inventory, allow->addr);
		if (device && device->group == exam->device->group)
			return true;
	}
	return false;
}

/* Whether all that the row says against it is that the guard can't tell. */
static bool is_not_told(const struct hd_exam *exam)
{
	const struct hd_critical_uses *uses =
		&exam->facts->situation.critical_uses;
	bool unknown = false;

	for (size_t i = 0; i < uses->n; i++) {
		const struct hd_critical_use *use = &uses->items[i];

		if (!is_of_row(exam,
			       &hd_rules[hd_rule_of_critical(use->critical)]))
			continue;
		if (!use->unknown)
			return false;
		unknown = true;
	}
	return unknown;
}

/* Says a finding without its full stop. */
static void say_finding(struct hd_exam *exam, const struct hd_finding *finding)
{
	static const enum hd_health healths[] = { [HD_INFO] = HD_UNREAD,
						  [HD_WARNING] = HD_WARN,
						  [HD_ERROR] = HD_FAIL };
	enum hd_health health = healths[finding->severity];
	size_t n = strlen(finding->message);

	if (n > 0 && finding->message[n - 1] == '.')
		n--;
	if (health == HD_WARN)
		health = exam->row->bad;
	if (health == HD_FAIL &&
	    (is_not_told(exam) ||
	     hd_rule_find(finding->id) == &hd_rules[HD_RULE_HOLDERS_UNKNOWN]))
		health = HD_UNREAD;
	hd_exam_say(exam, health, "%.*s", (int)n, finding->message);
	/* What isn't known to be bad has no fix. */
	if (finding->fix && health != HD_UNREAD)
		hd_exam_fix(exam, "%s", finding->fix);
}

/*
 * Whether the file is missing in a copied tree from which the check would have
 * learnt what is wrong, which is said then. A source with "*" doesn't have to
 * be there, nor has one of ours in /run.
 */
static bool is_unread(struct hd_exam *exam)
{
	const char *source = exam->row->source;
	const char *attribute = strstr(source, "/ADDRESS/");
	HD_AUTOFREE char *path = NULL;

	if (exam->facts->host->live || *source != '/' || strchr(source, '*'))
		return false;
	if (attribute)
		path = hd_text("%.*s/%s/%s", (int)(attribute - source), source,
			       hd_addr_text(exam->device->addr).s,
			       attribute + strlen("/ADDRESS/"));
	else
		path = strndup(source, strcspn(source, ","));
	exam->failed |= !path;
	if (!path || hd_exam_exists(exam, path) ||
	    (hd_after(path, "/run/") && hd_exam_exists(exam, "/run")))
		return false;
	hd_exam_missing(exam, path);
	return true;
}

/* What the host shows on the device is only looked at when it is handed over.
 */
static bool is_about_nothing(const struct hd_exam *exam)
{
	const struct hd_situation *situation = &exam->facts->situation;
	const struct hd_device *device;

	if (exam->row->first != &hd_rules[HD_RULE_HAND_OVER_FORBIDDEN])
		return false;
	device = hd_inventory_find(&situation->inventory, exam->device->addr);
	return !device || !hd_shown_of(situation, device);
}

static void rule_found(struct hd_exam *exam)
{
	const struct hd_finding *finding = find(exam);
	const struct hd_finding *before = find_before(exam);

	if (exam->row->first->row.live && !exam->facts->host->live)
		hd_exam_not_applicable(exam, "a copied tree has no processes");
	else if (exam->facts->examine_err.code)
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->examine_err));
	else if (is_about_nothing(exam))
		hd_exam_not_applicable(exam,
				       "no screen is handed over with it");
	else if (finding)
		say_finding(exam, finding);
	else if (before)
		hd_exam_unknown(exam, "not looked at before this is fixed: %s",
				before->id);
	else if (is_allowed(exam))
		hd_exam_pass(exam, "it is allowed to be lost");
	else if (!is_unread(exam))
		hd_exam_pass(exam, "%s", exam->row->why);
}

/* The row number @i of a group. */
static bool make(const char *group, size_t i, struct hd_row *ret)
{
	for (size_t rule = 0; rule < HD_N_RULES; rule++) {
		const struct hd_rule_row *row = &hd_rules[rule].row;

		if (!row->id || strcmp(row->group, group) != 0 || i-- > 0)
			continue;
		*ret = (struct hd_row){
			.id = row->id,
			.title = row->title,
			.source = row->source,
			.rule = rule_found,
			.first = &hd_rules[rule],
			.bad = row->warning_fails ? HD_FAIL : HD_WARN,
			.why = row->fine,
			.scope = HD_NAMED,
		};
		return true;
	}
	return false;
}

const struct hd_rows hd_rows_device = { .group = "device", .make = make };
const struct hd_rows hd_rows_guard = { .group = "guard", .make = make };
