// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/* libvirt and QEMU, as far as files tell: no program is run. */

#define CACHE "/var/cache/libvirt/qemu/capabilities"

/* The first of a list of paths that exists, or NULL. */
static const char *find_path(struct hd_exam *exam, const char *const *paths)
{
	for (; *paths; paths++)
		if (hd_exam_exists(exam, *paths))
			return *paths;
	return NULL;
}

static void rule_daemon(struct hd_exam *exam)
{
	static const char *const sockets[] = { "/run/libvirt/virtqemud-sock",
					       "/run/libvirt/libvirt-sock",
					       NULL };
	const struct hd_daemon *daemon = &exam->facts->daemon;
	const char *socket = find_path(exam, sockets);

	hd_exam_saw(exam, daemon->seen, "/proc");
	if (daemon->pid)
		hd_exam_pass(exam, "%s runs", daemon->name);
	else if (socket)
		hd_exam_pass(exam, "%s is there to start it", socket);
	else if (exam->facts->host->live)
		hd_exam_bad(exam, "neither virtqemud nor libvirtd runs");
	else
		hd_exam_not_applicable(exam, "a copied tree has no processes");
}

static void rule_qemu(struct hd_exam *exam)
{
	static const char *const programs[] = { "/usr/bin/qemu-system-x86_64",
						"/usr/bin/qemu-system-aarch64",
						"/usr/libexec/qemu-kvm",
						"/usr/bin/qemu-kvm",
						"/usr/bin/kvm",
						NULL };
	const char *program = find_path(exam, programs);

	if (program)
		hd_exam_pass(exam, "%s", program);
	else if (exam->facts->host->live)
		hd_exam_bad(exam,
			    "there is no QEMU where libvirt looks for it");
	else
		hd_exam_not_applicable(exam,
				       "programs aren't in a copied tree");
}

/* "<version>9002002</version>" of what libvirt wrote (virQEMUCapsFormatCache)
 */
static bool visit_capabilities(struct hd_exam *exam, void *data,
			       const char *name, char *text)
{
	static const char tag[] = "<version>";
	uint64_t *newest = data, version;
	char *p = strstr(text, tag);

	if (!p)
		return true;
	p += strlen(tag);
	p[strcspn(p, "<")] = '\0';
	if (!hd_exam_number(exam, name, p, 10, UINT32_MAX, &version))
		return false;
	if (version > *newest)
		*newest = version;
	return true;
}

static void rule_qemu_version(struct hd_exam *exam)
{
	uint64_t version = 0;

	if (!hd_exam_each_text(exam, CACHE, ".xml", visit_capabilities,
			       &version))
		hd_exam_missing(exam, CACHE);
	else if (exam->checkup->detail)
		return;
	else if (version)
		hd_exam_pass(exam, "%" PRIu64 ".%" PRIu64 ".%" PRIu64,
			     version / 1000000, version / 1000 % 1000,
			     version % 1000);
	else
		hd_exam_unknown(exam,
				"libvirt has written down no version yet");
}

static int compare_uses(const void *a, const void *b)
{
	const struct hd_guest_use *x = a, *y = b;
	int r = hd_addr_compare(&x->addr, &y->addr);

	/* Those that start by themselves stand together. */
	if (r == 0)
		r = (int)y->autostart - (int)x->autostart;
	return r ? r : strcmp(x->domain, y->domain);
}

static bool is_shared(const struct hd_guest_use *a,
		      const struct hd_guest_use *b, bool autostart)
{
	return hd_addr_equal(a->addr, b->addr) &&
	       strcmp(a->domain, b->domain) != 0 &&
	       (!autostart || (a->autostart && b->autostart));
}

/* Two that start by themselves are worse than two that a person starts. */
static void say_shared(struct hd_exam *exam, const struct hd_guest_use *uses,
		       size_t n)
{
	for (int autostart = 1; autostart >= 0; autostart--)
		for (size_t i = 1; i < n; i++) {
			if (!is_shared(&uses[i - 1], &uses[i], autostart))
				continue;
			hd_exam_bad(
				exam, "guests '%s' and '%s' both ask for %s%s",
				uses[i - 1].domain, uses[i].domain,
				hd_addr_text(uses[i].addr).s,
				autostart ?
					", and both are started with the host" :
					": they can't run at the same time");
			return;
		}
	hd_exam_pass(exam, "no two guests ask for the same device");
}

static void rule_shared(struct hd_exam *exam)
{
	const struct hd_doctor_request *request = exam->facts->request;
	HD_AUTOFREE struct hd_guest_use *uses = NULL;

	if (request->uses_unread) {
		hd_exam_unknown(exam, "%s", request->uses_unread);
		return;
	}
	uses = calloc(request->n_uses + 1, sizeof(*uses));
	if (!uses)
		return;
	for (size_t i = 0; i < request->n_uses; i++)
		uses[i] = request->uses[i];
	qsort(uses, request->n_uses, sizeof(*uses), compare_uses);
	say_shared(exam, uses, request->n_uses);
}

