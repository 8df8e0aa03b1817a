/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_CLAIMED_H
#define HD_TOOLS_CLI_CLAIMED_H

#include <stdbool.h>

#include "lib/state/claims.h"
#include "tools/cli/json.h"
#include "tools/tool.h"

/* Who holds what, as every verb that shows it reads and names it. */
struct hd_claimed {
	struct hd_claims claims; /* pruned, see hd_claim_prune(), and each
				  * with its life */
	struct hd_findings findings; /* of those that are to be settled */
	bool unread; /* they can't be read, or not all of them */
};

#define HD_CLAIMED_INIT { HD_CLAIMS_INIT, { NULL, 0 }, false }
#define HD_AUTO_CLAIMED __attribute__((cleanup(hd_claimed_clear)))

/* Reads the claims. Returns 0, or a negative errno with a sentence in @err. */
int hd_claimed_read(const struct hd_tool *tool, struct hd_claimed *ret,
		    struct hd_err *err);

/*
 * The same where they are not all that is asked for: that they can't be read
 * makes them @unread, and a finding. Returns 0 or -ENOMEM.
 */
int hd_claimed_try(const struct hd_tool *tool, struct hd_claimed *ret,
		   struct hd_err *err);

/* Whether it is known of every device who holds it. */
bool hd_claimed_all_known(const struct hd_claimed *claimed);

/* Whether it is known of this one. */
bool hd_claimed_known(const struct hd_claimed *claimed, struct hd_addr addr);

/*
 * The claim that holds a device: a guest's before one by hand, and one that can
 * be used before one that is to be settled, which *@ret_unsettled is then and
 * otherwise NULL. NULL when none is known.
 */
const struct hd_claim *
hd_claimed_find(const struct hd_claimed *claimed, struct hd_addr addr,
		const struct hd_unsettled **ret_unsettled);

/* The claim of a device as domain, uuid and state; null for none. */
json_object *hd_claimed_json(const struct hd_claimed *claimed,
			     struct hd_addr addr);

/* Those that are to be settled. */
json_object *hd_unsettled_json(const struct hd_claimed *claimed);

void hd_claimed_clear(struct hd_claimed *claimed);

#endif
