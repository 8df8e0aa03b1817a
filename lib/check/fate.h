/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_FATE_H
#define HD_LIB_CHECK_FATE_H

#include "lib/base/index.h"
#include "lib/host/inventory.h"
#include "lib/request/request.h"

/* What becomes of a device when a request is granted. */
enum hd_fate {
	HD_STAYS,
	HD_IS_ASSIGNED, /* the guest gets it */
	/*
	 * The hook takes it along to vfio-pci when one of its group goes to the
	 * guest, and the domain's policy says so: it is on a driver that would
	 * keep the group from being viable, and vfio-pci can take it.
	 */
	HD_GOES_ALONG,
};

/* Of each device of an inventory; made with HD_FATES_INIT. */
struct hd_fates {
	enum hd_fate *items; /* owned */
	/*
	 * By group, those that whoever asks for another member has to look at:
	 * that go along, or would have to, or that the kernel doesn't answer
	 * for.
	 */
	struct hd_index mates;
};

#define HD_FATES_INIT { NULL, HD_INDEX_INIT }

/*
 * Decides it for all devices, once, in place of what @ret held. What goes along
 * depends on hd_device_read_overrides(): before that, more may seem to.
 *
 * Returns 0 or -ENOMEM with a sentence.
 */
int hd_fates_find(const struct hd_inventory *inventory,
		  const struct hd_request *request, struct hd_fates *ret,
		  struct hd_err *err);

/* Whether the hook could take a sibling along at all. */
bool hd_fate_can_go_along(const struct hd_device *device);

void hd_fates_clear(struct hd_fates *fates);

#endif
