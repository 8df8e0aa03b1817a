// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding, removing, replacing, setting and tidying, in one go. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/rewrite/splice.h"

/* Additions */

/* A block with what is to be set of its device, without a final newline. */
static int finish_block(const struct hd_rewrite_splices *plan,
			const struct hd_block *block, char **ret)
{
	HD_AUTO_REWRITING rw = { .text = block->xml,
				 .length = strlen(block->xml),
				 .err = plan->rw->err };
	struct hd_place place = { .source = HD_SOURCE_HOSTDEV,
				  .addr = block->addr };
	HD_AUTOFREE char *text = NULL;
	size_t n = rw.length;
	int r = hd_doc_parse_ranges(rw.text, rw.length, &rw.doc, rw.err);

	if (r < 0)
		return r;
	place.node = place.managed = hd_doc_root(rw.doc);
	r = hd_rewriting_set(&rw, &place, block->addr, plan->what);
	if (r == 0)
		r = hd_rewriting_finish(&rw, &text, &n);
	if (r < 0)
		return r;
	if (!text)
		text = strdup(block->xml);
	if (!text)
		return hd_err_nomem(rw.err);
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	*ret = hd_steal(&text);
	return 0;
}

static int write_blocks(const struct hd_rewrite_splices *plan, FILE *file)
{
	const struct hd_rewrite *what = plan->what;
	size_t written = 0;

	for (size_t i = 0; i < what->n_adds; i++) {
		HD_AUTOFREE char *text = NULL;
		size_t first = 0;
		int r;

		while (!hd_addr_equal(what->adds[first].addr,
				      what->adds[i].addr))
			first++;
		if (first < i ||
		    hd_rewrite_splices_asks(plan, what->adds[i].addr))
			continue;
		r = finish_block(plan, &what->adds[i], &text);
		if (r < 0)
			return r;
		fprintf(file, "%s%s", written++ ? "\n" : "", text);
	}
	return 0;
}

/* All blocks that are missing, "" for none. */
static int format_blocks(const struct hd_rewrite_splices *plan, char **ret)
{
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);
	int r;

	if (!file)
		return hd_err_nomem(plan->rw->err);
	r = write_blocks(plan, file);
	if (fclose(file) != 0)
		return hd_err_nomem(plan->rw->err);
	if (r == 0)
		*ret = hd_steal(&text);
	return r;
}

/* What libvirt writes after the <hostdev>s (virDomainDefFormatDevices()). */
static bool comes_after(const xmlNode *node)
{
	static const char *const names[] = {
		"redirdev", "redirfilter", "hub",    "watchdog", "memballoon",
		"rng",	    "nvram",	   "panic",  "shmem",	 "memory",
		"iommu",    "vsock",	   "crypto", "pstore",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (hd_node_is(node, names[i]))
			return true;
	return false;
}

static bool is_within(const xmlNode *node, const xmlNode *element)
{
	while (node && node != element)
		node = node->parent;
	return node;
}

/*
 * What new blocks come after, of what stays: the last <hostdev> or, without
 * one, the last that libvirt writes before them. NULL: they come first.
 */
static const xmlNode *find_anchor(const struct hd_rewrite_splices *plan,
				  const xmlNode *devices)
{
	const xmlNode *hostdev = NULL, *before = NULL;
	size_t i = 0;

	for (const xmlNode *node = devices->children; node; node = node->next) {
		bool removed = false;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		for (;
		     i < plan->n && is_within(plan->items[i].place.node, node);
		     i++)
			removed |= plan->items[i].removed &&
				   plan->items[i].place.node == node;
		if (removed)
			continue;
		if (hd_node_is(node, "hostdev"))
			hostdev = node;
		if (!comes_after(node))
			before = node;
	}
	return hostdev ? hostdev : before;
}

/* One step further in, and within <devices>. */
static char *wrap(const char *blocks)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fputs("<devices>\n  ", file);
	for (; *blocks; blocks++) {
		fputc(*blocks, file);
		if (*blocks == '\n')
			fputs("  ", file);
	}
	fputs("\n</devices>", file);
	return hd_stream_text(file, &text);
}

