// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/patterns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"

int hd_patterns_add(struct hd_patterns *patterns, const char *pattern)
{
	char *copy = strdup(pattern);
	char **slot = copy ? hd_array_add(&patterns->items, &patterns->n,
					  sizeof(*slot)) :
			     NULL;

	if (!slot) {
		free(copy);
		return -ENOMEM;
	}
	*slot = copy;
	return 0;
}

bool hd_patterns_have(const struct hd_patterns *patterns, const char *pattern)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (strcmp(patterns->items[i], pattern) == 0)
			return true;
	return false;
}

void hd_patterns_clear(struct hd_patterns *patterns)
{
	for (size_t i = 0; i < patterns->n; i++)
		free(patterns->items[i]);
	free(patterns->items);
	*patterns = (struct hd_patterns){ NULL, 0 };
}
