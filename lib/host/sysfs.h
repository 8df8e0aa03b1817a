/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_SYSFS_H
#define HD_LIB_HOST_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/seen.h"
#include "lib/host/addr.h"
#include "lib/host/host.h"

/*
 * The only place that knows sysfs paths (Documentation/ABI/testing/
 * sysfs-bus-pci, sysfs-kernel-iommu_groups in the kernel's tree) and how
 * attributes are read and written. Looking has three answers (seen.h) and no
 * sentence: only the caller knows what the attribute meant to it. What is
 * opened goes to *@ret_fd, which the caller closes.
 */

/*
 * Where sysfs puts things. The paths serve hd_host_openat(), sentences and
 * commands alike.
 */
#define HD_SYSFS "/sys"
#define HD_SYSFS_PCI HD_SYSFS "/bus/pci"
#define HD_SYSFS_PLATFORM HD_SYSFS "/bus/platform"
#define HD_SYSFS_CLASS HD_SYSFS "/class"
#define HD_SYSFS_BLOCK HD_SYSFS_CLASS "/block"
#define HD_SYSFS_KERNEL HD_SYSFS "/kernel"
#define HD_SYSFS_GROUPS HD_SYSFS_KERNEL "/iommu_groups"
#define HD_SYSFS_MODULES HD_SYSFS "/module"
#define HD_SYSFS_ACPI_TABLES HD_SYSFS "/firmware/acpi/tables"
#define HD_SYSFS_DEVICETREE HD_SYSFS "/firmware/devicetree/base"
#define HD_SYSFS_RESUME HD_SYSFS "/power/resume"

/* A page has 64 KiB at most (arm64), and an attribute is one. */
#define HD_SYSFS_LIMIT (1024 * 1024)

/* Opens the folder of a PCI function. */
HD_LOOK struct hd_seen hd_sysfs_open_device(const struct hd_host *host,
					    struct hd_addr addr, int *ret_fd);

/*
 * Opens the folder of a PCI driver. @driver comes from outside: unknown, with
 * -EINVAL, when it can't be the name of one (hd_sysfs_is_name()).
 */
HD_LOOK struct hd_seen hd_sysfs_open_driver(const struct hd_host *host,
					    const char *driver, int *ret_fd);

/*
 * Open the folder of a device that no bus tells of, /sys/bus/platform/devices/
 * NAME, and of a driver for such. As for drivers, -EINVAL when @name can't be
 * one.
 */
HD_LOOK struct hd_seen hd_sysfs_open_platform_device(const struct hd_host *host,
						     const char *name,
						     int *ret_fd);
HD_LOOK struct hd_seen hd_sysfs_open_platform_driver(const struct hd_host *host,
						     const char *name,
						     int *ret_fd);

/*
 * Where /sys/bus/pci/devices/ADDRESS leads to: the whole target of the link,
 * which names the bridges above. Owned by the caller.
 */
HD_LOOK struct hd_seen hd_sysfs_read_device_link(const struct hd_host *host,
						 struct hd_addr addr,
						 char **ret);

/*
 * Which node of the device tree the PCI host bridge of a device is,
 * "/soc/pcie@1"; owned by the caller. Absent when it is none of them, as with
 * ACPI.
 */
HD_LOOK struct hd_seen hd_sysfs_read_host_node(const struct hd_host *host,
					       struct hd_addr addr, char **ret);

/*
 * The name of the slot that a device is in, from /sys/bus/pci/slots, which know
 * no function; owned by the caller. Absent when it is in none.
 */
HD_LOOK struct hd_seen hd_sysfs_read_slot(const struct hd_host *host,
					  struct hd_addr addr, char **ret);

/* Opens /sys/bus/pci/devices for reading its entries. */
HD_LOOK struct hd_seen hd_sysfs_open_devices(const struct hd_host *host,
					     int *ret_fd);

/* Opens the folder of the members of an IOMMU group. */
HD_LOOK struct hd_seen hd_sysfs_open_group(const struct hd_host *host,
					   unsigned group, int *ret_fd);

/* Opens the folder of a block device, /sys/class/block/NAME. */
HD_LOOK struct hd_seen hd_sysfs_open_block(const struct hd_host *host,
					   const char *name, int *ret_fd);

/* Reads an IOMMU group's "reserved_regions"; hd_regions_read() parses them. */
HD_LOOK struct hd_seen hd_sysfs_read_regions(const struct hd_host *host,
					     unsigned group, char **ret);

/*
 * Opens a folder of a class for reading its entries: /sys/class/CLASS/NAME/SUB.
 * An empty @name or @sub leaves it out. As for drivers, -EINVAL when @name
 * can't be one; @class and @sub are ours.
 */
HD_LOOK struct hd_seen hd_sysfs_open_class(const struct hd_host *host,
					   const char *class, const char *name,
					   const char *sub, int *ret_fd);

/*
 * Reads an attribute below /sys/class/CLASS/NAME, which may stand behind a link
 * ("device/name"), as hd_sysfs_read() does.
 */
