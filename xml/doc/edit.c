// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "xml/doc/doc.h"

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
	*edit = (struct hd_edit){ range, text, edits->n };
	return 0;
}

/* Where an attribute stands in its tag. */
struct found {
	size_t name; /* where its name begins */
	struct hd_range value; /* without the quotes */
};

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

/*
 * Finds an attribute in a start tag. The tag is well-formed: the parser has
 * been there before.
 */
static bool find_attribute(const char *document, struct hd_range tag,
			   const char *name, struct found *ret)
{
	const char *p = document + tag.start + 1, *end = document + tag.end;
	size_t n = strlen(name);

	while (p < end && !isspace((unsigned char)*p))
		p++;
	while (p < end) {
		const char *word = skip_blanks(p, end), *value, *close;
		const char *equals = memchr(word, '=', (size_t)(end - word));

		if (!equals)
			return false;
		value = skip_blanks(equals + 1, end);
		if (value == end)
			return false;
		close = memchr(value + 1, *value, (size_t)(end - value - 1));
		if (!close)
			return false;
		while (equals > word && isspace((unsigned char)equals[-1]))
			equals--;
		if ((size_t)(equals - word) == n &&
		    strncmp(word, name, n) == 0) {
			ret->name = (size_t)(word - document);
			ret->value.start = (size_t)(value + 1 - document);
			ret->value.end = (size_t)(close - document);
			return true;
		}
		p = close + 1;
	}
	return false;
}

struct hd_range hd_start_tag(const char *document, const xmlNode *element)
{
	const struct hd_element_range place = hd_element_range(element);
	size_t end =
		place.single ? place.whole.end - 2 : place.content.start - 1;

	/* "<name />": the blank stays before the "/>". */
	while (isspace((unsigned char)document[end - 1]))
		end--;
	return (struct hd_range){ place.whole.start, end };
}

int hd_edit_attribute_before(struct hd_edits *edits, const char *document,
			     const xmlNode *element,
			     const struct hd_attribute *attribute,
			     struct hd_err *err)
{
	const struct hd_range tag = hd_start_tag(document, element);
	HD_AUTOFREE char *escaped = hd_xml_escape(attribute->value);
	const char *name = attribute->name;
	struct found found;

	if (!escaped)
		return hd_err_nomem(err);
	if (find_attribute(document, tag, name, &found))
		return hd_edit_replace(edits, found.value, hd_steal(&escaped),
				       err);
	if (attribute->before &&
	    find_attribute(document, tag, attribute->before, &found))
		return hd_edit_replace(
			edits, (struct hd_range){ found.name, found.name },
			hd_text("%s='%s' ", name, escaped), err);
	return hd_edit_replace(edits, (struct hd_range){ tag.end, tag.end },
			       hd_text(" %s='%s'", name, escaped), err);
}

int hd_edit_attribute(struct hd_edits *edits, const char *document,
		      const xmlNode *element, const char *name,
		      const char *value, struct hd_err *err)
{
	return hd_edit_attribute_before(
		edits, document, element,
		&(struct hd_attribute){ name, value, NULL }, err);
}

int hd_edit_remove_attribute(struct hd_edits *edits, const char *document,
			     const xmlNode *element, const char *name,
			     struct hd_err *err)
{
	struct found found;
	size_t start;

	if (!find_attribute(document, hd_start_tag(document, element), name,
			    &found))
		return 0;
	for (start = found.name; isspace((unsigned char)document[start - 1]);)
		start--;
	return hd_edit_replace(edits,
			       (struct hd_range){ start, found.value.end + 1 },
			       strdup(""), err);
}

static int compare_edits(const void *a, const void *b)
{
	const struct hd_edit *x = a, *y = b;

	if (x->range.start != y->range.start)
		return x->range.start < y->range.start ? -1 : 1;
	return x->planned < y->planned ? -1 : 1;
}

void hd_edits_sort(struct hd_edits *edits)
{
	if (edits->n)
		qsort(edits->items, edits->n, sizeof(*edits->items),
		      compare_edits);
}

char *hd_edits_apply(struct hd_edits *edits, const char *document,
		     size_t length, size_t *ret_length)
{
	size_t at = 0;
	char *text = NULL;
	FILE *file = hd_stream_open(&text, ret_length);

	if (!file)
		return NULL;
	hd_edits_sort(edits);
	for (size_t i = 0; i < edits->n; i++) {
		const struct hd_edit *edit = &edits->items[i];

		if (edit->range.start > at)
			fwrite(document + at, 1, edit->range.start - at, file);
		fputs(edit->text, file);
		if (edit->range.end > at)
			at = edit->range.end;
	}
	fwrite(document + at, 1, length - at, file);
	return hd_stream_text(file, &text);
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
	FILE *file = hd_stream_open(&result, &size);

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
	return hd_stream_text(file, &result);
}

void hd_edits_clear(struct hd_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		free(edits->items[i].text);
	free(edits->items);
	*edits = (struct hd_edits){ NULL, 0 };
}
