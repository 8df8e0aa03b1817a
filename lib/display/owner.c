// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/owner.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/display/bus.h"
#include "lib/display/systemd.h"
#include "lib/host/proc.h"

#define SERVICE "org.freedesktop.login1"

/* logind is asked for a leader or two. */
#define ANSWER_SECONDS 10

/* A session is some processes away from what began it, not so many. */
#define ANCESTORS_LIMIT 64

/* How often it is begun anew when one of them ends meanwhile. */
#define TRIES 3

/* A user with more of them isn't one whose screen this is. */
#define SESSIONS_LIMIT 256

#define WORD_LIMIT 63

static const struct hd_bus_object manager_object = { "logind", SERVICE,
						     "/org/freedesktop/login1",
						     SERVICE ".Manager" };

/* What is asked of one process. */
struct question {
	const struct hd_host *host;
	const char *manager;
	struct hd_bus bus; /* connected when the first one is asked */
	struct hd_err *err; /* why something is unknown */
};

#define AUTO_QUESTION __attribute__((cleanup(question_clear)))

static void question_clear(struct question *q)
{
	hd_bus_close(&q->bus);
}

/* What says where it is in systemd's own hierarchy: that of its name, or the
 * only one. The end of the line is the path's. */
static const char *find_path(const char *cgroups, size_t *ret_length)
{
	const char *found = NULL;

	for (const char *line = cgroups; line && *line;
	     line = strchr(line, '\n')) {
		const char *path;

		line += *line == '\n';
		path = hd_after(line, "0::");
		if (!path) {
			path = line + strspn(line, "0123456789");
			path = hd_after(path, ":name=systemd:");
			if (path)
				found = NULL;
		}
		if (path && *path == '/' && !found) {
			found = path;
			*ret_length = strcspn(path, "\n");
		}
	}
	return found;
}

static bool is_slice(const char *name, size_t n)
{
	static const char end[] = ".slice";
	const size_t length = sizeof(end) - 1;

	return n > length && memcmp(name + n - length, end, length) == 0;
}

/* Whether it leads out of what we see. */
static bool leads_out(const char *path, size_t length)
{
	for (size_t i = 0; i + 3 <= length; i++)
		if (memcmp(path + i, "/..", 3) == 0 &&
		    (i + 3 == length || path[i + 3] == '/'))
			return true;
	return false;
}

int hd_owner_unit_in(const char *cgroups, char **ret)
{
	size_t length, n;
	const char *path = find_path(cgroups, &length);

	if (!path)
		return -EBADMSG;
	if (leads_out(path, length))
		return -EXDEV;
	*ret = NULL;
	for (const char *name = path + 1, *end = path + length; name < end;
	     name += n + 1) {
		n = 0;
		while (name + n < end && name[n] != '/')
			n++;
		if (n == 0 || is_slice(name, n))
			continue;
		/* systemd puts it before what could be a file of the kernel. */
		if (*name == '_') {
			name++;
			n--;
		}
		if (!hd_unit_is_name(name, n))
			return 0; /* somebody else's */
		*ret = strndup(name, n);
		return *ret ? 0 : -ENOMEM;
	}
	return 0;
}

/* Fails to learn something of a process. */
static int fail(pid_t pid, const char *what, int r, struct hd_err *err)
{
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	return hd_err_set(err, -r, "%s of process %d can't be read: %s", what,
			  pid, strerror(-r));
}

/* The unit of a process; -ENOENT, without a sentence, when it has ended. */
static int read_unit(const struct hd_host *host, pid_t pid, char **ret,
		     struct hd_err *err)
{
	HD_AUTOFREE char *cgroups = NULL;
	int r = hd_seen_required(hd_process_cgroups(host, pid, &cgroups));

	if (r == -ENOENT)
		return r;
	if (r == 0)
		r = hd_owner_unit_in(cgroups, ret);
	return r < 0 ? fail(pid, "the unit", r, err) : 0;
}

/* Whether the process or an ancestor of it is in the display manager's unit: 1,
 * 0; -ENOENT when one ended meanwhile. */
