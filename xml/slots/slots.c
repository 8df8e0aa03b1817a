// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/slots/slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/host/device.h"
#include "xml/doc/doc.h"
#include "xml/doc/nodeset.h"

/* Indexes and bus numbers of a guest are 8 bits. */
#define MAX_INDEX 0xff

#define ALL_SLOTS 0x1f

static bool is_model(const struct hd_bus *bus, const char *model)
{
	return strcmp(bus->model, model) == 0;
}

static const struct hd_bus *find_bus(const struct hd_slots *slots,
				     uint8_t index)
{
	for (size_t i = 0; i < slots->n_buses; i++)
		if (slots->buses[i].index == index)
			return &slots->buses[i];
	return NULL;
}

/* The cell that a bus is near to: its own, or that of a bus above it. */
static int cell_of(const struct hd_slots *slots, const struct hd_bus *bus)
{
	/* As many steps as there are buses: the root is its own parent, and the
	 * XML may have a circle. */
	for (size_t i = 0; bus && i < slots->n_buses; i++) {
		if (bus->node != HD_NO_NODE)
			return bus->node;
		bus = find_bus(slots, bus->parent);
	}
	return HD_NO_NODE;
}

/* Adds a bus below nothing in particular: libvirt places its controller. */
static int add_bus(struct hd_slots *slots, const char *model,
		   struct hd_bus **ret, struct hd_err *err)
{
	struct hd_bus *bus;
	unsigned index = 0;

	for (size_t i = 0; i < slots->n_buses; i++)
		if (slots->buses[i].index >= index)
			index = slots->buses[i].index + 1U;
	if (index > MAX_INDEX)
		return hd_err_set(
			err, ENOSPC,
			"the guest has no number left for another PCI bus");
	bus = hd_array_add(&slots->buses, &slots->n_buses, sizeof(*bus));
	if (!bus)
		return hd_err_nomem(err);
	*bus = (struct hd_bus){
		.index = (uint8_t)index,
		.model = model,
		.node = HD_NO_NODE,
		.group = HD_NO_GROUP,
		.added = true,
	};
	*ret = bus;
	return 0;
}

/* The first free slot of a bus, or -1. */
static int free_slot(const struct hd_bus *bus, int first)
{
	for (int slot = first; slot <= ALL_SLOTS; slot++)
		if (!(bus->used >> slot & 1))
			return slot;
	return -1;
}

static struct hd_addr use(struct hd_bus *bus, int slot)
{
	bus->used |= UINT32_C(1) << slot;
	return (struct hd_addr){ .bus = bus->index, .slot = (uint8_t)slot };
}

/*
 * Finds the bus of an expander for a cell, or adds it. Its controller goes to
 * the root bus, where libvirt finds a place for it.
 */
static int find_expander(struct hd_slots *slots, const char *model, int cell,
			 struct hd_bus **ret, struct hd_err *err)
{
	int r;

	for (size_t i = 0; i < slots->n_buses; i++) {
		struct hd_bus *bus = &slots->buses[i];

		if (bus->node != cell || !is_model(bus, model) ||
		    free_slot(bus, 0) < 0)
			continue;
		*ret = bus;
		return 0;
	}
	r = add_bus(slots, model, ret, err);
	if (r == 0)
		(*ret)->node = cell;
	return r;
}

/* PCI Express: a device has a port to itself, and stands in its slot 0. */
static int take_port(struct hd_slots *slots, int cell, struct hd_addr *ret,
		     struct hd_err *err)
{
	struct hd_bus *bus, *expander = NULL;
	uint8_t parent = 0;
	int slot = 0, r = 0;

	for (size_t i = 0; i < slots->n_buses; i++) {
		bus = &slots->buses[i];
		if (bus->used ||
		    (!is_model(bus, "pcie-root-port") &&
		     !is_model(bus, "pcie-switch-downstream-port")))
			continue;
		if (cell_of(slots, bus) == cell) {
			*ret = use(bus, 0);
			return 0;
		}
	}
	if (cell != HD_NO_NODE) {
		r = find_expander(slots, "pcie-expander-bus", cell, &expander,
				  err);
		if (r < 0)
			return r;
		parent = expander->index;
		slot = free_slot(expander, 0);
		use(expander, slot);
	}
	r = add_bus(slots, "pcie-root-port", &bus, err);
	if (r < 0)
		return r;
	bus->placed = expander;
	bus->parent = parent;
	bus->slot = (uint8_t)slot;
	*ret = use(bus, 0);
	return 0;
}

/*
 * PCI: any free slot but slot 0 of a bus. Slots 1 and 2 of the root bus are the
 * south bridge's and, as libvirt wants it, the primary display's.
 */
