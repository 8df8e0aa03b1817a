// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/regions.h"
#include "lib/host/sysfs.h"

/*
 * arm64 with ACPI: what the IORT says of SMMUs. Where groups show that the
 * kernel made something of it, nobody has to look how.
 */

#define NO_FIX                                                                 \
	"None in software: the firmware's vendor has to describe it in the IORT"

/* Linux numbers what is no segment of the firmware from here on. */
#define SEGMENTS 0x10000

/* False when there is no table that could be judged, and that is said. */
static bool has_table(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;

	if (facts->iort_seen.is == HD_UNKNOWN)
		hd_exam_unknown(exam, "%s", hd_err_message(&facts->iort_err));
	else if (facts->iort_seen.is == HD_ABSENT &&
		 (facts->tree.there ||
		  hd_exam_exists(exam, HD_SYSFS_ACPI_TABLES)))
		hd_exam_not_applicable(exam, "the host has no IORT");
	else if (facts->iort_seen.is == HD_ABSENT)
		hd_exam_missing(exam, HD_IORT_PATH);
	return facts->iort_seen.is == HD_PRESENT;
}

static void rule_table(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const struct hd_iort *iort = &facts->iort;
	size_t smmus = hd_iort_count(iort, HD_IORT_SMMU) +
		       hd_iort_count(iort, HD_IORT_SMMU_V3);

	if (facts->iort_seen.is == HD_UNKNOWN)
		hd_exam_unknown(exam, "%s", hd_err_message(&facts->iort_err));
	else if (facts->iort_seen.is == HD_PRESENT && iort->checksum_wrong) {
		hd_exam_warn(
			exam,
			"its checksum is wrong: the kernel warns of it, and takes it all the same");
		hd_exam_fix(exam, "Update the firmware");
	} else if (smmus)
		hd_exam_pass(
			exam,
			"root complexes: %zu, SMMUs: %zu, groups of ITS: %zu, other devices: %zu",
			hd_iort_count(iort, HD_IORT_ROOT), smmus,
			hd_iort_count(iort, HD_IORT_ITS),
			hd_iort_count(iort, HD_IORT_NAMED));
	else if (hd_exam_groups(exam) > 0)
		hd_exam_pass(exam, "there are groups, so it isn't needed");
	else if (facts->iort_seen.is == HD_PRESENT ||
		 hd_exam_exists(exam, HD_SYSFS_ACPI_TABLES))
		hd_exam_bad(exam, "the firmware describes no SMMU");
	else if (facts->tree.there)
		hd_exam_not_applicable(exam, "the host has a device tree");
	else
		hd_exam_missing(exam, HD_IORT_PATH);
}

static const char *name_of(const struct hd_iort_node *smmu)
{
	return smmu->type == HD_IORT_SMMU_V3 ? "SMMUv3" : "SMMU";
}

/*
 * The root complex that Linux takes for a segment, which is the first; NULL
 * when there is none.
 */
static const struct hd_iort_node *root_of(const struct hd_iort *iort,
					  uint32_t segment)
{
	return hd_iort_follow(iort, segment, 0).root;
}

/* Whether one of the mappings of a root complex leads to an SMMU or, with
 * @its, on to an ITS. */
static bool leads_to(const struct hd_iort *iort,
		     const struct hd_iort_node *root, bool its)
{
	for (size_t i = 0; i < root->n_mappings; i++) {
		struct hd_iort_mapping m = hd_iort_mapping_of(iort, root, i);
		struct hd_iort_way way =
			hd_iort_follow(iort, root->segment, m.input);

		if (its ? way.its != NULL : way.smmu != NULL)
			return true;
	}
	return false;
}

/* Where the next segment of the host's devices begins, from @i on; each is
 * visited once, as devices are in the order of their addresses. */
static size_t next_segment(const struct hd_inventory *inventory, size_t i)
{
	uint32_t segment = inventory->devices[i].addr.domain;

	while (i < inventory->n_devices &&
	       inventory->devices[i].addr.domain == segment)
		i++;
	return i;
}

