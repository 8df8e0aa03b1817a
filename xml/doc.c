// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/dl.h"

/* The ABI that the headers are of. */
#if LIBXML_VERSION >= 21400
#define SONAME "libxml2.so.16"
#else
#define SONAME "libxml2.so.2"
#endif

/* What is used of libxml2, see dl.h. Each document carries its table along. */
#define FUNCTIONS(F)                                                           \
	F(xmlCtxtReadMemory)                                                   \
	F(xmlDocGetRootElement)                                                \
	F(xmlFree)                                                             \
	F(xmlFreeDoc)                                                          \
	F(xmlFreeParserCtxt)                                                   \
	F(xmlGetLineNo)                                                        \
	F(xmlGetNoNsProp)                                                      \
	F(xmlNewParserCtxt)                                                    \
	F(xmlNodeGetContent)                                                   \
	F(xmlSAX2GetLineNumber)                                                \
	F(xmlStopParser)

struct xml_api {
	FUNCTIONS(HD_DL_MEMBER)
};

#define HD_DL_TABLE struct xml_api

static const struct hd_dl_symbol symbols[] = { FUNCTIONS(HD_DL_SYMBOL) };

/* What the parser's callbacks report; the first trouble is the cause. */
struct report {
	const struct xml_api *api;
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
			report->api->xmlSAX2GetLineNumber(parser));
	report->failed = true;
	report->api->xmlStopParser(parser);
}

static xmlDoc *read_memory(const struct xml_api *api, const char *text,
			   size_t length, struct report *report)
{
	xmlParserCtxt *parser = api->xmlNewParserCtxt();
	xmlDoc *doc;

	if (!parser) {
		hd_err_nomem(report->err);
		report->failed = true;
		return NULL;
	}
	parser->_private = report;
	parser->sax->serror = on_error;
	parser->sax->internalSubset = on_doctype;
	doc = api->xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL,
				     XML_PARSE_NONET | XML_PARSE_BIG_LINES |
					     XML_PARSE_NOCDATA);
	if (report->failed || !doc || !parser->wellFormed) {
		api->xmlFreeDoc(doc);
		doc = NULL;
	}
	api->xmlFreeParserCtxt(parser);
	return doc;
}

int hd_doc_parse(const char *text, size_t length, xmlDoc **ret,
		 struct hd_err *err)
{
	HD_AUTOFREE struct xml_api *api = calloc(1, sizeof(*api));
	struct report report = { .api = api, .err = err };
	xmlDoc *doc;

	if (length == 0)
		return hd_err_set(err, EINVAL, "the XML is empty");
	if (length > HD_DOC_LIMIT)
		return hd_err_set(err, EFBIG, "the XML has more than %d MiB",
				  HD_DOC_LIMIT / 1024 / 1024);
	if (!api)
		return hd_err_nomem(err);
	if (hd_dl_load(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]),
		       api) < 0)
		return hd_err_set(err, ELIBACC,
				  "the XML can't be read without " SONAME);
	doc = read_memory(api, text, length, &report);
	if (!doc)
		return report.failed ?
			       -EINVAL :
			       hd_err_set(err, EINVAL, "this is not XML");
	doc->_private = hd_steal(&api);
	*ret = doc;
	return 0;
}

static const struct xml_api *api_of(const xmlNode *node)
{
	return node->doc->_private;
}

/* What libxml2 allocated, as memory of our own. */
static char *own(const struct xml_api *api, xmlChar *text)
{
	char *copy = text ? strdup((char *)text) : NULL;

	(*api->xmlFree)(text);
	return copy;
}

xmlNode *hd_doc_root(const xmlDoc *doc)
{
	const struct xml_api *api = doc->_private;

	return api->xmlDocGetRootElement((xmlDoc *)doc);
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
	const struct xml_api *api = api_of(node);

	return own(api,
		   api->xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name));
}

char *hd_node_text(const xmlNode *node)
{
	return own(api_of(node), api_of(node)->xmlNodeGetContent(node));
}

bool hd_node_attribute_is(const xmlNode *node, const char *name,
			  const char *value)
{
	HD_AUTOFREE char *text = hd_node_attribute(node, name);

	return text && strcmp(text, value) == 0;
}

unsigned hd_node_line(const xmlNode *node)
{
	long line = api_of(node)->xmlGetLineNo(node);

	return line < 0 || line > INT_MAX ? 0 : (unsigned)line;
}

void hd_doc_cleanup(xmlDoc **doc)
{
	struct xml_api *api = *doc ? (*doc)->_private : NULL;

	if (!api)
		return;
	api->xmlFreeDoc(*doc);
	free(api);
}
