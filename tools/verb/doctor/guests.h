/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_DOCTOR_GUESTS_H
#define HD_TOOLS_VERB_DOCTOR_GUESTS_H

#include "lib/doctor/doctor.h"

/* Which devices the guests that libvirt has defined ask for. */
struct hd_guests {
	struct hd_guest_use *uses;
	size_t n;
	char **texts; /* what the uses point to; owned */
	size_t n_texts;
	char *unread; /* why they, or some, aren't known, or NULL; owned */
};

#define HD_AUTO_GUESTS __attribute__((cleanup(hd_guests_clear)))

/*
 * Reads the files in which libvirt keeps its guests, without asking its daemon.
 * One that can't be read or understood is left out, and told in @ret->unread.
 * Returns 0 or -ENOMEM.
 */
int hd_guests_read(const struct hd_host *host, struct hd_guests *ret,
		   struct hd_err *err);

void hd_guests_clear(struct hd_guests *guests);

#endif
