// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/uuid.h"
#include "xml/doc/doc.h"
#include "xml/domain/metadata.h"
#include "xml/lint/rule.h"

/*
 * What hd_metadata_read_on() can't understand, as a finding. The sentences of
 * xml/ name their line first, which a finding has beside its sentence.
 */
static int add_skipped(void *data, struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err skipped = *err;
	struct hd_lint *lint = data;
	const char *message = hd_err_message(&skipped);
	unsigned line = 0;
	int n = 0;

	*err = (struct hd_err)HD_ERR_INIT;
	if (sscanf(message, "line %u of the XML: %n", &line, &n) != 1)
		n = 0;
	return hd_findings_add_at(
		lint->findings, "metadata-invalid", HD_ERROR, HD_WHOLE_DOMAIN,
		line, hd_text("%s.", message + n), hd_steal(&skipped.fix), err);
}

int hd_lint_metadata(struct hd_lint *lint)
{
	HD_AUTO(hd_metadata_clear)
	struct hd_metadata metadata = { .n_pins = 0 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	const struct hd_metadata_skip skip = { add_skipped, lint };
	int r = hd_metadata_read_on(lint->domain, &metadata, &skip, &err);

	return r < 0 ? hd_err_set(lint->err, -r, "%s", hd_err_message(&err)) :
		       0;
}

int hd_lint_uuid(struct hd_lint *lint)
{
	const xmlNode *node = hd_lint_find(lint->domain, "uuid");
	char text[HD_NODE_TEXT];
	char uuid[HD_UUID_SIZE];

	if (!node || (hd_node_text(node, text, sizeof(text)) &&
		      hd_uuid_normalise(text, uuid)))
		return 0;
	return hd_lint_add(lint, "uuid-invalid", HD_ERROR, NULL, node,
			   hd_text("'%.64s' is not a UUID.", text),
			   hd_text("Remove <uuid>, and libvirt makes one"));
}
