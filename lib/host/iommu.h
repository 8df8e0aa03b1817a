/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_IOMMU_H
#define HD_LIB_HOST_IOMMU_H

#include "lib/host/host.h"

/*
 * Whether a device of this host may get its IOMMU group only when a driver
 * first takes it: where the firmware's description says which IOMMU is whose,
 * as a device tree, IORT and VIOT do, kernels before 6.15 read it no earlier
 * (really_probe() calls pci_dma_configure()). The group stays when the driver
 * goes. Absent where all IOMMUs at work give groups when a device is found, as
 * those of Intel and AMD do, or there is none.
 */
HD_LOOK struct hd_seen hd_iommu_groups_come_late(const struct hd_host *host);

#endif
