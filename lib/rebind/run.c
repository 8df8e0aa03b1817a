// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/print.h"
#include "lib/host/worker.h"
#include "lib/rebind/step.h"

/* What a worker says of each of its steps, in one write that fits a pipe. */
struct result {
	size_t step;
	int code; /* negative errno, 0 for done */
	char message[512];
};

/* Whether the same worker does both. */
static bool go_together(const struct hd_step *a, const struct hd_step *b)
{
	bool device = hd_step_has_device(a);

	return a->stage == b->stage && hd_step_has_device(b) == device &&
	       (!device || hd_addr_equal(a->addr, b->addr));
}

/* The next step at or after @at that the worker of step @first does; n_steps
 * when there is none. */
static size_t next_step(const struct hd_plan *plan, size_t first, size_t at)
{
	while (at < plan->n_steps &&
	       !go_together(&plan->steps[first], &plan->steps[at]))
		at++;
	return at;
}

/* In the worker */

/* False when nobody listens any more: then nobody wants the rest done. */
static bool tell(int fd, size_t step, int code, const struct hd_err *err)
{
	struct result result = { .step = step, .code = code };

	if (code < 0)
		snprintf(result.message, sizeof(result.message), "%s",
			 hd_err_message(err));
	return write(fd, &result, sizeof(result)) == (ssize_t)sizeof(result);
}

static void work(const struct hd_host *host, const struct hd_plan *plan,
		 size_t first, enum hd_run_mode mode, int fd)
{
	bool failed = false;

	for (size_t i = first; i < plan->n_steps;
	     i = next_step(plan, first, i + 1)) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		int r;

		/* It comes when the device is back. */
		if (failed && plan->steps[i].kind == HD_STEP_RESTORE)
			break;
		r = hd_step_run(host, &plan->steps[i], &err);
		failed |= r < 0;
		if (!tell(fd, i, r, &err) || (r < 0 && mode == HD_RUN_STOP))
			break;
	}
}

/* In the maker */

static int add_worker(struct hd_run *run, const struct hd_host *host,
		      enum hd_run_mode mode, size_t first, int wait_fd,
		      struct hd_err *err)
{
	struct hd_worker *worker =
		hd_array_add(&run->workers, &run->n_workers, sizeof(*worker));
	pid_t pid;
	int fd;

	if (!worker)
		return hd_err_nomem(err);
	worker->fd = -1;
	pid = hd_worker_fork_waiting(host, wait_fd, run->go_fd, &fd, err);
	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		work(host, run->plan, first, mode, fd);
		_exit(0);
	}
	worker->fd = fd;
	worker->first = worker->at = first;
	worker->process = hd_process_of(host, pid);
	return 0;
}

/* Whether an earlier step has brought the worker that does this one. */
static bool has_worker(const struct hd_run *run, const struct hd_step *step)
{
	for (size_t i = 0; i < run->n_workers; i++)
		if (go_together(&run->plan->steps[run->workers[i].first], step))
			return true;
	return false;
}

int hd_run_start(struct hd_run *run, const struct hd_host *host,
		 const struct hd_plan *plan, enum hd_stage stage,
		 enum hd_run_mode mode, struct hd_err *err)
{
	HD_AUTOCLOSE int wait_fd = -1;
	int fds[2];
	int r = 0;

	*run = (struct hd_run){ .plan = plan, .go_fd = -1 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return hd_err_set(err, errno, "cannot make a pipe: %m");
	wait_fd = fds[0];
	run->go_fd = fds[1];
	for (size_t i = 0; r == 0 && i < plan->n_steps; i++)
		if (plan->steps[i].stage == stage &&
		    !has_worker(run, &plan->steps[i]))
			r = add_worker(run, host, mode, i, wait_fd, err);
	return r;
}

static void report_failure(const struct hd_step *step, const char *message,
			   struct hd_findings *findings)
{
	HD_AUTOFREE char *what = hd_step_failure(step);

	hd_findings_add(
		findings, "step-failed", HD_ERROR, HD_WHOLE_DOMAIN,
		hd_text("%s: %s.", what ? what : "A step failed", message),
		hd_step_remedy(step), NULL);
}

/* All that is needed is back, but not all that was set. */
static void report_minor(const struct hd_step *step, const char *message,
			 struct hd_findings *findings)
{
	HD_AUTOFREE char *what = hd_step_failure(step);

