// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/check/check.h"
#include "lib/check/rules.h"
#include "lib/check/situation.h"
#include "lib/state/claims.h"
#include "tests/unit/place.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define NOBODY 65534

/* Rules that no judge has are found while the situation is read. */

static struct hd_device nic = { .addr = { 0, 1, 0, 0 }, .group = HD_NO_GROUP };

/* The state is somebody else's, as it is for who isn't root. */
static int find_unreadable_claims(struct place *place, struct hd_ask *ask)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	const struct hd_request nothing = { .uuid = "",
					    .policy = &ask->config.policy };
	uid_t self = geteuid();
	char path[64];
	int r;

	snprintf(path, sizeof(path), "%s/run/virt-hostdev", place->root);
	assert_int_equal(chmod(place->root, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	if (self == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	r = hd_examine(ask, &nothing, &situation);
	assert_int_equal(seteuid(self), 0);
	assert_int_equal(chmod(path, 0700), 0);
	return r;
}

/* Of a guest that isn't there, prepared by a daemon that isn't either. */
static int find_abandoned_claim(struct place *place, struct hd_ask *ask)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	const struct hd_request nothing = { .uuid = "",
					    .policy = &ask->config.policy };
	struct hd_claim_device device = { .addr = nic.addr };
	const struct hd_claim claim = {
		.uuid = UUID,
		.domain = (char *)"g",
		.since = 1,
		.phase = HD_RETURNING,
		.devices = &device,
		.n_devices = 1,
	};
	int r;

	assert_int_equal(hd_claim_save(&place->store, &claim, NULL), 0);
	place->host.live = true;
	r = hd_examine(ask, &nothing, &situation);
	assert_int_equal(situation.claims.n, 0);
	return r;
}

/* hd_rule_guard() refuses, or says by whose leave it doesn't. */
static int find_allowance(struct place *place, struct hd_ask *ask)
{
	struct hd_device device = { .addr = nic.addr, .group = 1 };
	struct hd_critical_use use = { .addr = nic.addr,
				       .critical = HD_CRITICAL_SSH,
				       .chain = (char *)"eth0" };
	enum hd_module_state module = HD_MODULE_PRESENT;
	HD_AUTO(hd_fates_clear) struct hd_fates fates = HD_FATES_INIT;
	struct hd_situation situation = {
		.inventory = { &device, 1, NULL, 0, true },
		.modules = &module,
		.vfio_node = true,
		.critical_uses = { &use, 1 },
	};
	const struct hd_assign assign = { .addr = nic.addr };
	const struct hd_allow allow = { nic.addr, HD_CRITICAL_SSH, 3 };
	const struct hd_request request = {
		.domain = "g",
		.uuid = UUID,
		.assigns = &assign,
		.n_assigns = 1,
		.policy = &ask->config.policy,
		.allows = &allow,
		.n_allows = 1,
	};

	(void)place;
	assert_int_equal(
		hd_fates_find(&situation.inventory, &request, &fates, NULL), 0);
	situation.fates = fates;
	return hd_check(&situation, &request, ask->findings, ask->err);
}

static int (*const finders[HD_N_RULES])(struct place *place,
					struct hd_ask *ask) = {
	[HD_RULE_CLAIMS_UNREADABLE] = find_unreadable_claims,
	[HD_RULE_CLAIM_ABANDONED] = find_abandoned_claim,
	[HD_RULE_CRITICAL_ALLOWED] = find_allowance,
};

static void every_rule_without_a_judge_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < HD_N_RULES; i++) {
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct place *place;
		int r;

		if (hd_rules[i].judge)
			continue;
		if (!finders[i])
			fail_msg("nothing finds '%s'", hd_rules[i].id);
		place_set_up((void **)&place);
		{
			HD_AUTO_ASK struct hd_ask ask = HD_ASK_INIT(
				&place->host, NULL, &findings, &err);

			r = finders[i](place, &ask);
		}
		if (r != 0)
			fail_msg("%s: %s", hd_rules[i].id,
				 hd_err_message(&err));
		assert_true(findings.n > 0);
		assert_string_equal(findings.items[0].id, hd_rules[i].id);
		assert_int_equal(findings.items[0].severity,
				 hd_rules[i].severity);
		place_tear_down((void **)&place);
	}
}

/* Nobody has time to answer. */
static void holders_in_no_time_are_unknown(void **state)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_HOLDERS struct hd_holders holders = HD_HOLDERS_INIT;
	const struct hd_nodes nodes = { NULL, 0 };
	struct place *place;

	(void)state;
	place_set_up((void **)&place);
	{
		HD_AUTO_ASK struct hd_ask ask =
			HD_ASK_INIT(&place->host, NULL, &findings, &err);

		place->host.live = true;
		ask.config.step_seconds = 0;
		assert_int_equal(
			hd_ask_find_holders(&ask, &nic, 1, &nodes, &holders),
			0);
		assert_int_equal(hd_ask_say_unknown(&ask, &holders), 0);
	}
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].id, "holders-unknown");
	/* Only root looks for holders at all. */
	assert_int_equal(findings.items[0].severity,
			 geteuid() == 0 ? HD_WARNING : HD_INFO);
	place_tear_down((void **)&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_without_a_judge_is_seen),
		cmocka_unit_test(holders_in_no_time_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
