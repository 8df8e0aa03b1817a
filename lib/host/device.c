// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/device.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/sysfs.h"

#define RUNTIME_STATUS "power/runtime_status"

/* A device's folder, and what of it is read: what a failure names. */
struct source {
	int fd;
	const char *what;
};

/* An attribute that older kernels or other devices lack leaves @ret as it is.
 */
static int read_optional(struct source *source, const char *attribute,
			 int64_t *ret)
{
	source->what = attribute;
	return hd_seen_optional(
		hd_sysfs_read_number(source->fd, attribute, ret));
}

static int read_required(struct source *source, const char *attribute,
			 int64_t *ret)
{
	source->what = attribute;
	return hd_seen_required(
		hd_sysfs_read_number(source->fd, attribute, ret));
}

static int read_link_optional(struct source *source, const char *link,
			      char **ret)
{
	source->what = link;
	return hd_seen_optional(hd_sysfs_read_link(source->fd, link, ret));
}

static int look_for(struct source *source, const char *name, bool *ret)
{
	source->what = name;
	return hd_seen_whether(hd_sysfs_look(source->fd, name), ret);
}

static int read_ids(struct source *source, struct hd_device *device)
{
	int64_t class_code, vendor, id, node = HD_NO_NODE;
	int r;

	if ((r = read_required(source, "class", &class_code)) < 0 ||
	    (r = read_required(source, "vendor", &vendor)) < 0 ||
	    (r = read_required(source, "device", &id)) < 0 ||
	    (r = read_optional(source, "numa_node", &node)) < 0)
		return r;
	device->class_code = (uint32_t)class_code & 0xffffff;
	device->vendor = (uint16_t)vendor;
	device->device = (uint16_t)id;
	device->numa_node = node < 0 || node > INT_MAX ? HD_NO_NODE : (int)node;
	/* Only header types 1 and 2 have it (pci_is_bridge() in the kernel). */
	return look_for(source, "secondary_bus_number", &device->bridge);
}

static int read_driver(struct source *source, struct hd_device *device)
{
	int r = read_link_optional(source, "driver", &device->driver);

	if (r < 0 || !device->driver)
		return r;
	device->vfio = strcmp(device->driver, "vfio-pci") == 0;
	/*
	 * Since Linux 6.1 every device that a VFIO driver holds has a folder
	 * vfio-dev, whatever the driver is called.
	 */
	return device->vfio ? 0 : look_for(source, "vfio-dev", &device->vfio);
}

static int read_group(struct source *source, int *ret)
{
	HD_AUTOFREE char *link = NULL;
	int r = read_link_optional(source, "iommu_group", &link);
	char *end;
	long number;

	*ret = HD_NO_GROUP;
	if (r < 0 || !link)
		return r;
	errno = 0;
	number = strtol(link, &end, 10);
	if (errno || end == link || *end || number < 0 || number > INT_MAX)
		return -EINVAL;
	*ret = (int)number;
	return 0;
}

/* Of an interface of a PF: whether it is administratively down. */
static int visit_netdev(void *data, int dir_fd, const char *name)
{
	char **down = data;
	char path[NAME_MAX + sizeof("/flags")];
	int64_t flags;
	bool there;
	int r;

	snprintf(path, sizeof(path), "%s/flags", name);
	r = hd_seen_whether(hd_sysfs_read_number(dir_fd, path, &flags), &there);
	if (r < 0 || !there || (flags & IFF_UP))
		return r;
	*down = strdup(name);
	return *down ? 1 : -ENOMEM;
}

static int read_physfn(const struct hd_host *host, struct source *source,
		       struct hd_device *device)
{
	HD_AUTOFREE char *link = NULL;
	HD_AUTOCLOSE int pf_fd = -1;
	int net_fd = -1, r = read_link_optional(source, "physfn", &link);
	struct hd_seen seen;

	if (r < 0 || !link)
		return r;
	device->is_vf = true;
	r = hd_addr_parse(link, &device->physfn, NULL);
	if (r < 0)
		return r;
	source->what = "physfn/net";
	seen = hd_sysfs_open_device(host, device->physfn, &pf_fd);
	/* No folder: the PF is no NIC, or its driver is not bound. */
	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_open_folder(pf_fd, "net", &net_fd);
	if (seen.is != HD_PRESENT)
		return hd_seen_optional(seen);
	r = hd_dir_each(net_fd, visit_netdev, &device->pf_netdev_down);
	return r < 0 ? r : 0;
}

