// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/domain/metadata.h"
#include "xml/domain/place.h"

/* "yes" or "no"; *@ret keeps its default when the attribute isn't there. */
static int read_managed(const xmlNode *node, bool *ret, struct hd_err *err)
{
	const char *text = hd_node_attribute(node, "managed");

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
	const char *model = driver ? hd_node_attribute(driver, "model") : NULL;

	if (!model)
		return 0;
	*ret = strdup(model);
	return *ret ? 0 : hd_err_nomem(err);
}

/* Adds what one place of the domain asks for. */
static int add_assign(void *data, const struct hd_place *place,
		      struct hd_err *err)
{
	struct hd_domain *domain = data;
	struct hd_assign *assign = hd_array_add(
		&domain->assigns, &domain->n_assigns, sizeof(*assign));
	int r;

	if (!assign)
		return hd_err_nomem(err);
	assign->source = place->source;
	/* libvirt's defaults: no for devices, yes for NVMe disks. */
	assign->managed = place->source == HD_SOURCE_DISK;
	assign->line = hd_node_line(place->node);
	assign->addr = place->addr;
	r = read_managed(place->managed, &assign->managed, err);
	if (r == 0 && place->source != HD_SOURCE_DISK)
		r = read_driver(place->node, &assign->driver, err);
	return r;
}

static int read_uuid(struct hd_domain *domain, const xmlNode *root,
		     struct hd_err *err)
{
	xmlNode *node = hd_node_child(root, "uuid");
	char text[HD_NODE_TEXT];

	domain->uuid[0] = '\0';
	if (!node || (hd_node_text(node, text, sizeof(text)) &&
		      hd_uuid_normalise(text, domain->uuid)))
		return 0;
	return hd_err_set(err, EINVAL,
			  "line %u of the XML: '%.64s' is not a UUID",
			  hd_node_line(node), text);
}

static int read_name(struct hd_domain *domain, const xmlNode *root,
		     struct hd_err *err)
{
	xmlNode *node = hd_node_child(root, "name");
	char text[HD_NODE_TEXT] = "";

	if (node && !hd_node_text(node, text, sizeof(text)))
		return hd_err_set(
			err, E2BIG,
			"line %u of the XML: the domain's <name> has more than %zu bytes",
			hd_node_line(node), sizeof(text) - 1);
	if (!*text)
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: the domain has no <name>",
			hd_node_line(node ? node : root));
	domain->name = strdup(text);
	return domain->name ? 0 : hd_err_nomem(err);
}

static int read_strictly(struct hd_domain *domain, const xmlNode *root,
			 struct hd_err *err)
{
	int r = read_uuid(domain, root, err);

	if (r == 0)
		r = hd_metadata_read(root, &domain->metadata, err);
	return r < 0 ? r : hd_places_visit(root, add_assign, domain, err);
}

/* What can't be understood is forgotten: hd_lint() says what it was. */
static int forget(void *data, struct hd_err *err)
{
	(void)data;
	if (err)
		hd_err_clear(err);
	return 0;
}

static int add_readable(void *data, struct hd_place *place, struct hd_err *err)
{
	int r = hd_place_read(place, err);

	if (r == 0)
		r = add_assign(data, place, err);
	return r == -EINVAL ? forget(data, err) : r;
}

static int read_readable(struct hd_domain *domain, const xmlNode *root,
			 struct hd_err *err)
{
	const struct hd_metadata_skip skip = { forget, NULL };
	int r = read_uuid(domain, root, err);

	if (r == -EINVAL)
		r = forget(NULL, err);
	if (r == 0)
		r = hd_metadata_read_on(root, &domain->metadata, &skip, err);
	return r < 0 ? r : hd_places_walk(root, add_readable, domain, err);
}

static int read_domain(struct hd_domain *domain, const xmlNode *root,
		       bool strictly, struct hd_err *err)
{
	int r;

	if (!hd_node_is(root, "domain"))
		return hd_err_set(
			err, EINVAL,
			"line %u of the XML: the document is a <%.64s>, not a <domain>",
			root ? hd_node_line(root) : 1,
			root ? (const char *)root->name : "nothing");
	r = read_name(domain, root, err);
	if (r < 0)
		return r;
	return strictly ? read_strictly(domain, root, err) :
			  read_readable(domain, root, err);
}

static int parse(const char *text, size_t length, bool strictly,
		 struct hd_domain *ret, struct hd_err *err)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_DOC xmlDoc *doc = NULL;
	int r = hd_doc_parse(text, length, &doc, err);

	if (r == 0)
		r = read_domain(&domain, hd_doc_root(doc), strictly, err);
	if (r < 0)
		return r;
	*ret = domain;
	domain = (struct hd_domain){ .name = NULL };
	return 0;
}

int hd_domain_parse(const char *text, size_t length, struct hd_domain *ret,
		    struct hd_err *err)
{
	return parse(text, length, true, ret, err);
}

int hd_domain_parse_readable(const char *text, size_t length,
			     struct hd_domain *ret, struct hd_err *err)
{
	return parse(text, length, false, ret, err);
}

struct hd_request hd_domain_request(const struct hd_domain *domain,
				    const struct hd_policy *host)
{
	const struct hd_metadata *metadata = &domain->metadata;

	return (struct hd_request){
		.domain = domain->name,
		.uuid = domain->uuid,
		.assigns = domain->assigns,
		.n_assigns = domain->n_assigns,
		.siblings = metadata->siblings,
		.siblings_line = metadata->siblings_line,
		.policy = host,
		.allows = metadata->allows,
		.n_allows = metadata->n_allows,
		.pins = metadata->pins,
		.n_pins = metadata->n_pins,
		.hand_over = metadata->hand_over,
		.hand_over_line = metadata->hand_over_line,
		.stops = metadata->stops,
	};
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
