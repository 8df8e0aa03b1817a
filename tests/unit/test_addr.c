// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static void accepts_what_tools_print(void **state)
{
	static const struct {
		const char *text, *sysfs;
	} rows[] = {
		{ "01:00.0", "0000:01:00.0" },
		{ "0000:01:00.0", "0000:01:00.0" },
		{ "10000:e1:00.0", "10000:e1:00.0" },
		{ "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
		{ "pci_0000_01_00_0", "0000:01:00.0" },
		{ "pci_10000_e1_1f_7", "10000:e1:1f.7" },
		{ "0000:AB:0C.1", "0000:ab:0c.1" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_string_equal(hd_addr_text(addr(rows[i].text)).s,
				    rows[i].sysfs);
}

static void refuses_everything_else(void **state)
{
	static const char *const rows[] = {
		"",
		" 01:00.0",
		"01:00.0 ",
		"01:00.0\n",
		"1:00.0",
		"01:0.0",
		"01:00",
		"01:00.8",
		"01:20.0",
		"01:00.00",
		"0:01:00.0",
		"000:01:00.0",
		"123456789:01:00.0",
		"0x0000:01:00.0",
		"0000:01:00:0",
		"0000-01-00.0",
		"-000:01:00.0",
		"+1:00.0",
		"pci_01_00_0",
		"pci_0000_01_00.0",
		"pci_0000:01:00.0",
		"0000_01_00_0",
		"g1:00.0",
		"0000:01:00.0/../..",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct hd_addr untouched = { 7, 7, 7, 7 };
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

		assert_int_equal(hd_addr_parse(rows[i], &untouched, &err),
				 -EINVAL);
		assert_int_equal(untouched.domain, 7);
		assert_non_null(strstr(hd_err_message(&err), rows[i]));
	}
}

static void prints_for_libvirt(void **state)
{
	(void)state;
	assert_string_equal(hd_addr_nodedev(addr("10000:e1:1f.7")).s,
			    "pci_10000_e1_1f_7");
	assert_string_equal(hd_addr_nodedev(addr("ffffffff:ff:1f.7")).s,
			    "pci_ffffffff_ff_1f_7");
}

static void orders_as_lspci(void **state)
{
	static const char *const rising[] = { "0000:00:00.0", "0000:00:00.1",
					      "0000:00:01.0", "0000:01:00.0",
					      "10000:00:00.0" };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rising); i++)
		for (size_t j = 0; j < N_ELEMENTS(rising); j++) {
			struct hd_addr a = addr(rising[i]);
			struct hd_addr b = addr(rising[j]);

			assert_int_equal(hd_addr_compare(&a, &b) < 0, i < j);
			assert_int_equal(hd_addr_equal(a, b), i == j);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_tools_print),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(prints_for_libvirt),
		cmocka_unit_test(orders_as_lspci),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
