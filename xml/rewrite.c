// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/rewrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/finding.h"
#include "xml/doc.h"
#include "xml/edit.h"
#include "xml/metadata.h"
#include "xml/number.h"
#include "xml/pin.h"
#include "xml/place.h"

/* A domain while it is rewritten. */
struct rewriting {
	const char *text;
	size_t length;
	xmlDoc *doc;
	struct hd_edits edits;
	const struct hd_pinneds *pinneds; /* to follow */
	struct hd_err *err;
};

static void end(struct rewriting *rw)
{
	hd_edits_clear(&rw->edits);
	hd_doc_cleanup(&rw->doc);
}

#define AUTO_REWRITING HD_AUTO(end) struct rewriting

static int begin(struct rewriting *rw)
{
	int r = hd_doc_parse_ranges(rw->text, rw->length, &rw->doc, rw->err);

	if (r < 0)
		return r;
	if (!hd_node_is(hd_doc_root(rw->doc), "domain"))
		return hd_err_set(rw->err, EINVAL,
				  "the document is a <%.64s>, not a <domain>",
				  (const char *)hd_doc_root(rw->doc)->name);
	return 0;
}

/* Makes the edits, if there are any. */
static int finish(struct rewriting *rw, char **ret, size_t *ret_length)
{
	*ret = NULL;
	if (rw->edits.n == 0)
		return 0;
	*ret = hd_edits_apply(&rw->edits, rw->text, rw->length, ret_length);
	return *ret ? 0 : hd_err_nomem(rw->err);
}

/* Our part of the metadata */

/* The next of our elements from @node on; @name NULL is any. */
static xmlNode *next_ours(xmlNode *node, const char *name)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && node->ns &&
		    strcmp((const char *)node->ns->href, HD_METADATA_NS) == 0 &&
		    (!name || strcmp((const char *)node->name, name) == 0))
			return node;
	return NULL;
}

static xmlNode *find_ours(const struct rewriting *rw)
{
	const xmlNode *metadata =
		hd_node_child(hd_doc_root(rw->doc), "metadata");

	return metadata ? next_ours(metadata->children, "hostdev") : NULL;
}

/* The pin of an address, or NULL. */
static xmlNode *find_pin(const struct rewriting *rw, struct hd_addr addr)
{
	xmlNode *ours = find_ours(rw), *node;

	for (node = ours ? next_ours(ours->children, "device") : NULL; node;
	     node = next_ours(node->next, "device")) {
		HD_AUTOFREE char *text = hd_node_attribute(node, "address");
		struct hd_addr at;

		if (text && hd_addr_parse(text, &at, NULL) == 0 &&
		    hd_addr_equal(at, addr))
			return node;
	}
	return NULL;
}

/* Following pins */

static const struct hd_pinned *find_pinned(const struct hd_pinneds *pinneds,
					   struct hd_addr addr)
{
	for (size_t i = 0; i < pinneds->n; i++)
		if (hd_addr_equal(pinneds->items[i].pin->addr, addr))
			return &pinneds->items[i];
	return NULL;
}

static int fail_lost(struct rewriting *rw, const struct hd_pinned *pinned)
{
	const struct hd_addr_text addr = hd_addr_text(pinned->pin->addr);

	if (pinned->n_elsewhere == 0)
		return hd_err_set(
			rw->err, ENODEV,
			"the device that is pinned for %s is not on this host",
			addr.s);
	return hd_err_set(
		rw->err, ENOTUNIQ,
		"%zu devices are like the one that is pinned for %s, and nothing but their place tells them apart",
		pinned->n_elsewhere, addr.s);
}

/* One number of an address, unless it is the same already. */
static int set_part(struct rewriting *rw, const xmlNode *address,
		    const char *name, unsigned digits, unsigned value)
{
	HD_AUTOFREE char *text = hd_node_attribute(address, name);
	char number[sizeof("0x12345678")];
	uint32_t now = 0;

	if ((!text || hd_number_parse(text, UINT32_MAX, &now)) && now == value)
		return 0;
	snprintf(number, sizeof(number), "0x%0*x", (int)digits, value);
	return hd_edit_attribute(&rw->edits, rw->text, address, name, number,
				 rw->err);
}

static int follow_place(void *data, const struct hd_place *place,
			struct hd_err *err)
{
	struct rewriting *rw = data;
	const struct hd_pinned *pinned = find_pinned(rw->pinneds, place->addr);
	struct hd_addr to;
	int r;

	(void)err;
	if (!pinned)
		return 0;
	if (!hd_pinned_place(pinned, &to))
		return fail_lost(rw, pinned);
	if ((r = set_part(rw, place->address, "domain", 4, to.domain)) < 0 ||
	    (r = set_part(rw, place->address, "bus", 2, to.bus)) < 0 ||
	    (r = set_part(rw, place->address, "slot", 2, to.slot)) < 0 ||
	    (r = set_part(rw, place->address, "function", 1, to.function)) < 0)
		return r;
	return 0;
}

static int move_pin(struct rewriting *rw, const struct hd_pinned *pinned)
{
	const xmlNode *node = find_pin(rw, pinned->pin->addr);
	struct hd_addr to;

	if (!node || !hd_pinned_place(pinned, &to) ||
	    hd_addr_equal(to, pinned->pin->addr))
		return 0;
	return hd_edit_attribute(&rw->edits, rw->text, node, "address",
				 hd_addr_text(to).s, rw->err);
}

