// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "xml/doc/doc.h"
#include "xml/doc/edit.h"

/* A path of names below the root, "a/b". */
static const xmlNode *find(const xmlDoc *doc, const char *path)
{
	const xmlNode *node = hd_doc_root(doc);

	while (*path) {
		char name[32];
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		node = hd_node_child(node, name);
		assert_non_null(node);
		path += n + (path[n] == '/');
	}
	return node;
}

enum operation { SET, UNSET, REMOVE, APPEND, FIRST };

static const struct {
	enum operation operation;
	const char *before, *path, *name, *value, *after;
} rows[] = {
	{ SET, "<a><b x='1' y=\"2\"/></a>", "b", "y", "3",
	  "<a><b x='1' y=\"3\"/></a>" },
	{ SET, "<a><b  x = '1'\n y='2'></b></a>", "b", "x", "<'&\">",
	  "<a><b  x = '&lt;&apos;&amp;&quot;&gt;'\n y='2'></b></a>" },
	{ SET, "<a><b/></a>", "b", "x", "1", "<a><b x='1'/></a>" },
	{ SET, "<a><b /></a>", "b", "x", "1", "<a><b x='1' /></a>" },
	{ SET, "<a>\n<b y='>'\n>t</b></a>", "b", "x", "1",
	  "<a>\n<b y='>' x='1'\n>t</b></a>" },
	{ SET, "<a><!-- <b x='0'/> --><b xx='1' x='2'/></a>", "b", "x", "3",
	  "<a><!-- <b x='0'/> --><b xx='1' x='3'/></a>" },
	{ SET, "<a>\xc3\xa4<![CDATA[<b x=\"0\"/>]]><b x='\xc3\xb6'/></a>", "b",
	  "x", "1", "<a>\xc3\xa4<![CDATA[<b x=\"0\"/>]]><b x='1'/></a>" },
	{ SET, "<a t='x=\"1\"'/>", "", "x", "2", "<a t='x=\"1\"' x='2'/>" },
	{ UNSET, "<a><b  x = '1'\n y='2'/></a>", "b", "x", NULL,
	  "<a><b\n y='2'/></a>" },
	{ UNSET, "<a><b x='1' /></a>", "b", "x", NULL, "<a><b /></a>" },
	{ UNSET, "<a><b xx='1'/></a>", "b", "x", NULL, "<a><b xx='1'/></a>" },
	{ REMOVE, "<a>\n  <b/>\n  <c/>\n</a>", "b", NULL, NULL,
	  "<a>\n  <c/>\n</a>" },
	{ REMOVE, "<a>\n  <b>\n <d/></b>  \r\n</a>", "b", NULL, NULL,
	  "<a>\n</a>" },
	{ REMOVE, "<a><b/> <c/></a>", "b", NULL, NULL, "<a> <c/></a>" },
	{ REMOVE, "<a>\n<b/><!-- c -->\n</a>", "b", NULL, NULL,
	  "<a>\n<!-- c -->\n</a>" },
	{ APPEND, "<a>\n\t<b/>\n</a>", "", NULL, "<c>\n  <d/>\n</c>",
	  "<a>\n\t<b/>\n\t<c>\n\t\t<d/>\n\t</c>\n</a>" },
	{ APPEND, "<a><b/></a>", "", NULL, "<c/>", "<a><b/><c/></a>" },
	{ APPEND, "<a><b/></a>", "", NULL, "<c>\n  <d/>\n</c>",
	  "<a><b/><c><d/></c></a>" },
	{ APPEND, "<a>\r\n <b/>\r\n</a>", "", NULL, "<c>\n  <d/>\n</c>",
	  "<a>\r\n <b/>\r\n <c>\r\n  <d/>\r\n </c>\r\n</a>" },
	{ APPEND, "<a>\n <b/> <!-- b --> \n <!-- end -->\n</a>", "", NULL,
	  "<c/>", "<a>\n <b/> <!-- b --> \n <c/>\n <!-- end -->\n</a>" },
	{ APPEND, "<a>\n <b/></a>", "", NULL, "<c/>", "<a>\n <b/><c/></a>" },
	{ FIRST, "<a>\n\t<b/>\n</a>", "", NULL, "<c/>",
	  "<a>\n\t<c/>\n\t<b/>\n</a>" },
	{ FIRST, "<a><b/></a>", "", NULL, "<c/>", "<a><c/><b/></a>" },
	{ APPEND, "<a>\n  <b/>\n</a>", "b", NULL, "<c/>",
	  "<a>\n  <b>\n    <c/>\n  </b>\n</a>" },
	{ APPEND, "<a>\n  <b x='1' />\n</a>", "b", NULL, "<c/>",
	  "<a>\n  <b x='1'>\n    <c/>\n  </b>\n</a>" },
	{ APPEND, "<a>\n  <b>\n  </b>\n</a>", "b", NULL, "<c>\n</c>",
	  "<a>\n  <b>\n    <c>\n    </c>\n  </b>\n</a>" },
	{ APPEND, "<a>\n  <b><!-- c --></b>\n</a>", "b", NULL, "<c/>",
	  "<a>\n  <b><!-- c -->\n    <c/>\n  </b>\n</a>" },
};

