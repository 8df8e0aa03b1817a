// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/screens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/check/situation.h"
#include "lib/display/card.h"
#include "lib/display/module_stack.h"
#include "lib/display/owner.h"
#include "lib/display/systemd.h"

/* It opens the cards for the sessions, and closes them when they end. */
#define LOGIND "systemd-logind.service"
/* And systemd keeps them for it (FileDescriptorStoreMax=), as process 1. */
#define SYSTEMD "init.scope"

/* What is looked at, and where it goes. */
struct finding_screens {
	const struct hd_ask *ask;
	const struct hd_request *request;
	struct hd_situation *situation;
};

static bool is_card(const struct hd_device *device)
{
	return device->class_code >> 16 == 0x03;
}

static bool on_one_card(struct hd_addr a, struct hd_addr b)
{
	a.function = b.function;
	return hd_addr_equal(a, b);
}

/* That it can't be told is the card's fate, not ours. */
static int read_card(struct finding_screens *f, const struct hd_device *device,
		     struct hd_shown *shown)
{
	HD_AUTO_ERR struct hd_err why = HD_ERR_INIT;
	int r = hd_display_read(f->ask->host, device, &shown->screen, &why);

	if (r == 0)
		r = hd_module_stack_is_shared(f->ask->host, device,
					      &shown->shared, &shown->other,
					      &why);
	shown->handed_over = shown->card = true;
	if (r == 0)
		return 0;
	if (r != -ENOMEM)
		shown->unknown = hd_text("%s", hd_err_message(&why));
	return shown->unknown ? 0 : hd_err_nomem(f->ask->err);
}

static int read_cards(struct finding_screens *f)
{
	struct hd_situation *situation = f->situation;
	const struct hd_inventory *inventory = &situation->inventory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++)
		if (situation->fates.items[i] != HD_STAYS &&
		    is_card(&inventory->devices[i]) &&
		    !inventory->devices[i].vfio)
			r = read_card(f, &inventory->devices[i],
				      &situation->screens.of[i]);
	return r;
}

/* The card that a device is on; NULL when none is handed over with it. */
static struct hd_shown *card_of(const struct hd_situation *situation,
				struct hd_addr addr)
{
	const struct hd_inventory *inventory = &situation->inventory;

	for (size_t i = 0; i < situation->screens.n; i++)
		if (situation->screens.of[i].card &&
		    on_one_card(inventory->devices[i].addr, addr))
			return &situation->screens.of[i];
	return NULL;
}

/* Sound and USB of the card go before it. */
static void find_functions(struct hd_situation *situation)
{
	const struct hd_inventory *inventory = &situation->inventory;

	for (size_t i = 0; i < inventory->n_devices; i++)
		if (situation->fates.items[i] != HD_STAYS &&
		    !inventory->devices[i].vfio &&
		    card_of(situation, inventory->devices[i].addr))
			situation->screens.of[i].handed_over = true;
}

/* The unit of the display manager. A host without systemd has none that could
 * be stopped, and neither has one that we can't ask. */
static int find_manager(struct finding_screens *f)
{
	HD_AUTO_ERR struct hd_err why = HD_ERR_INIT;
	HD_AUTO_UNIT struct hd_unit unit = { .id = NULL };
	int r = hd_unit_query(f->ask->host, HD_DISPLAY_MANAGER, &unit, &why);

	if (r == 0 && unit.active)
		f->situation->screens.manager = hd_steal(&unit.id);
	if (r == 0 || r == -ENOENT)
		return 0;
	if (r != -ENOMEM)
		f->situation->screens.no_manager =
			hd_text("%s", hd_err_message(&why));
	return f->situation->screens.no_manager ? 0 : hd_err_nomem(f->ask->err);
}

static bool is_of_logind(const struct hd_owner *owner)
{
	return owner->unit && (strcmp(owner->unit, LOGIND) == 0 ||
			       strcmp(owner->unit, SYSTEMD) == 0);
}

static enum hd_user_fate fate_of(const struct finding_screens *f,
				 const struct hd_owner *owner)
{
	if (f->situation->screens.no_manager)
		return HD_USER_STAYS;
	if (owner->ends.is == HD_PRESENT)
		return HD_USER_ENDS;
	if (is_of_logind(owner))
		return HD_USER_LETS_GO;
	if (owner->unit && hd_may_stop(f->request, owner->unit))
		return HD_USER_ENDS;
	return owner->ends.is == HD_UNKNOWN ? HD_USER_UNKNOWN : HD_USER_STAYS;
}

/* What ends with the display manager needs no unit of its own to be stopped. */
static int describe_user(const struct finding_screens *f,
			 struct hd_owner *owner, struct hd_user *user)
{
	bool with_manager =
		user->fate == HD_USER_ENDS && owner->ends.is == HD_PRESENT;

