/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_OUTLIVE_H
#define HD_TOOLS_CLI_OUTLIVE_H

#include "lib/base/err.h"
#include "lib/host/host.h"

/* What hd_outlive() returns to who has only waited; it is no HD_REFUSED. */
#define HD_WAITED 2

/*
 * Goes on in another process, which ends neither with this one, nor with the
 * terminal, nor with the session or service that it was started from: it has a
 * session and a scope of its own, see hd_scope_enter().
 *
 * Returns 0 in that one. This one waits for it, and then gets HD_WAITED and its
 * exit code in *@ret_exit, so that who waits for us sees no difference. Where
 * it can't be done one of them gets a negative errno with a sentence, and the
 * other one HD_WAITED, if there is another one.
 *
 * @scope  the name of a unit that no other one has
 */
int hd_outlive(const struct hd_host *host, const char *scope, int *ret_exit,
	       struct hd_err *err);

/* What is printed from here on and nobody can read any more, as the terminal is
 * gone, is no failure. */
void hd_outlive_output(void);

#endif
