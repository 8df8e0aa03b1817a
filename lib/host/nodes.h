/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_NODES_H
#define HD_LIB_HOST_NODES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/addr.h"
#include "lib/host/device.h"
#include "lib/host/host.h"

/* What the host's driver made of a device: a file in /dev, an interface. */
enum hd_node_kind { HD_NODE_CHAR, HD_NODE_BLOCK, HD_NODE_NET };

struct hd_node {
	struct hd_addr addr; /* of the PCI function that it belongs to */
	enum hd_node_kind kind;
	char *name; /* "nvme0n1", "card0", "eth0"; owned */
	unsigned major, minor; /* of a file in /dev */
	bool up; /* of an interface: IFF_UP, whatever its link says */
};

struct hd_nodes {
	struct hd_node *items; /* in the order of addresses */
	size_t n;
};

#define HD_AUTO_NODES __attribute__((cleanup(hd_nodes_clear)))

/*
 * Adds what is below a device in sysfs: every folder with an attribute "dev"
 * (Documentation/ABI/testing/sysfs-dev) and every network interface, however
 * deep: a disk behind a USB hub belongs to the USB controller. Of an NVMe
 * namespace that several controllers share, the disk that users see is added
 * (drivers/nvme/host/multipath.c puts it elsewhere). Device nodes of the
 * NVIDIA driver, which has none in sysfs, come from /proc/driver/nvidia.
 *
 * Reads no attribute that waits for the device's lock. Returns 0, also when
 * the device isn't there, or a negative errno with a sentence in @err, which
 * names what could not be read: it may be what the host can't do without.
 */
int hd_nodes_add(struct hd_nodes *nodes, const struct hd_host *host,
		 const struct hd_device *device, struct hd_err *err);

/* The nodes of a device, *@ret_n of them, found in no time. */
const struct hd_node *hd_nodes_of(const struct hd_nodes *nodes,
				  struct hd_addr addr, size_t *ret_n);

void hd_nodes_clear(struct hd_nodes *nodes);

#endif
