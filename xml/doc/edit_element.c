// SPDX-License-Identifier: GPL-2.0-or-later
/* Edits of whole elements, which have an indentation and lines of their own. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "xml/doc/doc.h"
#include "xml/doc/edit.h"

/* What libvirt indents by, where there is nothing to go by. */
#define STEP "  "

/*
 * Where the blanks before @offset begin. True when they are all there is before
 * it on its line, and no more than anybody indents by. Nothing but them is
 * looked at: a line may be megabytes long.
 */
static bool begins_line(const char *document, size_t offset, size_t *ret_start)
{
	for (int i = 0;
	     offset > 0 && i < HD_LIMIT_INDENT &&
	     (document[offset - 1] == ' ' || document[offset - 1] == '\t');
	     i++)
		offset--;
	*ret_start = offset;
	return offset == 0 || document[offset - 1] == '\n';
}

/* The length of the line end at @p, 0 when there is none. */
static size_t line_end(const char *p)
{
	return *p == '\n' ? 1 : *p == '\r' && p[1] == '\n' ? 2 : 0;
}

int hd_edit_remove(struct hd_edits *edits, const char *document,
		   const xmlNode *element, struct hd_err *err)
{
	struct hd_range range = hd_element_range(element).whole;
	size_t start, end = range.end + strspn(document + range.end, " \t");

	if (begins_line(document, range.start, &start) &&
	    line_end(document + end)) {
		range.start = start;
		range.end = end + line_end(document + end);
	}
	return hd_edit_replace(edits, range, strdup(""), err);
}

/* Blanks of the document, or of our own. */
struct blanks {
	const char *text;
	int n;
};

/* How the lines of a new element begin and end. */
struct layout {
	bool own_line; /* it has lines of its own, with this: */
	struct blanks indent, step;
	const char *newline;
};

/* The blanks before an element, when they are all there is on its line. */
static bool find_indent(const char *document, const xmlNode *element,
			struct blanks *ret)
{
	size_t offset = hd_element_range(element).whole.start, start;

	*ret = (struct blanks){ "", 0 };
	if (!begins_line(document, offset, &start))
		return false;
	*ret = (struct blanks){ document + start, (int)(offset - start) };
	return true;
}

/* By how much an element is indented more than its parent. */
static struct blanks step_of(const char *document, const xmlNode *element,
			     struct blanks indent)
{
	const xmlNode *parent = element->parent;
	struct blanks above;

	if (parent && parent->type == XML_ELEMENT_NODE &&
	    find_indent(document, parent, &above) && indent.n > above.n &&
	    strncmp(indent.text, above.text, (size_t)above.n) == 0)
		return (struct blanks){ indent.text + above.n,
					indent.n - above.n };
	return (struct blanks){ STEP, (int)strlen(STEP) };
}

/* That of an element and its siblings. */
static struct layout read_layout(const char *document, const xmlNode *element)
{
	struct layout layout = { .newline = "\n" };
	size_t start;

	layout.own_line = find_indent(document, element, &layout.indent);
	layout.step = step_of(document, element, layout.indent);
	begins_line(document, hd_element_range(element).whole.start, &start);
	if (start > 1 && document[start - 1] == '\n' &&
	    document[start - 2] == '\r')
		layout.newline = "\r\n";
	return layout;
}

/* The lines of @xml, after @depth steps; on no line of their own, all on one.
 */
static void write_lines(FILE *file, const struct layout *layout, size_t depth,
			const char *xml)
{
	while (*xml) {
		size_t blanks = strspn(xml, " "), n = strcspn(xml, "\n");
		size_t steps = depth + blanks / strlen(STEP);

		fprintf(file, "%.*s", layout->indent.n, layout->indent.text);
		for (size_t i = 0; layout->own_line && i < steps; i++)
			fprintf(file, "%.*s", layout->step.n,
				layout->step.text);
		fwrite(xml + blanks, 1, n - blanks, file);
		xml += n;
		if (*xml == '\0')
			break;
		xml++;
		if (layout->own_line)
			fputs(layout->newline, file);
	}
}

