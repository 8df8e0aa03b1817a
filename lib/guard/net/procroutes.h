/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_NET_PROCROUTES_H
#define HD_LIB_GUARD_NET_PROCROUTES_H

#include "lib/guard/net/routes.h"

/*
 * hd_routes_read() for a copied tree, from /proc/net/route and
 * /proc/net/ipv6_route (ipv6_route_seq_show() in the kernel). Only a kernel
 * with ipv6.disable=1 lacks the latter. Returns 0 or a negative errno with a
 * sentence in @err.
 */
int hd_proc_routes_read(const struct hd_host *host,
			const char *const *addresses, size_t n,
			struct hd_routes *routes, struct hd_err *err);

#endif
