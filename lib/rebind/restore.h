/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_RESTORE_H
#define HD_LIB_REBIND_RESTORE_H

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/attributes.h"
#include "lib/host/host.h"

/*
 * Puts attributes of a device back as they were saved, in their order, each
 * verified by reading back; what is so already isn't written. An interface
 * that came back by another name is called as before, if nobody else is. What
 * can't be put back keeps the rest from nothing. May block for as long as the
 * kernel does.
 *
 * Addresses and routes of an interface aren't put back: whoever manages the
 * host's networks gives them anew to an interface that appears.
 *
 * @patience  seconds to wait for interfaces and disks that aren't there yet
 *
 * Returns 0, or a negative errno with all that is not as it was in @err.
 */
int hd_restore(const struct hd_host *host, struct hd_addr addr,
	       const struct hd_attributes *attributes, unsigned patience,
	       struct hd_err *err);

#endif
