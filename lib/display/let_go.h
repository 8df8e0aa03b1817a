/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_LET_GO_H
#define HD_LIB_DISPLAY_LET_GO_H

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/host.h"

/*
 * Waits until no process of the host holds the device any more, but by VFIO;
 * returns at once when none does. Whoever ends is seen to end; for a file that
 * is closed by somebody who goes on it looks again, ever less often.
 *
 * Not knowing counts as being held, unless it refuses nothing elsewhere either,
 * see hd_holders_find().
 *
 * Returns 0; -ETIMEDOUT when somebody still holds it after @seconds, or that
 * can't be told; -ENOENT when there is no such device; another negative errno.
 * All have half a sentence in @err, which says who holds it.
 */
int hd_let_go(const struct hd_host *host, struct hd_addr addr, unsigned seconds,
	      struct hd_err *err);

#endif
