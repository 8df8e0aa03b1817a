/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_HOTPLUG_END_H
#define HD_LIB_HANDOVER_HOTPLUG_END_H

#include "lib/handover/job.h"
#include "lib/host/addr.h"
#include "lib/state/claim.h"

/*
 * Ends the way of the devices in the claim @uuid: those whose group the guest
 * has a device of go into the guest's claim, the rest, and all of them when
 * the guest is gone, back to the host. What can't be given back is left to
 * hd_recover(): HD_REFUSED.
 *
 * @with_guest  what the guest has now, as libvirt says
 */
int hd_hotplug_end(struct hd_job *job, const char *uuid,
		   struct hd_addrs with_guest);

/*
 * The same when nobody can be asked: while the guest runs, it has what some
 * process holds open. The groups are locked.
 */
int hd_hotplug_end_abandoned(struct hd_job *job, struct hd_claim *moving);

#endif
