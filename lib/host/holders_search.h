/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_HOLDERS_SEARCH_H
#define HD_LIB_HOST_HOLDERS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/host/holders.h"

/* Between lib/host/holders*.c: what is looked for, and what the process that
 * looks says. */

/* Of each sort no more than these are kept, and named in a sentence. */
#define HD_HOLDERS_NAMED 3

/* In how many ways a device is held. */
#define HD_N_HOLDS (HD_HOLD_RESOURCE + 1)

/*
 * What is looked for: a file, by what the kernel takes it for. The name that
 * somebody opened it by says nothing: whoever has a mount namespace of his own
 * makes any.
 */
struct hd_holder_target {
	size_t device; /* its index */
	enum hd_hold hold;
	mode_t type; /* S_IFCHR, S_IFBLK: the numbers are what it stands for;
		      * S_IFREG: they are of its file system, and @ino counts */
	unsigned major, minor;
	uint64_t ino;
	bool sysfs; /* other network namespaces have it in another sysfs, with
		     * the same inode numbers */
};

struct hd_holder_targets {
	struct hd_holder_target *items;
	size_t n;
};

/* What one process was found to have of a device, in one way. */
struct hd_holder_found {
	bool any, writes;
	char path[sizeof(((struct hd_holder *)NULL)->path)];
};

/* What could not be read. */
struct hd_holder_blank {
	enum {
		HD_BLANK_NOTHING,
		HD_BLANK_PROCESSES,
		HD_BLANK_PROCESS,
		HD_BLANK_FILES,
		HD_BLANK_MAPS,
	} what;
	int error; /* a negative errno */
	pid_t pid; /* whose, 0 for all */
	char command[sizeof(((struct hd_holder *)NULL)->command)];
};

/* What the worker says: who holds a device, and in the end what it missed. */
struct hd_holder_report {
	bool end;
	struct hd_holder holder;
	struct hd_holder_blank blank; /* the first thing */
	bool denied, most_denied; /* we may not see what others have open */
};

struct hd_holder_search {
	const struct hd_device *devices;
	size_t n_devices;
	const struct hd_holder_targets *targets;
	struct hd_holder_found *found; /* of each device HD_N_HOLDS */
	bool contained; /* we are in a user namespace */
	int out_fd;
	struct hd_holder_blank blank, denied; /* the first of each */
	size_t n_seen, n_denied; /* processes */
	/* The process that is being looked at: */
	int proc_fd; /* its folder */
	pid_t pid;
	bool is_denied;
};

/*
 * Looks through all processes but @maker, and writes a struct hd_holder_report
 * for each find to @search->out_fd, then one that is the end. It may block for
 * ever: for a process of its own, which it ends when nobody listens.
 */
void hd_holders_look(const struct hd_host *host,
		     struct hd_holder_search *search, pid_t maker);

#endif
