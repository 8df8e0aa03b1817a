// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/release_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/host/device.h"
#include "lib/host/device_override.h"
#include "lib/host/holders.h"
#include "lib/host/nodes.h"
#include "lib/host/sysfs.h"

/* The devices of a claim that are to be given back and can be, so far. */
struct returns {
	struct hd_job *job;
	const struct hd_claim *claim;
	const struct hd_claim_device **claimed;
	struct hd_device *now; /* the same devices, as they are */
	size_t n;
	const struct hd_claim_device **gone; /* of those that can't come back */
	size_t n_gone;
	const struct hd_claim_device **back; /* of those that somebody else gave
					      * back */
	size_t n_back;
	bool all; /* nothing had to be left out */
};

/* Says why a device has to wait. @why is taken over. */
static int postpone(struct returns *returns, struct hd_addr addr,
		    const char *id, char *why, const char *fix)
{
	char *message =
		why ? hd_text("%s can't be given back to the host yet: %s.",
			      hd_addr_text(addr).s, why) :
		      NULL;

	free(why);
	returns->all = false;
	return hd_findings_add(returns->job->ask.findings, id, HD_ERROR,
			       HD_WHOLE_DOMAIN, message, hd_text("%s", fix),
			       returns->job->ask.err);
}

/* The same of one that can't be read, for the reason in the error. */
static int postpone_unread(struct returns *returns, struct hd_addr addr)
{
	HD_AUTO_ERR struct hd_err cause = *returns->job->ask.err;

	*returns->job->ask.err = (struct hd_err)HD_ERR_INIT;
	return postpone(returns, addr, "device-unread",
			hd_text("%s", hd_err_message(&cause)),
			"When it can be read: virt-hostdev recover");
}

/* Leaves out the device at @index. */
static void drop(struct returns *returns, size_t index)
{
	size_t after = --returns->n - index;

	hd_device_clear(&returns->now[index]);
	memmove(&returns->now[index], &returns->now[index + 1],
		after * sizeof(*returns->now));
	memmove(&returns->claimed[index], &returns->claimed[index + 1],
		after * sizeof(*returns->claimed));
}

/* Whether a process that was set to change the device is still at it. */
static const struct hd_claim_worker *worker_at(const struct hd_host *host,
					       const struct hd_claim *claim,
					       struct hd_addr addr)
{
	for (size_t i = 0; i < claim->n_workers; i++)
		if (!claim->workers[i].host &&
		    hd_addr_equal(claim->workers[i].addr, addr) &&
		    hd_process_lives(host, claim->workers[i].process).is !=
			    HD_ABSENT)
			return &claim->workers[i];
	return NULL;
}

/* Reads what can be read of a device without waiting for the kernel. */
static int add(struct returns *returns, const struct hd_claim_device *claimed)
{
	struct hd_job *job = returns->job;
	struct hd_device *now = &returns->now[returns->n];
	const struct hd_claim_worker *worker =
		worker_at(job->ask.host, returns->claim, claimed->addr);
	int r;

	if (worker)
		return postpone(
			returns, claimed->addr, "device-blocked",
			hd_text("process %d still waits for the kernel to change it",
				worker->process.pid),
			"When that process is gone: virt-hostdev recover");
	r = hd_device_read(job->ask.host, claimed->addr, HD_BRIEF, now,
			   job->ask.err);
	if (r == -ENOENT)
		returns->gone[returns->n_gone++] = claimed;
	if (r == -ENOENT)
		return hd_findings_add(
			job->ask.findings, "device-gone", HD_WARNING,
			HD_WHOLE_DOMAIN,
			hd_text("%s can't be given back to the host: it is gone.",
				hd_addr_text(claimed->addr).s),
			hd_text("To look for it again: echo 1 > " HD_SYSFS_PCI
				"/rescan"),
			job->ask.err);
	if (r < 0)
		return postpone_unread(returns, claimed->addr);
	returns->claimed[returns->n++] = claimed;
	/* What is left of a damaged claim is believed where it is still so. */
	if (returns->claim->damaged && !now->vfio) {
		returns->back[returns->n_back++] = claimed;
		drop(returns, returns->n - 1);
		return 0;
	}
	if (now->vendor == claimed->vendor && now->device == claimed->device)
		return 0;
	returns->gone[returns->n_gone++] = claimed;
	r = hd_findings_add(
		job->ask.findings, "device-replaced", HD_WARNING,
		HD_WHOLE_DOMAIN,
		hd_text("%s can't be given back to the host: it is gone, and another device (%04x:%04x) is in its place.",
			hd_addr_text(claimed->addr).s, now->vendor,
			now->device),
		NULL, job->ask.err);
	drop(returns, returns->n - 1);
	return r;
}

