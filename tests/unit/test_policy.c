// SPDX-License-Identifier: GPL-2.0-or-later
/* What a configuration lets whom, of what: from its text to the decision. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/glob.h"
#include "lib/request/config.h"
#include "tests/unit/place.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define MAIN HD_CONFIG_FILE
#define DROP_IN HD_CONFIG_DIR "/a.conf"

/* A graphics card in group 1. */
static const struct hd_device gpu = { .addr = { 0, 1, 0, 0 },
				      .class_code = 0x030201,
				      .vendor = 0x10de,
				      .device = 0x1f06,
				      .group = 1 };

/*
 * For guest win11, or for a person by hand where @by_hand is set. The decision
 * is @permitted, and stands at @place.
 */
static const struct {
	const char *text, *drop_in;
	unsigned what;
	bool by_hand, permitted;
	const char *place;
} rows[] = {
	/* Without a word a domain decides for itself. */
	{ "", "", HD_CRITICAL_MOUNT, false, true, NULL },
	{ "", "", HD_MAY_SIBLINGS, false, true, NULL },
	{ "", "", HD_MAY_BE_GIVEN, false, true, NULL },
	{ "", "", HD_MAY_BE_GIVEN, true, true, NULL },

	/* One line for a fleet; not for who administers it. */
	{ "[host]\ndomains-may = none\n", "", HD_CRITICAL_MOUNT, false, false,
	  MAIN ":2" },
	{ "[host]\ndomains-may = none\n", "", HD_MAY_SIBLINGS, false, false,
	  MAIN ":2" },
	{ "[host]\ndomains-may = none\n", "", HD_CRITICAL_MOUNT, true, true,
	  NULL },
	{ "[host]\ndomains-may = none\n", "", HD_MAY_BE_GIVEN, false, true,
	  NULL },

	/* Each reason by its name. */
	{ "[host]\ndomains-may = siblings, display\n", "", HD_CRITICAL_DISPLAY,
	  false, true, MAIN ":2" },
	{ "[host]\ndomains-may = siblings display\n", "", HD_MAY_SIBLINGS,
	  false, true, MAIN ":2" },
	{ "[host]\ndomains-may = siblings, display\n", "", HD_CRITICAL_MOUNT,
	  false, false, MAIN ":2" },
	{ "[host]\ndomains-may = reserved-region\n", "", HD_CRITICAL_REGION,
	  false, true, MAIN ":2" },

	/* Of one setting of one section the later counts... */
	{ "[host]\ndomains-may = none\ndomains-may = all\n", "",
	  HD_CRITICAL_MOUNT, false, true, MAIN ":3" },
	{ "[host]\ndomains-may = all\n", "[host]\ndomains-may = none\n",
	  HD_CRITICAL_MOUNT, false, false, DROP_IN ":2" },
	{ "[device a]\nmatch = *\ndomains-may = all\n",
	  "[device a]\ndomains-may = none\n", HD_CRITICAL_MOUNT, false, false,
	  DROP_IN ":2" },
	{ "[device a]\nmatch = *\nguests = none\n",
	  "[device a]\nmatch = 8086:*\n", HD_MAY_BE_GIVEN, false, true, NULL },

	/* ... [host] where no section speaks... */
	{ "[host]\ndomains-may = none\n[guest a]\nmatch = win*\ndomains-may = all\n",
	  "", HD_CRITICAL_MOUNT, false, true, MAIN ":5" },
	{ "[guest a]\nmatch = win*\ndomains-may = none\n[host]\ndomains-may = all\n",
	  "", HD_CRITICAL_MOUNT, false, false, MAIN ":3" },
	{ "[host]\ndomains-may = none\n[guest a]\nmatch = lin*\ndomains-may = all\n",
	  "", HD_CRITICAL_MOUNT, false, false, MAIN ":2" },
	{ "[host]\ndomains-may = none\n[guest a]\nmatch = win*\n", "",
	  HD_CRITICAL_MOUNT, false, false, MAIN ":2" },
	{ "[host]\ndomains-may = none\n[device a]\nmatch = group:1\ndomains-may = mount\n",
	  "", HD_CRITICAL_MOUNT, false, true, MAIN ":5" },

	/* ... and of several sections the strictest, in any order. */
	{ "[device a]\nmatch = *\ndomains-may = all\n"
	  "[guest b]\nmatch = *\ndomains-may = none\n",
	  "", HD_CRITICAL_MOUNT, false, false, MAIN ":6" },
	{ "[guest b]\nmatch = *\ndomains-may = none\n"
	  "[device a]\nmatch = *\ndomains-may = all\n",
	  "", HD_CRITICAL_MOUNT, false, false, MAIN ":3" },
	{ "[device a]\nmatch = *\ndomains-may = mount\n"
	  "[device b]\nmatch = 10de:*\ndomains-may = display\n",
	  "", HD_CRITICAL_MOUNT, false, false, MAIN ":6" },
	{ "[device a]\nmatch = *\ndomains-may = mount\n",
	  "[device b]\nmatch = 10de:*\ndomains-may = mount, display\n",
	  HD_CRITICAL_MOUNT, false, true, DROP_IN ":3" },

	/* For whom a device is. */
	{ "[device a]\nmatch = 01:00.0\nguests = none\n", "", HD_MAY_BE_GIVEN,
	  false, false, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = none\n", "", HD_MAY_BE_GIVEN,
	  true, false, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = lin*, win*\n", "",
	  HD_MAY_BE_GIVEN, false, true, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = lin*\n", "", HD_MAY_BE_GIVEN,
	  false, false, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = lin*\n", "", HD_MAY_BE_GIVEN,
	  true, true, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = " UUID "\n", "",
	  HD_MAY_BE_GIVEN, false, true, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = 6BA7B810-9DAD-11D1-80B4-00C04FD430C8\n",
	  "", HD_MAY_BE_GIVEN, false, true, MAIN ":3" },
	{ "[device a]\nmatch = 01:00.0\nguests = 00000000-9dad-11d1-80b4-00c04fd430c8\n",
	  "", HD_MAY_BE_GIVEN, false, false, MAIN ":3" },
	{ "[device a]\nmatch = *\nguests = win*\n[device b]\nmatch = 10de:*\nguests = none\n",
	  "", HD_MAY_BE_GIVEN, false, false, MAIN ":6" },
	{ "[device a]\nmatch = *\nguests = none\n",
	  "[device a]\nguests = *11\n", HD_MAY_BE_GIVEN, false, true,
	  DROP_IN ":2" },
	{ "[device a]\nmatch = *\ndomains-may = none\n", "", HD_MAY_BE_GIVEN,
	  false, true, NULL },
};