	hd_findings_add(
		findings, "setting-lost", HD_WARNING, HD_WHOLE_DOMAIN,
		hd_text("%s: %s.", what ? what : "A step failed", message),
		NULL, NULL);
}

/* ", while process 812 (Xorg) has ... open", or nothing. */
static char *who_holds(const struct hd_step *step,
		       const struct hd_holders *holders)
{
	HD_AUTOFREE char *harmful =
		hd_holders_text(holders, step->addr, step->from, true);
	HD_AUTOFREE char *others =
		hd_holders_text(holders, step->addr, step->from, false);

	return hd_text("%s%s%s%s", harmful || others ? ", while " : "",
		       harmful ? harmful : "", harmful && others ? " and " : "",
		       others ? others : "");
}

static void report_blocked(const struct hd_step *step, pid_t pid,
			   unsigned seconds, const struct hd_holders *holders,
			   struct hd_findings *findings)
{
	HD_AUTOFREE char *what = hd_step_failure(step);
	HD_AUTOFREE char *who = who_holds(step, holders);

	hd_findings_add(
		findings, "step-blocked", HD_ERROR, HD_WHOLE_DOMAIN,
		hd_text("%s: the kernel has not answered for %u seconds, and process %d still waits for it%s.",
			what ? what : "A step is blocked", seconds, pid,
			who ? who : ""),
		hd_text("See where it waits: cat " HD_PROC_STACK
			"; when it is gone: virt-hostdev recover",
			pid),
		NULL);
}

enum heard {
	HEARD_STEP, /* that one is done */
	HEARD_END, /* that it has ended */
	HEARD_NOTHING, /* it can't be told what it does */
};

/* It is in the middle of its steps. */
static void lose(const struct hd_plan *plan, struct hd_worker *worker,
		 const char *how, struct hd_findings *findings)
{
	if (worker->failed || worker->at >= plan->n_steps)
		return;
	report_failure(&plan->steps[worker->at], how, findings);
	worker->failed = true;
}

/* A step failed. What follows from a device's first failure says no more; of
 * the host each is something else. */
static void note(struct hd_worker *worker, const struct hd_step *step,
		 const char *message, struct hd_findings *findings)
{
	if (hd_step_is_minor(step)) {
		report_minor(step, message, findings);
		return;
	}
	if (!worker->failed || !hd_step_has_device(step))
		report_failure(step, message, findings);
	worker->failed = true;
}

/* Takes one result off a worker's pipe. */
static enum heard take_result(struct hd_run *run, struct hd_worker *worker,
			      struct hd_findings *findings)
{
	const struct hd_plan *plan = run->plan;
	struct result result;
	ssize_t n = read(worker->fd, &result, sizeof(result));

