// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "lib/doctor/read/devicetree.h"
#include "lib/doctor/read/kernellog.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/*
 * The device tree, the host's or one from a file: what leads from each PCI host
 * bridge to an IOMMU, and what is missing on the way.
 */

#define TREE HD_DEVICETREE_PATH

/* How many ranges, nodes or properties a sentence names. */
#define NAMED_LIMIT 4

#define VENDOR_FIX                                                             \
	"None in software, unless the vendor has a device tree that says more"

static const struct hd_devicetree *tree_of(const struct hd_exam *exam)
{
	return &exam->facts->tree;
}

static bool is_of_file(const struct hd_exam *exam)
{
	return exam->facts->request->subject == HD_OF_TREE;
}

/* False when there is none, or it isn't known; that is said. */
static bool has_tree(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);

	if (tree->error)
		hd_exam_unread_errno(exam, TREE, tree->error);
	else if (!tree->there)
		hd_exam_not_applicable(exam, "the host has no device tree");
	return !exam->checkup->detail;
}

static const struct hd_pci_host *only_host(const struct hd_devicetree *tree)
{
	const struct hd_pci_host *only = NULL;

	for (size_t i = 0; i < tree->n_hosts; i++) {
		if (tree->hosts[i].off)
			continue;
		if (only)
			return NULL;
		only = &tree->hosts[i];
	}
	return only;
}

/* The one that the exam's device is behind; otherwise that is said. */
static const struct hd_pci_host *find_host(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);
	HD_AUTOFREE char *path = NULL;
	struct hd_seen seen = hd_sysfs_read_host_node(
		exam->facts->host, exam->device->addr, &path);

	if (seen.is == HD_UNKNOWN) {
		hd_exam_unread(exam, "the device's node of the device tree",
			       seen);
		return NULL;
	}
	if (seen.is == HD_ABSENT && only_host(tree))
		return only_host(tree);
	for (size_t i = 0; path && i < tree->n_hosts; i++)
		if (strcmp(tree->hosts[i].path, path) == 0)
			return &tree->hosts[i];
	hd_exam_unknown(
		exam,
		"which PCI host bridge of the device tree it is behind isn't known");
	return NULL;
}

/* The bridge that the row is about; NULL when there is none, which is said. */
static const struct hd_pci_host *pci_of(struct hd_exam *exam)
{
	const struct hd_pci_host *host = exam->pci;

	if (!has_tree(exam))
		return NULL;
	if (!host && exam->device)
		host = find_host(exam);
	else if (!host)
		hd_exam_not_applicable(
			exam, "the device tree has no PCI host bridge");
	if (host && host->off)
		hd_exam_not_applicable(exam, "%s is turned off by status of %s",
				       host->path, host->off);
	return host && !host->off ? host : NULL;
}

static uint16_t requester_id(const struct hd_exam *exam)
{
	struct hd_addr addr = exam->device->addr;

	return (uint16_t)(addr.bus << 8 | addr.slot << 3 | addr.function);
}

/* Whether vfio takes devices that go this way, see rule_coherent(). */
enum coherence { COHERENT, NOT_COHERENT, NEVER_COHERENT, WHO_KNOWS };

static enum coherence coherence_of(const struct hd_pci_host *host,
				   const struct hd_unit *unit)
{
	switch (unit->kind) {
	case HD_UNIT_SMMU_V3:
		return unit->coherent ? COHERENT : NOT_COHERENT;
	case HD_UNIT_SMMU_V2:
		return unit->coherent || host->coherent ? COHERENT :
							  NOT_COHERENT;
	case HD_UNIT_SAFE_IOMMU:
		return COHERENT;
	case HD_UNIT_VENDOR_IOMMU:
		return NEVER_COHERENT;
	default:
		return WHO_KNOWS;
	}
}

static bool is_mapped(const struct hd_id_range *range)
{
	return range->fate == HD_ID_MAPPED;
}

/* The next unit that a map leads to and that no range before led to; NULL at
 * the end. */
