// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/iommu.h"

#include <string.h>

#include "lib/base/file.h"
#include "lib/host/sysfs.h"

/* How the units in /sys/class/iommu are called (iommu_device_sysfs_add() in the
 * kernel) whose devices are in their groups as soon as they are found. */
static const char *const early[] = {
	"dmar", /* drivers/iommu/intel/dmar.c */
	"ivhd", /* drivers/iommu/amd/init.c */
	"iommu-phb", /* arch/powerpc/kernel/iommu.c */
	"s390-iommu.", /* drivers/iommu/s390-iommu.c */
};

/* 1 when its devices get them late. */
static int visit_unit(void *data, int dir_fd, const char *name)
{
	(void)data, (void)dir_fd;
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
		if (strncmp(name, early[i], strlen(early[i])) == 0)
			return 0;
	return 1;
}

struct hd_seen hd_iommu_groups_come_late(const struct hd_host *host)
{
	int fd = -1, r;
	struct hd_seen seen = hd_sysfs_open_class(host, "iommu", "", "", &fd);

	if (seen.is != HD_PRESENT)
		return seen;
	r = hd_dir_each(fd, visit_unit, NULL);
	return r < 0 ? hd_seen_of(r) : r ? hd_seen_present() : hd_seen_absent();
}
