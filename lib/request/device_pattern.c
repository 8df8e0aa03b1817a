// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/device_pattern.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/word.h"

#define HEX "0123456789abcdefABCDEF"

/*
 * Cuts a number of @least to @most hexadecimal digits, or an asterisk, off the
 * beginning; it has to be followed by @end, which is passed.
 */
static bool take(const char **text, size_t least, size_t most, char end,
		 uint32_t max, uint32_t *value, uint32_t *bits)
{
	size_t n = strspn(*text, HEX);

	*value = *bits = 0;
	if (n == 0 && **text == '*') {
		n = 1;
	} else {
		if (n < least || n > most)
			return false;
		*value = (uint32_t)strtoul(*text, NULL, 16);
		*bits = UINT32_MAX;
	}
	if (*value > max || (*text)[n] != end)
		return false;
	*text += n + (end ? 1 : 0);
	return true;
}

/* Like hd_addr_parse(), but for node devices, which nobody writes by hand. */
static bool parse_address(const char *text, struct hd_device_pattern *ret)
{
	const char *first = strchr(text, ':');
	bool whole = first && strchr(first + 1, ':');
	uint32_t value[4] = { 0 }, bits[4] = { UINT32_MAX };

	ret->by = HD_BY_NUMBERS;
	if (whole && !take(&text, 4, 8, ':', UINT32_MAX, &value[0], &bits[0]))
		return false;
	if (!take(&text, 2, 2, ':', 0xff, &value[1], &bits[1]) ||
	    !take(&text, 2, 2, '.', 0x1f, &value[2], &bits[2]) ||
	    !take(&text, 1, 1, '\0', 7, &value[3], &bits[3]))
		return false;
	ret->addr = (struct hd_addr){ value[0], (uint8_t)value[1],
				      (uint8_t)value[2], (uint8_t)value[3] };
	ret->addr_bits = (struct hd_addr){ bits[0], (uint8_t)bits[1],
					   (uint8_t)bits[2], (uint8_t)bits[3] };
	return true;
}

static bool parse_id(const char *text, struct hd_device_pattern *ret)
{
	uint32_t value[2], bits[2];

	ret->by = HD_BY_ID;
	if (!take(&text, 4, 4, ':', UINT16_MAX, &value[0], &bits[0]) ||
	    !take(&text, 4, 4, '\0', UINT16_MAX, &value[1], &bits[1]))
		return false;
	ret->vendor = (uint16_t)value[0];
	ret->vendor_bits = (uint16_t)bits[0];
	ret->device = (uint16_t)value[1];
	ret->device_bits = (uint16_t)bits[1];
	return true;
}

static bool parse_class(const char *text, struct hd_device_pattern *ret)
{
	size_t n = strlen(text);
	unsigned shift = (unsigned)(24 - 4 * n);

	ret->by = HD_BY_CLASS;
	if ((n != 2 && n != 4 && n != 6) || strspn(text, HEX) != n)
		return false;
	ret->class_code = (uint32_t)strtoul(text, NULL, 16) << shift;
	ret->class_bits = 0xffffffu >> shift << shift;
	return true;
}

static bool parse_group(const char *text, struct hd_device_pattern *ret)
{
	int64_t number;

	ret->by = HD_BY_GROUP;
	if (!hd_word_number(text, INT32_MAX, &number))
		return false;
	ret->group = (int)number;
	return true;
}

bool hd_device_pattern_parse(const char *text, struct hd_device_pattern *ret)
{
	const char *rest;

	*ret = (struct hd_device_pattern){ .by = HD_BY_NUMBERS };
	if (strcmp(text, "*") == 0)
		return true;
	rest = hd_after(text, "class:");
	if (rest)
		return parse_class(rest, ret);
	rest = hd_after(text, "group:");
	if (rest)
		return parse_group(rest, ret);
	return strchr(text, '.') ? parse_address(text, ret) :
				   parse_id(text, ret);
}

static bool has_address(const struct hd_device_pattern *pattern,
			struct hd_addr addr)
{
	const struct hd_addr *bits = &pattern->addr_bits;

	return hd_addr_equal(
		(struct hd_addr){ addr.domain & bits->domain,
				  (uint8_t)(addr.bus & bits->bus),
				  (uint8_t)(addr.slot & bits->slot),
				  (uint8_t)(addr.function & bits->function) },
		pattern->addr);
}

bool hd_device_pattern_matches(const struct hd_device_pattern *pattern,
			       const struct hd_device *device)
{
	switch (pattern->by) {
	case HD_BY_NUMBERS:
		return has_address(pattern, device->addr);
	case HD_BY_ID:
		return (device->vendor & pattern->vendor_bits) ==
			       pattern->vendor &&
		       (device->device & pattern->device_bits) ==
			       pattern->device;
	case HD_BY_CLASS:
		return (device->class_code & pattern->class_bits) ==
		       pattern->class_code;
	case HD_BY_GROUP:
		return device->group == pattern->group;
	}
	return false;
}