int hd_rewrite_follow_pins(const char *text, size_t length,
			   const struct hd_pinneds *pinneds, char **ret,
			   size_t *ret_length, struct hd_err *err)
{
	AUTO_REWRITING rw = {
		.text = text, .length = length, .pinneds = pinneds, .err = err
	};
	int r = begin(&rw);

	if (r == 0)
		r = hd_places_visit(hd_doc_root(rw.doc), follow_place, &rw,
				    err);
	for (size_t i = 0; r == 0 && i < pinneds->n; i++)
		r = move_pin(&rw, &pinneds->items[i]);
	return r < 0 ? r : finish(&rw, ret, ret_length);
}

/* Pinning */

/* The prefix of an element's name, "" for none. */
static const char *prefix_of(const xmlNode *node)
{
	return node && node->ns->prefix ? (const char *)node->ns->prefix : "";
}

/* New pins, a line each. */
static char *format_pins(struct rewriting *rw, const struct hd_pin *pins,
			 size_t n, const char *prefix, const char *indent)
{
	char *text = NULL;
	size_t size, written = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		HD_AUTOFREE char *line =
			find_pin(rw, pins[i].addr) ?
				NULL :
				hd_pin_format(&pins[i], prefix);

		if (line)
			fprintf(file, "%s%s%s", written++ ? "\n" : "", indent,
				line);
	}
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* The last of what stands before <metadata> in libvirt's order. */
static const xmlNode *find_before_metadata(const xmlNode *domain)
{
	static const char *const names[] = { "description", "title", "genid",
					     "uuid", "name" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const xmlNode *node = hd_node_child(domain, names[i]);

		if (node)
			return node;
	}
	return NULL;
}

#define OPEN "<hostdev:hostdev xmlns:hostdev=\"" HD_METADATA_NS "\">"
#define CLOSE "</hostdev:hostdev>"

/* Pins of a domain that has no element of ours yet. */
static int add_ours(struct rewriting *rw, const struct hd_pin *pins, size_t n)
{
	const xmlNode *domain = hd_doc_root(rw->doc);
	const xmlNode *metadata = hd_node_child(domain, "metadata");
	const xmlNode *before = find_before_metadata(domain);
	HD_AUTOFREE char *lines =
		format_pins(rw, pins, n, "hostdev", metadata ? "  " : "    ");
	HD_AUTOFREE char *whole = NULL;

	if (!before)
		return hd_err_set(rw->err, EINVAL, "the domain has no <name>");
	if (lines && metadata)
		whole = hd_text(OPEN "\n%s\n" CLOSE, lines);
	else if (lines)
		whole = hd_text("<metadata>\n  " OPEN "\n%s\n  " CLOSE
				"\n</metadata>",
				lines);
	if (!whole)
		return hd_err_nomem(rw->err);
	return metadata ? hd_edit_append(&rw->edits, rw->text, metadata, whole,
					 rw->err) :
			  hd_edit_insert_after(&rw->edits, rw->text, before,
					       whole, rw->err);
}

/* Pins beside what there is already. */
static int add_pins(struct rewriting *rw, const xmlNode *ours,
		    const struct hd_pin *pins, size_t n)
{
	HD_AUTOFREE char *lines = format_pins(rw, pins, n, prefix_of(ours), "");

	if (!lines)
		return hd_err_nomem(rw->err);
	return *lines ? hd_edit_append(&rw->edits, rw->text, ours, lines,
				       rw->err) :
			0;
}

static int replace_pins(struct rewriting *rw, const struct hd_pin *pins,
			size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const xmlNode *node = find_pin(rw, pins[i].addr);

		if (node)
			r = hd_edit_replace(
				&rw->edits, hd_element_range(node).whole,
				hd_pin_format(&pins[i], prefix_of(node)),
				rw->err);
	}
	return r;
}

int hd_rewrite_pin(const char *text, size_t length, const struct hd_pin *pins,
		   size_t n, char **ret, size_t *ret_length, struct hd_err *err)
{
	AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	const xmlNode *ours;
	int r = begin(&rw);

	if (r < 0 || n == 0)
		return r;
	ours = find_ours(&rw);
	r = replace_pins(&rw, pins, n);
	if (r == 0)
		r = ours ? add_pins(&rw, ours, pins, n) :
			   add_ours(&rw, pins, n);
	return r < 0 ? r : finish(&rw, ret, ret_length);
}

static bool is_wanted(const struct hd_addr *addrs, size_t n,
		      const xmlNode *node)
{
	HD_AUTOFREE char *text = hd_node_attribute(node, "address");
	struct hd_addr at;

	if (n == 0)
		return true;
	if (!text || hd_addr_parse(text, &at, NULL) < 0)
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
	AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	xmlNode *ours, *node;
	int r = begin(&rw);

	if (r < 0)
		return r;
	ours = find_ours(&rw);
	for (node = ours ? next_ours(ours->children, "device") : NULL;
	     r == 0 && node; node = next_ours(node->next, "device"))
		if (is_wanted(addrs, n, node))
			r = hd_edit_remove(&rw.edits, text, node, err);
	return r < 0 ? r : finish(&rw, ret, ret_length);
}
