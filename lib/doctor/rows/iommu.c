// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/doctor/read/kernellog.h"
#include "lib/doctor/row.h"
#include "lib/host/iommu.h"
#include "lib/host/sysfs.h"

/* IOMMUs and their groups, as the kernel runs now. */

#define GROUPS "/sys/kernel/iommu_groups"
#define UNSAFE(module)                                                         \
	"/sys/module/" module "/parameters/allow_unsafe_interrupts"
#define UNITS "/sys/class/iommu"

static void rule_units(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;

	if (facts->units.n > 0)
		hd_exam_pass(exam, "%u at work", facts->units.n);
	else if (hd_exam_groups(exam) > 0)
		hd_exam_pass(exam, "there are groups, so there is one");
	else if (facts->units.seen.is == HD_PRESENT && facts->has_sys)
		hd_exam_bad(exam, "the kernel drives no IOMMU");
	else
		hd_exam_unread(exam, UNITS, facts->units.seen);
}

static void rule_groups(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;

	if (facts->groups.n > 1)
		hd_exam_pass(exam, "%u groups", facts->groups.n);
	else if (facts->groups.n == 1)
		hd_exam_warn(
			exam,
			"all devices are in one group, and go to one guest or none");
	else if (facts->has_sys && facts->groups.seen.is != HD_UNKNOWN)
		hd_exam_bad(
			exam,
			"the host has no IOMMU groups: its IOMMU is off, or there is none");
	else
		hd_exam_unread(exam, GROUPS, facts->groups.seen);
}

bool hd_exam_is_unsafe_by_choice(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	return hd_exam_try(exam, UNSAFE("vfio_iommu_type1"), &text) &&
	       hd_is_yes(text);
}

void hd_exam_forgive_unsafe(struct hd_exam *exam)
{
	if (exam->checkup->health == HD_FAIL &&
	    hd_exam_is_unsafe_by_choice(exam))
		exam->checkup->health = HD_WARN;
}

/* "IR-IO-APIC", "IR-PCI-MSI" and "ITS-PCI-MSI": the names of the chips. */
static void rule_remapping(struct hd_exam *exam)
{
	const struct hd_text_file *file = &exam->facts->interrupts;

	if (!file->text)
		hd_exam_unread(exam, file->path, file->seen);
	else if (strstr(file->text, exam->row->what))
		hd_exam_pass(exam, "interrupts of devices are isolated");
	else if (hd_exam_groups(exam) == 0)
		hd_exam_not_applicable(exam, "there is no IOMMU to do it");
	else if (hd_exam_is_unsafe_by_choice(exam))
		hd_exam_warn(
			exam,
			"interrupts of devices aren't isolated, and allow_unsafe_interrupts makes up for it: a guest may harm the host");
	else
		hd_exam_bad(
			exam,
			"interrupts of devices aren't isolated, and vfio refuses devices then (\"Operation not permitted\")");
}

/* There is no ITS, or nobody has asked it for an interrupt yet. */
static void rule_its(struct hd_exam *exam)
{
	const char *text = exam->facts->interrupts.text;

	if (text && !strstr(text, "MSI") && hd_exam_groups(exam) > 0)
		hd_exam_warn(
			exam,
			"no device uses message signaled interrupts now, so none shows whether they are isolated");
	else
		rule_remapping(exam);
}

static void rule_unsafe(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (!hd_exam_read_parameter(exam, &text))
		return;
	if (hd_is_yes(text))
		hd_exam_bad(
			exam,
			"a guest's device may raise any interrupt of the host: %s is on",
			exam->row->what);
	else
		hd_exam_pass(exam, "%s is off", exam->row->what);
}

/* Subclass of a PCI function that is an IOMMU, as each of AMD's is (AMD I/O
 * Virtualization Technology, 3.1): it is behind none itself. */
#define CLASS_IOMMU 0x0806

struct without_group {
	size_t n, n_late; /* n_late: a driver may give it one */
	struct hd_addr first; /* of @n */
};