	if (n < 0 && errno == EINTR)
		return HEARD_STEP;
	if (n < 0) {
		lose(plan, worker,
		     "what the process that does it says can't be read",
		     findings);
		return HEARD_NOTHING;
	}
	if (n != (ssize_t)sizeof(result) || result.step >= plan->n_steps) {
		/* In the middle of its steps, somebody killed it. */
		lose(plan, worker, "the process that did it was killed",
		     findings);
		return HEARD_END;
	}
	result.message[sizeof(result.message) - 1] = '\0';
	if (result.code < 0)
		note(worker, &plan->steps[result.step], result.message,
		     findings);
	worker->at = next_step(plan, worker->first, result.step + 1);
	return HEARD_STEP;
}

static void end_worker(struct hd_worker *worker)
{
	close(worker->fd);
	worker->fd = -1;
	waitpid(worker->process.pid, NULL, 0);
	worker->process.pid = 0;
}

static void drop_worker(struct hd_worker *worker)
{
	kill(worker->process.pid, SIGKILL);
	close(worker->fd);
	worker->fd = -1;
}

/* What the workers of a run are waited for with. */
struct wait {
	struct hd_run *run;
	unsigned seconds; /* for each step */
	const struct hd_holders *holders;
	struct hd_findings *findings;
	struct pollfd *fds; /* of each worker; -1 when it is done with */
	unsigned failures;
};

/* How long the step that a worker is at may take. */
static unsigned time_of(const struct wait *wait, const struct hd_worker *worker)
{
	return wait->seconds + wait->run->plan->steps[worker->at].seconds;
}

static void restart_clock(const struct wait *wait, struct hd_worker *worker)
{
	worker->deadline = hd_now_ms() + (int64_t)time_of(wait, worker) * 1000;
}

/* The worker at @index has said something, or ended. */
static void hear(struct wait *wait, size_t index)
{
	struct hd_worker *worker = &wait->run->workers[index];
	enum heard heard = take_result(wait->run, worker, wait->findings);

	if (heard == HEARD_STEP && worker->at < wait->run->plan->n_steps) {
		restart_clock(wait, worker);
		return;
	}
	wait->failures += worker->failed;
	wait->fds[index].fd = -1;
	/* Whether the kernel holds it isn't known, so nobody waits for it. */
	if (heard == HEARD_NOTHING)
		drop_worker(worker);
	else
		end_worker(worker);
}

/* Leaves the worker at @index behind, since the kernel holds it. */
static void give_up(struct wait *wait, size_t index)
{
	struct hd_worker *worker = &wait->run->workers[index];

	report_blocked(&wait->run->plan->steps[worker->at], worker->process.pid,
		       time_of(wait, worker), wait->holders, wait->findings);
	wait->failures++;
	wait->fds[index].fd = -1;
	close(worker->fd);
	worker->fd = -1;
}

/* Milliseconds until the next deadline; -1 when nobody is waited for. */
static int time_left(const struct wait *wait)
{
	int64_t next = INT64_MAX, left;

	for (size_t i = 0; i < wait->run->n_workers; i++)
		if (wait->fds[i].fd >= 0 &&
		    wait->run->workers[i].deadline < next)
			next = wait->run->workers[i].deadline;
	if (next == INT64_MAX)
		return -1;
	left = next - hd_now_ms();
	return left > 0 ? (int)left : 0;
}

/* Waits once, for whoever says something first. */
static void wait_for_some(struct wait *wait, int left)
{
	const struct hd_run *run = wait->run;
	int n = poll(wait->fds, run->n_workers, left);

	for (size_t i = 0; n > 0 && i < run->n_workers; i++)
		if (wait->fds[i].fd >= 0 && wait->fds[i].revents)
			hear(wait, i);
	/* What it said in time is heard before it is given up. */
	for (size_t i = 0; n <= 0 && i < run->n_workers; i++)
		if (wait->fds[i].fd >= 0 &&
		    run->workers[i].deadline <= hd_now_ms())
			give_up(wait, i);
}

/* A byte for each worker; where it fails, none has begun what it was made for.
 */
static int let_go(const struct hd_run *run, struct hd_err *err)
{
	HD_AUTOFREE char *bytes = calloc(run->n_workers + 1, 1);
	int r = bytes ? hd_write_all(run->go_fd, bytes, run->n_workers) :
			-ENOMEM;

	return r == 0 ?
		       0 :
		       hd_err_set(
			       err, -r,
			       "the processes that change devices can't be told to begin: %s",
			       strerror(-r));
}

int hd_run_finish(struct hd_run *run, unsigned seconds,
		  const struct hd_holders *holders,
		  struct hd_findings *findings, struct hd_err *err)
{
	HD_AUTOFREE struct pollfd *fds =
		calloc(run->n_workers + 1, sizeof(*fds));
	struct wait wait = { run, seconds, holders, findings, fds, 0 };
	int left, r;

	if (!fds)
		return hd_err_nomem(err);
	r = let_go(run, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run->n_workers; i++) {
		fds[i] = (struct pollfd){ run->workers[i].fd, POLLIN, 0 };
		restart_clock(&wait, &run->workers[i]);
	}
	while ((left = time_left(&wait)) >= 0)
		wait_for_some(&wait, left);
	return (int)wait.failures;
}

void hd_run_clear(struct hd_run *run)
{
	for (size_t i = 0; i < run->n_workers; i++) {
		if (run->workers[i].fd < 0)
			continue;
		kill(run->workers[i].process.pid, SIGKILL);
		end_worker(&run->workers[i]);
	}
	hd_auto_close(&run->go_fd);
	free(run->workers);
	*run = (struct hd_run){ .go_fd = -1 };
}
