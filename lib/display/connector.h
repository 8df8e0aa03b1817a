/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_CONNECTOR_H
#define HD_LIB_DISPLAY_CONNECTOR_H

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/host.h"

/*
 * A visit of hd_connectors_each(): "DP-1", its @status ("connected",
 * "disconnected", "unknown"), and the folder of it in /sys/class/drm. Fills an
 * @err of its own when it fails.
 */
typedef int (*hd_connector_fn)(void *data, const char *name, const char *status,
			       const char *folder);

/*
 * Visits the connectors of a card, as the driver that it is on has them, until
 * one visit returns something else than 0. Those are left out that no screen
 * can be put to. Returns what the last visit returned, 0 when there are none,
 * or a negative errno with a sentence.
 */
int hd_connectors_each(const struct hd_host *host, struct hd_addr card,
		       hd_connector_fn visit, void *data, struct hd_err *err);

/*
 * Waits until the card's connector of this name has a screen, at most
 * @seconds. Where no one has asked the screen yet, the driver is told to.
 * Returns 0 or a negative errno with a sentence.
 */
int hd_connector_wait(const struct hd_host *host, struct hd_addr card,
		      const char *name, unsigned seconds, struct hd_err *err);

#endif
