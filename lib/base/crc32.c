// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/crc32.h"

/* A claim has some hundred bytes: no table is worth its room. */
uint32_t hd_crc32(uint32_t before, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint32_t crc = ~before;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}
