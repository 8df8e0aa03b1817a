// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/btrfs.h"

#include <errno.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

#define FOLDER HD_SYSFS "/fs/btrfs"

/* Far more than a host's disks. */
#define DEVICES_LIMIT 4096

struct reading {
	const struct hd_host *host;
	struct hd_btrfs *btrfs;
	const char *uuid;
	struct hd_err *err;
};

static void clear_device(struct hd_btrfs_device *device)
{
	free(device->uuid);
	hd_layer_clear(&device->layer);
}

static int add_device(void *data, int dir_fd, const char *name)
{
	const struct reading *reading = data;
	struct hd_btrfs *btrfs = reading->btrfs;
	struct hd_btrfs_device *device;
	bool gone;
	int r;

	(void)dir_fd;
	if (btrfs->n >= DEVICES_LIMIT)
		return hd_err_set(reading->err, E2BIG,
				  "there are more than %d devices in " FOLDER,
				  DEVICES_LIMIT);
	device = hd_array_add(&btrfs->items, &btrfs->n, sizeof(*device));
	if (!device)
		return hd_err_nomem(reading->err);
	device->uuid = strdup(reading->uuid);
	device->layer.name = strdup(name);
	if (!device->uuid || !device->layer.name)
		return hd_err_nomem(reading->err);
	r = hd_layer_describe(reading->host, &device->layer, &gone,
			      reading->err);
	if (r == 0 && gone) {
		clear_device(device);
		btrfs->n--;
	}
	return r;
}

/* One file system; "features" has no devices. */
static int add_devices(void *data, int dir_fd, const char *name)
{
	struct reading *reading = data;
	int fd = -1;
	struct hd_seen seen = hd_sysfs_open_btrfs(reading->host, name, &fd);

	(void)dir_fd;
	reading->uuid = name;
	return hd_look_into_opened(reading->host, seen, fd, FOLDER, add_device,
				   reading, reading->err);
}

static int match(const struct hd_host *host, const struct hd_btrfs *btrfs,
		 struct hd_mount *mount, struct hd_err *err)
{
	HD_AUTO_SOURCE struct hd_source source = { .path = NULL };
	const char *uuid = "";
	int r = hd_source_read(host, mount->source, &source, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < btrfs->n && !*uuid; i++)
		if (hd_source_is(&source, &btrfs->items[i].layer))
			uuid = btrfs->items[i].uuid;
	mount->btrfs = strdup(uuid);
	return mount->btrfs ? 0 : hd_err_nomem(err);
}

int hd_btrfs_read(const struct hd_host *host, struct hd_mounts *mounts,
		  struct hd_btrfs *ret, struct hd_err *err)
{
	HD_AUTO_BTRFS struct hd_btrfs btrfs = { NULL, 0 };
	struct reading reading = { host, &btrfs, NULL, err };
	int fd = -1;
	struct hd_seen seen = hd_sysfs_open_btrfs(host, NULL, &fd);
	bool there = seen.is == HD_PRESENT;
	int r = hd_look_into_opened(host, seen, fd, FOLDER, add_devices,
				    &reading, err);

	for (size_t i = 0; r == 0 && i < mounts->n; i++) {
		struct hd_mount *mount = &mounts->items[i];

		if (mount->major || strcmp(mount->type, "btrfs") != 0)
			continue;
		r = there ? match(host, &btrfs, mount, err) :
			    hd_look_fail(host, -ENOENT, err, FOLDER);
	}
	if (r < 0)
		return r;
	*ret = btrfs;
	btrfs = (struct hd_btrfs){ NULL, 0 };
	return 0;
}

const struct hd_btrfs_device *hd_btrfs_find(const struct hd_btrfs *btrfs,
					    const char *name)
{
	for (size_t i = 0; i < btrfs->n; i++)
		if (strcmp(btrfs->items[i].layer.name, name) == 0)
			return &btrfs->items[i];
	return NULL;
}

static bool is_of(const struct hd_btrfs_device *device,
		  const struct hd_mount *mount)
{
	return mount->btrfs && strcmp(mount->btrfs, device->uuid) == 0;
}

bool hd_btrfs_may_be(const struct hd_btrfs_device *device,
		     const struct hd_mounts *mounts,
		     const struct hd_mount *mount)
{
	if (!mount->btrfs || *mount->btrfs)
		return is_of(device, mount);
	for (size_t i = 0; i < mounts->n; i++)
		if (is_of(device, &mounts->items[i]))
			return false;
	return true;
}

void hd_btrfs_clear(struct hd_btrfs *btrfs)
{
	for (size_t i = 0; i < btrfs->n; i++)
		clear_device(&btrfs->items[i]);
	free(btrfs->items);
	*btrfs = (struct hd_btrfs){ NULL, 0 };
}
