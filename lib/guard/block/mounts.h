/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_GUARD_BLOCK_MOUNTS_H
#define HD_LIB_GUARD_BLOCK_MOUNTS_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* The only place that knows libmount and libblkid. */

/* Something that is mounted, swapped to, or is to be. */
struct hd_mount {
	char *source; /* a path, a server's; a tag as the path of its link in
		       * /dev/disk; "" when there is none; owned */
	char *target; /* "" for swap; owned */
	char *type; /* of the file system; of swap "partition", "file" in the
		     * kernel's table; owned */
	char *options; /* the file system's, or fstab's; owned */
	unsigned major, minor; /* of what is mounted, 0 is no block device */
	char *btrfs; /* see hd_btrfs_read(), or NULL; owned */
};

struct hd_mounts {
	struct hd_mount *items;
	size_t n;
};

#define HD_AUTO_MOUNTS __attribute__((cleanup(hd_mounts_clear)))
#define HD_NO_MOUNT ((size_t)-1)

/*
 * Adds what the host's first process sees mounted (/proc/1/mountinfo, see
 * proc_pid_mountinfo(5)). Where that can't be read (who isn't root may not), or
 * a copy lacks it, it fails, but has added what we see.
 *
 * Returns 0 or a negative errno with a sentence in @err: also for a line that
 * makes no sense, since it could be any.
 */
int hd_mounts_read(const struct hd_host *host, struct hd_mounts *mounts,
		   struct hd_err *err);

/*
 * The same for what is swapped to, from /proc/swaps, which a kernel without
 * swap lacks.
 */
int hd_mounts_read_swaps(const struct hd_host *host, struct hd_mounts *mounts,
			 struct hd_err *err);

/*
 * The same for /etc/fstab, which a host may lack; a line that makes no sense is
 * left out, as mount(8) does.
 */
int hd_mounts_read_fstab(const struct hd_host *host, struct hd_mounts *mounts,
			 struct hd_err *err);

/*
 * The path of a device that fstab or the kernel's command line names: udev's
 * link for "UUID=", "LABEL=", "PARTUUID=" and "PARTLABEL=", else @spec itself.
 * No disk is asked for its tags: it may not answer. Returns 0 with *@ret owned
 * by the caller, or a negative errno with a sentence in @err.
 */
int hd_mounts_device(const char *spec, char **ret, struct hd_err *err);

/*
 * The value of one of a mount's options ("addr", "noauto"), "" for one without
 * a value. *@ret is owned by the caller, NULL when the option isn't there.
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_mounts_option(const struct hd_mount *mount, const char *option,
		     char **ret, struct hd_err *err);

/*
 * The mount that a file lies on, by the longest target that leads to it; the
 * newest of several. HD_NO_MOUNT when there is none.
 */
size_t hd_mounts_containing(const struct hd_mounts *mounts, const char *path);

void hd_mounts_clear(struct hd_mounts *mounts);

#endif
