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

/* An attribute that older kernels or other devices lack leaves @ret as it is.
 */
static int read_optional(int fd, const char *attribute, int64_t *ret)
{
	return hd_seen_optional(hd_sysfs_read_number(fd, attribute, ret));
}

static int read_required(int fd, const char *attribute, int64_t *ret)
{
	return hd_seen_required(hd_sysfs_read_number(fd, attribute, ret));
}

static int read_link_optional(int fd, const char *link, char **ret)
{
	return hd_seen_optional(hd_sysfs_read_link(fd, link, ret));
}

static int read_ids(int fd, struct hd_device *device)
{
	int64_t class_code, vendor, id, node = HD_NO_NODE;
	int r;

	if ((r = read_required(fd, "class", &class_code)) < 0 ||
	    (r = read_required(fd, "vendor", &vendor)) < 0 ||
	    (r = read_required(fd, "device", &id)) < 0 ||
	    (r = read_optional(fd, "numa_node", &node)) < 0)
		return r;
	device->class_code = (uint32_t)class_code & 0xffffff;
	device->vendor = (uint16_t)vendor;
	device->device = (uint16_t)id;
	device->numa_node = node < 0 || node > INT_MAX ? HD_NO_NODE : (int)node;
	/* Only header types 1 and 2 have it (pci_is_bridge() in the kernel). */
	return hd_seen_whether(hd_sysfs_look(fd, "secondary_bus_number"),
			       &device->bridge);
}

static int read_driver(int fd, struct hd_device *device)
{
	int r = read_link_optional(fd, "driver", &device->driver);

	if (r < 0 || !device->driver)
		return r;
	device->vfio = strcmp(device->driver, "vfio-pci") == 0;
	/*
	 * Since Linux 6.1 every device that a VFIO driver holds has a folder
	 * vfio-dev, whatever the driver is called.
	 */
	return device->vfio ? 0 :
			      hd_seen_whether(hd_sysfs_look(fd, "vfio-dev"),
					      &device->vfio);
}

static int read_group(int fd, int *ret)
{
	HD_AUTOFREE char *link = NULL;
	int r = read_link_optional(fd, "iommu_group", &link);
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

static int read_physfn(const struct hd_host *host, int fd,
		       struct hd_device *device)
{
	HD_AUTOFREE char *link = NULL;
	HD_AUTOCLOSE int pf_fd = -1;
	int net_fd = -1, r = read_link_optional(fd, "physfn", &link);
	struct hd_seen seen;

	if (r < 0 || !link)
		return r;
	device->is_vf = true;
	r = hd_addr_parse(link, &device->physfn, NULL);
	if (r < 0)
		return r;
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
	struct hd_seen seen =
		hd_sysfs_read(fd, "power/runtime_status", &status);

	if (seen.is == HD_PRESENT && strcmp(status, "active") != 0)
		return hd_seen_absent();
	return seen;
}

/* As pci_device_is_present() in the kernel does it. */
static int read_dead(int fd, bool *ret)
{
	struct hd_seen seen = hd_device_is_awake(fd);
	uint32_t id = 0;
	size_t n = 0;

	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read_bytes(fd, "config", &id, sizeof(id), &n);
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

static int fail(int r, struct hd_addr addr, struct hd_err *err)
{
	return hd_err_set(err, -r,
			  "cannot read " HD_SYSFS_PCI "/devices/%s: %s",
			  hd_addr_text(addr).s, strerror(-r));
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
		return fail(seen.error, addr, err);
	if (seen.is == HD_PRESENT)
		return -ENOENT;
	return seen.is == HD_ABSENT ? hd_device_none(host, err) :
				      fail(seen.error, addr, err);
}

int hd_device_fail(const struct hd_host *host, struct hd_addr addr, int r,
		   struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;

	if (r != -ENOENT)
		return fail(r, addr, err);
	/* It went away meanwhile, or is of a copied tree with holes. */
	r = hd_device_open(host, addr, &fd, err);
	return r < 0 ? r : fail(-EIO, addr, err);
}

int hd_device_read(const struct hd_host *host, struct hd_addr addr,
		   enum hd_detail detail, struct hd_device *ret,
		   struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_device device = { .addr = addr };
	int r = hd_device_open(host, addr, &fd, err);

	if (r < 0)
		return r;
	if ((r = read_ids(fd, &device)) == 0 &&
	    (r = read_driver(fd, &device)) == 0 &&
	    (r = read_group(fd, &device.group)) == 0 && detail == HD_FULL)
		r = read_physfn(host, fd, &device);
	/* The ids of a VF in config space are ones only. */
	if (r == 0 && detail == HD_FULL && !device.is_vf)
		r = read_dead(fd, &device.dead);
	if (r < 0) {
		hd_device_clear(&device);
		return hd_device_fail(host, addr, r, err);
	}
	*ret = device;
	return 0;
}

int hd_device_read_group(const struct hd_host *host, struct hd_addr addr,
			 int *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	int r = hd_device_open(host, addr, &fd, err);

	if (r < 0)
		return r;
	r = read_group(fd, ret);
	return r < 0 ? hd_device_fail(host, addr, r, err) : 0;
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
	memset(device, 0, sizeof(*device));
}
