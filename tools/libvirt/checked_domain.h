/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_LIBVIRT_CHECKED_DOMAIN_H
#define HD_TOOLS_LIBVIRT_CHECKED_DOMAIN_H

#include "lib/check/situation.h"
#include "tools/libvirt/connection.h"
#include "tools/libvirt/remote_host.h"
#include "tools/libvirt/source.h"
#include "tools/tool.h"
#include "xml/domain/domain.h"

/* A domain that a verb looks at, and what was found about its devices. */
struct hd_checked_domain {
	struct hd_domain domain;
	struct hd_config config; /* of this host, or of its copy */
	struct hd_request request; /* of @domain */
	struct hd_situation situation; /* of this host, or of its copy */
	/* Its devices: of the situation or of a host remote; borrowed. */
	const struct hd_inventory *inventory;
	struct hd_findings findings;
};

#define HD_AUTO_CHECKED_DOMAIN __attribute__((cleanup(hd_checked_domain_clear)))

/* Where the domains of a verb are, and the devices that they ask for. */
struct hd_hypervisor {
	const struct hd_tool *tool;
	struct hd_connection *connection; /* NULL when libvirt isn't asked */
	bool here; /* the devices are those of the tool's host */
	struct hd_remote_host remote; /* otherwise */
};

#define HD_AUTO_HYPERVISOR __attribute__((cleanup(hd_hypervisor_clear)))

/*
 * Connects to libvirt for a source that it needs it for (see
 * hd_source_load()), or with a NULL @source for all domains. With --connect the
 * devices are those of the host that it names, but for a copied tree. Returns 0
 * or a negative errno with a sentence in @err.
 */
int hd_hypervisor_open(struct hd_hypervisor *hypervisor,
		       const struct hd_tool *tool, const char *source,
		       struct hd_err *err);

void hd_hypervisor_clear(struct hd_hypervisor *hypervisor);

/*
 * Loads the domain that the command line names and examines it. The checked
 * borrows from the hypervisor. Returns 0; HD_REFUSED when it could not start;
 * or a negative errno with a sentence in @err.
 */
int hd_checked_domain_load(struct hd_checked_domain *checked,
			   const struct hd_hypervisor *hypervisor,
			   const char *source, struct hd_err *err);

/*
 * The same for finding all that is wrong: with the findings of hd_lint(), and
 * although some of the XML can't be understood. Nothing may be done on the
 * strength of it.
 */
int hd_checked_domain_check(struct hd_checked_domain *checked,
			    const struct hd_hypervisor *hypervisor,
			    const char *source, struct hd_err *err);

/* The same of a text, which is called @name in sentences. */
int hd_checked_domain_check_text(struct hd_checked_domain *checked,
				 const struct hd_hypervisor *hypervisor,
				 const char *text, size_t length,
				 const char *name, struct hd_err *err);

void hd_checked_domain_clear(struct hd_checked_domain *checked);

#endif
