/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_POLICY_H
#define HD_LIB_REQUEST_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/request/critical.h"
#include "lib/request/device_pattern.h"
#include "lib/request/patterns.h"
#include "lib/request/request.h"

/*
 * What the host's administrator lets domains do: whoever edits a domain must
 * not be able to switch the host's protection off. lib/request/config.h says
 * how it is written; here it is decided, and nowhere else.
 */

/* What is asked: whether a domain may allow itself that the host loses
 * something (an enum hd_critical), or... */
enum {
	HD_MAY_SIBLINGS = HD_CRITICAL_REGION + 1, /* that members of a group
						   * are taken along */
	HD_MAY_BE_GIVEN, /* no: whether the device may be taken at all */
};

/* What "domains-may" says: a bit for each of them but the last. */
#define HD_MAY_BIT(what) (1u << (what))
#define HD_MAY_ALL (HD_MAY_BIT(HD_MAY_BE_GIVEN) - 1)

/* The next word of a list, with commas or blanks between them, which is cut in
 * place; NULL at its end. */
char *hd_list_next(char **rest);

/* Reads "none", "all" or a list of names: criticals, and "siblings". False for
 * anything else. @text is cut in place. */
bool hd_may_parse(char *text, unsigned *ret);

/* All that it reads, as the end of a sentence. Freed by the caller; NULL when
 * memory runs out. */
char *hd_may_words(void);

/* Where something is said; @file is NULL when it isn't. */
struct hd_said {
	const char *file;
	unsigned line;
};

/* [device NAME] or [guest NAME]: it is about those that it matches. Guests are
 * patterns of names, or UUIDs. */
struct hd_policy_section {
	bool of_guests;
	char *name; /* owned */
	struct hd_said begins;
	struct hd_said match_said;
	struct hd_device_pattern *devices; /* of [device]; owned */
	size_t n_devices;
	struct hd_patterns guests; /* of [guest] */
	struct hd_said may_said;
	unsigned may; /* HD_MAY_BIT */
	/* Of [device]: for whom alone it is; nobody when there is none. */
	struct hd_said owners_said;
	struct hd_patterns owners;
};

struct hd_policy {
	enum hd_siblings siblings; /* of a domain that says nothing */
	bool hand_over; /* the same */
	struct hd_patterns stops; /* for the screens that are handed over,
				   * whatever the domain says */
	struct hd_said may_said;
	unsigned may; /* where no section says it */
	struct hd_policy_section *sections; /* as they begin; owned */
	size_t n_sections;
	char **files; /* what struct hd_said points to; owned */
	size_t n_files;
};

#define HD_POLICY_INIT                                                         \
	{                                                                      \
		.siblings = HD_SIBLINGS_REFUSE,                                \
		.may = HD_MAY_ALL,                                             \
	}

void hd_policy_clear(struct hd_policy *policy);

/* What the policy says, and which of its settings says it. */
struct hd_decision {
	bool permitted;
	struct hd_said said; /* of no file: that is the default */
	const char *setting; /* its name; static */
	const struct hd_policy_section *section; /* NULL: [host] */
};

/*
 * Asks the host's policy about one device of a request, or a member of its
 * group.
 *
 * @what  an enum hd_critical, HD_MAY_SIBLINGS: whether a domain may allow that
 *        for itself. Of all sections that match the device or the guest and
 *        have domains-may, each has to let it; [host] counts where there is
 *        none. A person by hand is the administrator, and may.
 *        HD_MAY_BE_GIVEN: whether each [device] that matches and has guests
 *        names the guest. A person by hand is no guest, but what is for nobody
 *        isn't taken by hand either.
 */
struct hd_decision hd_policy_decide(const struct hd_request *request,
				    const struct hd_device *device,
				    unsigned what);

/*
 * "/etc/virt-hostdev.conf, line 3 (domains-may in [host])", or that it is the
 * default. Freed by the caller; NULL when memory runs out.
 */
char *hd_decision_text(const struct hd_decision *decision);

/* "/etc/virt-hostdev.conf:3" for programs, NULL also for the default. */
char *hd_decision_place(const struct hd_decision *decision);

#endif
