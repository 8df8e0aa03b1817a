// SPDX-License-Identifier: GPL-2.0-or-later
/* Going to where the pinned devices are; the hook does it too. */
#include <errno.h>

#include "xml/doc/doc.h"
#include "xml/domain/place.h"
#include "xml/rewrite/rewriting.h"

static const struct hd_pin_match *
find_pinned(const struct hd_pin_matches *pin_matches, struct hd_addr addr)
{
	size_t n;
	const struct hd_index_item *first =
		hd_index_find(&pin_matches->by_addr, hd_addr_key(addr), &n);

	return first ? &pin_matches->items[first->at] : NULL;
}

static int fail_lost(const struct hd_pin_match *pinned, struct hd_err *err)
{
	const struct hd_addr_text addr = hd_addr_text(pinned->pin->addr);

	if (pinned->n_elsewhere == 0)
		return hd_err_set(
			err, ENODEV,
			"the device that is pinned for %s is not on this host",
			addr.s);
	return hd_err_set(
		err, ENOTUNIQ,
		"%zu devices are like the one that is pinned for %s, and nothing but their place tells them apart",
		pinned->n_elsewhere, addr.s);
}

int hd_follow(const struct hd_pin_matches *pin_matches, struct hd_addr *addr,
	      struct hd_err *err)
{
	const struct hd_pin_match *pinned =
		pin_matches ? find_pinned(pin_matches, *addr) : NULL;

	if (!pinned || hd_pin_match_place(pinned, addr))
		return 0;
	return fail_lost(pinned, err);
}

/* A rewriting, and what it follows. */
struct following {
	struct hd_rewriting rw;
	const struct hd_pin_matches *pin_matches;
};

static int follow_place(void *data, const struct hd_place *place,
			struct hd_err *err)
{
	struct following *following = data;
	struct hd_addr to = place->addr;
	int r = hd_follow(following->pin_matches, &to, err);

	return r < 0 ? r :
		       hd_rewriting_address(&following->rw, place->address, to,
					    false);
}

int hd_rewriting_move_pin(struct hd_rewriting *rw, const xmlNode *pin,
			  const struct hd_pin_matches *pin_matches)
{
	struct hd_addr from, to;

	if (!hd_ours_address(pin, &from))
		return 0;
	to = from;
	/* One that is nowhere matters where something asks for the device. */
	if (hd_follow(pin_matches, &to, NULL) < 0 || hd_addr_equal(from, to))
		return 0;
	return hd_edit_attribute(&rw->edits, rw->text, pin, "address",
				 hd_addr_text(to).s, rw->err);
}

static void end(struct following *following)
{
	hd_rewriting_end(&following->rw);
}

int hd_rewrite_follow_pins(const char *text, size_t length,
			   const struct hd_pin_matches *pin_matches, char **ret,
			   size_t *ret_length, struct hd_err *err)
{
	HD_AUTO(end)
	struct following following = {
		{ .text = text, .length = length, .err = err }, pin_matches
	};
	struct hd_rewriting *rw = &following.rw;
	xmlNode *ours;
	int r = hd_rewriting_begin(rw);

	if (r == 0)
		r = hd_places_visit(hd_doc_root(rw->doc), follow_place,
				    &following, err);
	if (r < 0)
		return r;
	ours = hd_rewriting_ours(rw);
	for (xmlNode *pin = ours ? hd_next_ours(ours->children, "device") :
				   NULL;
	     r == 0 && pin; pin = hd_next_ours(pin->next, "device"))
		r = hd_rewriting_move_pin(rw, pin, pin_matches);
	return r < 0 ? r : hd_rewriting_finish(rw, ret, ret_length);
}