static bool is_vf(struct hd_exam *exam, struct hd_addr addr)
{
	HD_AUTOCLOSE int fd = -1;

	return hd_exam_saw(exam,
			   hd_sysfs_open_device(exam->facts->host, addr, &fd),
			   hd_addr_text(addr).s) &&
	       hd_exam_saw(exam, hd_sysfs_look(fd, "physfn"), "physfn");
}

/* Who makes virtual functions must be done before libvirt starts guests. */
static void rule_autostart(struct hd_exam *exam)
{
	const struct hd_doctor_request *request = exam->facts->request;
	const struct hd_guest_use *vf = NULL;

	if (request->uses_unread || exam->facts->inventory_err.code) {
		hd_exam_unknown(
			exam, "%s",
			request->uses_unread ?
				request->uses_unread :
				hd_err_message(&exam->facts->inventory_err));
		return;
	}
	for (size_t i = 0; i < request->n_uses; i++) {
		const struct hd_guest_use *use = &request->uses[i];
		const struct hd_device *device =
			hd_inventory_find(&exam->facts->inventory, use->addr);

		if (use->autostart && !device) {
			hd_exam_bad(
				exam,
				"guest '%s' is started with the host, and %s isn't there",
				use->domain, hd_addr_text(use->addr).s);
			return;
		}
		if (use->autostart && is_vf(exam, use->addr))
			vf = use;
	}
	if (vf)
		hd_exam_pass(
			exam,
			"they are there now; %s of guest '%s' is a virtual function, which is made anew with each boot: before libvirt's daemon starts",
			hd_addr_text(vf->addr).s, vf->domain);
	else
		hd_exam_pass(exam, "they are there");
}

static void rule_sleep(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (!hd_exam_read_source(exam, &text))
		return;
	if (*text)
		hd_exam_pass(
			exam,
			"the host can (%s); devices of running guests may not come back from it",
			text);
	else
		hd_exam_pass(exam, "the host can't");
}

static void rule_logs(struct hd_exam *exam)
{
	struct hd_count logs = hd_facts_count(exam->facts, exam->row->source);

	if (logs.seen.is == HD_PRESENT)
		hd_exam_pass(exam, "%u files are there to be read", logs.n);
	else
		hd_exam_unread(exam, exam->row->source, logs.seen);
}

static void rule_config(struct hd_exam *exam)
{
	const struct hd_err *err = &exam->facts->config_err;

	/* What was read and can't be used; all else couldn't be read. */
	if (err->code == EINVAL || err->code == EPERM || err->code == EFBIG)
		hd_exam_bad(exam, "%s", hd_err_message(err));
	else if (err->code)
		hd_exam_unknown(exam, "%s", hd_err_message(err));
	else if (exam->facts->has_etc)
		hd_exam_pass(exam, "it can be used");
	else
		hd_exam_missing(exam, "/etc");
}

static const struct hd_row rows[] = {
	{ .id = "libvirt-daemon",
	  .title = "libvirt",
	  .source = "/proc/*/comm, /run/libvirt",
	  .rule = rule_daemon,
	  .bad = HD_WARN,
	  .fix = "systemctl start virtqemud.socket, or libvirtd" },
	{ .id = "libvirt-qemu",
	  .title = "QEMU",
	  .source = "/usr/bin, /usr/libexec",
	  .rule = rule_qemu,
	  .bad = HD_WARN,
	  .fix = "Install it: apt install qemu-system-x86, dnf install qemu-kvm" },
	{ .id = "libvirt-qemu-version",
	  .title = "Version of QEMU",
	  .source = CACHE,
	  .rule = rule_qemu_version },
	{ .id = "libvirt-shared-devices",
	  .title = "No two guests ask for the same device",
	  .source = "/etc/libvirt/qemu/*.xml, /etc/libvirt/qemu/autostart",
	  .rule = rule_shared,
	  .bad = HD_WARN },
	{ .id = "libvirt-autostart",
	  .title = "Devices of guests that are started with the host",
	  .source = "/etc/libvirt/qemu/*.xml, /etc/libvirt/qemu/autostart",
	  .rule = rule_autostart,
	  .bad = HD_WARN,
	  .fix = "See what is there: virt-hostdev list; virtual functions are best made by a udev rule: ATTR{sriov_numvfs}=\"4\"" },
	{ .id = "libvirt-logs",
	  .title = "Logs of guests",
	  .source = "/var/log/libvirt/qemu",
	  .rule = rule_logs },
	{ .id = "libvirt-sleep",
	  .title = "Sleep of the host",
	  .source = "/sys/power/state",
	  .rule = rule_sleep },
	{ .id = "hook-configuration",
	  .title = "virt-hostdev's own configuration",
	  .source = HD_CONFIG_FILE,
	  .rule = rule_config,
	  .bad = HD_FAIL,
	  .fix = "Correct that line: as it is, no guest with devices starts" },
};

const struct hd_rows hd_rows_libvirt = HD_ROWS("libvirt", rows);
