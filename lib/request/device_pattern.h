/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_DEVICE_PATTERN_H
#define HD_LIB_REQUEST_DEVICE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/host/device.h"

/*
 * Devices in words, by what every inventory has read of them:
 *
 *	0000:01:00.0, 01:00.*, *:01:00.0	by their address
 *	10de:1f06, 10de:*			by vendor and device
 *	class:03, class:0300, class:030000	by base class, with sub-class,
 *						with interface
 *	group:5					by IOMMU group
 *	*					all
 *
 * An asterisk stands for a whole number, never for a part of one.
 */
struct hd_device_pattern {
	enum { HD_BY_NUMBERS, HD_BY_ID, HD_BY_CLASS, HD_BY_GROUP } by;
	/* Each is compared where its bits are set. */
	struct hd_addr addr, addr_bits;
	uint16_t vendor, vendor_bits, device, device_bits;
	uint32_t class_code, class_bits;
	int group;
};

/* What there is to say of what hd_device_pattern_parse() takes. */
#define HD_DEVICE_PATTERNS                                                     \
	"an address (0000:01:00.0, 01:00.*), an id (10de:1f06, 10de:*), "      \
	"class:03, group:5 or *"

/* Reads one of them; false for anything else: it would be for no device. */
bool hd_device_pattern_parse(const char *text, struct hd_device_pattern *ret);

bool hd_device_pattern_matches(const struct hd_device_pattern *pattern,
			       const struct hd_device *device);

#endif
