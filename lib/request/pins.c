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
	struct hd_err *err;
};

static void end_look(struct look *look)
{
	hd_inventory_clear(&look->inventory);
	free(look->known);
}

static int begin_search(struct look *look)
{
	int r = look->known ? 0 :
			      hd_inventory_read_all(&look->inventory,
						    look->host, look->err);

	if (r < 0 || look->known)
		return r;
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

	for (size_t i = 0; i < look->inventory.n_devices; i++) {
		const struct hd_device *device = &look->inventory.devices[i];
		int r;

		if (device->vendor != wanted->vendor ||
		    device->device != wanted->device ||
		    hd_addr_equal(device->addr, pinned->pin->addr))
			continue;
		r = read_identity(look, device->addr, &look->known[i]);
		if (r < 0)
			return r;
		if (look->known[i].present)
			count(&look->known[i], device->addr, pinned);
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

static int by_address(const void *a, const void *b)
{
	const struct hd_pin_match *const *x = a, *const *y = b;

	return hd_addr_compare(&(*x)->pin->addr, &(*y)->pin->addr);
}

int hd_pins_compare(const struct hd_host *host, const struct hd_pin *pins,
		    size_t n, struct hd_pin_matches *ret, struct hd_err *err)
{
	HD_AUTO(end_look) struct look look = { .host = host, .err = err };
	HD_AUTOFREE struct hd_pin_match *items = calloc(n + 1, sizeof(*items));
	HD_AUTOFREE struct hd_pin_match **sorted =
		calloc(n + 1, sizeof(struct hd_pin_match *));
	struct known now = { .read = false };
	int r = 0;

	if (!items || !sorted)
		return hd_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		items[i].pin = &pins[i];
		sorted[i] = &items[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_address);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i == 0 || by_address(&sorted[i - 1], &sorted[i]) != 0)
			now.read = false;
		r = read_identity(&look, sorted[i]->pin->addr, &now);
		if (r == 0)
			r = compare(&look, &now, sorted[i]);
	}
	if (r < 0)
		return r;
	ret->items = hd_steal(&items);
	ret->n = n;
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
	*pin_matches = (struct hd_pin_matches){ NULL, 0 };
}
