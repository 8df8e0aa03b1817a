// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/finding.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"

/* Base class and sub-class, as in <linux/pci_ids.h>. */
static const struct {
	uint32_t class_id;
	const char *name;
} parts[] = {
	{ 0x0600, "host bridge" },	{ 0x0601, "ISA bridge" },
	{ 0x0604, "PCI bridge" },	{ 0x0806, "IOMMU" },
	{ 0x0c05, "SMBus controller" },
};

static int guard_device(struct hd_guard *guard, const struct hd_device *device)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (device->class_code >> 8 == parts[i].class_id)
			return hd_guard_add(guard, device->addr,
					    HD_CRITICAL_CHIPSET, false,
					    hd_text("%s" HD_ARROW "chipset",
						    parts[i].name));
	return 0;
}

int hd_guard_chipset(struct hd_guard *guard)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guard->n_devices; i++)
		r = guard_device(guard, &guard->devices[i]);
	return r;
}