static int descends(struct question *q, pid_t pid)
{
	for (int i = 0; i < ANCESTORS_LIMIT; i++) {
		HD_AUTOFREE char *unit = NULL;
		int r = read_unit(q->host, pid, &unit, q->err);

		if (r < 0)
			return r;
		if (unit && strcmp(unit, q->manager) == 0)
			return 1;
		r = hd_seen_required(hd_process_parent(q->host, pid, &pid));
		if (r < 0)
			return r == -ENOENT ?
				       r :
				       fail(pid, "the parent", r, q->err);
		if (pid <= 1)
			return 0;
	}
	return hd_err_set(q->err, ELOOP, "process %d has too many ancestors",
			  pid);
}

/* The same, and whoever ended meanwhile is no ancestor any more. */
static int surely_descends(struct question *q, pid_t pid)
{
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < TRIES; i++)
		r = descends(q, pid);
	return r == -ENOENT ?
		       hd_err_set(q->err, ESRCH, "a process ended meanwhile") :
		       r;
}

static int connect_to(struct question *q)
{
	return q->bus.bus ?
		       0 :
		       hd_bus_open(q->host, ANSWER_SECONDS, &q->bus, q->err);
}

/* Whether the session at a path of logind ends with the display manager. */
static int ends_session(struct question *q, const char *path)
{
	const struct hd_bus_object session = { "logind", SERVICE, path,
					       SERVICE ".Session" };
	uint64_t leader;
	int r = hd_bus_get_number(&q->bus, &session, "Leader", 'u', &leader,
				  q->err);

	if (r < 0)
		return r;
	if (leader == 0 || (pid_t)leader <= 0)
		return hd_err_set(q->err, ESRCH,
				  "logind knows no leader of a session");
	return surely_descends(q, (pid_t)leader);
}

/* The same by its name. A scope whose session is over goes on by itself. */
static int ends_session_called(struct question *q, const char *name)
{
	HD_AUTOFREE char *path = NULL;
	sd_bus_message *reply;
	int r = connect_to(q);

	if (r == 0)
		r = hd_bus_call(&q->bus, &manager_object, "GetSession", &reply,
				q->err, "s", name);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = hd_bus_read_path(&q->bus, reply, &path, q->err);
	hd_bus_done(&q->bus, reply);
	return r < 0 ? r : ends_session(q, path);
}

/* Since systemd 256 a user's service manager has a session itself. */
static int is_service_manager(struct question *q, const char *path)
{
	const struct hd_bus_object session = { "logind", SERVICE, path,
					       SERVICE ".Session" };
	HD_AUTOFREE char *class = NULL;
	int r = hd_bus_get_text(&q->bus, &session, "Class", WORD_LIMIT, &class,
				q->err);

	return r < 0 ? r : hd_after(class, "manager") != NULL;
}

/* Whether all sessions in a list end with the display manager, and there are
 * any. */
static int ends_sessions(struct question *q, sd_bus_message *list)
{
	const struct hd_bus_api *api = &q->bus.api;
	const char *id, *path;
	int n = 0, r = api->sd_bus_message_enter_container(list, 'a', "(so)");

	if (r < 0)
		return hd_bus_failed(r, q->err);
	while ((r = api->sd_bus_message_read(list, "(so)", &id, &path)) > 0) {
		if (++n > SESSIONS_LIMIT)
			return hd_err_set(q->err, E2BIG,
					  "a user has too many sessions");
		r = is_service_manager(q, path);
		if (r > 0) {
			n--;
			continue;
		}
		if (r == 0)
			r = ends_session(q, path);
		if (r <= 0)
			return r;
	}
	return r < 0 ? hd_bus_failed(r, q->err) : n > 0;
}

static int ends_user_at(struct question *q, const char *path)
{
	const struct hd_bus_object user = { "logind", SERVICE, path,
					    SERVICE ".User" };
	sd_bus_message *list;
	uint64_t lingers;
	int r = hd_bus_get_number(&q->bus, &user, "Linger", 'b', &lingers,
				  q->err);

	if (r == 0 && lingers)
		return 0;
	if (r == 0)
		r = hd_bus_get(&q->bus, &user, "Sessions", "a(so)", &list,
			       q->err);
	if (r < 0)
		return r;
	r = ends_sessions(q, list);
	hd_bus_done(&q->bus, list);
	return r;
}

