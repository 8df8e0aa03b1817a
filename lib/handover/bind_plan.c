// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/bind_plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"

/* A device that no guest gets needs no driver of its own kind. */
#define HD_SIBLING_DRIVER "vfio-pci"

static int claim_device(struct hd_claim *claim, const struct hd_device *device,
			const struct hd_shown *shown, bool restore,
			struct hd_err *err)
{
	struct hd_claim_device *slot =
		hd_array_add(&claim->devices, &claim->n_devices, sizeof(*slot));

	if (!slot)
		return hd_err_nomem(err);
	slot->addr = device->addr;
	slot->group = device->group;
	slot->late = device->group == HD_NO_GROUP;
	slot->vendor = device->vendor;
	slot->device = device->device;
	slot->restore = restore;
	slot->driver = device->driver ? strdup(device->driver) : NULL;
	slot->override = device->override ? strdup(device->override) : NULL;
	if ((device->driver && !slot->driver) ||
	    (device->override && !slot->override) ||
	    (restore &&
	     hd_attributes_copy(&slot->attributes, &device->attributes) < 0) ||
	    (restore && shown &&
	     hd_screen_keep(&slot->screen, &shown->screen) < 0))
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

/* What is decided, device by device. */
struct deciding {
	const struct hd_request *request;
	const struct hd_situation *situation;
	bool untouched;
	struct hd_claim *claim;
	struct hd_plan *plan;
	unsigned seconds; /* for each step of the screen */
	struct hd_err *err;
	/* Both of each device of the inventory; owned. */
	bool *unmanaged; /* the hook binds it; of one that is wanted twice (two
			  * namespaces of an NVMe disk) if once of them */
	bool *decided; /* the claim has it */
	bool loaded; /* the siblings' driver is, or will be */
};

/* What the host shows on a card is taken down before it, and each function of
 * the card is kept from other drivers until it goes. */
static int decide_screen(struct deciding *d, const struct hd_device *device,
			 size_t first)
{
	const struct hd_shown *shown = hd_shown_of(d->situation, device);
	struct hd_plan *plan = d->plan;
	int r;

	if (!shown)
		return 0;
	for (size_t i = first; i < plan->n_steps; i++)
		if (plan->steps[i].kind == HD_STEP_OVERRIDE)
			plan->steps[i].stage = HD_STAGE_OVERRIDE;
		else if (!shown->card)
			plan->steps[i].stage = HD_STAGE_FUNCTIONS;
	r = hd_plan_end_users(plan, &shown->screen, d->err);
	return r < 0 ? r :
		       hd_plan_let_go(plan, device->addr, d->seconds, d->err);
}

/* When nobody uses any of them any more. */
static int decide_darkness(struct deciding *d)
{
	const struct hd_screens *screens = &d->situation->screens;
	int r = 0;

	for (size_t i = 0; r == 0 && screens->of && i < screens->n; i++)
		if (screens->of[i].card)
			r = hd_plan_take_down(d->plan, &screens->of[i].screen,
					      d->seconds, d->err);
	return r;
}

static void clear_deciding(struct deciding *deciding)
{
	free(deciding->unmanaged);
	free(deciding->decided);
}

/* The place of a device in the inventory; all that is asked for are there. */
static size_t place_of(const struct deciding *d, struct hd_addr addr)
{
	const struct hd_inventory *inventory = &d->situation->inventory;

	return (size_t)(hd_inventory_find(inventory, addr) -
			inventory->devices);
}

/* Whether an assignment has shown that the driver is loaded already. */
static bool is_loaded(const struct deciding *d, const char *driver)
{
	const struct hd_request *request = d->request;

	for (size_t i = 0; i < request->n_assigns; i++)
		if (d->situation->modules[i] == HD_MODULE_PRESENT &&
		    strcmp(hd_assign_driver(&request->assigns[i]), driver) == 0)
			return true;
	return false;
}

static int begin(struct deciding *d)
{
	const struct hd_inventory *inventory = &d->situation->inventory;

	d->unmanaged = calloc(inventory->n_devices + 1, sizeof(bool));
	d->decided = calloc(inventory->n_devices + 1, sizeof(bool));
	if (!d->unmanaged || !d->decided)
		return hd_err_nomem(d->err);
	d->loaded = is_loaded(d, HD_SIBLING_DRIVER);
	for (size_t i = 0; i < d->request->n_assigns; i++)
		if (!d->request->assigns[i].managed)
			d->unmanaged[place_of(d, d->request->assigns[i].addr)] =
				true;
	for (size_t i = 0; i < d->claim->n_devices; i++) {
		const struct hd_device *device =
			hd_inventory_find(inventory, d->claim->devices[i].addr);

		if (device)
			d->decided[device - inventory->devices] = true;
	}
	return 0;
}

static int decide_device(struct deciding *d, const struct hd_assign *assign)
{
	size_t place = place_of(d, assign->addr);
	const struct hd_device *device =
		&d->situation->inventory.devices[place];
	const char *driver = hd_assign_driver(assign);
	size_t first = d->plan->n_steps;
	int r;

	if (d->decided[place])
		return 0;
	d->decided[place] = true;
	r = claim_device(d->claim, device, hd_shown_of(d->situation, device),
			 d->untouched, d->err);
	if (r == 0 && d->unmanaged[place] && !is_ready(assign, device))
		r = hd_plan_move(d->plan, device, driver, driver, d->err);
	return r < 0 ? r : decide_screen(d, device, first);
}

static int decide_sibling(struct deciding *d, const struct hd_device *device)
{
	int r = d->loaded ? 0 :
			    hd_plan_load(d->plan, HD_SIBLING_DRIVER, d->err);

	size_t first = d->plan->n_steps;

	d->loaded = true;
	if (r == 0)
		r = claim_device(d->claim, device,
				 hd_shown_of(d->situation, device), true,
				 d->err);
	if (r == 0)
		r = hd_plan_move(d->plan, device, HD_SIBLING_DRIVER,
				 HD_SIBLING_DRIVER, d->err);
	return r < 0 ? r : decide_screen(d, device, first);
}

/* The members of a device's group that have to leave their host drivers. */
static int decide_siblings(struct deciding *d, const struct hd_assign *assign)
{
	const struct hd_device *devices = d->situation->inventory.devices;
	const struct hd_fates *fates = &d->situation->fates;
	int group = devices[place_of(d, assign->addr)].group;
	size_t n;
	const struct hd_index_item *mates =
		hd_index_find(&fates->mates, (unsigned)group, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t place = mates[i].at;

		if (fates->items[place] != HD_GOES_ALONG || d->decided[place])
			continue;
		d->decided[place] = true;
		r = decide_sibling(d, &devices[place]);
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
		 unsigned seconds, struct hd_claim *claim, struct hd_plan *plan,
		 struct hd_err *err)
{
	HD_AUTO(clear_deciding)
	struct deciding d = { .request = request,
			      .situation = situation,
			      .untouched = untouched,
			      .claim = claim,
			      .plan = plan,
			      .seconds = seconds,
			      .err = err };
	int r = begin(&d);

	for (size_t i = 0; r == 0 && i < request->n_assigns; i++)
		if (situation->modules[i] == HD_MODULE_LOADABLE)
			r = hd_plan_load(plan,
					 hd_assign_driver(&request->assigns[i]),
					 err);
	for (size_t i = 0; r == 0 && i < request->n_assigns; i++) {
		r = decide_device(&d, &request->assigns[i]);
		if (r == 0)
			r = decide_siblings(&d, &request->assigns[i]);
	}
	if (r == 0)
		r = decide_darkness(&d);
	hd_plan_sort(plan);
	return r;
}
