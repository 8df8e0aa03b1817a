/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_SDJOURNAL_H
#define HD_SDJOURNAL_H

#include "lib/explain/explain.h"
#include "lib/host/host.h"

/*
 * Feeds what libvirt's daemons wrote to systemd's journal since @since, seconds
 * after 1970; of a copied tree also what its kernel did, which of this machine
 * has a better source. These are at most the last ten thousand entries. Returns
 * 0, -ENOENT without a journal, or another negative errno.
 */
int hd_sdjournal_feed(struct hd_explain *explain, const struct hd_host *host,
		      int64_t since);

#endif
