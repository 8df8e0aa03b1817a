// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/read.h"

#include <errno.h>

#include "lib/base/cleanup.h"

#define FIRST_SIZE 16384

int hd_read_all(int fd, size_t limit, char **ret, size_t *ret_length)
{
	HD_AUTOFREE char *text = NULL;
	size_t size = 0, length = 0;

	for (;;) {
		ssize_t n;

		if (length + 1 >= size) {
			size_t larger = size ? size * 2 : FIRST_SIZE;
			char *grown = realloc(text, larger);

			if (!grown)
				return -ENOMEM;
			text = grown;
			size = larger;
		}
		n = read(fd, text + length, size - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit)
			return -EFBIG;
	}
	text[length] = '\0';
	*ret = hd_steal(&text);
	*ret_length = length;
	return 0;
}
