// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/number.h"
#include "xml/lint/rule.h"
#include "xml/slots/bus_model.h"

enum { N_BUSES = 256, N_PLACES = N_BUSES * 32 * 8 };

struct topology {
	const struct hd_bus_model *buses[N_BUSES]; /* NULL: not known */
	const xmlNode *devices[N_PLACES]; /* by bus, slot, function */
};

/* Buses that the domain names; libvirt adds what else it needs. */
static void read_buses(const struct hd_lint *lint, struct topology *topology)
{
	if (hd_lint_is_q35(lint))
		topology->buses[0] = hd_bus_model_find("pcie-root");
	else if (hd_lint_is_i440fx(lint))
		topology->buses[0] = hd_bus_model_find("pci-root");
	HD_LINT_EACH(node, lint->devices, "controller")
	{
		const char *model = hd_node_attribute(node, "model");
		const char *index = hd_node_attribute(node, "index");
		uint32_t bus;

		if (model && index &&
		    hd_node_attribute_is(node, "type", "pci") &&
		    hd_number_parse(index, N_BUSES - 1, &bus))
			topology->buses[bus] = hd_bus_model_find(model);
	}
}

static bool read_part(const xmlNode *address, const char *name, uint32_t max,
		      uint32_t *ret)
{
	const char *text = hd_node_attribute(address, name);

	*ret = 0;
	return !text || hd_number_parse(text, max, ret);
}

/*
 * Where a device is to be in the guest. False when libvirt chooses the place:
 * there is no address, or nothing but zeros in it
 * (virPCIDeviceAddressIsEmpty()); or when the address can't be read, which
 * another rule says.
 */
static bool read_address(const xmlNode *address, struct hd_addr *ret)
{
	uint32_t domain, bus, slot, function;

	if (!address || !hd_node_attribute_is(address, "type", "pci") ||
	    !read_part(address, "domain", UINT32_MAX, &domain) ||
	    !read_part(address, "bus", 0xff, &bus) ||
	    !read_part(address, "slot", 0x1f, &slot) ||
	    !read_part(address, "function", 7, &function))
		return false;
	*ret = (struct hd_addr){ domain, (uint8_t)bus, (uint8_t)slot,
				 (uint8_t)function };
	return domain || bus || slot || function;
}

static size_t index_of(struct hd_addr addr)
{
	return (size_t)addr.bus << 8 | (size_t)addr.slot << 3 | addr.function;
}

static int add_taken(struct hd_lint *lint, const xmlNode *first,
		     const xmlNode *second, struct hd_addr addr)
{
	const struct hd_lint_place *place = hd_lint_place_of(lint, second);

	if (!place)
		place = hd_lint_place_of(lint, first);
	if (!place)
		return 0; /* not about a device of the host */
	return hd_lint_add(
		lint, "guest-address-taken", HD_ERROR, place,
		hd_node_child(second, "address"),
		hd_text("Two devices of the guest are to be at its address %s: this <%s>, and the <%s> on line %u.",
			hd_addr_text(addr).s, second->name, first->name,
			hd_node_line(first)),
		hd_text("Remove this <address>, and libvirt chooses one"));
}

static int read_devices(struct hd_lint *lint, struct topology *topology)
{
	int r = 0;

	HD_LINT_EACH(node, lint->devices, NULL)
	{
		const xmlNode **slot;
		struct hd_addr addr;

		if (!read_address(hd_node_child(node, "address"), &addr) ||
		    addr.domain)
			continue;
		slot = &topology->devices[index_of(addr)];
		if (r == 0 && *slot)
			r = add_taken(lint, *slot, node, addr);
		else
			*slot = node;
	}
	return r;
}

static int refuse(struct hd_lint *lint, const struct hd_lint_place *place,
		  const xmlNode *address, char *message)
{
	return hd_lint_add(
		lint, "guest-address", HD_ERROR, place, address, message,
		hd_text("Remove this <address>, and libvirt chooses one"));
}

/* What libvirt knows to be impossible. */
static int check_bus(struct hd_lint *lint, const struct hd_lint_place *place,
		     const xmlNode *address, const struct hd_bus_model *bus,
		     struct hd_addr addr)
{
	if (addr.domain)
		return refuse(
			lint, place, address,
			hd_text("A guest has no PCI domain but 0, and this <address> names 0x%04x.",
				addr.domain));
	if (!bus)
		return 0;
	if (!bus->endpoints)
		return refuse(
			lint, place, address,
			hd_text("Bus %u of the guest is a %s, which takes no device but ports.",
				addr.bus, bus->name));
	if (addr.slot < bus->first || addr.slot > bus->last)
		return refuse(
			lint, place, address,
			hd_text("Bus %u of the guest is a %s, which has slots 0x%02x to 0x%02x, and this <address> names slot 0x%02x.",
				addr.bus, bus->name, bus->first, bus->last,
				addr.slot));
	return 0;
}

