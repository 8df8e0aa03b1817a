/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_XML_BLOCKS_H
#define HD_TOOLS_VERB_XML_BLOCKS_H

#include "lib/base/finding.h"
#include "lib/host/inventory.h"
#include "tools/tool.h"
#include "xml/rewrite/hostdev.h"
#include "xml/slots/slots.h"

/* What the command line of xml asks for. Texts are main's. */
struct hd_xml_values {
	bool siblings; /* and the rest of their groups */
	bool all_functions; /* and the other functions of each device */
	bool unmanaged;
	const char *driver_model;
	bool iommufd;
	const char *rom; /* a file, or "off" */
	unsigned boot;
	const char *alias;
	unsigned acpi_index;
	bool guest_auto;
	bool guest_said;
	struct hd_addr guest;
	bool numa;
	enum hd_source source;
	const char *mac;
	unsigned vlan;
	const char *target;
	bool qemu, x_vga;
};

/* The blocks for some devices, one coherent set. */
struct hd_blocks {
	const struct hd_tool *tool;
	const struct hd_xml_values *values;
	struct hd_inventory inventory; /* of the devices and their groups */
	struct hd_hostdev *items; /* in the order of output; owned */
	size_t n;
	size_t n_named; /* of them, those that are not only siblings; they come
			 * first */
	uint32_t targets; /* names of disks that are taken, as
			   * hd_targets_read() gives them */
	struct hd_findings notes; /* what is to be said beside it */
	char **texts; /* that the items point to; owned */
	size_t n_texts;
	struct hd_err *err;
};

#define HD_AUTO_BLOCKS __attribute__((cleanup(hd_blocks_clear)))

/*
 * Each of these returns 0 or a negative errno with a sentence. First the
 * devices: those at @addrs and, as far as it is asked for, their other
 * functions and their siblings. A device that can't be given to a guest is
 * refused.
 */
int hd_blocks_add(struct hd_blocks *blocks, const struct hd_addr *addrs,
		  size_t n);

/* What is asked for of each: ROM, boot order and so on. */
int hd_blocks_fill(struct hd_blocks *blocks);

/*
 * Guest addresses: the one that is asked for or, with @slots, free ones.
 * Without either the functions of one device can't be kept together.
 */
int hd_blocks_place(struct hd_blocks *blocks, struct hd_slots *slots);

/* The device of an item. */
const struct hd_device *hd_blocks_device(const struct hd_blocks *blocks,
					 const struct hd_hostdev *item);

/* The ROM that is asked for, for the devices whose ROM it is. */
int hd_blocks_fill_rom(struct hd_blocks *blocks);

/* How many of the items, from @first on, share a slot of the guest. */
size_t hd_blocks_count_functions(const struct hd_blocks *blocks, size_t first);

/*
 * Prints the named devices as arguments of QEMU, one a line, for a command line
 * of one's own.
 */
int hd_blocks_print_qemu(const struct hd_blocks *blocks);

void hd_blocks_clear(struct hd_blocks *blocks);

#endif
