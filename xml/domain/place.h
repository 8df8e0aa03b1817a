/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_PLACE_H
#define HD_XML_DOMAIN_PLACE_H

#include <libxml/tree.h>

#include "lib/base/err.h"
#include "lib/request/request.h"

/* A place of a domain's document that asks for a host's PCI device. */
struct hd_place {
	enum hd_source source;
	const xmlNode
		*node; /* <hostdev>, <interface>, <disk>, <backingStore> */
	const xmlNode *managed; /* the element with the attribute managed */
	const xmlNode *address; /* the element with the host's address; NULL in
				 * a place that has none */
	struct hd_addr addr; /* from hd_place_read() */
};

/*
 * Walks over every such place, in the order of the document, until @visit
 * fails, and reads no address. Returns what @visit returned last.
 */
int hd_places_walk(const xmlNode *domain,
		   int (*visit)(void *data, struct hd_place *place,
				struct hd_err *err),
		   void *data, struct hd_err *err);

/*
 * Reads the address of a place. Returns 0, or -EINVAL with a sentence that
 * names the line when there is none, or it makes no sense.
 */
int hd_place_read(struct hd_place *place, struct hd_err *err);

/*
 * Does both: walks, reads and visits. Returns what @visit returned last, or the
 * error of hd_place_read().
 */
int hd_places_visit(const xmlNode *domain,
		    int (*visit)(void *data, const struct hd_place *place,
				 struct hd_err *err),
		    void *data, struct hd_err *err);

/*
 * The text of the device in a domain's document that asks for the host's device
 * at @addr, as it stands there: what libvirt wants to be told to take it away.
 *
 * Returns 0 and *@ret, owned by the caller, NULL when nothing asks for it; or
 * -EINVAL with a sentence, also when only a part of a device does.
 */
int hd_place_text(const char *text, size_t length, struct hd_addr addr,
		  char **ret, struct hd_err *err);

#endif
