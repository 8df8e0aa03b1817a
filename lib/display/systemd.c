// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/systemd.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/display/bus.h"
#include "lib/display/owner.h"
#include "lib/host/proc.h"

#define SERVICE "org.freedesktop.systemd1"

/* An answer needs nobody but systemd, which has others to answer, too. */
#define ANSWER_SECONDS 10

/* Words such as "deactivating"; all of systemd's are shorter. */
#define WORD_LIMIT 63

/*
 * systemd tells when a job has ended, but not to those who were there before it
 * executed itself anew (daemon-reexec): so it is asked now and then.
 */
#define LOOK_AGAIN_MS 2000

static const struct hd_bus_object manager = { "systemd", SERVICE,
					      "/org/freedesktop/systemd1",
					      SERVICE ".Manager" };

/* A unit on the bus, and how it is. */
struct subject {
	char *path; /* owned */
	char *active; /* "inactive"; owned */
	bool there; /* it has a file, or is at work without one */
	bool busy; /* with a job */
};

#define AUTO_SUBJECT __attribute__((cleanup(subject_clear)))

static void subject_clear(struct subject *subject)
{
	free(subject->path);
	free(subject->active);
}

static struct hd_bus_object object_of(const struct subject *subject,
				      const char *interface)
{
	return (struct hd_bus_object){ "systemd", SERVICE, subject->path,
				       interface };
}

/* What ActiveState says; -1 for a word that isn't known. */
enum { DOWN, GOING_DOWN, COMING_UP, UP };

static int state_of(const struct subject *subject)
{
	static const struct {
		const char *word;
		int state;
	} states[] = {
		{ "inactive", DOWN },	     { "failed", DOWN },
		{ "maintenance", DOWN },     { "deactivating", GOING_DOWN },
		{ "activating", COMING_UP }, { "active", UP },
		{ "reloading", UP },	     { "refreshing", UP },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].word, subject->active) == 0)
			return states[i].state;
	return -1;
}

bool hd_unit_is_name(const char *text, size_t n)
{
	if (n == 0 || n > HD_UNIT_NAME_LIMIT || strnlen(text, n) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@",
			    text[i]))
			return false;
	return memchr(text, '.', n) != NULL;
}

static int read_busy(struct hd_bus *bus, const struct hd_bus_object *unit,
		     bool *ret, struct hd_err *err)
{
	sd_bus_message *reply;
	uint32_t number;
	const char *path;
	int r = hd_bus_get(bus, unit, "Job", "(uo)", &reply, err);

	if (r < 0)
		return r;
	r = bus->api.sd_bus_message_read(reply, "(uo)", &number, &path);
	if (r > 0)
		*ret = number != 0;
	hd_bus_done(bus, reply);
	return r > 0 ? 0 : hd_bus_failed(r < 0 ? r : -EBADMSG, err);
}

static int read_subject(struct hd_bus *bus, struct subject *subject,
			struct hd_err *err)
{
	struct hd_bus_object unit = object_of(subject, SERVICE ".Unit");
	HD_AUTOFREE char *load = NULL;
	char *active = NULL;
	int r = hd_bus_get_text(bus, &unit, "LoadState", WORD_LIMIT, &load,
				err);

	if (r == 0)
		r = hd_bus_get_text(bus, &unit, "ActiveState", WORD_LIMIT,
				    &active, err);
	if (r == 0) {
		free(subject->active);
		subject->active = active;
		if (state_of(subject) < 0)
			return hd_err_set(
				err, EPROTO,
				"systemd says that it is '%s', and it isn't known what that means",
				subject->active);
		subject->there = state_of(subject) != DOWN ||
				 strcmp(load, "not-found") != 0;
		r = read_busy(bus, &unit, &subject->busy, err);
	}
	return r;
}

/* Whether systemd knows it, is told by what there is of it. */
static int find(struct hd_bus *bus, const char *name, struct subject *ret,
		struct hd_err *err)
{
	sd_bus_message *reply;
	int r = hd_bus_call(bus, &manager, "LoadUnit", &reply, err, "s", name);

	if (r < 0)
		return r;
	r = hd_bus_read_path(bus, reply, &ret->path, err);
	hd_bus_done(bus, reply);
	return r < 0 ? r : read_subject(bus, ret, err);
}

static unsigned to_seconds(uint64_t usec)
{
	uint64_t seconds = usec / 1000000 + (usec % 1000000 != 0);

	/* All ones is infinity; and who waits so long needs no number. */
	return seconds < UINT_MAX ? (unsigned)seconds : 0;
}

static int read_timeouts(struct hd_bus *bus, const struct subject *subject,
			 struct hd_unit *unit, struct hd_err *err)
{
	bool scope = hd_ends_with(unit->id, ".scope");
	struct hd_bus_object object = object_of(
		subject, scope ? SERVICE ".Scope" : SERVICE ".Service");
	uint64_t stop, start = 0;
	int r;

