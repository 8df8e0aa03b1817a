// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/regions.h"

#include "lib/base/finding.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"

static int guard_group(struct hd_guard *guard, const struct hd_device *device)
{
	HD_AUTO_REGIONS struct hd_regions regions = { NULL, 0 };
	int r;

	if (device->group == HD_NO_GROUP)
		return 0;
	r = hd_regions_read(guard->host, device->group, &regions, guard->err);
	/* Of a kernel before 4.12. */
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return hd_guard_add_unknown(guard, device->addr,
					    HD_CRITICAL_REGION);
	for (size_t i = 0; r == 0 && i < regions.n; i++)
		r = hd_guard_add(guard, device->addr, HD_CRITICAL_REGION, false,
				 hd_text("IOMMU group %d" HD_ARROW
					 "firmware's memory %s-%s",
					 device->group, regions.items[i].first,
					 regions.items[i].last));
	return r;
}

int hd_guard_regions(struct hd_guard *guard)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guard->n_devices; i++)
		r = guard_group(guard, &guard->devices[i]);
	return r;
}
