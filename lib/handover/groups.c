// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/groups.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/host/device.h"

/* As long as a hook may wait for another one's groups. */
#define LOCK_SECONDS 30

void hd_groups_clear(struct hd_groups *groups)
{
	free(groups->numbers);
}

bool hd_groups_have(const struct hd_groups *groups, int number)
{
	for (size_t i = 0; i < groups->n; i++)
		if (groups->numbers[i] == number)
			return true;
	return false;
}

static int add_group(struct hd_groups *groups, int number, struct hd_err *err)
{
	int *slot = hd_array_add(&groups->numbers, &groups->n, sizeof(*slot));

	if (!slot)
		return hd_err_nomem(err);
	*slot = number;
	return 0;
}

int hd_groups_of_device(struct hd_job *job, struct hd_addr addr,
			struct hd_groups *ret)
{
	int group;
	int r = hd_device_read_group(job->ask.host, addr, &group, job->ask.err);

	if (r == 0)
		return add_group(ret, group, job->ask.err);
	return r == -ENOENT ? 0 : r;
}

int hd_groups_of_devices(struct hd_job *job, struct hd_addrs addrs,
			 struct hd_groups *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < addrs.n; i++)
		r = hd_groups_of_device(job, addrs.items[i], ret);
	return r;
}

int hd_groups_of_request(struct hd_job *job, const struct hd_request *request,
			 struct hd_groups *ret)
{
	int r = 0;

	/* What isn't there the check will say. */
	for (size_t i = 0; r == 0 && i < request->n_assigns; i++)
		r = hd_groups_of_device(job, request->assigns[i].addr, ret);
	return r;
}

static int add_claimed(const struct hd_claim *claim, struct hd_groups *ret,
		       struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < claim->n_devices; i++) {
		r = add_group(ret, claim->devices[i].group, err);
		/* Whoever has taken it has locked that. */
		if (r == 0 && claim->devices[i].late)
			r = add_group(ret, HD_NO_GROUP, err);
	}
	return r;
}

int hd_groups_of_claim(struct hd_job *job, const struct hd_claim *claim,
		       struct hd_groups *ret)
{
	HD_AUTO_CLAIM struct hd_claim guest = { .domain = NULL };
	int r = add_claimed(claim, ret, job->ask.err);

	if (r < 0 || !hd_claim_is_moving(claim))
		return r;
	r = hd_claim_load(&job->ask.state, claim->guest, &guest, job->ask.err);
	return r == -ENOENT ? 0 :
	       r < 0	    ? r :
			      add_claimed(&guest, ret, job->ask.err);
}

/* Adds to @groups what they lack of @wanted; 1 when that is anything. */
static int add_missing(struct hd_groups *groups, const struct hd_groups *wanted,
		       struct hd_err *err)
{
	int r = 0, more = 0;

	for (size_t i = 0; r == 0 && i < wanted->n; i++) {
		if (hd_groups_have(groups, wanted->numbers[i]))
			continue;
		more = 1;
		r = add_group(groups, wanted->numbers[i], err);
	}
	return r < 0 ? r : more;
}

/* 1 when more groups are needed than were locked; they are added then. */
static int try_lock(struct hd_job *job, hd_groups_fn find, void *data,
		    int64_t deadline, struct hd_groups *groups)
{
	HD_AUTO_GROUPS struct hd_groups wanted = { NULL, 0 };
	int r = hd_locks_acquire(&job->ask.state, groups->numbers, groups->n,
				 deadline, &job->locks, job->ask.err);

	if (r == 0)
		r = find(job, data, &wanted);
	return r < 0 ? r : add_missing(groups, &wanted, job->ask.err);
}

/*
 * What is locked only becomes more, so that this ends however others change
 * meanwhile what is found.
 */
int hd_job_lock(struct hd_job *job, hd_groups_fn find, void *data)
{
	HD_AUTO_GROUPS struct hd_groups groups = { NULL, 0 };
	int64_t deadline = hd_now_ms() + LOCK_SECONDS * INT64_C(1000);
	int r = find(job, data, &groups);

	if (r < 0)
		return r;
	while ((r = try_lock(job, find, data, deadline, &groups))) {
		hd_locks_release(&job->locks);
		if (r < 0)
			return r;
	}
	return 0;
}
