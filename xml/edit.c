// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/finding.h"

/* What libvirt indents by, where there is nothing to go by. */
#define STEP "  "

int hd_edit_replace(struct hd_edits *edits, struct hd_range range, char *text,
		    struct hd_err *err)
{
	struct hd_edit *edit =
		text ? hd_array_add(&edits->items, &edits->n, sizeof(*edit)) :
		       NULL;

	if (!edit) {
		free(text);
		return hd_err_nomem(err);
	}
	*edit = (struct hd_edit){ range, text };
	return 0;
}

/*
 * Finds the value of an attribute in a start tag, without its quotes. The tag
 * is well-formed: the parser has been there before.
 */
static bool find_value(const char *document, struct hd_range tag,
		       const char *name, struct hd_range *ret)
{
	const char *p = document + tag.start + 1, *end = document + tag.end;
	size_t n = strlen(name);

	while (p < end && !isspace((unsigned char)*p))
		p++;
	while (p < end) {
		const char *word, *value, *close;

		while (p < end && isspace((unsigned char)*p))
			p++;
		word = p;
		while (p < end && *p != '=')
			p++;
		if (p == end)
			return false;
		value = p + 1;
		while (value < end && isspace((unsigned char)*value))
			value++;
		if (value == end)
			return false;
		close = memchr(value + 1, *value, (size_t)(end - value - 1));
		if (!close)
			return false;
		while (p > word && isspace((unsigned char)p[-1]))
			p--;
		if ((size_t)(p - word) == n && strncmp(word, name, n) == 0) {
			ret->start = (size_t)(value + 1 - document);
			ret->end = (size_t)(close - document);
			return true;
		}
		p = close + 1;
	}
	return false;
}

/* The start tag up to its ">" or "/>". */
static struct hd_range start_tag(const char *document,
				 const struct hd_element_range *element)
{
	size_t end = element->single ? element->whole.end - 2 :
				       element->content.start - 1;

	/* "<name />": the blank stays before the "/>". */
	while (isspace((unsigned char)document[end - 1]))
		end--;
	return (struct hd_range){ element->whole.start, end };
}

int hd_edit_attribute(struct hd_edits *edits, const char *document,
		      const xmlNode *element, const char *name,
		      const char *value, struct hd_err *err)
{
	const struct hd_element_range place = hd_element_range(element);
	const struct hd_range tag = start_tag(document, &place);
	HD_AUTOFREE char *escaped = hd_xml_escape(value);
	struct hd_range range;

	if (!escaped)
		return hd_err_nomem(err);
	if (find_value(document, tag, name, &range))
		return hd_edit_replace(edits, range, hd_steal(&escaped), err);
	range = (struct hd_range){ tag.end, tag.end };
	return hd_edit_replace(edits, range, hd_text(" %s='%s'", name, escaped),
			       err);
}

/* Where the line with @offset begins. */
static size_t line_start(const char *document, size_t offset)
{
	while (offset > 0 && document[offset - 1] != '\n')
		offset--;
	return offset;
}

static bool is_blank(const char *document, size_t start, size_t end)
{
	while (start < end &&
	       (document[start] == ' ' || document[start] == '\t'))
		start++;
	return start == end;
}

int hd_edit_remove(struct hd_edits *edits, const char *document,
		   const xmlNode *element, struct hd_err *err)
{
	struct hd_range range = hd_element_range(element).whole;
	size_t start = line_start(document, range.start), end = range.end;

	while (document[end] == ' ' || document[end] == '\t' ||
	       document[end] == '\r')
		end++;
	if (is_blank(document, start, range.start) && document[end] == '\n')
		range = (struct hd_range){ start, end + 1 };
	return hd_edit_replace(edits, range, strdup(""), err);
}

/* The blanks before an element, when they are all there is on its line. */
static char *indentation(const char *document, size_t offset)
{
	size_t start = line_start(document, offset);

	return is_blank(document, start, offset) ?
		       strndup(document + start, offset - start) :
		       NULL;
}

static const xmlNode *last_child(const xmlNode *parent)
{
	for (const xmlNode *node = parent->last; node; node = node->prev)
		if (node->type == XML_ELEMENT_NODE)
			return node;
	return NULL;
}