static int take_slot(struct hd_slots *slots, int cell, struct hd_addr *ret,
		     struct hd_err *err)
{
	struct hd_bus *bus = NULL;
	int slot, r;

	for (size_t i = 0; i < slots->n_buses; i++) {
		bus = &slots->buses[i];
		slot = free_slot(bus, bus->index == 0 ? 3 : 1);
		if (slot < 0 || cell_of(slots, bus) != cell ||
		    (!is_model(bus, "pci-root") &&
		     !is_model(bus, "pci-bridge") &&
		     !is_model(bus, "pci-expander-bus")))
			continue;
		*ret = use(bus, slot);
		return 0;
	}
	r = cell == HD_NO_NODE ?
		    add_bus(slots, "pci-bridge", &bus, err) :
		    find_expander(slots, "pci-expander-bus", cell, &bus, err);
	if (r == 0)
		*ret = use(bus, free_slot(bus, 1));
	return r;
}

/*
 * pseries: what is behind one host bridge shares its DMA windows, and QEMU
 * can't put one IOMMU group behind two, so each group has a bridge of its own
 * (qemuDomainFillDeviceIsolationGroup() in libvirt).
 */
static int take_host_bridge(struct hd_slots *slots, int group, int cell,
			    struct hd_addr *ret, struct hd_err *err)
{
	struct hd_bus *bus = NULL;
	int r;

	for (size_t i = 0; i < slots->n_buses; i++) {
		bus = &slots->buses[i];
		if (!is_model(bus, "pci-root") || bus->index == 0 ||
		    free_slot(bus, 1) < 0 || bus->node != cell)
			continue;
		if (bus->used ? group != HD_NO_GROUP && bus->group == group :
				true) {
			bus->group = group;
			*ret = use(bus, free_slot(bus, 1));
			return 0;
		}
	}
	r = add_bus(slots, "pci-root", &bus, err);
	if (r < 0)
		return r;
	bus->node = cell;
	bus->group = group;
	*ret = use(bus, 1);
	return 0;
}

int hd_slots_take(struct hd_slots *slots, int group, int cell,
		  struct hd_addr *ret, struct hd_err *err)
{
	switch (slots->machine) {
	case HD_MACHINE_I440FX:
		return take_slot(slots, cell, ret, err);
	case HD_MACHINE_PSERIES:
		return take_host_bridge(slots, group, cell, ret, err);
	case HD_MACHINE_Q35:
	case HD_MACHINE_VIRT:
		break;
	}
	return take_port(slots, cell, ret, err);
}

int hd_slots_cell(const struct hd_slots *slots, int host_node, int *ret,
		  struct hd_err *err)
{
	if (slots->n_cells == 0)
		return hd_err_set(err, ENOENT,
				  "the guest has no NUMA cells (<cpu><numa>)");
	for (size_t i = 0; i < slots->n_cells; i++) {
		const char *nodeset = slots->cells[i].nodeset;

		if (!nodeset ||
		    !hd_nodeset_has(nodeset, (unsigned long)host_node))
			continue;
		*ret = (int)i;
		return 0;
	}
	hd_err_set(
		err, ENOENT,
		"no NUMA cell of the guest has its memory on node %d of the host, where the device is",
		host_node);
	hd_err_fix(
		err,
		"Say which has: <numatune><memnode cellid='0' mode='strict' nodeset='%d'/></numatune>",
		host_node);
	return -ENOENT;
}

static void format_bus(FILE *file, const struct hd_bus *bus)
{
	fprintf(file, "<controller type='pci' index='%u' model='%s'",
		bus->index, bus->model);
	if (bus->node == HD_NO_NODE && !bus->placed) {
		fputs("/>\n", file);
		return;
	}
	fputs(">\n", file);
	if (bus->node != HD_NO_NODE)
		fprintf(file, "  <target>\n    <node>%d</node>\n  </target>\n",
			bus->node);
	if (bus->placed)
		fprintf(file,
			"  <address type='pci' domain='0x0000' bus='0x%02x' slot='0x%02x' function='0x0'/>\n",
			bus->parent, bus->slot);
	fputs("</controller>\n", file);
}

char *hd_slots_format_added(const struct hd_slots *slots)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < slots->n_buses; i++)
		if (slots->buses[i].added)
			format_bus(file, &slots->buses[i]);
	return hd_stream_text(file, &text);
}

void hd_slots_clear(struct hd_slots *slots)
{
	hd_doc_cleanup(&slots->doc);
	free(slots->cells);
	free(slots->buses);
	*slots = (struct hd_slots){ .buses = NULL };
}
