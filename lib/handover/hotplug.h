/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_HOTPLUG_H
#define HD_LIB_HANDOVER_HOTPLUG_H

#include <stddef.h>

#include "lib/base/uuid.h"
#include "lib/handover/job.h"
#include "lib/host/addr.h"
#include "lib/request/request.h"
#include "lib/state/claim.h"

/*
 * Devices that go to a running guest, or come from it. libvirt runs no hook for
 * them (qemu_hotplug.c has no virHookCall()), so whoever asks libvirt for it
 * begins before and ends after. In between no lock is held, and the devices are
 * in a claim of their own, "on their way": when its maker dies, the next hook
 * that needs them or hd_recover() ends it, see hotplug_end.h.
 *
 * A group has one owner, so what goes back to the host is always all of it:
 * while the guest has one device of a group, the others of the group that it
 * gave up, or that were taken along, stay on vfio and in its claim.
 */

/*
 * Takes the devices of a request from the host, all or none, as hd_prepare()
 * does; the request is that of the guest, for these devices only, and nothing
 * in it is managed.
 *
 * @ret  the claim's UUID, for hd_hotplug_end(); only when there was no trouble
 */
int hd_attach_begin(struct hd_job *job, const struct hd_request *request,
		    char ret[HD_UUID_SIZE]);

/*
 * Picks out of what a guest holds all that can go back to the host when it
 * gives up @leaving and keeps @staying.
 *
 * @guest  the guest's UUID
 * @ret    the claim's UUID; "" when there is nothing to give back
 */
int hd_detach_begin(struct hd_job *job, const char *guest,
		    struct hd_addrs leaving, struct hd_addrs staying,
		    char ret[HD_UUID_SIZE]);

#endif
