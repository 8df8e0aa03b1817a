/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_IDENTITY_H
#define HD_LIB_HOST_IDENTITY_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/host.h"

/*
 * What a device is, beyond the address that it happens to have. A card that is
 * added moves the addresses of others.
 */
struct hd_identity {
	/* Every device has these. */
	uint16_t vendor, device;
	/* So does every one that is read; what was written down may lack them,
	 * which is HD_ID_UNKNOWN. */
	int64_t subsystem; /* its vendor in the upper, its device in the lower
			    * 16 bits */
	int64_t class_code; /* 24 bits */
	int64_t revision;
	/* What tells two alike apart; "" when it is not known: */
	char dsn[24]; /* PCI Express device serial number, "00-1b-21-..." */
	char serial[64]; /* NVMe, while its driver is bound */
	char mac[18]; /* the NIC's own, while its driver is bound */
	/* And where it is; "" when it is not known: */
	char slot[32]; /* name of the slot, as the firmware gives it */
	char path[160]; /* from the root through the bridges by slot and
			 * function, which stay when buses are renumbered:
			 * "0000/01.0/00.0" */
};

#define HD_ID_UNKNOWN (-1)

/* How the device at an address compares with what was written down. */
enum hd_identity_match {
	HD_MATCH_SAME, /* something that only one device has is the same */
	HD_MATCH_ALIKE, /* nothing differs, but only the place tells it from
			 * another one like it */
	HD_MATCH_DIFFERENT,
};

/*
 * Reads what a device is. Its config space, where the serial number stands, is
 * read while the device is awake and the caller is root. What then can't be
 * read is an error: it is not "not known", which would let another device pass.
 *
 * Returns 0; -ENOENT without a sentence when there is none at @addr; another
 * negative errno with a sentence in @err.
 */
int hd_identity_read(const struct hd_host *host, struct hd_addr addr,
		     struct hd_identity *ret, struct hd_err *err);

/*
 * Compares a device with what was written down of one. Vendor and device must
 * be equal; so must each of subsystem, class, revision, dsn, serial and mac
 * that is known of both. When none of the last three is, slot and path decide.
 *
 * @ret_what  the word for the first thing that differs, or NULL
 */
enum hd_identity_match hd_identity_match(const struct hd_identity *pinned,
					 const struct hd_identity *now,
					 const char **ret_what);

/*
 * The same without the place: whether @now could be the device that was written
 * down after it moved.
 */
enum hd_identity_match hd_identity_match_moved(const struct hd_identity *pinned,
					       const struct hd_identity *now);

#endif