/* Whether a device of the segment that begins at @i is in a group. */
static bool is_proven(const struct hd_inventory *inventory, size_t i)
{
	size_t end = next_segment(inventory, i);

	for (; i < end; i++)
		if (inventory->devices[i].group != HD_NO_GROUP)
			return true;
	return false;
}

static bool has_devices(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;

	if (facts->inventory_err.code)
		hd_exam_unknown(exam, "%s",
				hd_err_message(&facts->inventory_err));
	else if (!facts->inventory.n_devices)
		hd_exam_not_applicable(exam, "the host has no devices");
	return !exam->checkup->detail;
}

static void rule_map(struct hd_exam *exam)
{
	const struct hd_inventory *inventory = &exam->facts->inventory;
	const struct hd_iort *iort = &exam->facts->iort;
	size_t segments = 0, missing = 0;
	uint32_t first = 0;

	if (!has_table(exam) || !has_devices(exam))
		return;
	for (size_t i = 0; i < inventory->n_devices;
	     i = next_segment(inventory, i)) {
		uint32_t segment = inventory->devices[i].addr.domain;
		const struct hd_iort_node *root;

		if (segment >= SEGMENTS)
			continue;
		segments++;
		root = root_of(iort, segment);
		if (is_proven(inventory, i) ||
		    (root && leads_to(iort, root, false)))
			continue;
		if (!missing++)
			first = segment;
	}
	if (missing && missing == segments)
		hd_exam_bad(
			exam,
			"no PCI segment of the host is mapped to an SMMU: its devices are behind none");
	else if (missing)
		hd_exam_warn(
			exam,
			"%zu of %zu PCI segments are mapped to no SMMU, the first is %04x: their devices are behind none",
			missing, segments, (unsigned)first);
	else
		hd_exam_pass(exam,
			     "all PCI segments (%zu) are mapped to an SMMU",
			     segments);
}

/* Whether a root complex is mapped to this SMMU. */
static bool has_pci(const struct hd_iort *iort, const struct hd_iort_node *smmu)
{
	for (size_t i = 0; i < iort->n; i++) {
		const struct hd_iort_node *root = &iort->nodes[i];

		for (size_t j = 0;
		     root->type == HD_IORT_ROOT && j < root->n_mappings; j++)
			if (&iort->nodes[hd_iort_mapping_of(iort, root, j)
						 .target] == smmu)
				return true;
	}
	return false;
}

/* vfio asks for IOMMU_CAP_CACHE_COHERENCY (drivers/vfio/vfio_main.c), which an
 * SMMUv3 has when the table says so (drivers/iommu/arm/arm-smmu-v3). */
static void rule_coherent(struct hd_exam *exam)
{
	const struct hd_iort *iort = &exam->facts->iort;
	const struct hd_iort_node *first = NULL;
	size_t all = 0, bad = 0;

	if (!has_table(exam))
		return;
	for (size_t i = 0; i < iort->n; i++) {
		const struct hd_iort_node *smmu = &iort->nodes[i];

		if (smmu->type != HD_IORT_SMMU_V3 || !has_pci(iort, smmu))
			continue;
		all++;
		if (!smmu->coherent && !bad++)
			first = smmu;
	}
	if (!all)
		hd_exam_not_applicable(exam,
				       "no PCI device is behind an SMMUv3");
	else if (bad == all)
		hd_exam_bad(
			exam,
			"no SMMUv3 is said to be coherent (COHACC): vfio refuses its devices (\"Invalid argument\")");
	else if (bad)
		hd_exam_warn(
			exam,
			"%zu of %zu SMMUv3, the first at %#llx, aren't said to be coherent (COHACC): vfio refuses their devices (\"Invalid argument\")",
			bad, all, (unsigned long long)first->base);
	else
		hd_exam_pass(exam, "%zu of %zu SMMUv3 are coherent", all, all);
}

/* How many segments lead to an ITS; *@ret is the last that doesn't. */
static size_t count_isolated(struct hd_exam *exam, bool *ret_other,
			     uint32_t *ret)
{
	const struct hd_inventory *inventory = &exam->facts->inventory;
	const struct hd_iort *iort = &exam->facts->iort;
	size_t n = 0;

	*ret_other = false;
	for (size_t i = 0; i < inventory->n_devices;
	     i = next_segment(inventory, i)) {
		uint32_t segment = inventory->devices[i].addr.domain;
		const struct hd_iort_node *root = root_of(iort, segment);

		if (root && leads_to(iort, root, true)) {
			n++;
		} else if (root) {
			*ret_other = true;
			*ret = segment;
		}
	}
	return n;
}

