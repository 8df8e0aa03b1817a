/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_DIFF_H
#define HD_XML_DOC_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "xml/doc/edit.h"

/* Whom a diff is for. */
enum hd_diff_style {
	HD_DIFF_PLAIN, /* patch: byte for byte */
	HD_DIFF_TERMINAL, /* a terminal, which nothing in it steers */
	HD_DIFF_COLOURED, /* the same, in colours */
};

/*
 * Prints what edits do to a document as a unified diff, which patch -p1 takes;
 * nothing when they do nothing. It is made of the edits themselves: what they
 * don't touch is never compared.
 *
 * @edits  in their order, see hd_edits_sort()
 * @name   of the document, without a slash at its start
 *
 * Returns 0, or -ENOMEM, when some of it may have been printed.
 */
int hd_diff_print(FILE *file, const char *name, const char *document,
		  size_t length, const struct hd_edits *edits,
		  enum hd_diff_style style, struct hd_err *err);

#endif
