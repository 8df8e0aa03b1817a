// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/kconfig.h"
#include "lib/doctor/read/scripts.h"
#include "lib/doctor/read/settings.h"
#include "lib/host/bootargs.h"
#include "tests/unit/packed.h"
#include "tests/unit/place.h"

static const char text[] = "#\n# Linux/x86 6.12.0 Kernel Configuration\n#\n"
			   "CONFIG_VFIO=m\n"
			   "# CONFIG_VFIO_NOIOMMU is not set\n"
			   "CONFIG_CMDLINE=\"a=b c\"\r\n"
			   "CONFIG_HZ=250\n"
			   "CONFIG_TWICE=y\n# CONFIG_TWICE is not set\n"
			   "CONFIG_=y\nCONFIG_NOTHING\n# CONFIG_X is not setx\n"
			   "CONFIG_LAST=y";

static void assert_value(const struct hd_kconfig *kconfig, const char *name,
			 const char *value)
{
	const char *found = hd_kconfig_value(kconfig, name);

	if (!value)
		assert_null(found);
	else
		assert_string_equal(found, value);
}

static void assert_text(const struct hd_kconfig *kconfig)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "VFIO", "m" },      { "VFIO_NOIOMMU", "n" },
		{ "HZ", "250" },      { "CMDLINE", "\"a=b c\"" },
		{ "TWICE", "n" },     { "LAST", "y" },
		{ "X", NULL },	      { "", NULL },
		{ "NOTHING", NULL },  { "VFI", NULL },
		{ "VFIO_PCI", NULL },
	};

	assert_int_equal(kconfig->n, 6);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_value(kconfig, rows[i].name, rows[i].value);
}

static void options_are_found(void **state)
{
	HD_AUTO_KCONFIG struct hd_kconfig kconfig = { NULL, NULL, 0 };

	(void)state;
	assert_int_equal(hd_kconfig_parse(text, strlen(text), &kconfig), 0);
	assert_text(&kconfig);
}

static void what_is_no_configuration_is_refused(void **state)
{
	static const char *const rows[] = {
		"",	 "\n\n", "VFIO=y\n", "# CONFIG_VFIO\n", "CONFIG_VFIO\n",
		"<html>"
	};
	struct hd_kconfig kconfig;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_int_equal(
			hd_kconfig_parse(rows[i], strlen(rows[i]), &kconfig),
			-EINVAL);
}

static int read_zipped(const char *data, size_t length, struct hd_kconfig *ret)
{
	HD_AUTOCLOSE int fd = file_of(data, length);

	return hd_kconfig_read_fd(fd, ret);
}

static void compressed_ones_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(filters); i++) {
		HD_AUTO_KCONFIG struct hd_kconfig kconfig = { NULL, NULL, 0 };
		struct hd_kconfig other;
		size_t n;
		HD_AUTOFREE char *zipped =
			zip(filters[i], text, strlen(text), &n);

		assert_int_equal(read_zipped(zipped, n, &kconfig), 0);
		assert_text(&kconfig);
		assert_int_equal(read_zipped(zipped, 0, &other), -EINVAL);
		if (i == N_ELEMENTS(filters) - 1)
			continue;
		assert_int_equal(read_zipped(zipped, n / 2, &other), -EBADMSG);
	}
}

/* A small file that becomes a large one. */
static void bombs_are_refused(void **state)
{
	size_t size = HD_KCONFIG_LIMIT + 1, n;
	HD_AUTOFREE char *blanks = malloc(size);
	struct hd_kconfig kconfig;

	(void)state;
	assert_non_null(blanks);
	memset(blanks, '\n', size);
	for (size_t i = 0; i < N_ELEMENTS(filters) - 1; i++) {
		HD_AUTOFREE char *zipped = zip(filters[i], blanks, size, &n);

		assert_true(n < 128 * 1024);
		assert_int_equal(read_zipped(zipped, n, &kconfig), -EFBIG);
	}
}

static void make_folder(const struct place *place, const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	assert_int_equal(mkdir(whole, 0755), 0);
}

static void write_file(const struct place *place, const char *path,
		       const char *data, size_t length)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void assert_read(const struct place *place, const char *path,
			const char *value)
{
	HD_AUTO_KCONFIG struct hd_kconfig kconfig = { NULL, NULL, 0 };
	HD_AUTOFREE char *found = NULL;

	assert_int_equal(
		hd_kconfig_read(&place->host, "6.1", &kconfig, &found, NULL),
		0);
	assert_string_equal(found, path);
	assert_value(&kconfig, "A", value);
}

