// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/may_ask.h"

#include <string.h>

bool hd_domain_may_ask(const char *text, size_t length)
{
	/* NUL and "&#": a letter may be written in another way. */
	static const struct {
		const char *text;
		size_t length;
	} words[] = { { "hostdev", 7 }, { "nvme", 4 }, { "&#", 2 }, { "", 1 } };
	static const char begin[] = "<domain", end[] = "</domain>";

	while (length && text[length - 1] == '\n')
		length--;
	if (length < strlen(begin) + strlen(end) ||
	    memcmp(text, begin, strlen(begin)) != 0 ||
	    !strchr(" >\n", text[strlen(begin)]) ||
	    memcmp(text + length - strlen(end), end, strlen(end)) != 0)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(text, length, words[i].text, words[i].length))
			return true;
	return false;
}
