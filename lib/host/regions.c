// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/regions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/host/sysfs.h"

/* One line: "0x... 0x... direct". */
static int add_line(struct hd_regions *regions, const char *line)
{
	struct hd_region region, *slot;
	char type[32];

	if (!*line)
		return 0;
	if (sscanf(line, "%31s %31s %31s", region.first, region.last, type) !=
	    3)
		return -EINVAL;
	if (strcmp(type, "direct") != 0)
		return 0;
	slot = hd_array_add(&regions->items, &regions->n, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = region;
	return 0;
}

int hd_regions_read(const struct hd_host *host, int group,
		    struct hd_regions *ret, struct hd_err *err)
{
	HD_AUTO_REGIONS struct hd_regions regions = { NULL, 0 };
	HD_AUTOFREE char *text = NULL;
	int r = hd_seen_required(
		hd_sysfs_read_regions(host, (unsigned)group, &text));
	char *rest = text, *line;

	if (r == -ENOENT)
		return r;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = add_line(&regions, line);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot read the reserved regions of IOMMU "
				  "group %d: %s",
				  group, strerror(-r));
	*ret = regions;
	regions = (struct hd_regions){ NULL, 0 };
	return 0;
}

void hd_regions_clear(struct hd_regions *regions)
{
	free(regions->items);
	*regions = (struct hd_regions){ NULL, 0 };
}
