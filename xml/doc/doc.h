/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_DOC_H
#define HD_XML_DOC_DOC_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "xml/doc/limit.h"

/*
 * How XML that others wrote is parsed, everywhere: from memory, by libxml2,
 * with no network, no document type declaration and so no entities of its own,
 * and with libxml2's limits on depth and sizes.
 */

#define HD_AUTO_DOC __attribute__((cleanup(hd_doc_cleanup)))

/*
 * Parses a document. Returns 0, or -EINVAL with a sentence that names the line
 * and the cause. *@ret is freed with hd_doc_cleanup().
 */
int hd_doc_parse(const char *text, size_t length, xmlDoc **ret,
		 struct hd_err *err);

/* The root element, or NULL. */
xmlNode *hd_doc_root(const xmlDoc *doc);

/* The text in an element; owned by the caller, NULL when memory runs out. */
char *hd_node_text(const xmlNode *node);

/* Whether a node is an element called @name, in no namespace. */
bool hd_node_is(const xmlNode *node, const char *name);

/* The first child element called @name, or NULL. */
xmlNode *hd_node_child(const xmlNode *node, const char *name);

/* An attribute's value, or NULL; owned by the caller. */
char *hd_node_attribute(const xmlNode *node, const char *name);

/* Whether an attribute is there and has this value. */
bool hd_node_attribute_is(const xmlNode *node, const char *name,
			  const char *value);

/* The line an element begins on, from 1. */
unsigned hd_node_line(const xmlNode *node);

void hd_doc_cleanup(xmlDoc **doc);

#endif