static const struct hd_unit *next_unit(const struct hd_devicetree *tree,
				       const struct hd_map *map, size_t *at)
{
	while (*at < map->ids.n) {
		size_t i = (*at)++, before = 0;

		if (!is_mapped(&map->ids.items[i]))
			continue;
		while (before < i &&
		       (!is_mapped(&map->ids.items[before]) ||
			map->ids.items[before].unit != map->ids.items[i].unit))
			before++;
		if (before == i)
			return &tree->units[map->ids.items[i].unit];
	}
	return NULL;
}

/* The same of the iommu-map, but where the exam is of a device: its own one. */
static const struct hd_unit *next_iommu(const struct hd_exam *exam,
					const struct hd_pci_host *host,
					size_t *at)
{
	const struct hd_id_range *own;

	if (!exam->device)
		return next_unit(tree_of(exam), &host->iommu, at);
	own = hd_id_ranges_find(&host->iommu.ids, requester_id(exam));
	return own && is_mapped(own) && (*at)++ == 0 ?
		       &tree_of(exam)->units[own->unit] :
		       NULL;
}

/* Whether interrupts of some device behind the bridge go to an ITS. */
static bool isolates_interrupts(const struct hd_devicetree *tree,
				const struct hd_pci_host *host)
{
	const struct hd_unit *unit;
	size_t at = 0;

	if (!host->msi.there)
		return host->msi_parent != HD_NO_UNIT &&
		       tree->units[host->msi_parent].kind == HD_UNIT_ITS &&
		       !tree->units[host->msi_parent].off;
	while ((unit = next_unit(tree, &host->msi, &at)))
		if (unit->kind == HD_UNIT_ITS && !unit->off)
			return true;
	return false;
}

/* Whether some device behind the bridge can be isolated. */
static bool isolates(const struct hd_devicetree *tree,
		     const struct hd_pci_host *host)
{
	const struct hd_unit *unit;
	size_t at = 0;

	if (!isolates_interrupts(tree, host))
		return false;
	while (!host->off && (unit = next_unit(tree, &host->iommu, &at)))
		if (unit->iommu && !unit->off &&
		    coherence_of(host, unit) == COHERENT)
			return true;
	return false;
}

/* Where that can't be known the row says so, and nothing else. */
static bool has_group(struct hd_exam *exam)
{
	const struct hd_inventory *inventory = &exam->facts->inventory;
	const struct hd_err *err = &exam->facts->inventory_err;

	if (err->code && !exam->unread) {
		exam->unread = strdup(hd_err_message(err));
		exam->failed |= !exam->unread;
	}
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (inventory->devices[i].group != HD_NO_GROUP)
			return true;
	return false;
}

/*
 * What is bad of one bridge is no reason against the host, or the tree, while
 * devices behind another one can be isolated, or the kernel has groups.
 */
static enum hd_health bad_of(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);

	if (exam->device || exam->row->bad != HD_FAIL)
		return exam->row->bad;
	for (size_t i = 0; i < tree->n_hosts; i++)
		if (&tree->hosts[i] != exam->pci &&
		    isolates(tree, &tree->hosts[i]))
			return HD_WARN;
	return has_group(exam) ? HD_WARN : HD_FAIL;
}

#define say_bad(exam, ...) hd_exam_say(exam, bad_of(exam), __VA_ARGS__)

/* True when the device has one: then the way there is right; that is said. */
static bool shows_group(struct hd_exam *exam)
{
	if (!exam->device || exam->device->group == HD_NO_GROUP)
		return false;
	hd_exam_pass(exam, "it is in IOMMU group %d, so it is right",
		     exam->device->group);
	return true;
}

/*
 * Turning a node on. A path that dtc wouldn't take, or that is no path of a
 * machine, is nothing to be given to anybody.
 */
static void give_overlay(struct hd_exam *exam, const char *path)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+-@/";

	if (path[strspn(path, good)] || strcmp(path, "/") == 0)
		return;
	hd_exam_overlay(
		exam,
		"/dts-v1/;\n/plugin/;\n\n"
		"/* For review: where the firmware keeps this for itself, nothing may turn it on. */\n"
		"&{%s} {\n\tstatus = \"okay\";\n};\n",
		path);
}