/* Whether its VFIO driver is to let it go, which it does when nobody uses it.
 */
static bool leaves_vfio(const struct returns *returns, size_t index)
{
	const char *driver = returns->claimed[index]->driver;
	const struct hd_device *now = &returns->now[index];

	return now->vfio && !(driver && strcmp(driver, now->driver) == 0);
}

static bool is_held(const struct returns *returns, size_t index)
{
	const struct hd_device *now = &returns->now[index];

	return leaves_vfio(returns, index) &&
	       hd_holders_first(&returns->job->holders, now->addr, now->driver,
				true);
}

/* What is below the devices that are to be let go, but for those of which it
 * can't be read: they are left out. */
static int read_nodes(struct returns *returns, struct hd_nodes *ret)
{
	struct hd_job *job = returns->job;
	int r = 0;

	for (size_t i = 0; r == 0 && i < returns->n;) {
		if (!leaves_vfio(returns, i) ||
		    hd_nodes_add(ret, job->ask.host, &returns->now[i],
				 job->ask.err) == 0) {
			i++;
			continue;
		}
		r = postpone_unread(returns, returns->now[i].addr);
		drop(returns, i);
	}
	return r;
}

/* A search that failed is one that was given up. */
static int note_unsearched(struct hd_job *job)
{
	HD_AUTO_ERR struct hd_err cause = *job->ask.err;

	*job->ask.err = (struct hd_err)HD_ERR_INIT;
	hd_holders_clear(&job->holders);
	job->holders.unknown = hd_text("%s", hd_err_message(&cause));
	job->holders.remedy =
		hd_text("%s", cause.fix ? cause.fix : "journalctl -k");
	return job->holders.unknown && job->holders.remedy ?
		       0 :
		       hd_err_nomem(job->ask.err);
}

/* Whether any of the devices is held, now. */
static int find_held(struct returns *returns, bool *ret)
{
	struct hd_job *job = returns->job;
	HD_AUTO_NODES struct hd_nodes nodes = { NULL, 0 };
	int r = read_nodes(returns, &nodes);

	*ret = false;
	if (r == 0 && hd_ask_find_holders(&job->ask, returns->now, returns->n,
					  &nodes, &job->holders) < 0)
		r = note_unsearched(job);
	for (size_t i = 0; r == 0 && i < returns->n; i++)
		*ret |= is_held(returns, i);
	return r;
}

/* A guest that ends may be a little late in letting go. */
static int wait_for_holders(struct returns *returns)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000000L };
	int64_t deadline = hd_now_ms() + returns->job->ask.config.step_seconds *
						 INT64_C(1000);
	bool held;
	int r = find_held(returns, &held);

	while (r == 0 && held && hd_now_ms() < deadline) {
		nanosleep(&pause, NULL);
		r = find_held(returns, &held);
	}
	/* It goes back all the same: a step that blocks is given up. */
	return r < 0 ? r :
		       hd_ask_say_unknown(&returns->job->ask,
					  &returns->job->holders);
}

/* Whoever took a device that is held from its driver would be blocked. */
static int leave_out_held(struct returns *returns)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < returns->n;) {
		const struct hd_device *now = &returns->now[i];

		if (!is_held(returns, i)) {
			i++;
			continue;
		}
		r = postpone(returns, now->addr, "device-held",
			     hd_holders_text(&returns->job->holders, now->addr,
					     now->driver, true),
			     "When it has let go: virt-hostdev recover");
		drop(returns, i);
	}
	return r;
}

static int read_override(struct returns *returns, size_t first, size_t n)
{
	const struct hd_job *job = returns->job;

	return hd_device_read_overrides(job->ask.host, &returns->now[first], n,
					job->ask.config.step_seconds,
					job->ask.err);
}

/* Reads the rest of all at once, or else of one after the other. */
static int read_overrides(struct returns *returns)
{
	int r = read_override(returns, 0, returns->n);

	if (r == 0)
		return 0;
	hd_err_clear(returns->job->ask.err);
	r = 0;
	for (size_t i = 0; r == 0 && i < returns->n;) {
		free(returns->now[i].override);
		returns->now[i].override = NULL;
		if (read_override(returns, i, 1) == 0) {
			i++;
			continue;
		}
		r = postpone_unread(returns, returns->now[i].addr);
		drop(returns, i);
	}
	return r;
}

