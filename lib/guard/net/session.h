/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_NET_SESSION_H
#define HD_LIB_GUARD_NET_SESSION_H

#include "lib/base/err.h"
#include "lib/host/host.h"

/* The two ends of who has called us by SSH, "" when nobody has. */
struct hd_session {
	char peer[64], local[64];
};

/*
 * Finds it by SSH_CONNECTION (see ssh(1)). sudo(8) drops that: then by the
 * connection of the server that is an ancestor of ours, of several the first
 * one on the way from init. A copied tree has no session.
 *
 * Returns 0; or a negative errno with a sentence in @err, when there is such an
 * ancestor whose connection can't be known.
 */
int hd_session_find(const struct hd_host *host, struct hd_session *ret,
		    struct hd_err *err);

#endif
