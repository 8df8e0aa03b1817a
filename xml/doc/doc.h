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
 * and with libxml2's limits on depth and sizes and those of limit.h.
 *
 * A document is whole: memory that runs out while it is read is an error. What
 * isn't in it then isn't there, and to look for it needs no memory, so that
 * nothing that is there can be missed later. The fields of nodes that hold text
 * are for xml/doc alone.
 */

#define HD_AUTO_DOC __attribute__((cleanup(hd_doc_cleanup)))

/*
 * Parses a document. Returns 0; -EINVAL with a sentence that names the line and
 * the cause, as of -E2BIG and -EFBIG, beyond a limit; or -ENOMEM. *@ret is
 * freed with hd_doc_cleanup().
 */
int hd_doc_parse(const char *text, size_t length, xmlDoc **ret,
		 struct hd_err *err);

/* The root element, or NULL. */
xmlNode *hd_doc_root(const xmlDoc *doc);

/* More than a word that libvirt or we look at has, with its NUL. */
#define HD_NODE_TEXT 1024

/* The text in an element and those in it. False when it has @size bytes or
 * more, and @ret the first of them. */
bool hd_node_text(const xmlNode *node, char *ret, size_t size);

/* Whether a node is an element called @name, in no namespace. */
bool hd_node_is(const xmlNode *node, const char *name);

/* Whether it is an element called @name, or any with NULL, in a namespace. */
bool hd_node_is_in(const xmlNode *node, const char *uri, const char *name);

/* The first child element called @name, or NULL. */
xmlNode *hd_node_child(const xmlNode *node, const char *name);

/* The value of an attribute in no namespace, as long as the document lives;
 * NULL: it has none. */
const char *hd_node_attribute(const xmlNode *node, const char *name);

/* Whether an attribute is there and has this value. */
bool hd_node_attribute_is(const xmlNode *node, const char *name,
			  const char *value);

/* The line an element begins on, from 1. */
unsigned hd_node_line(const xmlNode *node);

void hd_doc_cleanup(xmlDoc **doc);

#endif
