/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_SLOTS_BUS_MODEL_H
#define HD_XML_SLOTS_BUS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A model of <controller type='pci'>, and what its bus takes: libvirt 11.3,
 * src/conf/domain_addr.c, virDomainPCIAddressBusSetModel() and
 * virDomainPCIAddressFlagsCompatible() for an address from the XML.
 */
struct hd_bus_model {
	const char *name;
	uint8_t first, last; /* slots */
	bool endpoints; /* devices, and not only other controllers */
	bool express; /* PCI Express */
};

/* The model of a name; NULL when there is none, or the name is NULL. */
const struct hd_bus_model *hd_bus_model_find(const char *name);

#endif
