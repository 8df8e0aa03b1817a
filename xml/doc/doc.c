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

/* What a document carries along whose ranges are asked for. */
struct extra {
	struct hd_element_range *ranges;
	size_t n_ranges;
};

/* What the parser's callbacks report; the first trouble is the cause. */
struct report {
	struct extra *extra;
	struct hd_err *err;
	bool failed;
};

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlError *error_ptr;
#endif

static void on_error(void *data, error_ptr error)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;
	const char *message = error->message ? error->message : "not XML";

	if (report->failed || error->level < XML_ERR_ERROR)
		return;
	report->failed = true;
	hd_err_set(report->err, EINVAL, "line %d of the XML: %.*s", error->line,
		   (int)strcspn(message, "\n"), message);
}

/* A DTD could define entities and name files; domain XML never has one. */
static void on_doctype(void *data, const xmlChar *name,
		       const xmlChar *external_id, const xmlChar *system_id)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;

	(void)name, (void)external_id, (void)system_id;
	if (!report->failed)
		hd_err_set(
			report->err, EINVAL,
			"line %d of the XML: a document type declaration is not allowed in a domain",
			xmlSAX2GetLineNumber(parser));
	report->failed = true;
	xmlStopParser(parser);
}

/*
 * Where the parser is in the text, if that is UTF-8. xmlByteConsumed() says the
 * same at the same cost (0.23 s for 500,000 elements, with either), but of
 * other encodings it converts what is left in the buffer anew each time (16,000
 * elements of Latin-1: 0.17 s, not 0.007), only for us to refuse the text; and
 * libxml2 2.14 has deprecated it.
 */
static size_t offset_of(const xmlParserCtxt *parser)
{
	const xmlParserInput *input = parser->input;

	return input->consumed + (size_t)(input->cur - input->base);
}

/*
 * The parser has read the start tag up to, but not including, its ">" or "/>".
 * No attribute has a "<" in it, so the last one before is the tag's: its place
 * is found when the text is at hand, see finish_ranges().
 */
static void on_start(void *data, const xmlChar *name, const xmlChar *prefix,
		     const xmlChar *uri, int n_namespaces,
		     const xmlChar **namespaces, int n_attributes,
		     int n_defaulted, const xmlChar **attributes)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;
	struct extra *extra = report->extra;
	struct hd_element_range *range;

	xmlSAX2StartElementNs(data, name, prefix, uri, n_namespaces, namespaces,
			      n_attributes, n_defaulted, attributes);
	range = hd_array_add(&extra->ranges, &extra->n_ranges, sizeof(*range));
	if (!range || !parser->node) {
		if (!report->failed)
			hd_err_nomem(report->err);
		report->failed = true;
		xmlStopParser(parser);
		return;
	}
	range->content.start = offset_of(parser);
	parser->node->_private = (void *)(uintptr_t)extra->n_ranges;
}

/* The parser has read the end tag, or the "/>" of a single one. */
static void on_end(void *data, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri)
{
	xmlParserCtxt *parser = data;
	struct report *report = parser->_private;
	uintptr_t number = parser->node ? (uintptr_t)parser->node->_private : 0;

	if (number)
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

static xmlDoc *read_memory(const char *text, size_t length,
			   struct report *report)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!parser) {
		hd_err_nomem(report->err);
		report->failed = true;
		return NULL;
	}
	xmlSetGenericErrorFunc(NULL, ignore_message);
	parser->_private = report;
	parser->sax->serror = on_error;
	parser->sax->internalSubset = on_doctype;
	if (report->extra) {
		parser->sax->startElementNs = on_start;
		parser->sax->endElementNs = on_end;
	}
	doc = xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_BIG_LINES |
					XML_PARSE_NOCDATA);
	if (report->failed || !doc || !parser->wellFormed) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	xmlFreeParserCtxt(parser);
	return doc;
}

static void free_extra(struct extra **extra)
{
	if (!*extra)
		return;
	free((*extra)->ranges);
	free(*extra);
}

static int parse(const char *text, size_t length, bool with_ranges,
		 xmlDoc **ret, struct hd_err *err)
{
	HD_AUTO(free_extra)
	struct extra *extra = with_ranges ? calloc(1, sizeof(*extra)) : NULL;
	struct report report = { extra, err, false };
	xmlDoc *doc;

	if (length == 0)
		return hd_err_set(err, EINVAL, "the XML is empty");
	if (length > HD_DOC_LIMIT)
		return hd_err_set(err, EFBIG, "the XML has more than %d MiB",
				  HD_DOC_LIMIT / 1024 / 1024);
	if (with_ranges && !extra)
		return hd_err_nomem(err);
	doc = read_memory(text, length, &report);
	if (!doc)
		return report.failed ?
			       -EINVAL :
			       hd_err_set(err, EINVAL, "this is not XML");
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
	if ((doc->encoding &&
	     strcasecmp((const char *)doc->encoding, "UTF-8") != 0) ||
	    /* The parser ends at a NUL, and says nothing of what follows. */
	    memchr(text, '\0', length) ||
	    !finish_ranges(doc->_private, text, length))
		return hd_err_set(
			err, EINVAL,
			"the XML has a NUL or another encoding than UTF-8, so it can't be rewritten");
	*ret = hd_steal(&doc);
	return 0;
}

struct hd_element_range hd_element_range(const xmlNode *element)
{
	const struct extra *extra = element->doc->_private;
	uintptr_t number = (uintptr_t)element->_private;

	return extra->ranges[number - 1];
}

/* What libxml2 allocated, as memory of our own. */
static char *own(xmlChar *text)
{
	char *copy = text ? strdup((char *)text) : NULL;

	xmlFree(text);
	return copy;
}

xmlNode *hd_doc_root(const xmlDoc *doc)
{
	return xmlDocGetRootElement((xmlDoc *)doc);
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

char *hd_node_attribute(const xmlNode *node, const char *name)
{
	return own(xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name));
}

char *hd_node_text(const xmlNode *node)
{
	return own(xmlNodeGetContent(node));
}

bool hd_node_attribute_is(const xmlNode *node, const char *name,
			  const char *value)
{
	HD_AUTOFREE char *text = hd_node_attribute(node, name);

	return text && strcmp(text, value) == 0;
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