/* Whether a user's service manager ends when the display manager does: all
 * sessions are of it, and he doesn't linger. */
static int ends_user(struct question *q, uint32_t uid)
{
	HD_AUTOFREE char *path = NULL;
	sd_bus_message *reply;
	int r = connect_to(q);

	if (r == 0)
		r = hd_bus_call(&q->bus, &manager_object, "GetUser", &reply,
				q->err, "u", uid);
	if (r < 0)
		return r;
	r = hd_bus_read_path(&q->bus, reply, &path, q->err);
	hd_bus_done(&q->bus, reply);
	return r < 0 ? r : ends_user_at(q, path);
}

/* "3" of "session-3.scope"; absent, unknown for want of memory. */
static struct hd_seen session_of(const char *unit, char **ret)
{
	const char *id = unit ? hd_after(unit, "session-") : NULL;
	size_t n = 0;

	while (id && isalnum((unsigned char)id[n]))
		n++;
	if (n == 0 || strcmp(id + n, ".scope") != 0)
		return hd_seen_absent();
	*ret = strndup(id, n);
	return hd_seen_of(*ret ? 0 : -ENOMEM);
}

/* 1000 of "user@1000.service". */
static bool user_of(const char *unit, uint32_t *ret)
{
	const char *digits = hd_after(unit, "user@");
	char *end;
	unsigned long long uid;

	if (!digits || !isdigit((unsigned char)*digits))
		return false;
	uid = strtoull(digits, &end, 10);
	*ret = (uint32_t)uid;
	return uid < UINT32_MAX && strcmp(end, ".service") == 0;
}

/* Whether it ends with the display manager: 1, 0, or a negative errno with a
 * sentence. */
static int ends(struct question *q, pid_t pid, const struct hd_owner *owner)
{
	uint32_t uid;
	int r;

	if (!q->manager || !owner->unit)
		return 0;
	if (strcmp(owner->unit, q->manager) == 0)
		return 1;
	if (owner->session) {
		r = surely_descends(q, pid);
		return r ? r : ends_session_called(q, owner->session);
	}
	return user_of(owner->unit, &uid) ? ends_user(q, uid) : 0;
}

/* What doesn't have to be asked of anybody else. */
static int read_process(const struct hd_host *host, pid_t pid,
			struct hd_owner *owner, struct hd_err *err)
{
	int r = read_unit(host, pid, &owner->unit, err);

	if (r < 0)
		return r;
	r = hd_seen_optional(session_of(owner->unit, &owner->session));
	if (r < 0)
		return hd_err_nomem(err);
	r = hd_seen_required(hd_process_user(host, pid, &owner->uid));
	return r < 0 && r != -ENOENT ? fail(pid, "the user", r, err) : r;
}

int hd_owner_read(const struct hd_host *host, pid_t pid, const char *manager,
		  struct hd_owner *ret, struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err why = HD_ERR_INIT;
	AUTO_QUESTION struct question q = { .host = host,
					    .manager = manager,
					    .err = &why };
	HD_AUTO_OWNER struct hd_owner owner = HD_OWNER_INIT;
	int r;

	if (!host->live)
		return hd_err_set(err, ENOTSUP,
				  "a copy of a host has no processes");
	r = read_process(host, pid, &owner, err);
	if (r < 0)
		return r;
	r = ends(&q, pid, &owner);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	owner.ends = r > 0  ? hd_seen_present() :
		     r == 0 ? hd_seen_absent() :
			      (struct hd_seen){ HD_UNKNOWN, r };
	if (r < 0) {
		owner.unknown = strdup(hd_err_message(&why));
		if (!owner.unknown)
			return hd_err_nomem(err);
	}
	*ret = owner;
	owner = (struct hd_owner)HD_OWNER_INIT;
	return 0;
}

void hd_owner_clear(struct hd_owner *owner)
{
	free(owner->unit);
	free(owner->session);
	free(owner->unknown);
	*owner = (struct hd_owner)HD_OWNER_INIT;
}
