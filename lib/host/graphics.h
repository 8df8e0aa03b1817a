/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_GRAPHICS_H
#define HD_LIB_HOST_GRAPHICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/host/addr.h"
#include "lib/host/host.h"
#include "lib/host/range.h"

/* Whose a screen is: facts of graphics cards and of what is drawn on them. */

#define HD_BARS 6

/* The BARs of a device. */
struct hd_bars {
	struct hd_range items[HD_BARS];
	size_t n;
};

/* Reads them from the text of "resource"; false when it can't be understood. */
bool hd_bars_read(const char *resource, struct hd_bars *ret);

/* Whether an address of memory is in one of them. */
bool hd_bars_have(const struct hd_bars *bars, uint64_t address);

/* Whether the owner of a range in /proc/iomem is a frame buffer that the
 * firmware made: "efifb" (drivers/firmware/sysfb*.c, drivers/video/fbdev). */
bool hd_is_boot_framebuffer(const char *owner);

/* "card0" and "fb0", not "card0-DP-1" and "fbcon", when @start is "card" or
 * "fb". */
bool hd_is_numbered(const char *name, const char *start);

/* What a card or a frame buffer of /sys/class stands on. */
struct hd_screen_place {
	bool on_pci;
	struct hd_addr addr; /* of the PCI function */
	char firmware[48]; /* "efi-framebuffer.0" for what the firmware has
			    * drawn on, a platform device; else "" */
};

/*
 * Reads it from where the link in /sys/class leads to. What the firmware has
 * drawn on hangs on a PCI function since Linux 6.9 (drivers/firmware/sysfb.c,
 * sysfb_parent_dev()), and on none before.
 */
struct hd_screen_place hd_screen_place(const char *link);

/*
 * Whether the firmware showed itself on this device, as the kernel says of VGA
 * cards. Returns 0, or a negative errno with a sentence.
 */
int hd_boot_vga_read(const struct hd_host *host, struct hd_addr addr, bool *ret,
		     struct hd_err *err);

/*
 * The same of any device: also where one of its BARs has the frame buffer that
 * /proc/iomem names, as of cards that are no VGA cards.
 */
int hd_boot_display_read(const struct hd_host *host, struct hd_addr addr,
			 bool *ret, struct hd_err *err);

#endif
