/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_GROUPS_H
#define HD_LIB_HANDOVER_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/handover/job.h"
#include "lib/request/request.h"
#include "lib/state/claim.h"

/* IOMMU groups that are to be locked together; HD_NO_GROUP stands for all
 * devices that have none. */
struct hd_groups {
	int *numbers;
	size_t n;
};

#define HD_AUTO_GROUPS __attribute__((cleanup(hd_groups_clear)))

bool hd_groups_have(const struct hd_groups *groups, int number);

/* Adds the groups of devices, if they are there. */
int hd_groups_of_device(struct hd_job *job, struct hd_addr addr,
			struct hd_groups *ret);

int hd_groups_of_devices(struct hd_job *job, struct hd_addrs addrs,
			 struct hd_groups *ret);

/* Adds the groups of the devices that are asked for, as far as they are there.
 */
int hd_groups_of_request(struct hd_job *job, const struct hd_request *request,
			 struct hd_groups *ret);

/*
 * Adds the groups of the devices that are held; for those that are on their way
 * also of what their guest holds. The state is open.
 */
int hd_groups_of_claim(struct hd_job *job, const struct hd_claim *claim,
		       struct hd_groups *ret);

void hd_groups_clear(struct hd_groups *groups);

/*
 * Adds the groups that something needs. What it finds on the way goes to @data,
 * in place of what an earlier call left there. Returns 0 or a negative errno.
 */
typedef int (*hd_groups_fn)(struct hd_job *job, void *data,
			    struct hd_groups *ret);

/*
 * The one way to lock. Locks the groups that @find names and calls it again:
 * while we waited, somebody else may have bound or released what it found, or
 * what is needed has become more; then once more, until what is locked is
 * enough. What @find left in @data is so under the locks. The state is open,
 * the job holds no locks yet.
 *
 * Returns 0; what @find returned; -ETIMEDOUT when another one holds a group for
 * too long. Without success no lock is held.
 */
int hd_job_lock(struct hd_job *job, hd_groups_fn find, void *data);

#endif