/* @xml with @indent before each line but the first. */
static char *indent_lines(const char *xml, const char *indent)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (; *xml; xml++) {
		fputc(*xml, file);
		if (*xml == '\n')
			fputs(indent, file);
	}
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int hd_edit_insert_after(struct hd_edits *edits, const char *document,
			 const xmlNode *child, const char *xml,
			 struct hd_err *err)
{
	const struct hd_range place = hd_element_range(child).whole;
	const struct hd_range after = { place.end, place.end };
	HD_AUTOFREE char *indent = indentation(document, place.start);
	HD_AUTOFREE char *lines = indent_lines(xml, indent ? indent : "");

	if (!lines)
		return hd_err_nomem(err);
	if (!indent)
		return hd_edit_replace(edits, after, hd_steal(&lines), err);
	return hd_edit_replace(edits, after, hd_text("\n%s%s", indent, lines),
			       err);
}

/* "<ns:name" without its "<" and what follows. */
static char *tag_name(const char *document,
		      const struct hd_element_range *element)
{
	const char *name = document + element->whole.start + 1;

	return strndup(name, strcspn(name, " \t\r\n/>"));
}

/* As the only child, one step further in than its parent. */
static int append_first(struct hd_edits *edits, const char *document,
			const xmlNode *parent, const char *xml,
			struct hd_err *err)
{
	const struct hd_element_range place = hd_element_range(parent);
	HD_AUTOFREE char *indent = indentation(document, place.whole.start);
	HD_AUTOFREE char *own = hd_text("%s" STEP, indent ? indent : "");
	HD_AUTOFREE char *lines = own ? indent_lines(xml, own) : NULL;
	HD_AUTOFREE char *name = tag_name(document, &place);
	struct hd_range range = place.content;
	size_t blanks = range.end;

	if (!lines || !name)
		return hd_err_nomem(err);
	if (place.single) {
		range.start = start_tag(document, &place).end;
		range.end = place.whole.end;
		return hd_edit_replace(edits, range,
				       hd_text(">\n%s%s\n%s</%s>", own, lines,
					       indent ? indent : "", name),
				       err);
	}
	/* Blanks before the end tag give way; text and comments stay. */
	while (blanks > range.start &&
	       isspace((unsigned char)document[blanks - 1]))
		blanks--;
	range.start = blanks;
	return hd_edit_replace(
		edits, range,
		hd_text("\n%s%s\n%s", own, lines, indent ? indent : ""), err);
}

int hd_edit_append(struct hd_edits *edits, const char *document,
		   const xmlNode *parent, const char *xml, struct hd_err *err)
{
	const xmlNode *last = last_child(parent);

	return last ? hd_edit_insert_after(edits, document, last, xml, err) :
		      append_first(edits, document, parent, xml, err);
}

/* The first edit at or after @offset that was not made yet, or NULL. */
static const struct hd_edit *next_edit(const struct hd_edits *edits,
				       const struct hd_edit *made)
{
	const struct hd_edit *next = NULL;

	for (size_t i = 0; i < edits->n; i++) {
		const struct hd_edit *edit = &edits->items[i];
		bool later =
			!made || edit->range.start > made->range.start ||
			(edit->range.start == made->range.start && edit > made);

		if (later && (!next || edit->range.start < next->range.start))
			next = edit;
	}
	return next;
}

char *hd_edits_apply(const struct hd_edits *edits, const char *document,
		     size_t length, size_t *ret_length)
{
	const struct hd_edit *edit = NULL;
	size_t at = 0;
	char *text = NULL;
	FILE *file = open_memstream(&text, ret_length);

	if (!file)
		return NULL;
	while ((edit = next_edit(edits, edit))) {
		if (edit->range.start > at)
			fwrite(document + at, 1, edit->range.start - at, file);
		fputs(edit->text, file);
		if (edit->range.end > at)
			at = edit->range.end;
	}
	fwrite(document + at, 1, length - at, file);
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *hd_xml_escape(const char *text)
{
	static const struct {
		char character;
		const char *name;
	} names[] = { { '&', "&amp;" },
		      { '<', "&lt;" },
		      { '>', "&gt;" },
		      { '"', "&quot;" },
		      { '\'', "&apos;" } };
	char *result = NULL;
	size_t size;
	FILE *file = open_memstream(&result, &size);

	if (!file)
		return NULL;
	for (; *text; text++) {
		const char *name = NULL;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (names[i].character == *text)
				name = names[i].name;
		if (name)
			fputs(name, file);
		else
			fputc(*text, file);
	}
	if (fclose(file) != 0) {
		free(result);
		return NULL;
	}
	return result;
}

void hd_edits_clear(struct hd_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		free(edits->items[i].text);
	free(edits->items);
	*edits = (struct hd_edits){ NULL, 0 };
}
