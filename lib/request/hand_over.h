/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_HAND_OVER_H
#define HD_LIB_REQUEST_HAND_OVER_H

#include <stdbool.h>
#include <stddef.h>

struct hd_request;

/* Whether the host's screen is to be taken down for the guest, and brought back
 * after it. */
enum hd_hand_over {
	HD_HAND_OVER_UNSAID,
	HD_HAND_OVER_NO,
	HD_HAND_OVER_YES,
};

/*
 * Units of systemd that may be stopped for it, when they hold the card: an id
 * such as "nvidia-persistenced.service", or a pattern of ids, see hd_glob().
 * The display manager may be stopped anyway.
 */
struct hd_stops {
	char **items; /* owned, as each of them */
	size_t n;
};

/* Adds a pattern. Returns 0 or -ENOMEM. */
int hd_stops_add(struct hd_stops *stops, const char *unit);

void hd_stops_clear(struct hd_stops *stops);

/* Reads "yes" or "no"; false for anything else. */
bool hd_hand_over_parse(const char *text, enum hd_hand_over *ret);

/* Whether this request hands screens over: as it says, or as the host's policy
 * says of those that say nothing. */
bool hd_hands_over(const struct hd_request *request);

/* Whether the request or the host's policy lets this unit be stopped for it. */
bool hd_may_stop(const struct hd_request *request, const char *unit);

#endif
