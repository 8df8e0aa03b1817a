// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A number in hexadecimal and what follows it; false when they aren't there. */
static bool take(const char **p, const char *then, uint64_t *ret)
{
	char *end;
	unsigned long long number;

	if (!isxdigit((unsigned char)**p))
		return false;
	errno = 0;
	number = strtoull(*p, &end, 16);
	if (errno || strncmp(end, then, strlen(then)) != 0)
		return false;
	*p = end + strlen(then);
	*ret = number;
	return true;
}

bool hd_range_of_resource(const char *line, struct hd_range *ret)
{
	struct hd_range range;

	if (!take(&line, " ", &range.first) || !take(&line, " ", &range.last) ||
	    !take(&line, "", &range.flags) || (*line && *line != '\n'))
		return false;
	*ret = range;
	return true;
}

bool hd_range_of_iomem(const char *line, struct hd_range *ret,
		       const char **ret_owner)
{
	struct hd_range range = { .flags = 0 };

	line += strspn(line, " ");
	if (!take(&line, "-", &range.first) || !take(&line, " : ", &range.last))
		return false;
	*ret = range;
	*ret_owner = line;
	return true;
}
