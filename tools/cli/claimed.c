// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/claimed.h"

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/host/device.h"
#include "lib/state/alive.h"
#include "lib/state/state.h"
#include "tools/cli/json.h"

/* One that can't be read is held as long as nobody knows better. */
static void look_at(const struct hd_tool *tool, struct hd_claim *claim)
{
	claim->life = hd_claim_life(&tool->host, claim);
	for (size_t i = claim->n_devices; i-- > 0;) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct hd_device now = { .driver = NULL };

		if (hd_device_read(&tool->host, claim->devices[i].addr,
				   HD_BRIEF, &now, &err) == 0)
			hd_claim_prune(claim, &(struct hd_inventory){
						      .devices = &now,
						      .n_devices = 1 });
		hd_device_clear(&now);
	}
}

int hd_claimed_read(const struct hd_tool *tool, struct hd_claimed *ret,
		    struct hd_err *err)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	int r = hd_state_open(&tool->host, HD_STATE_READ, &state, err);

	if (r == 0)
		r = hd_claims_load(&state, &ret->claims, &ret->findings, err);
	for (size_t i = 0; i < ret->claims.n; i++)
		look_at(tool, &ret->claims.items[i]);
	return r == -ENOENT ? 0 : r;
}

int hd_claimed_try(const struct hd_tool *tool, struct hd_claimed *ret,
		   struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	int r = hd_claimed_read(tool, ret, &cause);
	bool barred = r == -EACCES || r == -EPERM;

	if (r == 0)
		return 0;
	ret->unread = true;
	/* What was found on the way is not all. */
	hd_findings_clear(&ret->findings);
	return hd_findings_add(
		&ret->findings, "claims-unreadable",
		barred ? HD_INFO : HD_WARNING, HD_WHOLE_DOMAIN,
		barred ?
			hd_text("Who holds which device is not known: only root can read " HD_STATE_DIR
				".") :
			hd_text("Who holds which device is not known: %s.",
				hd_err_message(&cause)),
		NULL, err);
}

bool hd_claimed_all_known(const struct hd_claimed *claimed)
{
	return !claimed->unread && claimed->claims.n_unsettled == 0;
}

const struct hd_claim *
hd_claimed_find(const struct hd_claimed *claimed, struct hd_addr addr,
		const struct hd_unsettled **ret_unsettled)
{
	const struct hd_claims *claims = &claimed->claims;
	const struct hd_claim *by_hand = NULL;

	*ret_unsettled = NULL;
	for (size_t i = 0; i < claims->n; i++) {
		if (!hd_claim_find(&claims->items[i], addr))
			continue;
		if (!hd_claim_is_manual(&claims->items[i]))
			return &claims->items[i];
		by_hand = &claims->items[i];
	}
	for (size_t i = 0; !by_hand && i < claims->n_unsettled; i++) {
		if (!hd_claim_find(&claims->unsettled[i].left, addr))
			continue;
		*ret_unsettled = &claims->unsettled[i];
		return &claims->unsettled[i].left;
	}
	return by_hand;
}

bool hd_claimed_known(const struct hd_claimed *claimed, struct hd_addr addr)
{
	const struct hd_unsettled *unsettled;

	if (claimed->unread)
		return false;
	if (hd_claimed_find(claimed, addr, &unsettled))
		return !unsettled;
	for (size_t i = 0; i < claimed->claims.n_unsettled; i++)
		if (!hd_unsettled_is_complete(&claimed->claims.unsettled[i]))
			return false;
	return true;
}

json_object *hd_claimed_json(const struct hd_claimed *claimed,
			     struct hd_addr addr)
{
	const struct hd_unsettled *unsettled;
	const struct hd_claim *claim =
		hd_claimed_find(claimed, addr, &unsettled);
	json_object *object = claim ? json_object_new_object() : NULL;

	if (!claim)
		return NULL;
	json_object_object_add(object, "domain", hd_json_text(claim->domain));
	json_object_object_add(object, "uuid", hd_json_text(claim->uuid));
	json_object_object_add(
		object, "state",
		hd_json_text(unsettled ? hd_unsettled_name(unsettled) :
					 hd_outlook_name(claim->life.is)));
	return object;
}

json_object *hd_unsettled_json(const struct hd_claimed *claimed)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < claimed->claims.n_unsettled; i++) {
		const struct hd_unsettled *each = &claimed->claims.unsettled[i];
		json_object *object = json_object_new_object();

		json_object_object_add(object, "uuid",
				       hd_json_text(each->uuid));
		json_object_object_add(object, "why",
				       hd_json_text(hd_unsettled_name(each)));
		json_object_object_add(object, "message",
				       hd_json_text(each->message));
		json_object_object_add(object, "fix", hd_json_text(each->fix));
		json_object_array_add(array, object);
	}
	return array;
}

void hd_claimed_clear(struct hd_claimed *claimed)
{
	hd_claims_clear(&claimed->claims);
	hd_findings_clear(&claimed->findings);
}
