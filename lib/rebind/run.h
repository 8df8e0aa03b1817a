/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_RUN_H
#define HD_LIB_REBIND_RUN_H

#include <stdbool.h>

#include "lib/base/finding.h"
#include "lib/host/holders.h"
#include "lib/host/host.h"
#include "lib/host/proc.h"
#include "lib/rebind/plan.h"

enum hd_run_mode {
	HD_RUN_STOP, /* a device's first failing step is its last */
	HD_RUN_ON, /* past it: give back as much as can be */
};

/* The steps of one device, or of the host, in the hands of a process, see
 * worker.h. */
struct hd_worker {
	struct hd_process process;
	size_t first; /* the step that it begins with */
	int fd; /* its results come here; -1 when it is done */
	size_t at; /* the step that it is at */
	int64_t deadline; /* of this step, milliseconds of CLOCK_MONOTONIC */
	bool failed; /* one of its steps did */
};

/* One stage of a plan, under way. */
struct hd_run {
	const struct hd_plan *plan;
	struct hd_worker *workers;
	size_t n_workers;
	int go_fd; /* each byte written sets a worker off */
};

#define HD_AUTO_RUN __attribute__((cleanup(hd_run_clear)))

/*
 * Makes the workers of a stage, one for each device and one for the host. They
 * wait, so that they can be written down before the first change. A worker dies
 * with its maker, but for one that the kernel holds.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_run_start(struct hd_run *run, const struct hd_host *host,
		 const struct hd_plan *plan, enum hd_stage stage,
		 enum hd_run_mode mode, struct hd_err *err);

/*
 * Lets the workers work, all at the same time, and collects what came of it.
 * The first failure of each device is added to @findings with the id
 * "step-failed", or as the warning "setting-lost", which is no failure, when
 * only attributes weren't put back; "step-blocked" when a step took longer than
 * @seconds and what it may take by itself, and then its worker is left behind,
 * waiting for the kernel.
 * @holders are named with it: once the kernel is at work, they can't be found
 * any more.
 *
 * However many devices hang, that is waited for once.
 *
 * Returns the number of workers that did not do all their steps; or a negative
 * errno, with a sentence, before any of them was set off.
 */
int hd_run_finish(struct hd_run *run, unsigned seconds,
		  const struct hd_holders *holders,
		  struct hd_findings *findings, struct hd_err *err);

/* Ends workers that have not been set off, and frees. */
void hd_run_clear(struct hd_run *run);

#endif
