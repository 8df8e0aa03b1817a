// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/metadata.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/domain/pin.h"

static bool is_ours(const xmlNode *node)
{
	return hd_node_is_in(node, HD_METADATA_NS, NULL);
}

static int refuse(const xmlNode *node, const char *what, struct hd_err *err)
{
	hd_err_set(err, EINVAL,
		   "line %u of the XML: %s <%s> in " HD_METADATA_NS
		   " is not known to this version",
		   hd_node_line(node), what, node->name);
	hd_err_fix(err, "man virt-hostdev-hook lists what may stand there");
	return -EINVAL;
}

/* What more an element says may be a condition: it isn't passed over. */
static int refuse_more(const xmlNode *node, const char *const known[2],
		       struct hd_err *err)
{
	char what[80];

	for (const xmlAttr *each = node->properties; each; each = each->next) {
		const char *name = (const char *)each->name;

		if (!each->ns && (strcmp(name, known[0]) == 0 ||
				  strcmp(name, known[1]) == 0))
			continue;
		snprintf(what, sizeof(what), "the attribute %.40s of", name);
		return refuse(node, what, err);
	}
	return 0;
}

static int read_siblings(const xmlNode *node, struct hd_metadata *metadata,
			 struct hd_err *err)
{
	static const char *const known[2] = { "policy", "" };
	const char *value = hd_node_attribute(node, "policy");

	if (refuse_more(node, known, err) < 0)
		return -EINVAL;
	metadata->siblings_line = hd_node_line(node);
	if (value && hd_siblings_parse(value, &metadata->siblings))
		return 0;
	return refuse(node, "the policy of", err);
}

/* The address of a device, as people write it. */
static int read_address(const xmlNode *node, struct hd_addr *ret,
			struct hd_err *err)
{
	const char *text = hd_node_attribute(node, "address");

	if (text && hd_addr_parse(text, ret, NULL) == 0)
		return 0;
	return hd_err_set(
		err, EINVAL,
		"line %u of the XML: <%s> has no address such as 0000:01:00.0",
		hd_node_line(node), node->name);
}

static int read_allow(const xmlNode *node, struct hd_metadata *metadata,
		      struct hd_err *err)
{
	static const char *const known[2] = { "address", "critical" };
	const char *critical = hd_node_attribute(node, "critical");
	struct hd_allow read = { .line = hd_node_line(node) }, *allow;
	int r = refuse_more(node, known, err);

	if (r < 0)
		return r;
	if (!critical || !hd_critical_parse(critical, &read.critical))
		return refuse(node, "what is critical in", err);
	r = read_address(node, &read.addr, err);
	if (r < 0)
		return r;
	allow = hd_array_add(&metadata->allows, &metadata->n_allows,
			     sizeof(*allow));
	if (!allow)
		return hd_err_nomem(err);
	*allow = read;
	return 0;
}

static int read_pin(const xmlNode *node, struct hd_metadata *metadata,
		    struct hd_err *err)
{
	struct hd_pin read = { .line = hd_node_line(node) }, *pin;
	int r = read_address(node, &read.addr, err);

	if (r == 0)
		r = hd_pin_read(node, &read.identity, err);
	if (r < 0)
		return r;
	pin = hd_array_add(&metadata->pins, &metadata->n_pins, sizeof(*pin));
	if (!pin)
		return hd_err_nomem(err);
	*pin = read;
	return 0;
}

/* A comment, or the white space between elements. */
static bool says_nothing(const xmlNode *node)
{
	const char *text = (const char *)node->content;

	return node->type == XML_COMMENT_NODE ||
	       (node->type == XML_TEXT_NODE && !text[strspn(text, " \t\r\n")]);
}

static bool is_empty(const xmlNode *node)
{
	for (const xmlNode *each = node->children; each; each = each->next)
		if (!says_nothing(each))
			return false;
	return true;
}

/* All elements of ours together have a limit. */
static int count(const xmlNode *node, struct hd_metadata *metadata,
		 struct hd_err *err)
{
	if (metadata->n_said++ < HD_LIMIT_SAID)
		return 0;
	return hd_err_set(
		err, E2BIG,
		"line %u of the XML: more than %d elements in " HD_METADATA_NS,
		hd_node_line(node), HD_LIMIT_SAID);
}

static int read_stop(const xmlNode *node, struct hd_patterns *stops,
		     struct hd_err *err)
{
	static const char *const known[2] = { "unit", "" };
	const char *unit;

