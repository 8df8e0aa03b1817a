// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/manual.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/handover/groups.h"
#include "lib/handover/prepare.h"
#include "lib/handover/release.h"

int hd_bind(struct hd_job *job, const struct hd_request *request)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_prepare(job, request);

	if (r)
		return r;
	/* From here on nobody has to wait for us to end. */
	r = hd_claim_load(&job->ask.state, request->uuid, &claim, job->ask.err);
	if (r == -ENOENT)
		return hd_err_set(job->ask.err, ENOENT,
				  "somebody removed " HD_STATE_DIR
				  "/claims/%s, which we had just written",
				  request->uuid);
	if (r < 0)
		return r;
	claim.phase = HD_RUNNING;
	claim.daemon = (struct hd_process){ 0 };
	return hd_claim_save(&job->ask.state, &claim, job->ask.err);
}

/* The claim by hand that holds a device, or NULL. */
static struct hd_claim *find_by_hand(const struct hd_claims *claims,
				     struct hd_addr addr)
{
	for (size_t i = 0; i < claims->n; i++)
		if (hd_claim_is_manual(&claims->items[i]) &&
		    hd_claim_find(&claims->items[i], addr))
			return &claims->items[i];
	return NULL;
}

/* A guest's claim on a device of the group, or NULL; *@ret is the device. */
static const struct hd_claim *find_guest_in(const struct hd_claims *claims,
					    int group, struct hd_addr *ret)
{
	for (size_t i = 0; i < claims->n; i++)
		for (size_t j = 0; j < claims->items[i].n_devices; j++) {
			if (hd_claim_is_manual(&claims->items[i]) ||
			    group == HD_NO_GROUP ||
			    claims->items[i].devices[j].group != group)
				continue;
			*ret = claims->items[i].devices[j].addr;
			return &claims->items[i];
		}
	return NULL;
}

/* Refuses when something stands against giving a device back. */
static int check_by_hand(struct hd_job *job, const struct hd_claims *claims,
			 struct hd_addr addr)
{
	const struct hd_claim *claim = find_by_hand(claims, addr), *guest;
	struct hd_addr held;

	if (!claim)
		return hd_findings_add_refusal(
			job->ask.findings, "not-bound",
			hd_text("%s was not bound by hand, so it can't be released.",
				hd_addr_text(addr).s),
			hd_text("See who holds what: virt-hostdev status"),
			job->ask.err);
	guest = find_guest_in(claims, hd_claim_find(claim, addr)->group, &held);
	if (!guest)
		return 0;
	return hd_findings_add_refusal(
		job->ask.findings, "claimed",
		hd_text("%s can't be given back to the host while guest '%s' has %s%s.",
			hd_addr_text(addr).s, guest->domain,
			hd_addr_equal(addr, held) ? "it" : hd_addr_text(held).s,
			hd_addr_equal(addr, held) ? "" : " of the same group"),
		hd_text("End that guest first, or virt-hostdev recover if it is gone"),
		job->ask.err);
}

/* Addresses that a person named. */
struct choice {
	const struct hd_addr *addrs;
	size_t n;
};

static bool is_chosen(const void *data, const struct hd_claim_device *device)
{
	const struct choice *choice = data;

	for (size_t i = 0; i < choice->n; i++)
		if (hd_addr_equal(choice->addrs[i], device->addr))
			return true;
	return false;
}

/* Moves the devices among @addrs from @claim to @part, a claim of its own. */
static int split(struct hd_job *job, struct hd_claim *claim,
		 const struct hd_addr *addrs, size_t n, struct hd_claim *part)
{
	struct choice choice = { addrs, n };

	part->since = claim->since;
	part->phase = HD_RETURNING;
	if (hd_uuid_make(part->uuid) < 0)
		return hd_err_set(job->ask.err, errno, "no random numbers: %m");
	return hd_claim_move(claim, part, is_chosen, &choice, job->ask.err);
}

/* In this order, since a device in two claims harms nobody, in none it is lost.
 */
static int release_part(struct hd_job *job, struct hd_claim *claim,
			const struct hd_addr *addrs, size_t n)
{
	HD_AUTO_CLAIM struct hd_claim part = { .domain = NULL };
	int r = split(job, claim, addrs, n, &part);

	if (r == 0)
		r = hd_claim_save(&job->ask.state, &part, job->ask.err);
	if (r == 0 && claim->n_devices)
		r = hd_claim_save(&job->ask.state, claim, job->ask.err);
	else if (r == 0)
		r = hd_claim_remove(&job->ask.state, claim->uuid, job->ask.err);
	return r < 0 ? r : hd_release_claim(job, &part);
}

/* Devices that are to be released, and who holds what. */
struct holding {
	const struct hd_addr *addrs;
	size_t n;
	struct hd_claims claims;
};

static void clear_holding(struct holding *holding)
{
	hd_claims_clear(&holding->claims);
}

/* The groups of the claims by hand that hold the devices. */
static int find_holding(struct hd_job *job, void *data, struct hd_groups *ret)
{
	struct holding *holding = data;
	int r;

	hd_claims_clear(&holding->claims);
	r = hd_claims_load(&job->ask.state, &holding->claims, job->ask.findings,
			   job->ask.err);
	for (size_t i = 0; r == 0 && i < holding->n; i++) {
		const struct hd_claim *claim =
			find_by_hand(&holding->claims, holding->addrs[i]);

		if (claim)
			r = hd_groups_of_claim(job, claim, ret);
	}
	return r;
}

/* HD_REFUSED when one of them can't be released. */
static int check_all(struct hd_job *job, const struct holding *holding)
{
	bool refused = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < holding->n; i++) {
		r = check_by_hand(job, &holding->claims, holding->addrs[i]);
		refused |= r == HD_REFUSED;
	}
	return r < 0 ? r : refused ? HD_REFUSED : 0;
}

int hd_release_manual(struct hd_job *job, const struct hd_addr *addrs, size_t n)
{
	HD_AUTO(clear_holding)
	struct holding holding = { addrs, n, HD_CLAIMS_INIT };
	bool kept = false;
	int r = hd_state_open(job->ask.host, HD_STATE_CREATE, &job->ask.state,
			      job->ask.err);

	if (r == 0)
		r = hd_job_lock(job, find_holding, &holding);
	if (r == 0)
		r = check_all(job, &holding);
	if (r)
		return r;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct hd_claim *claim =
			find_by_hand(&holding.claims, addrs[i]);

		if (!claim) /* released just now, with another one */
			continue;
		r = release_part(job, claim, addrs, n);
		kept |= r == HD_REFUSED;
	}
	return r < 0 ? r : kept ? HD_REFUSED : 0;
}
