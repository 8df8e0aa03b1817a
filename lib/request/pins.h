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
struct hd_pinned {
	const struct hd_pin *pin;
	bool present; /* there is a device at the address */
	enum hd_match match; /* of that one */
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

struct hd_pinneds {
	struct hd_pinned *items;
	size_t n;
};

#define HD_AUTO_PINNEDS __attribute__((cleanup(hd_pinneds_clear)))

/*
 * Compares pinned devices with what is there. The rest of the host is looked at
 * only for those that are not what was pinned, or that only their place tells
 * from others.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_pins_compare(const struct hd_host *host, const struct hd_pin *pins,
		    size_t n, struct hd_pinneds *ret, struct hd_err *err);

/* Where the pinned device is: at its address, or the only place that it can be.
 * False when it is nowhere, or it can't be told where. */
bool hd_pinned_place(const struct hd_pinned *pinned, struct hd_addr *ret);

void hd_pinneds_clear(struct hd_pinneds *pinneds);

#endif
