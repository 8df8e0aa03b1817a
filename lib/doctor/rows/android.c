// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/doctor/row.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/*
 * What is Android's own, and what other distributions have and it hasn't.
 */

#define NODE "/dev/vfio/vfio"
#define SELINUX "/sys/fs/selinux"
#define ENFORCE SELINUX "/enforce"
#define LABEL_SIZE 256

/*
 * Whether Android has what the row looks at: where others have these, there it
 * has nothing, or something that a row of its own is about.
 */
bool hd_exam_is_for_android(struct hd_exam *exam)
{
	static const char *const lacking[] = {
		"/boot",
		"/etc/default",
		"/etc/libvirt",
		"/etc/modules",
		"/etc/systemd",
		"/lib/modules/RELEASE",
		"/run",
		SELINUX "/booleans/virt_hooks_unconfined",
		HD_SYSFS_KERNEL "/security",
		"/usr/bin",
		"/var",
	};
	const struct hd_host_facts *facts = exam->facts;

	if (facts->android.seen.is != HD_PRESENT)
		return true;
	for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
		const char *path = lacking[i];
		HD_AUTOFREE char *of_kernel = NULL;

		if (!hd_after(exam->row->source, path))
			continue;
		if (hd_ends_with(path, "/RELEASE")) {
			of_kernel =
				hd_text("/lib/modules/%s",
					facts->release ? facts->release : "");
			exam->failed |= !of_kernel;
			if (!of_kernel || !facts->release)
				return true;
		}
		if (hd_facts_look(facts, of_kernel ? of_kernel : path).is !=
		    HD_ABSENT)
			return true;
		hd_exam_not_applicable(exam, "Android has no %s", path);
		return false;
	}
	return true;
}

/* False when it isn't one, and that is said. */
static bool is_android(struct hd_exam *exam)
{
	if (hd_exam_is_android(exam))
		return true;
	hd_exam_not_applicable(exam, "the host isn't Android");
	return false;
}

static bool is_built(const struct hd_host_facts *facts, const char *option)
{
	const char *value = hd_kconfig_value(&facts->kconfig, option);

	return value && strcmp(value, "n") != 0;
}

/* Android's common kernel is built without VFIO. */
static void rule_vfio(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const char *folder = NULL;

	if (!is_android(exam))
		return;
	if (is_built(facts, "VFIO"))
		hd_exam_pass(exam, "this Android's kernel has VFIO");
	else if (hd_exam_android_has(exam, "vfio_pci", &folder))
		hd_exam_pass(exam, "vfio_pci is among the modules in %s",
			     folder);
	else if (!hd_facts_have_kconfig(facts))
		hd_exam_unknown(exam, "%s",
				hd_err_message(&facts->kconfig_err));
	else
		hd_exam_bad(
			exam,
			"this Android's kernel has no VFIO, as Google's common kernel hasn't");
}

static void rule_kernel(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const char *found;
	size_t n;

	if (!is_android(exam))
		return;
	if (!facts->release) {
		hd_exam_unread_errno(exam, exam->row->source,
				     facts->release_error);
		return;
	}
	found = hd_android_of_release(facts->release, &n);
	if (found)
		hd_exam_pass(
			exam,
			"Linux %s is one of Android's common tree: %.*s, branch and generation",
			facts->release, (int)n, found);
	else
		hd_exam_pass(
			exam,
			"Linux %s isn't named as those of Android's common tree: it is the maker's, or your own",
			facts->release);
}

/* Whether the kernel drives SMMUs without a module of the lists. */
static bool has_smmu(struct hd_exam *exam)
{
	for (const struct hd_android_option *o = hd_android_options; o->option;
	     o++) {
		HD_AUTOFREE char *path =
			hd_text(HD_SYSFS_MODULES "/%s", o->module);

		exam->failed |= !path;
		if (o->smmu && path &&
		    (is_built(exam->facts, o->option) ||
		     hd_exam_exists(exam, path)))
			return true;
	}
	return false;
}

static void say_modules(struct hd_exam *exam, const char *text, bool smmu)
{
	const struct hd_android *android = &exam->facts->android;

	if (android->modules_seen.is == HD_UNKNOWN)
		hd_exam_saw(exam, android->modules_seen, android->modules_path);
	if (smmu || has_smmu(exam) || hd_exam_groups(exam) > 0)
		hd_exam_pass(exam, "%s",
			     *text ? text :
				     "no list has any, and none is needed");
	else if (!hd_facts_have_kconfig(exam->facts))
		hd_exam_unknown(
			exam,
			"no list of modules has a driver of SMMUs, and whether the kernel itself has one can't be told");
	else
		hd_exam_bad(
			exam,
			"neither the kernel nor a list of modules has a driver of SMMUs");
}

static void rule_modules(struct hd_exam *exam)
{
	static const char *const says[] = {
		[HD_ANDROID_THERE] = "there",
		[HD_ANDROID_AT_BOOT] = "loaded at boot",
		[HD_ANDROID_BLOCKED] = "blocked",
	};
	HD_AUTOFREE char *text = NULL;
	bool smmu = false;
	size_t size;
	FILE *file;

	if (!is_android(exam))
		return;
	file = hd_stream_open(&text, &size);
	if (!file)
		return;
	for (const struct hd_android_option *o = hd_android_options; o->option;
	     o++) {
		const char *folder = NULL;
		enum hd_android_module found = hd_android_find(
			&exam->facts->android, o->module, &folder);

		if (found == HD_ANDROID_NONE)
			continue;
		fprintf(file, "%s%s in %s (%s)", ftell(file) ? ", " : "",
			o->module, folder, says[found]);
		smmu |= o->smmu && found != HD_ANDROID_BLOCKED;
	}
	if (fclose(file) == 0)
		say_modules(exam, text, smmu);
}

