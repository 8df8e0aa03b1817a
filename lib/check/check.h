/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_CHECK_H
#define HD_CHECK_H

#include "lib/base/finding.h"
#include "lib/check/situation.h"
#include "lib/request/request.h"

/*
 * Whether every device of the request can be given to the guest, by the rules
 * of lib/check/rules.c: says all that stands against it as findings, and
 * changes nothing. The situation's fates are those of this request.
 *
 * Returns 0; HD_REFUSED when an error is among @findings; or -ENOMEM with @err
 * filled.
 */
int hd_check(const struct hd_situation *situation,
	     const struct hd_request *request, struct hd_findings *findings,
	     struct hd_err *err);

#endif
