// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/fate.h"

#include <stdlib.h>

#include "lib/request/policy.h"

bool hd_fate_can_go_along(const struct hd_device *device)
{
	return !device->bridge && device->numvfs == 0;
}

/* The host takes them along by itself, or the domain says so and may. */
static bool may_go_along(const struct hd_request *request,
			 const struct hd_device *device)
{
	if (request->siblings == HD_SIBLINGS_REFUSE)
		return false;
	if (request->policy->siblings == HD_SIBLINGS_BIND)
		return true;
	return request->siblings == HD_SIBLINGS_BIND &&
	       hd_policy_decide(request, device, HD_MAY_SIBLINGS).permitted;
}

static bool goes_along(const struct hd_request *request,
		       const struct hd_device *device)
{
	return hd_fate_can_go_along(device) &&
	       !hd_device_leaves_group_viable(device) &&
	       may_go_along(request, device);
}

static void assign(const struct hd_inventory *inventory,
		   const struct hd_request *request, enum hd_fate *fates)
{
	for (size_t i = 0; i < request->n_assigns; i++) {
		const struct hd_device *device =
			hd_inventory_find(inventory, request->assigns[i].addr);

		if (device)
			fates[device - inventory->devices] = HD_IS_ASSIGNED;
	}
}

/* Whether the others of its group have to look at it. */
static bool is_mate(const struct hd_device *device, enum hd_fate fate)
{
	return device->group != HD_NO_GROUP &&
	       (device->override_unknown ||
		(fate != HD_IS_ASSIGNED &&
		 !hd_device_leaves_group_viable(device)));
}

int hd_fates_find(const struct hd_inventory *inventory,
		  const struct hd_request *request, struct hd_fates *ret,
		  struct hd_err *err)
{
	int r = 0;

	hd_fates_clear(ret);
	ret->items = calloc(inventory->n_devices + 1, sizeof(*ret->items));
	if (!ret->items)
		return hd_err_nomem(err);
	assign(inventory, request, ret->items);
	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++) {
		const struct hd_device *device = &inventory->devices[i];

		if (ret->items[i] != HD_IS_ASSIGNED &&
		    goes_along(request, device))
			ret->items[i] = HD_GOES_ALONG;
		if (is_mate(device, ret->items[i]))
			r = hd_index_add(&ret->mates, (unsigned)device->group,
					 i, err);
	}
	hd_index_sort(&ret->mates);
	return r;
}

void hd_fates_clear(struct hd_fates *fates)
{
	free(fates->items);
	hd_index_clear(&fates->mates);
	*fates = (struct hd_fates)HD_FATES_INIT;
}
