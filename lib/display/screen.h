/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_SCREEN_H
#define HD_LIB_DISPLAY_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/*
 * What the host's screen on one graphics card hangs on, and what is to be so
 * again when the card is back. A list of plain facts: each is read before the
 * first change, written down with the device (lib/state/claim.h), and undone by
 * a step of its own (lib/rebind/plan.h).
 */
enum hd_screen_kind {
	HD_SCREEN_UNIT, /* an active unit of systemd that is stopped: its id */
	HD_SCREEN_SESSION, /* a scope of systemd that is ended: nobody can
			    * bring it back, so it isn't written down */
	HD_SCREEN_CONSOLE, /* a bound driver of the virtual consoles: the text
			    * of its "name", since its number changes */
	HD_SCREEN_FRAMEBUFFER, /* the firmware's frame buffer, a platform
				* device, where the kernel doesn't remove it
				* by itself; value: its driver */
	HD_SCREEN_MODULE, /* a module that is unloaded so that the driver lets
			   * go, in the order of unloading */
	HD_SCREEN_PARAMETER, /* "nvidia_drm/modeset" of such a module, behind
			      * it; value: what it was */
	HD_SCREEN_CONNECTOR, /* "DP-1": it had a screen */
	HD_SCREEN_LOST, /* a bound driver of the virtual consoles that can't
			 * come back, since the frame buffer is the firmware's,
			 * and goes with the card; isn't written down either */
	HD_N_SCREEN_KINDS,
};

struct hd_screen_item {
	enum hd_screen_kind kind;
	char *name; /* owned */
	char *value; /* owned; NULL for none */
};

struct hd_screen {
	struct hd_screen_item *items; /* owned */
	size_t n;
};

#define HD_AUTO_SCREEN __attribute__((cleanup(hd_screen_clear)))

/* A host with more of it than this has nothing that we could put back. */
#define HD_SCREEN_LIMIT 512

/*
 * Adds a fact, unless it is there already. @value may be NULL. Returns 0,
 * -ENOMEM, or -E2BIG.
 */
int hd_screen_add(struct hd_screen *screen, enum hd_screen_kind kind,
		  const char *name, const char *value);

/* Fails for what hd_screen_add() gave, with a sentence; 0 for 0. */
int hd_screen_fail(int r, struct hd_err *err);

/* Copies what is to be so again behind what is there. Returns 0, -ENOMEM or
 * -E2BIG. */
int hd_screen_keep(struct hd_screen *to, const struct hd_screen *from);

/* Whether it is written down, to be so again. */
bool hd_screen_kind_comes_back(enum hd_screen_kind kind);

/* Whether a unit of systemd is a scope, as sessions are: it can be stopped, and
 * never started (systemd.scope(5)). */
bool hd_unit_is_scope(const char *id);

/* "unit", "console", "connector": stable, in claims. */
const char *hd_screen_kind_name(enum hd_screen_kind kind);

/* Reads such a name; false for anything else. */
bool hd_screen_kind_parse(const char *text, enum hd_screen_kind *ret);

void hd_screen_clear(struct hd_screen *screen);

#endif