/* "arm,smmu-v3" or what it is called instead. */
static const char *name_of(const char *compatible)
{
	return *compatible ? compatible : "without compatible";
}

static void rule_tree(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);

	if (has_tree(exam))
		hd_exam_pass(exam, "%s (%s), %zu nodes",
			     *tree->model ? tree->model : "without model",
			     name_of(tree->compatible), tree->nodes);
}

static void rule_pci(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);
	size_t on = 0;

	if (!has_tree(exam))
		return;
	for (size_t i = 0; i < tree->n_hosts; i++)
		on += !tree->hosts[i].off;
	if (on)
		hd_exam_pass(exam, "%zu of %zu are on", on, tree->n_hosts);
	else if (tree->n_hosts)
		hd_exam_bad(
			exam,
			"all PCI host bridges of the device tree are turned off, the first, %s, by status of %s",
			tree->hosts[0].path, tree->hosts[0].off);
	else
		hd_exam_bad(exam, "the device tree has no PCI host bridge");
}

/* Units are in the order in which they were found, and that may change. */
static const struct hd_unit *first_of(const struct hd_unit *one,
				      const struct hd_unit *other)
{
	return one && strcmp(one->path, other->path) < 0 ? one : other;
}

/* Why there is no iommu-map, as far as the tree tells. */
static void say_unmapped(struct hd_exam *exam, const struct hd_pci_host *host)
{
	const struct hd_devicetree *tree = tree_of(exam);
	const struct hd_unit *any = NULL, *useful = NULL;

	for (size_t i = 0; i < tree->n_units; i++) {
		const struct hd_unit *unit = &tree->units[i];

		if (!unit->iommu)
			continue;
		any = first_of(any, unit);
		if (unit->kind != HD_UNIT_VENDOR_IOMMU)
			useful = first_of(useful, unit);
	}
	if (host->iommus)
		say_bad(exam,
			"the property iommu-map of node %s is missing: the iommus that it has is for devices of the SoC itself, and PCI devices go past the IOMMU",
			host->path);
	else if (useful)
		say_bad(exam,
			"the property iommu-map of node %s is missing: only the maker of the SoC knows whether its devices reach %s (%s), and with which stream IDs",
			host->path, useful->path, name_of(useful->compatible));
	else if (any)
		say_bad(exam,
			"the property iommu-map of node %s is missing, and the hardware that the device tree describes can't: %s (%s) and its like are for devices of the SoC itself",
			host->path, any->path, name_of(any->compatible));
	else
		say_bad(exam,
			"the property iommu-map of node %s is missing, and the device tree has no IOMMU that it could lead to",
			host->path);
}

/* Whether that becomes of one of them; of a device, of its own. */
static bool has_fate(const struct hd_exam *exam, const struct hd_map *map,
		     enum hd_id_fate fate)
{
	for (size_t i = 0; i < map->ids.n; i++) {
		const struct hd_id_range *range = &map->ids.items[i];

		if (range->fate == fate &&
		    (!exam->device || (requester_id(exam) >= range->first &&
				       requester_id(exam) <= range->last)))
			return true;
	}
	return false;
}

/* Whether what a map says can be followed; otherwise that is said. */
static bool can_follow(struct hd_exam *exam, const struct hd_pci_host *host,
		       const struct hd_map *map, const char *name)
{
	if (map->broken)
		say_bad(exam,
			"the property %s of node %s doesn't consist of whole entries: the kernel uses none of it",
			name, host->path);
	else if (has_fate(exam, map, HD_ID_REFUSED))
		say_bad(exam,
			"the property %s-mask of node %s, 0x%x, hides where an entry of %s begins: the kernel gives up there",
			name, host->path, (unsigned)map->mask, name);
	else if (has_fate(exam, map, HD_ID_DANGLING))
		say_bad(exam,
			"the property %s of node %s leads to the phandle 0x%x, which no node has",
			name, host->path, (unsigned)map->dangling);
	return !exam->checkup->detail;
}

