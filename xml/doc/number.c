// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse(const char *text, int base, uint32_t max, uint32_t *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || end == text || *end != '\0' || strchr(text, '-') ||
	    value > max)
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool hd_number_parse(const char *text, uint32_t max, uint32_t *ret)
{
	return parse(text, 0, max, ret);
}

bool hd_number_parse_hex(const char *text, uint32_t max, uint32_t *ret)
{
	return text[strspn(text, "0123456789abcdefABCDEF")] == '\0' &&
	       parse(text, 16, max, ret);
}
