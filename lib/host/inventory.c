// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/index.h"
#include "lib/host/iommu.h"
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

static int compare_devices(const void *a, const void *b)
{
	const struct hd_device *x = a, *y = b;

	return hd_addr_compare(&x->addr, &y->addr);
}

static int compare_groups(const void *a, const void *b)
{
	const struct hd_group *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* readdir(3) has no order, but sentences and tables should, and what is sorted
 * is found. A device that was found twice had gone and come back meanwhile. */
void hd_inventory_sort(struct hd_inventory *inventory)
{
	struct hd_device *devices = inventory->devices;
	size_t n = 0;

	if (inventory->n_devices)
		qsort(devices, inventory->n_devices, sizeof(*devices),
		      compare_devices);
	for (size_t i = 0; i < inventory->n_devices; i++) {
		if (n && hd_addr_equal(devices[n - 1].addr, devices[i].addr))
			hd_device_clear(&devices[i]);
		else
			devices[n++] = devices[i];
	}
	inventory->n_devices = n;
	if (inventory->n_groups)
		qsort(inventory->groups, inventory->n_groups,
		      sizeof(*inventory->groups), compare_groups);
}

/* Among the first @n of them, which are sorted. */
static const struct hd_device *find_among(const struct hd_device *devices,
					  size_t n, struct hd_addr addr)
{
	const struct hd_device wanted = { .addr = addr };

	return n ? bsearch(&wanted, devices, n, sizeof(*devices),
			   compare_devices) :
		   NULL;
}

/* One entry of a group's folder: a PCI function, or something else. The first
 * @known devices of the inventory are sorted, and no later one is a member. */
static int add_member(struct hd_inventory *inventory,
		      const struct hd_host *host, size_t known, size_t group,
		      const char *name, struct hd_err *err)
{
	struct hd_addr addr;
	char **foreign;
	int r;

	if (hd_addr_parse(name, &addr, NULL) == 0) {
		if (find_among(inventory->devices, known, addr))
			return 0;
		r = append_device(inventory, host, addr, HD_FULL, err);
		return r == -ENOENT ? 0 : r;
	}
	foreign = &inventory->groups[group].foreign;
	if (*foreign)
		return 0;
	*foreign = strdup(name);
	return *foreign ? 0 : hd_err_nomem(err);
}

/* -ENOENT would say that there is no such device. */
static int fail_group(int number, int r, struct hd_err *err)
{
	return hd_err_set(err, r == -ENOENT ? EIO : -r,
			  "cannot read the members of IOMMU group %d: %s",
			  number, strerror(-r));
}

static int add_group(struct hd_inventory *inventory, const struct hd_host *host,
		     size_t known, int number, struct hd_err *err)
{
	struct hd_group *group;
	const struct dirent *entry;
	size_t index;
	DIR *dir;
	int fd = -1, unread = 0, r;

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
		r = add_member(inventory, host, known, index, entry->d_name,
			       err);
	closedir(dir);
	return unread < 0 ? fail_group(number, unread, err) : r;
}

/* Reads each of the devices that isn't there yet, once. */
static int add_devices(struct hd_inventory *inventory,
		       const struct hd_host *host, struct hd_addrs addrs,
		       struct hd_err *err)
{
	size_t known = inventory->n_devices;
	HD_AUTOFREE struct hd_addr *sorted =
		calloc(addrs.n + 1, sizeof(*sorted));
	int r = 0;

	if (!sorted)
		return hd_err_nomem(err);
	for (size_t i = 0; i < addrs.n; i++)
		sorted[i] = addrs.items[i];
	qsort(sorted, addrs.n, sizeof(*sorted), hd_addr_compare);
	for (size_t i = 0; r == 0 && i < addrs.n; i++) {
		if ((i && hd_addr_equal(sorted[i - 1], sorted[i])) ||
		    find_among(inventory->devices, known, sorted[i]))
			continue;
		r = append_device(inventory, host, sorted[i], HD_FULL, err);
		if (r == -ENOENT)
			r = 0;
	}
	hd_inventory_sort(inventory);
	return r;
}

/* Reads each group of the devices that isn't there yet, once. */
static int add_groups(struct hd_inventory *inventory,
		      const struct hd_host *host, struct hd_err *err)
{
	HD_AUTO_INDEX struct hd_index wanted = HD_INDEX_INIT;
	size_t known = inventory->n_devices;
	int r = 0;

	for (size_t i = 0; r == 0 && i < known; i++) {
		int number = inventory->devices[i].group;

		if (number != HD_NO_GROUP &&
		    !hd_inventory_group(inventory, number))
			r = hd_index_add(&wanted, (unsigned)number, i, err);
	}
	hd_index_sort(&wanted);
	for (size_t i = 0; r == 0 && i < wanted.n; i++)
		if (i == 0 || wanted.items[i].key != wanted.items[i - 1].key)
			r = add_group(inventory, host, known,
				      (int)wanted.items[i].key, err);
	hd_inventory_sort(inventory);
	return r;
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

/* Only who has neither group nor driver may get one late. */
static int look_for_late_groups(struct hd_inventory *inventory,
				const struct hd_host *host, struct hd_err *err)
{
	size_t i = 0;
	int r;

	while (i < inventory->n_devices &&
	       (inventory->devices[i].group != HD_NO_GROUP ||
		inventory->devices[i].driver))
		i++;
	if (i == inventory->n_devices)
		return 0;
	r = hd_seen_whether(hd_iommu_groups_come_late(host), &inventory->late);
	return r < 0 ? hd_err_set(err, -r,
				  "cannot read " HD_SYSFS_CLASS "/iommu: %s",
				  strerror(-r)) :
		       0;
}

int hd_inventory_add(struct hd_inventory *inventory, const struct hd_host *host,
		     struct hd_addrs addrs, struct hd_err *err)
{
	int r = add_devices(inventory, host, addrs, err);

	if (r == 0)
		r = add_groups(inventory, host, err);
	/* Only who has no group needs to know whether others have. */
	if (r == 0 && addrs.n && !inventory->iommu)
		r = look_for_iommu(inventory, host, err);
	return r < 0 ? r : look_for_late_groups(inventory, host, err);
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
	hd_inventory_sort(inventory);
	return unread < 0 ? fail_devices(unread, err) : r;
}

const struct hd_device *hd_inventory_find(const struct hd_inventory *inventory,
					  struct hd_addr addr)
{
	return find_among(inventory->devices, inventory->n_devices, addr);
}

const struct hd_group *hd_inventory_group(const struct hd_inventory *inventory,
					  int number)
{
	const struct hd_group wanted = { .number = number };

	return inventory->n_groups ?
		       bsearch(&wanted, inventory->groups, inventory->n_groups,
			       sizeof(*inventory->groups), compare_groups) :
		       NULL;
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
