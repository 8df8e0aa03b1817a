// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/nodeset.h"

#include <stdlib.h>
#include <string.h>

struct range {
	unsigned long first, last;
	bool is_out; /* "^2" */
};

/* Reads one range. Where the next one begins, or NULL when it is none. */
static const char *take_range(const char *text, struct range *ret)
{
	char *end;

	ret->is_out = *text == '^';
	text += ret->is_out;
	ret->first = ret->last = strtoul(text, &end, 10);
	if (end == text)
		return NULL;
	if (*end == '-')
		ret->last = strtoul(end + 1, &end, 10);
	return end + strspn(end, ", \t\n");
}

bool hd_nodeset_has(const char *text, unsigned long node)
{
	bool has = false;

	while (*text) {
		struct range range;

		text = take_range(text, &range);
		if (!text)
			return true;
		if (node >= range.first && node <= range.last)
			has = !range.is_out;
	}
	return has;
}

static void add_all(const bool *from, bool *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] |= from[i];
}

void hd_nodeset_add(const char *text, bool *set, size_t n)
{
	bool own[HD_NODESET_LIMIT] = { false };

	while (*text) {
		struct range range;

		text = take_range(text, &range);
		if (!text) {
			memset(set, true, n);
			return;
		}
		for (size_t i = range.first; i < n && i <= range.last; i++)
			own[i] = !range.is_out;
	}
	add_all(own, set, n);
}
