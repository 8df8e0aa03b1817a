/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_NET_NETROOT_H
#define HD_LIB_GUARD_NET_NETROOT_H

#include "lib/guard/finders.h"

/* A server that has / or /usr of this host. */
struct hd_server {
	const char *protocol; /* "NFS", "iSCSI", "NBD", "NVMe"; static */
	const char *target; /* "/" or "/usr"; static */
	char *address; /* "" when it isn't known; owned */
};

struct hd_servers {
	struct hd_server *items;
	size_t n;
};

#define HD_AUTO_SERVERS __attribute__((cleanup(hd_servers_clear)))

/*
 * Finds them: NFS and the like by the mount's option "addr"; iSCSI and NVMe by
 * the session or controller of the disk that / is on in the end; NBD, of which
 * the kernel tells no address, by its command line. libmount is loaded only
 * where the kernel has one of these.
 *
 * Returns 0 or a negative errno with a sentence.
 */
int hd_servers_find(struct hd_guard *guard, struct hd_servers *ret);

void hd_servers_clear(struct hd_servers *servers);

#endif
