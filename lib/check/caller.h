/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_CALLER_H
#define HD_LIB_CHECK_CALLER_H

#include <sys/types.h>

#include "lib/check/ask.h"

struct hd_situation;

/* Whether who asks ends when the host's screen is handed over. Both NULL: no.
 */
struct hd_caller {
	char *ends; /* the unit that is stopped, and ends it; owned */
	char *unknown; /* why that can't be told, half a sentence; owned */
};

#define HD_AUTO_CALLER __attribute__((cleanup(hd_caller_clear)))

/*
 * Looks whether a process, or one that it descends from, as sudo(8) and a
 * terminal, ends with a unit that would be stopped for the screens of the
 * situation. Who is of a user's service manager (user@.service) may end with
 * any session that is stopped.
 *
 * Returns 0, also when it can't be told; or a negative errno with a sentence.
 */
int hd_caller_find(const struct hd_ask *ask,
		   const struct hd_situation *situation, pid_t pid,
		   struct hd_caller *ret);

void hd_caller_clear(struct hd_caller *caller);

#endif
