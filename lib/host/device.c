// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
	int r = hd_unsorted(hd_sysfs_read_number(fd, attribute, ret));

	return r == -ENOENT ? 0 : r;
}

static int read_link_optional(int fd, const char *link, char **ret)
{
	int r = hd_unsorted(hd_sysfs_read_link(fd, link, ret));

	return r == -ENOENT ? 0 : r;
}

static int read_ids(int fd, struct hd_device *device)
{
	int64_t class_code, vendor, id, node = HD_NO_NODE;
	int r;

	if ((r = hd_unsorted(hd_sysfs_read_number(fd, "class", &class_code))) <
		    0 ||
	    (r = hd_unsorted(hd_sysfs_read_number(fd, "vendor", &vendor))) <
		    0 ||
	    (r = hd_unsorted(hd_sysfs_read_number(fd, "device", &id))) < 0 ||
	    (r = read_optional(fd, "numa_node", &node)) < 0)
		return r;
	device->class_code = (uint32_t)class_code & 0xffffff;
	device->vendor = (uint16_t)vendor;
	device->device = (uint16_t)id;
	device->numa_node = node < 0 || node > INT_MAX ? HD_NO_NODE : (int)node;
	/* Only header types 1 and 2 have it (pci_is_bridge() in the kernel). */
	device->bridge =
		(hd_unsorted(hd_sysfs_look(fd, "secondary_bus_number")) == 0);
	return 0;
}

static int read_driver(int fd, struct hd_device *device)
{
	int r = read_link_optional(fd, "driver", &device->driver);

	/*
	 * Since Linux 6.1 every device that a VFIO driver holds has a folder
	 * vfio-dev, whatever the driver is called.
	 */
	device->vfio = device->driver &&
		       (strcmp(device->driver, "vfio-pci") == 0 ||
			(hd_unsorted(hd_sysfs_look(fd, "vfio-dev")) == 0));
	return r;
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

/* The name of the first interface below @net_fd that is administratively down.
 */
static int find_netdev_down(int net_fd, char **ret)
{
	DIR *dir = fdopendir(net_fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		close(net_fd);
		return r;
	}
	while (r == 0 && !*ret && (entry = hd_dir_next(dir, &r))) {
		char path[NAME_MAX + sizeof("/flags")];
		int64_t flags;

		snprintf(path, sizeof(path), "%s/flags", entry->d_name);
		if (hd_unsorted(hd_sysfs_read_number(dirfd(dir), path,
						     &flags)) < 0 ||
		    (flags & IFF_UP))
			continue;
		*ret = strdup(entry->d_name);
		if (!*ret)
			r = -ENOMEM;
	}
	closedir(dir);
	return r;
}

static int read_physfn(const struct hd_host *host, int fd,
		       struct hd_device *device)
{
	HD_AUTOFREE char *link = NULL;
	HD_AUTOCLOSE int pf_fd = -1;
	int net_fd, r = read_link_optional(fd, "physfn", &link);

	if (r < 0 || !link)
		return r;
	device->is_vf = true;
	r = hd_addr_parse(link, &device->physfn, NULL);
	if (r < 0)
		return r;
	pf_fd = HD_UNSORTED_FD(hd_sysfs_open_device, host, device->physfn);
	if (pf_fd < 0)
		return pf_fd == -ENOENT ? 0 : pf_fd;
	net_fd = openat(pf_fd, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* No folder: the PF is no NIC, or its driver is not bound. */
	return net_fd < 0 ? 0 :
			    find_netdev_down(net_fd, &device->pf_netdev_down);
}

bool hd_device_is_awake(int fd)
{
	HD_AUTOFREE char *status = NULL;

	return hd_unsorted(hd_sysfs_read(fd, "power/runtime_status",
					 &status)) == 0 &&
	       strcmp(status, "active") == 0;
}

/* As pci_device_is_present() in the kernel does it. */
static bool is_dead(int fd)
{
	HD_AUTOCLOSE int config_fd = -1;
	uint32_t id = 0;

	if (!hd_device_is_awake(fd))
		return false;
	config_fd = openat(fd, "config", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return config_fd >= 0 &&
	       read(config_fd, &id, sizeof(id)) == sizeof(id) &&
	       id == UINT32_MAX;
}

/* A copied tree with holes; -ENOENT is kept for no device at all. */
static int fail(int r, struct hd_addr addr, struct hd_err *err)
{
	return hd_err_set(err, r == -ENOENT ? EIO : -r,
			  "cannot read " HD_SYSFS_PCI "/devices/%s: %s",
			  hd_addr_text(addr).s, strerror(-r));
}

int hd_device_read(const struct hd_host *host, struct hd_addr addr,
		   enum hd_detail detail, struct hd_device *ret,
		   struct hd_err *err)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(hd_sysfs_open_device, host, addr);
	struct hd_device device = { .addr = addr };
	int r = fd;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd < 0 || (r = read_ids(fd, &device)) < 0 ||
	    (r = read_driver(fd, &device)) < 0 ||
	    (r = read_group(fd, &device.group)) < 0 ||
	    (detail == HD_FULL && (r = read_physfn(host, fd, &device)) < 0)) {
		hd_device_clear(&device);
		return fail(r, addr, err);
	}
	/* The ids of a VF in config space are ones only. */
	device.dead = detail == HD_FULL && !device.is_vf && is_dead(fd);
	*ret = device;
	return 0;
}

int hd_device_read_group(const struct hd_host *host, struct hd_addr addr,
			 int *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(hd_sysfs_open_device, host, addr);
	int r = fd;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd < 0 || (r = read_group(fd, ret)) < 0)
		return fail(r, addr, err);
	return 0;
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
