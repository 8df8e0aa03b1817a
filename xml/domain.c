// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/cleanup.h"
#include "xml/doc.h"
#include "xml/metadata.h"
#include "xml/number.h"

/* Reads one number of an address; one that isn't there is 0, as in libvirt. */
static int read_part(const xmlNode *address, const char *name, uint32_t max,
		     uint32_t *ret, struct hd_err *err)
{
	HD_AUTOFREE char *text = hd_node_attribute(address, name);

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

/* "yes" or "no"; *@ret keeps its default when the attribute isn't there. */
static int read_managed(const xmlNode *node, bool *ret, struct hd_err *err)
{
	HD_AUTOFREE char *text = hd_node_attribute(node, "managed");

	if (!text)
		return 0;
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: managed='%.32s' is neither yes nor no",
			hd_node_line(node), text);
	*ret = strcmp(text, "yes") == 0;
	return 0;
}

static int read_driver(const xmlNode *node, char **ret, struct hd_err *err)
{
	const xmlNode *driver = hd_node_child(node, "driver");
	HD_AUTOFREE char *model =
		driver ? hd_node_attribute(driver, "model") : NULL;

	if (!model)
		return 0;
	*ret = strdup(model);
	return *ret ? 0 : hd_err_nomem(err);
}

/*
 * Adds what @node asks for. @managed_node carries the attribute managed, and
 * @source is the element with the host's address.
 */
static int add_assign(struct hd_domain *domain, enum hd_source kind,
		      const xmlNode *node, const xmlNode *managed_node,
		      const xmlNode *source, struct hd_err *err)
{
	const xmlNode *address =
		source ? hd_node_child(source, "address") : NULL;
	struct hd_assign *assign;
	int r;

	if (!address)
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: <%s> has no <source> with the host's <address>",
			hd_node_line(node), node->name);
	assign = hd_array_add(&domain->assigns, &domain->n_assigns,
			      sizeof(*assign));
	if (!assign)
		return hd_err_nomem(err);
	assign->source = kind;
	/* libvirt's defaults: no for devices, yes for NVMe disks. */
	assign->managed = kind == HD_SOURCE_DISK;
	assign->line = hd_node_line(node);
	r = read_address(address, &assign->addr, err);
	if (r == 0)
		r = read_managed(managed_node, &assign->managed, err);
	if (r == 0 && kind != HD_SOURCE_DISK)
		r = read_driver(node, &assign->driver, err);
	return r;
}

static int read_hostdev(struct hd_domain *domain, const xmlNode *node,
			struct hd_err *err)
{
	HD_AUTOFREE char *mode = hd_node_attribute(node, "mode");

	if (!hd_node_attribute_is(node, "type", "pci") ||
	    (mode && strcmp(mode, "subsystem") != 0))
		return 0;
	return add_assign(domain, HD_SOURCE_HOSTDEV, node, node,
			  hd_node_child(node, "source"), err);
}

static int read_interface(struct hd_domain *domain, const xmlNode *node,
			  struct hd_err *err)
{
	if (!hd_node_attribute_is(node, "type", "hostdev"))
		return 0;
	return add_assign(domain, HD_SOURCE_INTERFACE, node, node,
			  hd_node_child(node, "source"), err);
}

/* A disk, or one of its backing stores: a chain, walked without recursion. */
static int read_disk(struct hd_domain *domain, const xmlNode *node,
		     struct hd_err *err)
{
	for (; node; node = hd_node_child(node, "backingStore")) {
		const xmlNode *source = hd_node_child(node, "source");
		int r;

		if (!hd_node_attribute_is(node, "type", "nvme"))
			continue;
		r = add_assign(domain, HD_SOURCE_DISK, node,
			       source ? source : node, source, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct {
	const char *element;
	int (*read)(struct hd_domain *domain, const xmlNode *node,
		    struct hd_err *err);
} readers[] = {
	{ "hostdev", read_hostdev },
	{ "interface", read_interface },
	{ "disk", read_disk },
};

static int read_devices(struct hd_domain *domain, const xmlNode *devices,
			struct hd_err *err)
{
	for (const xmlNode *node = devices->children; node; node = node->next)
		for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]);
		     i++) {
			int r = 0;

			if (hd_node_is(node, readers[i].element))
				r = readers[i].read(domain, node, err);
			if (r < 0)
				return r;
		}
	return 0;
}

