// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/doc.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "xml/doc/edit.h"
#include "xml/doc/tags.h"

/* What a document carries along whose ranges are asked for. */
struct extra {
	struct hd_element_range *ranges;
	size_t n_ranges;
};

/*
 * What the parser's callbacks report; the first trouble is the cause. What they
 * were told is counted, and compared with what became of it, see is_whole().
 */
struct report {
	struct extra *extra;
	struct hd_err *err;
	int failed; /* a negative errno */
	size_t elements, namespaces, text;
};

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlError *error_ptr;
#endif

/* The first trouble ends the parsing: what follows may be megabytes of it. */
static void end_parsing(xmlParserCtxt *parser, int r)
{
	struct report *report = parser->_private;

	report->failed = r;
	xmlStopParser(parser);
}

static void on_error(void *data, error_ptr error)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;
	const char *message = error->message ? error->message : "not XML";
	size_t n = strcspn(message, "\n");

	if (report->failed || error->level < XML_ERR_ERROR)
		return;
	end_parsing(parser,
		    error->code == XML_ERR_NO_MEMORY ?
			    hd_err_nomem(report->err) :
			    hd_err_set(report->err, EINVAL,
				       "line %d of the XML: %.*s", error->line,
				       n > HD_LIMIT_QUOTED ? HD_LIMIT_QUOTED :
							     (int)n,
				       message));
}

/* A DTD could define entities and name files; domain XML never has one. */
static void on_doctype(void *data, const xmlChar *name,
		       const xmlChar *external_id, const xmlChar *system_id)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;

	(void)name, (void)external_id, (void)system_id;
	if (!report->failed)
		end_parsing(
			parser,
			hd_err_set(
				report->err, EINVAL,
				"line %d of the XML: a document type declaration is not allowed in a domain",
				xmlSAX2GetLineNumber(parser)));
}

/* Where the parser is in the text, which is UTF-8: xmlByteConsumed() says the
 * same at the same cost, but libxml2 2.14 has deprecated it. */
static size_t offset_of(const xmlParserCtxt *parser)
{
	const xmlParserInput *input = parser->input;

	return input->consumed + (size_t)(input->cur - input->base);
}

static bool is_in(const xmlNs *ns, const xmlChar *uri)
{
	return uri ? ns && ns->href && xmlStrEqual(ns->href, uri) : !ns;
}

/* Whether an attribute is in the tree as the parser read it: @read is what
 * startElementNsSAX2Func has of it. */
static bool is_kept(const xmlAttr *kept, const xmlChar *const read[5])
{
	const xmlNode *text = kept ? kept->children : NULL;
	size_t n = (size_t)(read[4] - read[3]);

	return kept && xmlStrEqual(kept->name, read[0]) &&
	       is_in(kept->ns, read[2]) && text && !text->next &&
	       text->content &&
	       strncmp((const char *)text->content, (const char *)read[3], n) ==
		       0 &&
	       !text->content[n];
}

/*
 * Whether an element came into the tree with all that it has. libxml2 doesn't
 * say everywhere that memory ran out; an attribute or its value is only left
 * away then, and the element means something else.
 */
static bool element_is_kept(const xmlNode *node, const xmlNode *parent,
			    const xmlChar *uri, int n_attributes,
			    const xmlChar **attributes)
{
	const xmlAttr *kept = node ? node->properties : NULL;

	if (!node || node == parent || !node->name || !is_in(node->ns, uri) ||
	    (parent && node->parent != parent))
		return false;
	for (int i = 0; i < n_attributes; i++) {
		if (!is_kept(kept, attributes + (size_t)i * 5))
			return false;
		kept = kept->next;
	}
	return !kept;
}

static int check_namespaces(const struct report *report, int line)
{
	if (report->namespaces <= HD_LIMIT_NAMESPACES)
		return 0;
	return hd_err_set(
		report->err, E2BIG,
		"line %d of the XML: it has more than %d declarations of namespaces",
		line, HD_LIMIT_NAMESPACES);
}

/*
 * The parser has read the start tag up to, but not including, its ">" or "/>".
 * No attribute has a "<" in it, so the last one before is the tag's: its place
 * is found when the text is at hand, see finish_ranges().
 */
static void add_range(xmlParserCtxt *parser, struct extra *extra)
{
	const struct report *report = parser->_private;
	struct hd_element_range *range =
		hd_array_add(&extra->ranges, &extra->n_ranges, sizeof(*range));

	if (!range) {
		end_parsing(parser, hd_err_nomem(report->err));
		return;
	}
	range->content.start = offset_of(parser);
	parser->node->_private = (void *)(uintptr_t)extra->n_ranges;
}

