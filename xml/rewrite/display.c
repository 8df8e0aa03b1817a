// SPDX-License-Identifier: GPL-2.0-or-later
/* What a domain says of the host's screen, in its metadata. */
#include <string.h>

#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/rewrite/rewriting.h"

static void write_stop(FILE *file, const char *prefix, const char *unit)
{
	fprintf(file, "<%s%sstop unit=\"%s\"/>", prefix, *prefix ? ":" : "",
		unit);
}

void hd_rewriting_write_display(FILE *file, const char *prefix,
				const struct hd_allowing *what)
{
	const char *colon = *prefix ? ":" : "";

	fprintf(file, "<%s%sdisplay hand-over=\"yes\"%s", prefix, colon,
		what->stops.n ? ">\n" : "/>");
	for (size_t i = 0; i < what->stops.n; i++) {
		fputs("  ", file);
		write_stop(file, prefix, what->stops.items[i]);
		fputc('\n', file);
	}
	if (what->stops.n)
		fprintf(file, "</%s%sdisplay>", prefix, colon);
}

/* All stops, a line each. NULL when memory runs out. */
static char *format_stops(const char *prefix, const struct hd_patterns *stops)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < stops->n; i++) {
		fputs(i ? "\n" : "", file);
		write_stop(file, prefix, stops->items[i]);
	}
	return hd_stream_text(file, &text);
}

int hd_rewriting_extend_display(struct hd_rewriting *rw, const xmlNode *node,
				const struct hd_allowing *what)
{
	HD_AUTOFREE char *stops =
		format_stops(hd_prefix_of(node), &what->stops);
	const char *value = hd_node_attribute(node, "hand-over");
	int r = 0;

	if (!stops)
		return hd_err_nomem(rw->err);
	if (!value || strcmp(value, "yes") != 0)
		r = hd_edit_attribute(&rw->edits, rw->text, node, "hand-over",
				      "yes", rw->err);
	if (r == 0 && *stops)
		r = hd_edit_append(&rw->edits, rw->text, node, stops, rw->err);
	return r;
}

int hd_rewriting_reduce_display(struct hd_rewriting *rw, const xmlNode *node,
				const struct hd_allowing *what)
{
	int r = 0;

	if (what->hand_over)
		return hd_edit_remove(&rw->edits, rw->text, node, rw->err);
	for (xmlNode *stop = hd_next_ours(node->children, "stop");
	     r == 0 && stop; stop = hd_next_ours(stop->next, "stop")) {
		const char *unit = hd_node_attribute(stop, "unit");

		if (unit && hd_patterns_have(&what->stops, unit))
			r = hd_edit_remove(&rw->edits, rw->text, stop, rw->err);
	}
	return r;
}