static struct without_group
find_without_group(const struct hd_inventory *inventory, bool late)
{
	struct without_group found = { .n = 0 };

	for (size_t i = inventory->n_devices; i-- > 0;) {
		const struct hd_device *device = &inventory->devices[i];

		if (device->bridge || device->group != HD_NO_GROUP ||
		    device->class_code >> 8 == CLASS_IOMMU)
			continue;
		if (late && !device->driver) {
			found.n_late++;
			continue;
		}
		found.first = device->addr;
		found.n++;
	}
	return found;
}

static void rule_complete(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	struct hd_seen late = hd_iommu_groups_come_late(facts->host);
	struct without_group found =
		find_without_group(&facts->inventory, late.is == HD_PRESENT);
	HD_AUTOFREE char *waiting =
		found.n_late ?
			hd_text("%zu device%s no driver, and get%s a group when one takes %s",
				found.n_late,
				found.n_late == 1 ? " has" : "s have",
				found.n_late == 1 ? "s" : "",
				found.n_late == 1 ? "it" : "them") :
			NULL;

	if (facts->inventory_err.code)
		hd_exam_unknown(exam, "%s",
				hd_err_message(&facts->inventory_err));
	else if (hd_exam_groups(exam) == 0)
		hd_exam_not_applicable(exam, "there are no groups");
	else if (found.n && late.is == HD_UNKNOWN)
		hd_exam_unread(exam, UNITS, late);
	else if (found.n)
		hd_exam_bad(
			exam,
			"%zu device%s (%s%s) can't go to a guest, being behind no IOMMU%s%s",
			found.n, found.n == 1 ? "" : "s",
			hd_addr_text(found.first).s,
			found.n == 1 ? "" : ", ...", waiting ? "; " : "",
			waiting ? waiting : "");
	else if (waiting)
		hd_exam_pass(exam, "%s", waiting);
	else
		hd_exam_pass(exam, "every device is in one");
}

/* The groups whose default domain is of one type. */
struct types {
	unsigned identity, translated;
};

static int visit_type(void *data, int dir_fd, const char *name)
{
	struct types *types = data;
	HD_AUTOFREE char *path = hd_text("%s/type", name);
	HD_AUTOFREE char *type = NULL;
	struct hd_seen seen;

	if (!path)
		return -ENOMEM;
	seen = hd_sysfs_read(dir_fd, path, &type);
	if (seen.is == HD_PRESENT && strcmp(type, "identity") == 0)
		types->identity++;
	else if (seen.is == HD_PRESENT)
		types->translated++;
	return seen.error;
}

static void rule_types(struct hd_exam *exam)
{
	struct types types = { 0, 0 };

	if (!hd_exam_each(exam, GROUPS, visit_type, &types))
		hd_exam_missing(exam, GROUPS);
	else if (types.identity + types.translated == 0)
		hd_exam_unknown(exam, "no group tells its type");
	else
		hd_exam_pass(
			exam,
			"of the host's own DMA, %u groups are translated and %u are not; for guests all are",
			types.translated, types.identity);
}

/* "address sizes	: 39 bits physical, 48 bits virtual" */
static unsigned physical_bits(const char *cpuinfo)
{
	const char *line = cpuinfo ? strstr(cpuinfo, "address sizes") : NULL;
	unsigned bits;

	return line && sscanf(line, "address sizes : %u bits", &bits) == 1 ?
		       bits :
		       0;
}

/* MGAW of the capability register, VT-d specification 11.4.2. */
static void rule_width(struct hd_exam *exam)
{
	unsigned cpu = physical_bits(exam->facts->cpuinfo.text), iommu;
	HD_AUTOFREE char *text = NULL;
	uint64_t cap;

	hd_exam_saw(exam, exam->facts->cpuinfo.seen, exam->facts->cpuinfo.path);
	if (!hd_exam_read_source(exam, &text) ||
	    !hd_exam_number(exam, exam->row->source, text, 16, UINT64_MAX,
			    &cap))
		return;
	iommu = (unsigned)(cap >> 16 & 0x3f) + 1;
	if (!cpu)
		hd_exam_unknown(
			exam,
			"/proc/cpuinfo doesn't tell the processor's width");
	else if (iommu < cpu)
		hd_exam_bad(
			exam,
			"the IOMMU has %u bits of address, the processor %u: large guests, or BARs that are put high, can't be mapped",
			iommu, cpu);
	else
		hd_exam_pass(exam, "%u bits", iommu);
}

