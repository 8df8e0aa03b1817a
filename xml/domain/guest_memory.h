/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOMAIN_GUEST_MEMORY_H
#define HD_XML_DOMAIN_GUEST_MEMORY_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/request/guest_memory.h"

/*
 * Reads what a domain wants of the host's memory: <memory>, <memtune>,
 * <memoryBacking>, <numatune>, and devices that change memory while the guest
 * runs. Sizes have the units of libvirt (virScaleInteger()), KiB by default;
 * one that is none, or too large, counts as not there.
 *
 * Returns 0, or a negative errno with a sentence in @err.
 */
int hd_guest_memory_parse(const char *text, size_t length,
			  struct hd_guest_memory *ret, struct hd_err *err);

#endif
