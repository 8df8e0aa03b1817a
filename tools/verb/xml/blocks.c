// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/xml/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/text.h"
#include "xml/domain/target.h"

static const struct hd_hostdev *find_item(const struct hd_blocks *blocks,
					  struct hd_addr addr)
{
	for (size_t i = 0; i < blocks->n; i++)
		if (hd_addr_equal(blocks->items[i].addr, addr))
			return &blocks->items[i];
	return NULL;
}

const struct hd_device *hd_blocks_device(const struct hd_blocks *blocks,
					 const struct hd_hostdev *item)
{
	return hd_inventory_find(&blocks->inventory, item->addr);
}

static int refuse_missing(struct hd_addr addr, struct hd_err *err)
{
	hd_err_set(err, ENOENT, "this host has no PCI device at %s",
		   hd_addr_text(addr).s);
	hd_err_fix(err, "virt-hostdev list");
	return -ENOENT;
}

/* XML for a device that can't be assigned would only fail later. */
static int refuse_bridge(const struct hd_device *device, struct hd_err *err)
{
	hd_err_set(
		err, EINVAL,
		"%s is a bridge (driver %s), and only endpoints can be given to a guest",
		hd_addr_text(device->addr).s,
		device->driver ? device->driver : "none");
	hd_err_fix(err, "Name the device behind it: virt-hostdev list");
	return -EINVAL;
}

/* Whether the device can stand in the kind of element that is asked for. */
static int check_kind(const struct hd_blocks *blocks,
		      const struct hd_device *device)
{
	const struct hd_addr_text address = hd_addr_text(device->addr);

	if (blocks->values->source == HD_SOURCE_INTERFACE && !device->is_vf)
		return hd_err_set(
			blocks->err, EINVAL,
			"%s is no virtual function, and libvirt takes nothing else for <interface type='hostdev'>",
			address.s);
	/* Mass storage, NVM, with the interface of NVM Express. */
	if (blocks->values->source == HD_SOURCE_DISK &&
	    device->class_code != 0x010802)
		return hd_err_set(
			blocks->err, EINVAL,
			"%s is no NVMe controller (its class is %06x), so it can't be a disk",
			address.s, device->class_code);
	return 0;
}

static int add_item(struct hd_blocks *blocks, struct hd_addr addr,
		    enum hd_guest_place place)
{
	struct hd_hostdev *item =
		hd_array_add(&blocks->items, &blocks->n, sizeof(*item));

	if (!item)
		return hd_err_nomem(blocks->err);
	item->addr = addr;
	item->place = place;
	item->source = place == HD_GUEST_NOWHERE ? HD_SOURCE_HOSTDEV :
						   blocks->values->source;
	item->managed = !blocks->values->unmanaged;
	return 0;
}

static int add_named(struct hd_blocks *blocks, struct hd_addr addr)
{
	const struct hd_device *device;
	int r;

	if (find_item(blocks, addr))
		return 0;
	r = hd_inventory_add(&blocks->inventory, &blocks->tool->host,
			     (struct hd_addrs){ &addr, 1 }, blocks->err);
	if (r < 0)
		return r;
	device = hd_inventory_find(&blocks->inventory, addr);
	if (!device)
		return refuse_missing(addr, blocks->err);
	if (device->bridge)
		return refuse_bridge(device, blocks->err);
	r = check_kind(blocks, device);
	return r < 0 ? r : add_item(blocks, addr, HD_GUEST_UNSAID);
}

/* Whether a function of the host is one of the device at @addr: VFs aren't. */
static int is_function(const struct hd_blocks *blocks, struct hd_addr addr,
		       bool *ret)
{
	struct hd_device device;
	int r = hd_device_read(&blocks->tool->host, addr, HD_FULL, &device,
			       blocks->err);

	*ret = r == 0 && !device.is_vf;
	if (r == 0)
		hd_device_clear(&device);
	return r == -ENOENT ? 0 : r;
}

static int add_functions(struct hd_blocks *blocks, struct hd_addr addr)
{
	bool is;
	int r = is_function(blocks, addr, &is);

	if (r == 0 && !is)
		return add_named(blocks, addr);
	for (uint8_t function = 0; r == 0 && function < 8; function++) {
		struct hd_addr other = addr;

		other.function = function;
		r = is_function(blocks, other, &is);
		if (r == 0 && is)
			r = add_named(blocks, other);
	}
	return r;
}

