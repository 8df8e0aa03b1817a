/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_HOLDERS_H
#define HD_LIB_HOST_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/host/device.h"
#include "lib/host/host.h"
#include "lib/host/nodes.h"

/* What a process holds of a device. */
enum hd_hold {
	HD_HOLD_CHAR, /* a character device of its driver, open */
	HD_HOLD_BLOCK, /* a block device, open */
	HD_HOLD_VFIO, /* its group or its VFIO device, open */
	HD_HOLD_RESOURCE, /* its memory through sysfs, open or mapped */
};

struct hd_holder {
	struct hd_addr addr;
	enum hd_hold hold;
	bool writes; /* it is open for writing */
	size_t others; /* more processes that hold it so, which aren't named */
	pid_t pid;
	char command[16]; /* as in proc_pid_comm(5), cut by the kernel */
	char path[128]; /* what is open, cut */
};

struct hd_holders {
	struct hd_holder *items;
	size_t n;
	/*
	 * The first thing that could not be looked at, as half a sentence, and
	 * what helps: others may hold the devices, too. Owned; NULL when all
	 * was seen.
	 */
	char *unknown, *remedy;
	bool slight; /* nobody is refused for it, see hd_holders_find() */
	bool contained; /* only a container's processes are shown */
};

#define HD_HOLDERS_INIT { NULL, 0, NULL, NULL, false, false }
#define HD_AUTO_HOLDERS __attribute__((cleanup(hd_holders_clear)))

/*
 * Finds the processes that hold devices: that have one of @nodes open, or the
 * VFIO group of a device, or its memory ("resource0", ... in its folder in
 * sysfs), wherever in the file system they found it. A file is known by its
 * device and inode numbers, never by its name, which anybody can have, and one
 * that is open with O_PATH doesn't count (open(2)). A process of its own does
 * the looking, since /proc can block; it is given up after @seconds. With a
 * process that doesn't let it get on for three of them it goes on after that
 * one.
 *
 * No user can hide another one's processes, nor keep devices from guests that
 * he may not open himself. Nothing asks the server of a file system of his
 * (FUSE): the attributes that the kernel has will do, and the kind of a file
 * system is read from the list of mounts. Each user but root has a share of
 * what is looked at, see HD_HOLDERS_SHARE. And what isn't known is @slight, so
 * that it is said but refuses nothing,
 *
 * - when it is in a process whose user can open no device that taking would
 *   block, or lose data on: he has too much open, or files that can't be read;
 * - when it is what a process maps, since memory that is mapped doesn't block,
 *   and anybody can have the kernel wait with the lock of his mappings;
 * - when a security module denies it, which it would do at each start.
 *
 * @devices, @n  the devices that @nodes belong to
 *
 * Returns 0, also when it was given up or couldn't read everything: see
 * @unknown in hd_holders; -EPERM when we may not see what others have open,
 * -ENOTSUP for a copied tree, which has no processes, both without a sentence;
 * another negative errno with a sentence in @err.
 */
int hd_holders_find(const struct hd_host *host, const struct hd_device *devices,
		    size_t n, const struct hd_nodes *nodes, unsigned seconds,
		    struct hd_holders *ret, struct hd_err *err);

/*
 * What would come of taking the device from its driver @driver while it is
 * held: half a sentence when the kernel would block or something break, NULL
 * when whoever holds it only loses it.
 */
const char *hd_holder_harm(const struct hd_holder *holder, const char *driver);

/*
 * Whether a process that is not known could block or lose something for good
 * when the device is taken from its driver.
 */
bool hd_holders_could_harm(const struct hd_device *device,
			   const struct hd_nodes *nodes);

/*
 * "process 812 (dd) has /dev/nvme0n1 open and process 900 ...": who holds the
 * device, where @harmful says which of them; NULL when nobody does or memory
 * runs out. The caller frees it. @driver as above.
 */
char *hd_holders_text(const struct hd_holders *holders, struct hd_addr addr,
		      const char *driver, bool harmful);

/* The first of them, or NULL. */
const struct hd_holder *hd_holders_first(const struct hd_holders *holders,
					 struct hd_addr addr,
					 const char *driver, bool harmful);

void hd_holders_clear(struct hd_holders *holders);

#endif
