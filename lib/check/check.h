/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_CHECK_H
#define HD_CHECK_H

#include "lib/base/finding.h"
#include "lib/check/situation.h"
#include "lib/request/request.h"

/*
 * Whether every device of the request can be given to the guest, by the rules
 * of lib/check/rules.c: says all that stands against it as findings, and
 * changes nothing.
 *
 * Returns 0; HD_REFUSED when an error is among @findings; or -ENOMEM with @err
 * filled.
 */
int hd_check(const struct hd_situation *situation,
	     const struct hd_request *request, struct hd_findings *findings,
	     struct hd_err *err);

/* Whether the device would be taken from the host: asked for, or a sibling. */
bool hd_check_binds(const struct hd_request *request,
		    const struct hd_device *device);

/*
 * Whether the hook takes a device along to vfio-pci, when one of its group goes
 * to the guest and the domain's policy says so: it is on a driver that would
 * keep the group from being viable, and vfio-pci can take it.
 */
bool hd_check_binds_sibling(const struct hd_request *request,
			    const struct hd_device *device);

#endif
