// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/host/identity.h"
#include "tests/unit/place.h"

#define FOLDER "sys/devices/pci0000:00/0000:00:01.2/0000:01:00.0/"

static void put(const struct place *place, const char *path, const void *data,
		size_t length)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	for (char *p = whole + strlen(place->root) + 1; (p = strchr(p, '/'));
	     p++) {
		*p = '\0';
		mkdir(whole, 0755);
		*p = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void put_text(const struct place *place, const char *path,
		     const char *text)
{
	put(place, path, text, strlen(text));
}

/* A device that has all there is to know, behind a bridge. */
static void make_device(const struct place *place)
{
	static const char *const files[][2] = {
		{ "vendor", "0x144d\n" },
		{ "device", "0xa808\n" },
		{ "subsystem_vendor", "0x144d\n" },
		{ "subsystem_device", "0xa801\n" },
		{ "class", "0x010802\n" },
		{ "revision", "0x0a\n" },
		{ "power/runtime_status", "active\n" },
		{ "nvme/nvme3/serial", "S3EVNX0K 1    \n" },
		{ "net/b/addr_assign_type", "0\n" },
		{ "net/b/address", "52:54:00:00:00:0b\n" },
		{ "net/a/addr_assign_type", "0\n" },
		{ "net/a/address", "52:54:00:00:00:0a\n" },
		{ "net/0/addr_assign_type", "3\n" },
		{ "net/0/address", "00:00:00:00:00:01\n" },
	};
	char path[256];

	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		snprintf(path, sizeof(path), FOLDER "%s", files[i][0]);
		put_text(place, path, files[i][1]);
	}
	put_text(place, "sys/bus/pci/slots/5-1/address", "0000:01:00\n");
	put_text(place, "sys/bus/pci/slots/6/address", "0000:02:00\n");
	put_text(place, "sys/bus/pci/devices/x", "");
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/0000:01:00.0",
		 place->root);
	assert_int_equal(
		symlink("../../../devices/pci0000:00/0000:00:01.2/0000:01:00.0",
			path),
		0);
}

static struct hd_identity read_it(const struct place *place)
{
	struct hd_identity identity;

	assert_int_equal(hd_identity_read(&place->host, addr("01:00.0"),
					  &identity, NULL),
			 0);
	return identity;
}

static void put_config(const struct place *place, const uint32_t *words,
		       size_t n)
{
	uint32_t config[1024] = { 0xa808144d };

	memcpy(config + 0x40, words, n * sizeof(*words));
	put(place, FOLDER "config", config, sizeof(config));
}

static void reads_all_there_is(void **state)
{
	/* AER at 0x100, then the serial number at 0x148. */
	static const uint32_t words[0x20] = { [0] = 0x14820001,
					      [0x12] = 0x00010003,
					      [0x13] = 0xffaabbcc,
					      [0x14] = 0x001b21ff };
	const struct place *place = *state;
	struct hd_identity identity;

	make_device(place);
	put_config(place, words, N_ELEMENTS(words));
	identity = read_it(place);
	assert_int_equal(identity.vendor, 0x144d);
	assert_int_equal(identity.device, 0xa808);
	assert_int_equal(identity.subsystem, 0x144da801);
	assert_int_equal(identity.class_code, 0x010802);
	assert_int_equal(identity.revision, 0x0a);
	assert_string_equal(identity.dsn, "00-1b-21-ff-ff-aa-bb-cc");
	assert_string_equal(identity.serial, "S3EVNX0K 1");
	assert_string_equal(identity.mac, "52:54:00:00:00:0a");
	assert_string_equal(identity.slot, "5-1");
	assert_string_equal(identity.path, "0000/01.2/00.0");
	/* To read it would wake it. */
	put_text(place, FOLDER "power/runtime_status", "suspended\n");
	assert_string_equal(read_it(place).dsn, "");
}

static void odd_config_spaces_have_no_serial_number(void **state)
{
	static const uint32_t rows[][4] = {
		{ 0 },		{ 0xffffffff }, { 0x10010001 }, /* a circle */
		{ 0xffd10001 }, /* the last words */
		{ 0x0ff10001 }, /* below the extended space */
	};
	const struct place *place = *state;

	make_device(place);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		put_config(place, rows[i], 4);
		assert_string_equal(read_it(place).dsn, "");
	}
	put_text(place, FOLDER "config", "short");
	assert_string_equal(read_it(place).dsn, "");
}

