/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_REWRITE_REWRITING_H
#define HD_XML_REWRITE_REWRITING_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/request/pins.h"
#include "xml/doc/edit.h"
#include "xml/domain/place.h"
#include "xml/rewrite/rewrite.h"

/* What the files that rewrite domains share; nobody else's. */

/* A document while it is rewritten. */
struct hd_rewriting {
	const char *text;
	size_t length;
	xmlDoc *doc;
	struct hd_edits edits;
	struct hd_err *err;
};

void hd_rewriting_end(struct hd_rewriting *rw);

#define HD_AUTO_REWRITING HD_AUTO(hd_rewriting_end) struct hd_rewriting

/* Parses the text, of a domain. Returns 0 or a negative errno with a sentence.
 */
int hd_rewriting_begin(struct hd_rewriting *rw);

/* Makes the edits, if there are any; else *@ret is NULL. */
int hd_rewriting_finish(struct hd_rewriting *rw, char **ret,
			size_t *ret_length);

/* The next of our elements from @node on; @name NULL is any. */
xmlNode *hd_next_ours(xmlNode *node, const char *name);

/* Our element in the metadata, or NULL. */
xmlNode *hd_rewriting_ours(const struct hd_rewriting *rw);

/* The prefix of an element's name, "" for none; of one of ours. */
const char *hd_prefix_of(const xmlNode *node);

/* The prefix that a new one of ours has. */
const char *hd_rewriting_prefix(const struct hd_rewriting *rw);

/*
 * Plans to add elements of ours, one a line without indentation, to those that
 * there are; "" for none. Once only.
 */
int hd_rewriting_add_ours(struct hd_rewriting *rw, const char *lines);

/*
 * What a domain says of the screen: a new <display>, as hd_rewriting_add_ours()
 * takes it; one that is there says it too, with more stops; it goes, or some of
 * its stops do.
 */
void hd_rewriting_write_display(FILE *file, const char *prefix,
				const struct hd_allowing *what);
int hd_rewriting_extend_display(struct hd_rewriting *rw, const xmlNode *node,
				const struct hd_allowing *what);
int hd_rewriting_reduce_display(struct hd_rewriting *rw, const xmlNode *node,
				const struct hd_allowing *what);

/* Whether one of our elements is about a device, and about which one. */
bool hd_ours_address(const xmlNode *node, struct hd_addr *ret);

/*
 * Plans to put @to into the <address> of a host's device: the numbers that are
 * other ones; with @normal also those that are spelled otherwise than libvirt
 * spells them, or missing.
 */
int hd_rewriting_address(struct hd_rewriting *rw, const xmlNode *address,
			 struct hd_addr to, bool normal);

/*
 * Makes of an address the one where the device is that the domain means by it:
 * another one when it is pinned and moved. Returns 0 or a negative errno with a
 * sentence. @pin_matches NULL: nothing is followed.
 */
int hd_follow(const struct hd_pin_matches *pin_matches, struct hd_addr *addr,
	      struct hd_err *err);

/* Plans to put that address into a pin. */
int hd_rewriting_move_pin(struct hd_rewriting *rw, const xmlNode *pin,
			  const struct hd_pin_matches *pin_matches);

/*
 * Plans to set what @settings say of what asks for @place's device, which will
 * have the address @addr.
 */
int hd_rewriting_set(struct hd_rewriting *rw, const struct hd_place *place,
		     struct hd_addr addr, const struct hd_rewrite *what);

#endif
