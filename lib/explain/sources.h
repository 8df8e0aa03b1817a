/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_SOURCES_H
#define HD_SOURCES_H

#include "lib/explain/explain.h"
#include "lib/host/host.h"

/* Which logs of a host were read, and which could not be. */
struct hd_sources {
	char **read; /* "the kernel's log", "/var/log/..."; owned */
	size_t n_read;
	char **unread; /* sentences: which one, and why; owned */
	size_t n_unread;
};

#define HD_AUTO_SOURCES __attribute__((cleanup(hd_sources_clear)))

/*
 * Feeds the logs of a host: the kernel's, QEMU's for @domain, or NULL for the
 * guest that wrote last, and that of libvirt's daemon. Of a copied tree these
 * are the journal and files below var/log; of this machine also /dev/kmsg.
 *
 * @since  seconds after 1970; 0: of QEMU's log the last start, of others what
 *         was written since this machine was booted
 *
 * What isn't there or can't be read is no error, but noted in @ret. Returns 0
 * or -ENOMEM.
 */
int hd_sources_feed(struct hd_explain *explain, const struct hd_host *host,
		    const char *domain, int64_t since, struct hd_sources *ret);

void hd_sources_clear(struct hd_sources *sources);

#endif
