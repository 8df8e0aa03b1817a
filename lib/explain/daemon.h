/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_DAEMON_H
#define HD_DAEMON_H

#include "lib/explain/explain.h"

/*
 * Feeds what libvirt's daemons wrote to the journal of this machine since
 * @since, seconds after 1970; at most its last ten thousand entries. Returns 0,
 * -ENOENT without a journal, or another negative errno.
 */
int hd_daemon_log_feed(struct hd_explain *explain, int64_t since);

#endif
