/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_PLAN_H
#define HD_LIB_REBIND_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/attributes.h"
#include "lib/host/device.h"

/* What can be done to the host. Each row of the table in step.c does one. */
enum hd_step_kind {
	HD_STEP_LOAD, /* load the module of driver @to */
	HD_STEP_OVERRIDE, /* change driver_override from @from to @to */
	HD_STEP_UNBIND, /* take the device from driver @from */
	HD_STEP_BIND, /* give the device to driver @to */
	HD_STEP_RESTORE, /* put @attributes back, see restore.h */
	HD_N_STEPS,
};

/* One change of the host. */
struct hd_step {
	enum hd_step_kind kind;
	struct hd_addr addr; /* not of HD_STEP_LOAD */
	char *from; /* NULL for none; owned */
	char *to; /* NULL for none; owned */
	const struct hd_attributes *attributes; /* not owned; NULL for none */
	unsigned patience; /* seconds for what comes back late */
};

/* Steps in the order in which they are to be done. */
struct hd_plan {
	struct hd_step *steps;
	size_t n_steps;
};

#define HD_AUTO_PLAN __attribute__((cleanup(hd_plan_clear)))

/* "load", "override", "unbind", "bind" or "restore". */
const char *hd_step_name(enum hd_step_kind kind);

/* Whether the step concerns a device, not the host as a whole. */
bool hd_step_has_device(const struct hd_step *step);

/*
 * The step that undoes one, with @from and @to of the same step swapped, which
 * it borrows. False when there is none: a module that was loaded stays, and
 * what was put back is as it had been.
 */
bool hd_step_inverse(const struct hd_step *step, struct hd_step *ret);

/* Plans to load the module of a driver, once. */
int hd_plan_load(struct hd_plan *plan, const char *driver, struct hd_err *err);

/*
 * Plans to bring a device from the state in @now to driver @driver and
 * driver_override @override, either of which may be NULL for none. Nothing is
 * planned for what is so already: whatever was done before and wherever it
 * stopped, this is the way from there. So the plan that takes a device and the
 * one that gives it back are made by the same rule.
 *
 * While a device changes hands its override names the driver that is to get
 * it, so that no other driver that is loaded in between can.
 *
 * Returns 0 or -ENOMEM.
 */
int hd_plan_move(struct hd_plan *plan, const struct hd_device *now,
		 const char *driver, const char *override, struct hd_err *err);

/*
 * Plans to put attributes back, last of all that is done with the device; what
 * is so already the step leaves alone. @attributes has to outlive the plan; no
 * step when none of them has a value.
 *
 * @patience  seconds that the step may wait for disks and interfaces, which
 *            some drivers find only after they have taken the device
 *
 * Returns 0 or -ENOMEM.
 */
int hd_plan_restore(struct hd_plan *plan, struct hd_addr addr,
		    const struct hd_attributes *attributes, unsigned patience,
		    struct hd_err *err);

/* Takes off the steps after the first @n. */
void hd_plan_cut(struct hd_plan *plan, size_t n);

void hd_plan_clear(struct hd_plan *plan);

#endif
