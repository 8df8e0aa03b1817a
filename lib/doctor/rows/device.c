// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"

/*
 * What hd_check() finds of a device, see lib/check/check.h. A row's @what has
 * the ids of the findings, and @why is what there is to say without any.
 */

/*
 * In the order of hd_check()'s rules: the first that refuses a device is the
 * last that looks at it.
 */
static const char *const order[] = {
	"pin-mismatch",	 "device-missing",   "device-dead",   "not-endpoint",
	"not-a-vf",	 "pf-down",	     "no-iommu",      "no-group",
	"device-locked", "pf-has-vfs",	     "group-foreign", "claimed",
	"group-claimed", "group-not-viable", "driver-*",      "vfio-node",
	"critical-*",	 "device-held",
};

#define N_ORDER (sizeof(order) / sizeof(order[0]))

static size_t place_of(const char *id)
{
	size_t i = 0;

	while (i < N_ORDER && fnmatch(order[i], id, 0) != 0)
		i++;
	return i;
}

static bool is_one_of(const char *id, const char *list)
{
	for (const char *p = list; p; p = strchr(p, '|')) {
		size_t n;

		p += *p == '|';
		n = strcspn(p, "|");
		if (strncmp(p, id, n) == 0 && id[n] == '\0')
			return true;
		if (p[n - 1] == '*' && strncmp(p, id, n - 1) == 0)
			return true;
	}
	return false;
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

		if (concerns(finding, exam) &&
		    is_one_of(finding->id, exam->row->what) &&
		    (!worst || finding->severity > worst->severity))
			worst = finding;
	}
	return worst;
}

/* What ended the look at the device before the row's rule, or NULL. */
static const struct hd_finding *find_before(const struct hd_exam *exam)
{
	const struct hd_findings *findings = &exam->facts->findings;
	HD_AUTOFREE char *first =
		strndup(exam->row->what, strcspn(exam->row->what, "|"));
	size_t place = first ? place_of(first) : 0;

	for (size_t i = 0; i < findings->n; i++)
		if (findings->items[i].assign == exam->assign &&
		    findings->items[i].severity == HD_ERROR &&
		    place_of(findings->items[i].id) < place)
			return &findings->items[i];
	return NULL;
}

/* Says a finding without its full stop. */
static void say_finding(struct hd_exam *exam, const struct hd_finding *finding)
{
	static const enum hd_health healths[] = { [HD_INFO] = HD_SKIP,
						  [HD_WARNING] = HD_WARN,
						  [HD_ERROR] = HD_FAIL };
	enum hd_health health = healths[finding->severity];
	size_t n = strlen(finding->message);

	if (n > 0 && finding->message[n - 1] == '.')
		n--;
	if (health == HD_WARN)
		health = exam->row->bad;
	hd_exam_say(exam, health, "%.*s", (int)n, finding->message);
	if (finding->fix)
		hd_exam_fix(exam, "%s", finding->fix);
}

/*
 * Whether the file is missing from which the check would have learnt what is
 * wrong. A source with "*" doesn't have to be there.
 */
static bool is_unread(const struct hd_exam *exam)
{
	const char *source = exam->row->source;
	const char *attribute = strstr(source, "/ADDRESS/");
	HD_AUTOFREE char *path = NULL;

	if (*source != '/' || strchr(source, '*'))
		return false;
	if (attribute)
		path = hd_text("%.*s/%s/%s", (int)(attribute - source), source,
			       hd_addr_text(exam->device->addr).s,
			       attribute + strlen("/ADDRESS/"));
	else
		path = strndup(source, strcspn(source, ","));
	return path && !hd_facts_exists(exam->facts, path);
}

static void rule_found(struct hd_exam *exam)
{
	const struct hd_finding *finding = find(exam);
	const struct hd_finding *before = find_before(exam);

	if (finding)
		say_finding(exam, finding);
	else if (before)
		hd_exam_skip(exam, "not looked at before this is fixed: %s",
			     before->id);
	else if (!exam->facts->host->live && is_unread(exam))
		hd_exam_unread(exam, exam->row->source, -ENOENT);
	else
		hd_exam_pass(exam, "%s", exam->row->why);
}

/* What runs isn't in a copied tree. */
static void rule_held(struct hd_exam *exam)
{
	if (exam->facts->host->live)
		rule_found(exam);
	else
		hd_exam_skip(exam, "a copied tree has no processes");
}

