// SPDX-License-Identifier: GPL-2.0-or-later
/* The driver core: which driver takes which device, and what a probe does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakekernel/kernel.h"
#include "tests/fakekernel/screen.h"

static bool id_matches(const struct fk_id *id, const struct fk_device *device)
{
	return (id->vendor < 0 || id->vendor == (long)device->vendor) &&
	       (id->device < 0 || id->device == (long)device->device) &&
	       ((device->class_code ^ id->class_code) & id->class_mask) == 0;
}

static bool table_matches(const struct fk_driver *driver,
			  const struct fk_device *device)
{
	const struct fk_id *id = driver->ids;

	while (id && !id_matches(id, device))
		id = id->next;
	return id;
}

/* pci_match_device(): an override decides alone, whatever the table says. */
static bool matches(const struct fk_driver *driver,
		    const struct fk_device *device)
{
	if (device->override)
		return strcmp(device->override, driver->name) == 0;
	return !driver->vfio && table_matches(driver, device);
}

/* vfio_pci_core_register_device() */
static int probe_vfio(const struct fk_device *device)
{
	if (device->bridge)
		return EINVAL;
	if (device->numvfs)
		return EBUSY;
	return device->group == FK_NO_GROUP ? EINVAL : 0;
}

static int probe(const struct fk_driver *driver, const struct fk_device *device)
{
	int r = driver->vfio ? probe_vfio(device) : 0;

	if (driver->refuses)
		return driver->refuses;
	if (r == 0 && driver->ids && !table_matches(driver, device))
		return ENODEV;
	return r;
}

static void show_vfio(struct fk_kernel *k, struct fk_device *device)
{
	char name[32];

	if (!device->driver->vfio)
		return;
	snprintf(name, sizeof(name), "vfio%u", k->vfio_number++);
	fk_dir(fk_dir(device->dir, "vfio-dev"), name);
}

static void set_bound(struct fk_kernel *k, struct fk_device *device,
		      struct fk_driver *driver)
{
	device->driver = driver;
	fk_link(device->dir, "driver", driver->dir);
	fk_link(driver->dir, device->addr, device->dir);
	show_vfio(k, device);
	/* vfio_pci_core_register_device(), pm_runtime_allow() */
	if (driver->vfio)
		fk_power_set(device, "auto");
	fk_extras_add(device, driver);
	fk_group_update(k, device);
	fk_screen_taken(k, device);
}

void fk_bind_initially(struct fk_kernel *k, struct fk_device *device,
		       struct fk_driver *driver)
{
	set_bound(k, device, driver);
}

/*
 * really_probe(): what fails before the driver's own probe is negative and ends
 * the search for a driver; what the probe says is positive, and the next driver
 * may try.
 */
static int really_probe(struct fk_kernel *k, struct fk_device *device,
			struct fk_driver *driver)
{
	int r;

	fk_group_join_late(k, device);
	/* pci_dma_configure(): a guest owns the DMA of the whole group. */
	if (!driver->managed_dma && fk_group_is_open(k, device))
		return -EBUSY;
	r = probe(driver, device);
	if (r != 0)
		return r;
	set_bound(k, device, driver);
	fk_log(k, "bind %s %s", device->addr, driver->name);
	return 0;
}

int fk_device_attach(struct fk_kernel *k, struct fk_device *device)
{
	struct fk_driver *driver = k->driver_list;

	for (; !device->driver && driver; driver = driver->next) {
		int r = 0;

		if (driver->loaded && matches(driver, device))
			r = really_probe(k, device, driver);
		if (r < 0)
			return r;
	}
	return 0;
}

