// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/tree/link.h"
#include "lib/base/text.h"

#include <string.h>

bool hd_link_is_safe(const char *path, const char *target)
{
	size_t depth = 0;

	if (*target == '/')
		return false;
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	while (hd_after(target, "..") &&
	       (target[2] == '/' || target[2] == '\0')) {
		if (depth-- == 0)
			return false;
		target += target[2] ? 3 : 2;
	}
	/* What is left: names, none of which goes up again. */
	for (; *target; target += strcspn(target, "/")) {
		if (*target == '/')
			target++;
		if (hd_after(target, "..") &&
		    (target[2] == '/' || target[2] == '\0'))
			return false;
	}
	return true;
}
