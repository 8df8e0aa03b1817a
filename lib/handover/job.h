/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_JOB_H
#define HD_LIB_HANDOVER_JOB_H

#include "lib/check/ask.h"
#include "lib/host/holders.h"
#include "lib/rebind/plan.h"
#include "lib/rebind/run.h"
#include "lib/state/claims.h"
#include "lib/state/lock.h"

/*
 * What binding or releasing works with, from its first step to its last: made
 * with HD_JOB_INIT(), for one call of hd_prepare(), hd_release() and the like,
 * which open the state and lock. They return 0; HD_REFUSED, with an error among
 * the findings; or a negative errno with a sentence in the error.
 */
struct hd_job {
	struct hd_ask ask;
	struct hd_locks locks;
	struct hd_holders holders; /* of the devices, before they are changed */
};

#define HD_JOB_INIT(host, names, findings, err)                                \
	{ HD_ASK_INIT((host), (names), (findings), (err)), HD_LOCKS_INIT,      \
	  HD_HOLDERS_INIT }
#define HD_AUTO_JOB __attribute__((cleanup(hd_job_end)))

/* Closes the state, releases the locks and frees. */
void hd_job_end(struct hd_job *job);

/*
 * Says that the claim could not be written, as the error has it, where that
 * stops nobody: a device is given back first of all. Returns 0 or -ENOMEM.
 */
int hd_job_note_unwritten(struct hd_job *job);

/*
 * Does the steps of a plan for a claim, stage by stage, see hd_run_finish().
 * The claim is saved with the workers of a stage before they begin, or with
 * HD_RUN_ON it is a warning that it can't be; afterwards it holds those that
 * the kernel didn't let go.
 *
 * Returns the number of devices (or the host) that failed, with findings; or a
 * negative errno with a sentence in @err.
 */
int hd_job_run(struct hd_job *job, struct hd_claim *claim,
	       const struct hd_plan *plan, enum hd_run_mode mode);

#endif
