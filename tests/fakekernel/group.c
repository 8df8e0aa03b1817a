// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "tests/fakekernel/kernel.h"

#define RESERVED "0x00000000fee00000 0x00000000feefffff msi\n"

struct fk_group *fk_group_find(const struct fk_kernel *k, int number)
{
	struct fk_group *group = k->group_list;

	while (group && group->number != number)
		group = group->next;
	return group;
}

static struct fk_group *new_group(struct fk_kernel *k, int number)
{
	struct fk_group *group = fk_zalloc(sizeof(*group));

	group->number = number;
	group->next = k->group_list;
	k->group_list = group;
	return group;
}

void fk_group_join(struct fk_kernel *k, struct fk_device *device)
{
	struct fk_group *group = fk_group_find(k, device->group);
	char name[16];

	if (device->group == FK_NO_GROUP)
		return;
	if (!group)
		group = new_group(k, device->group);
	if (!group->dir) {
		snprintf(name, sizeof(name), "%d", group->number);
		group->dir = fk_dir(k->groups_dir, name);
		group->devices = fk_dir(group->dir, "devices");
		fk_text(group->dir, "type", "DMA\n");
		fk_text(group->dir, "reserved_regions", RESERVED);
	}
	device->group_link = fk_link(group->devices, device->addr, device->dir);
	fk_link(device->dir, "iommu_group", group->dir);
}

/* iommu_probe_device(), for kernels before 6.15 where the firmware says which
 * IOMMU is whose. */
void fk_group_join_late(struct fk_kernel *k, struct fk_device *device)
{
	if (device->group != FK_NO_GROUP || device->late == FK_NO_GROUP)
		return;
	device->group = device->late;
	fk_group_join(k, device);
	fk_log(k, "group %s %d", device->addr, device->group);
}

void fk_group_leave(struct fk_kernel *k, struct fk_device *device)
{
	struct fk_group *group = fk_group_find(k, device->group);

	fk_remove(device->group_link);
	device->group_link = NULL;
	if (device->late != FK_NO_GROUP)
		device->group = FK_NO_GROUP;
	if (!group || group->devices->children)
		return;
	fk_remove(group->dir);
	group->dir = group->devices = NULL;
}

bool fk_group_is_open(const struct fk_kernel *k, const struct fk_device *device)
{
	const struct fk_group *group = fk_group_find(k, device->group);

	return group && group->open;
}

/* Whether vfio has a member of the group, and whether the host uses one. */
static void survey(const struct fk_kernel *k, int number, bool *ret_vfio,
		   bool *ret_host)
{
	const struct fk_device *device;

	*ret_vfio = *ret_host = false;
	for (device = k->device_list; device; device = device->next) {
		if (device->group != number || !device->driver)
			continue;
		*ret_vfio |= device->driver->vfio;
		*ret_host |= !device->driver->managed_dma;
	}
}

int fk_group_open(struct fk_kernel *k, int number)
{
	struct fk_group *group = fk_group_find(k, number);
	bool vfio, host;

	survey(k, number, &vfio, &host);
	if (!group || !vfio)
		return -ENODEV;
	if (group->open)
		return -EBUSY;
	if (host) /* VFIO_GROUP_SET_CONTAINER would say so */
		return -EPERM;
	group->open = true;
	return 0;
}

int fk_group_close(struct fk_kernel *k, int number)
{
	struct fk_group *group = fk_group_find(k, number);

	if (!group || !group->open)
		return -ENODEV;
	group->open = false;
	fk_sweep_unplugged(k);
	return 0;
}

static void show_nothing(struct fk_kernel *k, void *owner, FILE *out)
{
	(void)k, (void)owner, (void)out;
}

const struct fk_attr fk_attr_group = { "group", 0600, show_nothing, NULL,
				       false };

void fk_group_update(struct fk_kernel *k, const struct fk_device *device)
{
	struct fk_group *group = fk_group_find(k, device->group);
	bool vfio, host;
	char name[16];

	if (!group)
		return;
	survey(k, group->number, &vfio, &host);
	if (vfio == !!group->node)
		return;
	if (!vfio) {
		fk_remove(group->node);
		group->node = NULL;
		return;
	}
	snprintf(name, sizeof(name), "%d", group->number);
	group->node = fk_named_file(k->dev_vfio, name, &fk_attr_group, group);
}
