// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/hotplug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/handover/groups.h"
#include "lib/handover/prepare.h"
#include "lib/handover/release.h"
#include "lib/state/alive.h"

/* Begins the claim of devices that we are about to move. */
static int new_moving_claim(struct hd_job *job, const char *domain,
			    const char *guest, struct hd_claim *ret)
{
	int r = hd_uuid_make(ret->uuid);

	if (r < 0)
		return hd_err_set(job->ask.err, -r, "no random numbers: %s",
				  strerror(-r));
	if (!hd_uuid_is_canonical(guest))
		return hd_err_set(job->ask.err, EINVAL,
				  "the domain '%s' has no valid UUID", domain);
	memcpy(ret->guest, guest, HD_UUID_SIZE);
	hd_claim_date(ret);
	ret->daemon = hd_process_of(job->ask.host, getpid());
	ret->domain = strdup(domain);
	return ret->domain ? 0 : hd_err_nomem(job->ask.err);
}

int hd_attach_begin(struct hd_job *job, const struct hd_request *request,
		    char ret[HD_UUID_SIZE])
{
	HD_AUTO_CLAIM struct hd_claim moving = { .domain = NULL };
	struct hd_request to = *request;
	int r = new_moving_claim(job, request->domain, request->uuid, &moving);

	to.moving = moving.uuid;
	if (r == 0)
		r = hd_prepare_into(job, &to, &moving);
	if (r == 0)
		memcpy(ret, moving.uuid, HD_UUID_SIZE);
	return r;
}

/* Groups that one owner loses wholly. */
struct leaving {
	struct hd_groups groups, staying;
};

static bool is_leaving(const void *data, const struct hd_claim_device *device)
{
	const struct leaving *leaving = data;

	return hd_groups_have(&leaving->groups, device->group) &&
	       !hd_groups_have(&leaving->staying, device->group);
}

static void clear_leaving(struct leaving *leaving)
{
	hd_groups_clear(&leaving->groups);
	hd_groups_clear(&leaving->staying);
}

/* In this order: a device in two claims harms nobody, in none it is lost. */
static int save_both(struct hd_job *job, const struct hd_claim *receiver,
		     const struct hd_claim *giver)
{
	int r = hd_claim_save(&job->ask.state, receiver, job->ask.err);

	return r < 0 ? r :
		       hd_claim_save_rest(&job->ask.state, giver, job->ask.err);
}

/* Says which devices the guest gives up, but the host gets later. */
static int report_staying(struct hd_job *job, struct hd_addrs leaving,
			  const struct hd_groups *staying)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < leaving.n; i++) {
		HD_AUTO_GROUPS struct hd_groups group = { NULL, 0 };

		r = hd_groups_of_device(job, leaving.items[i], &group);
		if (r < 0 || !group.n || group.numbers[0] == HD_NO_GROUP ||
		    !hd_groups_have(staying, group.numbers[0]))
			continue;
		r = hd_findings_add(
			job->ask.findings, "group-stays", HD_INFO,
			HD_WHOLE_DOMAIN,
			hd_text("%s comes back to the host only with the rest of IOMMU group %d, of which the guest keeps a device.",
				hd_addr_text(leaving.items[i]).s,
				group.numbers[0]),
			NULL, job->ask.err);
	}
	return r;
}

int hd_detach_begin(struct hd_job *job, const char *guest,
		    struct hd_addrs leaving, struct hd_addrs staying,
		    char ret[HD_UUID_SIZE])
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim moving = { .domain = NULL };
	HD_AUTO(clear_leaving) struct leaving groups = { .groups = { 0 } };
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	ret[0] = '\0';
	if (r == 0)
		r = hd_claim_lock(job, guest, &claim);
	if (r == -ENOENT) /* nothing of it was ever ours */
		return 0;
	if (r == 0)
		r = new_moving_claim(job, claim.domain ? claim.domain : "",
				     guest, &moving);
	if (r == 0)
		r = hd_groups_of_devices(job, leaving, &groups.groups);
	if (r == 0)
		r = hd_groups_of_devices(job, staying, &groups.staying);
	if (r == 0)
		r = report_staying(job, leaving, &groups.staying);
	if (r == 0)
		r = hd_claim_move(&claim, &moving, is_leaving, &groups,
				  job->ask.err);
	if (r < 0 || moving.n_devices == 0)
		return r;
	r = save_both(job, &moving, &claim);
	if (r == 0)
		memcpy(ret, moving.uuid, HD_UUID_SIZE);
	return r;
}
