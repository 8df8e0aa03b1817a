/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_BLOCK_STACK_H
#define HD_LIB_GUARD_BLOCK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/guard/block/btrfs.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/block/mounts.h"
#include "lib/guard/block/virtual.h"
#include "lib/host/addr.h"
#include "lib/host/host.h"
#include "lib/host/nodes.h"

/*
 * The layers of one PCI function; each stands on one before it, so that nothing
 * can go in circles.
 */
struct hd_stack {
	struct hd_layer *items;
	size_t n;
};

#define HD_AUTO_STACK __attribute__((cleanup(hd_stack_clear)))
#define HD_NO_LAYER ((size_t)-1)

/* What may stand on any function's block devices. */
struct hd_upon {
	const struct hd_mounts *mounts;
	const struct hd_btrfs *btrfs;
	const struct hd_virtuals *virtuals;
};

/*
 * Finds all that stands on the block devices of @addr: what the kernel lists as
 * "holders" (device mapper, md, bcache, DRBD), partitions, ZFS pools (as udev
 * knows their members), and virtual disks.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_stack_read(const struct hd_host *host, struct hd_addr addr,
		  const struct hd_nodes *nodes, const struct hd_upon *upon,
		  struct hd_stack *ret, struct hd_err *err);

/*
 * The layer that a mount is on, or HD_NO_LAYER when it is none of this
 * function: by the kernel's device number. What has none is known in its own
 * way, or stands on no block device, whatever its source says. Returns 0 or a
 * negative errno with a sentence in @err.
 */
int hd_stack_find_mount(const struct hd_stack *stack,
			const struct hd_host *host, const struct hd_upon *upon,
			const struct hd_mount *mount, size_t *ret,
			struct hd_err *err);

/* The layer with this device number. */
size_t hd_stack_find_number(const struct hd_stack *stack, unsigned major_number,
			    unsigned minor_number);

/*
 * The layer that is the device with this path below /dev, or HD_NO_LAYER.
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_stack_find_device(const struct hd_stack *stack,
			 const struct hd_host *host, const char *path,
			 size_t *ret, struct hd_err *err);

/* The layer of the ZFS pool that "POOL" or "POOL/data/set" is of. */
size_t hd_stack_find_pool(const struct hd_stack *stack, const char *dataset);

/* Writes "nvme0n1p3 → LUKS home → ", up to the layer. */
void hd_stack_write(const struct hd_stack *stack, size_t layer, FILE *file);

void hd_stack_clear(struct hd_stack *stack);

#endif
