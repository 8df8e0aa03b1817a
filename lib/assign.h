/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_ASSIGN_H
#define HD_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"

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

/* What a domain lets us do beyond what it asks for. */
struct hd_policy {
	bool bind_siblings; /* take group members from the host's drivers */
};

/* Who asks, and for what. It owns nothing. */
struct hd_request {
	const char *domain; /* the domain's name */
	const char *uuid; /* in canonical form; "" when not known */
	const struct hd_assign *assigns;
	size_t n_assigns;
	struct hd_policy policy;
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

#endif
