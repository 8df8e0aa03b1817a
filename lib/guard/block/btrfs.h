/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_BLOCK_BTRFS_H
#define HD_LIB_GUARD_BLOCK_BTRFS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/block/mounts.h"
#include "lib/host/host.h"

/* A block device of a btrfs that the kernel has mounted somewhere. */
struct hd_btrfs_device {
	char *uuid; /* of the file system; owned */
	struct hd_layer layer; /* the device */
};

struct hd_btrfs {
	struct hd_btrfs_device *items;
	size_t n;
};

#define HD_AUTO_BTRFS __attribute__((cleanup(hd_btrfs_clear)))

/*
 * Reads all of them from /sys/fs/btrfs, and fills hd_mount.btrfs of @mounts: a
 * btrfs has no number of a block device, and its source is one name of one of
 * its devices, perhaps one that is no more. "" is a mount of which nobody knows
 * what it stands on.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_btrfs_read(const struct hd_host *host, struct hd_mounts *mounts,
		  struct hd_btrfs *ret, struct hd_err *err);

/* The btrfs that the block device with this name is of, or NULL. */
const struct hd_btrfs_device *hd_btrfs_find(const struct hd_btrfs *btrfs,
					    const char *name);

/*
 * Whether a mount may be one of the file system: it is, or nobody knows of
 * which one it is and the file system has no other.
 */
bool hd_btrfs_may_be(const struct hd_btrfs_device *device,
		     const struct hd_mounts *mounts,
		     const struct hd_mount *mount);

void hd_btrfs_clear(struct hd_btrfs *btrfs);

#endif
