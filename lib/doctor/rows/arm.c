// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/*
 * arm64: there the firmware decides, with ACPI's IORT (rows/iort.c) or a device
 * tree, which devices are behind an SMMU.
 */

static void rule_boot(struct hd_exam *exam)
{
	if (exam->facts->tree.error)
		hd_exam_unread_errno(exam, HD_DEVICETREE_PATH,
				     exam->facts->tree.error);
	else if (exam->facts->tree.there)
		hd_exam_pass(exam, "the host was started with a device tree");
	else if (hd_exam_exists(exam, "/sys/firmware/acpi"))
		hd_exam_pass(exam, "the host was started with ACPI");
	else
		hd_exam_missing(exam, "/sys/firmware");
}

static int visit_link(void *data, int dir_fd, const char *name)
{
	HD_AUTOFREE char *target = NULL;
	struct hd_seen seen;

	if (strcmp(name, "module") == 0)
		return 0;
	seen = hd_sysfs_read_link(dir_fd, name, &target);
	*(bool *)data |= seen.is == HD_PRESENT;
	/* EINVAL: an attribute of the driver. */
	return seen.error == -EINVAL ? 0 : seen.error;
}

/* A driver's folder has a link for each device that it drives. */
static void rule_driver(struct hd_exam *exam)
{
	static const char *const drivers[] = {
		"/sys/bus/platform/drivers/arm-smmu",
		"/sys/bus/platform/drivers/arm-smmu-v3",
	};
	bool there = false, bound = false;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		there |= hd_exam_each(exam, drivers[i], visit_link, &bound);
	if (bound)
		hd_exam_pass(exam, "an SMMU has its driver");
	else if (hd_exam_groups(exam) > 0)
		hd_exam_pass(exam, "there are groups, so there is one");
	else if (there)
		hd_exam_bad(exam,
			    "the driver of the SMMU is there, and drives none");
	else if (hd_exam_exists(exam, "/sys/bus/platform"))
		hd_exam_bad(exam, "the driver of the SMMU isn't loaded");
	else
		hd_exam_missing(exam, "/sys/bus/platform");
}

static void rule_page_size(struct hd_exam *exam)
{
	const char *value =
		hd_kconfig_value(&exam->facts->kconfig, "ARM64_64K_PAGES");

	if (!hd_facts_have_kconfig(exam->facts))
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->kconfig_err));
	else if (value && strcmp(value, "y") == 0)
		hd_exam_bad(
			exam,
			"the host has pages of 64 KiB: small BARs of devices can't be mapped for guests with smaller ones");
	else
		hd_exam_pass(exam, "it isn't 64 KiB");
}

static const struct hd_row rows[] = {
	{ .id = "arm-firmware",
	  .title = "How the firmware describes the machine",
	  .source = "/sys/firmware",
	  .rule = rule_boot,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-smmu-driver",
	  .title = "The SMMU has a driver",
	  .source = "/sys/bus/platform/drivers/arm-smmu*",
	  .rule = rule_driver,
	  .bad = HD_FAIL,
	  .fix = "modprobe arm_smmu_v3, or arm_smmu",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "arm-page-size",
	  .title = "Size of pages",
	  .source = "kernel configuration",
	  .rule = rule_page_size,
	  .bad = HD_WARN,
	  .fix = "Use a kernel with pages of 4 KiB",
	  .where = HD_ON_ARM64 },
};

const struct hd_rows hd_rows_arm = HD_ROWS("arm64", rows);
