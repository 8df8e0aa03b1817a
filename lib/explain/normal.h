/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_EXPLAIN_NORMAL_H
#define HD_LIB_EXPLAIN_NORMAL_H

#include <stddef.h>

#include "lib/host/addr.h"

/* Room for a record of a log, in bytes. */
#define HD_LOG_ENTRY_SIZE 8192
#define HD_LOG_ENTRY_LINES 64
#define HD_LOG_ENTRY_ADDRS 128

/* What stands for a PCI address in normalized text. */
#define HD_ADDR_BYTE '\1'

/* A PCI address, and where it stood. */
struct hd_mention {
	size_t at; /* of its HD_ADDR_BYTE */
	struct hd_addr addr;
};

/*
 * Text without all that a pasted or wrapped log may have changed: blanks, line
 * ends, quotes of all kinds, backslashes, colour; in lower case, and with one
 * byte for each PCI address.
 */
struct hd_normalized {
	char text[HD_LOG_ENTRY_SIZE];
	size_t n;
	struct hd_mention addrs[HD_LOG_ENTRY_ADDRS];
	size_t n_addrs;
	size_t lines[HD_LOG_ENTRY_LINES]; /* where each line begins */
	size_t n_lines;
};

/*
 * Normalizes up to HD_LOG_ENTRY_SIZE bytes of lines that newlines part. Where
 * the text was wrapped, inside an address too, it is whole again. Lines beyond
 * the limits count to the last; further addresses aren't recognised.
 */
void hd_normalize(struct hd_normalized *ret, const char *raw, size_t n);

#endif
