/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_GUEST_H
#define HD_LIB_HOST_GUEST_H

#include "lib/host/host.h"

/*
 * What can be known of a guest without asking libvirt: the hook must not, and
 * after a crash there may be none to ask. It is in libvirt's folder of the
 * guests that it has.
 */
#define HD_GUEST_FILES "/run/libvirt/qemu"

/*
 * Whether the QEMU of a guest runs: NAME.pid names a process that was started
 * with the guest's UUID. Unknown when one of both can't be read, or the file is
 * just being written.
 */
HD_LOOK struct hd_seen hd_guest_runs(const struct hd_host *host,
				     const char *name, const char *uuid);

/*
 * Whether libvirt still keeps the status of a guest, in NAME.xml: it writes
 * that when it starts QEMU, and removes it when all is done that ends a guest
 * but the hook's release.
 */
HD_LOOK struct hd_seen hd_guest_is_kept(const struct hd_host *host,
					const char *name);

#endif
