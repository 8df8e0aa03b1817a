// SPDX-License-Identifier: GPL-2.0-or-later
/* From a domain's XML to its slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/host/device.h"
#include "xml/doc/doc.h"
#include "xml/doc/number.h"
#include "xml/domain/place.h"
#include "xml/slots/bus_model.h"
#include "xml/slots/slots.h"

/* As a constant; a model that isn't known has no slots for us. */
static const char *model_name(const char *text)
{
	const struct hd_bus_model *model = hd_bus_model_find(text);

	return model ? model->name : "";
}

/* One number of an element; false when it isn't there or is none. */
static bool read_number(const xmlNode *node, const char *name, uint32_t max,
			uint32_t *ret)
{
	const char *text = hd_node_attribute(node, name);

	return text && hd_number_parse(text, max, ret);
}

/* The guest's address of a device, when it has one. */
static const xmlNode *find_address(const xmlNode *device)
{
	const xmlNode *node = hd_node_child(device, "address");

	return node && hd_node_attribute_is(node, "type", "pci") ? node : NULL;
}

static bool read_guest(const xmlNode *device, uint8_t *ret_bus,
		       uint8_t *ret_slot)
{
	const xmlNode *address = find_address(device);
	uint32_t bus = 0, slot = 0;

	if (!address)
		return false;
	read_number(address, "bus", 0xff, &bus);
	read_number(address, "slot", 0x1f, &slot);
	*ret_bus = (uint8_t)bus;
	*ret_slot = (uint8_t)slot;
	return true;
}

static struct hd_bus *find(struct hd_slots *slots, uint8_t index)
{
	for (size_t i = 0; i < slots->n_buses; i++)
		if (slots->buses[i].index == index)
			return &slots->buses[i];
	return NULL;
}

static int add_bus(struct hd_slots *slots, uint8_t index, const char *model,
		   struct hd_bus **ret, struct hd_err *err)
{
	struct hd_bus *bus = find(slots, index);

	if (!bus)
		bus = hd_array_add(&slots->buses, &slots->n_buses,
				   sizeof(*bus));
	if (!bus)
		return hd_err_nomem(err);
	*bus = (struct hd_bus){
		.index = index,
		.model = model,
		.node = HD_NO_NODE,
		.group = HD_NO_GROUP,
	};
	*ret = bus;
	return 0;
}

/* <target><node>1</node></target> */
static int read_node(const xmlNode *controller)
{
	const xmlNode *target = hd_node_child(controller, "target");
	const xmlNode *node = target ? hd_node_child(target, "node") : NULL;
	char text[HD_NODE_TEXT];
	uint32_t number;

	return node && hd_node_text(node, text, sizeof(text)) &&
			       hd_number_parse(text, 0xffff, &number) ?
		       (int)number :
		       HD_NO_NODE;
}

static int read_controller(struct hd_slots *slots, const xmlNode *node,
			   struct hd_err *err)
{
	const char *model = hd_node_attribute(node, "model");
	struct hd_bus *bus;
	uint32_t index;
	uint8_t slot;
	int r;

	if (!hd_node_attribute_is(node, "type", "pci"))
		return 0;
	/* libvirt numbers those without an index, after all others. */
	if (!read_number(node, "index", 0xff, &index))
		return 0;
	r = add_bus(slots, (uint8_t)index, model_name(model), &bus, err);
	if (r < 0)
		return r;
	bus->node = read_node(node);
	read_guest(node, &bus->parent, &slot);
	return 0;
}

/* Every child of <devices> that has an address takes its slot. */
static void mark_used(struct hd_slots *slots, const xmlNode *devices)
{
	for (const xmlNode *node = devices->children; node; node = node->next) {
		uint8_t index, slot;
		struct hd_bus *bus;

		if (node->type != XML_ELEMENT_NODE ||
		    !read_guest(node, &index, &slot))
			continue;
		bus = find(slots, index);
		if (bus)
			bus->used |= UINT32_C(1) << slot;
	}
}

static int note_host(void *data, const struct hd_place *place,
		     struct hd_err *err)
{
	struct hd_slots *slots = data;
	struct hd_bus *bus = NULL;
	uint8_t index, slot;

	(void)err;
	if (read_guest(place->node, &index, &slot))
		bus = find(slots, index);
	if (bus) {
		bus->has_host = true;
		bus->host = place->addr;
	}
	return 0;
}

/* The nodes of the host that each cell's memory is on: what <memnode> says of
 * it, the first of them; for the others, <memory>. */
