/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_INVENTORY_H
#define HD_LIB_HOST_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/host/device.h"

/* An IOMMU group: what can only be given to one owner as a whole. */
struct hd_group {
	int number;
	char *foreign; /* name of a member that is no PCI device, or NULL */
};

/*
 * The devices that a decision needs, and all members of their groups, read
 * once. Deciding reads the inventory, never sysfs. Devices are in the order of
 * their addresses, groups in that of their numbers, and so both are found in no
 * time.
 */
struct hd_inventory {
	struct hd_device *devices;
	size_t n_devices;
	struct hd_group *groups;
	size_t n_groups;
	bool iommu; /* the host has at least one IOMMU group */
	bool late; /* see hd_inventory_awaits_group() */
};

#define HD_AUTO_INVENTORY __attribute__((cleanup(hd_inventory_clear)))

/*
 * Adds the devices at @addrs, in any order and as often as it may be, and every
 * member of their groups. A device that isn't there is not an error: it is not
 * found afterwards. How many functions the host has makes no difference to the
 * cost.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_inventory_add(struct hd_inventory *inventory, const struct hd_host *host,
		     struct hd_addrs addrs, struct hd_err *err);

/* Reads every PCI function of the host, HD_BRIEF, in the order of addresses. */
int hd_inventory_read_all(struct hd_inventory *inventory,
			  const struct hd_host *host, struct hd_err *err);

/*
 * Puts devices and groups in their order, without those that are there twice:
 * whoever fills an inventory himself does so before anything is looked for.
 */
void hd_inventory_sort(struct hd_inventory *inventory);

/* The device at @addr, or NULL; valid until the inventory changes. */
const struct hd_device *hd_inventory_find(const struct hd_inventory *inventory,
					  struct hd_addr addr);

/*
 * Whether the device's group isn't known yet: it has none, nor a driver, and
 * this host's kernel may make a group when a driver takes a device, see
 * hd_iommu_groups_come_late(). Not of an inventory with all of the host.
 */
static inline bool
hd_inventory_awaits_group(const struct hd_inventory *inventory,
			  const struct hd_device *device)
{
	return inventory->late && device->group == HD_NO_GROUP &&
	       !device->driver;
}

/* The group with @number when hd_inventory_add() met it, or NULL. */
const struct hd_group *hd_inventory_group(const struct hd_inventory *inventory,
					  int number);

void hd_inventory_clear(struct hd_inventory *inventory);

#endif
