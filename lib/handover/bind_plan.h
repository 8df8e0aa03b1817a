/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_BIND_PLAN_H
#define HD_LIB_HANDOVER_BIND_PLAN_H

#include "lib/check/situation.h"
#include "lib/rebind/plan.h"
#include "lib/request/request.h"
#include "lib/state/claim.h"

/*
 * Decides how the devices of a request are taken, when hd_examine() has found
 * nothing against it: what is to be written down, and the steps. Reads and
 * changes nothing of the host.
 *
 * @untouched  nobody has taken them yet, so what they are now is what the host
 *             will want back
 * @seconds    how long a step of the host's screen may take by itself
 * @claim      what the domain holds already; each new device is added to it,
 *             as it is now
 * @plan       the steps are added to it: the drivers to load, what the host
 *             shows on the devices, then device by device in the order of the
 *             request
 *
 * A device that libvirt binds itself (managed) is written down, but there is
 * no step for it. Siblings that go along (HD_GOES_ALONG) are taken and written
 * down like the device.
 *
 * Returns 0 or -ENOMEM.
 */
int hd_bind_plan(const struct hd_request *request,
		 const struct hd_situation *situation, bool untouched,
		 unsigned seconds, struct hd_claim *claim, struct hd_plan *plan,
		 struct hd_err *err);

/*
 * Adds a warning "setting-unread" for each device of which something that is
 * saved could not be read, so that it will not be put back. Returns 0 or
 * -ENOMEM.
 */
int hd_bind_warn(const struct hd_claim *claim, struct hd_findings *findings,
		 struct hd_err *err);

#endif
