// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	HD_AUTO_CONFIG struct hd_config config;

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

static void screens_go_as_is_said_last(void **state)
{
	static const struct {
		const char *text, *stops;
		bool hand_over;
	} rows[] = {
		{ "", "", false },
		{ "[host]\nhand-over = yes\n", "", true },
		{ "[host]\nhand-over = yes\nhand-over = no\n", "", false },
		{ "[host]\nmay-stop = docker-*, a.service\tb.slice,\n",
		  "docker-* a.service b.slice ", false },
		{ "[host]\nmay-stop = a.service\nmay-stop = *\n", "* ", false },
		{ "[host]\nmay-stop = a.service\nmay-stop = none\n", "",
		  false },
	};
	const struct place *place = *state;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_CONFIG struct hd_config config;
		char stops[64] = "";

		write_file(place, HD_CONFIG_FILE, rows[i].text);
		assert_int_equal(hd_config_read(&place->host, &config, NULL),
				 0);
		assert_int_equal(config.policy.hand_over, rows[i].hand_over);
		for (size_t j = 0; j < config.policy.stops.n; j++) {
			strcat(stops, config.policy.stops.items[j]);
			strcat(stops, " ");
		}
		assert_string_equal(stops, rows[i].stops);
	}
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
		{ "[guests]\nsiblings = bind\n",
		  ", line 1: there is no section [guests]; there are [host]" },
		{ "[]\n", "there is no section []" },
		{ "[host x]\n", "there is no section [host x]" },
		{ "[guest]\nmatch = *\n",
		  "section [guest] has no name of its own, as in [guest NAME]" },
		{ "[guest a]\n\nsiblings = bind\n",
		  ", line 3: there is no setting siblings in section [guest a]" },
		{ "[host]\nguests = none\n",
		  "no setting guests in section [host]" },
		{ "[host]\n[device a]\n[guest b]\nmatch = *\n",
		  ", line 2: section [device a] has no match, so it is about nothing" },
		{ "[guest b]\ndomains-may = none", "[guest b] has no match" },
		{ "[device a]\nmatch = 1:00.0\n",
		  "match takes an address (0000:01:00.0, 01:00.*), an id" },
		{ "[device a]\nmatch = *, x\n", "not '*, x'" },
		{ "[device a]\nmatch = ,\n", "not ','" },
		{ "[device a]\nmatch = *\nguests = \n",
		  ", line 3: guests takes none, or names of guests" },
		{ "[guest a]\nmatch = win[0-9]\n", "not 'win[0-9]'" },
		{ "[guest a]\nmatch =\n", "not ''" },
		{ "[host]\ndomains-may = display, sound\n",
		  ", line 2: domains-may takes all, none, or some of siblings, mount, swap, fstab, resume, default-route, ssh, network-root, display, keyboard, chipset, reserved-region, not 'display, sound'" },
		{ "[host]\ndomains-may = none, display\n",
		  "not 'none, display'" },
		{ "[host]\ndomains-may =\n", "not ''" },
		{ "[host]\ndomains-may = All\n", "not 'All'" },
		{ "[host]\nhand-over = maybe\n",
		  ", line 2: hand-over takes yes or no, not 'maybe'" },
		{ "[host]\nmay-stop = a.service, gdm\n",
		  ", line 2: may-stop takes none, or units that end in .service, .scope, .slice or *, such as nvidia-persistenced.service or docker-*, not 'a.service, gdm'" },
		{ "[host]\nmay-stop = none, a.service\n",
		  "not 'none, a.service'" },
		{ "[host]\nmay-stop =\n", "not ''" },
		{ "[guest a]\nmatch = a\nhand-over = yes\n",
		  ", line 3: there is no setting hand-over in section [guest a]" },
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

static void assert_unusable(const struct place *place, const char *words)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_config config;

	assert_true(hd_config_read(&place->host, &config, &err) < 0);
	if (!strstr(hd_err_message(&err), words))
		fail_msg("'%s' lacks '%s'", hd_err_message(&err), words);
	assert_int_equal(config.policy.n_files, 0);
}

