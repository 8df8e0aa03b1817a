// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/addr.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NODEDEV_PREFIX "pci_"

/*
 * Takes between @min and @max hexadecimal digits from *@text; false when there
 * are fewer. strtoul is no help here: it takes signs, blanks and "0x".
 */
static bool take_hex(const char **text, int min, int max, uint32_t *ret)
{
	uint32_t value = 0;
	int n = 0;

	for (; n < max && isxdigit((unsigned char)**text); n++, (*text)++) {
		char c = **text;

		value = value << 4 | (uint32_t)(isdigit((unsigned char)c) ?
							c - '0' :
							(c | 0x20) - 'a' + 10);
	}
	*ret = value;
	return n >= min;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* "BB:SS.F", or "BB_SS_F" with libvirt's separators, to the text's end. */
static bool take_tail(const char *text, char colon, char dot,
		      struct hd_addr *ret)
{
	uint32_t bus, slot, function;

	if (!take_hex(&text, 2, 2, &bus) || !take_char(&text, colon) ||
	    !take_hex(&text, 2, 2, &slot) || !take_char(&text, dot) ||
	    !take_hex(&text, 1, 1, &function) || *text != '\0')
		return false;
	if (slot > 0x1f || function > 7)
		return false;
	ret->bus = (uint8_t)bus;
	ret->slot = (uint8_t)slot;
	ret->function = (uint8_t)function;
	return true;
}

static bool parse(const char *text, struct hd_addr *ret)
{
	char colon = ':', dot = '.';

	memset(ret, 0, sizeof(*ret));
	if (hd_after(text, NODEDEV_PREFIX)) {
		text += strlen(NODEDEV_PREFIX);
		colon = dot = '_';
	} else if (take_tail(text, colon, dot, ret)) {
		return true;
	}
	return take_hex(&text, 4, 8, &ret->domain) && take_char(&text, colon) &&
	       take_tail(text, colon, dot, ret);
}

int hd_addr_parse(const char *text, struct hd_addr *ret, struct hd_err *err)
{
	struct hd_addr addr;

	if (!parse(text, &addr))
		return hd_err_set(
			err, EINVAL,
			"'%.64s' is not a PCI address; write it like 01:00.0, 0000:01:00.0 or pci_0000_01_00_0",
			text);
	*ret = addr;
	return 0;
}

struct hd_addr_text hd_addr_text(struct hd_addr addr)
{
	struct hd_addr_text text;

	snprintf(text.s, sizeof(text.s), "%04x:%02x:%02x.%d", addr.domain,
		 addr.bus, addr.slot, addr.function);
	return text;
}

struct hd_addr_text hd_addr_nodedev(struct hd_addr addr)
{
	struct hd_addr_text text;

	snprintf(text.s, sizeof(text.s), NODEDEV_PREFIX "%04x_%02x_%02x_%d",
		 addr.domain, addr.bus, addr.slot, addr.function);
	return text;
}

int hd_addr_index(struct hd_index *index, const void *array, size_t n,
		  size_t size, struct hd_err *err)
{
	const char *element = array;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++, element += size)
		r = hd_index_add(index,
				 hd_addr_key(*(const struct hd_addr *)element),
				 i, err);
	hd_index_sort(index);
	return r;
}

int hd_addr_compare(const void *a, const void *b)
{
	uint64_t x = hd_addr_key(*(const struct hd_addr *)a);
	uint64_t y = hd_addr_key(*(const struct hd_addr *)b);

	return (x > y) - (x < y);
}

bool hd_addr_equal(struct hd_addr a, struct hd_addr b)
{
	return hd_addr_key(a) == hd_addr_key(b);
}