HD_LOOK struct hd_seen hd_sysfs_read_class(const struct hd_host *host,
					   const char *class, const char *name,
					   const char *attribute, char **ret);

/*
 * Where /sys/class/CLASS/NAME leads to: the whole target of the link, which
 * names all that the device stands on. Owned by the caller.
 */
HD_LOOK struct hd_seen hd_sysfs_read_class_link(const struct hd_host *host,
						const char *class,
						const char *name, char **ret);

/* The same for the block device with this number, /sys/dev/block/8:1. */
HD_LOOK struct hd_seen hd_sysfs_read_number_link(const struct hd_host *host,
						 unsigned major_number,
						 unsigned minor_number,
						 char **ret);

/* Opens /sys/fs/btrfs, or with @uuid the folder of one's devices. */
HD_LOOK struct hd_seen hd_sysfs_open_btrfs(const struct hd_host *host,
					   const char *uuid, int *ret_fd);

/* Reads /sys/power/resume: where the kernel hibernates to. */
HD_LOOK struct hd_seen hd_sysfs_read_resume(const struct hd_host *host,
					    char **ret);

/* Counts the IOMMU groups of the host, up to @limit. */
HD_LOOK struct hd_seen hd_sysfs_count_groups(const struct hd_host *host,
					     unsigned limit, unsigned *ret);

/* Opens /sys/module, with a folder for each module that is loaded or built in
 * and has parameters. */
HD_LOOK struct hd_seen hd_sysfs_open_modules(const struct hd_host *host,
					     int *ret_fd);

/*
 * Opens a folder of a module for reading its entries, /sys/module/NAME/SUB; an
 * empty @sub leaves it out. As for drivers, -EINVAL when @name can't be one.
 */
HD_LOOK struct hd_seen hd_sysfs_open_module(const struct hd_host *host,
					    const char *name, const char *sub,
					    int *ret_fd);

/* Opens the folder of the firmware's ACPI tables. */
HD_LOOK struct hd_seen hd_sysfs_open_acpi_tables(const struct hd_host *host,
						 int *ret_fd);

/* Reads what kernel lockdown forbids: "[none] integrity confidentiality". */
HD_LOOK struct hd_seen hd_sysfs_read_lockdown(const struct hd_host *host,
					      char **ret);

/* Whether @name can be one element of a sysfs path: a module, a driver. */
bool hd_sysfs_is_name(const char *name);

/*
 * Reads a text attribute below @dir_fd, without its trailing newline.
 * *@ret is owned by the caller. -EFBIG when it is longer than HD_SYSFS_LIMIT;
 * none is cut.
 */
HD_LOOK struct hd_seen hd_sysfs_read(int dir_fd, const char *attribute,
				     char **ret);

/* Reads a number in C's notation ("0x10de", "-1"); -EINVAL when it is none. */
HD_LOOK struct hd_seen hd_sysfs_read_number(int dir_fd, const char *attribute,
					    int64_t *ret);

/*
 * Reads the first bytes of a binary attribute, at most @size. *@ret_length is
 * how many there were: a config space shows less to who isn't root.
 */
HD_LOOK struct hd_seen hd_sysfs_read_bytes(int dir_fd, const char *attribute,
					   void *data, size_t size,
					   size_t *ret_length);

/*
 * Reads the expansion ROM of the device in folder @dir_fd, at most @limit
 * bytes: has the kernel show it, and no longer afterwards, however that ends;
 * no signal but SIGKILL comes between. Without a ROM's signature the kernel
 * says -EIO (drivers/pci/pci-sysfs.c, pci_read_rom()); -EAGAIN while another
 * process does the same. Absent when the device has none that the kernel knows.
 * *@ret_shown is 0, or the negative errno for which it is still shown.
 */
HD_LOOK struct hd_seen hd_sysfs_read_rom(int dir_fd, size_t limit, char **ret,
					 size_t *ret_length, int *ret_shown);

/* Opens a folder below @dir_fd for reading its entries, no link to one. */
HD_LOOK struct hd_seen hd_sysfs_open_folder(int dir_fd, const char *name,
					    int *ret_fd);

/* The last element of a symbolic link's target; owned by the caller. */
HD_LOOK struct hd_seen hd_sysfs_read_link(int dir_fd, const char *link,
					  char **ret);

/*
 * Which of an attribute's readers and writers there are, as the bits of its
 * mode say: root may open what the kernel can't read or write.
 */
HD_LOOK struct hd_seen hd_sysfs_read_mode(int dir_fd, const char *name,
					  bool *ret_reads, bool *ret_writes);

/* Whether there is an entry of this name, whatever it is. */
HD_LOOK struct hd_seen hd_sysfs_look(int dir_fd, const char *name);

/* Writes @text to an attribute in one write(2), whose errno is the kernel's. */
int hd_sysfs_write(int dir_fd, const char *attribute, const char *text);

#endif
