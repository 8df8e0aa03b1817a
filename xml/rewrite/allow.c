// SPDX-License-Identifier: GPL-2.0-or-later
/* What a domain allows, in its metadata. */
#include <stdio.h>
#include <string.h>

#include "lib/base/finding.h"
#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/rewrite/rewriting.h"

/* Visits our elements of a name, in all elements of ours. */
static int each_ours(struct hd_rewriting *rw, const char *name,
		     const struct hd_allowing *what,
		     int (*visit)(struct hd_rewriting *rw, const xmlNode *node,
				  const struct hd_allowing *what))
{
	xmlNode *ours = hd_rewriting_ours(rw);
	int r = 0;

	for (; ours; ours = hd_next_ours(ours->next, "hostdev"))
		for (xmlNode *node = hd_next_ours(ours->children, name);
		     r == 0 && node; node = hd_next_ours(node->next, name))
			r = visit(rw, node, what);
	return r;
}

static char *format_siblings(const char *prefix)
{
	return hd_text("<%s%ssiblings policy=\"bind\"/>", prefix,
		       *prefix ? ":" : "");
}

static int replace_siblings(struct hd_rewriting *rw, const xmlNode *node,
			    const struct hd_allowing *what)
{
	const char *policy = hd_node_attribute(node, "policy");

	(void)what;
	if (policy && strcmp(policy, "bind") == 0)
		return 0;
	return hd_edit_replace(&rw->edits, hd_element_range(node).whole,
			       format_siblings(hd_prefix_of(node)), rw->err);
}

/* Whether there is one already: 1, to end the visits. */
static int is_there(struct hd_rewriting *rw, const xmlNode *node,
		    const struct hd_allowing *what)
{
	(void)rw, (void)node, (void)what;
	return 1;
}

static void write_allow(FILE *file, const struct hd_allow *allow,
			const char *prefix)
{
	fprintf(file, "<%s%sallow address=\"%s\" critical=\"%s\"/>", prefix,
		*prefix ? ":" : "", hd_addr_text(allow->addr).s,
		hd_critical_name(allow->critical));
}

/* All new elements, a line each. NULL when memory runs out. */
static char *format(const struct hd_rewriting *rw,
		    const struct hd_allowing *what, bool siblings, bool display)
{
	const char *prefix = hd_rewriting_prefix(rw);
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);
	HD_AUTOFREE char *first = format_siblings(prefix);

	if (!file)
		return NULL;
	if (siblings && first)
		fputs(first, file);
	for (size_t i = 0; i < what->n_allows; i++) {
		fputs(siblings || i ? "\n" : "", file);
		write_allow(file, &what->allows[i], prefix);
	}
	if (display) {
		fputs(siblings || what->n_allows ? "\n" : "", file);
		hd_rewriting_write_display(file, prefix, what);
	}
	text = hd_stream_text(file, &text);
	if (first)
		return text;
	free(text);
	return NULL;
}

static int finish(struct hd_rewriting *rw, struct hd_rewritten *ret)
{
	int r = hd_rewriting_finish(rw, &ret->text, &ret->length);

	if (r < 0)
		return r;
	ret->edits = rw->edits;
	rw->edits = (struct hd_edits){ NULL, 0 };
	return 0;
}

int hd_rewrite_allow(const char *text, size_t length,
		     const struct hd_allowing *what, struct hd_rewritten *ret,
		     struct hd_err *err)
{
	HD_AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	HD_AUTOFREE char *lines = NULL;
	int r = hd_rewriting_begin(&rw);
	bool of_display = what->hand_over || what->stops.n;
	bool siblings, display;

	if (r < 0)
		return r;
	siblings =
		what->siblings && !each_ours(&rw, "siblings", what, is_there);
	display = of_display && !each_ours(&rw, "display", what, is_there);
	lines = format(&rw, what, siblings, display);
	if (!lines)
		return hd_err_nomem(err);
	if (what->siblings)
		r = each_ours(&rw, "siblings", what, replace_siblings);
	if (r == 0 && of_display)
		r = each_ours(&rw, "display", what,
			      hd_rewriting_extend_display);
	if (r == 0)
		r = hd_rewriting_add_ours(&rw, lines);
	return r < 0 ? r : finish(&rw, ret);
}

static int remove_node(struct hd_rewriting *rw, const xmlNode *node,
		       const struct hd_allowing *what)
{
	(void)what;
	return hd_edit_remove(&rw->edits, rw->text, node, rw->err);
}

/* What can't be read isn't what is meant. */
static int remove_allow(struct hd_rewriting *rw, const xmlNode *node,
			const struct hd_allowing *what)
{
	const char *name = hd_node_attribute(node, "critical");
	enum hd_critical critical;
	struct hd_addr addr;

	if (!name || !hd_critical_parse(name, &critical) ||
	    !hd_ours_address(node, &addr))
		return 0;
	for (size_t i = 0; i < what->n_allows; i++)
		if (what->allows[i].critical == critical &&
		    hd_addr_equal(what->allows[i].addr, addr))
			return remove_node(rw, node, what);
	return 0;
}

int hd_rewrite_disallow(const char *text, size_t length,
			const struct hd_allowing *what,
			struct hd_rewritten *ret, struct hd_err *err)
{
	HD_AUTO_REWRITING rw = { .text = text, .length = length, .err = err };
	int r = hd_rewriting_begin(&rw);

	if (r == 0)
		r = each_ours(&rw, "allow", what, remove_allow);
	if (r == 0 && what->siblings)
		r = each_ours(&rw, "siblings", what, remove_node);
	if (r == 0 && (what->hand_over || what->stops.n))
		r = each_ours(&rw, "display", what,
			      hd_rewriting_reduce_display);
	return r < 0 ? r : finish(&rw, ret);
}