static void rule_map(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);
	const struct hd_map *map = host ? &host->iommu : NULL;
	const struct hd_unit *unit;
	size_t at = 0;

	if (!host || shows_group(exam))
		return;
	if (!map->there) {
		say_unmapped(exam, host);
		return;
	}
	if (!can_follow(exam, host, map, "iommu-map"))
		return;
	unit = next_unit(tree_of(exam), map, &at);
	if (!unit)
		say_bad(exam,
			"the property iommu-map of node %s has no entry for its buses, %02x to %02x",
			host->path, host->first_bus, host->last_bus);
	else if (map->wide)
		hd_exam_warn(
			exam,
			"the property iommu-map of node %s has stream IDs of two cells, as %s asks for: kernels before about 7.0 take them for something else",
			host->path, unit->path);
	else
		hd_exam_pass(exam,
			     "that of %s leads to %s, with the mask 0x%x%s",
			     host->path, unit->path, (unsigned)map->mask,
			     host->ats ? "; devices may use ATS" : "");
}

/* Says what is wrong with a unit that a map leads to; false when nothing is. */
static bool is_off(struct hd_exam *exam, const struct hd_pci_host *host,
		   const struct hd_unit *unit)
{
	if (!unit->off)
		return false;
	say_bad(exam,
		"%s (%s), which %s needs, is turned off by the property status of node %s",
		unit->path, name_of(unit->compatible), host->path, unit->off);
	/* The firmware's word for it is another one. */
	if (!unit->disabled)
		return true;
	hd_exam_fix(
		exam,
		"Turn on %s with a device tree overlay, unless the firmware keeps it for itself",
		unit->path);
	give_overlay(exam, unit->path);
	return true;
}

static void rule_iommu(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);
	const struct hd_unit *unit, *first = NULL;
	size_t at = 0, n = 0;

	if (!host || shows_group(exam))
		return;
	while ((unit = next_iommu(exam, host, &at))) {
		if (is_off(exam, host, unit))
			return;
		if (!unit->iommu) {
			say_bad(exam,
				"the property iommu-map of node %s leads to %s (%s), which is no IOMMU: it has no #iommu-cells",
				host->path, unit->path,
				name_of(unit->compatible));
			return;
		}
		if (n++ == 0)
			first = unit;
	}
	if (!first)
		hd_exam_not_applicable(
			exam, "no IOMMU is known for what is behind %s",
			host->path);
	else
		hd_exam_pass(exam, "%s has %s (%s)%s, which is on", host->path,
			     first->path, name_of(first->compatible),
			     n > 1 ? " and others" : "");
}

/* A requester ID as the address that it is, returned by value. */
struct id_text {
	char s[sizeof("ff:1f.7")];
};

static struct id_text id_text(uint16_t id)
{
	struct id_text text;

	snprintf(text.s, sizeof(text.s), "%02x:%02x.%x", id >> 8,
		 id >> 3 & 0x1fu, id & 7u);
	return text;
}

/* "00:00.0 to 00:1f.7, 02:00.0"; NULL without memory. */
static char *ranges_text(const struct hd_id_ranges *ids)
{
	HD_AUTOFREE char *text = NULL;
	size_t size, n = 0;
	FILE *file = hd_stream_open(&text, &size);
	uint16_t last = 0;
	bool open = false;

	if (!file)
		return NULL;
	for (size_t i = 0; i <= ids->n; i++) {
		const struct hd_id_range *range = &ids->items[i];
		bool mapped = i < ids->n && is_mapped(range);

		/* Of different IOMMUs it is one all the same. */
		if (open && !mapped && n <= NAMED_LIMIT && last)
			fprintf(file, " to %s", id_text(last).s);
		if (mapped && !open && n++ < NAMED_LIMIT)
			fprintf(file, "%s%s", n > 1 ? ", " : "",
				id_text(range->first).s);
		last = mapped && (open || range->last != range->first) ?
			       range->last :
			       0;
		open = mapped;
	}
	if (n > NAMED_LIMIT)
		fprintf(file, " and %zu more", n - NAMED_LIMIT);
	return hd_stream_text(file, &text) ? hd_steal(&text) : NULL;
}