static void rule_its(struct hd_exam *exam)
{
	const char *interrupts = exam->facts->interrupts.text;
	bool other;
	uint32_t segment;
	size_t n;

	if (!has_table(exam) || !has_devices(exam))
		return;
	n = count_isolated(exam, &other, &segment);
	if (!hd_iort_count(&exam->facts->iort, HD_IORT_ITS))
		hd_exam_bad(
			exam,
			"the firmware describes no ITS: interrupts of devices aren't isolated, and vfio refuses them (\"Operation not permitted\")");
	else if (other)
		hd_exam_say(
			exam, n ? HD_WARN : exam->row->bad,
			"PCI segment %04x is mapped to no ITS: interrupts of its devices aren't isolated, and vfio refuses them (\"Operation not permitted\")",
			(unsigned)segment);
	else
		hd_exam_pass(
			exam,
			interrupts && strstr(interrupts, " ITS-") ?
				"the table leads to an ITS, and interrupts show it" :
				"the table leads to an ITS");
	hd_exam_forgive_unsafe(exam);
}

/* Says what there is to say when a device isn't behind an SMMU. */
static void say_outside(struct hd_exam *exam, const struct hd_iort_way *way)
{
	struct hd_addr addr = exam->device->addr;
	unsigned id = hd_iort_requester(addr), segment = addr.domain;

	if (exam->device->group != HD_NO_GROUP) {
		hd_exam_pass(exam, "it is in group %d, whatever the IORT says",
			     exam->device->group);
		return;
	}
	if (way->by_later_root)
		hd_exam_bad(
			exam,
			"the first root complex of PCI segment %04x in the IORT doesn't map requester ID 0x%04x; another one does, at which Linux doesn't look: it gets no group, and no software changes that",
			segment, id);
	else if (way->reach == HD_IORT_NO_ROOT)
		hd_exam_bad(
			exam,
			"the IORT has no root complex for PCI segment %04x: it gets no group, and no software changes that",
			segment);
	else if (way->reach == HD_IORT_NO_SMMU)
		hd_exam_bad(
			exam,
			"the IORT maps its requester ID 0x%04x to no SMMU, but past it: it gets no group, and no software changes that",
			id);
	else
		hd_exam_bad(
			exam,
			"the root complex of PCI segment %04x has no mapping for its requester ID 0x%04x in the IORT: it gets no group, and no software changes that",
			segment, id);
	hd_exam_fix(
		exam,
		"None in software: the firmware's vendor would have to map requester ID 0x%04x (all of bus %02x: 0x%02x00 to 0x%02xff) of PCI segment %04x to an SMMU, in the IORT's node of the root complex",
		id, addr.bus, addr.bus, addr.bus, segment);
}

/* What kernels make of it is asked of each ID that the device is seen with:
 * bridges to conventional PCI speak for what is below them. */
static void rule_device(struct hd_exam *exam)
{
	struct hd_iort_way way;

	if (!has_table(exam))
		return;
	way = hd_iort_follow_device(&exam->facts->iort, exam->device->addr);
	if (way.reach != HD_IORT_BEHIND_SMMU)
		say_outside(exam, &way);
	else if (way.smmu->type == HD_IORT_SMMU_V3 && !way.smmu->coherent)
		hd_exam_bad(
			exam,
			"it is behind the SMMUv3 at %#llx, which isn't said to be coherent (COHACC): vfio refuses it (\"Invalid argument\")",
			(unsigned long long)way.smmu->base);
	else if (!way.smmu->coherent && !way.root->coherent)
		hd_exam_warn(
			exam,
			"neither the SMMU at %#llx nor its root complex is said to be coherent: vfio may refuse it (\"Invalid argument\")",
			(unsigned long long)way.smmu->base);
	else
		hd_exam_pass(
			exam,
			"its requester ID 0x%04x is stream %#x of the %s at %#llx%s",
			(unsigned)hd_iort_requester(exam->device->addr),
			(unsigned)way.stream, name_of(way.smmu),
			(unsigned long long)way.smmu->base,
			way.its ? ", with an ITS behind it" : "");
}

