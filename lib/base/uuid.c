// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>

static bool hyphen_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool hd_uuid_is_canonical(const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < HD_UUID_SIZE - 1; i++) {
		unsigned char c = (unsigned char)text[i];

		if (hyphen_at(i) ? c != '-' : !isxdigit(c) || isupper(c))
			return false;
	}
	return i == HD_UUID_SIZE - 1 && text[i] == '\0';
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

int hd_uuid_make(char ret[HD_UUID_SIZE])
{
	unsigned char bytes[16];
	size_t n = 0;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -errno;
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		n += (size_t)snprintf(ret + n, HD_UUID_SIZE - n, "%02x",
				      bytes[i]);
		if (hyphen_at(n))
			ret[n++] = '-';
	}
	return 0;
}