/* What write_lines() writes, between two texts. */
static char *format_lines(const struct layout *layout, size_t depth,
			  const char *before, const char *xml,
			  const char *after)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fputs(before, file);
	write_lines(file, layout, depth, xml);
	fputs(after, file);
	return hd_stream_text(file, &text);
}

/*
 * Where the line of an element ends that ends at @end; @end when something else
 * comes on its line. A comment there belongs to the element.
 */
static size_t end_of_line(const char *document, size_t end)
{
	size_t at = end;

	for (;;) {
		const char *p, *close;

		at += strspn(document + at, " \t");
		p = document + at;
		if (line_end(p))
			return at;
		close = hd_after(p, "<!--") ? strstr(p + 4, "-->") : NULL;
		if (!close || memchr(p, '\n', (size_t)(close - p)))
			return end;
		at = (size_t)(close + 3 - document);
	}
}

/* Inserts behind @at: on a line of its own, when @beside has one. */
static int insert_at(struct hd_edits *edits, const char *document, size_t at,
		     const xmlNode *beside, const char *xml, struct hd_err *err)
{
	struct layout layout = read_layout(document, beside);
	size_t end = end_of_line(document, at);

	/* What stands beside others on a line gets company there. */
	if (layout.own_line && line_end(document + end)) {
		at = end;
	} else {
		layout.own_line = false;
		layout.indent = (struct blanks){ "", 0 };
	}
	return hd_edit_replace(
		edits, (struct hd_range){ at, at },
		format_lines(&layout, 0, layout.own_line ? layout.newline : "",
			     xml, ""),
		err);
}

int hd_edit_insert_after(struct hd_edits *edits, const char *document,
			 const xmlNode *element, const char *xml,
			 struct hd_err *err)
{
	return insert_at(edits, document, hd_element_range(element).whole.end,
			 element, xml, err);
}

static const xmlNode *first_child(const xmlNode *parent)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE)
			return node;
	return NULL;
}

static const xmlNode *last_child(const xmlNode *parent)
{
	for (const xmlNode *node = parent->last; node; node = node->prev)
		if (node->type == XML_ELEMENT_NODE)
			return node;
	return NULL;
}

/* As the only child, one step further in than its parent. */
static int append_first(struct hd_edits *edits, const char *document,
			const xmlNode *parent, const char *xml,
			struct hd_err *err)
{
	const struct hd_element_range place = hd_element_range(parent);
	const struct layout layout = read_layout(document, parent);
	const char *newline = layout.own_line ? layout.newline : "";
	/* "<ns:name" without its "<" and what follows. */
	const char *name = document + place.whole.start + 1;
	HD_AUTOFREE char *before = NULL;
	HD_AUTOFREE char *after = NULL;
	struct hd_range range = place.content;

	if (place.single) {
		range.start = hd_start_tag(document, parent).end;
		range.end = place.whole.end;
	} else {
		/* Blanks before the end tag give way; text and comments stay.
		 */
		while (range.end > range.start &&
		       isspace((unsigned char)document[range.end - 1]))
			range.end--;
		range = (struct hd_range){ range.end, place.content.end };
	}
	before = hd_text("%s%s", place.single ? ">" : "", newline);
	after = hd_text("%s%.*s%s%.*s%s", newline, layout.indent.n,
			layout.indent.text, place.single ? "</" : "",
			place.single ? (int)strcspn(name, " \t\r\n/>") : 0,
			name, place.single ? ">" : "");
	if (!before || !after)
		return hd_err_nomem(err);
	return hd_edit_replace(edits, range,
			       format_lines(&layout, 1, before, xml, after),
			       err);
}

int hd_edit_insert_first(struct hd_edits *edits, const char *document,
			 const xmlNode *parent, const char *xml,
			 struct hd_err *err)
{
	const xmlNode *child = first_child(parent);

	return child ? insert_at(edits, document,
				 hd_element_range(parent).content.start, child,
				 xml, err) :
		       append_first(edits, document, parent, xml, err);
}

int hd_edit_append(struct hd_edits *edits, const char *document,
		   const xmlNode *parent, const char *xml, struct hd_err *err)
{
	const xmlNode *last = last_child(parent);

	return last ? hd_edit_insert_after(edits, document, last, xml, err) :
		      append_first(edits, document, parent, xml, err);
}
