// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/bind_plan.h"

#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/check/check.h"

/* A device that no guest gets needs no driver of its own kind. */
#define HD_SIBLING_DRIVER "vfio-pci"

static int claim_device(struct hd_claim *claim, const struct hd_device *device,
			bool restore, struct hd_err *err)
{
	struct hd_claim_device *slot =
		hd_array_add(&claim->devices, &claim->n_devices, sizeof(*slot));

	if (!slot)
		return hd_err_nomem(err);
	slot->addr = device->addr;
	slot->group = device->group;
	slot->vendor = device->vendor;
	slot->device = device->device;
	slot->restore = restore;
	slot->driver = device->driver ? strdup(device->driver) : NULL;
	slot->override = device->override ? strdup(device->override) : NULL;
	if ((device->driver && !slot->driver) ||
	    (device->override && !slot->override) ||
	    (restore &&
	     hd_attributes_copy(&slot->attributes, &device->attributes) < 0))
		return hd_err_nomem(err);
	return 0;
}

/* Whether the device has a driver already that the domain is content with. */
static bool is_ready(const struct hd_assign *assign,
		     const struct hd_device *device)
{
	if (assign->driver)
		return device->driver &&
		       strcmp(device->driver, assign->driver) == 0;
	return device->vfio;
}

/*
 * Whether the hook binds the device; one that is wanted twice (two namespaces
 * of an NVMe disk) if once of them.
 */
static bool is_unmanaged(const struct hd_request *request, struct hd_addr addr)
{
	for (size_t i = 0; i < request->n_assigns; i++)
		if (!request->assigns[i].managed &&
		    hd_addr_equal(request->assigns[i].addr, addr))
			return true;
	return false;
}

static int decide_device(const struct hd_request *request,
			 const struct hd_assign *assign,
			 const struct hd_device *device, bool untouched,
			 struct hd_claim *claim, struct hd_plan *plan,
			 struct hd_err *err)
{
	const char *driver = hd_assign_driver(assign);
	int r;

	if (hd_claim_find(claim, device->addr))
		return 0;
	r = claim_device(claim, device, untouched, err);
	if (r < 0 || !is_unmanaged(request, assign->addr) ||
	    is_ready(assign, device))
		return r;
	return hd_plan_move(plan, device, driver, driver, err);
}

/* Whether an assignment has shown that the driver is loaded already. */
static bool is_loaded(const struct hd_request *request,
		      const struct hd_situation *situation, const char *driver)
{
	for (size_t i = 0; i < request->n_assigns; i++)
		if (situation->modules[i] == HD_MODULE_PRESENT &&
		    strcmp(hd_assign_driver(&request->assigns[i]), driver) == 0)
			return true;
	return false;
}

/* The members of a device's group that have to leave their host drivers. */
static int decide_siblings(const struct hd_request *request,
			   const struct hd_situation *situation, int group,
			   struct hd_claim *claim, struct hd_plan *plan,
			   struct hd_err *err)
{
	const struct hd_inventory *inventory = &situation->inventory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (device->group != group ||
		    !hd_check_binds_sibling(request, device) ||
		    hd_claim_find(claim, device->addr))
			continue;
		if (!is_loaded(request, situation, HD_SIBLING_DRIVER))
			r = hd_plan_load(plan, HD_SIBLING_DRIVER, err);
		if (r == 0)
			r = claim_device(claim, device, true, err);
		if (r == 0)
			r = hd_plan_move(plan, device, HD_SIBLING_DRIVER,
					 HD_SIBLING_DRIVER, err);
	}
	return r;
}

/* The first that couldn't be read, NULL for none; *@ret is how many. */
static const struct hd_saved *
find_unread(const struct hd_attributes *attributes, size_t *ret)
{
	const struct hd_saved *first = NULL;

	*ret = 0;
	for (size_t i = 0; i < attributes->n; i++) {
		if (!attributes->items[i].error)
			continue;
		first = first ? first : &attributes->items[i];
		++*ret;
	}
	return first;
}

int hd_bind_warn(const struct hd_claim *claim, struct hd_findings *findings,
		 struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claim->n_devices; i++) {
		const struct hd_claim_device *device = &claim->devices[i];
		size_t n;
		const struct hd_saved *unread =
			find_unread(&device->attributes, &n);
		HD_AUTOFREE char *more =
			n > 1 ? hd_text(", nor %zu more", n - 1) : NULL;

		if (!unread)
			continue;
		r = hd_findings_add(
			findings, "setting-unread", HD_WARNING, HD_WHOLE_DOMAIN,
			hd_text("%s of %s can't be read (%s)%s, so it can't be put back when the device returns.",
				unread->path, hd_addr_text(device->addr).s,
				strerror(-unread->error), more ? more : ""),
			NULL, err);
	}
	return r;
}

int hd_bind_plan(const struct hd_request *request,
		 const struct hd_situation *situation, bool untouched,
		 struct hd_claim *claim, struct hd_plan *plan,
		 struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n_assigns; i++)
		if (situation->modules[i] == HD_MODULE_LOADABLE)
			r = hd_plan_load(plan,
					 hd_assign_driver(&request->assigns[i]),
					 err);
	for (size_t i = 0; r == 0 && i < request->n_assigns; i++) {
		const struct hd_assign *assign = &request->assigns[i];
		const struct hd_device *device =
			hd_inventory_find(&situation->inventory, assign->addr);

		r = decide_device(request, assign, device, untouched, claim,
				  plan, err);
		if (r == 0)
			r = decide_siblings(request, situation, device->group,
					    claim, plan, err);
	}
	return r;
}
