/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CHECK_SCREENS_H
#define HD_LIB_CHECK_SCREENS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/check/ask.h"
#include "lib/display/screen.h"
#include "lib/host/device.h"
#include "lib/request/request.h"

struct hd_situation;

/* What becomes of a process that uses a card which is handed over. */
enum hd_user_fate {
	HD_USER_STAYS, /* nobody lets it be stopped */
	HD_USER_ENDS, /* with a unit that is stopped */
	HD_USER_LETS_GO, /* systemd-logind: with the session that it serves */
	HD_USER_UNKNOWN, /* whose it is can't be told */
};

struct hd_user {
	enum hd_user_fate fate;
	char *unit; /* that it belongs to; NULL when there is none; owned */
	char *name; /* whose it is, NULL when not known; owned */
	char *unknown; /* why its fate can't be told; owned */
};

/* A device that goes with the host's screen, or none when !@handed_over. */
struct hd_shown {
	bool handed_over;
	bool card; /* the screen is on it; else another function of the card */
	struct hd_screen screen; /* of a card; owned */
	char *unknown; /* why that can't be told; owned; NULL when it can */
	/* The driver's modules stay, since another card is on it, too. */
	bool shared;
	struct hd_addr other;
};

/* What is handed over. All NULL when nothing is. */
struct hd_screens {
	struct hd_shown *of; /* of each device of the inventory; owned */
	size_t n;
	struct hd_user *users; /* each of the situation's holders; owned */
	size_t n_users;
	char *manager; /* the unit of the display manager; owned; NULL when
			* there is none that runs */
	char *no_manager; /* why no unit can be stopped; owned; NULL when they
			   * can, or needn't */
};

/*
 * Reads what goes down with the graphics cards of a request that hands them
 * over (lib/request/hand_over.h), and who uses them: inventory, fates, nodes
 * and holders of the situation are known. Of a copied tree no processes are.
 *
 * Returns 0 or a negative errno with a sentence. What can't be read is in
 * @unknown, or a user's fate.
 */
int hd_screens_find(const struct hd_ask *ask, const struct hd_request *request,
		    struct hd_situation *situation);

/* What goes with a device of the situation's inventory; NULL when it isn't
 * handed over. */
const struct hd_shown *hd_shown_of(const struct hd_situation *situation,
				   const struct hd_device *device);

void hd_screens_clear(struct hd_screens *screens);

#endif
