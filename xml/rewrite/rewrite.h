/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_REWRITE_REWRITE_H
#define HD_XML_REWRITE_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/request/pins.h"
#include "xml/doc/edit.h"
#include "xml/domain/domain.h"
#include "xml/rewrite/setting.h"

/*
 * Each of these makes a new text of a domain's, in which only what it is about
 * is other than before. *@ret is owned by the caller, and NULL when nothing
 * would change. Returns 0 or a negative errno with a sentence in @err.
 */

/*
 * Puts the addresses where the pinned devices are in the place of those where
 * they were: of what asks for them, and of the pins. A device that is nowhere,
 * or of which it can't be told where, is an error that names it.
 */
int hd_rewrite_follow_pins(const char *text, size_t length,
			   const struct hd_pin_matches *pin_matches, char **ret,
			   size_t *ret_length, struct hd_err *err);

/*
 * Puts @pins into the domain's metadata: each in the place of the one that it
 * has for the address, or as a new one.
 */
int hd_rewrite_pin(const char *text, size_t length, const struct hd_pin *pins,
		   size_t n, char **ret, size_t *ret_length,
		   struct hd_err *err);

/* Removes the pins of these addresses; with @n 0 all of them. */
int hd_rewrite_unpin(const char *text, size_t length,
		     const struct hd_addr *addrs, size_t n, char **ret,
		     size_t *ret_length, struct hd_err *err);

/* What a domain is to allow, or not to allow any more. */
struct hd_allowing {
	const struct hd_allow *allows;
	size_t n_allows;
	bool siblings; /* that members of a group are taken along */
	bool hand_over; /* that the host's screen goes with its card */
	struct hd_patterns stops; /* units that may be stopped for that; not
				   * owned */
};

/* A <hostdev> for a device, as hd_hostdev_format() writes it. */
struct hd_block {
	struct hd_addr addr;
	char *xml; /* owned by whom the block belongs to */
};

/* An address, and the one that comes in its place. */
struct hd_replacement {
	struct hd_addr from, to;
};

/*
 * What a rewriting is to do, all at once, so that two replacements can swap two
 * devices. Addresses are those that the domain has after pins were followed;
 * those of settings are the ones that it will have.
 */
struct hd_rewrite {
	const struct hd_pin_matches *pin_matches; /* to follow; NULL: none */
	const struct hd_block *adds; /* unless they are asked for */
	size_t n_adds;
	const struct hd_addr *removes; /* with all that asks for them */
	size_t n_removes;
	const struct hd_replacement *replacements;
	size_t n_replacements;
	const struct hd_setting *settings; /* of two, the later one counts */
	size_t n_settings;
	bool tidy; /* normal form, and no <hostdev> twice */
};

struct hd_rewritten {
	char *text; /* NULL: nothing would change; owned */
	size_t length;
	struct hd_edits edits; /* of the old text, in their order; owned */
	struct hd_findings notes; /* what there is to say of it; owned */
};

#define HD_AUTO_REWRITTEN __attribute__((cleanup(hd_rewritten_clear)))

/* Refuses what contradicts itself. Returns 0, or -EINVAL with a sentence. */
int hd_rewrite_check(const struct hd_rewrite *what, struct hd_err *err);

/*
 * Rewrites a domain. Our metadata of a device that isn't asked for any more
 * goes with it. Notes say which addresses were not there, and what went.
 *
 * Returns 0 or a negative errno with a sentence; @ret is cleared by the caller
 * in both cases.
 */
int hd_rewrite_domain(const char *text, size_t length,
		      const struct hd_rewrite *what, struct hd_rewritten *ret,
		      struct hd_err *err);

/*
 * Puts what a domain is to allow into its metadata: @what, of which it allows
 * nothing yet, but for the siblings and the hand-over. @ret is cleared by the
 * caller in any case. Returns 0 or a negative errno with a sentence.
 */
int hd_rewrite_allow(const char *text, size_t length,
		     const struct hd_allowing *what, struct hd_rewritten *ret,
		     struct hd_err *err);

/* Removes what the domain allows of @what; what it says of siblings with it,
 * and what of the screen: of that only the stops, unless it is all to go. */
int hd_rewrite_disallow(const char *text, size_t length,
			const struct hd_allowing *what,
			struct hd_rewritten *ret, struct hd_err *err);

/*
 * Compares what a domain asked for, what it asks for now, and what it should,
 * without a look at how it was done. Returns 0, or -EBADMSG with a sentence.
 */
int hd_rewrite_verify(const struct hd_domain *before,
		      const struct hd_domain *after,
		      const struct hd_rewrite *what, struct hd_err *err);

void hd_rewritten_clear(struct hd_rewritten *rewritten);

#endif
