// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/domain/target.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "xml/doc/doc.h"

int hd_targets_read(const char *text, size_t length, uint32_t *ret,
		    struct hd_err *err)
{
	HD_AUTO_DOC xmlDoc *doc = NULL;
	const xmlNode *node;
	int r = hd_doc_parse(text, length, &doc, err);

	if (r < 0)
		return r;
	*ret = 0;
	node = hd_node_child(hd_doc_root(doc), "devices");
	for (node = node ? node->children : NULL; node; node = node->next) {
		const xmlNode *target = hd_node_is(node, "disk") ?
						hd_node_child(node, "target") :
						NULL;
		const char *name =
			target ? hd_node_attribute(target, "dev") : NULL;

		if (name && hd_after(name, "vd") && name[2] >= 'a' &&
		    name[2] <= 'z' && !name[3])
			*ret |= UINT32_C(1) << (name[2] - 'a');
	}
	return 0;
}