static void what_is_no_plain_text_is_not_known(void **state)
{
	const struct place *place = *state;

	make_device(place);
	put_text(place, FOLDER "nvme/nvme3/serial", "a\x1b[2Jb\n");
	assert_string_equal(read_it(place).serial, "");
	put_text(place, FOLDER "nvme/nvme3/serial",
		 "0123456789012345678901234567890123456789"
		 "0123456789012345678901234567890123456789\n");
	assert_string_equal(read_it(place).serial, "");
	put_text(place, FOLDER "physfn", "");
	assert_string_equal(read_it(place).mac, "");
}

static void compares(void **state)
{
	static const struct hd_identity pinned = {
		.vendor = 1,
		.device = 2,
		.subsystem = 3,
		.class_code = 4,
		.revision = 5,
		.serial = "A",
		.mac = "52:54:00:00:00:0a",
		.slot = "1",
		.path = "0000/01.0/00.0",
	};
	struct hd_identity now = pinned;
	const char *what;

	(void)state;
#define ASSERT_MATCH(expected, word)                                           \
	do {                                                                   \
		assert_int_equal(hd_identity_match(&pinned, &now, &what),      \
				 expected);                                    \
		if (word)                                                      \
			assert_string_equal(what, word);                       \
		else                                                           \
			assert_null(what);                                     \
	} while (0)

	ASSERT_MATCH(HD_MATCH_SAME, (const char *)NULL);
	/* It moved, and is the same all the same. */
	strcpy(now.slot, "2");
	strcpy(now.path, "0000/02.0/00.0");
	strcpy(now.mac, "52:54:00:00:00:0A");
	ASSERT_MATCH(HD_MATCH_SAME, (const char *)NULL);
	/* One of the two is enough, when the other can't be read. */
	now.mac[0] = '\0';
	ASSERT_MATCH(HD_MATCH_SAME, (const char *)NULL);
	strcpy(now.serial, "B");
	ASSERT_MATCH(HD_MATCH_DIFFERENT, "NVMe serial number");
	assert_int_equal(hd_identity_match_moved(&pinned, &now),
			 HD_MATCH_DIFFERENT);
	/* With neither, the place decides. */
	now.serial[0] = '\0';
	ASSERT_MATCH(HD_MATCH_DIFFERENT, "slot");
	assert_int_equal(hd_identity_match_moved(&pinned, &now),
			 HD_MATCH_ALIKE);
	strcpy(now.slot, "1");
	ASSERT_MATCH(HD_MATCH_ALIKE, (const char *)NULL);
	now.slot[0] = '\0';
	ASSERT_MATCH(HD_MATCH_DIFFERENT, "path through the bridges");
	now = pinned;
	now.revision = 6;
	ASSERT_MATCH(HD_MATCH_DIFFERENT, "revision");
	now.revision = HD_ID_UNKNOWN;
	ASSERT_MATCH(HD_MATCH_SAME, (const char *)NULL);
	now.device = 7;
	ASSERT_MATCH(HD_MATCH_DIFFERENT, "vendor and device");
}

static void nothing_there(void **state)
{
	const struct place *place = *state;
	struct hd_identity identity;

	make_device(place);
	assert_int_equal(hd_identity_read(&place->host, addr("09:00.0"),
					  &identity, NULL),
			 -ENOENT);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

/* What can't be read would let another device pass for the pinned one. */
static void unread_is_not_unknown(void **state)
{
	static const char *const files[] = {
		"revision",	     "config",	      "power/runtime_status",
		"nvme/nvme3/serial", "net/a/address", "net/a/addr_assign_type",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct hd_identity identity;
		void *made;
		char path[256];
		struct place *place;

		assert_int_equal(place_set_up(&made), 0);
		place = made;
		make_device(place);
		snprintf(path, sizeof(path), "%s/" FOLDER "%s", place->root,
			 files[i]);
		unlink(path);
		assert_int_equal(mkfifo(path, 0644), 0);
		assert_int_equal(hd_identity_read(&place->host, addr("01:00.0"),
						  &identity, &err),
				 -EINVAL);
		assert_non_null(strstr(hd_err_message(&err), "0000:01:00.0/"));
		place_tear_down(&made);
	}
}

/* Where no device is shown, none is known to be missing. */
static void nothing_shown_is_not_nothing_there(void **state)
{
	const struct place *place = *state;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_identity identity;

	assert_int_equal(hd_identity_read(&place->host, addr("01:00.0"),
					  &identity, &err),
			 -ENOSYS);
	assert_non_null(strstr(hd_err_message(&err), "can't tell"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unread_is_not_unknown),
		cmocka_unit_test_setup_teardown(
			nothing_shown_is_not_nothing_there, place_set_up,
			place_tear_down),
		TEST(reads_all_there_is),
		TEST(odd_config_spaces_have_no_serial_number),
		TEST(what_is_no_plain_text_is_not_known),
		cmocka_unit_test(compares),
		TEST(nothing_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
