// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"

static void assert_printed(const char *text, const char *wanted)
{
	HD_AUTOFREE char *printed = NULL;
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	hd_print(file, text);
	fclose(file);
	assert_string_equal(printed, wanted);
}

static void escapes_what_steers_a_terminal(void **state)
{
	(void)state;
	assert_printed("plain 'text'", "plain 'text'");
	assert_printed("a\nb\tc\x1b[31m", "a\\x0ab\\x09c\\x1b[31m");
	assert_printed("\x7f", "\\x7f");
	assert_printed("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	assert_printed("\xe2\x82\xac \xf0\x9f\x98\x80",
		       "\xe2\x82\xac \xf0\x9f\x98\x80");
	assert_printed("\xc2\x9b"
		       "31m",
		       "\\xc2\\x9b31m"); /* C1's CSI */
	assert_printed("\xff\xfe", "\\xff\\xfe");
	assert_printed("\xc3", "\\xc3"); /* cut short */
	assert_printed("\xe2\x82", "\\xe2\\x82"); /* cut short */
	assert_printed("\xc0\xaf", "\\xc0\\xaf"); /* overlong */
	assert_printed("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* surrogate */
	assert_printed("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	/* U+2027, and what turns a line around or ends it */
	assert_printed("\xe2\x80\xa7", "\xe2\x80\xa7");
	assert_printed("\xe2\x80\xa8", "\\xe2\\x80\\xa8");
	assert_printed("\xe2\x80\xae", "\\xe2\\x80\\xae");
	assert_printed("\xe2\x81\xa6", "\\xe2\\x81\\xa6");
	assert_printed("\xe2\x81\xa9", "\\xe2\\x81\\xa9");
}

static void prints_arrows_in_every_locale(void **state)
{
	(void)state;
	assert_printed("a" HD_ARROW "gr\xc3\xbc\x9b", "a -> gr\xc3\xbc\\x9b");
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_printed("a" HD_ARROW "gr\xc3\xbc\x9b",
		       "a" HD_ARROW "gr\xc3\xbc\\x9b");
	setlocale(LC_CTYPE, "C");
}

static void errors_come_first(void **state)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTOFREE char *printed = NULL;
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	(void)state;
	assert_int_equal(hd_findings_add(&findings, "a", HD_WARNING, 0,
					 hd_text("careful"), NULL, NULL),
			 0);
	assert_false(hd_findings_refuse(&findings));
	assert_int_equal(hd_findings_add(&findings, "b", HD_ERROR, 0,
					 hd_text("No\nway."), hd_text("do it"),
					 NULL),
			 0);
	assert_true(hd_findings_refuse(&findings));
	hd_print_findings(file, &findings, "");
	fclose(file);
	assert_string_equal(printed, "No\\x0away.\nFix: do it\ncareful.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_steers_a_terminal),
		cmocka_unit_test(prints_arrows_in_every_locale),
		cmocka_unit_test(errors_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
