/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_GUNZIP_H
#define HD_GUNZIP_H

#include <stddef.h>

/*
 * Decompresses what gzip made (RFC 1952), with zlib, which is loaded when it is
 * wanted (see dl.h). The text gets a final NUL that *@ret_length doesn't count;
 * the caller frees it.
 *
 * Returns 0; -EBADMSG when the data is damaged or torn, -EFBIG when more than
 * @limit bytes come out of it, -ELIBACC without zlib, -ENOMEM.
 */
int hd_gunzip(const char *data, size_t length, size_t limit, char **ret,
	      size_t *ret_length);

#endif
