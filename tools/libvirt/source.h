/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_LIBVIRT_SOURCE_H
#define HD_TOOLS_LIBVIRT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/tool.h"
#include "xml/domain/domain.h"

/* Whether a source is a domain of libvirt, see hd_source_load(). */
bool hd_source_is_domain(const char *source);

/*
 * The text of a domain: "-" is stdin, a name with a slash or ending in .xml is
 * a file, everything else is the name or UUID of a domain of libvirt, whose
 * persistent definition is taken.
 *
 * Returns 0 and the text for free(), or a negative errno with a sentence.
 */
int hd_source_load(const struct hd_tool *tool, const char *source, char **ret,
		   size_t *ret_length, struct hd_err *err);

/* The same with all secrets, to be stored again. */
int hd_source_load_whole(const struct hd_tool *tool, const char *source,
			 char **ret, size_t *ret_length, struct hd_err *err);

/*
 * What a source holds, as hd_domain_parse() does, and
 * hd_domain_parse_readable(). Returns 0; -EDOM with a sentence when the text is
 * at fault, as loading does when it is too large or no file: that ends with
 * HD_EXIT_USAGE; or another negative errno.
 */
int hd_source_parse(const char *text, size_t length, struct hd_domain *ret,
		    struct hd_err *err);
int hd_source_parse_readable(const char *text, size_t length,
			     struct hd_domain *ret, struct hd_err *err);

/*
 * Whether a domain may be handed to libvirt: not what was made of another host,
 * by --root. Returns 0, or -EINVAL with a sentence.
 */
int hd_source_may_define(const struct hd_tool *tool, struct hd_err *err);

/*
 * Hands a domain to libvirt, which validates it, as the new definition of
 * @name. Returns 0 or a negative errno with a sentence.
 */
int hd_source_define(const struct hd_tool *tool, const char *name,
		     const char *text, struct hd_err *err);

/*
 * Puts a text where it came from: "-" is printed to stdout, a file is changed
 * in place, a domain is defined anew. Of those two nothing is touched unless
 * the text has @changed.
 *
 * Returns 0 or a negative errno with a sentence, and then it is as it was.
 */
int hd_source_store(const struct hd_tool *tool, const char *source,
		    const char *text, size_t length, bool changed,
		    struct hd_err *err);

#endif
