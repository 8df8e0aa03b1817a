/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_LOOKUP_H
#define HD_LIB_CHECK_LOOKUP_H

#include "lib/base/index.h"
#include "lib/check/situation.h"
#include "lib/request/request.h"

/* A device that a claim has. It owns nothing. */
struct hd_taken {
	const struct hd_claim *claim;
	const struct hd_claim_device *device;
};

/*
 * What the rules look for of a device or a group, in the arrays of a request
 * and its situation: written down once, for all devices. Made with
 * HD_LOOKUP_INIT.
 */
struct hd_lookup {
	/* By address. */
	struct hd_index assigns; /* in the request */
	struct hd_index allows; /* in the request */
	struct hd_index uses; /* in critical_uses */
	struct hd_index holders; /* in holders */
	/* What claims have; of others' both are places in @taken. */
	struct hd_index own; /* of whoever asks */
	struct hd_index others; /* of anybody else */
	struct hd_index abandoned; /* of nobody */
	/* By group. */
	struct hd_index own_groups;
	struct hd_index other_groups; /* of guests, not by hand */
	struct hd_taken *taken; /* owned */
	size_t n_taken;
};

#define HD_LOOKUP_INIT { .taken = NULL }
#define HD_AUTO_LOOKUP __attribute__((cleanup(hd_lookup_clear)))

/* Returns 0 or -ENOMEM with a sentence. */
int hd_lookup_make(const struct hd_situation *situation,
		   const struct hd_request *request, struct hd_lookup *ret,
		   struct hd_err *err);

/* Whether a claim is of whoever asks. */
bool hd_is_own(const struct hd_claim *claim, const struct hd_request *request);

/* The device that whoever asks has taken before its group could be known, or
 * NULL. */
const struct hd_claim_device *hd_own_late(const struct hd_claims *claims,
					  const struct hd_request *request,
					  struct hd_addr addr);

void hd_lookup_clear(struct hd_lookup *lookup);

#endif
