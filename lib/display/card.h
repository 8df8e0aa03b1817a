/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_CARD_H
#define HD_LIB_DISPLAY_CARD_H

#include "lib/base/err.h"
#include "lib/display/screen.h"
#include "lib/host/device.h"
#include "lib/host/host.h"

/*
 * Adds what the host's screen on this card hangs on, as it is now:
 *
 * consoles: the drivers of the virtual consoles that are bound and can be
 * unbound, when all frame buffers of the host are this card's. When another
 * card has one, the kernel moves the consoles there by itself
 * (drivers/video/fbdev/core/fbcon.c, fbcon_fb_unbind()).
 *
 * framebuffer: what the firmware has drawn on, on this card, when the kernel
 * won't remove it by itself. vfio-pci does since Linux 6.0, of VGA cards
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_vga_init()), and then nothing
 * brings it back: it isn't added, and the consoles on it are lost with it.
 *
 * modules and parameters, see hd_module_stack_read().
 *
 * connectors that have a screen.
 *
 * What can't be read is not taken for absent: returns 0 or a negative errno
 * with a sentence.
 */
int hd_display_read(const struct hd_host *host, const struct hd_device *card,
		    struct hd_screen *ret, struct hd_err *err);

#endif