static void assert_row(const struct place *place, size_t i)
{
	HD_AUTO_CONFIG struct hd_config config = HD_CONFIG_INIT;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *where = NULL;
	struct hd_decision decision;
	struct hd_request request = { .uuid = UUID };

	place_write(place, MAIN + 1, rows[i].text, strlen(rows[i].text));
	place_write(place, DROP_IN + 1, rows[i].drop_in,
		    strlen(rows[i].drop_in));
	if (hd_config_read(&place->host, &config, &err) < 0)
		fail_msg("row %zu: %s", i, hd_err_message(&err));
	request.domain = rows[i].by_hand ? NULL : "win11";
	request.policy = &config.policy;
	decision = hd_policy_decide(&request, &gpu, rows[i].what);
	where = hd_decision_place(&decision);
	if (decision.permitted != rows[i].permitted ||
	    strcmp(where ? where : "", rows[i].place ? rows[i].place : ""))
		fail_msg("row %zu is %s by %s", i,
			 decision.permitted ? "permitted" : "refused",
			 where ? where : "default");
}

static void rule_of_precedence(void **state)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_row(*state, i);
}

static void patterns_of_devices(void **state)
{
	static const struct {
		const char *text;
		bool good, matches;
	} patterns[] = {
		{ "*", true, true },
		{ "0000:01:00.0", true, true },
		{ "01:00.0", true, true },
		{ "01:00.*", true, true },
		{ "*:01:00.0", true, true },
		{ "*:*:*.0", true, true },
		{ "*:*:*.1", true, false },
		{ "01:00.1", true, false },
		{ "0001:01:00.0", true, false },
		{ "10000:01:00.0", true, false },
		{ "0000:02:00.0", true, false },
		{ "10de:1f06", true, true },
		{ "10DE:1F06", true, true },
		{ "10de:*", true, true },
		{ "*:1f06", true, true },
		{ "8086:*", true, false },
		{ "10de:1f07", true, false },
		{ "class:03", true, true },
		{ "class:0302", true, true },
		{ "class:030201", true, true },
		{ "class:02", true, false },
		{ "class:0300", true, false },
		{ "class:030200", true, false },
		{ "group:1", true, true },
		{ "group:10", true, false },
		/* What would be for no device is none. */
		{ "", false, false },
		{ "1:00.0", false, false },
		{ "001:01:00.0", false, false },
		{ "000000000:01:00.0", false, false },
		{ "01:20.0", false, false },
		{ "01:00.8", false, false },
		{ "01:00", false, false },
		{ "01:00.", false, false },
		{ "01:0*.0", false, false },
		{ "01:00.0 ", false, false },
		{ "01:00.**", false, false },
		{ "pci_0000_01_00_0", false, false },
		{ "10de:1f0", false, false },
		{ "10de:1f*", false, false },
		{ "10de", false, false },
		{ "10de:1f06:", false, false },
		{ "class:", false, false },
		{ "class:3", false, false },
		{ "class:03*", false, false },
		{ "class:0x03", false, false },
		{ "group:", false, false },
		{ "group:-1", false, false },
		{ "group:1x", false, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(patterns); i++) {
		struct hd_device_pattern pattern;

		if (hd_device_pattern_parse(patterns[i].text, &pattern) !=
			    patterns[i].good ||
		    (patterns[i].good &&
		     hd_device_pattern_matches(&pattern, &gpu) !=
			     patterns[i].matches))
			fail_msg("'%s'", patterns[i].text);
	}
}

static void patterns_of_guests(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} globs[] = {
		{ "win11", "win11", true },
		{ "win11", "win1", false },
		{ "win1", "win11", false },
		{ "Win11", "win11", false },
		{ "*", "", true },
		{ "", "", true },
		{ "", "a", false },
		{ "?", "", false },
		{ "win*", "win", true },
		{ "*11", "win111", true },
		{ "w*n*1", "winn11", true },
		{ "w*n*2", "winn11", false },
		{ "win??", "win11", true },
		{ "win?", "win11", false },
		{ "a?b", "a\303\274b", true },
		{ "a??b", "a\303\274b", false },
		{ "a?b", "a\374b", true },
		{ "Windows?11", "Windows 11", true },
		{ "*a*a*a*a*a*a*a*a*b",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(globs); i++)
		if (hd_glob(globs[i].pattern, globs[i].text) !=
		    globs[i].matches)
			fail_msg("'%s' and '%s'", globs[i].pattern,
				 globs[i].text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rule_of_precedence,
						place_set_up, place_tear_down),
		cmocka_unit_test(patterns_of_devices),
		cmocka_unit_test(patterns_of_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
