/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_CHECK_H
#define HD_CHECK_H

#include "lib/base/finding.h"
#include "lib/check/situation.h"
#include "lib/request/request.h"

/*
 * Whether every device of the request can be given to the guest: says all that
 * stands against it as findings, and changes nothing. The rules:
 *
 *   pin-mismatch         it is not the device that the domain has pinned
 *   pin-by-place         a warning: only its place tells it from another one
 *   pin-unused           a warning: the domain pins what it doesn't ask for
 *   device-missing       nothing answers at the address
 *   device-dead          it is there for the kernel alone
 *   not-endpoint         libvirt and vfio-pci take header type 0 only
 *   not-a-vf, pf-down    libvirt's own rules for <interface type='hostdev'>
 *   pf-has-vfs           vfio-pci's rule (vfio_pci_core.c)
 *   device-locked        the kernel doesn't answer for it or a sibling
 *   no-iommu, no-group   vfio needs an IOMMU group
 *   group-foreign        libvirt can't read a group with platform devices
 *   group-not-viable     a sibling on a driver that does DMA for the host: any
 *                        but vfio's, pci-stub and pcieport (drivers with
 *                        driver_managed_dma, Linux 5.19 and newer), unless
 *                        the domain's policy lets us take it along
 *   claimed, group-claimed  another guest holds the device or a sibling
 *   driver-*             the driver can't be loaded
 *   vfio-node            /dev/vfio/vfio is missing
 *   critical-...         the host needs the device or a sibling that would be
 *                        taken along (see hd_guard_find()), and nobody allows
 *                        it to be lost; nobody can where / lives on it
 *   allow-unused         a warning: something is allowed that isn't needed
 *   device-held          a process holds the device or a sibling that would be
 *                        taken along, and taking it would block or break
 *                        something (see hd_holder_harm()); a warning otherwise
 *   interface-up         a warning: an interface of the device is up
 *
 * Returns 0, whatever was found, or -ENOMEM with @err filled.
 */
int hd_check(const struct hd_situation *situation,
	     const struct hd_request *request, struct hd_findings *findings,
	     struct hd_err *err);

/* Whether the device would be taken from the host: asked for, or a sibling. */
bool hd_check_binds(const struct hd_request *request,
		    const struct hd_device *device);

/* "critical-mount" and so on: the id of a finding about a critical use. */
const char *hd_check_critical_id(enum hd_critical critical);

/*
 * Whether the hook takes a device along to vfio-pci, when one of its group goes
 * to the guest and the domain's policy says so: it is on a driver that would
 * keep the group from being viable, and vfio-pci can take it.
 */
bool hd_check_binds_sibling(const struct hd_request *request,
			    const struct hd_device *device);

#endif
