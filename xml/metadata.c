// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/metadata.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/cleanup.h"
#include "xml/doc.h"

static bool is_ours(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       strcmp((const char *)node->ns->href, HD_METADATA_NS) == 0;
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

static int read_siblings(const xmlNode *node, struct hd_policy *policy,
			 struct hd_err *err)
{
	HD_AUTOFREE char *value = hd_node_attribute(node, "policy");

	if (value && hd_siblings_parse(value, &policy->siblings))
		return 0;
	return refuse(node, "the policy of", err);
}

static int read_policy(const xmlNode *ours, struct hd_policy *policy,
		       struct hd_err *err)
{
	for (const xmlNode *node = ours->children; node; node = node->next) {
		int r;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (!is_ours(node) ||
		    strcmp((const char *)node->name, "siblings") != 0)
			return refuse(node, "the element", err);
		r = read_siblings(node, policy, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int hd_metadata_read(const xmlNode *domain, struct hd_policy *ret,
		     struct hd_err *err)
{
	const xmlNode *metadata = hd_node_child(domain, "metadata");
	struct hd_policy policy = { HD_SIBLINGS_UNSAID };

	for (const xmlNode *node = metadata ? metadata->children : NULL; node;
	     node = node->next) {
		int r;

		if (!is_ours(node))
			continue;
		if (strcmp((const char *)node->name, "hostdev") != 0)
			return refuse(node, "the element", err);
		r = read_policy(node, &policy, err);
		if (r < 0)
			return r;
	}
	*ret = policy;
	return 0;
}
