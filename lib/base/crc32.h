/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_CRC32_H
#define HD_LIB_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of zlib's crc32(), by which every change of up to 32 bits in a
 * row is found. @before is what came out of the data before, 0 at the
 * beginning.
 */
uint32_t hd_crc32(uint32_t before, const void *data, size_t length);

#endif
