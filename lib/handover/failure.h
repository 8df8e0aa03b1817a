/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_FAILURE_H
#define HD_LIB_HANDOVER_FAILURE_H

#include "lib/base/finding.h"
#include "lib/host/host.h"

/*
 * When the guest that is released never ran, though prepare had let it: says
 * why, as far as QEMU's log tells, as a warning "start-failed". It is looked
 * for in what libvirt wrote since prepare, at the end of
 * /var/log/libvirt/qemu/NAME.log, as explain does. Called while the claim is
 * there. That the claim or the log can't be read is a warning too; when memory
 * runs out nothing is said.
 *
 * @uuid  of the guest, or "" when it isn't known
 */
void hd_failure_explain(const struct hd_host *host, const char *uuid,
			const char *name, struct hd_findings *findings);

#endif