#define SOURCE "/sys/bus/pci/devices"
#define FOUND(id, title, source, ids, otherwise)                               \
	{                                                                      \
		id, title, source, rule_found, ids, HD_WARN, otherwise, NULL,  \
			0, HD_NAMED, false                                     \
	}

static const struct hd_row device_rows[] = {
	FOUND("device-pinned", "It is the one that is pinned", SOURCE,
	      "pin-mismatch|pin-by-place|pin-unused",
	      "no pin of the guest says otherwise"),
	FOUND("device-present", "It is there", SOURCE, "device-missing",
	      "it is there"),
	FOUND("device-alive", "It answers", SOURCE "/ADDRESS/config",
	      "device-dead", "nothing says that it is dead"),
	FOUND("device-endpoint", "It is no bridge", SOURCE "/ADDRESS/class",
	      "not-endpoint", "it is no bridge"),
	FOUND("device-interface", "It fits <interface type='hostdev'>", SOURCE,
	      "not-a-vf|pf-down", "no such rule is broken"),
	FOUND("device-group", "It is in an IOMMU group",
	      SOURCE "/ADDRESS/iommu_group", "no-iommu|no-group",
	      "it is in one"),
	FOUND("device-answers", "The kernel answers for it",
	      SOURCE "/ADDRESS/driver_override", "device-locked",
	      "the kernel answers"),
	FOUND("device-no-vfs", "It has no virtual functions",
	      SOURCE "/*/sriov_numvfs", "pf-has-vfs", "it has none"),
	FOUND("device-group-pci", "Its group has PCI devices only",
	      "/sys/kernel/iommu_groups", "group-foreign",
	      "there is nothing else"),
	FOUND("device-claimed", "No other guest has it",
	      "/run/virt-hostdev/claims",
	      "claimed|group-claimed|claims-unreadable",
	      "no other guest has it"),
	/* For a bind by hand it is a warning, but then no guest gets it. */
	{ .id = "device-group-viable",
	  .title = "Its whole group can be given away",
	  .source = "/sys/kernel/iommu_groups/*/devices/*/driver",
	  .rule = rule_found,
	  .what = "group-not-viable",
	  .bad = HD_FAIL,
	  .why = "nobody in its group stands in the way",
	  .scope = HD_NAMED },
	FOUND("device-driver", "Its VFIO driver", "/sys/bus/pci/drivers",
	      "driver-*|vfio-node", "its driver is there, or can be loaded"),
};

static const struct hd_row guard_rows[] = {
	FOUND("guard-storage", "The host has no file systems or swap on it",
	      "/proc/1/mountinfo, /proc/swaps, /etc/fstab, /sys/power/resume",
	      "critical-mount|critical-swap|critical-fstab|critical-resume",
	      "none is known"),
	FOUND("guard-network", "The host isn't reached through it",
	      "/proc/net/route, SSH_CONNECTION",
	      "critical-default-route|critical-ssh|critical-network-root",
	      "no default route and no session is known"),
	FOUND("guard-display", "It isn't the only display", "/sys/class/drm",
	      "critical-display", "it isn't"),
	FOUND("guard-keyboard", "It isn't the only keyboard",
	      "/sys/class/input", "critical-keyboard", "it isn't"),
	FOUND("guard-chipset", "It is no part of the machine itself",
	      SOURCE "/ADDRESS/class", "critical-chipset", "it isn't"),
	FOUND("guard-firmware", "The firmware doesn't use it",
	      "/sys/kernel/iommu_groups/*/reserved_regions", "critical-region",
	      "its group has no memory of the firmware"),
	FOUND("guard-allowed", "What is allowed to be lost is needed", "-",
	      "allow-unused", "nothing is allowed in vain"),
	{ .id = "guard-holders",
	  .title = "Nobody uses it",
	  .source = "/proc/*/fd",
	  .rule = rule_held,
	  .what = "device-held|interface-up|holders-unknown",
	  .bad = HD_WARN,
	  .why = "no process and no interface is known",
	  .scope = HD_NAMED },
};

const struct hd_rows hd_rows_device = HD_ROWS("device", device_rows);
const struct hd_rows hd_rows_guard = HD_ROWS("guard", guard_rows);
