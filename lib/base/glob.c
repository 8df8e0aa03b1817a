// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/glob.h"

#include <stddef.h>

/* Past one character: the bytes of UTF-8 that go on belong to it. */
static const char *next(const char *text)
{
	do
		text++;
	while (((unsigned char)*text & 0xc0) == 0x80);
	return text;
}

bool hd_glob(const char *pattern, const char *text)
{
	/* The last "*", and where what it stands for ends, for now. */
	const char *star = NULL, *end = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			end = text;
		} else if (*pattern == '?') {
			pattern++;
			text = next(text);
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++end;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