static void read_nodesets(struct hd_slots *slots, const xmlNode *domain)
{
	const xmlNode *tune = hd_node_child(domain, "numatune");
	const xmlNode *memory = tune ? hd_node_child(tune, "memory") : NULL;
	const char *others =
		memory ? hd_node_attribute(memory, "nodeset") : NULL;

	for (const xmlNode *node = tune ? tune->children : NULL; node;
	     node = node->next) {
		uint32_t id;

		if (hd_node_is(node, "memnode") &&
		    read_number(node, "cellid", UINT32_MAX, &id) &&
		    id < slots->n_cells && !slots->cells[id].nodeset)
			slots->cells[id].nodeset =
				hd_node_attribute(node, "nodeset");
	}
	for (size_t i = 0; i < slots->n_cells; i++)
		if (!slots->cells[i].nodeset)
			slots->cells[i].nodeset = others;
}

static int read_cells(struct hd_slots *slots, const xmlNode *domain,
		      struct hd_err *err)
{
	const xmlNode *cpu = hd_node_child(domain, "cpu");
	const xmlNode *numa = cpu ? hd_node_child(cpu, "numa") : NULL;

	for (const xmlNode *node = numa ? numa->children : NULL; node;
	     node = node->next)
		if (hd_node_is(node, "cell") &&
		    !hd_array_add(&slots->cells, &slots->n_cells,
				  sizeof(*slots->cells)))
			return hd_err_nomem(err);
	read_nodesets(slots, domain);
	return 0;
}

/* By the beginning of a machine's name; the first that fits. */
static const struct {
	const char *arch; /* by its beginning, too */
	const char *name;
	enum hd_machine machine;
} machines[] = {
	{ "x86_64", "pc-q35", HD_MACHINE_Q35 },
	{ "x86_64", "q35", HD_MACHINE_Q35 },
	{ "i686", "pc-q35", HD_MACHINE_Q35 },
	{ "i686", "q35", HD_MACHINE_Q35 },
	{ "x86_64", "pc", HD_MACHINE_I440FX },
	{ "i686", "pc", HD_MACHINE_I440FX },
	{ "aarch64", "virt", HD_MACHINE_VIRT },
	{ "armv7l", "virt", HD_MACHINE_VIRT },
	{ "riscv64", "virt", HD_MACHINE_VIRT },
	{ "loongarch64", "virt", HD_MACHINE_VIRT },
	{ "ppc64", "pseries", HD_MACHINE_PSERIES },
};

#define N_MACHINES (sizeof(machines) / sizeof(machines[0]))

static int read_machine(struct hd_slots *slots, const xmlNode *domain,
			struct hd_err *err)
{
	const xmlNode *os = hd_node_child(domain, "os");
	const xmlNode *type = os ? hd_node_child(os, "type") : NULL;
	const char *arch = type ? hd_node_attribute(type, "arch") : NULL;
	const char *name = type ? hd_node_attribute(type, "machine") : NULL;

	for (size_t i = 0; name && i < N_MACHINES; i++) {
		if (!hd_after(name, machines[i].name) ||
		    (arch && !hd_after(arch, machines[i].arch)))
			continue;
		slots->machine = machines[i].machine;
		return 0;
	}
	if (!name)
		return hd_err_set(
			err, EINVAL,
			"the domain doesn't name its machine (<os><type machine=...>), so its PCI slots aren't known");
	return hd_err_set(
		err, EINVAL,
		"the PCI slots of machine '%.64s'%s%.32s aren't known here: leave the guest address to libvirt",
		name, arch ? " for " : "", arch ? arch : "");
}

/* The root bus is there whether the domain lists it or not. */
static int add_root(struct hd_slots *slots, struct hd_err *err)
{
	bool express = slots->machine == HD_MACHINE_Q35 ||
		       slots->machine == HD_MACHINE_VIRT;
	struct hd_bus *bus;

	return find(slots, 0) ?
		       0 :
		       add_bus(slots, 0, express ? "pcie-root" : "pci-root",
			       &bus, err);
}

static int read_devices(struct hd_slots *slots, const xmlNode *domain,
			struct hd_err *err)
{
	const xmlNode *devices = hd_node_child(domain, "devices");
	int r = 0;

	if (!devices)
		return hd_err_set(err, EINVAL, "the domain has no <devices>");
	for (const xmlNode *node = devices->children; r == 0 && node;
	     node = node->next)
		if (hd_node_is(node, "controller"))
			r = read_controller(slots, node, err);
	if (r == 0)
		r = add_root(slots, err);
	if (r < 0)
		return r;
	mark_used(slots, devices);
	return hd_places_visit(domain, note_host, slots, err);
}

int hd_slots_read(const char *text, size_t length, struct hd_slots *ret,
		  struct hd_err *err)
{
	HD_AUTO_SLOTS struct hd_slots slots = { .buses = NULL };
	const xmlNode *domain;
	int r = hd_doc_parse(text, length, &slots.doc, err);

	if (r < 0)
		return r;
	domain = hd_doc_root(slots.doc);
	r = read_machine(&slots, domain, err);
	if (r == 0)
		r = read_devices(&slots, domain, err);
	if (r == 0)
		r = read_cells(&slots, domain, err);
	if (r < 0)
		return r;
	*ret = slots;
	slots = (struct hd_slots){ .buses = NULL };
	return 0;
}