/* How many requester IDs there are, but for that of the IOMMU itself. */
static uint32_t count_ids(const struct hd_pci_host *host,
			  const struct hd_map *map)
{
	uint32_t n = (host->last_bus - host->first_bus + 1u) << 8;
	const struct hd_id_range *own =
		host->has_own ? hd_id_ranges_find(&map->ids, host->own) : NULL;

	return own && !is_mapped(own) ? n - 1 : n;
}

/* @elsewhere is what becomes of devices that it doesn't have. */
static void say_covered(struct hd_exam *exam, const struct hd_pci_host *host,
			const struct hd_map *map, const char *name,
			const char *elsewhere)
{
	HD_AUTOFREE char *text = ranges_text(&map->ids);
	bool covered =
		exam->device &&
		is_mapped(hd_id_ranges_find(&map->ids, requester_id(exam)));

	exam->failed |= !text;
	if (!text)
		return;
	if (exam->device && !covered)
		say_bad(exam,
			"the property %s of node %s covers %s, and not the requester ID 0x%04x of %s: it %s",
			name, host->path, text, requester_id(exam),
			hd_addr_text(exam->device->addr).s, elsewhere);
	else if (exam->device)
		hd_exam_pass(exam, "its requester ID 0x%04x is in %s of %s",
			     requester_id(exam), name, host->path);
	else if (map->ids.mapped == count_ids(host, map))
		hd_exam_pass(exam,
			     "%s of %s covers all of its buses, %02x to %02x",
			     name, host->path, host->first_bus, host->last_bus);
	else
		hd_exam_warn(
			exam,
			"the property %s of node %s covers %s, and nothing else of its buses, %02x to %02x: what is there %s",
			name, host->path, text, host->first_bus, host->last_bus,
			elsewhere);
}

/* A bus that the bridge doesn't have. */
static bool is_elsewhere(struct hd_exam *exam, const struct hd_pci_host *host)
{
	uint8_t bus = exam->device ? exam->device->addr.bus : host->first_bus;

	if (bus >= host->first_bus && bus <= host->last_bus)
		return false;
	hd_exam_unknown(
		exam,
		"%s isn't on a bus that %s has by its bus-range, %02x to %02x",
		hd_addr_text(exam->device->addr).s, host->path, host->first_bus,
		host->last_bus);
	return true;
}

static void rule_ids(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);

	if (!host || shows_group(exam) || is_elsewhere(exam, host))
		return;
	if (host->iommu.ids.mapped)
		say_covered(exam, host, &host->iommu, "iommu-map",
			    "goes past the IOMMU");
	else
		hd_exam_not_applicable(
			exam, "%s has none that lead to an IOMMU", host->path);
}

/* One stream ID for several is one group of all of them. */
static void rule_streams(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);
	const struct hd_id_ranges *ids = host ? &host->iommu.ids : NULL;

	if (!host)
		return;
	if (!ids->mapped)
		hd_exam_not_applicable(
			exam, "%s has none that lead to an IOMMU", host->path);
	else if (ids->shared)
		hd_exam_bad(
			exam,
			"the properties iommu-map and iommu-map-mask of node %s give several requester IDs the same stream ID, as %s and %s: the IOMMU can't tell those devices apart, and they are one group",
			host->path, id_text(ids->one).s, id_text(ids->other).s);
	else
		hd_exam_pass(exam, "each requester ID of %s has its own",
			     host->path);
}

/*
 * vfio asks for IOMMU_CAP_CACHE_COHERENCY (drivers/vfio/vfio_main.c). Of an
 * SMMUv3 that is what its node says; of the older ones also what the PCI host
 * bridge's says; some drivers always say yes, and others never.
 */
