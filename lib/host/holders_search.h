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
/* Of each sort so many are kept, for who has to know each. */
#define HD_HOLDERS_KEPT 64

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

/* What could not be looked at. */
struct hd_holder_blank {
	enum {
		HD_BLANK_NOTHING,
		HD_BLANK_PROCESSES,
		HD_BLANK_PROCESS,
		HD_BLANK_FILES,
		HD_BLANK_MAPS,
		HD_BLANK_MANY, /* a user has more than his share */
	} what;
	int error; /* a negative errno; -ETIMEDOUT: there was no answer */
	pid_t pid; /* whose, 0 for all */
	uid_t user; /* who started it; 0 also when that isn't known */
	char command[sizeof(((struct hd_holder *)NULL)->command)];
};

/* What a user's processes have cost: of a user namespace they count together,
 * for who made it, since he has as many users in it as he likes. */
struct hd_holder_account {
	uint64_t user;
	unsigned long n;
};

/*
 * The first of so many things that are looked at are anybody's, as many as a
 * host has on which nobody is up to something. Then each user but root has a
 * share: a thing takes some 3 us to look at, and anybody can have millions.
 */
#define HD_HOLDERS_FREE 100000
#define HD_HOLDERS_SHARE 200000
#define HD_HOLDERS_USERS 64 /* the ones that come later share the last */

/* So long nothing has to happen until a worker is said to be stuck, in ms. */
#define HD_HOLDERS_PATIENCE 3000

/*
 * How far the search is: in memory that the worker has in common with its
 * maker, since it may have to be ended, and another one goes on.
 */
struct hd_holder_progress {
	/* Open files can be looked at without waiting for anybody, whereas who
	 * holds a process's lock on its mappings decides how long they take:
	 * so they come last. */
	enum hd_holder_stage {
		HD_STAGE_FILES,
		HD_STAGE_MAPS,
		HD_N_STAGES
	} stage;
	pid_t pid; /* that is being looked at */
	volatile unsigned long n_things; /* that were looked at */
	struct hd_holder_blank grave, slight; /* the first of each */
	bool denied; /* the slight one is that we may not see it */
	bool partial; /* not all processes are shown to us */
	unsigned long n_seen, n_denied; /* processes */
	struct hd_holder_account accounts[HD_HOLDERS_USERS];
	size_t n_accounts;
};

/* What the worker says: who holds a device, and that it is at its end. */
struct hd_holder_report {
	bool end;
	struct hd_holder holder;
};

struct hd_holder_search {
	const struct hd_host *host;
	const struct hd_device *devices;
	size_t n_devices;
	const struct hd_holder_targets *targets;
	struct hd_holder_found *found; /* of each device HD_N_HOLDS */
	struct hd_holder_progress *progress;
	bool resumed; /* the one before didn't get on with progress->pid */
	bool contained; /* we are in a user or process namespace */
	int out_fd;
	/* The process that is being looked at: */
	int proc_fd; /* its folder */
	struct hd_holder_account *account; /* NULL: not looked up, or root's */
	bool has_account; /* it was looked up */
	bool is_denied, is_many;
};

/*
 * Looks through all processes but @maker, from where @search->progress is, and
 * writes a struct hd_holder_report for each find to @search->out_fd, then one
 * that is the end. It may block for ever: for a process of its own, which it
 * ends when nobody listens.
 */
void hd_holders_look(struct hd_holder_search *search, pid_t maker);

/* Whether taking the device from its driver, which may be NULL, blocks or loses
 * something for good while it is held so. */
bool hd_hold_harms_for_good(enum hd_hold hold, const char *driver);

#endif
