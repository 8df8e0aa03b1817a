// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/configspace.h"

#include <errno.h>
#include <linux/pci_regs.h>

#include "lib/host/device.h"
#include "lib/host/sysfs.h"

int hd_config_space_read(int fd, unsigned char ret[HD_CONFIG_SPACE])
{
	struct hd_seen seen = hd_device_is_awake(fd);
	size_t n = 0;
	int r;

	if (seen.is != HD_PRESENT)
		return seen.is == HD_ABSENT ? -EAGAIN : seen.error;
	r = hd_seen_required(
		hd_sysfs_read_bytes(fd, "config", ret, HD_CONFIG_SPACE, &n));
	return r == 0 && n < HD_CONFIG_SPACE ? -ENODATA : r;
}

uint16_t hd_config_word(const unsigned char *config, size_t offset)
{
	return (uint16_t)(config[offset] | config[offset + 1] << 8);
}

uint32_t hd_config_dword(const unsigned char *config, size_t offset)
{
	return hd_config_word(config, offset) |
	       (uint32_t)hd_config_word(config, offset + 2) << 16;
}

size_t hd_config_capability(const unsigned char *config, unsigned id,
			    size_t size)
{
	size_t offset;

	if (!(hd_config_word(config, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	offset = config[PCI_CAPABILITY_LIST] & ~3u;
	/* Each has at least four bytes, so that a circle ends. */
	for (unsigned i = 0; i < PCI_CFG_SPACE_SIZE / 4; i++) {
		if (offset < PCI_STD_HEADER_SIZEOF)
			return 0;
		if (config[offset + PCI_CAP_LIST_ID] == id)
			return offset + size <= PCI_CFG_SPACE_SIZE ? offset : 0;
		offset = config[offset + PCI_CAP_LIST_NEXT] & ~3u;
	}
	return 0;
}

size_t hd_config_extended(const unsigned char *config, unsigned id, size_t size)
{
	size_t offset = PCI_CFG_SPACE_SIZE;

	/* Each has at least eight bytes, so that a circle ends. */
	for (unsigned i = 0; i < (HD_CONFIG_SPACE - PCI_CFG_SPACE_SIZE) / 8;
	     i++) {
		uint32_t header = hd_config_dword(config, offset);

		if (header == 0 || header == UINT32_MAX)
			return 0;
		if (PCI_EXT_CAP_ID(header) == id)
			return offset + size <= HD_CONFIG_SPACE ? offset : 0;
		offset = PCI_EXT_CAP_NEXT(header);
		if (offset < PCI_CFG_SPACE_SIZE || offset > HD_CONFIG_SPACE - 4)
			return 0;
	}
	return 0;
}
