/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_REWRITE_ACCEPT_H
#define HD_TOOLS_VERB_REWRITE_ACCEPT_H

#include "xml/rewrite/rewrite.h"

/* A domain before it is rewritten. */
struct hd_original {
	char *text; /* owned */
	size_t length;
	struct hd_domain domain;
};

/*
 * Decides whether a rewritten domain may be used: it asks for what it should,
 * and it is as valid as the original was, by the schema of the libvirt of this
 * machine; without @schema somebody else looks at that. What doesn't keep it
 * from being used is noted in @rewritten.
 *
 * Returns 0 or a negative errno with a sentence.
 */
int hd_rewrite_accept(const struct hd_original *original,
		      const struct hd_rewrite *what, bool schema,
		      struct hd_rewritten *rewritten, struct hd_err *err);

#endif
