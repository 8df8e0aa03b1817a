// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/doctor/row.h"
#include "lib/host/module.h"

/* The modules of VFIO, and how the host is configured to load them. */

static void say_module(struct hd_exam *exam, enum hd_module_state state)
{
	switch (state) {
	case HD_MODULE_PRESENT:
		hd_exam_pass(exam, "vfio-pci is there");
		return;
	case HD_MODULE_LOADABLE:
		hd_exam_pass(exam, "vfio-pci is loaded when it is wanted");
		return;
	case HD_MODULE_BLACKLISTED:
		hd_exam_bad(
			exam,
			"vfio-pci is blacklisted, in modprobe.d or on the kernel's command line");
		hd_exam_fix(
			exam,
			"Remove it where this finds it: grep -rs vfio /etc/modprobe.d /run/modprobe.d /usr/lib/modprobe.d /proc/cmdline");
		return;
	case HD_MODULE_COMMAND:
		hd_exam_bad(
			exam,
			"modprobe.d has an install command for vfio-pci, which libvirt and the hook don't run");
		hd_exam_fix(
			exam,
			"Remove it where this finds it: grep -rs 'install vfio' /etc/modprobe.d /run/modprobe.d /usr/lib/modprobe.d");
		return;
	case HD_MODULE_MISSING:
	case HD_MODULE_NOT_VFIO:
		hd_exam_bad(exam, "this kernel has no vfio-pci");
		hd_exam_fix(
			exam,
			"Install the kernel with all its modules: some distributions have them in another package (kernel-modules, linux-modules-extra)");
		return;
	case HD_MODULE_UNKNOWN:
		hd_exam_unknown(exam,
				"/lib/modules of this kernel isn't there");
	}
}

/* Whether a kernel without modules has the driver, sysfs or Kconfig say. */
static bool tells_otherwise(struct hd_exam *exam, enum hd_module_state *state)
{
	const char *value = hd_kconfig_value(&exam->facts->kconfig, "VFIO_PCI");

	if (*state != HD_MODULE_UNKNOWN && *state != HD_MODULE_MISSING)
		return false;
	if (!hd_facts_have_kconfig(exam->facts) ||
	    (value && strcmp(value, "m") == 0))
		return false;
	*state = value && strcmp(value, "y") == 0 ? HD_MODULE_PRESENT :
						    HD_MODULE_MISSING;
	return true;
}

/* Says where a module is that isn't loaded, on Android; false when that isn't
 * so. */
static bool say_android(struct hd_exam *exam, const char *module)
{
	const char *folder = NULL;

	if (!hd_exam_android_has(exam, module, &folder))
		return false;
	hd_exam_bad(
		exam,
		"%s isn't loaded: it is among Android's modules in %s, where nothing but Android's init looks for it",
		module, folder);
	hd_exam_fix(exam, "modprobe -d %s %s", folder, module);
	return true;
}

static void rule_driver(struct hd_exam *exam)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	enum hd_module_state state = HD_MODULE_UNKNOWN;
	int r = hd_module_query(exam->facts->host, "vfio-pci", &state, &err);

	if (r < 0 && !tells_otherwise(exam, &state)) {
		hd_exam_unknown(exam, "%s", hd_err_message(&err));
		return;
	}
	if (r == 0)
		tells_otherwise(exam, &state);
	if ((state != HD_MODULE_MISSING && state != HD_MODULE_UNKNOWN) ||
	    !say_android(exam, "vfio_pci"))
		say_module(exam, state);
}

/* What the kernel's files tell of a module; its configuration where they don't.
 */
static enum hd_module_place place_of(struct hd_exam *exam, const char *module,
				     const char *option)
{
	const struct hd_host_facts *facts = exam->facts;
	enum hd_module_place place = hd_exam_module(exam, module);
	const char *value = hd_kconfig_value(&facts->kconfig, option);

	if (place != HD_PLACE_UNKNOWN || !hd_facts_have_kconfig(facts) ||
	    (value && strcmp(value, "m") == 0))
		return place;
	return value && strcmp(value, "y") == 0 ? HD_PLACE_BUILTIN :
						  HD_PLACE_NOWHERE;
}

static void rule_type1(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const char *value =
		hd_kconfig_value(&facts->kconfig, "IOMMUFD_VFIO_CONTAINER");

	switch (place_of(exam, "vfio_iommu_type1", "VFIO_IOMMU_TYPE1")) {
	case HD_PLACE_LOADED:
	case HD_PLACE_BUILTIN:
		hd_exam_pass(exam, "vfio_iommu_type1 is there");
		return;
	case HD_PLACE_LOADABLE:
		hd_exam_pass(exam,
			     "vfio_iommu_type1 is loaded when it is wanted");
		return;
	case HD_PLACE_UNKNOWN:
		hd_exam_unread(exam,
			       facts->dep.text ? facts->builtin.path :
						 facts->dep.path,
			       facts->dep.text ? facts->builtin.seen :
						 facts->dep.seen);
		return;
	case HD_PLACE_NOWHERE:
		break;
	}
	if (say_android(exam, "vfio_iommu_type1"))
		return;
	if (value && strcmp(value, "y") == 0)
		hd_exam_pass(exam, "iommufd does it instead");
	else
		hd_exam_bad(
			exam,
			"this kernel has no vfio_iommu_type1, which QEMU's VFIO needs");
}

