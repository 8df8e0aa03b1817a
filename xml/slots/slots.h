/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_SLOTS_SLOTS_H
#define HD_XML_SLOTS_SLOTS_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/host/addr.h"

/*
 * The PCI slots of a guest: which buses it has, what is plugged in, and where
 * another device can go. What is said here of machines and controllers is from
 * libvirt 11.3: docs/pci-addresses.rst, docs/pci-hotplug.rst and
 * src/conf/domain_addr.c (virDomainPCIAddressBusSetModel()).
 */

enum hd_machine {
	HD_MACHINE_I440FX, /* PCI: devices on the root bus and on bridges */
	HD_MACHINE_Q35, /* PCI Express: each device on a port of its own */
	HD_MACHINE_VIRT, /* the same, for ARM, RISC-V and LoongArch */
	HD_MACHINE_PSERIES, /* a host bridge for each IOMMU group */
};

/* One bus of the guest: a <controller type='pci'>. */
struct hd_bus {
	uint8_t index;
	const char *model; /* as in the XML, a constant */
	int node; /* the guest's NUMA cell that it is near to, HD_NO_NODE */
	uint8_t parent; /* the bus that the controller is on */
	uint32_t used; /* slots with something in it, a bit each */
	bool has_host; /* one of its devices is the host's, */
	struct hd_addr host; /* this one */
	int group; /* pseries: the IOMMU group of what is on it, by whoever
		    * knows it of @host; HD_NO_GROUP as read */
	bool added; /* the guest doesn't have it yet */
	bool placed; /* when added: at @slot of @parent; else libvirt chooses */
	uint8_t slot;
};

/* A NUMA cell of the guest. */
struct hd_cell {
	const char *nodeset; /* the host's nodes that its memory is on, as in
			      * the XML; NULL when not said */
};

struct hd_slots {
	xmlDoc *doc; /* that was read; owned */
	enum hd_machine machine;
	struct hd_bus *buses; /* in the order of the document, then as added;
			       * owned */
	size_t n_buses;
	struct hd_cell *cells; /* owned */
	size_t n_cells;
};

#define HD_AUTO_SLOTS __attribute__((cleanup(hd_slots_clear)))

/*
 * Reads what a domain has. Returns 0, or a negative errno with a sentence: for
 * XML that can't be read, and for machines whose slots aren't known here.
 */
int hd_slots_read(const char *text, size_t length, struct hd_slots *ret,
		  struct hd_err *err);

/*
 * Takes a free slot for a device of the host that is in IOMMU @group; its
 * functions share the slot. Where there is none a controller is added. With a
 * @cell other than HD_NO_NODE the slot is one near that cell of the guest.
 *
 * Returns 0 and the slot, its function 0; or -ENOSPC with a sentence.
 */
int hd_slots_take(struct hd_slots *slots, int group, int cell,
		  struct hd_addr *ret, struct hd_err *err);

/*
 * The guest's cell whose memory is on a NUMA node of the host, by <memnode> of
 * <numatune>. -ENOENT with a sentence when there is none.
 */
int hd_slots_cell(const struct hd_slots *slots, int host_node, int *ret,
		  struct hd_err *err);

/*
 * The controllers that were added, as XML, each on lines of its own. Freed by
 * the caller; "" when none was, NULL when memory runs out.
 */
char *hd_slots_format_added(const struct hd_slots *slots);

void hd_slots_clear(struct hd_slots *slots);

#endif
