// SPDX-License-Identifier: GPL-2.0-or-later
/* What is handed over with the host's screen: who says so, who would lose it,
 * and what doesn't come back. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/check/rule.h"

static const struct hd_screen_item *find_item(const struct hd_screen *screen,
					      enum hd_screen_kind kind)
{
	for (size_t i = 0; i < screen->n; i++)
		if (screen->items[i].kind == kind)
			return &screen->items[i];
	return NULL;
}

/* What the host presets, the administrator lets. */
static int judge_leave(struct hd_rule_context *s,
		       const struct hd_device *device)
{
	struct hd_decision decision =
		hd_policy_decide(s->request, device, HD_CRITICAL_DISPLAY);
	HD_AUTOFREE char *where = NULL;

	if (s->request->hand_over != HD_HAND_OVER_YES || decision.permitted)
		return HD_GO_ON;
	where = hd_decision_text(&decision);
	if (!where)
		return hd_err_nomem(s->err);
	return hd_report_decided(
		s, HD_RULE_HAND_OVER_FORBIDDEN, &decision,
		hd_text("%s %s: line %u of the domain hands the host's screen over, but %s doesn't let domains.",
			hd_label(s), s->cannot, s->request->hand_over_line,
			where),
		hd_administrator_can_change(&decision));
}

static int judge_known(struct hd_rule_context *s, const struct hd_shown *shown)
{
	if (!shown->unknown)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_SCREEN_UNKNOWN,
		hd_text("%s %s, because it can't be told what the host's screen on it hangs on: %s.",
			hd_label(s), s->cannot, shown->unknown),
		NULL);
}

static int judge_return(struct hd_rule_context *s,
			const struct hd_device *device,
			const struct hd_shown *shown)
{
	if (!find_item(&shown->screen, HD_SCREEN_LOST))
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_SCREEN_LOST,
		hd_text("The host's text consoles won't be back on %s before it boots again: they are on the firmware's frame buffer, which goes with the card, and driver %s has none.",
			hd_addr_text(device->addr).s,
			device->driver ? device->driver : "none"),
		device->driver && strcmp(device->driver, "nvidia") == 0 ?
			hd_text("For a driver with consoles of its own: options nvidia_drm modeset=1 fbdev=1") :
			NULL);
}

static int judge_modules(struct hd_rule_context *s,
			 const struct hd_device *device,
			 const struct hd_shown *shown)
{
	if (!shown->shared)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_SCREEN_SHARED,
		hd_text("The modules on top of driver %s stay loaded when %s goes, since %s is on that driver, too: if it doesn't let go of the card for them, the start is given up.",
			device->driver, hd_addr_text(device->addr).s,
			hd_addr_text(shown->other).s),
		NULL);
}

static void print_holder(FILE *file, const struct hd_holder *holder,
			 const struct hd_user *user)
{
	fprintf(file, "process %d (", holder->pid);
	hd_print(file, holder->command);
	fputc(')', file);
	if (user->name) {
		fputs(" of ", file);
		hd_print(file, user->name);
	}
	if (user->fate == HD_USER_STAYS && user->unit) {
		fputs(" in ", file);
		hd_print(file, user->unit);
	}
}

/* A process may hold several devices, or one in several ways. */
static bool is_said(const struct hd_holders *holders, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (holders->items[i].pid == holders->items[index].pid)
			return true;
	return false;
}

/* "process 812 (sway) of anna in session-3.scope and process 900 ...": those
 * with this fate who use one of the devices that are handed over; NULL when
 * memory runs out, and empty when there is none. */
static char *name_users(const struct hd_situation *situation,
			enum hd_user_fate fate)
{
	const struct hd_screens *screens = &situation->screens;
	const struct hd_holders *holders = &situation->holders;
	char *text = NULL;
	size_t size, named = 0, more = 0;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	for (size_t i = 0; i < screens->n_users; i++) {
		const struct hd_device *device = hd_inventory_find(
			&situation->inventory, holders->items[i].addr);

		if (!device || !hd_shown_of(situation, device) ||
		    screens->users[i].fate != fate || is_said(holders, i))
			continue;
		if (named == 3) {
			more++;
			continue;
		}
		fputs(named++ ? " and " : "", file);
		print_holder(file, &holders->items[i], &screens->users[i]);
	}
	if (more)
		fprintf(file, " and %zu more", more);
	return hd_stream_text(file, &text);
}

