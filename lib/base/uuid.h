/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_UUID_H
#define HD_LIB_BASE_UUID_H

#include <stdbool.h>

/* Length of a UUID in canonical form with its final NUL. */
#define HD_UUID_SIZE 37

/*
 * Whether @text is a UUID in canonical form: lower case, with hyphens. Only
 * such a text may become the name of a file.
 */
bool hd_uuid_is_canonical(const char *text);

/*
 * Brings a UUID into canonical form. Taken is what libvirt takes
 * (virUUIDParse()): 32 hexadecimal digits of either case with hyphens wherever,
 * blanks around them. False, with @ret undefined, when it is something else.
 */
bool hd_uuid_normalise(const char *text, char ret[HD_UUID_SIZE]);

/* Makes a random UUID (RFC 4122, version 4) in canonical form; 0 or -errno. */
int hd_uuid_make(char ret[HD_UUID_SIZE]);

#endif
