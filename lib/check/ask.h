/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_ASK_H
#define HD_LIB_CHECK_ASK_H

#include <stddef.h>

#include "lib/base/finding.h"
#include "lib/host/holders.h"
#include "lib/host/host.h"
#include "lib/host/names.h"
#include "lib/host/nodes.h"
#include "lib/request/config.h"
#include "lib/state/state.h"

/* What whoever asks about devices works with: made with HD_ASK_INIT(). */
struct hd_ask {
	const struct hd_host *host;
	struct hd_config config; /* owned */
	struct hd_names *names; /* may be NULL */
	struct hd_findings *findings; /* what there is to say */
	struct hd_err *err; /* why it failed */
	struct hd_state state; /* opened when it is wanted */
};

#define HD_ASK_INIT(host_, names_, findings_, err_)                            \
	{                                                                      \
		.host = (host_),                                               \
		.config = HD_CONFIG_INIT,                                      \
		.names = (names_),                                             \
		.findings = (findings_),                                       \
		.err = (err_),                                                 \
		.state = HD_STATE_INIT,                                        \
	}
#define HD_AUTO_ASK __attribute__((cleanup(hd_ask_end)))

/* Closes the state, and frees the configuration. */
void hd_ask_end(struct hd_ask *ask);

/*
 * Finds who holds devices, see hd_holders_find(), in place of what @ret held.
 * That only root can know is a finding. Returns 0 or a negative errno.
 */
int hd_ask_find_holders(const struct hd_ask *ask,
			const struct hd_device *devices, size_t n,
			const struct hd_nodes *nodes, struct hd_holders *ret);

/*
 * Says what could not be looked at, for who goes on all the same:
 * hd_check() says it by itself. Returns 0 or a negative errno.
 */
int hd_ask_say_unknown(const struct hd_ask *ask,
		       const struct hd_holders *holders);

#endif
