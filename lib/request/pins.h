/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_PINS_H
#define HD_LIB_REQUEST_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/host/identity.h"

/* What a domain has written down of the device that it means by an address. */
struct hd_pin {
	struct hd_addr addr;
	struct hd_identity identity;
	unsigned line; /* where in the XML, from 1 */
};

/* What is at a pin's address now, and where the pinned device may be. */
struct hd_pin_match {
	const struct hd_pin *pin;
	bool present; /* there is a device at the address */
	enum hd_identity_match match; /* of that one */
	const char *what; /* that differs; static, or NULL */
	/*
	 * Of the other devices of the host: those that have the pinned identity
	 * for sure or, when none has, those that nothing tells from it but
	 * their place.
	 */
	size_t n_elsewhere;
	struct hd_addr elsewhere; /* the first of them */
	bool sure; /* they have it for sure */
};

struct hd_pin_matches {
	struct hd_pin_match *items; /* in the order of the pins */
	size_t n;
	struct hd_index by_addr; /* of the pins' addresses, where in @items */
};

#define HD_PIN_MATCHES_INIT { NULL, 0, HD_INDEX_INIT }

#define HD_AUTO_PIN_MATCHES __attribute__((cleanup(hd_pin_matches_clear)))

/*
 * Compares pinned devices with what is there. The rest of the host is looked at
 * only for those that are not what was pinned, or that only their place tells
 * from others.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_pins_compare(const struct hd_host *host, const struct hd_pin *pins,
		    size_t n, struct hd_pin_matches *ret, struct hd_err *err);

/* Where the pinned device is: at its address, or the only place that it can be.
 * False when it is nowhere, or it can't be told where. */
bool hd_pin_match_place(const struct hd_pin_match *pinned, struct hd_addr *ret);

void hd_pin_matches_clear(struct hd_pin_matches *pin_matches);

#endif
