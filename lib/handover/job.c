// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/job.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/array.h"
#include "lib/host/device.h"

/* As long as a hook may wait for another one's groups. */
#define LOCK_SECONDS 30

void hd_job_end(struct hd_job *job)
{
	hd_locks_release(&job->locks);
	hd_state_close(&job->state);
	hd_holders_clear(&job->holders);
}

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
	int r = hd_device_read_group(job->host, addr, &group, job->err);

	if (r == 0 && group != HD_NO_GROUP)
		return add_group(ret, group, job->err);
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

	for (size_t i = 0; r == 0 && i < claim->n_devices; i++)
		r = add_group(ret, claim->devices[i].group, err);
	return r;
}

int hd_groups_of_claim(struct hd_job *job, const struct hd_claim *claim,
		       struct hd_groups *ret)
{
	HD_AUTO_CLAIM struct hd_claim guest = { .domain = NULL };
	int r = add_claimed(claim, ret, job->err);

	if (r < 0 || !hd_claim_is_moving(claim))
		return r;
	r = hd_claim_load(&job->state, claim->guest, &guest, job->err);
	return r == -ENOENT ? 0 :
	       r < 0	    ? r :
			      add_claimed(&guest, ret, job->err);
}

int hd_job_lock(struct hd_job *job, struct hd_groups *groups)
{
	return hd_locks_acquire(&job->state, groups->numbers, groups->n,
				LOCK_SECONDS, &job->locks, job->err);
}

int hd_job_find_holders(struct hd_job *job, const struct hd_device *devices,
			size_t n, const struct hd_nodes *nodes)
{
	int r;

	hd_holders_clear(&job->holders);
	r = hd_holders_find(job->host, devices, n, nodes,
			    job->config.step_seconds, &job->holders, job->err);
	if (r == -EPERM)
		return hd_findings_add(
			job->findings, "holders-unknown", HD_INFO,
			HD_WHOLE_DOMAIN,
			hd_text("Whether a process of the host uses these devices is not known: only root can see what others have open."),
			hd_text("Run it as root"), job->err);
	if (r == -ETIMEDOUT)
		return hd_findings_add(
			job->findings, "holders-unknown", HD_WARNING,
			HD_WHOLE_DOMAIN,
			hd_text("Whether a process of the host uses these devices could not be found out: /proc did not answer for %u seconds.",
				job->config.step_seconds),
			hd_text("Look for processes in state D with: ps -eo pid,stat,wchan:30,args"),
			job->err);
	return r == -ENOTSUP ? 0 : r;
}

/* Forgets workers that have ended; one that the kernel holds stays. */
static void prune_workers(struct hd_job *job, struct hd_claim *claim)
{
	size_t kept = 0;

	for (size_t i = 0; i < claim->n_workers; i++)
		if (hd_process_lives(job->host, claim->workers[i].process))
			claim->workers[kept++] = claim->workers[i];
	claim->n_workers = kept;
}

static int add_workers(struct hd_job *job, const struct hd_run *run,
		       struct hd_claim *claim)
{
	for (size_t i = 0; i < run->n_workers; i++) {
		struct hd_claim_worker *slot = hd_array_add(
			&claim->workers, &claim->n_workers, sizeof(*slot));

		if (!slot)
			return hd_err_nomem(job->err);
		slot->addr = run->workers[i].addr;
		slot->process = run->workers[i].process;
	}
	return 0;
}

static int run_stage(struct hd_job *job, struct hd_claim *claim,
		     const struct hd_plan *plan, enum hd_run_stage stage,
		     enum hd_run_mode mode)
{
	HD_AUTO_RUN struct hd_run run = { .go_fd = -1 };
	unsigned failures;
	int r = hd_run_start(&run, job->host, plan, stage, mode, job->err);

	if (r == 0 && stage == HD_STAGE_DEVICES && run.n_workers) {
		prune_workers(job, claim);
		r = add_workers(job, &run, claim);
		if (r == 0)
			r = hd_claim_save(&job->state, claim, job->err);
	}
	if (r < 0)
		return r;
	failures = hd_run_finish(&run, job->config.step_seconds, &job->holders,
				 job->findings);
	prune_workers(job, claim);
	return (int)failures;
}

int hd_job_run(struct hd_job *job, struct hd_claim *claim,
	       const struct hd_plan *plan, enum hd_run_mode mode)
{
	int r = run_stage(job, claim, plan, HD_STAGE_HOST, mode);

	return r ? r : run_stage(job, claim, plan, HD_STAGE_DEVICES, mode);
}
