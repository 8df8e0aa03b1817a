// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"

/* The machine and its firmware, as far as the kernel can't make up for them. */

/* Bits of /proc/sys/kernel/tainted (Documentation/admin-guide/
 * tainted-kernels.rst). */
#define TAINT_DIE (UINT64_C(1) << 7)

#define TABLES "/sys/firmware/acpi/tables"

/* The table that describes the IOMMU is the row's source. */
static void rule_acpi_table(struct hd_exam *exam)
{
	if (hd_exam_exists(exam, exam->row->source))
		hd_exam_pass(exam, "the firmware describes %s",
			     exam->row->what);
	else if (hd_exam_groups(exam) > 0)
		hd_exam_pass(exam, "the IOMMU works without this table");
	else if (!hd_exam_exists(exam, TABLES))
		hd_exam_missing(exam, TABLES);
	else if (exam->facts->emulated) {
		hd_exam_bad(
			exam,
			"this host is a virtual machine, and has no IOMMU itself");
		hd_exam_fix(
			exam,
			"Give it one on the host below, with libvirt: <iommu model='intel'><driver intremap='on' caching_mode='on'/></iommu> on machine q35");
	} else
		hd_exam_bad(
			exam,
			"the firmware describes no IOMMU: %s is off in its setup, or the machine has none",
			exam->row->what);
}

static void rule_virtual(struct hd_exam *exam)
{
	HD_AUTOFREE char *type = NULL;

	if (hd_exam_try(exam, "/sys/hypervisor/type", &type))
		hd_exam_bad(exam, "the host runs below the hypervisor %s",
			    type);
	else if (exam->facts->emulated)
		hd_exam_bad(
			exam,
			"the host is a virtual machine: what it can pass through was passed to it");
	else if (exam->facts->cpuinfo.text)
		hd_exam_pass(exam, "nothing says that it is a virtual machine");
	else
		hd_exam_unread(exam, exam->facts->cpuinfo.path,
			       exam->facts->cpuinfo.seen);
}

static void rule_oops(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;
	uint64_t bits;

	if (!hd_exam_read_source(exam, &text) ||
	    !hd_exam_number(exam, exam->row->source, text, 10, UINT64_MAX,
			    &bits))
		return;
	if (bits & TAINT_DIE)
		hd_exam_bad(
			exam,
			"the kernel has had an oops since it was started: what it does with devices may hang");
	else
		hd_exam_pass(exam, "the kernel has had no oops");
}

static void rule_modules_folder(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	HD_AUTOFREE char *path = NULL;
	struct hd_count all;

	if (!facts->release) {
		hd_exam_unread_errno(exam, "/proc/sys/kernel/osrelease",
				     facts->release_error);
		return;
	}
	path = hd_text("/lib/modules/%s", facts->release);
	if (!path)
		return;
	all = hd_facts_count(facts, "/lib/modules");
	if (hd_exam_exists(exam, path))
		hd_exam_pass(exam, "%s is there", path);
	else if (hd_exam_saw(exam, all.seen, "/lib/modules") && all.n > 0)
		hd_exam_bad(
			exam,
			"there are modules of other kernels only, not of %s, which runs",
			facts->release);
	else
		hd_exam_unknown(exam,
				"there are no modules at all in /lib/modules");
}

static void rule_pci(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;

	if (facts->inventory.n_devices)
		hd_exam_pass(exam, "the host has %zu PCI functions",
			     facts->inventory.n_devices);
	else if (!facts->has_sys)
		hd_exam_missing(exam, "/sys");
	else if (facts->inventory_err.code &&
		 hd_exam_exists(exam, exam->row->source))
		hd_exam_unknown(exam, "%s",
				hd_err_message(&facts->inventory_err));
	else
		hd_exam_bad(exam, "the host has no PCI devices");
}

static const struct hd_row rows[] = {
	{ .id = "machine-oops",
	  .title = "The kernel is sound",
	  .source = "/proc/sys/kernel/tainted",
	  .rule = rule_oops,
	  .bad = HD_WARN,
	  .fix = "Reboot before you take devices from drivers" },
	{ .id = "machine-pci",
	  .title = "PCI devices",
	  .source = "/sys/bus/pci/devices",
	  .rule = rule_pci,
	  .bad = HD_FAIL },
	{ .id = "machine-dmar",
	  .title = "VT-d in the firmware",
	  .source = TABLES "/DMAR",
	  .rule = rule_acpi_table,
	  .what = "VT-d",
	  .bad = HD_FAIL,
	  .fix = "Turn on VT-d in the firmware's setup (it is another switch than VT-x)",
	  .where = HD_ON_VTD,
	  .shown_by = "iommu-groups" },
	{ .id = "machine-ivrs",
	  .title = "AMD-Vi in the firmware",
	  .source = TABLES "/IVRS",
	  .rule = rule_acpi_table,
	  .what = "AMD-Vi",
	  .bad = HD_FAIL,
	  .fix = "Turn on IOMMU or AMD-Vi in the firmware's setup (it is another switch than SVM)",
	  .where = HD_ON_AMD_VI,
	  .shown_by = "iommu-groups" },
	{ .id = "machine-virtual",
	  .title = "The host is a real machine",
	  .source = "/proc/cpuinfo, /sys/hypervisor/type",
	  .rule = rule_virtual,
	  .bad = HD_WARN },
	{ .id = "machine-modules",
	  .title = "Modules of the kernel that runs",
	  .source = "/lib/modules/RELEASE",
	  .rule = rule_modules_folder,
	  .bad = HD_FAIL,
	  .fix = "Reboot into the kernel whose modules are installed",
	  .shown_by = "vfio-pci" },
};

const struct hd_rows hd_rows_machine = HD_ROWS("machine", rows);
