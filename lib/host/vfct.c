// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/vfct.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The table's header, and the header of each image; all is little-endian. */
enum {
	TABLE_LENGTH = 0x04,
	TABLE_IMAGES = 0x34, /* where the first one is */
	TABLE_SIZE = 0x4c,
	IMAGE_BUS = 0x00,
	IMAGE_SLOT = 0x04,
	IMAGE_FUNCTION = 0x08,
	IMAGE_VENDOR = 0x0c,
	IMAGE_DEVICE = 0x0e,
	IMAGE_LENGTH = 0x18,
	IMAGE_SIZE = 0x1c,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static bool is_of(const uint8_t *image, struct hd_addr addr, uint16_t vendor,
		  uint16_t device)
{
	return get32(image + IMAGE_BUS) == addr.bus &&
	       get32(image + IMAGE_SLOT) == addr.slot &&
	       get32(image + IMAGE_FUNCTION) == addr.function &&
	       get16(image + IMAGE_VENDOR) == vendor &&
	       get16(image + IMAGE_DEVICE) == device;
}

int hd_vfct_find(const uint8_t *table, size_t n, struct hd_addr addr,
		 uint16_t vendor, uint16_t device, const uint8_t **ret,
		 size_t *ret_length, struct hd_err *err)
{
	size_t length, offset;

	if (n < TABLE_SIZE || memcmp(table, "VFCT", 4) != 0)
		return hd_err_set(err, EINVAL, "this is no ACPI table VFCT");
	length = get32(table + TABLE_LENGTH);
	if (length > n || length < TABLE_SIZE)
		return hd_err_set(
			err, EINVAL,
			"the table says that it has %zu bytes, and %zu are there",
			length, n);
	if (addr.domain != 0)
		return -ENOENT;
	for (offset = get32(table + TABLE_IMAGES); offset < length;) {
		const uint8_t *image = table + offset;
		size_t size;

		if (length - offset < IMAGE_SIZE)
			return hd_err_set(
				err, EINVAL,
				"the table ends within the header of an image, at byte %zu",
				offset);
		size = get32(image + IMAGE_LENGTH);
		offset += IMAGE_SIZE;
		if (length - offset < size)
			return hd_err_set(
				err, EINVAL,
				"the table is cut off: its image at byte %zu has %zu bytes, of which %zu are there",
				offset, size, length - offset);
		if (size && is_of(image, addr, vendor, device)) {
			*ret = image + IMAGE_SIZE;
			*ret_length = size;
			return 0;
		}
		offset += size;
	}
	return -ENOENT;
}