static void what_is_no_file_is_named(void **state)
{
	const struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_config config;
	char path[128];

	write_file(place, HD_CONFIG_FILE "/x", "");
	assert_true(hd_config_read(&place->host, &config, &err) < 0);
	assert_string_equal(hd_err_message(&err), HD_CONFIG_FILE
			    " is a folder, not a file of its own");
	snprintf(path, sizeof(path), "%s" HD_CONFIG_FILE "/x", place->root);
	assert_int_equal(remove(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_unusable(place, HD_CONFIG_FILE " is a pipe, not a file");
	assert_int_equal(remove(path), 0);
	/* Nobody answers there, which looks like absent to who opens it. */
	assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
	assert_unusable(place, HD_CONFIG_FILE " is a device or a socket, not");
	assert_int_equal(remove(path), 0);
	/* It leads nowhere: somebody removed what protects the host. */
	assert_int_equal(symlink("gone", path), 0);
	assert_unusable(place,
			HD_CONFIG_FILE " is a symbolic link, not a file");
}

static void what_is_no_text_is_named(void **state)
{
	static const char nul[] = "[host]\n\0siblings = bind\n";
	const struct place *place = *state;
	size_t size = 64 * 1024 + 1;
	HD_AUTOFREE char *text = calloc(1, size + 1);

	memset(text, '#', size);
	place_write(place, HD_CONFIG_FILE + 1, text, size - 1);
	assert_config(place, 30, HD_SIBLINGS_REFUSE);
	place_write(place, HD_CONFIG_FILE + 1, text, size);
	assert_unusable(place, HD_CONFIG_FILE
			" has more than 64 KiB, so it is no configuration");
	place_write(place, HD_CONFIG_FILE + 1, nul, sizeof(nul) - 1);
	assert_unusable(place, HD_CONFIG_FILE " is no text");
}

static void no_drop_in_is_passed_over(void **state)
{
	const struct place *place = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s" HD_CONFIG_DIR "/10-a.conf",
		 place->root);
	write_file(place, HD_CONFIG_DIR "/20-b.conf", "[host]\n");
	assert_int_equal(symlink("/etc/fstab", path), 0);
	assert_unusable(place, HD_CONFIG_DIR "/10-a.conf is a symbolic link");
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_unusable(place, HD_CONFIG_DIR "/10-a.conf is a folder");
	assert_int_equal(remove(path), 0);
	assert_config(place, 30, HD_SIBLINGS_REFUSE);
	/* The folder itself may lead elsewhere as little. */
	snprintf(path, sizeof(path), "%s" HD_CONFIG_DIR "/20-b.conf",
		 place->root);
	assert_int_equal(remove(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(remove(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_unusable(place, HD_CONFIG_DIR " can't be read");
}

static void who_else_may_write_is_named(void **state)
{
	static const struct {
		mode_t mode;
		const char *path, *words;
	} rows[] = {
		{ 0644, HD_CONFIG_FILE, NULL },
		{ 0664, HD_CONFIG_FILE, HD_CONFIG_FILE " belongs to user" },
		{ 0646, HD_CONFIG_FILE, "so others than root decide what" },
		{ 0644, HD_CONFIG_FILE, NULL },
		{ 0666, HD_CONFIG_DIR "/a.conf",
		  HD_CONFIG_DIR "/a.conf belongs to" },
		{ 0644, HD_CONFIG_DIR "/a.conf", NULL },
		{ 0777, HD_CONFIG_DIR, HD_CONFIG_DIR " belongs to" },
		{ 0755, HD_CONFIG_DIR, NULL },
	};
	struct place *place = *state;

	if (geteuid() != 0)
		skip();
	write_file(place, HD_CONFIG_FILE, "[host]\n");
	write_file(place, HD_CONFIG_DIR "/a.conf", "[host]\n");
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", place->root, rows[i].path);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		place->host.live = false;
		assert_config(place, 30, HD_SIBLINGS_REFUSE);
		place->host.live = true;
		if (rows[i].words)
			assert_unusable(place, rows[i].words);
		else
			assert_config(place, 30, HD_SIBLINGS_REFUSE);
		assert_int_equal(chown(path, 65534, 0), 0);
		assert_unusable(place, "belongs to user 65534");
		assert_int_equal(chown(path, 0, 0), 0);
		place->host.live = false;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_has_to_be_there,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(
			files_are_read_one_after_the_other, place_set_up,
			place_tear_down),
		cmocka_unit_test_setup_teardown(screens_go_as_is_said_last,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_named,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_named,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_text_is_named,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(no_drop_in_is_passed_over,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(who_else_may_write_is_named,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
