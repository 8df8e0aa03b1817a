// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/rewrite/rewriting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xml/doc/doc.h"
#include "xml/doc/number.h"
#include "xml/domain/metadata.h"

void hd_rewriting_end(struct hd_rewriting *rw)
{
	hd_edits_clear(&rw->edits);
	hd_doc_cleanup(&rw->doc);
}

int hd_rewriting_begin(struct hd_rewriting *rw)
{
	int r = hd_doc_parse_ranges(rw->text, rw->length, &rw->doc, rw->err);

	if (r < 0)
		return r;
	if (!hd_node_is(hd_doc_root(rw->doc), "domain"))
		return hd_err_set(rw->err, EINVAL,
				  "the document is a <%.64s>, not a <domain>",
				  (const char *)hd_doc_root(rw->doc)->name);
	return 0;
}

int hd_rewriting_finish(struct hd_rewriting *rw, char **ret, size_t *ret_length)
{
	*ret = NULL;
	if (rw->edits.n == 0)
		return 0;
	*ret = hd_edits_apply(&rw->edits, rw->text, rw->length, ret_length);
	return *ret ? 0 : hd_err_nomem(rw->err);
}

xmlNode *hd_next_ours(xmlNode *node, const char *name)
{
	for (; node; node = node->next)
		if (hd_node_is_in(node, HD_METADATA_NS, name))
			return node;
	return NULL;
}

xmlNode *hd_rewriting_ours(const struct hd_rewriting *rw)
{
	const xmlNode *metadata =
		hd_node_child(hd_doc_root(rw->doc), "metadata");

	return metadata ? hd_next_ours(metadata->children, "hostdev") : NULL;
}

bool hd_ours_address(const xmlNode *node, struct hd_addr *ret)
{
	const char *text = hd_node_attribute(node, "address");

	return text && hd_addr_parse(text, ret, NULL) == 0;
}

/* The numbers of an address, in libvirt's order. */
static const struct {
	const char *name;
	unsigned digits;
} parts[] = {
	{ "domain", 4 },
	{ "bus", 2 },
	{ "slot", 2 },
	{ "function", 1 },
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

/* The part that a new one is put before, or NULL. */
static const char *find_next(const xmlNode *address, size_t part)
{
	while (++part < N_PARTS) {
		const char *text = hd_node_attribute(address, parts[part].name);

		if (text)
			return parts[part].name;
	}
	return NULL;
}

static int set_part(struct hd_rewriting *rw, const xmlNode *address,
		    size_t part, unsigned value, bool normal)
{
	struct hd_attribute attribute = { parts[part].name, NULL, NULL };
	const char *text = hd_node_attribute(address, attribute.name);
	char number[sizeof("0x12345678")];
	uint32_t now = 0;

	snprintf(number, sizeof(number), "0x%0*x", (int)parts[part].digits,
		 value);
	if (normal && text && strcmp(text, number) == 0)
		return 0;
	if (!normal && (!text || hd_number_parse(text, UINT32_MAX, &now)) &&
	    now == value)
		return 0;
	attribute.value = number;
	attribute.before = find_next(address, part);
	return hd_edit_attribute_before(&rw->edits, rw->text, address,
					&attribute, rw->err);
}

int hd_rewriting_address(struct hd_rewriting *rw, const xmlNode *address,
			 struct hd_addr to, bool normal)
{
	const unsigned values[N_PARTS] = { to.domain, to.bus, to.slot,
					   to.function };
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_PARTS; i++)
		r = set_part(rw, address, i, values[i], normal);
	return r;
}
