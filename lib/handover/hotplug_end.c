// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/hotplug_end.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/handover/groups.h"
#include "lib/handover/release.h"
#include "lib/host/guest.h"
#include "lib/host/nodes.h"
#include "lib/state/alive.h"

static bool is_in(const void *groups, const struct hd_claim_device *device)
{
	return hd_groups_have(groups, device->group);
}

/* An error when it can't be told: then nothing is undone. */
static int guest_runs(struct hd_job *job, const struct hd_claim *moving,
		      bool *ret)
{
	int r = hd_seen_whether(
		hd_guest_runs(job->ask.host, moving->domain, moving->guest),
		ret);

	return r == 0 ? 0 :
			hd_err_set(job->ask.err, -r,
				   "can't tell whether guest '%s' runs: %s",
				   moving->domain, strerror(-r));
}

/* What a guest holds, or the beginning of it: release will give it back. */
static int load_guest(struct hd_job *job, const struct hd_claim *moving,
		      struct hd_claim *ret)
{
	int r = hd_claim_load(&job->ask.state, moving->guest, ret,
			      job->ask.err);

	if (r != -ENOENT)
		return r;
	memcpy(ret->uuid, moving->guest, HD_UUID_SIZE);
	ret->phase = HD_RUNNING;
	hd_claim_date(ret);
	ret->domain = strdup(moving->domain);
	return ret->domain ? 0 : hd_err_nomem(job->ask.err);
}

static bool is_any(const void *data, const struct hd_claim_device *device)
{
	(void)data, (void)device;
	return true;
}

/*
 * Adds devices to what their guest holds. When it ended meanwhile, its release
 * may have come before and left them: then all is as it was, and 1 returned.
 */
static int deliver(struct hd_job *job, const struct hd_claim *moving,
		   struct hd_claim *kept)
{
	HD_AUTO_CLAIM struct hd_claim before = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim guest = { .domain = NULL };
	int r = load_guest(job, moving, &before);
	bool runs;

	if (r == 0)
		r = load_guest(job, moving, &guest);
	if (r == 0)
		r = hd_claim_move(kept, &guest, is_any, NULL, job->ask.err);
	if (r == 0)
		r = hd_claim_save(&job->ask.state, &guest, job->ask.err);
	if (r == 0)
		r = guest_runs(job, moving, &runs);
	if (r < 0 || runs)
		return r;
	r = hd_claim_save_rest(&job->ask.state, &before, job->ask.err);
	return r < 0 ? r : 1;
}

/* Reads again what was written down of what moves. */
static int load_again(struct hd_job *job, struct hd_claim *moving)
{
	char uuid[HD_UUID_SIZE];

	memcpy(uuid, moving->uuid, HD_UUID_SIZE);
	hd_claim_clear(moving);
	return hd_claim_load(&job->ask.state, uuid, moving, job->ask.err);
}

/* Ends the way: what is in the groups @stays is the guest's. */
static int end(struct hd_job *job, struct hd_claim *moving,
	       const struct hd_groups *stays)
{
	HD_AUTO_CLAIM struct hd_claim kept = { .domain = NULL };
	bool runs;
	int r = guest_runs(job, moving, &runs);

	if (r == 0 && runs)
		r = hd_claim_move(moving, &kept, is_in, stays, job->ask.err);
	if (r == 0 && kept.n_devices) {
		r = deliver(job, moving, &kept);
		if (r > 0)
			r = load_again(job, moving);
		else if (r == 0)
			r = hd_claim_save_rest(&job->ask.state, moving,
					       job->ask.err);
	}
	return r < 0 || moving->n_devices == 0 ? r :
						 hd_release_claim(job, moving);
}

int hd_hotplug_end(struct hd_job *job, const char *uuid,
		   struct hd_addrs with_guest)
{
	HD_AUTO_CLAIM struct hd_claim moving = { .domain = NULL };
	HD_AUTO_GROUPS struct hd_groups stays = { NULL, 0 };
	int r = hd_state_open(job->ask.host, HD_STATE_WRITE, &job->ask.state,
			      job->ask.err);

	if (r == 0)
		r = hd_claim_lock(job, uuid, &moving);
	if (r == -ENOENT) /* somebody else has ended it */
		return 0;
	if (r == 0)
		r = hd_groups_of_devices(job, with_guest, &stays);
	return r < 0 ? r : end(job, &moving, &stays);
}

/* Which of the devices are on vfio, and read what can be held of them. */
static int read_nodes(struct hd_job *job, const struct hd_claim *moving,
		      struct hd_device *devices, struct hd_nodes *nodes)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < moving->n_devices; i++) {
		r = hd_device_read(job->ask.host, moving->devices[i].addr,
				   HD_BRIEF, &devices[i], job->ask.err);
		if (r == -ENOENT)
			r = 0;
		else if (r == 0 && devices[i].vfio)
			r = hd_nodes_add(nodes, job->ask.host, &devices[i],
					 job->ask.err);
	}
	return r;
}

/* The groups of which a process has something open, or may have. */
static int find_held(struct hd_job *job, const struct hd_claim *moving,
		     struct hd_device *devices, struct hd_groups *ret)
{
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	int r = read_nodes(job, moving, devices, &nodes);

	if (r == 0)
		r = hd_ask_find_holders(&job->ask, devices, moving->n_devices,
					&nodes, &job->holders);
	for (size_t i = 0; r == 0 && i < moving->n_devices; i++)
		if (devices[i].vfio &&
		    ((job->holders.unknown && !job->holders.slight) ||
		     hd_holders_first(&job->holders, devices[i].addr,
				      devices[i].driver, true)))
			r = hd_groups_of_device(job, devices[i].addr, ret);
	return r;
}

int hd_hotplug_end_abandoned(struct hd_job *job, struct hd_claim *moving)
{
	HD_AUTO_GROUPS struct hd_groups stays = { NULL, 0 };
	HD_AUTOFREE struct hd_device *devices =
		calloc(moving->n_devices + 1, sizeof(*devices));
	bool runs = false;
	int r = devices ? guest_runs(job, moving, &runs) :
			  hd_err_nomem(job->ask.err);

	if (r == 0 && runs)
		r = find_held(job, moving, devices, &stays);
	for (size_t i = 0; devices && i < moving->n_devices; i++)
		hd_device_clear(&devices[i]);
	return r < 0 ? r : end(job, moving, &stays);
}