static void say_incoherent(struct hd_exam *exam, const struct hd_pci_host *host,
			   const struct hd_unit *unit)
{
	if (coherence_of(host, unit) == NEVER_COHERENT)
		say_bad(exam,
			"the hardware can't: the driver of %s (%s) never says that DMA is coherent, and vfio refuses its devices (\"Invalid argument\")",
			unit->path, name_of(unit->compatible));
	else if (unit->kind == HD_UNIT_SMMU_V3)
		say_bad(exam,
			"the property dma-coherent of node %s (%s) is missing: vfio refuses its devices (\"Invalid argument\")%s",
			unit->path, name_of(unit->compatible),
			host->coherent ?
				"; that of the PCI host bridge doesn't count" :
				"");
	else
		say_bad(exam,
			"neither node %s (%s) nor node %s has the property dma-coherent: vfio refuses its devices (\"Invalid argument\")",
			unit->path, name_of(unit->compatible), host->path);
}

static void rule_coherent(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);
	const struct hd_unit *unit, *first = NULL, *strange = NULL;
	size_t at = 0;

	if (!host)
		return;
	while ((unit = next_iommu(exam, host, &at))) {
		enum coherence is = coherence_of(host, unit);

		if (is == NOT_COHERENT || is == NEVER_COHERENT) {
			say_incoherent(exam, host, unit);
			return;
		}
		if (is == WHO_KNOWS && unit->iommu)
			strange = unit;
		first = first ? first : unit;
	}
	if (!first)
		hd_exam_not_applicable(
			exam, "no IOMMU is known for what is behind %s",
			host->path);
	else if (strange)
		hd_exam_unknown(
			exam,
			"whether the driver of %s (%s) says that DMA is coherent isn't known here",
			strange->path, name_of(strange->compatible));
	else
		hd_exam_pass(exam, "that of %s is, for vfio", host->path);
}

static const struct hd_pci_host *find_coherent(const struct hd_devicetree *tree)
{
	for (size_t i = 0; i < tree->n_hosts; i++)
		if (tree->hosts[i].coherent)
			return &tree->hosts[i];
	return NULL;
}

/*
 * What is known of the chip, and an interconnect that isn't coherent for the
 * ITS, say that the property isn't true.
 */
static bool contradicts_itself(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);
	const struct hd_pci_host *host = find_coherent(tree);
	const struct hd_unit *its = NULL;

	for (size_t i = 0; i < tree->n_units; i++)
		if (tree->units[i].kind == HD_UNIT_ITS &&
		    tree->units[i].incoherent)
			its = first_of(its, &tree->units[i]);
	if (host && its)
		hd_exam_bad(
			exam,
			"node %s is dma-coherent and node %s of the same machine dma-noncoherent: one of them is wrong, and with a faked dma-coherent DMA silently destroys data",
			host->path, its->path);
	else if (host && tree->incoherent_soc)
		hd_exam_bad(
			exam,
			"node %s is dma-coherent, which the device trees of Linux say of no %s: unless its maker knows better this is a faked dma-coherent, and DMA silently destroys data",
			host->path, tree->incoherent_soc);
	return exam->checkup->detail != NULL;
}

/*
 * Where an SMMU knows better than its node the kernel believes the node, and
 * says so (drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c).
 */
static void rule_true(struct hd_exam *exam)
{
	static const char *const words[] = {
		"IDR0.COHACC overridden by FW configuration (true)", NULL
	};
	HD_AUTOFREE char *first = NULL;
	unsigned n;
	int r;

	if (!has_tree(exam) || contradicts_itself(exam))
		return;
	if (is_of_file(exam)) {
		hd_exam_not_applicable(
			exam,
			"nothing in it says otherwise; of the machine itself the kernel's log tells");
		return;
	}
	r = hd_kernel_log_count(exam->facts->host, words, &n, &first);
	if (r < 0)
		hd_exam_unread_errno(exam, "/dev/kmsg", r);
	else if (n == 0)
		hd_exam_pass(exam, "the kernel's log doesn't say otherwise");
	else
		hd_exam_bad(
			exam,
			"the device tree says dma-coherent, and the SMMU that it isn't (%s): unless its maker knows better this is a faked dma-coherent, and DMA silently destroys data",
			first);
}

