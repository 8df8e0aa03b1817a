/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_VFCT_H
#define HD_LIB_HOST_VFCT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/host/addr.h"

/*
 * Finds a card's ROM in the ACPI table VFCT, in which the firmware of a host
 * keeps the ROMs of AMD's cards and processors, for when they have none to
 * read (drivers/gpu/drm/amd/amdgpu/amdgpu_bios.c, amdgpu_acpi_vfct_bios(),
 * which looks for the same). The table knows no PCI domain but 0.
 *
 * Sets *@ret to where in @table the ROM begins. Returns 0; -ENOENT, without a
 * sentence, when the table has none of this function; -EINVAL when the table is
 * broken before one is found.
 */
int hd_vfct_find(const uint8_t *table, size_t n, struct hd_addr addr,
		 uint16_t vendor, uint16_t device, const uint8_t **ret,
		 size_t *ret_length, struct hd_err *err);

#endif
