/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_HOSTDEV_H
#define HD_HOSTDEV_H

#include <stdbool.h>

#include "lib/addr.h"

/*
 * A <hostdev> block for one device, in the form that libvirt prints: all
 * numbers hexadecimal with 0x (domaincommon.rng, define hostdevsubsyspci), two
 * blanks a level, a newline at the end. With @managed libvirt binds the device
 * and gives it back; without, the hook does.
 *
 * Returns a string for free(), or NULL when memory runs out.
 */
char *hd_hostdev_format(struct hd_addr addr, bool managed);

#endif
