// SPDX-License-Identifier: GPL-2.0-or-later
/* The corners of guests' slots; what is usual is in tests/golden/xml. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/host/device.h"
#include "xml/slots/slots.h"

#define Q35 "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
#define PORT(index, more)                                                      \
	"<controller type='pci' index='" index                                 \
	"' model='pcie-root-port'>" more "</controller>"

/* Reads what is in <domain>; takes a slot, which is expected as text. */
static void expect(const char *content, int cell, const char *wanted)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_SLOTS struct hd_slots slots = { .buses = NULL };
	HD_AUTOFREE char *text = hd_text("<domain>%s</domain>", content);
	struct hd_addr guest;

	assert_int_equal(hd_slots_read(text, strlen(text), &slots, &err), 0);
	assert_int_equal(hd_slots_take(&slots, HD_NO_GROUP, cell, &guest, &err),
			 0);
	assert_string_equal(hd_addr_text(guest).s, wanted);
}

static void expect_refusal(const char *content, const char *wanted)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_SLOTS struct hd_slots slots = { .buses = NULL };
	HD_AUTOFREE char *text = hd_text("<domain>%s</domain>", content);

	assert_true(hd_slots_read(text, strlen(text), &slots, &err) < 0);
	assert_non_null(strstr(err.message, wanted));
}

static void test_ports(void **state)
{
	(void)state;
	expect(Q35 "<devices/>", HD_NO_NODE, "0000:01:00.0");
	expect(Q35 "<devices>" PORT("7", "") "</devices>", HD_NO_NODE,
	       "0000:07:00.0");
	/* A function other than 0 takes the slot as well. */
	expect(Q35 "<devices>" PORT(
		       "7",
		       "") "<sound><address type='pci' bus='7' function='1'/></sound></devices>",
	       HD_NO_NODE, "0000:08:00.0");
	/* An address of another type, or of the host, takes none. */
	expect(Q35 "<devices>" PORT(
		       "7",
		       "") "<x><address type='drive' bus='7'/></x>"
			   "<hostdev type='pci'><source><address bus='7'/></source></hostdev></devices>",
	       HD_NO_NODE, "0000:07:00.0");
	/* libvirt numbers it; we don't count on a number that it may get. */
	expect(Q35
	       "<devices><controller type='pci' model='pcie-root-port'/></devices>",
	       HD_NO_NODE, "0000:01:00.0");
	/* A controller that we don't know keeps its number. */
	expect(Q35
	       "<devices><controller type='pci' index='1' model='new-bus'/></devices>",
	       HD_NO_NODE, "0000:02:00.0");
}

static void test_cells(void **state)
{
	(void)state;
	/* An expander of another cell doesn't serve; a port below ours does. */
	expect(Q35
	       "<devices><controller type='pci' index='1' model='pcie-expander-bus'>"
	       "<target><node>1</node></target></controller>" PORT(
		       "2", "<address type='pci' bus='1'/>")
		       PORT("3", "") "</devices>",
	       1, "0000:02:00.0");
	expect(Q35
	       "<devices><controller type='pci' index='1' model='pcie-expander-bus'>"
	       "<target><node>1</node></target></controller>" PORT(
		       "2", "<address type='pci' bus='1'/>")
		       PORT("3", "") "</devices>",
	       HD_NO_NODE, "0000:03:00.0");
	/* Controllers in a circle, as no libvirt would write them. */
	expect(Q35 "<devices>" PORT("1", "<address type='pci' bus='2'/>")
		       PORT("2", "<address type='pci' bus='1'/>") "</devices>",
	       HD_NO_NODE, "0000:03:00.0");
}

static void test_refusals(void **state)
{
	(void)state;
	expect_refusal("<devices/>", "doesn't name its machine");
	expect_refusal(Q35, "has no <devices>");
	expect_refusal("<os><type machine='microvm'>hvm</type></os><devices/>",
		       "'microvm' aren't known");
	expect_refusal(
		"<os><type arch='aarch64' machine='q35'>hvm</type></os><devices/>",
		"'q35' for aarch64 aren't known");
	expect_refusal(Q35 "<devices><hostdev type='pci'><source>"
			   "<address bus='e1'/></source></hostdev></devices>",
		       "bus='e1'");
}

/* Every number of a bus is used up some time. */
static void test_full(void **state)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_SLOTS struct hd_slots slots = { .buses = NULL };
	const char *text = "<domain>" Q35 "<devices/></domain>";
	struct hd_addr guest;
	int n = 0;

	(void)state;
	assert_int_equal(hd_slots_read(text, strlen(text), &slots, &err), 0);
	while (hd_slots_take(&slots, HD_NO_GROUP, HD_NO_NODE, &guest, &err) ==
	       0)
		n++;
	assert_int_equal(n, 255);
	assert_int_equal(err.code, ENOSPC);
}

static void test_nodesets(void **state)
{
	static const struct {
		const char *nodeset;
		int node;
		bool has;
	} rows[] = {
		{ "0", 0, true },
		{ "0", 1, false },
		{ "0-3", 3, true },
		{ "0-3,^2", 2, false },
		{ "0-3,^2", 3, true },
		{ "0,2", 2, true },
		{ "", 0, false },
		{ "x,1", 1, true },
		{ "10", 1, false },
		{ "99999999999999999999", 1, true },
		{ "2-1", 5, true },
		{ "1-^2", 5, true },
		{ " 1 - 3 , ^2,", 2, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct hd_cell cell = { (char *)rows[i].nodeset };
		struct hd_slots slots = { .cells = &cell, .n_cells = 1 };
		int ret = -1;

		assert_int_equal(
			hd_slots_cell(&slots, rows[i].node, &ret, &err) == 0,
			rows[i].has);
		assert_int_equal(ret, rows[i].has ? 0 : -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),	 cmocka_unit_test(test_cells),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_full),
		cmocka_unit_test(test_nodesets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