	user->unit = with_manager ? strdup(f->situation->screens.manager) :
				    hd_steal(&owner->unit);
	user->name = hd_text("user %u", owner->uid);
	if (user->fate == HD_USER_UNKNOWN)
		user->unknown = hd_steal(&owner->unknown);
	return (with_manager && !user->unit) || !user->name ? -ENOMEM : 0;
}

static int judge_user(struct finding_screens *f, const struct hd_holder *holder,
		      struct hd_user *user)
{
	HD_AUTO_ERR struct hd_err why = HD_ERR_INIT;
	HD_AUTO_OWNER struct hd_owner owner = HD_OWNER_INIT;
	int r = hd_owner_read(f->ask->host, holder->pid,
			      f->situation->screens.manager, &owner, &why);

	/* It has ended meanwhile. */
	user->fate = HD_USER_LETS_GO;
	if (r == -ENOENT)
		return 0;
	user->fate = HD_USER_UNKNOWN;
	if (r < 0 && r != -ENOMEM) {
		user->unknown = hd_text("%s", hd_err_message(&why));
		return user->unknown ? 0 : hd_err_nomem(f->ask->err);
	}
	if (r == 0) {
		user->fate = fate_of(f, &owner);
		r = describe_user(f, &owner, user);
	}
	return r < 0 ? hd_err_nomem(f->ask->err) : 0;
}

/* The unit goes down with the card. */
static int add_unit(struct finding_screens *f, const struct hd_holder *holder,
		    const char *unit)
{
	struct hd_shown *card = card_of(f->situation, holder->addr);
	int r = card ? hd_screen_add(&card->screen,
				     hd_unit_is_scope(unit) ?
					     HD_SCREEN_SESSION :
					     HD_SCREEN_UNIT,
				     unit, NULL) :
		       0;

	if (r == -E2BIG)
		return hd_err_set(f->ask->err, E2BIG,
				  "too many units use %s to be stopped",
				  hd_addr_text(holder->addr).s);
	return r < 0 ? hd_err_nomem(f->ask->err) : 0;
}

/* The display manager stands first: it is stopped first, and started last. */
static int add_units(struct finding_screens *f, bool manager)
{
	const struct hd_situation *situation = f->situation;
	int r = 0;

	for (size_t i = 0; r == 0 && i < situation->screens.n_users; i++) {
		const struct hd_user *user = &situation->screens.users[i];

		if (user->fate != HD_USER_ENDS)
			continue;
		if ((f->situation->screens.manager &&
		     strcmp(user->unit, f->situation->screens.manager) == 0) ==
		    manager)
			r = add_unit(f, &situation->holders.items[i],
				     user->unit);
	}
	return r;
}

static int judge_users(struct finding_screens *f)
{
	struct hd_situation *situation = f->situation;
	const struct hd_holders *holders = &situation->holders;
	struct hd_screens *screens = &situation->screens;
	bool any = false;
	int r = 0;

	screens->users = calloc(holders->n + 1, sizeof(*screens->users));
	if (!screens->users)
		return hd_err_nomem(f->ask->err);
	screens->n_users = holders->n;
	for (size_t i = 0; i < holders->n; i++)
		any |= card_of(situation, holders->items[i].addr) != NULL;
	if (any)
		r = find_manager(f);
	for (size_t i = 0; any && r == 0 && i < holders->n; i++)
		if (card_of(situation, holders->items[i].addr))
			r = judge_user(f, &holders->items[i],
				       &screens->users[i]);
	if (r == 0)
		r = add_units(f, true);
	return r < 0 ? r : add_units(f, false);
}

int hd_screens_find(const struct hd_ask *ask, const struct hd_request *request,
		    struct hd_situation *situation)
{
	struct finding_screens f = { .ask = ask,
				     .request = request,
				     .situation = situation };
	struct hd_screens *screens = &situation->screens;
	int r;

	if (!hd_hands_over(request))
		return 0;
	screens->n = situation->inventory.n_devices;
	screens->of = calloc(screens->n + 1, sizeof(*screens->of));
	if (!screens->of)
		return hd_err_nomem(ask->err);
	r = read_cards(&f);
	if (r < 0)
		return r;
	find_functions(situation);
	return judge_users(&f);
}

const struct hd_shown *hd_shown_of(const struct hd_situation *situation,
				   const struct hd_device *device)
{
	const struct hd_shown *shown;

	if (!situation->screens.of)
		return NULL;
	shown = &situation->screens.of[device - situation->inventory.devices];
	return shown->handed_over ? shown : NULL;
}

void hd_screens_clear(struct hd_screens *screens)
{
	for (size_t i = 0; i < screens->n; i++) {
		hd_screen_clear(&screens->of[i].screen);
		free(screens->of[i].unknown);
	}
	for (size_t i = 0; i < screens->n_users; i++) {
		free(screens->users[i].unit);
		free(screens->users[i].name);
		free(screens->users[i].unknown);
	}
	free(screens->of);
	free(screens->users);
	free(screens->no_manager);
	free(screens->manager);
	*screens = (struct hd_screens){ .of = NULL };
}
