// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/doctor/read/devicetree.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/*
 * arm64: there the firmware decides, with ACPI's IORT (rows/iort.c) or a device
 * tree, which devices are behind an SMMU.
 */

#define TREE HD_DEVICETREE_PATH

static void rule_boot(struct hd_exam *exam)
{
	if (exam->facts->tree.there)
		hd_exam_pass(exam, "the host was started with a device tree");
	else if (hd_exam_exists(exam, "/sys/firmware/acpi"))
		hd_exam_pass(exam, "the host was started with ACPI");
	else
		hd_exam_missing(exam, "/sys/firmware");
}

/* False when there is no tree, or nothing is wrong anyway; that is said. */
static bool has_tree(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = &exam->facts->tree;

	if (tree->error)
		hd_exam_unread_errno(exam, TREE, tree->error);
	else if (!tree->there)
		hd_exam_not_applicable(exam, "the host has no device tree");
	else if (hd_exam_groups(exam) > 0)
		hd_exam_pass(exam, "there are groups, so it is right");
	return !exam->checkup->detail;
}

static void rule_smmu(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = &exam->facts->tree;

	if (!has_tree(exam))
		return;
	if (!tree->smmus)
		hd_exam_bad(exam, "the device tree has no SMMU");
	else if (tree->smmus == tree->smmus_off)
		hd_exam_bad(exam,
			    "all SMMUs of the device tree are turned off");
	else
		hd_exam_pass(exam, "%u of %u SMMUs are on",
			     tree->smmus - tree->smmus_off, tree->smmus);
}

static void rule_map(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = &exam->facts->tree;

	if (!has_tree(exam))
		return;
	if (tree->hosts_mapped)
		hd_exam_pass(exam,
			     "%u of %u PCI host bridges have an iommu-map",
			     tree->hosts_mapped, tree->hosts);
	else if (!tree->hosts)
		hd_exam_bad(exam, "the device tree has no PCI host bridge");
	else if (tree->hosts_misled)
		hd_exam_bad(
			exam,
			"the PCI host bridge has \"iommus\" and no \"iommu-map\", which is what counts for PCI");
	else
		hd_exam_bad(
			exam,
			"no PCI host bridge of the device tree has an \"iommu-map\": its devices are behind no SMMU");
}

/* vfio asks for IOMMU_CAP_CACHE_COHERENCY (drivers/vfio/vfio_main.c). */
static void rule_coherent(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = &exam->facts->tree;

	if (tree->error)
		hd_exam_unread_errno(exam, TREE, tree->error);
	else if (!tree->there || !tree->v3s)
		hd_exam_not_applicable(exam, "the device tree has no SMMUv3");
	else if (!tree->v3s_coherent)
		hd_exam_bad(
			exam,
			"no SMMUv3 is \"dma-coherent\": vfio refuses its devices (\"Invalid argument\")");
	else
		hd_exam_pass(exam, "%u of %u are \"dma-coherent\"",
			     tree->v3s_coherent, tree->v3s);
}

static void rule_msi(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = &exam->facts->tree;

	if (tree->error)
		hd_exam_unread_errno(exam, TREE, tree->error);
	else if (!tree->there)
		hd_exam_not_applicable(exam, "the host has no device tree");
	else if (!tree->its)
		hd_exam_bad(
			exam,
			"the device tree has no GICv3 ITS: interrupts of devices aren't isolated");
	else if (tree->hosts && !tree->hosts_msi)
		hd_exam_bad(
			exam,
			"no PCI host bridge sends its interrupts to the ITS");
	else
		hd_exam_pass(exam, "there is a GICv3 ITS");
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

static void rule_hypervisor(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = &exam->facts->tree;

	if (tree->error)
		hd_exam_unread_errno(exam, TREE, tree->error);
	else if (!tree->there)
		hd_exam_not_applicable(exam, "the host has no device tree");
	else if (tree->hypervisor[0])
		hd_exam_bad(
			exam,
			"a hypervisor of the vendor (%s) is below the kernel: KVM and the SMMU may belong to it",
			tree->hypervisor);
	else
		hd_exam_pass(exam, "the device tree names none");
}

/* Android's common kernel is built without VFIO and the SMMU's drivers. */
static void rule_android(struct hd_exam *exam)
{
	const char *value = hd_kconfig_value(&exam->facts->kconfig, "VFIO");

	if (!hd_exam_exists(exam, exam->row->source))
		hd_exam_not_applicable(exam, "the host isn't Android");
	else if (!hd_facts_have_kconfig(exam->facts))
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->kconfig_err));
	else if (value && strcmp(value, "n") != 0)
		hd_exam_pass(exam, "this Android's kernel has VFIO");
	else
		hd_exam_bad(exam, "this Android's kernel has no VFIO");
}

static const struct hd_row rows[] = {
	{ .id = "arm-firmware",
	  .title = "How the firmware describes the machine",
	  .source = "/sys/firmware",
	  .rule = rule_boot,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-android",
	  .title = "Android",
	  .source = "/system/build.prop",
	  .rule = rule_android,
	  .bad = HD_FAIL,
	  .fix = "Use a kernel that is built with CONFIG_VFIO, CONFIG_VFIO_PCI and the SMMU's driver",
	  .where = HD_ON_ARM64,
	  .shown_by = "vfio-pci" },
	{ .id = "arm-smmu",
	  .title = "The SMMU in the device tree",
	  .source = TREE,
	  .rule = rule_smmu,
	  .bad = HD_FAIL,
	  .fix = "None in software, unless the vendor has a device tree with it",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "arm-iommu-map",
	  .title = "PCI behind the SMMU",
	  .source = TREE,
	  .rule = rule_map,
	  .bad = HD_FAIL,
	  .fix = "None in software, unless the vendor has a device tree with an iommu-map",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "arm-smmu-driver",
	  .title = "The SMMU has a driver",
	  .source = "/sys/bus/platform/drivers/arm-smmu*",
	  .rule = rule_driver,
	  .bad = HD_FAIL,
	  .fix = "modprobe arm_smmu_v3, or arm_smmu",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "arm-coherent",
	  .title = "Coherent DMA",
	  .source = TREE,
	  .rule = rule_coherent,
	  .bad = HD_FAIL,
	  .fix = "None in software: only a machine whose DMA is coherent may say so",
	  .where = HD_ON_ARM64 },
	{ .id = "arm-msi",
	  .title = "Interrupts in the device tree",
	  .source = TREE,
	  .rule = rule_msi,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-hypervisor",
	  .title = "No hypervisor of the vendor",
	  .source = TREE "/hypervisor",
	  .rule = rule_hypervisor,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-page-size",
	  .title = "Size of pages",
	  .source = "kernel configuration",
	  .rule = rule_page_size,
	  .bad = HD_WARN,
	  .fix = "Use a kernel with pages of 4 KiB",
	  .where = HD_ON_ARM64 },
};

const struct hd_rows hd_rows_arm = HD_ROWS("arm64", rows);
