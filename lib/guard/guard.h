/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_GUARD_H
#define HD_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/device.h"
#include "lib/host/host.h"
#include "lib/host/nodes.h"
#include "lib/request/critical.h"

/* One thing that the host needs a device for, or may need it for. */
struct hd_critical_use {
	struct hd_addr addr;
	enum hd_critical critical;
	bool root; /* / or /usr live on it, or may: nobody may allow that */
	bool unknown; /* whether the host needs it for that can't be told */
	char *chain; /* from the device to what is needed, without the address:
		      * "nvme0n1p3 → LUKS home → LVM vg0/home → /home"; or of
		      * what is unknown why: "/proc/swaps can't be read: ...";
		      * owned */
	char *fix; /* what makes it known, or NULL; owned */
};

struct hd_critical_uses {
	struct hd_critical_use *items;
	size_t n;
};

#define HD_AUTO_CRITICAL_USES __attribute__((cleanup(hd_critical_uses_clear)))

/*
 * Finds what the host would lose if it gave all of @devices away at once.
 * Nothing is asked of a disk, and what may wait for the kernel's network lock
 * does so in a process of its own.
 *
 *   mount         also through LVM, LUKS and other device mapper targets, md,
 *                 bcache, multipath, btrfs and ZFS with several devices, loop
 *                 devices. One chain for each stack of block devices, with
 *                 its first mount points, and for file systems in files no
 *                 more than three. Known by the kernel's numbers: whoever
 *                 mounts by FUSE may claim any source. Mounts of other mount
 *                 namespaces are not seen, but for btrfs.
 *   fstab         not an entry with noauto, unless systemd mounts it when it
 *                 is wanted. A tag is looked up among udev's links.
 *   default-route of every routing table, through bridge, bond, team, VLAN,
 *                 macvlan and what else the kernel links as "upper". In a
 *                 copied tree: /proc/net/route, whose IPv4 routes are those of
 *                 the main table only. Not through PPPoE, VPNs and Open
 *                 vSwitch, which the kernel links with no interface.
 *   ssh           of this machine only, by SSH_CONNECTION (see ssh(1)), or by
 *                 the socket of the server that our ancestors are of
 *   display       no other graphics card has a screen, or none of them has one
 *                 and there is no other card
 *   keyboard      no other, virtual ones don't count
 *
 * @devices, @n  what is to be taken, in the order of addresses
 * @nodes        of these devices, from hd_nodes_add()
 * @seconds      how long the kernel may take to tell its routes
 *
 * What couldn't be read is a use too, an unknown one, of each device that it
 * could have been about.
 *
 * Returns 0 with the critical_uses in the order of addresses, those with @root
 * first; or -ENOMEM with a sentence in @err: then nothing is known to be safe.
 */
int hd_guard_find(const struct hd_host *host, const struct hd_device *devices,
		  size_t n, const struct hd_nodes *nodes, unsigned seconds,
		  struct hd_critical_uses *ret, struct hd_err *err);

void hd_critical_uses_clear(struct hd_critical_uses *critical_uses);

#endif
