/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_NET_RTNL_H
#define HD_LIB_GUARD_NET_RTNL_H

#include "lib/guard/net/routes.h"

/* What the kernel tells by netlink; what it is told, rebind/link.h does. */

/*
 * Asks the kernel for default routes and for the ways to addresses, and calls
 * @take for each; how it is done is said with hd_routes_read(). Blocks as long
 * as the kernel's network lock is held.
 *
 * Returns 0, or a negative errno: -EUNATCH when there is a route of which the
 * kernel doesn't tell the interface.
 */
int hd_rtnl_read(const char *const *addresses, size_t n,
		 void (*take)(void *data, const struct hd_route *route),
		 void *data);

#endif
