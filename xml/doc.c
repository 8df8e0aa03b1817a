// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What the parser's callbacks report; the first trouble is the cause. */
struct report {
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

int hd_doc_parse(const char *text, size_t length, xmlDoc **ret,
		 struct hd_err *err)
{
	struct report report = { .err = err };
	xmlParserCtxt *parser;
	xmlDoc *doc;

	if (length == 0)
		return hd_err_set(err, EINVAL, "the XML is empty");
	if (length > HD_DOC_LIMIT)
		return hd_err_set(err, EFBIG, "the XML has more than %d MiB",
				  HD_DOC_LIMIT / 1024 / 1024);
	parser = xmlNewParserCtxt();
	if (!parser)
		return hd_err_nomem(err);
	parser->_private = &report;
	parser->sax->serror = on_error;
	parser->sax->internalSubset = on_doctype;
	doc = xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_BIG_LINES |
					XML_PARSE_NOCDATA);
	if (report.failed || !doc || !parser->wellFormed) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	xmlFreeParserCtxt(parser);
	if (doc) {
		*ret = doc;
		return 0;
	}
	return report.failed ? -EINVAL :
			       hd_err_set(err, EINVAL, "this is not XML");
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
	return (char *)xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name);
}

bool hd_node_attribute_is(const xmlNode *node, const char *name,
			  const char *value)
{
	HD_AUTO_XMLSTR char *text = hd_node_attribute(node, name);

	return text && strcmp(text, value) == 0;
}

unsigned hd_node_line(const xmlNode *node)
{
	long line = xmlGetLineNo(node);

	return line < 0 || line > INT_MAX ? 0 : (unsigned)line;
}

void hd_doc_cleanup(xmlDoc **doc)
{
	xmlFreeDoc(*doc);
}

void hd_xmlstr_cleanup(char **string)
{
	xmlFree(*string);
}
