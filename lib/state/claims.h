/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_CLAIMS_H
#define HD_LIB_STATE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/finding.h"
#include "lib/host/host.h"
#include "lib/state/claim.h"
#include "lib/state/state.h"

/* The claims that are written down, a file each in the state's folder. */

struct hd_claims {
	struct hd_claim *items;
	size_t n;
};

#define HD_AUTO_CLAIMS __attribute__((cleanup(hd_claims_clear)))

/*
 * Loads the claim of a domain. -ENOENT without a sentence when it has none. A
 * damaged one gives -EBADMSG and, unless the state is only open to read, is
 * set aside under the name UUID.damaged.
 */
int hd_claim_load(const struct hd_state *state, const char *uuid,
		  struct hd_claim *ret, struct hd_err *err);

/* Writes a claim so that either the old or the new one is there, whole. */
int hd_claim_save(const struct hd_state *state, const struct hd_claim *claim,
		  struct hd_err *err);

/*
 * Forgets a claim, and what a hook that was killed had begun to write of it.
 * One that isn't there is success.
 */
int hd_claim_remove(const struct hd_state *state, const char *uuid,
		    struct hd_err *err);

/* Saves a claim, or forgets one that holds nothing any more. */
int hd_claim_save_rest(const struct hd_state *state,
		       const struct hd_claim *claim, struct hd_err *err);

/*
 * Loads every claim. A damaged one is left out, treated as hd_claim_load()
 * says, and reported as a warning in @findings.
 */
int hd_claims_load(const struct hd_state *state, struct hd_claims *ret,
		   struct hd_findings *findings, struct hd_err *err);

/*
 * Removes what somebody who was killed had begun to write of a claim that never
 * came to be. Whoever writes one just now writes it again.
 */
void hd_claims_tidy(const struct hd_state *state);

/* Whether there is any claim or the beginning of one, or it can't be known. */
bool hd_claims_exist(const struct hd_host *host);

void hd_claims_clear(struct hd_claims *claims);

#endif
