// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/sysfs.h"

static int append_device(struct hd_inventory *inventory,
			 const struct hd_host *host, struct hd_addr addr,
			 enum hd_detail detail, struct hd_err *err)
{
	struct hd_device device, *slot;
	int r = hd_device_read(host, addr, detail, &device, err);

	if (r < 0)
		return r;
	slot = hd_array_add(&inventory->devices, &inventory->n_devices,
			    sizeof(*slot));
	if (!slot) {
		hd_device_clear(&device);
		return hd_err_nomem(err);
	}
	*slot = device;
	return 0;
}

static int add_device(struct hd_inventory *inventory,
		      const struct hd_host *host, struct hd_addr addr,
		      struct hd_err *err)
{
	if (hd_inventory_find(inventory, addr))
		return 0;
	return append_device(inventory, host, addr, HD_FULL, err);
}

/* One entry of a group's folder: a PCI function, or something else. */
static int add_member(struct hd_inventory *inventory,
		      const struct hd_host *host, size_t group,
		      const char *name, struct hd_err *err)
{
	struct hd_addr addr;
	char **foreign;
	int r;

	if (hd_addr_parse(name, &addr, NULL) == 0) {
		r = add_device(inventory, host, addr, err);
		return r == -ENOENT ? 0 : r;
	}
	foreign = &inventory->groups[group].foreign;
	if (*foreign)
		return 0;
	*foreign = strdup(name);
	return *foreign ? 0 : hd_err_nomem(err);
}

static int compare_devices(const void *a, const void *b)
{
	const struct hd_device *x = a, *y = b;

	return hd_addr_compare(&x->addr, &y->addr);
}

/* readdir(3) has no order, but sentences and tables should. */
static void sort(struct hd_inventory *inventory)
{
	if (inventory->n_devices)
		qsort(inventory->devices, inventory->n_devices,
		      sizeof(*inventory->devices), compare_devices);
}

/* -ENOENT would say that there is no such device. */
static int fail_group(int number, int r, struct hd_err *err)
{
	return hd_err_set(err, r == -ENOENT ? EIO : -r,
			  "cannot read the members of IOMMU group %d: %s",
			  number, strerror(-r));
}

static int add_group(struct hd_inventory *inventory, const struct hd_host *host,
		     int number, struct hd_err *err)
{
	struct hd_group *group;
	const struct dirent *entry;
	size_t index;
	DIR *dir;
	int fd = -1, unread = 0, r;

	if (number == HD_NO_GROUP || hd_inventory_group(inventory, number))
		return 0;
	r = hd_seen_required(hd_sysfs_open_group(host, (unsigned)number, &fd));
	if (r < 0)
		return fail_group(number, r, err);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return hd_err_nomem(err);
	}
	group = hd_array_add(&inventory->groups, &inventory->n_groups,
			     sizeof(*group));
	if (group) {
		group->number = number;
		inventory->iommu = true;
	} else {
		r = hd_err_nomem(err);
	}
	index = inventory->n_groups - 1;
	while (r == 0 && (entry = hd_dir_next(dir, &unread)))
		r = add_member(inventory, host, index, entry->d_name, err);
	closedir(dir);
	sort(inventory);
	return unread < 0 ? fail_group(number, unread, err) : r;
}

static int look_for_iommu(struct hd_inventory *inventory,
			  const struct hd_host *host, struct hd_err *err)
{
	unsigned n = 0;
	int r = hd_seen_optional(hd_sysfs_count_groups(host, 1, &n));

	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot read " HD_SYSFS_GROUPS ": %s",
				  strerror(-r));
	inventory->iommu = n > 0;
	return 0;
}

int hd_inventory_add(struct hd_inventory *inventory, const struct hd_host *host,
		     struct hd_addr addr, struct hd_err *err)
{
	const struct hd_device *device;
	int r = add_device(inventory, host, addr, err);

	if (r < 0 && r != -ENOENT)
		return r;
	device = r == 0 ? hd_inventory_find(inventory, addr) : NULL;
	if (device)
		r = add_group(inventory, host, device->group, err);
	else
		r = 0;
	/* Only who has no group needs to know whether others have. */
	if (r == 0 && !inventory->iommu)
		r = look_for_iommu(inventory, host, err);
	return r;
}

static int fail_devices(int r, struct hd_err *err)
{
	return hd_err_set(err, -r, "cannot read " HD_SYSFS_PCI "/devices: %s",
			  strerror(-r));
}

int hd_inventory_read_all(struct hd_inventory *inventory,
			  const struct hd_host *host, struct hd_err *err)
{
	int fd = -1, unread = 0, r = 0;
	struct hd_seen seen = hd_sysfs_open_devices(host, &fd);
	const struct dirent *entry;
	DIR *dir;

	if (seen.is != HD_PRESENT)
		return seen.is == HD_ABSENT ? hd_device_none(host, err) :
					      fail_devices(seen.error, err);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return hd_err_nomem(err);
	}
	while (r == 0 && (entry = hd_dir_next(dir, &unread))) {
		struct hd_addr addr;

		if (hd_addr_parse(entry->d_name, &addr, NULL) < 0)
			continue;
		r = append_device(inventory, host, addr, HD_BRIEF, err);
		if (r == -ENOENT) /* it went away meanwhile */
			r = 0;
	}
	closedir(dir);
	sort(inventory);
	return unread < 0 ? fail_devices(unread, err) : r;
}

const struct hd_device *hd_inventory_find(const struct hd_inventory *inventory,
					  struct hd_addr addr)
{
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (hd_addr_equal(inventory->devices[i].addr, addr))
			return &inventory->devices[i];
	return NULL;
}

const struct hd_group *hd_inventory_group(const struct hd_inventory *inventory,
					  int number)
{
	for (size_t i = 0; i < inventory->n_groups; i++)
		if (inventory->groups[i].number == number)
			return &inventory->groups[i];
	return NULL;
}

void hd_inventory_clear(struct hd_inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_devices; i++)
		hd_device_clear(&inventory->devices[i]);
	for (size_t i = 0; i < inventory->n_groups; i++)
		free(inventory->groups[i].foreign);
	free(inventory->devices);
	free(inventory->groups);
	memset(inventory, 0, sizeof(*inventory));
}
