/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_RELEASE_PLAN_H
#define HD_LIB_HANDOVER_RELEASE_PLAN_H

#include <stdbool.h>

#include "lib/handover/job.h"
#include "lib/rebind/plan.h"
#include "lib/state/claim.h"

/*
 * Plans the way back of what a claim holds, newest first, each device from
 * wherever it is now. One that would block who takes it from its VFIO driver,
 * because the kernel is still at work on it or a process holds it, is waited
 * for, and left out when that does not end within the host's time for a step,
 * as is one that can't be read: an error among the findings, and *@ret_all is
 * false. One that is gone, or whose place another device has taken, is a
 * warning, and so is a search for who holds them that failed.
 *
 * Returns 0 or a negative errno.
 */
int hd_release_plan(struct hd_job *job, const struct hd_claim *claim,
		    struct hd_plan *ret, bool *ret_all);

#endif