static void on_start(void *data, const xmlChar *name, const xmlChar *prefix,
		     const xmlChar *uri, int n_namespaces,
		     const xmlChar **namespaces, int n_attributes,
		     int n_defaulted, const xmlChar **attributes)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;
	const xmlNode *parent = parser->node;
	int r;

	xmlSAX2StartElementNs(data, name, prefix, uri, n_namespaces, namespaces,
			      n_attributes, n_defaulted, attributes);
	if (report->failed)
		return;
	report->elements++;
	report->namespaces += (size_t)n_namespaces;
	r = check_namespaces(report, xmlSAX2GetLineNumber(parser));
	if (r == 0 && !element_is_kept(parser->node, parent, uri, n_attributes,
				       attributes))
		r = hd_err_nomem(report->err);
	if (r < 0)
		end_parsing(parser, r);
	else if (report->extra)
		add_range(parser, report->extra);
}

static void on_text(void *data, const xmlChar *text, int length)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;

	xmlSAX2Characters(data, text, length);
	report->text += (size_t)length;
}

/* The parser has read the end tag, or the "/>" of a single one. */
static void on_end(void *data, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;
	uintptr_t number = parser->node ? (uintptr_t)parser->node->_private : 0;

	if (number && report->extra)
		report->extra->ranges[number - 1].whole.end = offset_of(parser);
	xmlSAX2EndElementNs(data, name, prefix, uri);
}

/* Where the last '<' before @end is, @end if there is none. Not with memrchr():
 * the sanitizers look at all that it might read, from the start of the text,
 * for each of a million elements. */
static size_t last_open(const char *text, size_t end)
{
	for (size_t i = end; i > 0; i--) {
		if (text[i - 1] == '<')
			return i - 1;
	}
	return end;
}

/* Finds the ends of the tags. False when the parser counted in other bytes. */
static bool finish_ranges(struct extra *extra, const char *text, size_t length)
{
	for (size_t i = 0; i < extra->n_ranges; i++) {
		struct hd_element_range *range = &extra->ranges[i];
		size_t tag = range->content.start, end = range->whole.end;
		size_t open = tag < length ? last_open(text, tag) : tag;

		if (open == tag || end <= tag || end > length ||
		    text[end - 1] != '>' ||
		    (text[tag] != '>' && text[tag] != '/'))
			return false;
		range->whole.start = open;
		range->single = text[tag] == '/';
		range->content.start = range->content.end = end;
		if (range->single)
			continue;
		range->content.start = tag + 1;
		range->content.end = last_open(text, end);
	}
	return true;
}

/* What libxml2 can't lay at a parser's door, such as trouble with an encoding,
 * it prints to stderr, where the sentence of ours is to be the first. */
static void ignore_message(void *data, const char *format, ...)
{
	(void)data, (void)format;
}

/* The next node below @top in the order of the document; it needs no stack. */
static const xmlNode *next_within(const xmlNode *node, const void *top)
{
	if (node->type == XML_ELEMENT_NODE && node->children)
		return node->children;
	while (!node->next) {
		node = node->parent;
		if (node == top)
			return NULL;
	}
	return node->next;
}

/* Whether the tree has all elements and all text that the parser has read; of
 * attributes see element_is_kept(). */
static bool is_whole(const xmlDoc *doc, const struct report *report)
{
	size_t elements = 0, text = 0;

	for (const xmlNode *node = doc->children; node;
	     node = next_within(node, doc)) {
		elements += node->type == XML_ELEMENT_NODE;
		if (node->type == XML_TEXT_NODE && !node->content)
			return false;
		if (node->type == XML_TEXT_NODE)
			text += strlen((const char *)node->content);
	}
	return elements == report->elements && text == report->text;
}

static xmlDoc *read_memory(const char *text, size_t length,
			   struct report *report)
{
	xmlParserCtxt *parser;
	xmlDoc *doc;

	xmlSetGenericErrorFunc(NULL, ignore_message);
	parser = xmlNewParserCtxt();
	if (!parser) {
		report->failed = hd_err_nomem(report->err);
		return NULL;
	}
	parser->_private = report;
	parser->sax->serror = on_error;
	parser->sax->internalSubset = on_doctype;
	parser->sax->startElementNs = on_start;
	parser->sax->endElementNs = on_end;
	parser->sax->characters = on_text;
	parser->sax->ignorableWhitespace = on_text;
	/* No entities can be defined; NOENT makes one text of an attribute that
	 * has "&amp;" in it. */
	doc = xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_BIG_LINES |
					XML_PARSE_NOCDATA | XML_PARSE_NOENT);
	if (!report->failed && (parser->errNo == XML_ERR_NO_MEMORY || !doc ||
				(parser->wellFormed && !is_whole(doc, report))))
		report->failed = hd_err_nomem(report->err);
	if (!report->failed && !parser->wellFormed)
		report->failed =
			hd_err_set(report->err, EINVAL, "this is not XML");
	xmlFreeParserCtxt(parser);
	if (!report->failed)
		return doc;
	xmlFreeDoc(doc);
	return NULL;
}

