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

/* A file that is no claim that could be used: a person has to settle it. */
struct hd_unsettled {
	char uuid[HD_UUID_SIZE];
	bool aside; /* it was set aside, see hd_claim_set_aside() */
	bool foreign; /* another version of virt-hostdev wrote it */
	char *message, *fix; /* why, and what settles it; owned */
	struct hd_claim left; /* see hd_claim_salvage() */
};

/* Whether all that it holds is left of it. */
static inline bool
hd_unsettled_is_complete(const struct hd_unsettled *unsettled)
{
	return !unsettled->foreign && unsettled->left.complete;
}

struct hd_claims {
	struct hd_claim *items;
	size_t n;
	struct hd_unsettled *unsettled;
	size_t n_unsettled;
};

#define HD_CLAIMS_INIT { NULL, 0, NULL, 0 }
#define HD_AUTO_CLAIMS __attribute__((cleanup(hd_claims_clear)))

/*
 * Loads the claim of a domain. -ENOENT without a sentence when it has none;
 * -EBADMSG when it is damaged, -EPROTONOSUPPORT when another version of
 * virt-hostdev wrote it, and then it stays as it is: see hd_claims_load().
 *
 * A whole claim that was set aside, as virt-hostdev did before claims had sums
 * with all that it couldn't read, is the domain's, and gets its place back
 * unless the state is only open to read.
 */
int hd_claim_load(const struct hd_state *state, const char *uuid,
		  struct hd_claim *ret, struct hd_err *err);

/* The same, but of a damaged one what is left, see hd_claim_salvage(). */
int hd_claim_load_left(const struct hd_state *state, const char *uuid,
		       struct hd_claim *ret, struct hd_err *err);

/*
 * Writes a claim so that either the old or the new one is there, whole. While
 * its phase is HD_STARTING, room is kept with it for what giving its devices
 * back will write: /run may be full by then.
 */
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
 * Keeps a damaged claim, of which all is given back that could be told, for a
 * person to settle, under the name UUID.damaged: its domain may get another
 * one. Nothing is done when there is none.
 */
int hd_claim_set_aside(const struct hd_state *state, const char *uuid,
		       struct hd_err *err);

/* Forgets what a person has settled. */
int hd_unsettled_forget(const struct hd_state *state,
			const struct hd_unsettled *unsettled,
			struct hd_err *err);

/*
 * Loads every claim. Those that are to be settled are a warning each in
 * @findings, said once. Fails when any of them can't be read.
 */
int hd_claims_load(const struct hd_state *state, struct hd_claims *ret,
		   struct hd_findings *findings, struct hd_err *err);

/* The unsettled claim of a domain, or NULL: the one that has its place first.
 */
struct hd_unsettled *hd_claims_find_unsettled(const struct hd_claims *claims,
					      const char *uuid);

/*
 * Removes what somebody who was killed had begun to write of a claim that never
 * came to be. Whoever writes one just now writes it again.
 */
void hd_claims_tidy(const struct hd_state *state);

/* Whether there is any claim or the beginning of one, or it can't be known. */
bool hd_claims_exist(const struct hd_host *host);

void hd_claims_clear(struct hd_claims *claims);

#endif
