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
		hd_exam_skip(exam, "/lib/modules of this kernel isn't there");
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

static void rule_driver(struct hd_exam *exam)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	enum hd_module_state state = HD_MODULE_UNKNOWN;
	int r = hd_module_query(exam->facts->host, "vfio-pci", &state, &err);

	if (r < 0 && !tells_otherwise(exam, &state)) {
		hd_exam_skip(exam, "%s", hd_err_message(&err));
		return;
	}
	if (r == 0)
		tells_otherwise(exam, &state);
	say_module(exam, state);
}

/* What the kernel's files tell of a module; its configuration where they don't.
 */
static enum hd_module_place place_of(const struct hd_host_facts *facts,
				     const char *module, const char *option)
{
	enum hd_module_place place = hd_facts_module(facts, module);
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

	switch (place_of(facts, "vfio_iommu_type1", "VFIO_IOMMU_TYPE1")) {
	case HD_PLACE_LOADED:
	case HD_PLACE_BUILTIN:
		hd_exam_pass(exam, "vfio_iommu_type1 is there");
		return;
	case HD_PLACE_LOADABLE:
		hd_exam_pass(exam,
			     "vfio_iommu_type1 is loaded when it is wanted");
		return;
	case HD_PLACE_UNKNOWN:
		hd_exam_unread(exam, facts->dep.path, facts->dep.error);
		return;
	case HD_PLACE_NOWHERE:
		break;
	}
	if (value && strcmp(value, "y") == 0)
		hd_exam_pass(exam, "iommufd does it instead");
	else
		hd_exam_bad(
			exam,
			"this kernel has no vfio_iommu_type1, which QEMU's VFIO needs");
}

/* Calls @visit for every file of the folders of modprobe.d(5). */
static int each_modprobe_file(struct hd_exam *exam,
			      int (*visit)(void *data, int dir_fd,
					   const char *name))
{
	static const char *const folders[] = { "/etc/modprobe.d",
					       "/run/modprobe.d",
					       "/usr/lib/modprobe.d",
					       "/lib/modprobe.d" };
	int n = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int fd = hd_facts_open(exam->facts, folders[i],
				       O_RDONLY | O_DIRECTORY);

		if (fd < 0)
			continue;
		n++;
		if (hd_dir_each(fd, visit, exam) != 0)
			break;
	}
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

static int visit_options(void *data, int dir_fd, const char *name)
{
	struct hd_exam *exam = data;
	HD_AUTOFREE char *text = NULL;
	char *rest, *line;

	if (*name == '.' || hd_facts_read_at(dir_fd, name, &text) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (!sets_options(line))
			continue;
		hd_exam_bad(
			exam,
			"vfio-pci is built into the kernel, so its options in modprobe.d's %s do nothing",
			name);
		return 1;
	}
	return 0;
}

static void rule_options(struct hd_exam *exam)
{
	int n;

	if (!exam->facts->builtin.text) {
		hd_exam_unread(exam, exam->facts->builtin.path,
			       exam->facts->builtin.error);
		return;
	}
	if (!hd_facts_is_builtin(exam->facts, "vfio_pci")) {
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
		hd_exam_skip(exam, "no folder of modprobe.d can be read");
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

	if (hd_facts_module(exam->facts, exam->row->what) != HD_PLACE_NOWHERE) {
		hd_exam_not_applicable(exam, "this kernel may have a module %s",
				       exam->row->what);
		return;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		HD_AUTOFREE char *text = NULL;

		if (hd_facts_read(exam->facts, files[i], &text) < 0)
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
		hd_exam_skip(exam, "/etc isn't there");
}

static const struct hd_row rows[] = {
	{ .id = "vfio-pci",
	  .title = "The driver vfio-pci",
	  .source =
		  "/sys/bus/pci/drivers/vfio-pci, /lib/modules/RELEASE, modprobe.d",
	  .rule = rule_driver,
	  .bad = HD_FAIL,
	  .needed = true },
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
