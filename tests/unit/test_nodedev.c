// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "xml/domain/nodedev.h"

#define ADDRESS                                                                \
	"<domain>65536</domain><bus>225</bus><slot>16</slot>"                  \
	"<function>1</function>"

/* A PCI function with @more in its capability. */
static int parse_with(const char *driver, const char *more,
		      struct hd_device *ret, struct hd_err *err)
{
	HD_AUTOFREE char *text =
		hd_text("<device><name>d</name>%s<capability type='pci'>%s"
			"</capability></device>",
			driver, more);

	return hd_nodedev_parse(text, strlen(text), ret, err);
}

static void reads_what_libvirt_tells(void **state)
{
	struct hd_device device;

	(void)state;
	assert_int_equal(parse_with("<driver><name>igbvf</name></driver>",
				    "<class>0x020000</class>" ADDRESS
				    "<product id='0x10ca'>82576</product>"
				    "<vendor id='0x8086'>Intel</vendor>"
				    "<capability type='phys_function'><address "
				    "domain='0x10000' bus='0xe1' slot='0x00' "
				    "function='0x7'/></capability>"
				    "<iommuGroup number='21'/><numa node='1'/>",
				    &device, NULL),
			 0);
	assert_string_equal(hd_addr_text(device.addr).s, "10000:e1:10.1");
	assert_int_equal(device.class_code, 0x020000);
	assert_int_equal(device.vendor, 0x8086);
	assert_int_equal(device.device, 0x10ca);
	assert_string_equal(device.driver, "igbvf");
	assert_int_equal(device.group, 21);
	assert_int_equal(device.numa_node, 1);
	assert_true(device.is_vf);
	assert_string_equal(hd_addr_text(device.physfn).s, "10000:e1:00.7");
	assert_false(device.vfio || device.bridge || device.numvfs);
	hd_device_clear(&device);
}

static void reads_what_may_be_missing(void **state)
{
	struct hd_device device;

	(void)state;
	assert_int_equal(parse_with("", ADDRESS, &device, NULL), 0);
	assert_null(device.driver);
	assert_int_equal(device.group, HD_NO_GROUP);
	assert_int_equal(device.numa_node, HD_NO_NODE);
	hd_device_clear(&device);
}

static void reads_functions_and_bridges(void **state)
{
	struct hd_device device;

	(void)state;
	assert_int_equal(
		parse_with("<driver><name>mlx5_vfio_pci</name></driver>",
			   ADDRESS
			   "<capability type='virt_functions' maxCount='8'>"
			   "<address/><address/></capability>"
			   "<capability type='pci-bridge'/>",
			   &device, NULL),
		0);
	assert_int_equal(device.numvfs, 2);
	assert_true(device.bridge);
	assert_true(device.vfio);
	hd_device_clear(&device);
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {
		"",
		"<domain>0</domain><bus>256</bus><slot>0</slot>"
		"<function>0</function>",
		"<domain>0</domain><bus>1</bus><slot>32</slot>"
		"<function>0</function>",
		ADDRESS "<capability type='phys_function'/>",
	};
	static const char other[] = "<device><capability type='net'/></device>";
	struct hd_device device;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;

		assert_int_equal(parse_with("", bad[i], &device, &err),
				 -EINVAL);
		assert_non_null(strstr(hd_err_message(&err), "line 1 of"));
	}
	assert_int_equal(hd_nodedev_parse(other, strlen(other), &device, NULL),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_libvirt_tells),
		cmocka_unit_test(reads_what_may_be_missing),
		cmocka_unit_test(reads_functions_and_bridges),
		cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
