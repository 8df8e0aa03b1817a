// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/check/situation.h"
#include "lib/display/owner.h"
#include "lib/host/proc.h"

/* A terminal is some processes away, not so many. */
#define ANCESTORS_LIMIT 64

/* How often it is begun anew when one of them ends meanwhile. */
#define TRIES 3

struct looking {
	const struct hd_ask *ask;
	const struct hd_screens *screens;
	struct hd_caller *caller;
};

static bool is_stopped(const struct hd_screen_item *item)
{
	return item->kind == HD_SCREEN_UNIT || item->kind == HD_SCREEN_SESSION;
}

/* A unit that is to be stopped: that one, or with NULL any of a kind. */
static const char *find_stopped(const struct hd_screens *screens,
				const char *unit, bool sessions_only)
{
	for (size_t i = 0; i < screens->n; i++)
		for (size_t j = 0; j < screens->of[i].screen.n; j++) {
			const struct hd_screen_item *item =
				&screens->of[i].screen.items[j];

			if (is_stopped(item) &&
			    (!sessions_only ||
			     item->kind == HD_SCREEN_SESSION) &&
			    (!unit || strcmp(item->name, unit) == 0))
				return item->name;
		}
	return NULL;
}

/* The first reason is as good as those after it. */
static int set_unknown(struct hd_caller *caller, char *why)
{
	if (!why)
		return -ENOMEM;
	if (caller->unknown)
		free(why);
	else
		caller->unknown = why;
	return 0;
}

static int set_ends(struct hd_caller *caller, const char *unit)
{
	caller->ends = strdup(unit);
	return caller->ends ? 0 : -ENOMEM;
}

static int judge(struct looking *l, const struct hd_owner *owner)
{
	const char *unit =
		owner->unit ? find_stopped(l->screens, owner->unit, false) :
			      NULL;
	const char *session = find_stopped(l->screens, NULL, true);

	if (unit)
		return set_ends(l->caller, unit);
	if (owner->ends.is == HD_PRESENT)
		return set_ends(l->caller, l->screens->manager);
	if (owner->ends.is == HD_UNKNOWN)
		return set_unknown(l->caller, hd_text("%s", owner->unknown));
	if (session && owner->unit && hd_after(owner->unit, "user@"))
		return set_unknown(
			l->caller,
			hd_text("it belongs to %s, which may end with %s",
				owner->unit, session));
	return 0;
}

/* The process and those that it descends from; -ENOENT when one of them has
 * ended meanwhile. */
static int look(struct looking *l, pid_t pid)
{
	const char *manager = l->screens->manager;

	if (manager && !find_stopped(l->screens, manager, false))
		manager = NULL;
	for (int i = 0; i < ANCESTORS_LIMIT; i++) {
		HD_AUTO_ERR struct hd_err why = HD_ERR_INIT;
		HD_AUTO_OWNER struct hd_owner owner = HD_OWNER_INIT;
		int r = hd_owner_read(l->ask->host, pid, manager, &owner, &why);

		if (r == -ENOENT || r == -ENOMEM)
			return r;
		r = r < 0 ? set_unknown(l->caller,
					hd_text("%s", hd_err_message(&why))) :
			    judge(l, &owner);
		if (r < 0 || l->caller->ends)
			return r;
		r = hd_seen_required(
			hd_process_parent(l->ask->host, pid, &pid));
		if (r == -ENOENT || r == -ENOMEM)
			return r;
		if (r < 0)
			return set_unknown(
				l->caller,
				hd_text("what process %d descends from can't be read: %s",
					pid, strerror(-r)));
		if (pid <= 1)
			return 0;
	}
	return set_unknown(l->caller, hd_text("it has too many ancestors"));
}

int hd_caller_find(const struct hd_ask *ask,
		   const struct hd_situation *situation, pid_t pid,
		   struct hd_caller *ret)
{
	HD_AUTO_CALLER struct hd_caller caller = { NULL, NULL };
	struct looking l = { ask, &situation->screens, &caller };
	int r = -ENOENT;

	if (!find_stopped(l.screens, NULL, false))
		return 0;
	for (int i = 0; r == -ENOENT && i < TRIES; i++) {
		hd_caller_clear(&caller);
		r = look(&l, pid);
	}
	if (r == -ENOENT)
		r = set_unknown(
			&caller,
			hd_text("a process that it descends from ended meanwhile"));
	if (r < 0)
		return hd_err_nomem(ask->err);
	*ret = caller;
	caller = (struct hd_caller){ NULL, NULL };
	return 0;
}

void hd_caller_clear(struct hd_caller *caller)
{
	free(caller->ends);
	free(caller->unknown);
	*caller = (struct hd_caller){ NULL, NULL };
}