	if (node->type != XML_ELEMENT_NODE)
		return refuse(node->parent, "the text in", err);
	if (!hd_node_is_in(node, HD_METADATA_NS, "stop"))
		return refuse(node, "the element", err);
	if (!is_empty(node))
		return refuse(node, "what stands in", err);
	if (refuse_more(node, known, err) < 0)
		return -EINVAL;
	unit = hd_node_attribute(node, "unit");
	if (!unit || !hd_unit_pattern_fits(unit))
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: <stop> takes " HD_UNIT_PATTERNS
			", not '%.64s'",
			hd_node_line(node), unit ? unit : "");
	return hd_patterns_add(stops, unit) < 0 ? hd_err_nomem(err) : 0;
}

/* Two of them would leave open which one counts, and what may be stopped. */
static int begin_display(const xmlNode *node,
			 const struct hd_metadata *metadata,
			 enum hd_hand_over *ret, struct hd_err *err)
{
	static const char *const known[2] = { "hand-over", "" };
	const char *value = hd_node_attribute(node, "hand-over");

	if (refuse_more(node, known, err) < 0)
		return -EINVAL;
	if (!value || !hd_hand_over_parse(value, ret))
		return refuse(node, "the hand-over of", err);
	if (!metadata->hand_over)
		return 0;
	hd_err_set(err, EINVAL, "line %u of the XML: <display> is there twice",
		   hd_node_line(node));
	hd_err_fix(err, "Remove one of them");
	return -EINVAL;
}

/* All of it, or none. */
static int read_display(const xmlNode *node, struct hd_metadata *metadata,
			struct hd_err *err)
{
	HD_AUTO(hd_patterns_clear) struct hd_patterns stops = { NULL, 0 };
	enum hd_hand_over hand_over;
	int r = begin_display(node, metadata, &hand_over, err);

	for (const xmlNode *each = node->children; r == 0 && each;
	     each = each->next) {
		if (says_nothing(each))
			continue;
		r = count(each, metadata, err);
		if (r == 0)
			r = read_stop(each, &stops, err);
	}
	if (r < 0)
		return r;
	metadata->hand_over = hand_over;
	metadata->hand_over_line = hd_node_line(node);
	metadata->stops = stops;
	stops = (struct hd_patterns){ NULL, 0 };
	return 0;
}

static const struct {
	const char *name;
	int (*read)(const xmlNode *node, struct hd_metadata *metadata,
		    struct hd_err *err);
	bool has_children;
} elements[] = {
	{ "siblings", read_siblings, false },
	{ "allow", read_allow, false },
	{ "device", read_pin, false },
	{ "display", read_display, true },
};

static int read_element(const xmlNode *node, struct hd_metadata *metadata,
			struct hd_err *err)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		if (!hd_node_is_in(node, HD_METADATA_NS, elements[i].name))
			continue;
		if (!elements[i].has_children && !is_empty(node))
			return refuse(node, "what stands in", err);
		return elements[i].read(node, metadata, err);
	}
	return refuse(node, "the element", err);
}

/* What can't be understood is the end, or @skipped is called and decides. */
static int end_or_skip(int r, const struct hd_metadata_skip *skip,
		       struct hd_err *err)
{
	return r == -EINVAL && skip ? skip->skipped(skip->data, err) : r;
}

static int read_child(const xmlNode *node, struct hd_metadata *metadata,
		      struct hd_err *err)
{
	return node->type == XML_ELEMENT_NODE ?
		       read_element(node, metadata, err) :
		       refuse(node->parent, "the text in", err);
}

static int read_hostdev(const xmlNode *ours, struct hd_metadata *metadata,
			const struct hd_metadata_skip *skip, struct hd_err *err)
{
	static const char *const known[2] = { "", "" };
	int r = end_or_skip(refuse_more(ours, known, err), skip, err);

	for (const xmlNode *node = ours->children; r == 0 && node;
	     node = node->next) {
		if (says_nothing(node))
			continue;
		r = count(node, metadata, err);
		if (r == 0)
			r = end_or_skip(read_child(node, metadata, err), skip,
					err);
	}
	return r;
}

int hd_metadata_read_on(const xmlNode *domain, struct hd_metadata *ret,
			const struct hd_metadata_skip *skip, struct hd_err *err)
{
	const xmlNode *node = hd_node_child(domain, "metadata");
	int r = 0;

	for (node = node ? node->children : NULL; r == 0 && node;
	     node = node->next) {
		if (!is_ours(node))
			continue;
		if (strcmp((const char *)node->name, "hostdev") == 0)
			r = read_hostdev(node, ret, skip, err);
		else
			r = end_or_skip(refuse(node, "the element", err), skip,
					err);
	}
	return r;
}

int hd_metadata_read(const xmlNode *domain, struct hd_metadata *ret,
		     struct hd_err *err)
{
	return hd_metadata_read_on(domain, ret, NULL, err);
}

void hd_metadata_clear(struct hd_metadata *metadata)
{
	free(metadata->allows);
	free(metadata->pins);
	hd_patterns_clear(&metadata->stops);
	*metadata = (struct hd_metadata){ .allows = NULL };
}
