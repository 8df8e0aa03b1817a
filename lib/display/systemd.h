/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_SYSTEMD_H
#define HD_LIB_DISPLAY_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * Units of systemd that are stopped and started, over the system bus, see
 * org.freedesktop.systemd1(5). Errors are half a sentence that says why;
 * whoever calls says before it what could not be done.
 */
struct hd_unit {
	char *id; /* of an alias what it stands for; owned */
	bool active; /* also when it is starting */
	/*
	 * What it may take at most; 0: as long as it likes. After stop_seconds
	 * systemd kills what is left, and gives that as long again.
	 */
	unsigned stop_seconds, start_seconds;
};

#define HD_AUTO_UNIT __attribute__((cleanup(hd_unit_clear)))

/* Whoever has installed a display manager has made this an alias of it. */
#define HD_DISPLAY_MANAGER "display-manager.service"

/* systemd's UNIT_NAME_MAX, without the final NUL. */
#define HD_UNIT_NAME_LIMIT 255

/*
 * Whether a text, of @n bytes, can be the name of a unit (systemd.unit(5)):
 * none is longer, and none needs to be escaped when it is printed.
 */
bool hd_unit_is_name(const char *text, size_t n);

/*
 * What a unit is, and whether it is active.
 *
 * Returns 0; -ENOENT when there is no such unit; -ENOTSUP when this host wasn't
 * started by systemd, so that it has no units, and for a copied tree; another
 * negative errno when it can't be told, as when systemd can't be reached. All
 * but -ENOENT have half a sentence in @err.
 */
int hd_unit_query(const struct hd_host *host, const char *name,
		  struct hd_unit *ret, struct hd_err *err);

/*
 * Stops a unit, of any kind, and returns when systemd says that it has stopped;
 * at once when it isn't active or there is none. When it takes more than
 * @seconds systemd goes on with it; hd_unit_start() puts an end to that.
 *
 * Returns 0; -ETIMEDOUT; -ENOTSUP as above; another negative errno. All have
 * half a sentence in @err.
 */
int hd_unit_stop(const struct hd_host *host, const char *id, unsigned seconds,
		 struct hd_err *err);

/*
 * Starts a unit, and returns when systemd says that it has started; at once
 * when it is active. Returns as above; -ENOENT when there is none.
 */
int hd_unit_start(const struct hd_host *host, const char *id, unsigned seconds,
		  struct hd_err *err);

/*
 * Moves this process into a scope of its own (systemd.scope(5)), which nobody
 * ends with the session or service that it was started from. Returns when that
 * is so, and verified: 0; -ENOTSUP as above; another negative errno. All have
 * half a sentence in @err.
 *
 * @id  that no unit has, "virt-hostdev-….scope"
 */
int hd_scope_enter(const struct hd_host *host, const char *id,
		   struct hd_err *err);

void hd_unit_clear(struct hd_unit *unit);

#endif
