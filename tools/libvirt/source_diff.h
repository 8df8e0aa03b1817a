/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_LIBVIRT_SOURCE_DIFF_H
#define HD_TOOLS_LIBVIRT_SOURCE_DIFF_H

#include <stddef.h>

#include "lib/base/err.h"
#include "xml/doc/edit.h"

/*
 * Prints what edits do to the text of a source (see hd_source_load()), the
 * domain @name, to stdout as a diff: for patch, or in colours where a terminal
 * has them. Returns 0 or a negative errno with a sentence.
 */
int hd_source_print_diff(const char *source, const char *name, const char *text,
			 size_t length, const struct hd_edits *edits,
			 struct hd_err *err);

#endif