/* The first of those, for what can be done about it. */
static const struct hd_user *first_user(const struct hd_situation *situation,
					enum hd_user_fate fate, pid_t *ret_pid)
{
	const struct hd_screens *screens = &situation->screens;

	for (size_t i = 0; i < screens->n_users; i++) {
		const struct hd_holder *holder = &situation->holders.items[i];
		const struct hd_device *device =
			hd_inventory_find(&situation->inventory, holder->addr);

		*ret_pid = holder->pid;
		if (device && hd_shown_of(situation, device) &&
		    screens->users[i].fate == fate)
			return &screens->users[i];
	}
	return NULL;
}

/* What lets it be stopped; NULL when nothing does. */
static char *how_to_stop(const struct hd_rule_context *s,
			 const struct hd_user *user)
{
	const char *domain = s->request->domain;
	HD_AUTOFREE char *unit =
		user->unit && !s->situation->screens.no_manager ?
			hd_quote(user->unit) :
			NULL;
	HD_AUTOFREE char *verb =
		unit ? hd_text("virt-hostdev %s --hand-over-display --may-stop %s",
			       domain ? "allow" : "bind", unit) :
		       NULL;

	return !domain || !verb ? hd_steal(&verb) :
				  hd_command_for(verb, domain);
}

static char *how_to_end(const struct hd_rule_context *s,
			const struct hd_user *user, pid_t pid)
{
	HD_AUTOFREE char *command = how_to_stop(s, user);

	return command ? hd_text("Let it end, or let it be stopped: %s",
				 command) :
			 hd_text("Let it end, or end it: kill %d", pid);
}

/* Who isn't to be stopped, or may be such a one. */
static int judge_users(struct hd_rule_context *s, enum hd_user_fate fate,
		       enum hd_rule_id rule, const char *why)
{
	const struct hd_situation *situation = s->situation;
	const char *no_manager = situation->screens.no_manager;
	pid_t pid;
	const struct hd_user *first = first_user(situation, fate, &pid);
	HD_AUTOFREE char *who = NULL;

	if (!first)
		return HD_GO_ON;
	who = name_users(situation, fate);
	if (!who)
		return hd_err_nomem(s->err);
	return hd_report(
		s, rule,
		hd_text("%s %s with the host's screen while %s %s%s%s.",
			hd_label(s), s->cannot, who, why,
			no_manager ? "; nothing can be stopped here: " : "",
			no_manager ? no_manager : ""),
		how_to_end(s, first, pid));
}

/* More than can be named are more than can be told about. */
static int judge_number(struct hd_rule_context *s)
{
	const struct hd_situation *situation = s->situation;

	for (size_t i = 0; i < situation->screens.n_users; i++) {
		const struct hd_holder *holder = &situation->holders.items[i];
		const struct hd_device *device =
			hd_inventory_find(&situation->inventory, holder->addr);

		if (holder->others && device && hd_shown_of(situation, device))
			return hd_report(
				s, HD_RULE_SCREEN_USER_UNKNOWN,
				hd_text("%s %s with the host's screen: more processes use it than can be told apart.",
					hd_label(s), s->cannot),
				hd_text("See which: fuser -v /dev/dri/*"));
	}
	return HD_GO_ON;
}

static void print_units(FILE *file, const struct hd_screen *screen)
{
	const char *before = "";

	for (size_t i = 0; i < screen->n; i++) {
		if (screen->items[i].kind != HD_SCREEN_UNIT &&
		    screen->items[i].kind != HD_SCREEN_SESSION)
			continue;
		fputs(before, file);
		hd_print(file, screen->items[i].name);
		before = ", ";
	}
}

