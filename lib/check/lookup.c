// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"

bool hd_is_own(const struct hd_claim *claim, const struct hd_request *request)
{
	if (request->moving && strcmp(claim->uuid, request->moving) == 0)
		return true;
	if (request->uuid[0])
		return strcmp(claim->uuid, request->uuid) == 0;
	return claim->domain && request->domain &&
	       strcmp(claim->domain, request->domain) == 0;
}

const struct hd_claim_device *hd_own_late(const struct hd_claims *claims,
					  const struct hd_request *request,
					  struct hd_addr addr)
{
	for (size_t i = 0; i < claims->n; i++) {
		const struct hd_claim_device *device =
			hd_is_own(&claims->items[i], request) ?
				hd_claim_find(&claims->items[i], addr) :
				NULL;

		if (device && device->late)
			return device;
	}
	return NULL;
}

static int add_own(struct hd_lookup *lookup,
		   const struct hd_claim_device *device, struct hd_err *err)
{
	int r = hd_index_add(&lookup->own, hd_addr_key(device->addr), 0, err);

	/* Nobody has looked yet who else is in the group. */
	if (device->late)
		return r;
	return r < 0 ? r :
		       hd_index_add(&lookup->own_groups,
				    (unsigned)device->group, 0, err);
}

static int add_other(struct hd_lookup *lookup, const struct hd_claim *claim,
		     const struct hd_claim_device *device, struct hd_err *err)
{
	size_t at = lookup->n_taken;
	struct hd_taken *slot =
		hd_array_add(&lookup->taken, &lookup->n_taken, sizeof(*slot));
	int r = slot ? hd_index_add(&lookup->others, hd_addr_key(device->addr),
				    at, err) :
		       hd_err_nomem(err);

	if (r < 0)
		return r;
	*slot = (struct hd_taken){ claim, device };
	if (hd_claim_is_manual(claim) || device->group == HD_NO_GROUP)
		return 0;
	return hd_index_add(&lookup->other_groups, (unsigned)device->group, at,
			    err);
}

static int add_claim(struct hd_lookup *lookup, const struct hd_claim *claim,
		     bool own, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claim->n_devices; i++)
		r = own ? add_own(lookup, &claim->devices[i], err) :
			  add_other(lookup, claim, &claim->devices[i], err);
	return r;
}

static int add_claims(struct hd_lookup *lookup,
		      const struct hd_situation *situation,
		      const struct hd_request *request, struct hd_err *err)
{
	const struct hd_claims *claims = &situation->claims;
	const struct hd_claims *abandoned = &situation->abandoned;
	int r = 0;

	for (size_t i = 0; r == 0 && i < claims->n; i++)
		r = add_claim(lookup, &claims->items[i],
			      hd_is_own(&claims->items[i], request), err);
	for (size_t i = 0; r == 0 && i < abandoned->n; i++)
		r = hd_addr_index(&lookup->abandoned,
				  abandoned->items[i].devices,
				  abandoned->items[i].n_devices,
				  sizeof(*abandoned->items[i].devices), err);
	hd_index_sort(&lookup->own);
	hd_index_sort(&lookup->own_groups);
	hd_index_sort(&lookup->others);
	hd_index_sort(&lookup->other_groups);
	return r;
}

#define INDEX(index, items, n)                                                 \
	hd_addr_index(&lookup->index, items, n, sizeof(*(items)), err)

static int fill(struct hd_lookup *lookup, const struct hd_situation *situation,
		const struct hd_request *request, struct hd_err *err)
{
	const struct hd_critical_uses *uses = &situation->critical_uses;
	int r = INDEX(assigns, request->assigns, request->n_assigns);

	if (r == 0)
		r = INDEX(allows, request->allows, request->n_allows);
	if (r == 0)
		r = INDEX(uses, uses->items, uses->n);
	if (r == 0)
		r = INDEX(holders, situation->holders.items,
			  situation->holders.n);
	return r < 0 ? r : add_claims(lookup, situation, request, err);
}

int hd_lookup_make(const struct hd_situation *situation,
		   const struct hd_request *request, struct hd_lookup *ret,
		   struct hd_err *err)
{
	HD_AUTO_LOOKUP struct hd_lookup lookup = HD_LOOKUP_INIT;
	int r = fill(&lookup, situation, request, err);

	if (r < 0)
		return r;
	*ret = lookup;
	lookup = (struct hd_lookup)HD_LOOKUP_INIT;
	return 0;
}

void hd_lookup_clear(struct hd_lookup *lookup)
{
	hd_index_clear(&lookup->assigns);
	hd_index_clear(&lookup->allows);
	hd_index_clear(&lookup->uses);
	hd_index_clear(&lookup->holders);
	hd_index_clear(&lookup->own);
	hd_index_clear(&lookup->others);
	hd_index_clear(&lookup->abandoned);
	hd_index_clear(&lookup->own_groups);
	hd_index_clear(&lookup->other_groups);
	free(lookup->taken);
	*lookup = (struct hd_lookup)HD_LOOKUP_INIT;
}
