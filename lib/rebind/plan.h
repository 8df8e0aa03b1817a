/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_PLAN_H
#define HD_LIB_REBIND_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/display/screen.h"
#include "lib/host/addr.h"
#include "lib/host/attributes.h"
#include "lib/host/device.h"

/* What can be done to the host. Each row of the table in step.c does one. */
enum hd_step_kind {
	HD_STEP_LOAD, /* load the module of VFIO driver @to */
	HD_STEP_OVERRIDE, /* change driver_override from @from to @to */
	HD_STEP_UNBIND, /* take the device from driver @from */
	HD_STEP_BIND, /* give the device to driver @to */
	HD_STEP_RESTORE, /* put @attributes back, see restore.h */
	/* Of the host's screen, see lib/display/screen.h. */
	HD_STEP_STOP, /* stop @from, a unit of systemd */
	HD_STEP_START, /* start @to */
	HD_STEP_LET_GO, /* wait until no process of the host has the device */
	HD_STEP_VT_OFF, /* take the virtual consoles from the driver @from */
	HD_STEP_VT_ON, /* give them back to @to */
	HD_STEP_FB_OFF, /* take the firmware's frame buffer @from from its
			 * driver @value */
	HD_STEP_FB_ON, /* give @to back to it */
	HD_STEP_UNLOAD, /* unload module @from */
	HD_STEP_RELOAD, /* load module @to */
	HD_STEP_SET, /* set parameter @to of a module to @value */
	HD_STEP_SCREEN, /* wait for the screen at connector @to of the device */
	HD_N_STEPS,
};

/*
 * A part of a plan that must be over before the next one begins. Within one,
 * devices are worked on at the same time, and what is the host's in its order.
 */
enum hd_stage {
	HD_STAGE_LOAD, /* modules that the rest needs */
	HD_STAGE_OVERRIDE, /* of a card whose screen is taken down: from now on
			    * nobody else gets it */
	HD_STAGE_SCREEN_OFF, /* the host's screens */
	HD_STAGE_FUNCTIONS, /* what else is on such a card: sound and USB hold
			     * it awake, and i915 waits for the sound */
	HD_STAGE_DEVICES, /* all the rest */
	HD_STAGE_SCREEN_ON,
	HD_N_STAGES,
};

/* One change of the host. */
struct hd_step {
	enum hd_step_kind kind;
	enum hd_stage stage;
	struct hd_addr addr; /* see hd_step_has_addr() */
	char *from; /* NULL for none; owned */
	char *to; /* NULL for none; owned */
	char *value; /* NULL for none; owned */
	const struct hd_attributes *attributes; /* not owned; NULL for none */
	unsigned patience; /* seconds for what comes back late */
	unsigned seconds; /* that it may take by itself, beside what the kernel
			   * may take for any step */
};

/* Steps in the order in which they are to be done. */
struct hd_plan {
	struct hd_step *steps;
	size_t n_steps;
};

#define HD_AUTO_PLAN __attribute__((cleanup(hd_plan_clear)))

/* "load", "override", "vt-off": stable, in JSON. */
const char *hd_step_name(enum hd_step_kind kind);

/* Whether the step changes a device, at the same time as others are changed,
 * and not the host as a whole. */
bool hd_step_has_device(const struct hd_step *step);

/* Whether @addr means something: it is of a device, or waits for one. */
bool hd_step_has_addr(const struct hd_step *step);

/*
 * The step that undoes one, with @from and @to of the same step swapped, which
 * it borrows. False when there is none: a module that was loaded for VFIO
 * stays, what was put back is as it had been, and who waited changed nothing.
 * Nor is there one for a scope of systemd's, a session that ended for good.
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

/*
 * Plans what comes before a card that the host shows something on is taken.
 * First whoever uses it ends: the units and sessions of @screen...
 *
 * @seconds  how long each of these steps may take, but for units
 *
 * Each returns 0 or -ENOMEM.
 */
int hd_plan_end_users(struct hd_plan *plan, const struct hd_screen *screen,
		      struct hd_err *err);

/* ... then it is waited for that no process has the device... */
int hd_plan_let_go(struct hd_plan *plan, struct hd_addr addr, unsigned seconds,
		   struct hd_err *err);

/* ... and then all that is the kernel's own lets go of it. */
int hd_plan_take_down(struct hd_plan *plan, const struct hd_screen *screen,
		      unsigned seconds, struct hd_err *err);

/*
 * Plans the inverses, for when the card is back: of hd_plan_take_down(), and
 * that the screen is there again...
 *
 * What is so already each step leaves alone, so it may be planned from wherever
 * the way down ended. Returns 0 or -ENOMEM.
 */
int hd_plan_bring_up(struct hd_plan *plan, struct hd_addr card,
		     const struct hd_screen *screen, unsigned seconds,
		     struct hd_err *err);

/* ... and of hd_plan_end_users(): last of all, they look for it when they
 * start. */
int hd_plan_start_users(struct hd_plan *plan, const struct hd_screen *screen,
			struct hd_err *err);

/* Brings the steps into the order of their stages, and else leaves it. */
void hd_plan_sort(struct hd_plan *plan);

/* Seconds that a unit may take to stop or to start: systemd's own default is
 * 90 (systemd-system.conf(5)), and then it ends it by force. */
#define HD_UNIT_SECONDS 120

/* Takes off the steps after the first @n. */
void hd_plan_cut(struct hd_plan *plan, size_t n);

void hd_plan_clear(struct hd_plan *plan);

#endif