/* What ends, so that nobody wonders where his session went. */
static char *say_what_ends(const struct hd_situation *situation,
			   const struct hd_shown *shown)
{
	HD_AUTOFREE char *who = name_users(situation, HD_USER_ENDS);
	char *text = NULL;
	size_t size;
	FILE *file = who ? hd_stream_open(&text, &size) : NULL;
	bool units = find_item(&shown->screen, HD_SCREEN_UNIT) ||
		     find_item(&shown->screen, HD_SCREEN_SESSION);
	bool dark = find_item(&shown->screen, HD_SCREEN_CONSOLE) != NULL;

	if (!file)
		return NULL;
	if (units) {
		print_units(file, &shown->screen);
		fputs(" will be stopped", file);
	}
	if (units && *who)
		fprintf(file, " (%s)", who);
	if (dark)
		fprintf(file, "%sthe consoles will go dark",
			units ? ", and " : "");
	return hd_stream_text(file, &text);
}

static int say_what_goes(struct hd_rule_context *s,
			 const struct hd_device *device,
			 const struct hd_shown *shown)
{
	HD_AUTOFREE char *what = say_what_ends(s->situation, shown);

	if (!what)
		return hd_err_nomem(s->err);
	if (!*what)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_SCREEN_GOES,
		hd_text("The host's screen goes with %s: %s. It comes back with the card.",
			hd_addr_text(device->addr).s, what),
		NULL);
}

static int judge_card(struct hd_rule_context *s, const struct hd_device *device,
		      const struct hd_shown *shown)
{
	int r = judge_leave(s, device);

	if (r == HD_GO_ON)
		r = judge_known(s, shown);
	if (r == HD_GO_ON)
		r = judge_users(s, HD_USER_STAYS, HD_RULE_SCREEN_HELD,
				"uses it, and isn't to be stopped");
	if (r == HD_GO_ON)
		r = judge_users(
			s, HD_USER_UNKNOWN, HD_RULE_SCREEN_USER_UNKNOWN,
			"uses it, of which can't be told whether it may be stopped");
	if (r == HD_GO_ON)
		r = judge_number(s);
	if (r == HD_GO_ON)
		r = judge_return(s, device, shown);
	if (r == HD_GO_ON)
		r = judge_modules(s, device, shown);
	return r == HD_GO_ON ? say_what_goes(s, device, shown) : r;
}

int hd_rule_screen(struct hd_rule_context *s)
{
	struct hd_going going = hd_going(s);
	const struct hd_device *device;
	int r = HD_GO_ON;

	while (r == HD_GO_ON && (device = hd_going_next(&going))) {
		const struct hd_shown *shown =
			hd_shown_of(s->situation, device);

		if (shown && shown->card)
			r = judge_card(s, device, shown);
	}
	return r;
}

/* A terminal of the very session that is stopped. */
int hd_rule_caller(struct hd_rule_context *s)
{
	const struct hd_caller *caller = &s->situation->caller;
	char *message =
		caller->ends ?
			hd_text("This command was started from a session that ends with the host's screen: %s will be stopped, and this terminal with it.",
				caller->ends) :
		caller->unknown ?
			hd_text("It can't be told whether this terminal ends with the host's screen: %s.",
				caller->unknown) :
			NULL;

	if (!caller->ends && !caller->unknown)
		return HD_GO_ON;
	return hd_report(
		s, HD_RULE_CALLER_ENDS, message,
		hd_text("The same command with --yes: it goes on to its end without the terminal"));
}

/* Who hands a screen over and gets no card means another device, or another
 * guest. What the guest has already has gone. */
int hd_rule_hand_over_used(struct hd_rule_context *s)
{
	const struct hd_inventory *inventory = &s->situation->inventory;

	if (s->request->hand_over != HD_HAND_OVER_YES)
		return HD_GO_ON;
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (s->situation->fates.items[i] != HD_STAYS &&
		    inventory->devices[i].class_code >> 16 == 0x03)
			return HD_GO_ON;
	return hd_report(
		s, HD_RULE_HAND_OVER_UNUSED,
		s->request->domain ?
			hd_text("Line %u of the domain hands the host's screen over, but no graphics card is among its devices.",
				s->request->hand_over_line) :
			hd_text("The host's screen isn't handed over, as no graphics card is among the devices."),
		NULL);
}