/* Calls @visit for every file of the folders of modprobe.d(5); how many of
 * them there are. */
static int each_modprobe_file(struct hd_exam *exam,
			      bool (*visit)(struct hd_exam *exam, void *data,
					    const char *name, char *text))
{
	int n = 0;

	for (const char *const *folder = hd_modprobe_folders; *folder; folder++)
		n += hd_exam_each_text(exam, *folder, ".conf", visit, NULL);
	return n;
}

/* Whether a line is "options vfio-pci ...", with any blanks. */
static bool sets_options(char *line)
{
	const char *word = strsep(&line, " \t");

	if (strcmp(word, "options") != 0 || !line)
		return false;
	line += strspn(line, " \t");
	return hd_module_names_equal(line, "vfio_pci", 8) &&
	       (line[8] == ' ' || line[8] == '\t');
}

static bool visit_options(struct hd_exam *exam, void *data, const char *name,
			  char *text)
{
	char *rest = text, *line;

	(void)data;
	while ((line = strsep(&rest, "\n"))) {
		if (!sets_options(line))
			continue;
		hd_exam_bad(
			exam,
			"vfio-pci is built into the kernel, so its options in modprobe.d's %s do nothing",
			name);
		return false;
	}
	return true;
}

static void rule_options(struct hd_exam *exam)
{
	int n;

	if (!exam->facts->builtin.text) {
		hd_exam_unread(exam, exam->facts->builtin.path,
			       exam->facts->builtin.seen);
		return;
	}
	if (!hd_exam_is_builtin(exam, "vfio_pci")) {
		hd_exam_not_applicable(
			exam, "vfio-pci is no part of the kernel's image");
		return;
	}
	n = each_modprobe_file(exam, visit_options);
	if (exam->checkup->detail)
		return;
	if (n)
		hd_exam_pass(exam, "modprobe.d has no options for it");
	else
		hd_exam_unknown(exam, "there is no folder of modprobe.d");
}

/* vfio_virqfd is no module any more since Linux 6.2. */
static void rule_stale(struct hd_exam *exam)
{
	static const char *const files[] = {
		"/etc/modules",
		"/etc/modules-load.d/vfio.conf",
		"/etc/modules-load.d/vfio-pci.conf",
		"/etc/initramfs-tools/modules",
		"/etc/mkinitcpio.conf",
		"/etc/dracut.conf",
		"/etc/dracut.conf.d/vfio.conf"
	};
	bool any = false;

	if (hd_exam_module(exam, exam->row->what) != HD_PLACE_NOWHERE) {
		hd_exam_not_applicable(exam, "this kernel may have a module %s",
				       exam->row->what);
		return;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		HD_AUTOFREE char *text = NULL;

		if (!hd_exam_try(exam, files[i], &text))
			continue;
		any = true;
		if (!strstr(text, exam->row->what))
			continue;
		hd_exam_bad(exam, "%s names %s, which this kernel doesn't have",
			    files[i], exam->row->what);
		return;
	}
	if (any || exam->facts->has_etc)
		hd_exam_pass(exam, "no file names %s", exam->row->what);
	else
		hd_exam_missing(exam, "/etc");
}

static const struct hd_row rows[] = {
	{ .id = "vfio-pci",
	  .title = "The driver vfio-pci",
	  .source =
		  "/sys/bus/pci/drivers/vfio-pci, /lib/modules/RELEASE, modprobe.d",
	  .rule = rule_driver,
	  .bad = HD_FAIL },
	{ .id = "vfio-type1",
	  .title = "The IOMMU driver of VFIO",
	  .source = "/sys/module/vfio_iommu_type1, /lib/modules/RELEASE",
	  .rule = rule_type1,
	  .bad = HD_FAIL,
	  .fix = "Install the kernel with all its modules, or use one with CONFIG_VFIO_IOMMU_TYPE1" },
	{ .id = "vfio-options",
	  .title = "Options of vfio-pci are in effect",
	  .source = "/lib/modules/RELEASE/modules.builtin, modprobe.d",
	  .rule = rule_options,
	  .bad = HD_WARN,
	  .fix = "Put them on the kernel's command line instead, as vfio-pci.NAME=VALUE" },
	{ .id = "vfio-stale-modules",
	  .title = "No modules that are gone",
	  .source =
		  "/etc/modules, /etc/modules-load.d, configuration of the initramfs",
	  .rule = rule_stale,
	  .what = "vfio_virqfd",
	  .bad = HD_WARN,
	  .fix = "Remove vfio_virqfd there: since Linux 6.2 vfio has it built in" },
};

const struct hd_rows hd_rows_vfio_modules = HD_ROWS("VFIO", rows);
