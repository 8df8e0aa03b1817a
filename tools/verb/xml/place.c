// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the guest is to see the devices. */
#include <errno.h>

#include "tools/verb/xml/blocks.h"

static bool is_same_device(struct hd_addr a, struct hd_addr b)
{
	a.function = b.function = 0;
	return hd_addr_equal(a, b);
}

size_t hd_blocks_count_functions(const struct hd_blocks *blocks, size_t first)
{
	size_t n = 1;

	while (blocks->values->all_functions && first + n < blocks->n_named &&
	       is_same_device(blocks->items[first].addr,
			      blocks->items[first + n].addr))
		n++;
	return n;
}

/*
 * Functions of one device share a slot, with the numbers that they have on the
 * host. A guest looks for others only when function 0 says that there are.
 */
static void place_functions(struct hd_blocks *blocks, size_t first, size_t n,
			    struct hd_addr guest)
{
	for (size_t i = first; i < first + n; i++) {
		struct hd_hostdev *item = &blocks->items[i];

		item->place = HD_GUEST_AT;
		item->guest = guest;
		if (n == 1)
			continue;
		item->guest.function = item->addr.function;
		item->multifunction = item->addr.function == 0;
	}
}

/* The cell of the guest that a device is near to. */
static int find_cell(const struct hd_blocks *blocks,
		     const struct hd_slots *slots,
		     const struct hd_device *device, int *ret)
{
	*ret = HD_NO_NODE;
	if (!blocks->values->numa)
		return 0;
	if (device->numa_node == HD_NO_NODE)
		return hd_err_set(
			blocks->err, ENOENT,
			"the firmware of this host doesn't say which NUMA node %s is on",
			hd_addr_text(device->addr).s);
	return hd_slots_cell(slots, device->numa_node, ret, blocks->err);
}

static int place_free(struct hd_blocks *blocks, struct hd_slots *slots,
		      size_t first, size_t n)
{
	const struct hd_device *device =
		hd_blocks_device(blocks, &blocks->items[first]);
	struct hd_addr guest;
	int cell, r;

	r = find_cell(blocks, slots, device, &cell);
	if (r == 0)
		r = hd_slots_take(slots, device->group, cell, &guest,
				  blocks->err);
	if (r == 0)
		place_functions(blocks, first, n, guest);
	return r;
}

static int refuse_several(struct hd_blocks *blocks)
{
	return hd_err_set(
		blocks->err, EINVAL,
		"--guest-address is of one device, and %zu are named: with --for, free addresses are found",
		blocks->n_named);
}

static int refuse_unplaced(struct hd_blocks *blocks)
{
	hd_err_set(
		blocks->err, EINVAL,
		"the functions of one device have to share a slot of the guest, and which is free can't be known without the guest");
	hd_err_fix(
		blocks->err,
		"Name the guest with --for DOMAIN, or the slot with --guest-address");
	return -EINVAL;
}

/* On pseries the groups of what a host bridge carries already. */
static int learn_groups(const struct hd_blocks *blocks, struct hd_slots *slots)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < slots->n_buses; i++) {
		struct hd_bus *bus = &slots->buses[i];

		if (bus->has_host)
			r = hd_device_read_group(&blocks->tool->host, bus->host,
						 &bus->group, blocks->err);
		/* It stays without a group when the device isn't there. */
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}

int hd_blocks_place(struct hd_blocks *blocks, struct hd_slots *slots)
{
	const struct hd_xml_values *values = blocks->values;
	size_t n, first;
	int r = 0;

	if (slots)
		r = learn_groups(blocks, slots);
	for (first = 0; r == 0 && first < blocks->n_named; first += n) {
		n = hd_blocks_count_functions(blocks, first);
		if (values->guest_said && n < blocks->n_named)
			return refuse_several(blocks);
		if (values->guest_said)
			place_functions(blocks, first, n, values->guest);
		else if (slots)
			r = place_free(blocks, slots, first, n);
		else if (n > 1)
			return refuse_unplaced(blocks);
	}
	return r;
}