	if (!scope && !hd_ends_with(unit->id, ".service"))
		return 0;
	r = hd_bus_get_number(bus, &object, "TimeoutStopUSec", 't', &stop, err);
	if (r == 0 && !scope)
		r = hd_bus_get_number(bus, &object, "TimeoutStartUSec", 't',
				      &start, err);
	if (r < 0)
		return r;
	unit->stop_seconds = to_seconds(stop);
	unit->start_seconds = to_seconds(start);
	return 0;
}

static int read_unit(struct hd_bus *bus, const struct subject *subject,
		     struct hd_unit *unit, struct hd_err *err)
{
	struct hd_bus_object object = object_of(subject, SERVICE ".Unit");
	int r = hd_bus_get_text(bus, &object, "Id", HD_UNIT_NAME_LIMIT,
				&unit->id, err);

	if (r < 0)
		return r;
	if (!hd_unit_is_name(unit->id, strlen(unit->id)))
		return hd_err_set(
			err, EPROTO,
			"systemd says that it is called '%s', which is no unit's name",
			unit->id);
	unit->active =
		state_of(subject) == UP || state_of(subject) == COMING_UP;
	return read_timeouts(bus, subject, unit, err);
}

int hd_unit_query(const struct hd_host *host, const char *name,
		  struct hd_unit *ret, struct hd_err *err)
{
	HD_AUTO_BUS struct hd_bus bus = { .bus = NULL };
	AUTO_SUBJECT struct subject subject = { .path = NULL };
	HD_AUTO_UNIT struct hd_unit unit = { .id = NULL };
	int r = hd_bus_open(host, ANSWER_SECONDS, &bus, err);

	if (r == 0)
		r = find(&bus, name, &subject, err);
	if (r == 0 && !subject.there)
		r = -ENOENT;
	if (r == 0)
		r = read_unit(&bus, &subject, &unit, err);
	if (r < 0)
		return r;
	*ret = unit;
	unit.id = NULL;
	return 0;
}

/* A job that systemd has been given. */
struct job {
	struct hd_bus *bus;
	char *path, *systemd; /* and who is to speak of it; owned */
	char result[WORD_LIMIT + 1]; /* "" until it is told */
};

#define AUTO_JOB __attribute__((cleanup(job_clear)))

static void job_clear(struct job *job)
{
	free(job->path);
	free(job->systemd);
}

/* Called for each job that ends; anybody may send such a signal. */
static int take_removed(sd_bus_message *message, void *data,
			sd_bus_error *error)
{
	struct job *job = data;
	const char *path, *unit, *result, *sender;
	uint32_t number;

	(void)error;
	sender = job->bus->api.sd_bus_message_get_sender(message);
	if (!job->path || !sender || strcmp(sender, job->systemd) != 0 ||
	    job->bus->api.sd_bus_message_read(message, "uoss", &number, &path,
					      &unit, &result) <= 0)
		return 0;
	if (strcmp(path, job->path) == 0)
		snprintf(job->result, sizeof(job->result), "%s",
			 *result ? result : "unknown");
	return 0;
}

/* Has systemd tell of jobs; before there is one, so that none is missed. */
static int subscribe(struct hd_bus *bus, struct job *job, struct hd_err *err)
{
	sd_bus_message *reply;
	const char *sender;
	int r = bus->api.sd_bus_match_signal(bus->bus, NULL, SERVICE,
					     manager.path, manager.interface,
					     "JobRemoved", take_removed, job);

	if (r < 0)
		return hd_bus_failed(r, err);
	r = hd_bus_call(bus, &manager, "Subscribe", &reply, err, "");
	if (r < 0)
		return r;
	sender = bus->api.sd_bus_message_get_sender(reply);
	job->systemd = sender ? strdup(sender) : NULL;
	if (!job->systemd)
		r = sender ? hd_err_nomem(err) : hd_bus_failed(-EBADMSG, err);
	hd_bus_done(bus, reply);
	return r;
}

enum change { STOP, START, MAKE };

/* A scope of which nothing is left when it has ended, however it did. */
static int give_scope(struct hd_bus *bus, const char *id,
		      sd_bus_message **ret_reply, struct hd_err *err)
{
	return hd_bus_call(bus, &manager, "StartTransientUnit", ret_reply, err,
			   "ssa(sv)a(sa(sv))", id, "fail", 3, "Description",
			   "s", "virt-hostdev", "CollectMode", "s",
			   "inactive-or-failed", "PIDs", "au", 1,
			   (uint32_t)getpid(), 0);
}

static int give(struct hd_bus *bus, const char *id, enum change change,
		struct job *job, struct hd_err *err)
{
	sd_bus_message *reply;
	int r = change == MAKE ?
			give_scope(bus, id, &reply, err) :
			hd_bus_call(bus, &manager,
				    change == START ? "StartUnit" : "StopUnit",
				    &reply, err, "ss", id, "replace");

	if (r < 0)
		return r;
	r = hd_bus_read_path(bus, reply, &job->path, err);
	hd_bus_done(bus, reply);
	return r;
}

static bool is_so(const struct subject *subject, bool start)
{
	return state_of(subject) == (start ? UP : DOWN);
}

