/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_REWRITE_SPLICE_H
#define HD_XML_REWRITE_SPLICE_H

#include "xml/rewrite/rewriting.h"

/* What becomes of the places of a domain, decided before anything is edited. */

/* A place, and what becomes of it. */
struct hd_splice {
	struct hd_place place;
	struct hd_addr from; /* the address, after pins were followed */
	struct hd_addr to; /* the one that it will have */
	bool removed;
};

struct hd_rewrite_splices {
	struct hd_rewriting *rw;
	const struct hd_rewrite *what;
	struct hd_splice *items; /* in the order of the document; owned */
	size_t n;
	size_t last_disk; /* of the items, from 1; while they are made */
	struct hd_addr *asked; /* what will be asked for, sorted; owned */
	size_t n_asked;
	struct hd_findings *notes;
};

void hd_rewrite_splices_clear(struct hd_rewrite_splices *plan);

/*
 * Decides, into an empty plan that has its @rw, @what and @notes. Returns 0 or
 * a negative errno with a sentence: two devices would get one address, or
 * something can't be removed.
 */
int hd_rewrite_splices_make(struct hd_rewrite_splices *plan);

/* Whether the domain will ask for a device; additions don't count. */
bool hd_rewrite_splices_asks(const struct hd_rewrite_splices *plan,
			     struct hd_addr addr);

/* Whether it was told to let go of a device, and will not ask for it. */
bool hd_rewrite_splices_drops(const struct hd_rewrite_splices *plan,
			      struct hd_addr addr);

#endif
