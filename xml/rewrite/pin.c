// SPDX-License-Identifier: GPL-2.0-or-later
/* Pins in the domain's metadata. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/domain/metadata.h"
#include "xml/domain/pin.h"
#include "xml/rewrite/rewriting.h"

/* A pin that the domain has. */
struct pinned {
	struct hd_addr addr;
	xmlNode *node;
	size_t order; /* in the document */
};

struct pinneds {
	struct pinned *items; /* sorted */
	size_t n;
};

static void clear_pinneds(struct pinneds *pinneds)
{
	free(pinneds->items);
}

static int compare(const void *a, const void *b)
{
	const struct pinned *x = a, *y = b;
	int order = hd_addr_compare(&x->addr, &y->addr);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int find_pins(const struct hd_rewriting *rw, struct pinneds *ret)
{
	xmlNode *ours = hd_rewriting_ours(rw), *node;

	for (node = ours ? hd_next_ours(ours->children, "device") : NULL; node;
	     node = hd_next_ours(node->next, "device")) {
		struct pinned pinned = { .node = node, .order = ret->n }, *item;

		if (!hd_ours_address(node, &pinned.addr))
			continue;
		item = hd_array_add(&ret->items, &ret->n, sizeof(*item));
		if (!item)
			return hd_err_nomem(rw->err);
		*item = pinned;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare);
	return 0;
}

/* The first pin of an address, or NULL. */
static xmlNode *find_pin(const struct pinneds *pinneds, struct hd_addr addr)
{
	size_t low = 0, high = pinneds->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hd_addr_compare(&pinneds->items[middle].addr, &addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < pinneds->n &&
			       hd_addr_equal(pinneds->items[low].addr, addr) ?
		       pinneds->items[low].node :
		       NULL;
}

/* Writes the new ones of the pins, a line each. False when memory runs out. */
static bool write_pins(FILE *file, const struct pinneds *pinneds,
		       const struct hd_pin *pins, size_t n, const char *prefix)
{
	size_t written = 0;

	for (size_t i = 0; i < n; i++) {
		HD_AUTOFREE char *line = NULL;

		if (find_pin(pinneds, pins[i].addr))
			continue;
		line = hd_pin_format(&pins[i], prefix);
		if (!line)
			return false;
		fprintf(file, "%s%s", written++ ? "\n" : "", line);
	}
	return true;
}

static char *format_pins(const struct hd_rewriting *rw,
			 const struct pinneds *pinneds,
			 const struct hd_pin *pins, size_t n)
{
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);
	bool written;

	if (!file)
		return NULL;
	written = write_pins(file, pinneds, pins, n, hd_rewriting_prefix(rw));
	return fclose(file) == 0 && written ? hd_steal(&text) : NULL;
}

static int replace_pins(struct hd_rewriting *rw, const struct pinneds *pinneds,
			const struct hd_pin *pins, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const xmlNode *node = find_pin(pinneds, pins[i].addr);

		if (node)
			r = hd_edit_replace(
				&rw->edits, hd_element_range(node).whole,
				hd_pin_format(&pins[i], hd_prefix_of(node)),
				rw->err);
	}
	return r;
}

int hd_rewrite_pin(const char *text, size_t length, const struct hd_pin *pins,
		   size_t n, char **ret, size_t *ret_length, struct hd_err *err)
{
	HD_AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	HD_AUTO(clear_pinneds) struct pinneds pinneds = { NULL, 0 };
	HD_AUTOFREE char *lines = NULL;
	int r = hd_rewriting_begin(&rw);

	if (r < 0 || n == 0)
		return r;
	r = find_pins(&rw, &pinneds);
	if (r == 0)
		r = replace_pins(&rw, &pinneds, pins, n);
	if (r < 0)
		return r;
	lines = format_pins(&rw, &pinneds, pins, n);
	r = lines ? hd_rewriting_add_ours(&rw, lines) : hd_err_nomem(err);
	return r < 0 ? r : hd_rewriting_finish(&rw, ret, ret_length);
}

static bool is_wanted(const struct hd_addr *addrs, size_t n,
		      const xmlNode *node)
{
	struct hd_addr at;

	if (n == 0)
		return true;
	if (!hd_ours_address(node, &at))
		return false;
	for (size_t i = 0; i < n; i++)
		if (hd_addr_equal(addrs[i], at))
			return true;
	return false;
}

int hd_rewrite_unpin(const char *text, size_t length,
		     const struct hd_addr *addrs, size_t n, char **ret,
		     size_t *ret_length, struct hd_err *err)
{
	HD_AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	xmlNode *ours, *node;
	int r = hd_rewriting_begin(&rw);

	if (r < 0)
		return r;
	ours = hd_rewriting_ours(&rw);
	for (node = ours ? hd_next_ours(ours->children, "device") : NULL;
	     r == 0 && node; node = hd_next_ours(node->next, "device"))
		if (is_wanted(addrs, n, node))
			r = hd_edit_remove(&rw.edits, text, node, err);
	return r < 0 ? r : hd_rewriting_finish(&rw, ret, ret_length);
}
