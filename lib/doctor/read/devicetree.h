/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_DEVICETREE_H
#define HD_LIB_DOCTOR_READ_DEVICETREE_H

#include <stdbool.h>

#include "lib/host/sysfs.h"

/*
 * What the firmware's device tree tells of SMMUs and PCI host bridges
 * (Documentation/devicetree/bindings/pci/pci-iommu.txt and iommu/arm,smmu*).
 */
struct hd_devicetree {
	bool there; /* the host was started with one */
	int error; /* the negative errno why it isn't known, or 0 */
	unsigned smmus, smmus_off; /* "arm,smmu...", "arm,mmu-..." */
	unsigned v3s, v3s_coherent; /* "arm,smmu-v3", with "dma-coherent" */
	unsigned hosts; /* PCI host bridges that are in use */
	unsigned hosts_mapped; /* with "iommu-map" */
	unsigned hosts_misled; /* with "iommus", which does nothing for PCI */
	unsigned hosts_msi; /* with "msi-map" or "msi-parent" */
	bool its; /* there is an "arm,gic-v3-its" */
	char hypervisor[64]; /* its "compatible", or "" */
};

#define HD_DEVICETREE_PATH HD_SYSFS_DEVICETREE

/* Reads it. A host without one, with ACPI, is none of the errors. */
void hd_devicetree_read(const struct hd_host *host, struct hd_devicetree *ret);

#endif
