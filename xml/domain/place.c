// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/place.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/edit.h"
#include "xml/doc/number.h"

/* Whom a walk through the document calls. */
struct visitor {
	int (*visit)(void *data, struct hd_place *place, struct hd_err *err);
	void *data;
	struct hd_err *err;
	size_t n; /* places so far */
};

/* Reads one number of an address; one that isn't there is 0, as in libvirt. */
static int read_part(const xmlNode *address, const char *name, uint32_t max,
		     uint32_t *ret, struct hd_err *err)
{
	const char *text = hd_node_attribute(address, name);

	*ret = 0;
	if (!text || hd_number_parse(text, max, ret))
		return 0;
	hd_err_set(
		err, EINVAL,
		"line %u of the XML: %s='%.32s' is not a number from 0 to 0x%x",
		hd_node_line(address), name, text, max);
	hd_err_fix(err,
		   "Write it in hexadecimal with 0x, as virt-hostdev xml does");
	return -EINVAL;
}

static int read_address(const xmlNode *address, struct hd_addr *ret,
			struct hd_err *err)
{
	uint32_t domain, bus, slot, function;

	if (read_part(address, "domain", UINT32_MAX, &domain, err) < 0 ||
	    read_part(address, "bus", 0xff, &bus, err) < 0 ||
	    read_part(address, "slot", 0x1f, &slot, err) < 0 ||
	    read_part(address, "function", 7, &function, err) < 0)
		return -EINVAL;
	*ret = (struct hd_addr){ domain, (uint8_t)bus, (uint8_t)slot,
				 (uint8_t)function };
	return 0;
}

int hd_place_read(struct hd_place *place, struct hd_err *err)
{
	if (!place->address)
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: <%s> has no <source> with the host's <address>",
			hd_node_line(place->node), place->node->name);
	return read_address(place->address, &place->addr, err);
}

/* @managed carries that attribute, and @source is the element with the address.
 */
static int visit(struct visitor *visitor, enum hd_source kind,
		 const xmlNode *node, const xmlNode *managed,
		 const xmlNode *source)
{
	struct hd_place place = {
		.source = kind,
		.node = node,
		.managed = managed,
		.address = source ? hd_node_child(source, "address") : NULL,
	};

	if (visitor->n++ == HD_LIMIT_DEVICES)
		return hd_err_set(
			visitor->err, E2BIG,
			"line %u of the XML: more than %d devices of the host are asked for",
			hd_node_line(node), HD_LIMIT_DEVICES);
	return visitor->visit(visitor->data, &place, visitor->err);
}

static int visit_hostdev(struct visitor *visitor, const xmlNode *node)
{
	const char *mode = hd_node_attribute(node, "mode");

	if (!hd_node_attribute_is(node, "type", "pci") ||
	    (mode && strcmp(mode, "subsystem") != 0))
		return 0;
	return visit(visitor, HD_SOURCE_HOSTDEV, node, node,
		     hd_node_child(node, "source"));
}

static int visit_interface(struct visitor *visitor, const xmlNode *node)
{
	if (!hd_node_attribute_is(node, "type", "hostdev"))
		return 0;
	return visit(visitor, HD_SOURCE_INTERFACE, node, node,
		     hd_node_child(node, "source"));
}

/* A disk, or one of its backing stores: a chain, walked without recursion. */
static int visit_disk(struct visitor *visitor, const xmlNode *node)
{
	for (; node; node = hd_node_child(node, "backingStore")) {
		const xmlNode *source = hd_node_child(node, "source");
		int r;

		if (!hd_node_attribute_is(node, "type", "nvme"))
			continue;
		r = visit(visitor, HD_SOURCE_DISK, node, source ? source : node,
			  source);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct {
	const char *element;
	int (*visit)(struct visitor *visitor, const xmlNode *node);
} kinds[] = {
	{ "hostdev", visit_hostdev },
	{ "interface", visit_interface },
	{ "disk", visit_disk },
};

static int visit_device(struct visitor *visitor, const xmlNode *node)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (hd_node_is(node, kinds[i].element))
			return kinds[i].visit(visitor, node);
	return 0;
}

/* libvirt's parser asks for ./devices/hostdev: of a second <devices> as well.
 */
int hd_places_walk(const xmlNode *domain,
		   int (*visit_place)(void *data, struct hd_place *place,
				      struct hd_err *err),
		   void *data, struct hd_err *err)
{
	struct visitor visitor = { visit_place, data, err, 0 };
	int r = 0;

	for (const xmlNode *devices = domain->children; devices;
	     devices = devices->next) {
		if (!hd_node_is(devices, "devices"))
			continue;
		for (const xmlNode *node = devices->children; r == 0 && node;
		     node = node->next)
			r = visit_device(&visitor, node);
	}
	return r;
}

/* Whom hd_places_visit() calls. */
struct reader {
	int (*visit)(void *data, const struct hd_place *place,
		     struct hd_err *err);
	void *data;
};

static int read_and_visit(void *data, struct hd_place *place,
			  struct hd_err *err)
{
	const struct reader *reader = data;
	int r = hd_place_read(place, err);

	return r < 0 ? r : reader->visit(reader->data, place, err);
}

int hd_places_visit(const xmlNode *domain,
		    int (*visit_place)(void *data, const struct hd_place *place,
				       struct hd_err *err),
		    void *data, struct hd_err *err)
{
	struct reader reader = { visit_place, data };

	return hd_places_walk(domain, read_and_visit, &reader, err);
}

/* What hd_place_text() looks for, and found. */
struct wanted {
	struct hd_addr addr;
	const xmlNode *node;
};

static int keep_wanted(void *data, const struct hd_place *place,
		       struct hd_err *err)
{
	struct wanted *wanted = data;

	(void)err;
	if (!wanted->node && hd_addr_equal(place->addr, wanted->addr))
		wanted->node = place->node;
	return 0;
}

int hd_place_text(const char *text, size_t length, struct hd_addr addr,
		  char **ret, struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	struct wanted wanted = { addr, NULL };
	struct hd_range range;
	int r = hd_doc_parse_ranges(text, length, &doc, err);

	if (r == 0)
		r = hd_places_visit(hd_doc_root(doc), keep_wanted, &wanted,
				    err);
	if (r < 0)
		return r;
	*ret = NULL;
	if (!wanted.node)
		return 0;
	if (!hd_node_is(wanted.node->parent, "devices"))
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: %s is only a part of a <%s>, and can't go without it",
			hd_node_line(wanted.node), hd_addr_text(addr).s,
			wanted.node->parent->name);
	range = hd_element_range(wanted.node).whole;
	*ret = strndup(text + range.start, range.end - range.start);
	return *ret ? 0 : hd_err_nomem(err);
}
