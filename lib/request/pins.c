// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/pins.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/host/inventory.h"

/* Counts a device that could be the pinned one. */
static int look_at(const struct hd_host *host, const struct hd_device *device,
		   struct hd_pin_match *pinned, struct hd_err *err)
{
	struct hd_identity identity;
	enum hd_identity_match match;
	int r = hd_identity_read(host, device->addr, &identity, err);

	if (r < 0) /* it went away meanwhile */
		return r == -ENOENT ? 0 : r;
	match = hd_identity_match_moved(&pinned->pin->identity, &identity);
	if (match == HD_MATCH_DIFFERENT ||
	    (match == HD_MATCH_ALIKE && pinned->sure))
		return 0;
	if (match == HD_MATCH_SAME && !pinned->sure) {
		pinned->sure = true;
		pinned->n_elsewhere = 0;
	}
	if (pinned->n_elsewhere++ == 0)
		pinned->elsewhere = device->addr;
	return 0;
}

/* Through all devices of the kind, which is little more than a list of ids. */
static int search(const struct hd_host *host,
		  const struct hd_inventory *inventory,
		  struct hd_pin_match *pinned, struct hd_err *err)
{
	const struct hd_identity *wanted = &pinned->pin->identity;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (device->vendor == wanted->vendor &&
		    device->device == wanted->device &&
		    !hd_addr_equal(device->addr, pinned->pin->addr))
			r = look_at(host, device, pinned, err);
	}
	return r;
}

static int compare(const struct hd_host *host, const struct hd_pin *pin,
		   struct hd_pin_match *ret, struct hd_err *err)
{
	struct hd_identity now;
	int r = hd_identity_read(host, pin->addr, &now, err);

	*ret = (struct hd_pin_match){ .pin = pin, .match = HD_MATCH_DIFFERENT };
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	ret->present = true;
	ret->match = hd_identity_match(&pin->identity, &now, &ret->what);
	return 0;
}

int hd_pins_compare(const struct hd_host *host, const struct hd_pin *pins,
		    size_t n, struct hd_pin_matches *ret, struct hd_err *err)
{
	HD_AUTO_INVENTORY struct hd_inventory inventory = { 0 };
	HD_AUTOFREE struct hd_pin_match *items = calloc(n + 1, sizeof(*items));
	bool searched = false;
	int r = items ? 0 : hd_err_nomem(err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = compare(host, &pins[i], &items[i], err);
		if (r < 0 || items[i].match == HD_MATCH_SAME)
			continue;
		if (!searched)
			r = hd_inventory_read_all(&inventory, host, err);
		searched = true;
		if (r == 0)
			r = search(host, &inventory, &items[i], err);
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