static const struct hd_unit *msi_unit(struct hd_exam *exam,
				      const struct hd_pci_host *host)
{
	const struct hd_devicetree *tree = tree_of(exam);
	const struct hd_unit *unit;
	size_t at = 0;

	if (host->msi.there) {
		if (!can_follow(exam, host, &host->msi, "msi-map"))
			return NULL;
		unit = next_unit(tree, &host->msi, &at);
		if (!unit)
			say_bad(exam,
				"the property msi-map of node %s has no entry for its buses, %02x to %02x",
				host->path, host->first_bus, host->last_bus);
		return unit;
	}
	if (host->msi_parent != HD_NO_UNIT)
		return &tree->units[host->msi_parent];
	if (host->msi_parent_dangling)
		say_bad(exam,
			"the property msi-parent of node %s leads to a phandle that no node has",
			host->path);
	else
		say_bad(exam,
			"node %s has neither msi-map nor msi-parent: interrupts of its devices don't go to a GICv3 ITS, which alone isolates them, and vfio refuses them (\"Operation not permitted\")",
			host->path);
	return NULL;
}

static void judge_msi(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);
	const struct hd_unit *unit = host ? msi_unit(exam, host) : NULL;

	if (!unit || is_off(exam, host, unit))
		return;
	if (unit->kind != HD_UNIT_ITS)
		say_bad(exam,
			"interrupts of devices behind %s go to %s (%s), and not to a GICv3 ITS, which alone isolates them: vfio refuses its devices (\"Operation not permitted\")",
			host->path, unit->path, name_of(unit->compatible));
	else if (host->msi.there && !is_elsewhere(exam, host))
		say_covered(exam, host, &host->msi, "msi-map",
			    "has no interrupts of its own there");
	else if (!host->msi.there)
		hd_exam_pass(exam, "%s sends them to %s", host->path,
			     unit->path);
}

static void rule_msi(struct hd_exam *exam)
{
	judge_msi(exam);
	if (!is_of_file(exam))
		hd_exam_forgive_unsafe(exam);
}

/* vfio refuses a device whose firmware wants memory to be where it is. */
static void rule_reserved(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);
	const struct hd_pci_host *host = pci_of(exam);
	size_t n = 0;

	if (!host)
		return;
	for (size_t i = 0; i < tree->n_reserved; i++) {
		const struct hd_reserved_node *node = &tree->reserved[i];

		if (node->pci == HD_NO_UNIT || &tree->hosts[node->pci] != host)
			continue;
		n++;
		if (!node->direct)
			continue;
		hd_exam_bad(
			exam,
			"the property iommu-addresses of node %s keeps 0x%llx to 0x%llx for %s, at the same addresses: vfio refuses that device",
			node->path, (unsigned long long)node->start,
			(unsigned long long)(node->start + node->length - 1),
			node->device);
		return;
	}
	if (n)
		hd_exam_pass(exam,
			     "%zu that may be elsewhere, for what is behind %s",
			     n, host->path);
	else
		hd_exam_pass(exam, "none for what is behind %s", host->path);
}

static void rule_iommus(struct hd_exam *exam)
{
	const struct hd_pci_host *host = pci_of(exam);

	if (!host)
		return;
	if (host->iommus)
		hd_exam_bad(
			exam,
			"node %s has the property iommus, which does nothing for PCI devices: what counts is iommu-map",
			host->path);
	else
		hd_exam_pass(exam, "%s has none", host->path);
}

static void rule_inventions(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file;

	if (!has_tree(exam))
		return;
	if (!tree->n_inventions) {
		hd_exam_pass(exam, "it has none of those that people write");
		return;
	}
	file = hd_stream_open(&text, &size);
	for (size_t i = 0; file && i < tree->n_inventions; i++) {
		if (i < NAMED_LIMIT)
			fprintf(file, "%s%s of node %s", i ? ", " : "",
				tree->inventions[i].name,
				tree->inventions[i].path);
		else if (i == NAMED_LIMIT)
			fputs(" and more", file);
	}
	if (!file || !hd_stream_text(file, &text))
		exam->failed = true;
	else
		hd_exam_bad(
			exam,
			"no binding defines %s: the kernel reads nothing of it",
			text);
}

