// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/nodeset.h"

#include <stdlib.h>
#include <string.h>

bool hd_nodeset_has(const char *text, unsigned long node)
{
	bool has = false;

	while (*text) {
		bool out = *text == '^';
		unsigned long first, last;
		char *end;

		text += out;
		first = last = strtoul(text, &end, 10);
		if (end == text)
			return true; /* libvirt refuses it */
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (node >= first && node <= last)
			has = !out;
		text = end + strspn(end, ", \t\n");
	}
	return has;
}
