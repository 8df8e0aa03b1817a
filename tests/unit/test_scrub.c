// SPDX-License-Identifier: GPL-2.0-or-later
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tests/unit/unit.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "tools/verb/capture/scrub.h"

/* A search that meets a limit, where the text asks for one. */
int __wrap_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR text, size_t length,
			 size_t from, uint32_t options, pcre2_match_data *data,
			 pcre2_match_context *context);
int __real_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR text, size_t length,
			 size_t from, uint32_t options, pcre2_match_data *data,
			 pcre2_match_context *context);

int __wrap_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR text, size_t length,
			 size_t from, uint32_t options, pcre2_match_data *data,
			 pcre2_match_context *context)
{
	/* Such texts are short. */
	if (length < 64 && memmem(text, length, "MATCHLIMIT", 10))
		return PCRE2_ERROR_MATCHLIMIT;
	if (length < 64 && memmem(text, length, "HEAPLIMIT", 9))
		return PCRE2_ERROR_HEAPLIMIT;
	if (length < 64 && memmem(text, length, "NOMEMORY", 8))
		return PCRE2_ERROR_NOMEMORY;
	return __real_pcre2_match_8(code, text, length, from, options, data,
				    context);
}

static void add(struct hd_recording *record, const char *path,
		enum hd_content content, const char *text)
{
	struct hd_recorded *entry = calloc(1, sizeof(*entry));

	record->entries =
		reallocarray(record->entries, record->n + 1, sizeof(entry));
	assert_non_null(entry);
	assert_non_null(record->entries);
	record->entries[record->n++] = entry;
	entry->path = strdup(path);
	entry->data = strdup(text);
	entry->length = strlen(text);
	entry->mode = S_IFREG;
	entry->policy.content = content;
}

static int scrub(struct hd_recording *record)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int r = hd_scrub_record(record, &err);

	hd_recording_finish(record);
	return r;
}

static void assert_scrubbed(const char *text, const char *wanted)
{
	HD_AUTO_RECORDING struct hd_recording record = { .n = 0 };

	add(&record, "etc/x", HD_CONTENT_TEXT, text);
	assert_int_equal(scrub(&record), 0);
	assert_int_equal(record.n, 1);
	assert_string_equal(record.entries[0]->data, wanted);
}

#define MAC "3c:fd:fe:a1:b2:c3"
#define OTHER "02:00:00:00:00:01"

static void finds_mac_addresses(void **state)
{
	(void)state;
	assert_scrubbed("lan:" MAC " 3C-FD-FE-A1-B2-C3",
			"lan:" OTHER " " OTHER);
	assert_scrubbed("iface:" MAC, "iface:" OTHER);
	assert_scrubbed("by-path/x-" MAC "-y", "by-path/x-" OTHER "-y");
	assert_scrubbed(MAC ":12345", OTHER ":12345");
	assert_scrubbed("mac:" MAC, "mSERIAL-1"); /* seven pairs */
	assert_scrubbed("enx3cfdfea1b2c3", "enx020000000001");
	assert_scrubbed(MAC " 3cfdfea1b2c3", OTHER " 020000000001");
	assert_scrubbed("3cfdfea1b2c3", "3cfdfea1b2c3");
	assert_scrubbed("fe800000000000003efdfefffea1b2c3",
			"fe800000000000000000"
			"00fffe000001");
	assert_scrubbed("00:11:22:33:44:55:66:77", "SERIAL-1");
}

static void knows_what_is_no_mac_address(void **state)
{
	static const char *const texts[] = {
		"2026-11-21-04-05-06-07", "00:11:22:33:44",
		"00:00:00:00:00:00",	  "ff:ff:ff:ff:ff:ff",
		"0000:3b:00.0",		  "3c:fd:fe:a1:b2:c3a",
		"00:11-22:33-44:55",	  "fe800000000000003efdfe000ea1b2c3",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++)
		assert_scrubbed(texts[i], texts[i]);
}

static void finds_values(void **state)
{
	(void)state;
	assert_scrubbed("serial=A1 x", "serial=SERIAL-1 x");
	assert_scrubbed("Serial Number\nserialnumber : A1",
			"Serial Number\nserialnumber : SERIAL-1");
	assert_scrubbed("\"serial\": \"A 1\", 'x'",
			"\"serial\": \"SERIAL-1\", 'x'");
	assert_scrubbed("serial='A 1' x", "serial='SERIAL-1' x");
	assert_scrubbed("serial=\"A 1\nx", "serial=\"SERIAL-1\nx");
	assert_scrubbed("<serial>A 1</serial>", "<serial>SERIAL-1</serial>");
	assert_scrubbed("<x:serial>A1</x:serial>",
			"<x:serial>SERIAL-1</x:serial>");
	assert_scrubbed("<serial>A1", "<serial>SERIAL-1"); /* cut off */
	assert_scrubbed("<e name='serial'>A1<", "<e name='serial'>SERIAL-1<");
	assert_scrubbed("GPU UUID: \t GPU-1", "GPU UUID: \t SERIAL-1");
	assert_scrubbed("SCSI_IDENT_LUN=A1", "SCSI_IDENT_LUN=SERIAL-1");
	assert_scrubbed("E:ID_SERIAL=M_S123456\nE:ID_SERIAL_SHORT=S123456",
			"E:ID_SERIAL=M_SERIAL-1\nE:ID_SERIAL_SHORT=SERIAL-1");
	assert_scrubbed("a.password=x vnc_passwd = \"y z\"",
			"a.password=REMOVED vnc_passwd = \"REMOVED\"");
}

