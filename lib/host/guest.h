/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_GUEST_H
#define HD_LIB_HOST_GUEST_H

#include <stdbool.h>

#include "lib/host/host.h"

/*
 * Whether the QEMU of a domain runs, without asking libvirt: the hook must not,
 * and after a crash there may be none to ask. libvirt's file
 * /run/libvirt/qemu/NAME.pid names a process that was started with the domain's
 * UUID.
 */
bool hd_guest_runs(const struct hd_host *host, const char *name,
		   const char *uuid);

#endif