/* Until systemd says that the job has ended, or time is up. */
static int await(struct hd_bus *bus, struct subject *subject,
		 const struct job *job, int64_t deadline, struct hd_err *err)
{
	int64_t again = hd_now_ms() + LOOK_AGAIN_MS;

	while (!*job->result) {
		int r = hd_bus_turn(bus, again < deadline ? again : deadline,
				    err);

		if (r == -ETIME && hd_now_ms() >= deadline)
			return 0;
		if (r == -ETIME) {
			r = read_subject(bus, subject, err);
			if (r == 0 && !subject->busy)
				return 0;
			again = hd_now_ms() + LOOK_AGAIN_MS;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int judge(const struct subject *subject, const struct job *job,
		 bool start, unsigned seconds, struct hd_err *err)
{
	bool done = strcmp(job->result, "done") == 0;

	if (is_so(subject, start) && (done || !subject->busy))
		return 0;
	if (!*job->result && subject->busy)
		return hd_err_set(
			err, ETIMEDOUT,
			"systemd has not done it within %u seconds, it is %s",
			seconds, subject->active);
	if (*job->result && !done)
		return hd_err_set(err, EIO, "systemd's job ended with '%s'",
				  job->result);
	return hd_err_set(err, EIO, "systemd %s, but it is %s",
			  done ? "reported success" : "has nothing more to do",
			  subject->active);
}

/* That there is none is what was wanted. */
static int forget(struct hd_err *err)
{
	if (err)
		hd_err_clear(err);
	return 0;
}

/* Has systemd do it, and looks at what came of it. */
static int carry_out(struct hd_bus *bus, const char *id,
		     struct subject *subject, enum change change,
		     unsigned seconds, struct hd_err *err)
{
	AUTO_JOB struct job job = { .bus = bus };
	bool start = change != STOP;
	int64_t deadline = bus->deadline;
	int r = subscribe(bus, &job, err);

	if (r == 0)
		r = give(bus, id, change, &job, err);
	/* It went away by itself. */
	if (r == -ENOENT && !start)
		return forget(err);
	/* What is made just now has not been looked for. */
	if (r == 0 && !subject->path)
		r = find(bus, id, subject, err);
	if (r == 0) {
		/* What came of it is asked even when no time is left. */
		bus->deadline += ANSWER_SECONDS * 1000;
		r = await(bus, subject, &job, deadline, err);
	}
	if (r == 0)
		r = read_subject(bus, subject, err);
	return r < 0 ? r : judge(subject, &job, start, seconds, err);
}

static int set(const struct hd_host *host, const char *id, bool start,
	       unsigned seconds, struct hd_err *err)
{
	HD_AUTO_BUS struct hd_bus bus = { .bus = NULL };
	AUTO_SUBJECT struct subject subject = { .path = NULL };
	int r = hd_bus_open(host, seconds, &bus, err);

	if (r == 0)
		r = find(&bus, id, &subject, err);
	if (r == -ENOENT && !start)
		return forget(err);
	if (r < 0)
		return r;
	if (is_so(&subject, start) && !subject.busy)
		return 0;
	if (start && !subject.there)
		return hd_err_set(err, ENOENT, "systemd knows no such unit");
	return carry_out(&bus, id, &subject, start ? START : STOP, seconds,
			 err);
}

int hd_unit_stop(const struct hd_host *host, const char *id, unsigned seconds,
		 struct hd_err *err)
{
	return set(host, id, false, seconds, err);
}

int hd_unit_start(const struct hd_host *host, const char *id, unsigned seconds,
		  struct hd_err *err)
{
	return set(host, id, true, seconds, err);
}

/* As the kernel sees it. */
static int verify_scope(const struct hd_host *host, const char *id,
			struct hd_err *err)
{
	HD_AUTOFREE char *cgroups = NULL;
	HD_AUTOFREE char *unit = NULL;
	int r = hd_seen_required(hd_process_cgroups(host, getpid(), &cgroups));

	if (r == 0)
		r = hd_owner_unit_in(cgroups, &unit);
	if (r < 0)
		return hd_err_set(err, -r,
				  "the unit of this process can't be read: %s",
				  strerror(-r));
	if (!unit || strcmp(unit, id) != 0)
		return hd_err_set(
			err, EIO,
			"systemd reported success, but this process is still in %s",
			unit ? unit : "no unit");
	return 0;
}

int hd_scope_enter(const struct hd_host *host, const char *id,
		   struct hd_err *err)
{
	HD_AUTO_BUS struct hd_bus bus = { .bus = NULL };
	AUTO_SUBJECT struct subject subject = { .path = NULL };
	int r = hd_bus_open(host, ANSWER_SECONDS, &bus, err);

	if (r == 0)
		r = carry_out(&bus, id, &subject, MAKE, ANSWER_SECONDS, err);
	return r < 0 ? r : verify_scope(host, id, err);
}

void hd_unit_clear(struct hd_unit *unit)
{
	free(unit->id);
	*unit = (struct hd_unit){ .id = NULL };
}
