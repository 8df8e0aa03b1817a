/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_NUMBER_H
#define HD_XML_DOC_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads a number of an address attribute as libvirt does (virXMLPropUInt() with
 * base 0 and virStrToLong_uip(), tested with 9.0 and 11.3): decimal, 0x and
 * hexadecimal digits, a leading 0 and octal digits; blanks and a plus sign may
 * stand before, nothing after, and no minus sign anywhere. So '010' is 8, and
 * '08' and '1f' are no numbers.
 *
 * False when @text is none, or greater than @max.
 */
bool hd_number_parse(const char *text, uint32_t max, uint32_t *ret);

/* Reads hexadecimal digits, and nothing else. */
bool hd_number_parse_hex(const char *text, uint32_t max, uint32_t *ret);

#endif
