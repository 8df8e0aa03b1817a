/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_DL_H
#define HD_LIB_BASE_DL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Libraries that a host may be without, for a good reason: there is no systemd,
 * or libvirt is elsewhere. They are loaded when the first function is wanted.
 * All others are linked.
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

/*
 * Tells packagers' tools, in the program's ELF notes, what they can't see among
 * what it links (https://systemd.io/ELF_DLOPEN_METADATA/). All are strings;
 * @priority is "required", "recommended" or "suggested".
 */
#define HD_DL_NOTE(feature, description, priority, soname)                     \
	HD_DL_NOTE_OF("[{\"feature\":\"" feature                               \
		      "\",\"description\":\"" description                      \
		      "\",\"priority\":\"" priority "\",\"soname\":[\"" soname \
		      "\"]}]")
#define HD_DL_NOTE_OF(json)                                                    \
	__attribute__((used, aligned(4),                                       \
		       section(".note.dlopen"))) static const struct {         \
		uint32_t name_size, text_size, type;                           \
		char name[sizeof("FDO")];                                      \
		char text[(sizeof(json) + 3) / 4 * 4];                         \
	} dl_note = { sizeof("FDO"), sizeof(json), 0x407c0c0a, "FDO", json }

#endif
