/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_BLOCK_VIRTUAL_H
#define HD_LIB_GUARD_BLOCK_VIRTUAL_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* Where ZFS volumes are, with the pool's name first. */
#define HD_ZVOL "/dev/zvol/"

/* A block device that the kernel doesn't link with what it stands on. */
struct hd_virtual {
	char *name; /* "loop0"; owned */
	char *backing; /* the path of a file or a device; owned */
};

struct hd_virtuals {
	struct hd_virtual *items;
	size_t n;
};

#define HD_AUTO_VIRTUALS __attribute__((cleanup(hd_virtuals_clear)))

/*
 * Finds loop devices and zram disks with something behind them (sysfs'
 * loop/backing_file, backing_dev), and ZFS volumes, whose backing is
 * HD_ZVOL "POOL/..." as udev knows it.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_virtuals_read(const struct hd_host *host, struct hd_virtuals *ret,
		     struct hd_err *err);

void hd_virtuals_clear(struct hd_virtuals *virtuals);

#endif
