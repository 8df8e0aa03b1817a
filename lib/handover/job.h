/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_JOB_H
#define HD_LIB_HANDOVER_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/finding.h"
#include "lib/host/holders.h"
#include "lib/host/host.h"
#include "lib/host/names.h"
#include "lib/rebind/plan.h"
#include "lib/rebind/run.h"
#include "lib/request/config.h"
#include "lib/request/request.h"
#include "lib/state/claim.h"
#include "lib/state/lock.h"
#include "lib/state/state.h"

/*
 * What taking or giving back works with, from its first step to its last: made
 * with HD_JOB_INIT(), for one call of hd_prepare(), hd_release() and the like,
 * which open the state and lock. They return 0 or a negative errno with a
 * sentence in @err; @findings tell what there is to say beside that.
 */
struct hd_job {
	const struct hd_host *host;
	struct hd_config config;
	struct hd_names *names; /* may be NULL */
	struct hd_findings *findings;
	struct hd_err *err;
	struct hd_state state;
	struct hd_locks locks;
	struct hd_holders holders; /* of the devices, before they are changed */
};

#define HD_JOB_INIT(host, names, findings, err)                                \
	{                                                                      \
		(host), HD_CONFIG_INIT, (names), (findings), (err),            \
			HD_STATE_INIT, HD_LOCKS_INIT,                          \
		{                                                              \
			NULL, 0                                                \
		}                                                              \
	}
#define HD_AUTO_JOB __attribute__((cleanup(hd_job_end)))

/* Closes the state, releases the locks and frees. */
void hd_job_end(struct hd_job *job);

/* IOMMU groups that are to be locked together. */
struct hd_groups {
	int *numbers;
	size_t n;
};

#define HD_AUTO_GROUPS __attribute__((cleanup(hd_groups_clear)))

bool hd_groups_have(const struct hd_groups *groups, int number);

/* Adds the groups of devices, if they are there and have one. */
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

/* Locks them for the job, see hd_locks_acquire(). The job holds no locks yet.
 */
int hd_job_lock(struct hd_job *job, struct hd_groups *groups);

/*
 * Finds who holds the devices, into the job; see hd_holders_find(). That it
 * can't be known is a finding. Returns 0 or a negative errno.
 */
int hd_job_find_holders(struct hd_job *job, const struct hd_device *devices,
			size_t n, const struct hd_nodes *nodes);

/*
 * Does the steps of a plan for a claim, see hd_run_finish(): first those of the
 * host, then those of all devices at the same time. The claim is saved with the
 * devices' workers before they begin; afterwards it holds those that the kernel
 * didn't let go.
 *
 * Returns the number of devices (or the host) that failed, with findings; or a
 * negative errno with a sentence in @err.
 */
int hd_job_run(struct hd_job *job, struct hd_claim *claim,
	       const struct hd_plan *plan, enum hd_run_mode mode);

#endif
