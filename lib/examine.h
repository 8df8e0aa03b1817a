/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_EXAMINE_H
#define HD_EXAMINE_H

#include "lib/assign.h"
#include "lib/check.h"
#include "lib/claim.h"
#include "lib/finding.h"
#include "lib/host.h"
#include "lib/inventory.h"
#include "lib/names.h"
#include "lib/state.h"

/* What hd_examine() read to come to its findings. */
struct hd_situation {
	struct hd_inventory inventory;
	struct hd_claims claims; /* pruned, see hd_claim_prune() */
	enum hd_module_state *modules; /* of each assignment's driver */
};

#define HD_AUTO_SITUATION __attribute__((cleanup(hd_situation_clear)))

/*
 * Reads the devices of a request, their groups and what the guests hold, and
 * checks all of it with hd_check(). Changes nothing. @state is what the caller
 * holds open; with NULL it is opened for reading, and when only root may do
 * that, this is a finding. @names may be NULL.
 *
 * Returns 0, whatever was found, or a negative errno with a sentence in @err.
 */
int hd_examine(const struct hd_host *host, const struct hd_state *state,
	       const struct hd_request *request, struct hd_names *names,
	       struct hd_situation *ret, struct hd_findings *findings,
	       struct hd_err *err);

void hd_situation_clear(struct hd_situation *situation);

#endif
