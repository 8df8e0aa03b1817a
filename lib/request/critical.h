/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_CRITICAL_H
#define HD_LIB_REQUEST_CRITICAL_H

#include <stdbool.h>

#include "lib/host/addr.h"

/* What the host would lose with a device. */
enum hd_critical {
	HD_CRITICAL_MOUNT, /* a mounted file system */
	HD_CRITICAL_SWAP,
	HD_CRITICAL_FSTAB, /* a file system or swap of /etc/fstab that isn't
			    * in use now, but at the next boot */
	HD_CRITICAL_RESUME, /* what the kernel hibernates to */
	HD_CRITICAL_DEFAULT_ROUTE,
	HD_CRITICAL_SSH, /* the session of whoever calls us */
	HD_CRITICAL_NETWORK_ROOT, /* / or /usr by NFS, iSCSI, NBD, NVMe */
	HD_CRITICAL_DISPLAY, /* no other shows the console */
	HD_CRITICAL_KEYBOARD, /* there is no other */
	HD_CRITICAL_CHIPSET, /* a part of the machine itself */
	HD_CRITICAL_REGION, /* memory that the firmware uses with it */
};

/*
 * "mount", "default-route": stable, in domains and on the command line. NULL
 * past the last one.
 */
const char *hd_critical_name(enum hd_critical critical);

/* Reads such a name; false for anything else. */
bool hd_critical_parse(const char *text, enum hd_critical *ret);

/* What somebody allows to be lost, of one device. */
struct hd_allow {
	struct hd_addr addr;
	enum hd_critical critical;
	unsigned line; /* where in the domain's XML, from 1; 0: a person says
			* so, by hand */
};

#endif
