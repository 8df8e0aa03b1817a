/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_PLACE_H
#define HD_XML_PLACE_H

#include <libxml/tree.h>

#include "lib/assign.h"
#include "lib/err.h"

/* A place of a domain's document that asks for a host's PCI device. */
struct hd_place {
	enum hd_source source;
	const xmlNode
		*node; /* <hostdev>, <interface>, <disk>, <backingStore> */
	const xmlNode *managed; /* the element with the attribute managed */
	const xmlNode *address; /* the element with the host's address */
	struct hd_addr addr;
};

/*
 * Visits every such place, in the order of the document, until @visit fails.
 * Returns what @visit returned last, or -EINVAL with a sentence that names the
 * line when a place has no address, or one that makes no sense.
 */
int hd_places_visit(const xmlNode *domain,
		    int (*visit)(void *data, const struct hd_place *place,
				 struct hd_err *err),
		    void *data, struct hd_err *err);

#endif
