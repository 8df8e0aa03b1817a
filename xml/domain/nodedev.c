// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/nodedev.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/number.h"

static int fail(const xmlNode *node, struct hd_err *err)
{
	return hd_err_set(
		err, EINVAL,
		"line %u of the node device's XML: <%s> makes no sense",
		hd_node_line(node), node->name);
}

/* libvirt writes these in decimal, and in hexadecimal with 0x. */
static bool read_text(const xmlNode *parent, const char *name, uint32_t max,
		      uint32_t *ret)
{
	const xmlNode *node = hd_node_child(parent, name);
	char text[HD_NODE_TEXT];

	return node && hd_node_text(node, text, sizeof(text)) &&
	       hd_number_parse(text, max, ret);
}

static bool read_attribute(const xmlNode *node, const char *name, uint32_t max,
			   uint32_t *ret)
{
	const char *text = node ? hd_node_attribute(node, name) : NULL;

	return text && hd_number_parse(text, max, ret);
}

static int read_addr(const xmlNode *pci, struct hd_addr *ret,
		     struct hd_err *err)
{
	uint32_t domain, bus, slot, function;

	if (!read_text(pci, "domain", UINT32_MAX, &domain) ||
	    !read_text(pci, "bus", 0xff, &bus) ||
	    !read_text(pci, "slot", 0x1f, &slot) ||
	    !read_text(pci, "function", 7, &function))
		return fail(pci, err);
	*ret = (struct hd_addr){ domain, (uint8_t)bus, (uint8_t)slot,
				 (uint8_t)function };
	return 0;
}

static bool read_physfn(const xmlNode *capability, struct hd_addr *ret)
{
	const xmlNode *node = hd_node_child(capability, "address");
	uint32_t domain, bus, slot, function;

	if (!read_attribute(node, "domain", UINT32_MAX, &domain) ||
	    !read_attribute(node, "bus", 0xff, &bus) ||
	    !read_attribute(node, "slot", 0x1f, &slot) ||
	    !read_attribute(node, "function", 7, &function))
		return false;
	*ret = (struct hd_addr){ domain, (uint8_t)bus, (uint8_t)slot,
				 (uint8_t)function };
	return true;
}

static unsigned count_children(const xmlNode *node, const char *name)
{
	unsigned n = 0;

	for (node = node->children; node; node = node->next)
		n += hd_node_is(node, name);
	return n;
}

/* What the function can beside being one. */
static int read_capability(const xmlNode *node, struct hd_device *ret,
			   struct hd_err *err)
{
	if (hd_node_attribute_is(node, "type", "pci-bridge") ||
	    hd_node_attribute_is(node, "type", "cardbus-bridge"))
		ret->bridge = true;
	if (hd_node_attribute_is(node, "type", "virt_functions"))
		ret->numvfs = count_children(node, "address");
	if (!hd_node_attribute_is(node, "type", "phys_function"))
		return 0;
	ret->is_vf = true;
	return read_physfn(node, &ret->physfn) ? 0 : fail(node, err);
}

static int read_pci(const xmlNode *pci, struct hd_device *ret,
		    struct hd_err *err)
{
	uint32_t number;
	int r = read_addr(pci, &ret->addr, err);

	if (read_text(pci, "class", 0xffffff, &number))
		ret->class_code = number;
	if (read_attribute(hd_node_child(pci, "vendor"), "id", 0xffff, &number))
		ret->vendor = (uint16_t)number;
	if (read_attribute(hd_node_child(pci, "product"), "id", 0xffff,
			   &number))
		ret->device = (uint16_t)number;
	if (read_attribute(hd_node_child(pci, "iommuGroup"), "number", INT_MAX,
			   &number))
		ret->group = (int)number;
	if (read_attribute(hd_node_child(pci, "numa"), "node", INT_MAX,
			   &number))
		ret->numa_node = (int)number;
	for (const xmlNode *node = pci->children; r == 0 && node;
	     node = node->next)
		if (hd_node_is(node, "capability"))
			r = read_capability(node, ret, err);
	return r;
}

/* A variant of vfio-pci can only be told by its name from here. */
static int read_driver(const xmlNode *root, struct hd_device *ret,
		       struct hd_err *err)
{
	const xmlNode *driver = hd_node_child(root, "driver");
	const xmlNode *name = driver ? hd_node_child(driver, "name") : NULL;
	char text[HD_NODE_TEXT];

	if (!name)
		return 0;
	if (!hd_node_text(name, text, sizeof(text)))
		return fail(name, err);
	ret->driver = strdup(text);
	if (!ret->driver)
		return hd_err_nomem(err);
	ret->vfio = strstr(ret->driver, "vfio");
	return 0;
}

static const xmlNode *find_pci(const xmlNode *root)
{
	const xmlNode *node =
		hd_node_is(root, "device") ? root->children : NULL;

	for (; node; node = node->next)
		if (hd_node_is(node, "capability") &&
		    hd_node_attribute_is(node, "type", "pci"))
			return node;
	return NULL;
}

int hd_nodedev_parse(const char *text, size_t length, struct hd_device *ret,
		     struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	struct hd_device device = {
		.group = HD_NO_GROUP,
		.numa_node = HD_NO_NODE,
	};
	const xmlNode *pci;
	int r = hd_doc_parse(text, length, &doc, err);

	if (r < 0)
		return r;
	pci = find_pci(hd_doc_root(doc));
	if (!pci)
		return -ENOENT;
	r = read_pci(pci, &device, err);
	if (r == 0)
		r = read_driver(hd_doc_root(doc), &device, err);
	if (r < 0)
		hd_device_clear(&device);
	else
		*ret = device;
	return r;
}
