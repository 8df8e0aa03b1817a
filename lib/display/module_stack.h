/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_MODULE_STACK_H
#define HD_LIB_DISPLAY_MODULE_STACK_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/display/screen.h"
#include "lib/host/device.h"
#include "lib/host/host.h"

/*
 * The modules on top of a driver. Most drivers let one card go while others use
 * their modules; a few don't, and what stands on them is unloaded first. The
 * driver's own module stays.
 */

/*
 * Adds what has to be unloaded so that the card's driver lets go, in that
 * order, each module followed by its parameters, as far as they can be read.
 * Nothing when the driver has no such modules, or another device of the host is
 * on it, see hd_module_stack_is_shared(). Returns 0 or a negative errno with a
 * sentence.
 */
int hd_module_stack_read(const struct hd_host *host,
			 const struct hd_device *card, struct hd_screen *ret,
			 struct hd_err *err);

/*
 * Whether modules stand on the card's driver that would have to be unloaded,
 * and can't be since another device is on it, too: *@ret_other, whose screen
 * would go. Returns 0 or a negative errno with a sentence.
 */
int hd_module_stack_is_shared(const struct hd_host *host,
			      const struct hd_device *card, bool *ret,
			      struct hd_addr *ret_other, struct hd_err *err);

/*
 * Unloads a module as soon as nothing uses it, and waits at most @seconds for
 * that; one that isn't loaded is success. Remove commands of modprobe.d(5)
 * aren't run. Returns 0 or a negative errno with a sentence, which names what
 * uses it.
 */
int hd_display_module_unload(const struct hd_host *host, const char *module,
			     unsigned seconds, struct hd_err *err);

/*
 * Loads a module and what it needs, with the options of modprobe.d(5), and
 * waits at most @seconds until it is at work; one that is loaded is success.
 * It was loaded before, so that it may be blacklisted. Returns 0 or a negative
 * errno with a sentence.
 */
int hd_display_module_load(const struct hd_host *host, const char *module,
			   unsigned seconds, struct hd_err *err);

/*
 * Gives a parameter, "nvidia_drm/modeset", the value that it had; NULL is the
 * empty one. Many can only be set while their module is loaded: then it is
 * compared. Returns 0 or a negative errno with a sentence.
 */
int hd_parameter_set(const struct hd_host *host, const char *name,
		     const char *value, struct hd_err *err);

#endif