static int check_gpu(struct hd_lint *lint, const struct hd_lint_place *place,
		     const xmlNode *address, const struct hd_bus_model *bus)
{
	if (!bus || bus->express || !hd_lint_is_gpu(place) ||
	    !hd_lint_is_q35(lint))
		return 0;
	return hd_lint_add(
		lint, "gpu-bus", HD_INFO, place, address,
		hd_text("Graphics card %s has no PCI Express on the guest's %s, and some drivers miss it.",
			hd_lint_name(place), bus->name),
		hd_text("Remove this <address>, and libvirt chooses a pcie-root-port"));
}

/* What the machine itself has on bus 0: 00:01.0 of i440fx, 00:1f.0 of q35. */
static bool is_built_in(struct hd_addr addr)
{
	return addr.bus == 0 && (addr.slot == 0x01 || addr.slot == 0x1f);
}

/*
 * Nobody looks at the functions of a slot that has no function 0, or whose
 * function 0 says that it is the only one; QEMU refuses the second
 * (hw/pci/pci.c, pci_init_multifunction()). What the domain leaves unsaid,
 * libvirt sets (virDomainPCIAddressSetAllMulti(), 3.0 and newer).
 */
static int check_function(struct hd_lint *lint,
			  const struct hd_lint_place *place,
			  const xmlNode *address,
			  const struct topology *topology, struct hd_addr addr)
{
	struct hd_addr zero = { 0, addr.bus, addr.slot, 0 };
	const xmlNode *first = topology->devices[index_of(zero)];

	if (addr.function == 0 || addr.domain || is_built_in(addr))
		return 0;
	if (!first)
		return hd_lint_add(
			lint, "multifunction", HD_WARNING, place, address,
			hd_text("The guest won't see function %u of its slot %02x:%02x, which has no function 0.",
				addr.function, addr.bus, addr.slot),
			hd_text("Write function='0x0', or give the card's function 0 this slot too"));
	first = hd_node_child(first, "address");
	if (!hd_node_attribute_is(first, "multifunction", "off"))
		return 0;
	return hd_lint_add(
		lint, "multifunction", HD_ERROR, place, first,
		hd_text("Function 0 of the guest's slot %02x:%02x has multifunction='off', and the slot has a function %u.",
			addr.bus, addr.slot, addr.function),
		hd_text("Write multifunction='on' for function 0"));
}

/* src/conf/domain_validate.c, virDomainHostdevDefValidate() */
static int check_type(struct hd_lint *lint, const struct hd_lint_place *place,
		      const xmlNode *address)
{
	const char *type = hd_node_attribute(address, "type");

	if (place->place.source != HD_SOURCE_HOSTDEV || !type ||
	    strcmp(type, "pci") == 0 || strcmp(type, "unassigned") == 0)
		return 0;
	return refuse(
		lint, place, address,
		hd_text("A PCI device can't have an <address> with type='%.32s' in the guest.",
			type));
}

static int check_place(struct hd_lint *lint, const struct hd_lint_place *place,
		       const struct topology *topology)
{
	const xmlNode *address = hd_node_child(place->place.node, "address");
	const struct hd_bus_model *bus;
	struct hd_addr addr;
	int r;

	if (!address || place->place.source == HD_SOURCE_DISK)
		return 0;
	if (!read_address(address, &addr))
		return check_type(lint, place, address);
	bus = topology->buses[addr.bus];
	r = check_bus(lint, place, address, bus, addr);
	if (r == 0)
		r = check_gpu(lint, place, address, bus);
	return r < 0 ? r : check_function(lint, place, address, topology, addr);
}

int hd_lint_guest_addresses(struct hd_lint *lint)
{
	HD_AUTOFREE struct topology *topology = calloc(1, sizeof(*topology));
	int r;

	if (!topology)
		return hd_err_nomem(lint->err);
	read_buses(lint, topology);
	r = read_devices(lint, topology);
	for (size_t i = 0; r == 0 && i < lint->n_places; i++)
		r = check_place(lint, &lint->places[i], topology);
	return r;
}
