/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_RUN_H
#define HD_RUN_H

#include "lib/finding.h"
#include "lib/host.h"
#include "lib/plan.h"

enum hd_run_mode {
	HD_RUN_STOP, /* at the first step that fails */
	HD_RUN_ON, /* past it: give back as much as can be */
};

/*
 * Does the steps of a plan, each verified by reading back: the kernel reports
 * success for a write to driver_override, bind or unbind that changed nothing.
 * The first failure of each device is added to @findings with the id
 * "step-failed".
 *
 * Returns the number of steps that failed.
 */
unsigned hd_plan_run(const struct hd_host *host, const struct hd_plan *plan,
		     enum hd_run_mode mode, struct hd_findings *findings);

#endif
