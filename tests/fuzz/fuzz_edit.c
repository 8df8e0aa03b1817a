// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/edit.h"

/* Sets an attribute of every element. */
static void edit(struct hd_edits *edits, const char *text, const xmlNode *node)
{
	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (hd_edit_attribute(edits, text, node, "fuzz", "<1>", NULL) <
		    0)
			__builtin_trap();
		edit(edits, text, node->children);
	}
}

static void assert_set(const xmlNode *node)
{
	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (!hd_node_attribute_is(node, "fuzz", "<1>"))
			__builtin_trap();
		assert_set(node->children);
	}
}

/* What is edited reads as it should, and twice changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	HD_AUTO_DOC xmlDoc *again = NULL;
	HD_AUTO_EDITS struct hd_edits edits = { NULL, 0 };
	HD_AUTO_EDITS struct hd_edits twice = { NULL, 0 };
	HD_AUTOFREE char *text = strndup((const char *)data, size);
	HD_AUTOFREE char *after = NULL;
	HD_AUTOFREE char *final = NULL;
	size_t n, n_final;

	/* libxml2 stops at a NUL anyway. */
	if (!text || hd_doc_parse_ranges(text, strlen(text), &doc, NULL) < 0)
		return 0;
	edit(&edits, text, hd_doc_root(doc));
	if (edits.n > 500)
		return 0;
	after = hd_edits_apply(&edits, text, strlen(text), &n);
	if (!after || hd_doc_parse_ranges(after, n, &again, NULL) < 0)
		__builtin_trap();
	assert_set(hd_doc_root(again));
	edit(&twice, after, hd_doc_root(again));
	final = hd_edits_apply(&twice, after, n, &n_final);
	if (!final || n_final != n || memcmp(final, after, n) != 0)
		__builtin_trap();
	return 0;
}
