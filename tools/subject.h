/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_SUBJECT_H
#define HD_SUBJECT_H

#include "lib/examine.h"
#include "tools/tool.h"
#include "xml/domain.h"

/* A domain that a verb looks at, and what was found about its devices. */
struct hd_subject {
	struct hd_domain domain;
	struct hd_request request; /* of @domain */
	struct hd_situation situation;
	struct hd_findings findings;
};

#define HD_AUTO_SUBJECT __attribute__((cleanup(hd_subject_clear)))

/*
 * Loads the domain that the command line names (see hd_source_load()) and
 * examines it. Returns 0 or a negative errno with a sentence in @err.
 */
int hd_subject_load(struct hd_subject *subject, const struct hd_tool *tool,
		    const char *source, struct hd_err *err);

/*
 * The same for finding all that is wrong: with the findings of hd_lint(), and
 * although some of the XML can't be understood. Nothing may be done on the
 * strength of it.
 */
int hd_subject_check(struct hd_subject *subject, const struct hd_tool *tool,
		     const char *source, struct hd_err *err);

void hd_subject_clear(struct hd_subject *subject);

#endif
