// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/attributes.h"
#include "tests/unit/place.h"

static void rows_are_found(void **state)
{
	static const struct {
		const char *path;
		const char *name; /* NULL: no row */
		size_t top;
		bool saved;
	} rows[] = {
		{ "power/control", "power/control", 0, true },
		{ "reset", "reset", 0, false },
		{ "resource2_resize", "resource[0-9]*_resize", 0, false },
		{ "sriov_numvfs", "sriov_numvfs", 0, false },
		{ "something", NULL, 0, false },
		{ "net/eth0/mtu", "mtu", 8, true },
		{ "virtio3/net/eth0/mtu", "mtu", 16, true },
		{ "net/eth0/queues/rx-0/rps_cpus", "queues/*", 8, false },
		{ "net/power/mtu", "mtu", 9, true },
		{ "net/eth0", NULL, 0, false },
		{ "nvme/nvme0/nvme0n1/queue/scheduler", "queue/scheduler", 18,
		  true },
		/* One way of several to a disk, and no disk at all. */
		{ "nvme/nvme0/nvme0c0n1/queue/scheduler", "nvme/*", 0, false },
		{ "nvme/nvme0/hwmon1/queue/scheduler", "nvme/*", 0, false },
		{ "virtio1/block/vda/queue/scheduler", "queue/scheduler", 17,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		size_t top;
		const struct hd_attribute_row *row =
			hd_attribute_row(rows[i].path, &top);

		if (!rows[i].name) {
			assert_null(row);
			continue;
		}
		assert_non_null(row);
		assert_string_equal(row->name, rows[i].name);
		assert_int_equal(top, rows[i].top);
		assert_int_equal(!row->never, rows[i].saved);
	}
}

#define FOLDER "sys/bus/pci/devices/0000:01:00.0"

static void put(const struct place *place, const char *path, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), FOLDER "/%s", path);
	place_write(place, whole, text, strlen(text));
}

/* What is read of the device's folder. */
static void read_all(const struct place *place, struct hd_attributes *ret)
{
	HD_AUTOCLOSE int fd = openat(place->host.root_fd, FOLDER,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(hd_attributes_read(fd, ret), 0);
}

static const struct hd_saved *find(const struct hd_attributes *attributes,
				   const char *path)
{
	for (size_t i = 0; i < attributes->n; i++)
		if (strcmp(attributes->items[i].path, path) == 0)
			return &attributes->items[i];
	return NULL;
}

static void reads_what_is_there(void **state)
{
	HD_AUTO_ATTRIBUTES struct hd_attributes got = { NULL, 0 };
	const struct place *place = *state;

	put(place, "power/control", "auto\n");
	put(place, "power/wakeup", "\n");
	put(place, "reset_method", "\n");
	put(place, "sriov_numvfs", "3\n");
	put(place, "net/eth0/mtu", "9000\n");
	put(place, "net/eth0/flags", "0x1002\n");
	put(place, "net/eth1/flags", "0x1003\n");
	put(place, "nvme/nvme0/nvme0n1/queue/scheduler", "none [bfq] kyber\n");
	read_all(place, &got);
	assert_int_equal(got.n, 5);
	assert_string_equal(find(&got, "power/control")->value, "auto");
	assert_string_equal(find(&got, "reset_method")->value, "");
	assert_string_equal(find(&got, "net/eth0/mtu")->value, "9000");
	assert_string_equal(find(&got, "net/eth1/flags")->value, "up");
	assert_string_equal(
		find(&got, "nvme/nvme0/nvme0n1/queue/scheduler")->value, "bfq");
}

/* What can't be read is among what was found, and says why. */
static void unknown_is_not_absent(void **state)
{
	HD_AUTO_ATTRIBUTES struct hd_attributes got = { NULL, 0 };
	const struct place *place = *state;

	put(place, "power/control/x", "");
	put(place, "net/eth0/flags", "up\n");
	read_all(place, &got);
	assert_int_equal(got.n, 2);
	assert_int_equal(find(&got, "power/control")->error, -EISDIR);
	assert_null(find(&got, "power/control")->value);
	assert_int_equal(find(&got, "net/eth0/flags")->error, -EINVAL);
}

static void packs_and_unpacks(void **state)
{
	HD_AUTO_ATTRIBUTES struct hd_attributes from = { NULL, 0 };
	HD_AUTO_ATTRIBUTES struct hd_attributes to = { NULL, 0 };
	HD_AUTOFREE char *bytes = NULL;
	size_t length;

	(void)state;
	assert_int_equal(hd_attributes_add(&from, "a", "b", 0), 0);
	assert_int_equal(hd_attributes_add(&from, "c", NULL, -EIO), 0);
	assert_int_equal(hd_attributes_add(&from, "d", "", 0), 0);
	assert_int_equal(hd_attributes_pack(&from, &bytes, &length), 0);
	assert_int_equal(hd_attributes_unpack(bytes, length, &to), 0);
	assert_int_equal(to.n, 3);
	for (size_t i = 0; i < to.n; i++) {
		assert_string_equal(to.items[i].path, from.items[i].path);
		assert_int_equal(to.items[i].error, from.items[i].error);
		assert_int_equal(!to.items[i].value, !from.items[i].value);
	}
	assert_string_equal(to.items[2].value, "");
	for (size_t n = 1; n < length; n++) {
		HD_AUTO_ATTRIBUTES struct hd_attributes part = { NULL, 0 };
		int r = hd_attributes_unpack(bytes, n, &part);

		/* Cut between two of them it is whole. */
		assert_true(r == -EBADMSG || (r == 0 && part.n < 3));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found),
		cmocka_unit_test_setup_teardown(reads_what_is_there,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(unknown_is_not_absent,
						place_set_up, place_tear_down),
		cmocka_unit_test(packs_and_unpacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