struct hd_seen hd_device_is_awake(int fd)
{
	HD_AUTOFREE char *status = NULL;
	struct hd_seen seen = hd_sysfs_read(fd, RUNTIME_STATUS, &status);

	if (seen.is == HD_PRESENT && strcmp(status, "active") != 0)
		return hd_seen_absent();
	return seen;
}

/* As pci_device_is_present() in the kernel does it. */
static int read_dead(struct source *source, bool *ret)
{
	struct hd_seen seen = hd_device_is_awake(source->fd);
	uint32_t id = 0;
	size_t n = 0;

	source->what = RUNTIME_STATUS;
	if (seen.is == HD_PRESENT) {
		source->what = "config";
		seen = hd_sysfs_read_bytes(source->fd, "config", &id,
					   sizeof(id), &n);
	}
	*ret = n == sizeof(id) && id == UINT32_MAX;
	return hd_seen_optional(seen);
}

int hd_device_none(const struct hd_host *host, struct hd_err *err)
{
	return hd_err_set(
		err, ENOSYS,
		host->live ?
			"can't tell which PCI devices this host has: there is no " HD_SYSFS_PCI
			"/devices; is sysfs mounted, and does the host have a PCI bus?" :
			"can't tell which PCI devices the host has: its copied tree has no " HD_SYSFS_PCI
			"/devices");
}

static int fail(int r, struct hd_addr addr, const char *what,
		struct hd_err *err)
{
	return hd_err_set(
		err, -r, "cannot read " HD_SYSFS_PCI "/devices/%s%s%s: %s",
		hd_addr_text(addr).s, *what ? "/" : "", what, strerror(-r));
}

int hd_device_open(const struct hd_host *host, struct hd_addr addr, int *ret_fd,
		   struct hd_err *err)
{
	HD_AUTOCLOSE int devices_fd = -1;
	struct hd_seen seen = hd_sysfs_open_device(host, addr, ret_fd);

	if (seen.is == HD_PRESENT)
		return 0;
	/* Where nothing is shown, nothing is known to be missing. */
	if (seen.is == HD_ABSENT)
		seen = hd_sysfs_open_devices(host, &devices_fd);
	else
		return fail(seen.error, addr, "", err);
	if (seen.is == HD_PRESENT)
		return -ENOENT;
	return seen.is == HD_ABSENT ? hd_device_none(host, err) :
				      fail(seen.error, addr, "", err);
}

int hd_device_fail(const struct hd_host *host, struct hd_addr addr,
		   const char *what, int r, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;

	if (r != -ENOENT)
		return fail(r, addr, what, err);
	/* It went away meanwhile, or is of a copied tree with holes. */
	r = hd_device_open(host, addr, &fd, err);
	return r < 0 ? r :
		       hd_err_set(err, EIO,
				  HD_SYSFS_PCI "/devices/%s has no %s",
				  hd_addr_text(addr).s, what);
}

int hd_device_read(const struct hd_host *host, struct hd_addr addr,
		   enum hd_detail detail, struct hd_device *ret,
		   struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_device device = { .addr = addr };
	struct source source = { .what = "" };
	int r = hd_device_open(host, addr, &fd, err);

	if (r < 0)
		return r;
	source.fd = fd;
	if ((r = read_ids(&source, &device)) == 0 &&
	    (r = read_driver(&source, &device)) == 0 &&
	    (r = read_group(&source, &device.group)) == 0 && detail == HD_FULL)
		r = read_physfn(host, &source, &device);
	/* The ids of a VF in config space are ones only. */
	if (r == 0 && detail == HD_FULL && !device.is_vf)
		r = read_dead(&source, &device.dead);
	if (r < 0) {
		hd_device_clear(&device);
		return hd_device_fail(host, addr, source.what, r, err);
	}
	*ret = device;
	return 0;
}

int hd_device_read_group(const struct hd_host *host, struct hd_addr addr,
			 int *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct source source = { .what = "" };
	int r = hd_device_open(host, addr, &fd, err);

	if (r < 0)
		return r;
	source.fd = fd;
	r = read_group(&source, ret);
	return r < 0 ? hd_device_fail(host, addr, source.what, r, err) : 0;
}

bool hd_device_leaves_group_viable(const struct hd_device *device)
{
	return !device->driver || device->vfio ||
	       strcmp(device->driver, "pci-stub") == 0 ||
	       strcmp(device->driver, "pcieport") == 0;
}

void hd_device_clear(struct hd_device *device)
{
	free(device->driver);
	free(device->override);
	free(device->pf_netdev_down);
	hd_attributes_clear(&device->attributes);
	memset(device, 0, sizeof(*device));
}
