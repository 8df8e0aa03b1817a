/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_CALL_H
#define FK_CALL_H

/*
 * System calls that reach the kernel: every write to a file of sysfs, and the
 * reads that take a device's lock. They are numbered, may be made to fail, and
 * may have to wait; none of them ever waits for another device's.
 */
#include <stdint.h>

#include "tests/fakekernel/kernel.h"

/*
 * Faults. Where they meet, the last one that was given decides, but vanish and
 * delay always happen.
 */
enum fk_fault_kind {
	FK_FAULT_NONE,
	FK_FAULT_ERRNO, /* fails with @value, does nothing */
	FK_FAULT_IGNORE, /* reports success, does nothing */
	FK_FAULT_BLOCK, /* waits until unblock; a signal ends it: EINTR */
	FK_FAULT_HANG, /* the same, but no signal ends it, not even SIGKILL */
	FK_FAULT_KILL_BEFORE, /* SIGKILL for the caller, does nothing */
	FK_FAULT_KILL_AFTER, /* does it, then SIGKILL for the caller */
	FK_FAULT_VANISH, /* the device @addr is pulled out just before */
	FK_FAULT_DELAY, /* takes @value milliseconds */
};

/* Who is killed. A leader is a process that a test has started. */
enum fk_victim { FK_CALLER, FK_LEADER, FK_BOTH };

struct fk_fault {
	struct fk_fault *next;
	unsigned long number; /* of the write, counted from 1 */
	bool onwards; /* and all writes after it */
	enum fk_fault_kind kind;
	int value;
	enum fk_victim victim;
	char addr[FK_ADDR_SIZE];
};

/* Why a call isn't answered yet. */
enum fk_wait {
	FK_GO,
	FK_BLOCKED,
	FK_HUNG,
	FK_DELAYED,
	FK_IN_USE, /* a guest has the device open */
};

struct fk_call {
	struct fk_call *next;
	void *request; /* the mount's */
	struct fk_node *node;
	pid_t pid;
	char *text; /* what is written; NULL for a read */
	size_t size; /* of the text, or asked for */
	off_t offset; /* of a read */
	bool interrupted; /* a signal is pending for the caller */

	unsigned long number; /* of a write */
	char *path;
	struct fk_device *device; /* whose lock it takes */
	struct fk_fault fault; /* what was decided for it */
	bool judged;
	enum fk_wait wait;
	int64_t until; /* end of a delay */
};

/* Takes over the call, answers it now or later through k->reply. */
void fk_call_start(struct fk_kernel *k, struct fk_call *call);

/* Goes on with what waits, as far as it can. */
void fk_calls_wake(struct fk_kernel *k);

/* Milliseconds until the next delay ends, -1 without any. */
int fk_calls_timeout(const struct fk_kernel *k);

/*
 * Ends what is blocked or hangs: it goes on, or fails with @error if that isn't
 * 0.
 */
void fk_calls_unblock(struct fk_kernel *k, int error);

/* Answers all that waits with ENODEV. */
void fk_calls_abandon(struct fk_kernel *k);

/* Prints a line for each call that waits. */
void fk_calls_print(const struct fk_kernel *k, FILE *out);

void fk_fault_add(struct fk_kernel *k, const struct fk_fault *fault);
void fk_faults_clear(struct fk_kernel *k);

/* victim.c: kills the caller, the leader among its ancestors, or both. */
void fk_kill(const struct fk_kernel *k, pid_t caller, enum fk_victim victim);
bool fk_is_victim(const struct fk_kernel *k, pid_t caller,
		  enum fk_victim victim);
void fk_leader_add(struct fk_kernel *k, pid_t pid);

#endif
