/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_TAGS_H
#define HD_XML_DOC_TAGS_H

#include <stddef.h>

#include "lib/base/err.h"

/*
 * Looks at the bytes of a text before libxml2 does, whose work for an element
 * grows with the square of its attributes, and which ends at a NUL. Other
 * encodings than UTF-8 are refused. What is no XML is left for it to refuse.
 *
 * Returns 0, or -E2BIG or -EINVAL with a sentence that names the line.
 */
int hd_tags_check(const char *text, size_t length, struct hd_err *err);

#endif
