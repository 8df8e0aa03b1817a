/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_BLOCK_LAYER_H
#define HD_LIB_GUARD_BLOCK_LAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/print.h"
#include "lib/host/host.h"

/* A layer that stands on nothing but the PCI function. */
#define HD_BOTTOM ((size_t)-1)

/* What a layer is. */
enum hd_layer_kind {
	HD_LAYER_DISK, /* a block device */
	HD_LAYER_POOL, /* a ZFS pool */
};

/* One of what stands on the block devices of a PCI function. */
struct hd_layer {
	enum hd_layer_kind kind;
	char *name; /* the kernel's: "dm-3"; of a pool the pool's; owned */
	char *label; /* for people: "LVM vg0/home"; owned */
	char *mapped; /* its name in /dev/mapper, or NULL; owned */
	char *udev; /* what udev's database says of it, or NULL; owned */
	size_t below; /* the layer that it stands on, or HD_BOTTOM */
	unsigned major, minor;
};

/*
 * Reads number, names and udev's entry of a block device whose name is filled;
 * a label that is filled stays. Returns 0, and in *@gone whether this machine
 * has none; or a negative errno with a sentence in @err.
 */
int hd_layer_describe(const struct hd_host *host, struct hd_layer *layer,
		      bool *gone, struct hd_err *err);

/* "259:1", and nothing else. */
bool hd_layer_parse_number(const char *text, unsigned *ret_major,
			   unsigned *ret_minor);

/* A path that stands for a block device. */
struct hd_source {
	const char *path; /* not owned */
	bool is_node; /* it is a block device, with this number */
	unsigned major, minor;
	char *last; /* in a copy, where a link leads to, or NULL; owned */
};

#define HD_AUTO_SOURCE __attribute__((cleanup(hd_source_clear)))

/*
 * Finds out for which device @path stands. This machine is asked for the number
 * of the node; only where there is no such node do names count, as they do in a
 * copy, which has no nodes. Returns 0 or a negative errno with a sentence in
 * @err.
 */
int hd_source_read(const struct hd_host *host, const char *path,
		   struct hd_source *ret, struct hd_err *err);

/* Whether the layer is that device. */
bool hd_source_is(const struct hd_source *source, const struct hd_layer *layer);

void hd_source_clear(struct hd_source *source);

/*
 * The ZFS pool that the device belongs to, as udev knows; *@ret is owned by the
 * caller and NULL when there is none. Returns 0 or -ENOMEM.
 */
int hd_layer_zfs_pool(const struct hd_layer *layer, char **ret);

/*
 * Reads udev's entry of a block device (/run/udev/data/bMAJOR:MINOR), with a
 * newline before each line: "\nS:disk/by-uuid/..." is a link,
 * "\nE:ID_FS_TYPE=..." a property. *@ret is owned by the caller, NULL where
 * there is no such entry. Returns 0 or a negative errno with a sentence in
 * @err.
 */
int hd_udev_read(const struct hd_host *host, unsigned major_number,
		 unsigned minor_number, char **ret, struct hd_err *err);

/*
 * What follows @start on the first line of an entry that starts with it, such
 * as "E:ID_FS_TYPE=". *@ret is owned by the caller, NULL when there is none.
 * Returns 0 or -ENOMEM.
 */
int hd_udev_value(const char *udev, const char *start, char **ret);

void hd_layer_clear(struct hd_layer *layer);

#endif