static void rule_hypervisor(struct hd_exam *exam)
{
	const struct hd_devicetree *tree = tree_of(exam);

	if (!has_tree(exam))
		return;
	if (*tree->hypervisor)
		hd_exam_bad(
			exam,
			"a hypervisor of the vendor (%s) is below the kernel: KVM and the SMMU may belong to it",
			tree->hypervisor);
	else
		hd_exam_pass(exam, "the device tree names none");
}

static const struct hd_row rows[] = {
	{ .id = "tree-machine",
	  .title = "The machine of the device tree",
	  .source = TREE,
	  .rule = rule_tree,
	  .where = HD_ON_ARM64 },
	{ .id = "arm-hypervisor",
	  .title = "No hypervisor of the vendor",
	  .source = TREE "/hypervisor",
	  .rule = rule_hypervisor,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64 },
	{ .id = "tree-inventions",
	  .title = "Properties that no binding defines",
	  .source = TREE,
	  .rule = rule_inventions,
	  .bad = HD_WARN,
	  .fix = "Take them out: they hide what is missing",
	  .where = HD_ON_ARM64 },
	{ .id = "tree-pci",
	  .title = "PCI host bridges",
	  .source = TREE,
	  .rule = rule_pci,
	  .bad = HD_FAIL,
	  .fix = VENDOR_FIX,
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "tree-iommu-map",
	  .title = "The way from PCI to an IOMMU",
	  .source = TREE,
	  .rule = rule_map,
	  .bad = HD_FAIL,
	  .fix = VENDOR_FIX,
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST,
	  .shown_by = "iommu-groups" },
	{ .id = "tree-iommu",
	  .title = "The IOMMU of a PCI host bridge",
	  .source = TREE,
	  .rule = rule_iommu,
	  .bad = HD_FAIL,
	  .fix = VENDOR_FIX,
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST,
	  .shown_by = "iommu-groups" },
	{ .id = "tree-requester-ids",
	  .title = "Requester IDs that lead to an IOMMU",
	  .source = TREE,
	  .rule = rule_ids,
	  .bad = HD_FAIL,
	  .fix = VENDOR_FIX,
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST,
	  .shown_by = "iommu-groups" },
	{ .id = "tree-streams",
	  .title = "Stream IDs of their own",
	  .source = TREE,
	  .rule = rule_streams,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST },
	{ .id = "tree-iommus",
	  .title = "iommus of a PCI host bridge",
	  .source = TREE,
	  .rule = rule_iommus,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST },
	{ .id = "tree-coherent",
	  .title = "Coherent DMA",
	  .source = TREE,
	  .rule = rule_coherent,
	  .bad = HD_FAIL,
	  .fix = "None in software: only the maker of a machine knows that its DMA is coherent, and where it isn't a dma-coherent silently destroys data",
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST },
	{ .id = "tree-coherent-true",
	  .title = "dma-coherent is true",
	  .source = TREE,
	  .rule = rule_true,
	  .bad = HD_WARN,
	  .fix = "Ask the maker of the machine; where somebody added dma-coherent, take it out",
	  .where = HD_ON_ARM64 },
	{ .id = "tree-msi",
	  .title = "Interrupts that are isolated",
	  .source = TREE,
	  .rule = rule_msi,
	  .bad = HD_FAIL,
	  .fix = "None in software: the machine needs a GICv3 ITS for its PCI host bridge; allow_unsafe_interrupts of vfio_iommu_type1 lets guests raise any interrupt of the host",
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST },
	{ .id = "tree-reserved",
	  .title = "Memory that stays where it is",
	  .source = TREE "/reserved-memory",
	  .rule = rule_reserved,
	  .bad = HD_WARN,
	  .where = HD_ON_ARM64,
	  .scope = HD_PCI_HOST },
};

const struct hd_rows hd_rows_devicetree = HD_ROWS("device tree", rows);
