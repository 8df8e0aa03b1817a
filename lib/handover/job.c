// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/job.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/array.h"
#include "lib/host/device.h"

void hd_job_end(struct hd_job *job)
{
	hd_locks_release(&job->locks);
	hd_ask_end(&job->ask);
	hd_holders_clear(&job->holders);
}

/* Forgets workers that have ended; one that the kernel holds stays. */
static void prune_workers(struct hd_job *job, struct hd_claim *claim)
{
	size_t kept = 0;

	for (size_t i = 0; i < claim->n_workers; i++)
		if (hd_process_lives(job->ask.host, claim->workers[i].process)
			    .is != HD_ABSENT)
			claim->workers[kept++] = claim->workers[i];
	claim->n_workers = kept;
}

static int add_workers(struct hd_job *job, const struct hd_run *run,
		       struct hd_claim *claim)
{
	for (size_t i = 0; i < run->n_workers; i++) {
		struct hd_claim_worker *slot = hd_array_add(
			&claim->workers, &claim->n_workers, sizeof(*slot));
		const struct hd_step *step;

		if (!slot)
			return hd_err_nomem(job->ask.err);
		step = &run->plan->steps[run->workers[i].first];
		slot->host = !hd_step_has_device(step);
		slot->addr = slot->host ? (struct hd_addr){ 0 } : step->addr;
		slot->process = run->workers[i].process;
	}
	return 0;
}

int hd_job_note_unwritten(struct hd_job *job)
{
	HD_AUTO_ERR struct hd_err cause = *job->ask.err;

	*job->ask.err = (struct hd_err)HD_ERR_INIT;
	return hd_findings_add(
		job->ask.findings, "claim-unwritten", HD_WARNING,
		HD_WHOLE_DOMAIN,
		hd_text("What was written down can't be changed: %s.",
			hd_err_message(&cause)),
		hd_text("When " HD_STATE_DIR
			" can be written to again: virt-hostdev recover"),
		job->ask.err);
}

static int save(struct hd_job *job, const struct hd_claim *claim,
		enum hd_run_mode mode)
{
	int r = claim->damaged ?
			0 :
			hd_claim_save(&job->ask.state, claim, job->ask.err);

	return r < 0 && mode == HD_RUN_ON ? hd_job_note_unwritten(job) : r;
}

static int run_stage(struct hd_job *job, struct hd_claim *claim,
		     const struct hd_plan *plan, enum hd_stage stage,
		     enum hd_run_mode mode)
{
	HD_AUTO_RUN struct hd_run run = { .go_fd = -1 };
	int r = hd_run_start(&run, job->ask.host, plan, stage, mode,
			     job->ask.err);

	/* A module that gets loaded is nothing to undo. */
	if (r == 0 && stage != HD_STAGE_LOAD && run.n_workers) {
		prune_workers(job, claim);
		r = add_workers(job, &run, claim);
		if (r == 0)
			r = save(job, claim, mode);
	}
	if (r < 0)
		return r;
	r = hd_run_finish(&run, job->ask.config.step_seconds, &job->holders,
			  job->ask.findings, job->ask.err);
	prune_workers(job, claim);
	return r;
}

static bool has_stage(const struct hd_plan *plan, enum hd_stage stage)
{
	size_t i = 0;

	while (i < plan->n_steps && plan->steps[i].stage != stage)
		i++;
	return i < plan->n_steps;
}

int hd_job_run(struct hd_job *job, struct hd_claim *claim,
	       const struct hd_plan *plan, enum hd_run_mode mode)
{
	int failures = 0;

	for (enum hd_stage stage = 0; stage < HD_N_STAGES; stage++) {
		int r = has_stage(plan, stage) ?
				run_stage(job, claim, plan, stage, mode) :
				0;

		if (r < 0)
			return r;
		failures += r;
		if (failures && mode == HD_RUN_STOP)
			break;
	}
	return failures;
}
