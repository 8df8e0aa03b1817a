/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_REWRITE_OPTIONS_H
#define HD_TOOLS_VERB_REWRITE_OPTIONS_H

#include "tools/tool.h"
#include "xml/rewrite/rewrite.h"

/* More of each than anybody types. */
#define HD_REWRITE_VALUES_MAX 1024

/* What the command line of rewrite asks for. Texts are main's. */
struct hd_rewrite_values {
	struct hd_addr *adds; /* owned, like the next three */
	struct hd_addr *removes;
	struct hd_replacement *replacements;
	struct hd_setting *settings;
	size_t n_adds, n_removes, n_replacements, n_settings;
	bool managed_said, unmanaged; /* of what is added */
	bool tidy;
	bool follow_pins;
	bool in_place, define, diff;
};

/* The options of rewrite, stored in such values. */
extern const struct hd_option hd_rewrite_options[];

void hd_rewrite_values_clear(void *values);

/*
 * Refuses values for nothing, and those that exclude each other. @source is
 * what is to be rewritten. Returns 0, or -EINVAL with a sentence.
 */
int hd_rewrite_values_check(const struct hd_rewrite_values *values,
			    const char *source, struct hd_err *err);

/*
 * What they mean for a domain: as far as @ret points to something, that stays
 * the values', but for the blocks. Returns 0 or -ENOMEM.
 */
int hd_rewrite_values_read(const struct hd_rewrite_values *values,
			   struct hd_rewrite *ret, struct hd_block **ret_blocks,
			   struct hd_err *err);

#endif
