// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/guest_memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/nodeset.h"

/* How many bytes a unit has; 0 when it is none. */
static uint64_t unit_size(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char *letter;
	uint64_t base = 1024, size = 1;

	if (!unit)
		return 1024;
	if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "bytes") == 0)
		return 1;
	letter = *unit ? strchr(letters, tolower((unsigned char)*unit)) : NULL;
	if (!letter)
		return 0;
	if (strcasecmp(unit + 1, "b") == 0)
		base = 1000;
	else if (unit[1] && strcasecmp(unit + 1, "ib") != 0)
		return 0;
	for (const char *p = letters; p <= letter; p++)
		size *= base;
	return size;
}

static uint64_t scale(const char *text, const char *unit)
{
	uint64_t size = unit_size(unit), value, scaled;
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (errno || *end || __builtin_mul_overflow(value, size, &scaled))
		return 0;
	return scaled;
}

/* The size in an element; 0 without one. */
static uint64_t size_of(const xmlNode *node)
{
	char text[HD_NODE_TEXT];

	return node && hd_node_text(node, text, sizeof(text)) ?
		       scale(text, hd_node_attribute(node, "unit")) :
		       0;
}

/* <memoryBacking><hugepages><page size='2' unit='M'/></hugepages>... */
static uint64_t hugepage_of(const xmlNode *root)
{
	const xmlNode *backing = hd_node_child(root, "memoryBacking");
	const xmlNode *pages =
		backing ? hd_node_child(backing, "hugepages") : NULL;
	const xmlNode *page = pages ? hd_node_child(pages, "page") : NULL;
	const char *size = page ? hd_node_attribute(page, "size") : NULL;
	const char *unit = page ? hd_node_attribute(page, "unit") : NULL;
	uint64_t bytes = size ? scale(size, unit) : 0;

	if (!pages)
		return 0;
	return bytes ? bytes : 1;
}

/* Balloons are inhibited by QEMU while there is a device; these are not. */
static const char *ballooning_of(const xmlNode *root)
{
	const xmlNode *devices = hd_node_child(root, "devices");
	const xmlNode *node = devices ? devices->children : NULL;

	for (; node; node = node->next) {
		if (hd_node_is(node, "memballoon") &&
		    hd_node_attribute_is(node, "freePageReporting", "on"))
			return "free page reporting";
		if (hd_node_is(node, "memory") &&
		    hd_node_attribute_is(node, "model", "virtio-mem"))
			return "virtio-mem";
	}
	return NULL;
}

static void add_nodes(const xmlNode *node, bool nodes[HD_NUMA_NODES])
{
	const char *nodeset = hd_node_attribute(node, "nodeset");

	if (nodeset)
		hd_nodeset_add(nodeset, nodes, HD_NUMA_NODES);
}

/*
 * <numatune><memory mode='strict' nodeset='1'/>: strict is the default. What
 * holds for some cells of the guest only widens it.
 */
static bool bound_to(const xmlNode *root, bool nodes[HD_NUMA_NODES])
{
	const xmlNode *tune = hd_node_child(root, "numatune");
	const xmlNode *memory = tune ? hd_node_child(tune, "memory") : NULL;
	const char *nodeset =
		memory ? hd_node_attribute(memory, "nodeset") : NULL;
	const char *mode = memory ? hd_node_attribute(memory, "mode") : NULL;

	if (!nodeset || (mode && strcmp(mode, "strict") != 0))
		return false;
	for (const xmlNode *each = tune->children; each; each = each->next)
		if (each->type == XML_ELEMENT_NODE)
			add_nodes(each, nodes);
	return memchr(nodes, true, HD_NUMA_NODES);
}

int hd_guest_memory_parse(const char *text, size_t length,
			  struct hd_guest_memory *ret, struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	int r = hd_doc_parse(text, length, &doc, err);
	const xmlNode *root = r == 0 ? hd_doc_root(doc) : NULL, *tune;

	if (r < 0)
		return r;
	*ret = (struct hd_guest_memory){ .memory = 0 };
	if (!root)
		return 0;
	tune = hd_node_child(root, "memtune");
	ret->memory = size_of(hd_node_child(root, "memory"));
	ret->hard_limit = tune ? size_of(hd_node_child(tune, "hard_limit")) : 0;
	ret->hugepage = hugepage_of(root);
	ret->ballooning = ballooning_of(root);
	ret->bound = bound_to(root, ret->nodes);
	return 0;
}
