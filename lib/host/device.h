/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_DEVICE_H
#define HD_LIB_HOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/host/addr.h"
#include "lib/host/attributes.h"
#include "lib/host/host.h"

#define HD_NO_GROUP (-1)
#define HD_NO_NODE (-1)

/*
 * A PCI function of the host as sysfs shows it at one moment. Its config space
 * is only read while it is awake: to read it would wake a sleeping one.
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
	bool dead; /* the kernel doesn't know yet that it is gone: it reads
		    * as ones only */
	bool saves; /* set by who wants @attributes read too */
	/* From hd_device_read_overrides(): */
	struct hd_attributes attributes; /* owned */
	char *override; /* driver_override, NULL when not set; owned */
	unsigned numvfs; /* virtual functions that exist now */
	bool override_unknown; /* the kernel didn't tell in time */
};

enum hd_detail {
	HD_BRIEF,
	HD_FULL, /* and the PF of a VF, and whether it is @dead */
};

/*
 * Opens the folder of a function in sysfs, with O_PATH; the caller closes it.
 *
 * Returns 0; -ENOENT, without a sentence, when the host has no function at
 * @addr; another negative errno with a sentence in @err, as when the host shows
 * no functions at all.
 */
int hd_device_open(const struct hd_host *host, struct hd_addr addr, int *ret_fd,
		   struct hd_err *err);

/*
 * Fails to read @what of a device's folder with @r. -ENOENT of what every
 * device has: then the device is looked for again. Errors as above.
 */
int hd_device_fail(const struct hd_host *host, struct hd_addr addr,
		   const char *what, int r, struct hd_err *err);

/* Fails, since there is no /sys/bus/pci/devices: no host is known to have none.
 */
int hd_device_none(const struct hd_host *host, struct hd_err *err);

/*
 * Reads what sysfs tells of one function without waiting for anybody. Errors as
 * above; what can't be read is one, but for what the kernel says isn't there.
 */
int hd_device_read(const struct hd_host *host, struct hd_addr addr,
		   enum hd_detail detail, struct hd_device *ret,
		   struct hd_err *err);

/*
 * Whether the device in sysfs folder @fd runs, so that reading wakes nobody.
 * Absent when it sleeps, or the kernel doesn't tell.
 */
HD_LOOK struct hd_seen hd_device_is_awake(int fd);

/* Reads no more than the IOMMU group of a device; errors as above. */
int hd_device_read_group(const struct hd_host *host, struct hd_addr addr,
			 int *ret, struct hd_err *err);

/*
 * Whether a group member may stay as it is while a guest owns the group: it has
 * no driver, or one that leaves DMA alone.
 */
bool hd_device_leaves_group_viable(const struct hd_device *device);

void hd_device_clear(struct hd_device *device);

#endif
