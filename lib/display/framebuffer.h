/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_FRAMEBUFFER_H
#define HD_LIB_DISPLAY_FRAMEBUFFER_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * Takes what the firmware has drawn on, a platform device such as
 * "efi-framebuffer.0", from its driver, or gives it back, and reads that back.
 * Nothing is done when it is so already. A device that isn't there needs not be
 * taken; it can't be given back: the kernel has removed it, and only a driver
 * of the card itself brings a screen again. One that another driver has is left
 * alone. Returns 0 or a negative errno with a sentence.
 */
int hd_framebuffer_set(const struct hd_host *host, const char *name,
		       const char *driver, bool bound, struct hd_err *err);

#endif
