// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/array.h"

#include <stdlib.h>
#include <string.h>

void *hd_array_add(void *array, size_t *n, size_t size)
{
	void **base = array;
	char *element;

	/* The capacity is not stored: it is the next power of two of *n. */
	if ((*n & (*n - 1)) == 0) {
		size_t room = *n ? *n * 2 : 1;
		void *grown = reallocarray(*base, room, size);

		if (!grown)
			return NULL;
		*base = grown;
	}
	element = (char *)*base + *n * size;
	memset(element, 0, size);
	(*n)++;
	return element;
}
