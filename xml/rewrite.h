/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_REWRITE_H
#define HD_REWRITE_H

#include <stddef.h>

#include "lib/err.h"
#include "lib/pins.h"

/*
 * Each of these makes a new text of a domain's, in which only what it is about
 * is other than before. *@ret is owned by the caller, and NULL when nothing
 * would change. Returns 0 or a negative errno with a sentence in @err.
 */

/*
 * Puts the addresses where the pinned devices are in the place of those where
 * they were: of what asks for them, and of the pins. A device that is nowhere,
 * or of which it can't be told where, is an error that names it.
 */
int hd_rewrite_follow_pins(const char *text, size_t length,
			   const struct hd_pinneds *pinneds, char **ret,
			   size_t *ret_length, struct hd_err *err);

/*
 * Puts @pins into the domain's metadata: each in the place of the one that it
 * has for the address, or as a new one.
 */
int hd_rewrite_pin(const char *text, size_t length, const struct hd_pin *pins,
		   size_t n, char **ret, size_t *ret_length,
		   struct hd_err *err);

/* Removes the pins of these addresses; with @n 0 all of them. */
int hd_rewrite_unpin(const char *text, size_t length,
		     const struct hd_addr *addrs, size_t n, char **ret,
		     size_t *ret_length, struct hd_err *err);

#endif
