/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_DEVICE_H
#define HD_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/host.h"

#define HD_NO_GROUP (-1)
#define HD_NO_NODE (-1)

/*
 * A PCI function of the host as sysfs shows it at one moment. Its config space
 * is never read: that would wake a sleeping device.
 */
struct hd_device {
	struct hd_addr addr;
	uint32_t class_code; /* 24 bits: base class, sub-class, interface */
	uint16_t vendor;
	uint16_t device;
	bool bridge; /* header type 1 or 2 */
	char *driver; /* NULL when none is bound; owned */
	bool vfio; /* the driver is vfio-pci or a variant of it */
	int group; /* IOMMU group, HD_NO_GROUP when there is none */
	int numa_node; /* HD_NO_NODE when the firmware names none */
	bool is_vf;
	struct hd_addr physfn; /* of a VF */
	char *pf_netdev_down; /* of a VF: an interface of its PF that is down,
			       * NULL when none is; owned */
	/* From hd_locked_read(): */
	char *override; /* driver_override, NULL when not set; owned */
	unsigned numvfs; /* virtual functions that exist now */
	bool locked; /* the kernel didn't tell in time */
};

enum hd_detail {
	HD_BRIEF,
	HD_FULL, /* and the PF of a VF */
};

/*
 * Reads what sysfs tells of one function without waiting for anybody.
 *
 * Returns 0; -ENOENT when there is none at @addr; another negative errno with a
 * sentence in @err.
 */
int hd_device_read(const struct hd_host *host, struct hd_addr addr,
		   enum hd_detail detail, struct hd_device *ret,
		   struct hd_err *err);

/* Reads no more than the IOMMU group of a device; errors as above. */
int hd_device_read_group(const struct hd_host *host, struct hd_addr addr,
			 int *ret, struct hd_err *err);

void hd_device_clear(struct hd_device *device);

#endif
