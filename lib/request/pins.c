// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/pins.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/host/inventory.h"

/* What a device of the inventory is, once that was looked at. */
struct known {
	bool read, present;
	struct hd_identity identity;
};

/* The host while pins are compared with it: each device is read once, however
 * many pins there are. */
struct look {
	const struct hd_host *host;
	struct hd_inventory inventory; /* empty until it is needed */
	struct known *known; /* for each device of it; owned */
	struct hd_index kinds; /* where in it the devices with an id are */
	struct hd_err *err;
};

static void end_look(struct look *look)
{
	hd_inventory_clear(&look->inventory);
	hd_index_clear(&look->kinds);
	free(look->known);
}

static uint64_t kind_of(uint16_t vendor, uint16_t device)
{
	return (uint64_t)vendor << 16 | device;
}

static int begin_search(struct look *look)
{
	int r = look->known ? 0 :
			      hd_inventory_read_all(&look->inventory,
						    look->host, look->err);

	if (r < 0 || look->known)
		return r;
	for (size_t i = 0; r == 0 && i < look->inventory.n_devices; i++)
		r = hd_index_add(&look->kinds,
				 kind_of(look->inventory.devices[i].vendor,
					 look->inventory.devices[i].device),
				 i, look->err);
	if (r < 0)
		return r;
	hd_index_sort(&look->kinds);
	look->known =
		calloc(look->inventory.n_devices + 1, sizeof(*look->known));
	return look->known ? 0 : hd_err_nomem(look->err);
}

/* Reads what a device is; absent when it went away meanwhile. */
static int read_identity(const struct look *look, struct hd_addr addr,
			 struct known *ret)
{
	int r = 0;

	if (!ret->read)
		r = hd_identity_read(look->host, addr, &ret->identity,
				     look->err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!ret->read)
		ret->present = r == 0;
	ret->read = true;
	return 0;
}

/* Counts a device that could be the pinned one. */
static void count(const struct known *known, struct hd_addr addr,
		  struct hd_pin_match *pinned)
{
	enum hd_identity_match match = hd_identity_match_moved(
		&pinned->pin->identity, &known->identity);

	if (match == HD_MATCH_DIFFERENT ||
	    (match == HD_MATCH_ALIKE && pinned->sure))
		return;
	if (match == HD_MATCH_SAME && !pinned->sure) {
		pinned->sure = true;
		pinned->n_elsewhere = 0;
	}
	if (pinned->n_elsewhere++ == 0)
		pinned->elsewhere = addr;
}

/* Through all devices of the kind, which is little more than a list of ids. */
static int search(const struct look *look, struct hd_pin_match *pinned)
{
	const struct hd_identity *wanted = &pinned->pin->identity;
	size_t n;
	const struct hd_index_item *kind = hd_index_find(
		&look->kinds, kind_of(wanted->vendor, wanted->device), &n);

	for (size_t i = 0; i < n; i++) {
		struct known *known = &look->known[kind[i].at];
		struct hd_addr addr = look->inventory.devices[kind[i].at].addr;
		int r;

		if (hd_addr_equal(addr, pinned->pin->addr))
			continue;
		r = read_identity(look, addr, known);
		if (r < 0)
			return r;
		if (known->present)
			count(known, addr, pinned);
	}
	return 0;
}

static int compare(struct look *look, const struct known *now,
		   struct hd_pin_match *item)
{
	int r;

	item->present = now->present;
	item->match = HD_MATCH_DIFFERENT;
	if (now->present)
		item->match = hd_identity_match(&item->pin->identity,
						&now->identity, &item->what);
	if (item->match == HD_MATCH_SAME)
		return 0;
	r = begin_search(look);
	return r < 0 ? r : search(look, item);
}

int hd_pins_compare(const struct hd_host *host, const struct hd_pin *pins,
		    size_t n, struct hd_pin_matches *ret, struct hd_err *err)
{
	HD_AUTO(end_look) struct look look = { .host = host, .err = err };
	HD_AUTO_PIN_MATCHES struct hd_pin_matches all = HD_PIN_MATCHES_INIT;
	const struct hd_index_item *sorted;
	struct known now = { .read = false };
	int r = hd_addr_index(&all.by_addr, pins, n, sizeof(*pins), err);

	all.items = r == 0 ? calloc(n + 1, sizeof(*all.items)) : NULL;
	if (!all.items)
		return r < 0 ? r : hd_err_nomem(err);
	all.n = n;
	sorted = all.by_addr.items;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct hd_pin *pin = &pins[sorted[i].at];

		if (i == 0 || sorted[i].key != sorted[i - 1].key)
			now.read = false;
		all.items[sorted[i].at].pin = pin;
		r = read_identity(&look, pin->addr, &now);
		if (r == 0)
			r = compare(&look, &now, &all.items[sorted[i].at]);
	}
	if (r < 0)
		return r;
	*ret = all;
	all = (struct hd_pin_matches)HD_PIN_MATCHES_INIT;
	return 0;
}

bool hd_pin_match_place(const struct hd_pin_match *pinned, struct hd_addr *ret)
{
	*ret = pinned->match == HD_MATCH_DIFFERENT ? pinned->elsewhere :
						     pinned->pin->addr;
	return pinned->match != HD_MATCH_DIFFERENT || pinned->n_elsewhere == 1;
}

void hd_pin_matches_clear(struct hd_pin_matches *pin_matches)
{
	free(pin_matches->items);
	hd_index_clear(&pin_matches->by_addr);
	*pin_matches = (struct hd_pin_matches)HD_PIN_MATCHES_INIT;
}
