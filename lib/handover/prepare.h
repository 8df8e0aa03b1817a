/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_PREPARE_H
#define HD_LIB_HANDOVER_PREPARE_H

#include "lib/handover/job.h"
#include "lib/request/request.h"
#include "lib/state/claim.h"

/*
 * Before libvirt touches the devices: checks the request, writes the claim,
 * and takes from the host every device that libvirt won't take itself. All or
 * nothing: when it is refused, what had been done has been undone; what could
 * not be undone is a finding, and stays in the claim. The guest may start only
 * when 0 is returned.
 */
int hd_prepare(struct hd_job *job, const struct hd_request *request);

/*
 * The same into @claim, which the caller has begun and which holds nothing yet.
 * When it is that of devices on their way to a running guest, what the guest
 * holds already stays as it is.
 */
int hd_prepare_into(struct hd_job *job, const struct hd_request *request,
		    struct hd_claim *claim);

/*
 * When libvirt has chosen and bound the devices of network pools: checks those
 * of the request that the claim doesn't hold yet and adds them to it. The guest
 * may start only when 0 is returned.
 */
int hd_start(struct hd_job *job, const struct hd_request *request);

#endif
