/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_EXIT_H
#define HD_TOOLS_CLI_EXIT_H

#include <stdbool.h>

#include "lib/base/err.h"

struct hd_verb;

/*
 * The exit codes of every verb. What stands in hd_exits of them is what --help
 * and the manual page say.
 */
enum hd_exit {
	HD_EXIT_FINE,
	HD_EXIT_FAILED, /* or refused */
	HD_EXIT_USAGE, /* or what was put in */
	HD_EXIT_UNKNOWN, /* what the answer hangs on couldn't be read */
	HD_EXIT_UNREACHABLE, /* libvirt doesn't answer */
	HD_N_EXITS,
};

/* What each of them means, as part of a sentence. */
extern const char *const hd_exits[HD_N_EXITS];

/* Whether a verb can end with it; NULL is any verb. */
bool hd_exit_is_of(const struct hd_verb *verb, enum hd_exit exit);

/*
 * What a verb that failed because of @err ends with: HD_EXIT_FAILED, or what
 * the errno tells beyond that. A verb that only tells how something is can't
 * tell it when reading failed.
 */
enum hd_exit hd_exit_of_err(const struct hd_verb *verb,
			    const struct hd_err *err);

#endif
