/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_CONSOLE_H
#define HD_LIB_DISPLAY_CONSOLE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * Drivers of the virtual consoles, /sys/class/vtconsole/vtconN. One that draws
 * into a frame buffer comes with the first one and goes with the last, each
 * time under the number that is free: so it is known by its name.
 */

/* A visit of hd_consoles_each(): fills an @err of its own when it fails. */
typedef int (*hd_console_fn)(void *data, const char *name, bool bound);

/*
 * Visits the drivers that are there, until one visit returns something else
 * than 0; those that go away meanwhile aren't. Returns what the last visit
 * returned, or a negative errno with a sentence.
 */
int hd_consoles_each(const struct hd_host *host, hd_console_fn visit,
		     void *data, struct hd_err *err);

/*
 * Whether a driver of this name can be unbound: not those that are built in
 * ("(S) dummy device"), one of which has to be left (drivers/tty/vt/vt.c).
 */
bool hd_console_can_go(const char *name);

/*
 * Binds the driver of this name to the virtual consoles that it had, or unbinds
 * it: then the built-in one takes over. Nothing is done when it is so already.
 * One that is to be bound and isn't there is waited for, at most @seconds; one
 * that is to be unbound and isn't there needs nothing.
 *
 * The kernel reports success whatever it does, so it is read back. Returns 0 or
 * a negative errno with a sentence.
 */
int hd_console_set(const struct hd_host *host, const char *name, bool bound,
		   unsigned seconds, struct hd_err *err);

#endif
