/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_CONFIGSPACE_H
#define HD_LIB_HOST_CONFIGSPACE_H

#include <stddef.h>
#include <stdint.h>

/* All of a PCI Express function's config space (PCI_CFG_SPACE_EXP_SIZE). */
#define HD_CONFIG_SPACE 4096

/*
 * Reads the config space of the function whose folder in sysfs is @fd. One that
 * sleeps isn't read, as that would wake it.
 *
 * Returns 0; -EAGAIN when it isn't known to be awake; -ENODATA when there is
 * less to read, as for who isn't root, and of conventional PCI; -ENOENT when a
 * copied tree lacks it; another negative errno when it can't be known.
 */
int hd_config_space_read(int fd, unsigned char ret[HD_CONFIG_SPACE]);

uint16_t hd_config_word(const unsigned char *config, size_t offset);
uint32_t hd_config_dword(const unsigned char *config, size_t offset);

/*
 * Where a capability with @size bytes begins: of <linux/pci_regs.h> a
 * PCI_CAP_ID_..., and for the second one a PCI_EXT_CAP_ID_.... 0 when there is
 * none, or it doesn't fit. What the device says is not trusted.
 */
size_t hd_config_capability(const unsigned char *config, unsigned id,
			    size_t size);
size_t hd_config_extended(const unsigned char *config, unsigned id,
			  size_t size);

#endif