/* Messages of drivers/iommu; those of AMD have the same words since 4.x. */
static void rule_faults(struct hd_exam *exam)
{
	static const char *const words[] = { "DMAR: [DMA",
					     "IO_PAGE_FAULT",
					     "Unhandled context fault",
					     "Blocked unknown Stream ID",
					     "[INTR-REMAP]",
					     NULL };
	HD_AUTOFREE char *first = NULL;
	unsigned n;
	int r = hd_kernel_log_count(exam->facts->host, words, &n, &first);

	if (r < 0)
		hd_exam_unread_errno(exam, "/dev/kmsg", r);
	else if (n == 0)
		hd_exam_pass(exam, "the kernel's log has none");
	else
		hd_exam_bad(exam, "the kernel's log has %u, the first: %s", n,
			    first);
}

static const struct hd_row rows[] = {
	{ .id = "iommu-units",
	  .title = "IOMMUs at work",
	  .source = UNITS,
	  .rule = rule_units,
	  .bad = HD_FAIL,
	  .fix = "Turn on the IOMMU (VT-d, AMD-Vi, SMMU) in the firmware's setup, and reboot",
	  .shown_by = "iommu-groups" },
	{ .id = "iommu-groups",
	  .title = "IOMMU groups",
	  .source = GROUPS,
	  .rule = rule_groups,
	  .bad = HD_FAIL,
	  .fix = "Turn on the IOMMU (VT-d, AMD-Vi, SMMU) in the firmware's setup, and reboot" },
	{ .id = "iommu-groups-complete",
	  .title = "Every device is in a group",
	  .source = "/sys/bus/pci/devices/*/iommu_group",
	  .rule = rule_complete,
	  .bad = HD_WARN },
	{ .id = "iommu-remapping",
	  .title = "Interrupt remapping",
	  .source = "/proc/interrupts",
	  .rule = rule_remapping,
	  .what = " IR-",
	  .bad = HD_FAIL,
	  .fix = "Turn on interrupt remapping or x2APIC in the firmware's setup, or update it; look at: dmesg | grep -i remap",
	  .where = HD_ON_X86 },
	{ .id = "iommu-its",
	  .title = "Isolated interrupts",
	  .source = "/proc/interrupts",
	  .rule = rule_its,
	  .what = " ITS-",
	  .bad = HD_FAIL,
	  .fix = "None in software: the machine needs a GICv3 ITS for its PCI host bridge",
	  .where = HD_ON_ARM64 },
	{ .id = "iommu-unsafe-interrupts",
	  .title = "Interrupts aren't unsafe by choice",
	  .source = UNSAFE("vfio_iommu_type1"),
	  .rule = rule_unsafe,
	  .what = "allow_unsafe_interrupts",
	  .bad = HD_WARN,
	  .fix = "Remove allow_unsafe_interrupts from /etc/modprobe.d and the kernel's command line, unless you chose it knowingly" },
	{ .id = "iommu-unsafe-iommufd",
	  .title = "Interrupts aren't unsafe by choice in iommufd",
	  .source = UNSAFE("iommufd"),
	  .rule = rule_unsafe,
	  .what = "allow_unsafe_interrupts",
	  .bad = HD_WARN,
	  .fix = "Remove allow_unsafe_interrupts from /etc/modprobe.d and the kernel's command line, unless you chose it knowingly" },
	{ .id = "iommu-width",
	  .title = "Width of addresses",
	  .source = "/sys/class/iommu/dmar0/intel-iommu/cap",
	  .rule = rule_width,
	  .bad = HD_WARN,
	  .fix = "Give guests <cpu><maxphysaddr mode='passthrough' limit='39'/></cpu>, with the IOMMU's number of bits",
	  .where = HD_ON_VTD },
	{ .id = "iommu-types",
	  .title = "How the host's own DMA is mapped",
	  .source = GROUPS "/*/type",
	  .rule = rule_types },
	{ .id = "iommu-faults",
	  .title = "No faults of DMA since the boot",
	  .source = "/dev/kmsg",
	  .rule = rule_faults,
	  .bad = HD_WARN },
};

const struct hd_rows hd_rows_iommu = HD_ROWS("IOMMU", rows);
