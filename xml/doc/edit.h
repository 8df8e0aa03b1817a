/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_EDIT_H
#define HD_XML_DOC_EDIT_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/*
 * Changing a document without touching the rest of it: every change is a piece
 * of the text that is replaced by another, and what lies between stays byte for
 * byte, with its comments, quotes and indentation.
 */

/* A piece of the text: from @start up to, but not including, @end. */
struct hd_range {
	size_t start, end;
};

/* Where an element stands in the text that hd_doc_parse_ranges() parsed. */
struct hd_element_range {
	struct hd_range whole; /* from "<" of its start to ">" of its end */
	struct hd_range
		content; /* between its tags; empty when it is one tag */
	bool single; /* "<name/>" */
};

struct hd_edit {
	struct hd_range range;
	char *text; /* owned */
	size_t planned; /* as which of the edits */
};

struct hd_edits {
	struct hd_edit *items;
	size_t n;
};

#define HD_AUTO_EDITS __attribute__((cleanup(hd_edits_clear)))

/*
 * Parses a document like hd_doc_parse(), and notes where its elements stand.
 * One in another encoding than UTF-8 is refused.
 */
int hd_doc_parse_ranges(const char *text, size_t length, xmlDoc **ret,
			struct hd_err *err);

/* Where an element of such a document stands. */
struct hd_element_range hd_element_range(const xmlNode *element);

/*
 * Plans to put @text, which is taken over on failure too, in the place of
 * @range; an empty range inserts. Returns 0 or -ENOMEM.
 */
int hd_edit_replace(struct hd_edits *edits, struct hd_range range, char *text,
		    struct hd_err *err);

/*
 * Plans to give an attribute, in no namespace, a value: between the quotes that
 * it has, or as a new one at the end of the start tag. @document is what was
 * parsed.
 */
int hd_edit_attribute(struct hd_edits *edits, const char *document,
		      const xmlNode *element, const char *name,
		      const char *value, struct hd_err *err);

/* An attribute, in no namespace, and which one it precedes where it is new;
 * NULL: none. */
struct hd_attribute {
	const char *name, *value, *before;
};

/* The same, with a place for a new one. */
int hd_edit_attribute_before(struct hd_edits *edits, const char *document,
			     const xmlNode *element,
			     const struct hd_attribute *attribute,
			     struct hd_err *err);

/* Plans to remove an attribute, with the blanks before it, if it is there. */
int hd_edit_remove_attribute(struct hd_edits *edits, const char *document,
			     const xmlNode *element, const char *name,
			     struct hd_err *err);

/*
 * Plans to remove an element with the line it stands on, when nothing else
 * stands there: what was put beside another one is removed without a trace.
 */
int hd_edit_remove(struct hd_edits *edits, const char *document,
		   const xmlNode *element, struct hd_err *err);

/*
 * Plans to add an element after another one, on a line of its own if that one
 * has one, and after the comments on that; @xml is as for hd_edit_append().
 */
int hd_edit_insert_after(struct hd_edits *edits, const char *document,
			 const xmlNode *element, const char *xml,
			 struct hd_err *err);

/* Plans to add a child before those that an element has. */
int hd_edit_insert_first(struct hd_edits *edits, const char *document,
			 const xmlNode *parent, const char *xml,
			 struct hd_err *err);

/*
 * Plans to add a child at the end of an element: @xml is one element or several
 * of any number of lines, two blanks a level, without indentation of its own
 * and without a final newline. It gets the indentation of its siblings, tabs
 * where they have tabs, and their line ends; all on one line when they have
 * none of their own. Only once for an element without children.
 */
int hd_edit_append(struct hd_edits *edits, const char *document,
		   const xmlNode *parent, const char *xml, struct hd_err *err);

/* The start tag of an element up to, but not including, its ">" or "/>" and the
 * blanks before that. */
struct hd_range hd_start_tag(const char *document, const xmlNode *element);

/* Orders edits as they are made; of several at one place the one that was
 * planned first comes first. */
void hd_edits_sort(struct hd_edits *edits);

/*
 * Makes the edits: the new text, its length in *@ret_length, for free(); NULL
 * when memory runs out. Edits must not overlap, but where both only remove.
 */
char *hd_edits_apply(struct hd_edits *edits, const char *document,
		     size_t length, size_t *ret_length);

/* @text with what XML needs escaped, for an attribute or an element's text. */
char *hd_xml_escape(const char *text);

void hd_edits_clear(struct hd_edits *edits);

#endif