/* The ranges of the first node that is about a stream of the SMMU, or NULL. */
static const struct hd_iort_node *find_rmr(const struct hd_iort *iort,
					   const struct hd_iort_way *way)
{
	for (size_t i = 0; i < iort->n; i++)
		if (iort->nodes[i].n_ranges &&
		    hd_iort_reserves(iort, &iort->nodes[i], way->smmu,
				     way->stream))
			return &iort->nodes[i];
	return NULL;
}

static void rule_reserved(struct hd_exam *exam)
{
	HD_AUTO_REGIONS struct hd_regions regions = { NULL, 0 };
	const struct hd_iort *iort = &exam->facts->iort;
	const struct hd_iort_node *rmr;
	struct hd_iort_range range;
	struct hd_iort_way way;

	if (!has_table(exam))
		return;
	way = hd_iort_follow_device(iort, exam->device->addr);
	if (way.reach != HD_IORT_BEHIND_SMMU) {
		hd_exam_not_applicable(exam, "it is behind no SMMU");
		return;
	}
	rmr = find_rmr(iort, &way);
	if (!rmr) {
		hd_exam_pass(exam, "the IORT keeps no memory for it");
		return;
	}
	if (exam->device->group != HD_NO_GROUP &&
	    hd_regions_read(exam->facts->host, exam->device->group, &regions,
			    NULL) == 0 &&
	    !regions.n) {
		hd_exam_pass(
			exam,
			"the IORT keeps memory for it, which the kernel didn't take over");
		return;
	}
	range = hd_iort_range_of(rmr, 0);
	hd_exam_bad(
		exam,
		"the IORT keeps memory for it (RMR), from %#llx on: when the kernel takes that over, as with PCI addresses that the firmware fixes, it refuses to give the device away",
		(unsigned long long)range.base);
}

static const struct hd_row rows[] = {
	{ .id = "arm-iort",
	  .title = "The SMMU in ACPI",
	  .source = HD_IORT_PATH,
	  .rule = rule_table,
	  .bad = HD_FAIL,
	  .fix = "Turn on the SMMU in the firmware's setup",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "arm-iort-map",
	  .title = "PCI behind the SMMU in ACPI",
	  .source = HD_IORT_PATH,
	  .rule = rule_map,
	  .bad = HD_FAIL,
	  .fix = NO_FIX,
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "arm-iort-coherent",
	  .title = "Coherent DMA in ACPI",
	  .source = HD_IORT_PATH,
	  .rule = rule_coherent,
	  .bad = HD_FAIL,
	  .fix = "None in software: only a machine whose DMA is coherent may say so, and its vendor knows",
	  .where = HD_ON_ARM64 },
	{ .id = "arm-iort-its",
	  .title = "Interrupts in ACPI",
	  .source = HD_IORT_PATH,
	  .rule = rule_its,
	  .bad = HD_FAIL,
	  .fix = NO_FIX ", where the machine has one",
	  .where = HD_ON_ARM64 },
	{ .id = "arm-iort-device",
	  .title = "Its way to the SMMU in ACPI",
	  .source = HD_IORT_PATH,
	  .rule = rule_device,
	  .bad = HD_FAIL,
	  .fix = "None in software: only a machine whose DMA is coherent may say so, and its vendor knows",
	  .where = HD_ON_ARM64,
	  .scope = HD_EACH,
	  .shown_by = "device-group" },
	{ .id = "arm-iort-reserved",
	  .title = "Memory that ACPI keeps for it",
	  .source = HD_IORT_PATH,
	  .rule = rule_reserved,
	  .bad = HD_WARN,
	  .fix = "Turn off what uses it in the firmware's setup, update the firmware, or use another slot",
	  .where = HD_ON_ARM64,
	  .scope = HD_EACH },
};

const struct hd_rows hd_rows_iort = HD_ROWS("arm64", rows);