int fk_device_detach(struct fk_kernel *k, struct fk_device *device)
{
	struct fk_driver *driver = device->driver;
	int r = 0;

	if (!driver)
		return 0;
	/* vfio_unregister_group_dev() waits for the guest to let go. */
	if (driver->vfio && fk_group_is_open(k, device))
		return FK_WAIT;
	/* nv_pci_remove(): the modules on top use the card. */
	if (driver->keeps && fk_module_is_held(k, driver->module))
		return FK_WAIT;
	if (driver->sriov && device->numvfs)
		r = fk_vfs_set(k, device, 0);
	if (r != 0)
		return r;
	device->driver = NULL;
	fk_screens_update(k);
	fk_remove(fk_find(device->dir, "driver"));
	fk_remove(fk_find(driver->dir, device->addr));
	fk_remove(fk_find(device->dir, "vfio-dev"));
	/* vfio_pci_core_unregister_device(), pm_runtime_forbid() */
	if (driver->vfio)
		fk_power_set(device, "on");
	fk_extras_remove(device, driver);
	fk_group_update(k, device);
	fk_log(k, "unbind %s %s", device->addr, driver->name);
	return 0;
}

static int store_bind(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_driver *driver = owner;
	struct fk_device *device = fk_device_by_text(k, text);
	int r;

	if (!device || !matches(driver, device))
		return -ENODEV;
	if (device->driver)
		return -EBUSY;
	r = really_probe(k, device, driver);
	return r > 0 ? -r : r;
}

static int store_unbind(struct fk_kernel *k, void *owner, const char *text)
{
	struct fk_device *device = fk_device_by_text(k, text);

	if (!device || device->driver != owner)
		return -ENODEV;
	return fk_device_detach(k, device);
}

static int store_drivers_probe(struct fk_kernel *k, void *owner,
			       const char *text)
{
	struct fk_device *device = fk_device_by_text(k, text);

	(void)owner;
	if (!device)
		return -ENODEV;
	return fk_device_attach(k, device) < 0 ? -EINVAL : 0;
}

const struct fk_attr fk_attr_drivers_probe = { "drivers_probe", 0200, NULL,
					       store_drivers_probe, false };

static const struct fk_attr driver_attrs[] = {
	{ "bind", 0200, NULL, store_bind, false },
	{ "unbind", 0200, NULL, store_unbind, false },
};

/* libkmod takes a module for loaded when its initstate says so. */
static struct fk_node *show_module(struct fk_kernel *k, const char *name)
{
	struct fk_node *dir = fk_find(k->modules, name);

	if (dir)
		return dir;
	dir = fk_dir(k->modules, name);
	fk_text(dir, "initstate", "live\n");
	fk_file(dir, &fk_attr_refcnt, dir);
	fk_dir(dir, "holders");
	fk_dir(dir, "drivers");
	return dir;
}

static void show_vfio_modules(struct fk_kernel *k)
{
	static const char *const names[] = { "vfio", "vfio_iommu_type1",
					     "vfio_pci_core" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		show_module(k, names[i]);
	if (!fk_find(k->dev_vfio, "vfio"))
		fk_text(k->dev_vfio, "vfio", "");
}

void fk_driver_register(struct fk_kernel *k, struct fk_driver *driver)
{
	struct fk_node *module = show_module(k, driver->module);
	char *name;

	driver->loaded = true;
	driver->dir = fk_dir(k->drivers, driver->name);
	for (size_t i = 0; i < sizeof(driver_attrs) / sizeof(driver_attrs[0]);
	     i++)
		fk_file(driver->dir, &driver_attrs[i], driver);
	fk_link(driver->dir, "module", module);
	if (asprintf(&name, "pci:%s", driver->name) < 0)
		abort();
	fk_link(fk_find(module, "drivers"), name, driver->dir);
	free(name);
	if (driver->vfio)
		show_vfio_modules(k);
}

/* Driver names may have hyphens where the names of modules never do. */
static bool names_module(const char *name, const char *module)
{
	for (; *name && *module; name++, module++)
		if (*name != *module && !(*name == '-' && *module == '_'))
			return false;
	return *name == *module;
}

int fk_driver_load(struct fk_kernel *k, const char *name)
{
	struct fk_driver *driver = k->driver_list;
	struct fk_device *device;

	while (driver && strcmp(driver->name, name) != 0 &&
	       !names_module(name, driver->module))
		driver = driver->next;
	if (!driver)
		return -ENOENT;
	if (driver->loaded)
		return -EEXIST;
	fk_driver_register(k, driver);
	fk_log(k, "load %s", driver->name);
	for (device = k->device_list; device; device = device->next)
		if (device->present && !device->driver &&
		    matches(driver, device))
			really_probe(k, device, driver);
	return 0;
}
