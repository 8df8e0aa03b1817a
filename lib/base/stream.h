/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_STREAM_H
#define HD_LIB_BASE_STREAM_H

#include <stdio.h>

/*
 * open_memstream(3), for a text that is whole or isn't: glibc's loses what it
 * has no memory for, and neither ferror() nor fclose() says so.
 *
 * Returns NULL when memory runs out. fclose() sets *@ret, for free(), and
 * *@ret_size; when memory ran out meanwhile it fails, and *@ret is NULL.
 */
FILE *hd_stream_open(char **ret, size_t *ret_size);

/* Ends it: @text, which it wrote to, or NULL when memory ran out. */
char *hd_stream_text(FILE *file, char **text);

#endif
