// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/host/inventory.h"
#include "tests/unit/place.h"

/* So many devices in each group but one; the last device has no group. */
enum { N_GROUPS = 5, N_MEMBERS = 7 };

static struct hd_addr member(int group, int i)
{
	return (struct hd_addr){ .bus = (uint8_t)(N_GROUPS - group),
				 .slot = (uint8_t)i };
}

static const struct hd_addr loner = { .bus = 9 }, nobody = { .bus = 8 };

static void put_link(const struct place *place, const char *path,
		     const char *target)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	assert_int_equal(symlink(target, whole), 0);
}

static void make_device(const struct place *place, struct hd_addr at)
{
	static const char *const attributes[][2] = {
		{ "vendor", "0x8086\n" },
		{ "device", "0x10d3\n" },
		{ "class", "0x020000\n" },
		{ "numa_node", "-1\n" },
		{ "config", "" },
		{ "revision", "0x00\n" },
		{ "subsystem_vendor", "0x8086\n" },
		{ "subsystem_device", "0x0001\n" },
	};
	char path[128];

	for (size_t i = 0; i < N_ELEMENTS(attributes); i++) {
		snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/%s",
			 hd_addr_text(at).s, attributes[i][0]);
		place_write(place, path, attributes[i][1],
			    strlen(attributes[i][1]));
	}
}

static void make_host(const struct place *place)
{
	char path[128], target[64];

	for (int group = 0; group < N_GROUPS; group++)
		for (int i = 0; i < N_MEMBERS; i++) {
			struct hd_addr at = member(group, i);

			make_device(place, at);
			snprintf(path, sizeof(path),
				 "sys/kernel/iommu_groups/%d/devices/%s", group,
				 hd_addr_text(at).s);
			place_write(place, path, "", 0);
			snprintf(path, sizeof(path),
				 "sys/bus/pci/devices/%s/iommu_group",
				 hd_addr_text(at).s);
			snprintf(target, sizeof(target),
				 "../../../../kernel/iommu_groups/%d", group);
			put_link(place, path, target);
		}
	make_device(place, loner);
}

static void assert_sorted(const struct hd_inventory *inventory)
{
	for (size_t i = 1; i < inventory->n_devices; i++)
		assert_true(hd_addr_compare(&inventory->devices[i - 1].addr,
					    &inventory->devices[i].addr) < 0);
	for (size_t i = 1; i < inventory->n_groups; i++)
		assert_true(inventory->groups[i - 1].number <
			    inventory->groups[i].number);
}

/* The members of a group are there, each once, or none is. */
static void assert_group(const struct hd_inventory *inventory, int group,
			 bool there)
{
	assert_int_equal(hd_inventory_group(inventory, group) != NULL, there);
	for (int i = 0; i < N_MEMBERS; i++) {
		const struct hd_device *device =
			hd_inventory_find(inventory, member(group, i));

		assert_int_equal(device != NULL, there);
		if (device)
			assert_true(
				hd_addr_equal(device->addr, member(group, i)) &&
				device->group == group);
	}
}

/* Asked for in any order, as often as it may be, and in two calls. */
static void each_is_there_once_and_is_found(void **state)
{
	const struct place *place = *state;
	const struct hd_addr first[] = {
		member(3, 4), loner,	    member(1, 0), nobody,
		member(3, 4), member(3, 0), member(1, 6), loner,
	};
	const struct hd_addr second[] = { member(4, 2), member(3, 1),
					  member(0, 2), member(0, 2) };
	HD_AUTO_INVENTORY struct hd_inventory inventory = { NULL };

	make_host(place);
	assert_int_equal(hd_inventory_add(&inventory, &place->host,
					  (struct hd_addrs){ NULL, 0 }, NULL),
			 0);
	assert_int_equal(inventory.n_devices, 0);
	assert_null(hd_inventory_find(&inventory, loner));
	assert_null(hd_inventory_group(&inventory, 1));
	assert_int_equal(
		hd_inventory_add(&inventory, &place->host,
				 (struct hd_addrs){ first, N_ELEMENTS(first) },
				 NULL),
		0);
	assert_int_equal(inventory.n_devices, 2 * N_MEMBERS + 1);
	assert_sorted(&inventory);
	assert_non_null(hd_inventory_find(&inventory, loner));
	assert_null(hd_inventory_find(&inventory, nobody));
	for (int i = 0; i < N_GROUPS; i++)
		assert_group(&inventory, i, i == 1 || i == 3);
	assert_int_equal(
		hd_inventory_add(
			&inventory, &place->host,
			(struct hd_addrs){ second, N_ELEMENTS(second) }, NULL),
		0);
	assert_int_equal(inventory.n_devices, 4 * N_MEMBERS + 1);
	assert_sorted(&inventory);
	for (int i = 0; i < N_GROUPS; i++)
		assert_group(&inventory, i, i != 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_there_once_and_is_found,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
