// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fakekernel/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fk_fault_add(struct fk_kernel *k, const struct fk_fault *fault)
{
	struct fk_fault *copy = fk_zalloc(sizeof(*copy));
	struct fk_fault **slot = &k->faults;

	while (*slot)
		slot = &(*slot)->next;
	*copy = *fault;
	copy->next = NULL;
	*slot = copy;
}

void fk_faults_clear(struct fk_kernel *k)
{
	while (k->faults) {
		struct fk_fault *next = k->faults->next;

		free(k->faults);
		k->faults = next;
	}
}

/* The device that a call is about: it owns the file, or the text names it. */
static struct fk_device *device_of(const struct fk_kernel *k,
				   const struct fk_call *call)
{
	const struct fk_node *up = call->node;

	if (call->node->gone)
		return NULL;
	while (up && up->parent && up->parent->parent != k->root)
		up = up->parent;
	if (strcmp(up->name, "devices") == 0)
		return call->node->owner;
	return call->text ? fk_device_by_text(k, call->text) : NULL;
}

/* Two calls for one device take turns, like two that take device_lock(). */
static bool is_locked_out(const struct fk_kernel *k, const struct fk_call *call)
{
	const struct fk_call *earlier = k->calls;

	if (!call->device)
		return false;
	while (earlier != call && earlier->device != call->device)
		earlier = earlier->next;
	return earlier != call;
}

static void apply_fault(struct fk_kernel *k, struct fk_call *call,
			const struct fk_fault *fault)
{
	struct fk_device *device;

	switch (fault->kind) {
	case FK_FAULT_VANISH:
		device = fk_device_find(k, fault->addr);
		if (device)
			fk_device_unplug(k, device);
		return;
	case FK_FAULT_DELAY:
		call->wait = FK_DELAYED;
		call->until = now_ms() + fault->value;
		return;
	case FK_FAULT_BLOCK:
		call->wait = FK_BLOCKED;
		break;
	case FK_FAULT_HANG:
		call->wait = FK_HUNG;
		break;
	default:
		break;
	}
	call->fault = *fault;
}

static void judge(struct fk_kernel *k, struct fk_call *call)
{
	const struct fk_fault *fault = k->faults;

	call->judged = true;
	for (; call->text && fault; fault = fault->next)
		if (fault->number == call->number ||
		    (fault->onwards && fault->number <= call->number))
			apply_fault(k, call, fault);
}

static bool must_wait(const struct fk_call *call)
{
	switch (call->wait) {
	case FK_BLOCKED:
		return !call->interrupted;
	case FK_HUNG:
		return true;
	case FK_DELAYED:
		return now_ms() < call->until;
	default:
		return false;
	}
}

/* What the kernel itself makes of it: 0, -errno or FK_WAIT. */
static int execute(struct fk_kernel *k, struct fk_call *call)
{
	struct fk_node *node = call->node;

	if (node->gone)
		return -ENODEV;
	return call->text ? node->attr->store(k, node->owner, call->text) : 0;
}

static int run(struct fk_kernel *k, struct fk_call *call)
{
	switch (call->fault.kind) {
	case FK_FAULT_ERRNO:
		return -call->fault.value;
	case FK_FAULT_IGNORE:
		return 0;
	case FK_FAULT_BLOCK:
		return call->wait == FK_BLOCKED ? -EINTR : execute(k, call);
	case FK_FAULT_KILL_BEFORE:
		if (!fk_is_victim(k, call->pid, call->fault.victim)) {
			fk_kill(k, call->pid, call->fault.victim);
			call->fault.kind = FK_FAULT_NONE;
			return execute(k, call);
		}
		return -EINTR;
	default:
		return execute(k, call);
	}
}

static const char *word_for(const struct fk_call *call, int result)
{
	switch (call->fault.kind) {
	case FK_FAULT_IGNORE:
		return "ignored";
	case FK_FAULT_KILL_BEFORE:
		return "killed";
	case FK_FAULT_KILL_AFTER:
		return "OK, killed";
	default:
		return result < 0 ? strerrorname_np(-result) : "OK";
	}
}

static void free_call(struct fk_call *call)
{
	free(call->path);
	free(call->text);
	free(call);
}

static void finish(struct fk_kernel *k, struct fk_call *call, int result)
{
	struct fk_call **slot = &k->calls;
	char *text;

	while (*slot != call)
		slot = &(*slot)->next;
	*slot = call->next;
	if (call->text) {
		text = fk_quote(call->text);
		fk_log(k, "write %lu %s %s -> %s", call->number, call->path,
		       text, word_for(call, result));
		free(text);
	}
	/* The dead don't notice the reply that follows. */
	if (call->fault.kind == FK_FAULT_KILL_BEFORE ||
	    call->fault.kind == FK_FAULT_KILL_AFTER)
		fk_kill(k, call->pid, call->fault.victim);
	k->reply(call, result);
	free_call(call);
}

/* Whether the call was answered, so that others may go on. */
static bool advance(struct fk_kernel *k, struct fk_call *call)
{
	int result;

	if (is_locked_out(k, call))
		return false;
	if (!call->judged)
		judge(k, call);
	if (must_wait(call))
		return false;
	result = run(k, call);
	if (result == FK_WAIT) {
		call->wait = FK_IN_USE;
		return false;
	}
	finish(k, call, result);
	return true;
}

void fk_calls_wake(struct fk_kernel *k)
{
	struct fk_call *call = k->calls;

	while (call)
		call = advance(k, call) ? k->calls : call->next;
}

void fk_call_start(struct fk_kernel *k, struct fk_call *call)
{
	struct fk_call **slot = &k->calls;

	while (*slot)
		slot = &(*slot)->next;
	*slot = call;
	call->path = fk_path(call->node);
	call->device = device_of(k, call);
	if (call->text)
		call->number = ++k->writes;
	fk_calls_wake(k);
}

int fk_calls_timeout(const struct fk_kernel *k)
{
	const struct fk_call *call = k->calls;
	int64_t first = -1, now = now_ms();

	for (; call; call = call->next) {
		int64_t left = call->until > now ? call->until - now : 0;

		if (call->wait == FK_DELAYED && (first < 0 || left < first))
			first = left;
	}
	return first > 1000 ? 1000 : (int)first;
}

void fk_calls_unblock(struct fk_kernel *k, int error)
{
	struct fk_call *call = k->calls;

	for (; call; call = call->next) {
		if (call->wait != FK_BLOCKED && call->wait != FK_HUNG)
			continue;
		call->wait = FK_GO;
		call->fault.kind = error ? FK_FAULT_ERRNO : FK_FAULT_NONE;
		call->fault.value = error;
	}
	fk_calls_wake(k);
}

void fk_calls_abandon(struct fk_kernel *k)
{
	while (k->calls) {
		k->calls->fault.kind = FK_FAULT_NONE;
		finish(k, k->calls, -ENODEV);
	}
}

void fk_calls_print(const struct fk_kernel *k, FILE *out)
{
	static const char *const words[] = { "locked", "blocked", "hangs",
					     "delayed", "in-use" };
	const struct fk_call *call = k->calls;

	for (; call; call = call->next) {
		char *text = fk_quote(call->text);

		fprintf(out, "%s %d %s %s %s\n", words[call->wait], call->pid,
			call->text ? "write" : "read", call->path, text);
		free(text);
	}
}
