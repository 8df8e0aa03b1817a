// SPDX-License-Identifier: GPL-2.0-or-later
/* New elements of ours in the domain's metadata. */
#include <errno.h>
#include <stdio.h>

#include "lib/base/finding.h"
#include "lib/base/stream.h"
#include "xml/doc/doc.h"
#include "xml/domain/metadata.h"
#include "xml/rewrite/rewriting.h"

#define OPEN "<hostdev:hostdev xmlns:hostdev=\"" HD_METADATA_NS "\">"
#define CLOSE "</hostdev:hostdev>"

const char *hd_prefix_of(const xmlNode *node)
{
	return node->ns->prefix ? (const char *)node->ns->prefix : "";
}

const char *hd_rewriting_prefix(const struct hd_rewriting *rw)
{
	const xmlNode *ours = hd_rewriting_ours(rw);

	return ours ? hd_prefix_of(ours) : "hostdev";
}

/* The last of what stands before <metadata> in libvirt's order. */
static const xmlNode *find_before_metadata(const xmlNode *domain)
{
	static const char *const names[] = { "description", "title", "genid",
					     "uuid", "name" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const xmlNode *node = hd_node_child(domain, names[i]);

		if (node)
			return node;
	}
	return NULL;
}

/* Our element with @lines in it, @levels further in, which begins there. */
static char *wrap(const char *lines, const char *indent)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fprintf(file, OPEN "\n%s  ", indent);
	for (; *lines; lines++) {
		fputc(*lines, file);
		if (*lines == '\n')
			fprintf(file, "%s  ", indent);
	}
	fprintf(file, "\n%s" CLOSE, indent);
	return hd_stream_text(file, &text);
}

static int add_first(struct hd_rewriting *rw, const char *lines)
{
	const xmlNode *domain = hd_doc_root(rw->doc);
	const xmlNode *metadata = hd_node_child(domain, "metadata");
	const xmlNode *before = find_before_metadata(domain);
	HD_AUTOFREE char *ours = wrap(lines, metadata ? "" : "  ");
	HD_AUTOFREE char *whole = NULL;

	if (!before)
		return hd_err_set(rw->err, EINVAL, "the domain has no <name>");
	if (!ours)
		return hd_err_nomem(rw->err);
	if (metadata)
		return hd_edit_append(&rw->edits, rw->text, metadata, ours,
				      rw->err);
	whole = hd_text("<metadata>\n  %s\n</metadata>", ours);
	return whole ? hd_edit_insert_after(&rw->edits, rw->text, before, whole,
					    rw->err) :
		       hd_err_nomem(rw->err);
}

int hd_rewriting_add_ours(struct hd_rewriting *rw, const char *lines)
{
	const xmlNode *ours = hd_rewriting_ours(rw);

	if (!*lines)
		return 0;
	return ours ? hd_edit_append(&rw->edits, rw->text, ours, lines,
				     rw->err) :
		      add_first(rw, lines);
}
