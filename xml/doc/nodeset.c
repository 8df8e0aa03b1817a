// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/nodeset.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n\v\f\r"

struct range {
	unsigned long first, last;
	bool is_out; /* "^2" */
};

/* Reads a number. What follows it and blanks, or NULL when it is none. */
static const char *take_number(const char *text, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno ? NULL : end + strspn(end, BLANKS);
}

/* Reads one range. Where the next one begins, or NULL when it is none. */
static const char *take_range(const char *text, struct range *ret)
{
	text += strspn(text, BLANKS);
	ret->is_out = *text == '^';
	text = take_number(text + ret->is_out, &ret->first);
	ret->last = ret->first;
	if (text && *text == '-')
		text = take_number(text + 1 + strspn(text + 1, BLANKS),
				   &ret->last);
	if (!text || ret->last < ret->first || (*text && *text != ','))
		return NULL;
	return text + (*text == ',');
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
		if (range.last >= n)
			range.last = n - 1;
		if (range.first <= range.last)
			memset(own + range.first, !range.is_out,
			       range.last - range.first + 1);
	}
	add_all(own, set, n);
}
