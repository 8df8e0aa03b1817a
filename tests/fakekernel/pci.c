// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices come and go: remove, rescan, VFs, and hands that pull cards. */
#include <errno.h>
#include <stdlib.h>

#include "tests/fakekernel/kernel.h"

/* Devices behind a bridge are below its folder, the others below their bus. */
static struct fk_node *parent_dir(struct fk_kernel *k,
				  const struct fk_device *device)
{
	struct fk_node *dir;
	char name[32];

	if (device->behind)
		return device->behind->dir;
	snprintf(name, sizeof(name), "pci%04lx:00",
		 strtoul(device->addr, NULL, 16));
	dir = fk_find(k->real, name);
	return dir ? dir : fk_dir(k->real, name);
}

void fk_device_appear(struct fk_kernel *k, struct fk_device *device)
{
	device->present = true;
	device->dir = fk_dir(parent_dir(k, device), device->addr);
	device->bus_link = fk_link(k->devices, device->addr, device->dir);
	fk_device_files(k, device);
	fk_group_join(k, device);
}

static void disappear(struct fk_kernel *k, struct fk_device *device)
{
	fk_group_leave(k, device);
	fk_remove(device->bus_link);
	fk_remove(device->dir);
	device->dir = device->bus_link = NULL;
	device->present = false;
	free(device->override);
	device->override = NULL;
	fk_log(k, "remove %s", device->addr);
}

/* First what hangs on the device: its VFs, and all that is behind a bridge. */
static int remove_dependents(struct fk_kernel *k, struct fk_device *device)
{
	struct fk_device *other = k->device_list;
	int r = device->numvfs ? fk_vfs_set(k, device, 0) : 0;

	for (; r == 0 && other; other = other->next)
		if (other->present && other->behind == device)
			r = fk_device_remove(k, other);
	return r;
}

int fk_device_remove(struct fk_kernel *k, struct fk_device *device)
{
	int r = remove_dependents(k, device);

	if (r == 0)
		r = fk_device_detach(k, device);
	if (r == 0)
		disappear(k, device);
	return r;
}

static void add(struct fk_kernel *k, struct fk_device *device)
{
	fk_device_appear(k, device);
	fk_log(k, "add %s", device->addr);
	fk_device_attach(k, device);
}

static void unlink_vfs(struct fk_device *pf)
{
	char name[32];

	for (unsigned i = 0; i < pf->numvfs; i++) {
		snprintf(name, sizeof(name), "virtfn%u", i);
		fk_remove(fk_find(pf->dir, name));
	}
}

static int remove_vfs(struct fk_kernel *k, struct fk_device *pf)
{
	struct fk_device *device;
	int r = 0;

	for (device = k->device_list; r == 0 && device; device = device->next)
		if (device->present && device->physfn == pf)
			r = fk_device_remove(k, device);
	if (r != 0)
		return r;
	unlink_vfs(pf);
	pf->numvfs = 0;
	return 0;
}

int fk_vfs_set(struct fk_kernel *k, struct fk_device *pf, unsigned n)
{
	struct fk_device *device = k->device_list;
	char name[32];

	if (n == 0)
		return remove_vfs(k, pf);
	pf->numvfs = 0;
	for (; device && pf->numvfs < n; device = device->next) {
		if (device->physfn != pf)
			continue;
		add(k, device);
		snprintf(name, sizeof(name), "virtfn%u", pf->numvfs++);
		fk_link(pf->dir, name, device->dir);
	}
	return 0;
}

/* A VF doesn't by itself: its PF makes it. */
static bool can_appear(const struct fk_device *device)
{
	return !device->present && !device->unplugged && !device->physfn &&
	       (!device->behind || device->behind->present);
}

static void rescan(struct fk_kernel *k)
{
	struct fk_device *device;

	/* In the order of the description, where bridges come first. */
	for (device = k->device_list; device; device = device->next)
		if (can_appear(device))
			add(k, device);
}

static int store_rescan(struct fk_kernel *k, void *owner, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	(void)owner;
	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	if (value)
		rescan(k);
	return 0;
}

const struct fk_attr fk_attr_rescan = { "rescan", 0220, NULL, store_rescan,
					false };

void fk_device_unplug(struct fk_kernel *k, struct fk_device *device)
{
	device->unplugged = true;
	if (device->present)
		fk_device_remove(k, device);
}

void fk_device_plug(struct fk_kernel *k, struct fk_device *device)
{
	device->unplugged = false;
	if (can_appear(device))
		add(k, device);
}

void fk_sweep_unplugged(struct fk_kernel *k)
{
	struct fk_device *device;

	for (device = k->device_list; device; device = device->next)
		if (device->unplugged && device->present)
			fk_device_remove(k, device);
}
