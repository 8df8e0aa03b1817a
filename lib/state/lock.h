/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_LOCK_H
#define HD_LIB_STATE_LOCK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/state/state.h"

/*
 * Locks on IOMMU groups, held while devices of these groups are looked at and
 * rebound. The kernel releases them when the holder dies. Guests whose devices
 * share no group never wait for each other.
 *
 * Whoever comes first is served first. The file of a group is a queue of open
 * file description locks (F_OFD_SETLK in fcntl(2)) on bytes that need not be
 * there: one byte is the door, which somebody has only while he takes the place
 * behind the last one that is taken; and it is the turn of who has nobody
 * before him. So a place has only those before it to wait for, however many
 * come later and however often; who dies or gives up leaves his place, and the
 * others keep theirs. Who has his turn takes the file's flock(2) as well: it is
 * the lock that hooks of older versions know, and what fuser shows.
 */
struct hd_locks {
	int *fds;
	size_t n;
};

#define HD_LOCKS_INIT { NULL, 0 }
#define HD_AUTO_LOCKS __attribute__((cleanup(hd_locks_release)))

/*
 * Takes the lock of every group in @groups, in rising order so that two hooks
 * can't wait for each other; @groups is sorted and freed of duplicates in
 * place. Waits until @deadline at most, in milliseconds of hd_now_ms().
 *
 * Returns 0; -ETIMEDOUT or another negative errno with a sentence in @err and
 * no lock held.
 */
int hd_locks_acquire(const struct hd_state *state, int *groups, size_t n,
		     int64_t deadline, struct hd_locks *ret,
		     struct hd_err *err);

void hd_locks_release(struct hd_locks *locks);

#endif
