/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_FINDING_H
#define HD_LIB_BASE_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum hd_severity { HD_INFO, HD_WARNING, HD_ERROR };

/*
 * What a function returns instead of 0 when what it was asked for is refused or
 * could not be done, and why is an error among the findings.
 */
#define HD_REFUSED 1

/* A finding that concerns the domain as a whole, not one of its devices. */
#define HD_WHOLE_DOMAIN SIZE_MAX

/* Something that a check or a run has to say. */
struct hd_finding {
	const char *id; /* static, stable, for programs: "group-not-viable" */
	enum hd_severity severity;
	size_t assign; /* index of the assignment, or HD_WHOLE_DOMAIN */
	unsigned line; /* of the XML that it is about, from 1; 0: none */
	char *message; /* one sentence; owned */
	char *fix; /* command or setting, or NULL; owned */
	char *rule; /* of the administrator, that decided it: where it stands,
		     * "/etc/virt-hostdev.conf:3"; or NULL; owned */
};

struct hd_findings {
	struct hd_finding *items;
	size_t n;
};

#define HD_AUTO_FINDINGS __attribute__((cleanup(hd_findings_clear)))

/*
 * Adds a finding. @message and @fix, made with hd_text(), are taken over, on
 * failure too; a NULL @message counts as out of memory.
 *
 * Returns 0, or -ENOMEM with @err filled.
 */
int hd_findings_add(struct hd_findings *findings, const char *id,
		    enum hd_severity severity, size_t assign, char *message,
		    char *fix, struct hd_err *err);

/*
 * Adds an error that concerns the domain as a whole; see hd_findings_add().
 * Returns HD_REFUSED, or -ENOMEM with @err filled.
 */
int hd_findings_add_refusal(struct hd_findings *findings, const char *id,
			    char *message, char *fix, struct hd_err *err);

/* The same for what is said of a line of the XML; 0 is none. */
int hd_findings_add_at(struct hd_findings *findings, const char *id,
		       enum hd_severity severity, size_t assign, unsigned line,
		       char *message, char *fix, struct hd_err *err);

/*
 * The sentences of the findings from @first on that are as severe, with a blank
 * between them, cut after @limit bytes. Freed by the caller; NULL when there is
 * none, or memory runs out.
 */
char *hd_findings_text(const struct hd_findings *findings, size_t first,
		       enum hd_severity severity, size_t limit);

/* How many findings are as severe. */
size_t hd_findings_count(const struct hd_findings *findings,
			 enum hd_severity severity);

/* Whether any finding is an error: the guest must not start. */
bool hd_findings_refuse(const struct hd_findings *findings);

/* "error", "warning" or "info". */
const char *hd_severity_name(enum hd_severity severity);

void hd_findings_clear(struct hd_findings *findings);

/* printf into a new string; NULL when memory runs out. */
char *hd_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
