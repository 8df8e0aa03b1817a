// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In place of lib/base/dl.c in a program that is static: libraries of the host
 * would bring a C library of their own.
 */
#include <errno.h>

#include "lib/base/dl.h"

int hd_dl_load(const char *soname, const struct hd_dl_symbol *symbols, size_t n,
	       void *table)
{
	(void)soname;
	(void)symbols;
	(void)n;
	(void)table;
	return -ELIBACC;
}
