/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_HANDOVER_H
#define HD_HANDOVER_H

#include "lib/assign.h"
#include "lib/finding.h"
#include "lib/host.h"
#include "lib/names.h"

/*
 * Before libvirt touches the devices: checks the request, writes the claim,
 * and takes from the host every device that libvirt won't take itself. All or
 * nothing: when @findings hold an error afterwards, what had been done has
 * been undone; what could not be undone is a finding, and stays in the claim.
 *
 * Returns 0 or a negative errno with a sentence in @err; both kinds of trouble
 * mean that the guest must not start.
 */
int hd_prepare(const struct hd_host *host, const struct hd_request *request,
	       struct hd_names *names, struct hd_findings *findings,
	       struct hd_err *err);

/*
 * When libvirt has chosen and bound the devices of network pools: checks those
 * of the request that the claim doesn't hold yet and adds them to it. Trouble
 * is reported as by hd_prepare().
 */
int hd_adopt(const struct hd_host *host, const struct hd_request *request,
	     struct hd_names *names, struct hd_findings *findings,
	     struct hd_err *err);

#endif
