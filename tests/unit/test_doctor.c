// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/doctor/doctor.h"
#include "lib/request/policy.h"
#include "tests/unit/place.h"

#define UUID "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define OTHER "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
#define CARD "sys/bus/pci/devices/0000:01:00.0/"

/*
 * What doctor says of a host that lives only. That it does is a lie here: the
 * files are those of a folder. All else that doctor says is seen bad by
 * tests/cli/test_doctor.py, which reads the ids below.
 */
static const char *const live[] = {
	"device-rom",	  "guard-holders", "hook-leftovers",
	"hook-owner",	  "hook-ran",	   "iommu-faults",
	"libvirt-daemon", "libvirt-qemu",  "vfio-node-mode",
};

struct file {
	const char *path, *text;
	mode_t mode; /* 0: as it comes */
};

/* A card with an interface that is alone in its group. */
static const struct file both[] = {
	{ CARD "vendor", "0x10de", 0 },
	{ CARD "device", "0x1f06", 0 },
	{ CARD "class", "0x030000", 0 },
	{ CARD "subsystem_vendor", "0x10de", 0 },
	{ CARD "subsystem_device", "0x0001", 0 },
	{ CARD "revision", "0x00", 0 },
	{ CARD "numa_node", "-1", 0 },
	{ CARD "driver_override", "(null)", 0 },
	{ "sys/kernel/iommu_groups/1/devices/0000:01:00.0", "", 0 },
	{ "sys/bus/pci/drivers/vfio-pci/x", "", 0 },
	{ "sys/module/vfio/x", "", 0 },
	{ "proc/1/mountinfo", "", 0 },
	{ "proc/swaps", "", 0 },
	{ "proc/self/stat", "7 (test) S 0 7 7 0", 0 },
	{ "proc/77/cmdline", "qemu\0-uuid\0" UUID, 0 },
};

static const struct file bad[] = {
	{ CARD "net/hdtest0/flags", "0x1003", 0 },
	{ "run/virt-hostdev/claims/" OTHER, "nonsense", 0 },
	{ "etc/libvirt/hooks/qemu", "#!/bin/sh\n", 0777 },
	{ "run/libvirt/qemu/g.pid", "77", 0 },
	{ "dev/kmsg", "6,1,1,-;DMAR: [DMA Write] of it\n", 0 },
	{ "dev/vfio/vfio", "", 0600 },
};

static const struct file good[] = {
	{ CARD "net/hdtest0/flags", "0x1002", 0 },
	{ CARD "rom", "", 0 },
	{ "etc/libvirt/hooks/qemu", "#!/bin/sh\n", 0755 },
	{ "dev/kmsg", "6,1,1,-;nothing\n", 0 },
	{ "dev/vfio/vfio", "", 0666 },
	{ "proc/78/comm", "virtqemud", 0 },
	{ "usr/bin/qemu-system-x86_64", "", 0 },
};

static void put(const struct place *place, const struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct file *file = &files[i];
		bool list = strstr(file->path, "cmdline") != NULL;
		char path[128];

		place_write(place, file->path, file->text,
			    list ? sizeof("qemu\0-uuid\0" UUID) :
				   strlen(file->text));
		snprintf(path, sizeof(path), "%s/%s", place->root, file->path);
		if (file->mode)
			assert_int_equal(chmod(path, file->mode), 0);
	}
}

static struct hd_diagnosis diagnose(const struct file *files, size_t n)
{
	const struct hd_guest_use use = { .domain = "g",
					  .uuid = UUID,
					  .addr = addr("01:00.0") };
	struct hd_assign assign = { .addr = use.addr };
	const struct hd_policy policy = HD_POLICY_INIT;
	const struct hd_request devices = { .uuid = "",
					    .policy = &policy,
					    .assigns = &assign,
					    .n_assigns = 1 };
	const struct hd_doctor_request request = { .devices = &devices,
						   .uses = &use,
						   .n_uses = 1 };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_diagnosis diagnosis = { .items = NULL };
	struct place *place;
	char path[128];

	place_set_up((void **)&place);
	put(place, both, N_ELEMENTS(both));
	put(place, files, n);
	snprintf(path, sizeof(path), "%s/" CARD "iommu_group", place->root);
	assert_int_equal(symlink("../../../../kernel/iommu_groups/1", path), 0);
	place->host.live = true;
	if (hd_doctor_run(&place->host, &request, &diagnosis, &err) < 0)
		fail_msg("%s", hd_err_message(&err));
	place_tear_down((void **)&place);
	return diagnosis;
}

static const struct hd_checkup *find(const struct hd_diagnosis *diagnosis,
				     const char *id)
{
	for (size_t i = 0; i < diagnosis->n; i++)
		if (strcmp(diagnosis->items[i].id, id) == 0)
			return &diagnosis->items[i];
	fail_msg("there is no row %s", id);
	return NULL;
}

static void what_lives_is_seen_bad(void **state)
{
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis =
		diagnose(bad, N_ELEMENTS(bad));

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(live); i++) {
		const struct hd_checkup *row = find(&diagnosis, live[i]);

		if (row->health != HD_WARN && row->health != HD_FAIL)
			fail_msg("%s: %s: %s", row->id,
				 hd_health_name(row->health), row->detail);
	}
}

static void what_lives_is_seen_good(void **state)
{
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis =
		diagnose(good, N_ELEMENTS(good));

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(live); i++) {
		const struct hd_checkup *row = find(&diagnosis, live[i]);

		/* What others than root make is theirs, and who isn't root
		 * doesn't see who holds a device. */
		if (row->health != HD_PASS && geteuid() == 0)
			fail_msg("%s: %s: %s", row->id,
				 hd_health_name(row->health), row->detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lives_is_seen_bad),
		cmocka_unit_test(what_lives_is_seen_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
