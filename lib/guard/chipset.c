// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"
#include "lib/host/sysfs.h"

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

/*
 * Of "0x... 0x... direct", what the firmware has mapped for itself: RMRRs of
 * VT-d, IVMD of AMD-Vi. Those that end with the firmware are "direct-relaxable"
 * (enum iommu_resv_type).
 */
static int guard_region(struct hd_guard *guard, const struct hd_device *device,
			const char *line)
{
	char first[32], last[32], type[32];

	if (sscanf(line, "%31s %31s %31s", first, last, type) != 3 ||
	    strcmp(type, "direct") != 0)
		return 0;
	return hd_guard_add(guard, device->addr, HD_CRITICAL_REGION, false,
			    hd_text("IOMMU group %d" HD_ARROW
				    "firmware's memory %s-%s",
				    device->group, first, last));
}

static int guard_group(struct hd_guard *guard, const struct hd_device *device)
{
	HD_AUTOFREE char *text = NULL;
	char *rest, *line;
	int r;

	if (device->group == HD_NO_GROUP)
		return 0;
	r = hd_sysfs_read_regions(guard->host, (unsigned)device->group, &text);
	if (r < 0 && !hd_is_absent(r))
		return hd_err_set(guard->err, -r,
				  "cannot read the reserved regions of IOMMU "
				  "group %d: %s",
				  device->group, strerror(-r));
	rest = text;
	for (r = 0; r == 0 && (line = strsep(&rest, "\n"));)
		r = guard_region(guard, device, line);
	return r;
}

int hd_guard_regions(struct hd_guard *guard)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guard->n_devices; i++)
		r = guard_group(guard, &guard->devices[i]);
	return r;
}
