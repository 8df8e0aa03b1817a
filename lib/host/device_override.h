/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_DEVICE_OVERRIDE_H
#define HD_LIB_HOST_DEVICE_OVERRIDE_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/device.h"
#include "lib/host/host.h"

/*
 * Reads what the kernel tells only under a device's lock: driver_override and
 * sriov_numvfs (drivers/pci/pci-sysfs.c, iov.c). An unbind that hangs,
 * whoever's it is, holds that lock for ever; so a process of its own does the
 * reading, and devices that don't answer within @seconds, all of them together,
 * are marked @override_unknown. It also reads the attributes of those that are
 * marked @saves: some of them may block no less.
 *
 * @devices  what hd_device_read() gave; @override, @numvfs, @attributes,
 * @override_unknown are filled
 *
 * Returns 0, or a negative errno with a sentence in @err.
 */
int hd_device_read_overrides(const struct hd_host *host,
			     struct hd_device *devices, size_t n,
			     unsigned seconds, struct hd_err *err);

#endif
