/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_SITUATION_H
#define HD_LIB_CHECK_SITUATION_H

#include <stdbool.h>

#include "lib/check/ask.h"
#include "lib/check/caller.h"
#include "lib/check/fate.h"
#include "lib/check/screens.h"
#include "lib/guard/guard.h"
#include "lib/host/holders.h"
#include "lib/host/inventory.h"
#include "lib/host/module.h"
#include "lib/host/names.h"
#include "lib/host/nodes.h"
#include "lib/request/request.h"
#include "lib/state/claims.h"

/*
 * All that a decision about a request looks at: what hd_examine() reads, and
 * hd_check() judges.
 */
struct hd_situation {
	struct hd_inventory inventory; /* devices and their groups */
	struct hd_fates fates; /* of its devices */
	struct hd_claims claims; /* of the guests, see hd_claim_prune() */
	struct hd_claims abandoned; /* that stand in nobody's way */
	enum hd_module_state *modules; /* of each assignment's driver */
	bool vfio_node; /* /dev/vfio/vfio is there, or vfio isn't
			 * loaded yet */
	struct hd_nodes nodes; /* of the devices that would be taken */
	struct hd_holders holders; /* of the same */
	struct hd_critical_uses critical_uses; /* of the same */
	struct hd_screens screens; /* of those that are handed over */
	struct hd_caller caller; /* the request's, when it names one */
	struct hd_pin_matches pin_matches; /* the request's pins */
	struct hd_names *names; /* not owned; may be NULL */
};

#define HD_AUTO_SITUATION __attribute__((cleanup(hd_situation_clear)))

/*
 * Reads the devices of a request, their groups and what the guests hold, and
 * checks all of it with hd_check(). Changes nothing. When the state isn't open
 * it is opened for reading, and when only root may do that, this is a
 * finding.
 *
 * Returns 0; HD_REFUSED when an error is among the findings; or a negative
 * errno, and then @ret is as it was.
 */
int hd_examine(struct hd_ask *ask, const struct hd_request *request,
	       struct hd_situation *ret);

/* What becomes of a device of the situation's inventory. */
static inline enum hd_fate hd_fate_of(const struct hd_situation *situation,
				      const struct hd_device *device)
{
	return situation->fates.items[device - situation->inventory.devices];
}

void hd_situation_clear(struct hd_situation *situation);

#endif