static void knows_what_is_no_value(void **state)
{
	static const char *const texts[] = {
		"echo serial >/dev/ttyS0",
		"echo serial>/dev/ttyS0\n",
		"<serial type='pty'/>",
		"serial=\"\" x",
		"serial",
		"serials=A1",
		"serial-port=A1",
		"<uuid>1</uuid>",
		"UUID: 1",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++)
		assert_scrubbed(texts[i], texts[i]);
}

static void contents_are_serials_whole(void **state)
{
	HD_AUTO_RECORDING struct hd_recording record = { .n = 0 };

	(void)state;
	add(&record, "a", HD_CONTENT_SERIAL, MAC "\n");
	add(&record, "b", HD_CONTENT_SERIAL, " " MAC " S123 \n");
	add(&record, "c", HD_CONTENT_SERIAL, " \n");
	/* One that has a NUL in it, and is as long as one that is known. */
	add(&record, "d", HD_CONTENT_SERIAL, "S1234567\n");
	add(&record, "e", HD_CONTENT_SERIAL, "S1234567\n");
	record.entries[4]->data[2] = '\0';
	add(&record, "f", HD_CONTENT_SERIAL, "xS12345678\n");
	record.entries[5]->data[0] = '\0';
	assert_int_equal(scrub(&record), 0);
	assert_string_equal(record.entries[0]->data, OTHER "\n");
	assert_string_equal(record.entries[1]->data, "SERIAL-1\n");
	assert_string_equal(record.entries[2]->data, " \n");
	assert_string_equal(record.entries[3]->data, "SERIAL-2\n");
	assert_string_equal(record.entries[4]->data, "SERIAL-3\n");
	assert_string_equal(record.entries[5]->data, "SERIAL-4\n");
}

/* What can't be searched is left out, and said to be. */
static void limits_drop_the_file(bool serials)
{
	HD_AUTO_RECORDING struct hd_recording record = { .serials = serials };

	add(&record, "a", HD_CONTENT_TEXT, "serial=S123456 MATCHLIMIT");
	add(&record, "b", HD_CONTENT_SETTING, "passwd=S123456 HEAPLIMIT");
	add(&record, "c", HD_CONTENT_SETTING, "passwd=x");
	if (!serials) {
		add(&record, "HEAPLIMIT", HD_CONTENT_BINARY, "x");
		add(&record, "d", HD_CONTENT_SERIAL, "MATCHLIMIT");
	}
	assert_int_equal(scrub(&record), 0);
	assert_int_equal(record.n, 1);
	assert_string_equal(record.entries[0]->data, "passwd=REMOVED");
	assert_int_equal(record.misses.n, serials ? 2 : 4);
	assert_string_equal(record.misses.items[0].path, "a");
	assert_string_equal(record.misses.items[1].path, "b");
	if (!serials)
		assert_string_equal(record.misses.items[2].path,
				    "a file whose name can't be told");
}

static void leaves_out_what_meets_a_limit(void **state)
{
	(void)state;
	limits_drop_the_file(false);
	limits_drop_the_file(true);
}

static void fails_without_memory(void **state)
{
	HD_AUTO_RECORDING struct hd_recording record = { .n = 0 };

	(void)state;
	add(&record, "a", HD_CONTENT_TEXT, "NOMEMORY");
	assert_int_equal(scrub(&record), -ENOMEM);
}

/* Nor takes any of them more than a time that grows with its length. */
static void takes_no_limit_for_long_texts(void **state)
{
	static const char *const parts[] = {
		"a",	       " ",	    "00:",	 "serial",  "serial=",
		"<serial>a ",  "serial=\"", "passwd",	 "0",	    "<",
		"SCSI_IDENT_", "\"",	    "ID_SERIAL", "serial>",
	};
	size_t length = 1 << 17;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
		HD_AUTO_RECORDING struct hd_recording record = { .n = 0 };
		char *text = calloc(1, length + 16), *p = text;

		assert_non_null(text);
		while (p < text + length)
			p = stpcpy(p, parts[i]);
		add(&record, "a", HD_CONTENT_SETTING, text);
		free(text);
		assert_int_equal(scrub(&record), 0);
		assert_int_equal(record.misses.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_mac_addresses),
		cmocka_unit_test(knows_what_is_no_mac_address),
		cmocka_unit_test(finds_values),
		cmocka_unit_test(knows_what_is_no_value),
		cmocka_unit_test(contents_are_serials_whole),
		cmocka_unit_test(leaves_out_what_meets_a_limit),
		cmocka_unit_test(fails_without_memory),
		cmocka_unit_test(takes_no_limit_for_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
