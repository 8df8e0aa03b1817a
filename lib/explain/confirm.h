/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_CONFIRM_H
#define HD_CONFIRM_H

#include "lib/explain/explain.h"
#include "lib/host/host.h"

enum hd_answer {
	HD_ANSWER_UNKNOWN, /* can't be looked up, or not from here */
	HD_ANSWER_YES, /* the host is as the log says */
	HD_ANSWER_NO, /* now it isn't: it was repaired, or is something else */
};

/*
 * Looks up on the host what a case's entry says can be. Nothing is woken or
 * changed. *@ret is a sentence for free() that says what was seen, and NULL
 * when that is unknown or memory ran out.
 */
enum hd_answer hd_case_confirm(const struct hd_case *item,
			       const struct hd_host *host, char **ret);

#endif