static int add(const struct hd_rewrite_splices *plan)
{
	struct hd_rewriting *rw = plan->rw;
	const xmlNode *domain = hd_doc_root(rw->doc);
	const xmlNode *devices = hd_node_child(domain, "devices"), *anchor;
	HD_AUTOFREE char *blocks = NULL;
	HD_AUTOFREE char *wrapped = NULL;
	int r = format_blocks(plan, &blocks);

	if (r < 0 || !*blocks)
		return r;
	if (!devices) {
		wrapped = wrap(blocks);
		return wrapped ? hd_edit_append(&rw->edits, rw->text, domain,
						wrapped, rw->err) :
				 hd_err_nomem(rw->err);
	}
	anchor = find_anchor(plan, devices);
	if (anchor)
		return hd_edit_insert_after(&rw->edits, rw->text, anchor,
					    blocks, rw->err);
	return hd_edit_insert_first(&rw->edits, rw->text, devices, blocks,
				    rw->err);
}

/* Our metadata */

static int note_dropped(const struct hd_rewrite_splices *plan,
			const xmlNode *node, struct hd_addr addr)
{
	const char *what = strcmp((const char *)node->name, "device") == 0 ?
				   "pin" :
				   "<allow>";

	return hd_findings_add(plan->notes, "metadata-removed", HD_INFO,
			       HD_WHOLE_DOMAIN,
			       hd_text("The domain's %s for %s is gone with it",
				       what, hd_addr_text(addr).s),
			       NULL, plan->rw->err);
}

/* A pin, or what the domain allows of a device. */
static int edit_ours(const struct hd_rewrite_splices *plan, const xmlNode *node)
{
	struct hd_rewriting *rw = plan->rw;
	bool is_pin = strcmp((const char *)node->name, "device") == 0;
	struct hd_addr addr, followed;
	int r;

	if (!is_pin && strcmp((const char *)node->name, "allow") != 0)
		return 0;
	if (!hd_ours_address(node, &addr))
		return 0;
	followed = addr;
	if (is_pin)
		hd_follow(plan->what->pin_matches, &followed, NULL);
	if (!hd_rewrite_splices_drops(plan, followed))
		return is_pin ? hd_rewriting_move_pin(rw, node,
						      plan->what->pin_matches) :
				0;
	r = hd_edit_remove(&rw->edits, rw->text, node, rw->err);
	return r < 0 ? r : note_dropped(plan, node, addr);
}

static int edit_metadata(const struct hd_rewrite_splices *plan)
{
	const struct hd_rewriting *rw = plan->rw;
	xmlNode *ours = hd_rewriting_ours(rw);
	int r = 0;

	for (; ours; ours = hd_next_ours(ours->next, "hostdev"))
		for (xmlNode *node = hd_next_ours(ours->children, NULL);
		     r == 0 && node; node = hd_next_ours(node->next, NULL))
			r = edit_ours(plan, node);
	return r;
}

/* The whole */

static int edit_place(const struct hd_rewrite_splices *plan,
		      const struct hd_splice *planned)
{
	struct hd_rewriting *rw = plan->rw;
	const struct hd_place *place = &planned->place;
	int r;

	if (planned->removed) {
		/* A backing store goes with its disk. */
		if (hd_node_is(place->node, "backingStore"))
			return 0;
		return hd_edit_remove(&rw->edits, rw->text, place->node,
				      rw->err);
	}
	r = hd_rewriting_address(rw, place->address, planned->to,
				 plan->what->tidy);
	return r < 0 ? r : hd_rewriting_set(rw, place, planned->to, plan->what);
}

int hd_rewrite_domain(const char *text, size_t length,
		      const struct hd_rewrite *what, struct hd_rewritten *ret,
		      struct hd_err *err)
{
	HD_AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	HD_AUTO(hd_rewrite_splices_clear)
	struct hd_rewrite_splices plan = { .rw = &rw,
					   .what = what,
					   .notes = &ret->notes };
	int r = hd_rewriting_begin(&rw);

	if (r == 0)
		r = hd_rewrite_splices_make(&plan);
	for (size_t i = 0; r == 0 && i < plan.n; i++)
		r = edit_place(&plan, &plan.items[i]);
	if (r == 0)
		r = add(&plan);
	if (r == 0)
		r = edit_metadata(&plan);
	if (r == 0)
		r = hd_rewriting_finish(&rw, &ret->text, &ret->length);
	if (r < 0)
		return r;
	ret->edits = rw.edits;
	rw.edits = (struct hd_edits){ NULL, 0 };
	return 0;
}

void hd_rewritten_clear(struct hd_rewritten *rewritten)
{
	free(rewritten->text);
	hd_edits_clear(&rewritten->edits);
	hd_findings_clear(&rewritten->notes);
}
