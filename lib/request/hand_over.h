/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_HAND_OVER_H
#define HD_LIB_REQUEST_HAND_OVER_H

#include <stdbool.h>

struct hd_request;

/* Whether the host's screen is to be taken down for the guest, and brought back
 * after it. */
enum hd_hand_over {
	HD_HAND_OVER_UNSAID,
	HD_HAND_OVER_NO,
	HD_HAND_OVER_YES,
};

/* What hd_unit_pattern_fits() takes, as the end of a sentence. */
#define HD_UNIT_PATTERNS                                                       \
	"units that end in .service, .scope, .slice or *, such as "            \
	"nvidia-persistenced.service or docker-*"

/*
 * Whether this can name units of systemd that may be stopped for a hand-over
 * when they hold the card: an id, or a pattern of ids, see hd_glob(). The
 * display manager may be stopped anyway.
 *
 * It has what a unit's name may have (VALID_CHARS of systemd's
 * basic/unit-name.c, 255 bytes), and "*" and "?". Who holds a card is a
 * process, and processes are in services, scopes and slices: what ends
 * otherwise fits none of them, so it was meant to be something else.
 */
bool hd_unit_pattern_fits(const char *text);

/* Reads "yes" or "no"; false for anything else. */
bool hd_hand_over_parse(const char *text, enum hd_hand_over *ret);

/* Whether this request hands screens over: as it says, or as the host's policy
 * says of those that say nothing. */
bool hd_hands_over(const struct hd_request *request);

/* Whether the request or the host's policy lets this unit be stopped for it. */
bool hd_may_stop(const struct hd_request *request, const char *unit);

#endif
