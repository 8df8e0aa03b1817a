/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_PIN_H
#define HD_XML_DOMAIN_PIN_H

#include <libxml/tree.h>

#include "lib/base/err.h"
#include "lib/request/pins.h"

/*
 * Reads what a <hostdev:device> says of a device: id="VENDOR:DEVICE", and as
 * far as they are there subsystem, class, revision, dsn, serial, mac, slot,
 * path. Another attribute than these and address is an error: it may have been
 * meant to tell two devices apart.
 *
 * Returns 0, or -EINVAL with a sentence that names the line.
 */
int hd_pin_read(const xmlNode *node, struct hd_identity *ret,
		struct hd_err *err);

/*
 * The element, without indentation and line end, in the namespace with @prefix
 * ("hostdev", or "" for none). Freed by the caller; NULL when memory runs out.
 */
char *hd_pin_format(const struct hd_pin *pin, const char *prefix);

#endif
