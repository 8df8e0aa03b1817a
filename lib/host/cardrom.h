/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_CARDROM_H
#define HD_LIB_HOST_CARDROM_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/device.h"
#include "lib/host/host.h"
#include "lib/host/rom.h"

/* Where a card's expansion ROM was read. */
enum hd_cardrom_source {
	HD_CARDROM_BAR, /* the card itself */
	HD_CARDROM_SHADOW, /* the copy at 0xC0000, which the firmware of a PC
			    * makes, runs and may change */
	HD_CARDROM_VFCT, /* the copy in the ACPI table */
};

struct hd_cardrom {
	enum hd_cardrom_source source;
	char *data; /* owned */
	size_t length;
	struct hd_rom rom; /* what is in it */
	int shown; /* 0, or the negative errno for which the kernel still shows
		    * the ROM in sysfs */
};

#define HD_AUTO_CARDROM __attribute__((cleanup(hd_cardrom_clear)))

/*
 * Reads the expansion ROM of a device that no guest uses and that is awake: the
 * card's own, unless the kernel only has the firmware's copy of it, or none. Of
 * an AMD card then the one in the ACPI table VFCT, if it is there. A copied
 * tree has no other.
 *
 * Returns 0; -EAGAIN when it sleeps, or another process reads it; -EIO when the
 * kernel finds no ROM where one should be; -ENODATA when the card has none;
 * -EINVAL when what was read is none; -EPERM for a copied tree; another
 * negative errno; each with a sentence in @err. Whatever it returns,
 * @ret->shown is set.
 */
int hd_cardrom_read(const struct hd_host *host, const struct hd_device *device,
		    struct hd_cardrom *ret, struct hd_err *err);

/* "bar", "shadow", "vfct"; and the same in words. */
const char *hd_cardrom_source_name(enum hd_cardrom_source source);
const char *hd_cardrom_source_text(enum hd_cardrom_source source);

void hd_cardrom_clear(struct hd_cardrom *cardrom);

#endif