static int read_uuid(struct hd_domain *domain, const xmlNode *root,
		     struct hd_err *err)
{
	xmlNode *node = hd_node_child(root, "uuid");
	HD_AUTOFREE char *text = NULL;

	domain->uuid[0] = '\0';
	if (!node)
		return 0;
	text = hd_node_text(node);
	if (text && hd_uuid_normalise(text, domain->uuid))
		return 0;
	return hd_err_set(err, EINVAL,
			  "line %u of the XML: '%.64s' is not a UUID",
			  hd_node_line(node), text ? text : "");
}

static int read_name(struct hd_domain *domain, const xmlNode *root,
		     struct hd_err *err)
{
	xmlNode *node = hd_node_child(root, "name");
	HD_AUTOFREE char *text = node ? hd_node_text(node) : NULL;

	if (!text || !*text)
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: the domain has no <name>",
			hd_node_line(node ? node : root));
	domain->name = strdup(text);
	return domain->name ? 0 : hd_err_nomem(err);
}

static int read_domain(struct hd_domain *domain, const xmlNode *root,
		       struct hd_err *err)
{
	const xmlNode *devices;
	int r;

	if (!hd_node_is(root, "domain"))
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: the document is a <%.64s>, not a <domain>",
			root ? hd_node_line(root) : 1,
			root ? (const char *)root->name : "nothing");
	r = read_name(domain, root, err);
	if (r == 0)
		r = read_uuid(domain, root, err);
	if (r == 0)
		r = hd_metadata_read(root, &domain->metadata, err);
	devices = hd_node_child(root, "devices");
	if (r == 0 && devices)
		r = read_devices(domain, devices, err);
	return r;
}

int hd_domain_parse(const char *text, size_t length, struct hd_domain *ret,
		    struct hd_err *err)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_DOC xmlDoc *doc = NULL;
	int r = hd_doc_parse(text, length, &doc, err);

	if (r == 0)
		r = read_domain(&domain, hd_doc_root(doc), err);
	if (r < 0)
		return r;
	*ret = domain;
	domain = (struct hd_domain){ .name = NULL };
	return 0;
}

bool hd_domain_may_ask(const char *text, size_t length)
{
	/* NUL and "&#": a letter may be written in another way. */
	static const struct {
		const char *text;
		size_t length;
	} words[] = { { "hostdev", 7 }, { "nvme", 4 }, { "&#", 2 }, { "", 1 } };
	static const char begin[] = "<domain", end[] = "</domain>";

	while (length && text[length - 1] == '\n')
		length--;
	if (length < strlen(begin) + strlen(end) ||
	    memcmp(text, begin, strlen(begin)) != 0 ||
	    !strchr(" >\n", text[strlen(begin)]) ||
	    memcmp(text + length - strlen(end), end, strlen(end)) != 0)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(text, length, words[i].text, words[i].length))
			return true;
	return false;
}

struct hd_request hd_domain_request(const struct hd_domain *domain,
				    const struct hd_policy *host)
{
	const struct hd_metadata *metadata = &domain->metadata;

	return (struct hd_request){ domain->name,
				    domain->uuid,
				    domain->assigns,
				    domain->n_assigns,
				    metadata->policy.siblings ?
					    metadata->policy :
					    *host,
				    metadata->allows,
				    metadata->n_allows };
}

void hd_domain_clear(struct hd_domain *domain)
{
	for (size_t i = 0; i < domain->n_assigns; i++)
		free(domain->assigns[i].driver);
	free(domain->assigns);
	free(domain->name);
	hd_metadata_clear(&domain->metadata);
	memset(domain, 0, sizeof(*domain));
}
