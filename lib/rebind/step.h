/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_STEP_H
#define HD_LIB_REBIND_STEP_H

#include "lib/base/err.h"
#include "lib/host/host.h"
#include "lib/rebind/plan.h"

/*
 * Does one step and verifies it by reading back: the kernel reports success for
 * a write to driver_override, bind or unbind that changed nothing, or to the
 * "bind" of a virtual console. May block for as long as the kernel does.
 */
int hd_step_run(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err);

/* "0000:01:00.0 can't be bound to driver vfio-pci": what a failure begins with.
 */
char *hd_step_failure(const struct hd_step *step);

/* What finishes it, or where to look, for a person; freed by the caller, NULL
 * when memory runs out. */
char *hd_step_remedy(const struct hd_step *step);

/* Whether all is with whom it should be, though the step failed. */
bool hd_step_is_minor(const struct hd_step *step);

#endif