/* The endpoints of the groups that aren't named; the guest won't see them. */
static int add_siblings(struct hd_blocks *blocks)
{
	const struct hd_inventory *inventory = &blocks->inventory;
	int r = 0;

	for (size_t i = 0; r == 0 && i < inventory->n_devices; i++)
		if (!inventory->devices[i].bridge &&
		    !find_item(blocks, inventory->devices[i].addr))
			r = add_item(blocks, inventory->devices[i].addr,
				     HD_GUEST_NOWHERE);
	return r;
}

int hd_blocks_add(struct hd_blocks *blocks, const struct hd_addr *addrs,
		  size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = blocks->values->all_functions ?
			    add_functions(blocks, addrs[i]) :
			    add_named(blocks, addrs[i]);
	blocks->n_named = blocks->n;
	if (r == 0 && blocks->values->siblings)
		r = add_siblings(blocks);
	return r;
}

/* Keeps a text as long as the blocks. */
static const char *keep(struct hd_blocks *blocks, char *text)
{
	char **slot = text ? hd_array_add(&blocks->texts, &blocks->n_texts,
					  sizeof(*slot)) :
			     NULL;

	if (!slot) {
		free(text);
		hd_err_nomem(blocks->err);
		return NULL;
	}
	return *slot = text;
}

/* What names one device can't be said of several. */
static int check_single(const struct hd_blocks *blocks)
{
	const struct hd_xml_values *values = blocks->values;
	const char *option = values->alias  ? "--alias" :
			     values->mac    ? "--mac" :
			     values->target ? "--target" :
					      NULL;

	if (!option || blocks->n_named == 1)
		return 0;
	return hd_err_set(blocks->err, EINVAL,
			  "%s is of one device, and %zu are named", option,
			  blocks->n_named);
}

/* libvirt wants the aliases that people choose to begin with "ua-". */
static int fill_alias(struct hd_blocks *blocks, struct hd_hostdev *item)
{
	const char *alias = blocks->values->alias;

	if (!alias)
		return 0;
	item->alias = keep(
		blocks,
		hd_text("%s%s", hd_after(alias, "ua-") ? "" : "ua-", alias));
	return item->alias ? 0 : -ENOMEM;
}

/* The first free one of "vda", "vdb" and so on, unless one is named. */
static int fill_target(struct hd_blocks *blocks, struct hd_hostdev *item)
{
	int i = 0;

	item->target = blocks->values->target;
	if (item->source != HD_SOURCE_DISK || item->target)
		return 0;
	while (i < HD_TARGETS && blocks->targets >> i & 1)
		i++;
	if (i == HD_TARGETS)
		return hd_err_set(blocks->err, ENOSPC,
				  "no name from vda to vdz is left for %s",
				  hd_addr_text(item->addr).s);
	blocks->targets |= UINT32_C(1) << i;
	item->target = keep(blocks, hd_text("vd%c", 'a' + i));
	return item->target ? 0 : -ENOMEM;
}

static int fill(struct hd_blocks *blocks, size_t i)
{
	const struct hd_xml_values *values = blocks->values;
	struct hd_hostdev *item = &blocks->items[i];
	unsigned number = (unsigned)i;
	int r;

	item->driver_model = values->driver_model;
	item->iommufd = values->iommufd;
	if (i >= blocks->n_named)
		return 0;
	item->rom_off = values->rom && strcmp(values->rom, "off") == 0;
	/* Orders and indexes of several devices count up. */
	item->boot = values->boot ? values->boot + number : 0;
	item->acpi_index = values->acpi_index ? values->acpi_index + number : 0;
	item->mac = values->mac;
	item->vlan = values->vlan;
	r = fill_alias(blocks, item);
	return r < 0 ? r : fill_target(blocks, item);
}

int hd_blocks_fill(struct hd_blocks *blocks)
{
	int r = check_single(blocks);

	for (size_t i = 0; r == 0 && i < blocks->n; i++)
		r = fill(blocks, i);
	return r;
}

void hd_blocks_clear(struct hd_blocks *blocks)
{
	for (size_t i = 0; i < blocks->n_texts; i++)
		free(blocks->texts[i]);
	hd_findings_clear(&blocks->notes);
	free(blocks->texts);
	free(blocks->items);
	hd_inventory_clear(&blocks->inventory);
}
