/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_DL_H
#define HD_LIB_BASE_DL_H

#include <stddef.h>

/*
 * Libraries that only guests with PCI devices need are loaded when the first
 * function is wanted: libkmod and libpci bring a crypto library and libudev
 * along, and would cost every other guest more than all the rest of the hook.
 */

/* A function of a library, and where in the caller's table its address goes. */
struct hd_dl_symbol {
	const char *name;
	size_t offset;
};

/* A member of such a table, and its symbol, for lists made with a macro. */
#define HD_DL_MEMBER(function) __typeof__(function) *function;
#define HD_DL_SYMBOL(function) { #function, offsetof(HD_DL_TABLE, function) },

/*
 * Loads @soname, which then stays loaded, and fills @table with the addresses
 * of @n functions. Returns 0, or -ELIBACC when the library or one of them isn't
 * there.
 */
int hd_dl_load(const char *soname, const struct hd_dl_symbol *symbols, size_t n,
	       void *table);

#endif
