/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_DOMAIN_H
#define HD_XML_DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/uuid.h"
#include "lib/request/request.h"
#include "xml/domain/metadata.h"

/* What we need to know of a domain. */
struct hd_domain {
	char *name; /* never NULL after parsing; owned */
	char uuid[HD_UUID_SIZE]; /* canonical, "" when the XML has none */
	struct hd_assign *assigns; /* in the order of the document; owned */
	size_t n_assigns;
	struct hd_metadata metadata; /* what it says to us */
};

/*
 * What the domain asks for, as long as it is not cleared, nor @host, the host's
 * policy.
 */
struct hd_request hd_domain_request(const struct hd_domain *domain,
				    const struct hd_policy *host);

#define HD_AUTO_DOMAIN __attribute__((cleanup(hd_domain_clear)))

/*
 * Reads a domain's XML as libvirt prints it or as a person wrote it. Every way
 * to get a host's PCI device is an assignment: <hostdev type='pci'>,
 * <interface type='hostdev'> and <disk type='nvme'> with its backing stores.
 * A VF of a network pool is none until libvirt has chosen it.
 *
 * Returns 0, or a negative errno with a sentence that names the line; -E2BIG
 * beyond the limits of xml/doc/limit.h.
 */
int hd_domain_parse(const char *text, size_t length, struct hd_domain *ret,
		    struct hd_err *err);

/*
 * The same for whoever looks on after a mistake: what can't be understood of a
 * domain with a name is left out of *@ret, and every such place is an error
 * that hd_lint() finds. Nothing may be done on the strength of it.
 */
int hd_domain_parse_readable(const char *text, size_t length,
			     struct hd_domain *ret, struct hd_err *err);

void hd_domain_clear(struct hd_domain *domain);

#endif
