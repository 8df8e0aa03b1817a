/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_REQUEST_H
#define HD_LIB_REQUEST_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>

#include "lib/host/addr.h"
#include "lib/request/critical.h"
#include "lib/request/hand_over.h"
#include "lib/request/patterns.h"
#include "lib/request/pins.h"

struct hd_policy;

/* Which element of the domain asks for a device. */
enum hd_source {
	HD_SOURCE_HOSTDEV, /* <hostdev type='pci'> */
	HD_SOURCE_INTERFACE, /* <interface type='hostdev'> */
	HD_SOURCE_DISK, /* <disk type='nvme'> */
};

/* One wish of a domain: a PCI function of the host for the guest. */
struct hd_assign {
	struct hd_addr addr;
	enum hd_source source;
	bool managed; /* libvirt binds it and gives it back */
	char *driver; /* the driver that the XML names, NULL for vfio-pci */
	unsigned line; /* where in the XML, from 1 */
};

/* Whether group members may be taken from the host's drivers too. */
enum hd_siblings {
	HD_SIBLINGS_UNSAID,
	HD_SIBLINGS_REFUSE,
	HD_SIBLINGS_BIND,
};

/* Who asks, and for what. It owns nothing. */
struct hd_request {
	const char *domain; /* the domain's name; NULL: a person, by hand */
	const char *uuid; /* of the domain, or made for the occasion, in
			   * canonical form; "" when not known */
	const struct hd_assign *assigns;
	size_t n_assigns;
	enum hd_siblings siblings; /* as who asks says it, or unsaid */
	unsigned siblings_line; /* where in the XML, from 1 */
	const struct hd_policy *policy; /* of the host; never NULL */
	const struct hd_allow *allows;
	size_t n_allows;
	const struct hd_pin *pins;
	size_t n_pins;
	const char *moving; /* of devices on their way to a running guest: the
			     * claim that has them by now; NULL: none */
	bool bound; /* libvirt has bound the devices just now, for it */
	enum hd_hand_over hand_over; /* as who asks says it, or unsaid */
	unsigned hand_over_line; /* where in the XML, from 1 */
	struct hd_patterns stops; /* as who asks says it; not owned */
	pid_t caller; /* a person's process, which isn't to end with what is
		       * stopped; 0: none, or it may */
};

/* "hostdev", "interface" or "disk". */
static inline const char *hd_source_name(enum hd_source source)
{
	static const char *const names[] = { "hostdev", "interface", "disk" };

	return names[source];
}

/* The driver that the device is to have while the guest runs. */
static inline const char *hd_assign_driver(const struct hd_assign *assign)
{
	return assign->driver ? assign->driver : "vfio-pci";
}

/* Reads "refuse" or "bind"; false for anything else. */
static inline bool hd_siblings_parse(const char *text, enum hd_siblings *ret)
{
	if (strcmp(text, "bind") == 0)
		*ret = HD_SIBLINGS_BIND;
	else if (strcmp(text, "refuse") == 0)
		*ret = HD_SIBLINGS_REFUSE;
	else
		return false;
	return true;
}

#endif