static void free_extra(struct extra **extra)
{
	if (!*extra)
		return;
	free((*extra)->ranges);
	free(*extra);
}

static int check_text(const char *text, size_t length, struct hd_err *err)
{
	if (length == 0)
		return hd_err_set(err, EINVAL, "the XML is empty");
	if (length > HD_DOC_LIMIT)
		return hd_err_set(err, EFBIG, "the XML has more than %d MiB",
				  HD_DOC_LIMIT / 1024 / 1024);
	return hd_tags_check(text, length, err);
}

static int parse(const char *text, size_t length, bool with_ranges,
		 xmlDoc **ret, struct hd_err *err)
{
	HD_AUTO(free_extra)
	struct extra *extra = with_ranges ? calloc(1, sizeof(*extra)) : NULL;
	struct report report = { .extra = extra, .err = err };
	xmlDoc *doc;
	int r = check_text(text, length, err);

	if (r < 0)
		return r;
	if (with_ranges && !extra)
		return hd_err_nomem(err);
	doc = read_memory(text, length, &report);
	if (!doc)
		return report.failed;
	doc->_private = hd_steal(&extra);
	*ret = doc;
	return 0;
}

int hd_doc_parse(const char *text, size_t length, xmlDoc **ret,
		 struct hd_err *err)
{
	return parse(text, length, false, ret, err);
}

int hd_doc_parse_ranges(const char *text, size_t length, xmlDoc **ret,
			struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	int r = parse(text, length, true, &doc, err);

	if (r < 0)
		return r;
	if (!finish_ranges(doc->_private, text, length))
		return hd_err_set(
			err, EINVAL,
			"it can't be told where the elements of the XML stand, so it can't be rewritten");
	*ret = hd_steal(&doc);
	return 0;
}

struct hd_element_range hd_element_range(const xmlNode *element)
{
	const struct extra *extra = element->doc->_private;
	uintptr_t number = (uintptr_t)element->_private;

	return extra->ranges[number - 1];
}

xmlNode *hd_doc_root(const xmlDoc *doc)
{
	return xmlDocGetRootElement((xmlDoc *)doc);
}

bool hd_node_is_in(const xmlNode *node, const char *uri, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       strcmp((const char *)node->ns->href, uri) == 0 &&
	       (!name || strcmp((const char *)node->name, name) == 0);
}

bool hd_node_is(const xmlNode *node, const char *name)
{
	return node && node->type == XML_ELEMENT_NODE && !node->ns &&
	       strcmp((const char *)node->name, name) == 0;
}

xmlNode *hd_node_child(const xmlNode *node, const char *name)
{
	for (xmlNode *child = node->children; child; child = child->next)
		if (hd_node_is(child, name))
			return child;
	return NULL;
}

const char *hd_node_attribute(const xmlNode *node, const char *name)
{
	for (const xmlAttr *each = node->properties; each; each = each->next)
		if (!each->ns && strcmp((const char *)each->name, name) == 0)
			return (const char *)each->children->content;
	return NULL;
}

bool hd_node_attribute_is(const xmlNode *node, const char *name,
			  const char *value)
{
	const char *text = hd_node_attribute(node, name);

	return text && strcmp(text, value) == 0;
}

bool hd_node_text(const xmlNode *node, char *ret, size_t size)
{
	const xmlNode *each = node->children;
	size_t length = 0;

	for (; each; each = next_within(each, node)) {
		const char *text = (const char *)each->content;

		if (each->type != XML_TEXT_NODE)
			continue;
		for (; *text && length + 1 < size; text++)
			ret[length++] = *text;
		if (*text)
			break;
	}
	ret[length] = '\0';
	return !each;
}

unsigned hd_node_line(const xmlNode *node)
{
	long line = xmlGetLineNo(node);

	return line < 0 || line > INT_MAX ? 0 : (unsigned)line;
}

void hd_doc_cleanup(xmlDoc **doc)
{
	struct extra *extra = *doc ? (*doc)->_private : NULL;

	xmlFreeDoc(*doc);
	free_extra(&extra);
}
