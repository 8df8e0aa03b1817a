/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LINT_RULE_H
#define HD_LINT_RULE_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "xml/domain/place.h"
#include "xml/lint/lint.h"

/* Between xml/lint/lint.c and its rules. */

/* A place of the document that asks for a host's device. */
struct hd_lint_place {
	struct hd_place place;
	bool readable; /* @place.addr is set */
	size_t assign; /* index of the assignment, or HD_WHOLE_DOMAIN */
	const struct hd_lint_device *device; /* NULL when it isn't known */
};

enum hd_firmware { HD_FIRMWARE_UNKNOWN, HD_FIRMWARE_BIOS, HD_FIRMWARE_EFI };

/* What a rule sees. */
struct hd_lint {
	const xmlNode *domain;
	const xmlNode *devices; /* NULL when there are none */
	struct hd_lint_place *places; /* in the order of the document; owned */
	size_t n_places, n_readable;
	const struct hd_lint_place **by_node; /* the places; owned */
	const struct hd_lint_facts *facts;
	struct hd_index by_addr; /* of the devices of the facts; owned */
	enum hd_firmware firmware; /* of an x86 guest */
	const char *machine; /* of an x86 guest, or NULL */
	struct hd_findings *findings;
	struct hd_err *err;
};

/*
 * Adds a finding about a place, or about the domain when @place is NULL, at the
 * line of @node. @message and @fix are taken over. Returns 0 or -ENOMEM.
 */
int hd_lint_add(struct hd_lint *lint, const char *id, enum hd_severity severity,
		const struct hd_lint_place *place, const xmlNode *node,
		char *message, char *fix);

/* The address of a place that is readable, for a sentence. */
#define hd_lint_name(p) (hd_addr_text((p)->place.addr).s)

/* The place that is this element, or NULL. */
const struct hd_lint_place *hd_lint_place_of(const struct hd_lint *lint,
					     const xmlNode *node);

/* The element at a path of names below @node, "os/type", or NULL. */
const xmlNode *hd_lint_find(const xmlNode *node, const char *path);

/* The next element called @name (NULL: any) among @node and what follows it. */
const xmlNode *hd_lint_next(const xmlNode *node, const char *name);

#define HD_LINT_EACH(child, parent, name)                                      \
	for (const xmlNode *child =                                            \
		     hd_lint_next((parent) ? (parent)->children : NULL, name); \
	     child; child = hd_lint_next(child->next, name))

/*
 * Whether QEMU gets the device as one of the guest's: it is no NVMe disk, which
 * QEMU drives itself, and it isn't taken along with <address
 * type='unassigned'/>.
 */
bool hd_lint_is_passed(const struct hd_lint_place *place);

/* Whether the device is a graphics card. */
bool hd_lint_is_gpu(const struct hd_lint_place *place);

/* Whether the machine is i440fx, "pc"; whether it is q35. */
bool hd_lint_is_i440fx(const struct hd_lint *lint);
bool hd_lint_is_q35(const struct hd_lint *lint);

/*
 * The rules, see hd_lint() for what they find. Each returns 0 or a negative
 * errno with the error filled.
 */
int hd_lint_metadata(struct hd_lint *lint);
int hd_lint_uuid(struct hd_lint *lint);
int hd_lint_numbers(struct hd_lint *lint);
int hd_lint_duplicates(struct hd_lint *lint);
int hd_lint_hostdevs(struct hd_lint *lint);
int hd_lint_teaming(struct hd_lint *lint);
int hd_lint_command_line(struct hd_lint *lint);
/* These are for domains that ask for a device only. */
int hd_lint_boot(struct hd_lint *lint);
int hd_lint_balloon(struct hd_lint *lint);
int hd_lint_memory_limit(struct hd_lint *lint);
int hd_lint_virtio_mem(struct hd_lint *lint);
int hd_lint_machine(struct hd_lint *lint);
int hd_lint_viommu(struct hd_lint *lint);
int hd_lint_numa(struct hd_lint *lint);
int hd_lint_pinning(struct hd_lint *lint);
int hd_lint_roms(struct hd_lint *lint);
int hd_lint_guest_addresses(struct hd_lint *lint);

#endif
