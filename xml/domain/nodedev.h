/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_NODEDEV_H
#define HD_XML_DOMAIN_NODEDEV_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/device.h"

/*
 * Reads what libvirt tells of a PCI function (virNodeDeviceGetXMLDesc(),
 * nodedev.rng) as if sysfs had told it. What libvirt doesn't tell is left as of
 * a device where there is nothing to tell: driver_override, whether it is dead,
 * whether it answers, whether interfaces of its PF are down.
 *
 * Returns 0; -ENOENT without a sentence when it is no PCI function; another
 * negative errno with a sentence. The caller clears @ret after success.
 */
int hd_nodedev_parse(const char *text, size_t length, struct hd_device *ret,
		     struct hd_err *err);

#endif