/* SELinux's label of a file, ended by a NUL. */
static struct hd_seen read_label(struct hd_exam *exam, char ret[LABEL_SIZE + 1])
{
	char path[sizeof(HD_PROC "/self/fd/") + 16];
	int fd = -1;
	struct hd_seen seen = hd_facts_open(exam->facts, NODE, O_PATH, &fd);
	ssize_t n;

	if (seen.is != HD_PRESENT)
		return seen;
	/* Of what is only opened as a path there is no fgetxattr(2). */
	snprintf(path, sizeof(path), HD_PROC "/self/fd/%d", fd);
	n = getxattr(path, "security.selinux", ret, LABEL_SIZE);
	n = n < 0 ? -errno : n;
	hd_auto_close(&fd);
	ret[n < 0 ? 0 : n] = '\0';
	return n == -ENODATA ? hd_seen_absent() : hd_seen_of((int)n);
}

static void rule_selinux(struct hd_exam *exam)
{
	HD_AUTOFREE char *enforce = NULL;
	char label[LABEL_SIZE + 1];
	struct hd_seen seen;

	if (!is_android(exam))
		return;
	if (!hd_exam_read(exam, ENFORCE, &enforce))
		return;
	if (*enforce != '1') {
		hd_exam_pass(exam, "SELinux keeps nobody from anything");
		return;
	}
	seen = read_label(exam, label);
	if (seen.is == HD_ABSENT && !hd_exam_exists(exam, NODE))
		hd_exam_not_applicable(exam, "there is no " NODE);
	else if (seen.is == HD_ABSENT && !exam->facts->host->live)
		hd_exam_unknown(exam, "the copy of " NODE " has no label");
	else if (seen.is != HD_PRESENT)
		hd_exam_unread(exam, "the label of " NODE, seen);
	else if (strstr(label, ":vfio_device:"))
		hd_exam_pass(
			exam,
			NODE
			" has the label %s: whoever runs QEMU needs a rule for it",
			label);
	else
		hd_exam_bad(
			exam,
			"SELinux enforces, and " NODE
			" has the label %s rather than that of vfio_device: hardly anybody but root's own domain may open it",
			label);
}

/* Adds who gets a path, as the lists have it; those read last count. */
static bool add_node(struct hd_exam *exam, FILE *file, const char *path)
{
	static const char *const lists[] = {
		"/system/etc/ueventd.rc", "/ueventd.rc",
		"/vendor/etc/ueventd.rc", "/vendor/ueventd.rc",
		"/odm/etc/ueventd.rc",
	};
	HD_AUTOFREE char *who = NULL;
	const char *list = NULL;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		HD_AUTOFREE char *text = NULL;
		HD_AUTOFREE char *found = NULL;

		if (!hd_exam_try(exam, lists[i], &text))
			continue;
		exam->failed |= hd_android_node(text, path, &found) < 0;
		if (!found)
			continue;
		free(who);
		who = hd_steal(&found);
		list = lists[i];
	}
	if (who)
		fprintf(file, "%s%s: %s (%s)", ftell(file) ? ", " : "", path,
			who, list);
	return who != NULL;
}

static void rule_nodes(struct hd_exam *exam)
{
	static const char *const nodes[] = { "/dev/kvm", NODE, "/dev/vfio/0",
					     "/dev/iommu" };
	HD_AUTOFREE char *text = NULL;
	bool any = false;
	size_t size;
	FILE *file;

	if (!is_android(exam))
		return;
	file = hd_stream_open(&text, &size);
	if (!file)
		return;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		any |= add_node(exam, file, nodes[i]);
	if (fclose(file) != 0)
		return;
	hd_exam_pass(
		exam, "%s",
		any ? text :
		      "no ueventd.rc names /dev/kvm or /dev/vfio: only root gets them");
}

static const struct hd_row rows[] = {
	{ .id = "arm-android",
	  .title = "Android",
	  .source = "/system/build.prop",
	  .rule = rule_vfio,
	  .bad = HD_FAIL,
	  .fix = "Use a kernel that is built with CONFIG_VFIO, CONFIG_VFIO_PCI and the SMMU's driver; no app helps, nor proot, which can neither load modules nor make nodes",
	  .where = HD_ON_ARM64,
	  .shown_by = "vfio-pci" },
	{ .id = "arm-android-kernel",
	  .title = "Android's kernel",
	  .source = HD_PROC_RELEASE,
	  .rule = rule_kernel,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-android-modules",
	  .title = "Android's modules",
	  .source = "/vendor/lib/modules, /vendor_dlkm/lib/modules",
	  .rule = rule_modules,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-android-selinux",
	  .title = "SELinux on Android",
	  .source = ENFORCE ", " NODE,
	  .rule = rule_selinux,
	  .bad = HD_WARN,
	  .fix = "Give it the label in the policy's file_contexts: /dev/vfio(/.*)? u:object_r:vfio_device:s0",
	  .where = HD_ON_ARM64 },
	{ .id = "arm-android-nodes",
	  .title = "Who gets the nodes on Android",
	  .source = "/vendor/etc/ueventd.rc, /system/etc/ueventd.rc",
	  .rule = rule_nodes,
	  .where = HD_ON_ARM64 },
};

const struct hd_rows hd_rows_android = HD_ROWS("arm64", rows);