static void the_first_place_counts(void **state)
{
	const struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_kconfig kconfig;
	char *path;
	size_t n;
	HD_AUTOFREE char *zipped =
		zip(archive_write_add_filter_gzip, "CONFIG_A=y\n",
		    strlen("CONFIG_A=y\n"), &n);

	make_folder(place, "lib");
	make_folder(place, "lib/modules");
	make_folder(place, "lib/modules/6.1");
	make_folder(place, "boot");
	make_folder(place, "proc");
	assert_int_equal(
		hd_kconfig_read(&place->host, "6.1", &kconfig, &path, &err),
		-ENOENT);
	write_file(place, "lib/modules/6.1/config", "CONFIG_A=1\n", 11);
	assert_read(place, "/lib/modules/6.1/config", "1");
	write_file(place, "boot/config-6.1", "CONFIG_A=m\n", 11);
	assert_read(place, "/boot/config-6.1", "m");
	assert_int_equal(
		hd_kconfig_read(&place->host, NULL, &kconfig, &path, &err),
		-ENOENT);
	write_file(place, "proc/config.gz", zipped, n);
	assert_read(place, "/proc/config.gz", "y");
	write_file(place, "proc/config.gz", zipped, n - 4);
	assert_int_equal(
		hd_kconfig_read(&place->host, "6.1", &kconfig, &path, &err),
		-EBADMSG);
	assert_non_null(strstr(hd_err_message(&err), "/proc/config.gz"));
}

static void words_of_the_command_line(void **state)
{
	static const struct {
		const char *wanted;
		bool found;
	} rows[] = {
		{ "intel_iommu", true },
		{ "intel_iommu=on", true },
		{ "intel-iommu=sm_on", true },
		{ "intel_iommu=off", false },
		{ "intel_iommu=o", false },
		{ "iommu=on", false },
		{ "iommu", false },
		{ "quiet", true },
		{ "quiet=1", false },
		{ "video=efifb:off|nomodeset", true },
		{ "pci=config_acs=", true },
		{ "pci=noats", true },
		{ "pci=nomsi", false },
		{ "b c", false },
		{ "a=b c", true },
		{ "nothing", false },
		{ "after", false },
		{ "", false },
	};
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };

	(void)state;
	assert_int_equal(
		hd_bootargs_parse(" intel_iommu=on,sm_on quiet\ta=\"b c\" "
				  "nomodeset pci=noats,config_acs=10@0 last=1 "
				  "last=2\n -- after",
				  &args),
		0);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (!!hd_bootargs_find(&args, rows[i].wanted, NULL) !=
		    rows[i].found)
			fail_msg("%s", rows[i].wanted);
	assert_string_equal(hd_bootargs_value(&args, "last"), "2");
	assert_null(hd_bootargs_value(&args, "quiet"));
}

static void settings_of_libvirt(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "user = \"root\"\n", "root" },
		{ "  user=\"root\" # no\n", "root" },
		{ "#user = \"root\"\n", NULL },
		{ "username = \"root\"\n", NULL },
		{ "user = \"a\"\nuser = \"b\"", "b" },
		{ "user = [\n \"a#1\", # one\n \"b\"\n]\nother = 1\n",
		  "[a#1,b]" },
		{ "user = [ ]", "[]" },
		{ "user =", "" },
		{ "user = [ \"a", "[a" },
		{ "user = 1#", "1" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTOFREE char *value = NULL;

		assert_int_equal(hd_setting_value(rows[i].text, "user", &value),
				 0);
		if (!rows[i].value)
			assert_null(value);
		else
			assert_string_equal(value, rows[i].value);
	}
}

static void words_of_scripts(void **state)
{
	static const char script[] = "#!/bin/sh\n # virsh start\n"
				     "a &&\n b 2>&1 &\n\tvirsh list\nc & \n";
	const char *word = NULL;

	(void)state;
	assert_int_equal(hd_script_find(script, "new_id|virsh ", &word), 5);
	assert_true(strncmp(word, "virsh ", 6) == 0);
	assert_int_equal(hd_script_find(script, "start", &word), 0);
	assert_int_equal(hd_script_find_background(script), 6);
	assert_int_equal(hd_script_find_background("&\n# a &\na&&\n"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_found),
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(compressed_ones_are_found),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test_setup_teardown(the_first_place_counts,
						place_set_up, place_tear_down),
		cmocka_unit_test(words_of_the_command_line),
		cmocka_unit_test(settings_of_libvirt),
		cmocka_unit_test(words_of_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
