/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_RULES_H
#define HD_LIB_CHECK_RULES_H

#include <stdbool.h>

#include "lib/base/finding.h"
#include "lib/request/critical.h"

struct hd_rule_context;

/*
 * All that may be found, in the order in which it is looked for: of a device,
 * the first that refuses it is the last that is looked for.
 */
enum hd_rule_id {
	HD_RULE_CLAIM_ABANDONED,
	HD_RULE_CRITICAL_ALLOWED,
	HD_RULE_PIN_MISMATCH,
	HD_RULE_PIN_BY_PLACE,
	HD_RULE_PIN_UNUSED,
	HD_RULE_DEVICE_MISSING,
	HD_RULE_DEVICE_KEPT,
	HD_RULE_DEVICE_DEAD,
	HD_RULE_NOT_ENDPOINT,
	HD_RULE_NOT_A_VF,
	HD_RULE_PF_DOWN,
	HD_RULE_NO_IOMMU,
	HD_RULE_NO_GROUP,
	HD_RULE_GROUP_UNKNOWN,
	HD_RULE_DEVICE_LOCKED,
	HD_RULE_PF_HAS_VFS,
	HD_RULE_GROUP_FOREIGN,
	HD_RULE_CLAIMED,
	HD_RULE_GROUP_CLAIMED,
	HD_RULE_CLAIM_UNSETTLED,
	HD_RULE_CLAIMS_UNREADABLE,
	HD_RULE_GROUP_NOT_VIABLE,
	HD_RULE_DRIVER_MISSING,
	HD_RULE_DRIVER_BLACKLISTED,
	HD_RULE_DRIVER_COMMAND,
	HD_RULE_DRIVER_NOT_VFIO,
	HD_RULE_DRIVER_UNKNOWN,
	HD_RULE_VFIO_NODE,
	HD_RULE_CRITICAL_MOUNT,
	HD_RULE_CRITICAL_SWAP,
	HD_RULE_CRITICAL_FSTAB,
	HD_RULE_CRITICAL_RESUME,
	HD_RULE_CRITICAL_DEFAULT_ROUTE,
	HD_RULE_CRITICAL_SSH,
	HD_RULE_CRITICAL_NETWORK_ROOT,
	HD_RULE_CRITICAL_DISPLAY,
	HD_RULE_CRITICAL_KEYBOARD,
	HD_RULE_CRITICAL_CHIPSET,
	HD_RULE_CRITICAL_REGION,
	HD_RULE_ALLOW_UNUSED,
	HD_RULE_HAND_OVER_FORBIDDEN,
	HD_RULE_SCREEN_UNKNOWN,
	HD_RULE_SCREEN_HELD,
	HD_RULE_SCREEN_USER_UNKNOWN,
	HD_RULE_SCREEN_LOST,
	HD_RULE_SCREEN_SHARED,
	HD_RULE_SCREEN_GOES,
	HD_RULE_HAND_OVER_UNUSED,
	HD_RULE_CALLER_ENDS,
	HD_RULE_DEVICE_HELD,
	HD_RULE_INTERFACE_UP,
	HD_RULE_HOLDERS_UNKNOWN,
	HD_N_RULES
};

/* Doctor's row about a rule and those after it, up to the next with a row. */
struct hd_rule_row {
	const char *id; /* NULL: the rule is of the row of the one before it */
	const char *group; /* of rows */
	const char *title;
	const char *source; /* the files that tell, see lib/doctor/row.h */
	const char *fine; /* what there is to say when nothing is found */
	bool warning_fails; /* a warning of check is a failure here: what it
			     * lets through helps no guest */
	bool live; /* a copied tree can't tell */
};

struct hd_rule {
	const char *id; /* of the finding, stable, for programs */
	enum hd_severity severity; /* of the finding, at worst */
	/* Shared by rules that stand together. NULL: it is found while the
	 * situation is read, or by another one. Returns HD_GO_ON, HD_DONE or
	 * -ENOMEM. */
	int (*judge)(struct hd_rule_context *s);
	bool of_request; /* it is judged once, not for each device */
	struct hd_rule_row row;
};

/* By enum hd_rule_id; none is left out. */
extern const struct hd_rule hd_rules[HD_N_RULES];

/* The rule whose findings have this id, or NULL. */
const struct hd_rule *hd_rule_find(const char *id);

/* The rule about a critical use of a kind. */
enum hd_rule_id hd_rule_of_critical(enum hd_critical critical);

#endif