/* Leaves out what the kernel doesn't tell in time. */
static int read_locked(struct returns *returns)
{
	int r = read_overrides(returns);

	for (size_t i = 0; r == 0 && i < returns->n;) {
		if (!returns->now[i].override_unknown) {
			i++;
			continue;
		}
		r = postpone(
			returns, returns->now[i].addr, "device-locked",
			hd_text("the kernel doesn't answer for it, as when another process hangs while it unbinds it"),
			"Look for that process, in state D, with: ps -eo pid,stat,wchan:30,args; then: virt-hostdev recover");
		drop(returns, i);
	}
	return r;
}

/* Half of a step's time, for disks that are found late; the rest is its own. */
static int plan_return(const struct returns *returns, size_t index,
		       struct hd_plan *ret)
{
	const struct hd_claim_device *claimed = returns->claimed[index];
	const struct hd_job *job = returns->job;
	int r = hd_plan_move(ret, &returns->now[index], claimed->driver,
			     claimed->override, job->ask.err);

	return r < 0 ? r :
		       hd_plan_restore(ret, claimed->addr, &claimed->attributes,
				       job->ask.config.step_seconds / 2,
				       job->ask.err);
}

/* All of it, or the device has to wait. */
static int plan_whole_return(struct returns *returns, size_t index,
			     struct hd_plan *ret)
{
	size_t before = ret->n_steps;

	if (plan_return(returns, index, ret) == 0)
		return 0;
	hd_plan_cut(ret, before);
	return postpone_unread(returns, returns->now[index].addr);
}

/*
 * What the host showed on the devices. It waits for one that has to wait; of
 * one that is gone for good nothing comes back but who used it, who may find
 * another.
 */
static int plan_screens(const struct returns *returns, struct hd_plan *ret)
{
	const struct hd_job *job = returns->job;
	int r = 0;

	for (size_t i = 0; r == 0 && i < returns->n; i++)
		r = hd_plan_bring_up(
			ret, returns->now[i].addr, &returns->claimed[i]->screen,
			job->ask.config.step_seconds, job->ask.err);
	for (size_t i = 0; r == 0 && i < returns->n_back; i++)
		r = hd_plan_bring_up(
			ret, returns->back[i]->addr, &returns->back[i]->screen,
			job->ask.config.step_seconds, job->ask.err);
	for (size_t i = 0; r == 0 && i < returns->n; i++)
		r = hd_plan_start_users(ret, &returns->claimed[i]->screen,
					job->ask.err);
	for (size_t i = 0; r == 0 && i < returns->n_back; i++)
		r = hd_plan_start_users(ret, &returns->back[i]->screen,
					job->ask.err);
	for (size_t i = 0; r == 0 && i < returns->n_gone; i++)
		r = hd_plan_start_users(ret, &returns->gone[i]->screen,
					job->ask.err);
	return r;
}

static int plan(struct returns *returns, struct hd_plan *ret)
{
	const struct hd_claim *claim = returns->claim;
	int r = 0;

	for (size_t i = claim->n_devices; r == 0 && i-- > 0;)
		if (claim->devices[i].restore)
			r = add(returns, &claim->devices[i]);
	if (r == 0)
		r = wait_for_holders(returns);
	if (r == 0)
		r = leave_out_held(returns);
	if (r == 0)
		r = read_locked(returns);
	for (size_t i = 0; r == 0 && i < returns->n; i++)
		r = plan_whole_return(returns, i, ret);
	return r < 0 ? r : plan_screens(returns, ret);
}

int hd_release_plan(struct hd_job *job, const struct hd_claim *claim,
		    struct hd_plan *ret, bool *ret_all)
{
	size_t n = claim->n_devices + 1;
	HD_AUTOFREE const struct hd_claim_device **claimed =
		calloc(n, sizeof(*claimed));
	HD_AUTOFREE struct hd_device *now = calloc(n, sizeof(*now));
	HD_AUTOFREE const struct hd_claim_device **gone =
		calloc(n, sizeof(*gone));
	HD_AUTOFREE const struct hd_claim_device **back =
		calloc(n, sizeof(*back));
	struct returns returns = { .job = job,
				   .claim = claim,
				   .claimed = claimed,
				   .now = now,
				   .gone = gone,
				   .back = back,
				   .all = true };
	int r = claimed && now && gone && back ? plan(&returns, ret) :
						 hd_err_nomem(job->ask.err);

	for (size_t i = 0; i < returns.n; i++)
		hd_device_clear(&now[i]);
	*ret_all = returns.all;
	return r;
}
