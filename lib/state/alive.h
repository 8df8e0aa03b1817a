/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_ALIVE_H
#define HD_LIB_STATE_ALIVE_H

#include <stdbool.h>

#include "lib/host/host.h"
#include "lib/state/claim.h"

/* Whether anybody will see to what a claim holds. */

/* Whether its guest runs, see hd_guest_runs(). */
bool hd_claim_guest_runs(const struct hd_host *host,
			 const struct hd_claim *claim);

/*
 * Whether nobody will give back what a claim holds: its guest doesn't run, and
 * giving back had begun or the daemon that would call release is gone. What was
 * taken by hand is, once that is done, until somebody releases it. The next
 * hook that needs one of its groups undoes such a claim.
 */
bool hd_claim_is_abandoned(const struct hd_host *host,
			   const struct hd_claim *claim);

#endif
