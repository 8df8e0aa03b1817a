// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/schema.h"

#include <errno.h>
#include <libxml/relaxng.h>
#include <libxml/xmlerror.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlError *error_ptr;
#endif

struct hd_schema {
	xmlRelaxNG *grammar;
};

/* What libxml2 reported. */
struct report {
	struct hd_err what; /* the first trouble, which is the nearest one */
	int line; /* the first that is known */
	bool no_memory; /* whatever it came to */
};

static void end_report(struct report *report)
{
	hd_err_clear(&report->what);
}

static void on_error(void *data, error_ptr error)
{
	struct report *report = data;
	const char *message = error->message ? error->message : "not valid";

	report->no_memory |= error->code == XML_ERR_NO_MEMORY;
	if (!report->what.code)
		hd_err_set(&report->what, EINVAL, "%.*s",
			   (int)strcspn(message, "\n"), message);
	if (report->line <= 0)
		report->line = error->line;
}

static xmlRelaxNG *read_grammar(const char *path)
{
	HD_AUTO(end_report) struct report ignored = { HD_ERR_INIT, 0, false };
	xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
	xmlRelaxNG *grammar;

	if (!parser)
		return NULL;
	xmlRelaxNGSetParserStructuredErrors(parser, on_error, &ignored);
	grammar = xmlRelaxNGParse(parser);
	xmlRelaxNGFreeParserCtxt(parser);
	return grammar;
}

int hd_schema_read(const char *path, struct hd_schema **ret, struct hd_err *err)
{
	HD_AUTO_SCHEMA struct hd_schema *schema = calloc(1, sizeof(*schema));

	if (!schema)
		return hd_err_nomem(err);
	if (access(path, R_OK) < 0)
		return hd_err_set(err, errno, "there is no schema %s: %m",
				  path);
	schema->grammar = read_grammar(path);
	if (!schema->grammar)
		return hd_err_set(err, EBADMSG,
				  "%s is no schema that can be read", path);
	*ret = hd_steal(&schema);
	return 0;
}

int hd_schema_validate(struct hd_schema *schema, const char *text,
		       size_t length, struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	HD_AUTO(end_report) struct report why = { HD_ERR_INIT, 0, false };
	xmlRelaxNGValidCtxt *context;
	int r = hd_doc_parse(text, length, &doc, err);

	if (r < 0)
		return r;
	context = xmlRelaxNGNewValidCtxt(schema->grammar);
	if (!context)
		return hd_err_nomem(err);
	xmlRelaxNGSetValidStructuredErrors(context, on_error, &why);
	r = xmlRelaxNGValidateDoc(context, doc);
	xmlRelaxNGFreeValidCtxt(context);
	if (why.no_memory)
		return hd_err_nomem(err);
	if (r == 0)
		return 0;
	if (r < 0)
		return hd_err_set(err, EIO, "libxml2 can't validate the XML");
	return hd_err_set(err, EINVAL, "line %d of the XML: %s", why.line,
			  why.what.code ? hd_err_message(&why.what) :
					  "not valid");
}

void hd_schema_free(struct hd_schema **schema)
{
	if (!*schema)
		return;
	xmlRelaxNGFree((*schema)->grammar);
	free(*schema);
}
