/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_TARGET_H
#define HD_XML_DOMAIN_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* "vda" to "vdz" */
#define HD_TARGETS 26

/*
 * Reads which of those names the disks of a domain have: bit 0 for "vda". Disks
 * beyond them, "vdaa", are of no interest here. Returns 0 or a negative errno
 * with a sentence.
 */
int hd_targets_read(const char *text, size_t length, uint32_t *ret,
		    struct hd_err *err);

#endif
