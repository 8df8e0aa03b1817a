/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_ALLOW_WANTED_H
#define HD_TOOLS_VERB_ALLOW_WANTED_H

#include "lib/check/situation.h"
#include "xml/domain/domain.h"

/* What a domain is to be allowed, of the devices that are named. */
struct hd_wish {
	const struct hd_addr *addrs; /* with none, all that would be taken */
	size_t n_addrs;
	bool criticals[HD_CRITICAL_REGION + 1];
	bool siblings;
	bool hand_over; /* of the host's screen */
};

/* One thing that the domain doesn't allow yet, and by whose leave it may. */
struct hd_wanted_allow {
	struct hd_allow allow;
	char *chain; /* see struct hd_critical_use; NULL: the host hasn't got
		      * the device just now; owned */
	char *rule; /* see struct hd_finding; owned */
};

struct hd_wanted {
	struct hd_wanted_allow *allows; /* owned */
	size_t n_allows;
	bool siblings; /* the domain doesn't let them go along yet */
	char *siblings_rule; /* owned */
	char *hand_over_rule; /* owned */
};

void hd_wanted_clear(struct hd_wanted *wanted);

/*
 * Finds what has to be written into a domain so that it allows what is wished.
 * Refused is what the administrator doesn't let it allow, what nobody can
 * allow, and what the host doesn't need: that would be for another device.
 *
 * @request    the domain's, whose siblings bind where that is wished
 * @situation  of it, from hd_examine()
 * @there      the domain lets siblings go along already
 *
 * Returns 0, or a negative errno with a sentence.
 */
int hd_wanted_find(const struct hd_request *request,
		   const struct hd_situation *situation,
		   const struct hd_wish *wish, bool there,
		   struct hd_wanted *ret, struct hd_err *err);

#endif
