// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fakekernel/words.h"

#include <string.h>

#define LAST_ERRNO 133

int fk_split(char *line, char **words)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);
	int n = 0;

	for (; word && *word != '#'; word = strtok_r(NULL, " \t\n", &rest)) {
		if (n == FK_WORDS)
			return -1;
		words[n++] = word;
	}
	words[n] = NULL;
	return 0;
}

int fk_errno(const char *name)
{
	if (strcmp(name, "0") == 0)
		return 0;
	for (int i = 1; i <= LAST_ERRNO; i++) {
		const char *known = strerrorname_np(i);

		if (known && strcmp(known, name) == 0)
			return i;
	}
	return -1;
}
