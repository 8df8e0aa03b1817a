/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_NET_ROUTES_H
#define HD_LIB_GUARD_NET_ROUTES_H

#include <net/if.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* The route to everything that no other route leads to. */
#define HD_ROUTE_DEFAULT ((size_t)-1)

/* A way out of the host. */
struct hd_route {
	size_t to; /* which of the addresses, or HD_ROUTE_DEFAULT */
	int family; /* AF_INET, AF_INET6 */
	char interface[IF_NAMESIZE];
};

struct hd_routes {
	struct hd_route *items;
	size_t n;
};

#define HD_AUTO_ROUTES __attribute__((cleanup(hd_routes_clear)))

/*
 * Reads all default routes, of each interface once, and by which interface each
 * of @addresses is reached; an address of this host counts as reached by the
 * interface that it is of. What is no IP address is left out, and so is what no
 * route leads to.
 *
 * This machine is asked by rtnetlink, in a process of its own that is given up
 * after @seconds: whoever hangs with the kernel's network lock would make us
 * hang too. Of a copied tree /proc/net/route and ipv6_route are read, in which
 * no IPv4 table but the main one is, and no address of the host.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_routes_read(const struct hd_host *host, const char *const *addresses,
		   size_t n, unsigned seconds, struct hd_routes *ret,
		   struct hd_err *err);

void hd_routes_clear(struct hd_routes *routes);

#endif
