/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_RULE_H
#define HD_LIB_CHECK_RULE_H

#include "lib/check/check.h"
#include "lib/check/lookup.h"
#include "lib/check/rules.h"
#include "lib/request/policy.h"

/*
 * Between lib/check/check.c and its rules. What a rule sees: one assignment,
 * its device, and where findings go; of a rule of the request neither, and
 * @index is HD_WHOLE_DOMAIN. It owns nothing but the label.
 */
struct hd_rule_context {
	const struct hd_situation *situation;
	const struct hd_request *request;
	const struct hd_lookup *lookup; /* into the two */
	size_t index;
	const struct hd_assign *assign;
	const struct hd_device *device; /* NULL when it isn't there */
	char *label; /* see hd_label(); owned */
	const char *cannot; /* "can't be given to guest 'g'" */
	struct hd_findings *findings;
	struct hd_err *err;
};

/* The rule after a HD_DONE one would only repeat it in other words. */
enum hd_rule_outcome { HD_GO_ON, HD_DONE };

/*
 * Adds a finding, as severe as its rule; @message and @fix are taken over.
 * Returns HD_DONE after an error, HD_GO_ON, or -ENOMEM.
 */
int hd_report(struct hd_rule_context *s, enum hd_rule_id rule, char *message,
	      char *fix);

/* The same with the setting of the administrator that decided. */
int hd_report_decided(struct hd_rule_context *s, enum hd_rule_id rule,
		      const struct hd_decision *decision, char *message,
		      char *fix);

/* The same as no more than a warning. */
int hd_warn(struct hd_rule_context *s, enum hd_rule_id rule, char *message,
	    char *fix);

/*
 * "0000:01:00.0 (Vendor Device, IOMMU group 5, driver e1000e)"; freed by the
 * caller, NULL when memory runs out.
 */
char *hd_describe(const struct hd_situation *situation,
		  const struct hd_device *device);

/* The subject's device in these words, made when it is first wanted: pci.ids is
 * large. */
const char *hd_label(struct hd_rule_context *s);

/* A command with a guest's name as one word of a shell; freed by the caller. */
char *hd_command_for(const char *command, const char *domain);

/* "ip link set INTERFACE STATE", likewise. */
char *hd_link_command(const char *interface, const char *state);

/* Who can change what a setting forbids; freed by the caller. */
char *hd_administrator_can_change(const struct hd_decision *decision);

/* Whether whoever asks holds the device already. */
bool hd_own_claim_has(const struct hd_rule_context *s, struct hd_addr addr);

/* Whether whoever asks holds a device of the group already. */
bool hd_own_claim_has_group(const struct hd_rule_context *s, int group);

/* The way through the subject's device and what would be taken along with it,
 * in the order of addresses; begun by hd_going(). */
struct hd_going {
	const struct hd_rule_context *s;
	const struct hd_index_item *mates; /* that are to come, see hd_fates */
	size_t n;
	bool self; /* the subject's device is to come */
};

struct hd_going hd_going(const struct hd_rule_context *s);

/* The next one, or NULL. */
const struct hd_device *hd_going_next(struct hd_going *going);

/* See hd_rules. Each returns HD_GO_ON, HD_DONE or -ENOMEM. */
int hd_rule_pinned(struct hd_rule_context *s);
int hd_rule_present(struct hd_rule_context *s);
int hd_rule_kept(struct hd_rule_context *s);
int hd_rule_alive(struct hd_rule_context *s);
int hd_rule_endpoint(struct hd_rule_context *s);
int hd_rule_interface(struct hd_rule_context *s);
int hd_rule_group(struct hd_rule_context *s);
int hd_rule_answers(struct hd_rule_context *s);
int hd_rule_no_vfs(struct hd_rule_context *s);
int hd_rule_foreign_member(struct hd_rule_context *s);
int hd_rule_unclaimed(struct hd_rule_context *s);
int hd_rule_group_unclaimed(struct hd_rule_context *s);
int hd_rule_settled(struct hd_rule_context *s);
int hd_rule_viable(struct hd_rule_context *s);
int hd_rule_driver(struct hd_rule_context *s);
int hd_rule_vfio_node(struct hd_rule_context *s);
int hd_rule_guard(struct hd_rule_context *s);
int hd_rule_screen(struct hd_rule_context *s);
int hd_rule_hand_over_used(struct hd_rule_context *s);
int hd_rule_caller(struct hd_rule_context *s);
int hd_rule_holders(struct hd_rule_context *s);
int hd_rule_pins_used(struct hd_rule_context *s);
int hd_rule_allows_used(struct hd_rule_context *s);

#endif
