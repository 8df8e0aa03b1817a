// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/request/config.h"
#include "tests/unit/place.h"

/* Writes a file below the place's root, after making its folder. */
static void write_file(const struct place *place, const char *path,
		       const char *text)
{
	char whole[128];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", place->root, path);
	for (char *p = whole + strlen(place->root) + 1; (p = strchr(p, '/'));
	     p++) {
		*p = '\0';
		mkdir(whole, 0755);
		*p = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_config(const struct place *place, unsigned seconds,
			  enum hd_siblings siblings)
{
	struct hd_config config;

	assert_int_equal(hd_config_read(&place->host, &config, NULL), 0);
	assert_int_equal(config.step_seconds, seconds);
	assert_int_equal(config.policy.siblings, siblings);
}

static void nothing_has_to_be_there(void **state)
{
	assert_config(*state, 30, HD_SIBLINGS_REFUSE);
}

static void files_are_read_one_after_the_other(void **state)
{
	const struct place *place = *state;

	write_file(place, HD_CONFIG_FILE,
		   "# ours\n[host]\nstep-timeout = 5 ; short\nsiblings=bind\n");
	assert_config(place, 5, HD_SIBLINGS_BIND);
	write_file(place, HD_CONFIG_DIR "/20-b.conf",
		   "[host]\nstep-timeout: 7\n");
	assert_config(place, 7, HD_SIBLINGS_BIND);
	write_file(place, HD_CONFIG_DIR "/10-a.conf",
		   "\n[host]\nstep-timeout = 6\nsiblings = refuse");
	assert_config(place, 7, HD_SIBLINGS_REFUSE);
	write_file(place, HD_CONFIG_DIR "/30-c.conf.old",
		   "[host]\nstep-timeout = 9\n");
	write_file(place, HD_CONFIG_DIR "/.hidden.conf",
		   "[host]\nstep-timeout = 9\n");
	assert_config(place, 7, HD_SIBLINGS_REFUSE);
}

static void what_is_not_known_is_named(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "[host]\nsibling = bind\n",
		  HD_CONFIG_FILE ", line 2: there is no setting sibling in "
				 "section [host]" },
		{ "step-timeout = 3\n",
		  ", line 1: there is no setting step-timeout in section []" },
		{ "[guest]\nsiblings = bind\n", "in section [guest]" },
		{ "[host]\nsiblings = yes\n",
		  ", line 2: siblings takes refuse or bind, not 'yes'" },
		{ "[host]\n\nstep-timeout = 0\n",
		  ", line 3: step-timeout takes 1 to 3600 seconds, not '0'" },
		{ "[host]\nstep-timeout = 3601\n", "not '3601'" },
		{ "[host]\nstep-timeout = 10s\n", "not '10s'" },
		{ "[host]\nstep-timeout = -1\n", "not '-1'" },
		{ "[host]\nstep-timeout =\n", "not ''" },
		{ "[host\n", ", line 1: it is neither [section] nor" },
		{ "[host]\nnonsense\n", ", line 2: it is neither" },
	};
	const struct place *place = *state;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
		struct hd_config config;

		write_file(place, HD_CONFIG_FILE, rows[i].text);
		assert_int_equal(hd_config_read(&place->host, &config, &err),
				 -EINVAL);
		if (!strstr(hd_err_message(&err), rows[i].words))
			fail_msg("'%s' lacks '%s'", hd_err_message(&err),
				 rows[i].words);
		/* Who gives back goes on without it. */
		config = hd_config_read_or_default(&place->host, &findings);
		assert_int_equal(config.step_seconds, 30);
		assert_int_equal(findings.n, 1);
		assert_int_equal(findings.items[0].severity, HD_WARNING);
		assert_non_null(
			strstr(findings.items[0].message, rows[i].words));
	}
}

static void what_is_no_file_is_named(void **state)
{
	const struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_config config;
	char path[128];

	write_file(place, HD_CONFIG_FILE "/x", "");
	assert_true(hd_config_read(&place->host, &config, &err) < 0);
	assert_non_null(
		strstr(hd_err_message(&err), HD_CONFIG_FILE " can't be read"));
	snprintf(path, sizeof(path), "%s" HD_CONFIG_FILE "/x", place->root);
	assert_int_equal(remove(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(hd_config_read(&place->host, &config, &err), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_has_to_be_there,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(
			files_are_read_one_after_the_other, place_set_up,
			place_tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_named,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_named,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