static int edit(struct hd_edits *edits, size_t i, const xmlNode *node)
{
	const char *text = rows[i].before;

	switch (rows[i].operation) {
	case SET:
		return hd_edit_attribute(edits, text, node, rows[i].name,
					 rows[i].value, NULL);
	case UNSET:
		return hd_edit_remove_attribute(edits, text, node, rows[i].name,
						NULL);
	case FIRST:
		return hd_edit_insert_first(edits, text, node, rows[i].value,
					    NULL);
	case REMOVE:
		return hd_edit_remove(edits, text, node, NULL);
	default:
		return hd_edit_append(edits, text, node, rows[i].value, NULL);
	}
}

static void changes_what_it_should_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_DOC xmlDoc *doc = NULL;
		HD_AUTO_EDITS struct hd_edits edits = { NULL, 0 };
		HD_AUTOFREE char *after = NULL;
		size_t length = strlen(rows[i].before), n;

		assert_int_equal(
			hd_doc_parse_ranges(rows[i].before, length, &doc, NULL),
			0);
		assert_int_equal(edit(&edits, i, find(doc, rows[i].path)), 0);
		after = hd_edits_apply(&edits, rows[i].before, length, &n);
		assert_string_equal(after, rows[i].after);
		assert_int_equal(n, strlen(after));
	}
}

static void several_edits_at_once(void **state)
{
	static const char text[] = "<a><b x='1'/><c/></a>";
	HD_AUTO_DOC xmlDoc *doc = NULL;
	HD_AUTO_EDITS struct hd_edits edits = { NULL, 0 };
	HD_AUTOFREE char *after = NULL;
	size_t n;

	(void)state;
	assert_int_equal(hd_doc_parse_ranges(text, strlen(text), &doc, NULL),
			 0);
	assert_int_equal(
		hd_edit_append(&edits, text, hd_doc_root(doc), "<d/>", NULL),
		0);
	assert_int_equal(
		hd_edit_append(&edits, text, hd_doc_root(doc), "<e/>", NULL),
		0);
	assert_int_equal(hd_edit_remove(&edits, text, find(doc, "c"), NULL), 0);
	assert_int_equal(
		hd_edit_attribute(&edits, text, find(doc, "b"), "x", "2", NULL),
		0);
	assert_int_equal(
		hd_edit_attribute(&edits, text, find(doc, "b"), "y", "3", NULL),
		0);
	after = hd_edits_apply(&edits, text, strlen(text), &n);
	assert_string_equal(after, "<a><b x='2' y='3'/><d/><e/></a>");
}

static void finds_every_element(void **state)
{
	/* More than the parser keeps in memory at once. */
	HD_AUTOFREE char *text = malloc(2 * 1024 * 1024);
	HD_AUTO_DOC xmlDoc *doc = NULL;
	size_t n = 0;

	(void)state;
	n += (size_t)sprintf(text + n, "<a>");
	for (int i = 0; i < 40000; i++)
		n += (size_t)sprintf(
			text + n,
			"<b n='%d'> <!-- <b/> --> \xe2\x86\x92 </b>\n", i);
	n += (size_t)sprintf(text + n, "</a>");
	assert_int_equal(hd_doc_parse_ranges(text, n, &doc, NULL), 0);
	for (const xmlNode *node = hd_doc_root(doc)->children; node;
	     node = node->next) {
		struct hd_element_range range;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		range = hd_element_range(node);
		assert_memory_equal(text + range.whole.start, "<b n='", 6);
		assert_memory_equal(text + range.whole.end - 4, "</b>", 4);
		assert_memory_equal(text + range.content.start, " <!--", 5);
		assert_int_equal(range.content.end, range.whole.end - 4);
	}
}

static void refuses_another_encoding(void **state)
{
	static const char latin[] =
		"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4<b/></a>";
	static const char utf16[] = "\xff\xfe<\0a\0/\0>\0";
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_DOC xmlDoc *doc = NULL;

	(void)state;
	assert_int_equal(hd_doc_parse_ranges(latin, strlen(latin), &doc, &err),
			 -EINVAL);
	assert_non_null(strstr(hd_err_message(&err), "encoding"));
	assert_int_equal(
		hd_doc_parse_ranges(utf16, sizeof(utf16) - 1, &doc, &err),
		-EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_what_it_should_and_nothing_else),
		cmocka_unit_test(several_edits_at_once),
		cmocka_unit_test(finds_every_element),
		cmocka_unit_test(refuses_another_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
