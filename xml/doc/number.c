// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool hd_number_parse(const char *text, uint32_t max, uint32_t *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end != '\0' || strchr(text, '-') ||
	    value > max)
		return false;
	*ret = (uint32_t)value;
	return true;
}
