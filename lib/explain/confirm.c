// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/confirm.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/word.h"
#include "lib/host/inventory.h"
#include "lib/host/proc.h"
#include "lib/host/regions.h"
#include "lib/host/sysfs.h"

/* Of /proc/interrupts, on a host with many processors. */
#define READ_LIMIT (16 * 1024 * 1024)

/* Bit of /proc/sys/kernel/tainted after an oops, TAINT_DIE. */
#define TAINT_DIE 7

struct question {
	const struct hd_case *item;
	const struct hd_host *host;
	struct hd_inventory inventory; /* the device and its group */
	const struct hd_device *device; /* NULL: none, or none is named */
	bool unread; /* or it, or its group, couldn't be read */
	char *answer;
};

/* What the host says, and what it means for the case. */
__attribute__((format(printf, 3, 4))) static enum hd_answer
say(struct question *q, bool is_so, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&q->answer, format, args) < 0)
		q->answer = NULL;
	va_end(args);
	return is_so ? HD_ANSWER_YES : HD_ANSWER_NO;
}

/* The text of a file, or NULL when it isn't there or can't be read. */
static char *read_file(const struct hd_host *host, const char *path)
{
	char *text = NULL;
	size_t n;
	struct hd_seen seen = hd_host_read(host, path, READ_LIMIT, &text, &n);

	return seen.is == HD_PRESENT ? text : NULL;
}

/* Whether the host has a sysfs to look at. */
static bool has_sysfs(const struct hd_host *host)
{
	HD_AUTOCLOSE int fd = -1;

	return hd_sysfs_open_devices(host, &fd).is == HD_PRESENT;
}

static enum hd_answer no_groups(struct question *q)
{
	unsigned n = 0;

	if (!has_sysfs(q->host) ||
	    hd_sysfs_count_groups(q->host, 2, &n).is == HD_UNKNOWN)
		return HD_ANSWER_UNKNOWN;
	return say(q, n == 0,
		   n == 0 ? "this host has no IOMMU groups" :
			    "this host has IOMMU groups now");
}

/* Opens the folder of the device that is asked about. */
static bool open_device(const struct question *q, int *ret_fd)
{
	return q->device &&
	       hd_sysfs_open_device(q->host, q->device->addr, ret_fd).is ==
		       HD_PRESENT;
}

static enum hd_answer no_group(struct question *q)
{
	if (!q->device)
		return HD_ANSWER_UNKNOWN;
	if (hd_inventory_awaits_group(&q->inventory, q->device)) {
		say(q, false,
		    "%s is in no IOMMU group yet, having no driver: the kernel makes it when one takes the device",
		    hd_addr_text(q->device->addr).s);
		return HD_ANSWER_UNKNOWN;
	}
	if (q->device->group == HD_NO_GROUP)
		return say(q, true, "%s is in no IOMMU group",
			   hd_addr_text(q->device->addr).s);
	return say(q, false, "%s is in IOMMU group %d now",
		   hd_addr_text(q->device->addr).s, q->device->group);
}

static enum hd_answer absent(struct question *q)
{
	if (!q->item->has_addr || q->unread || !has_sysfs(q->host))
		return HD_ANSWER_UNKNOWN;
	return say(q, !q->device,
		   q->device ? "there is a device at %s now" :
			       "there is no device at %s",
		   hd_addr_text(q->item->addr).s);
}

static enum hd_answer dead(struct question *q)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_device device = { .driver = NULL };
	bool is_dead;

	if (!q->device)
		return HD_ANSWER_UNKNOWN;
	if (!open_device(q, &fd) || hd_device_is_awake(fd).is != HD_PRESENT ||
	    hd_device_read(q->host, q->device->addr, HD_FULL, &device, NULL) <
		    0)
		return HD_ANSWER_UNKNOWN;
	is_dead = device.dead;
	hd_device_clear(&device);
	/* A copied tree has no config space to tell from. */
	if (!is_dead && !q->host->live)
		return HD_ANSWER_UNKNOWN;
	return say(q, is_dead, is_dead ? "%s reads as ones" : "%s answers now",
		   hd_addr_text(q->device->addr).s);
}

static enum hd_answer bridge(struct question *q)
{
	if (!q->device)
		return HD_ANSWER_UNKNOWN;
	return say(q, q->device->bridge, "%s is %s bridge",
		   hd_addr_text(q->device->addr).s,
		   q->device->bridge ? "a" : "no");
}

/* Names the first member of the group whose driver does DMA for the host. */
static enum hd_answer host_driver(struct question *q)
{
	if (!q->device || q->device->group == HD_NO_GROUP)
		return HD_ANSWER_UNKNOWN;
	for (size_t i = 0; i < q->inventory.n_devices; i++) {
		const struct hd_device *device = &q->inventory.devices[i];

		if (device->group == q->device->group &&
		    !hd_device_leaves_group_viable(device))
			return say(q, true, "%s in IOMMU group %d is on %s",
				   hd_addr_text(device->addr).s, device->group,
				   device->driver);
	}
	return say(q, false,
		   "no device of IOMMU group %d is on such a driver now",
		   q->device->group);
}

static enum hd_answer not_vfio(struct question *q)
{
	if (!q->device)
		return HD_ANSWER_UNKNOWN;
	return say(q, !q->device->vfio, "%s is on %s",
		   hd_addr_text(q->device->addr).s,
		   q->device->driver ? q->device->driver : "no driver");
}

static enum hd_answer has_vfs(struct question *q)
{
	HD_AUTOCLOSE int fd = -1;
	int64_t n;

	if (!open_device(q, &fd) ||
	    hd_sysfs_read_number(fd, "sriov_numvfs", &n).is != HD_PRESENT)
		return HD_ANSWER_UNKNOWN;
	return say(q, n > 0, "%s has %lld virtual functions",
		   hd_addr_text(q->device->addr).s, (long long)n);
}

/* Names of the interrupt chips, arch/x86 and irq-gic-v3-its in the kernel. */
static enum hd_answer no_remap(struct question *q)
{
	HD_AUTOFREE char *text = read_file(q->host, HD_PROC_INTERRUPTS);
	bool remaps;

	if (!text)
		return HD_ANSWER_UNKNOWN;
	remaps = strstr(text, "IR-") || strstr(text, "ITS-");
	return say(q, !remaps, HD_PROC_INTERRUPTS " shows %s interrupts",
		   remaps ? "remapped" : "no remapped");
}

static enum hd_answer reserved(struct question *q)
{
	HD_AUTO_REGIONS struct hd_regions regions = { NULL, 0 };

	if (!q->device || q->device->group == HD_NO_GROUP ||
	    hd_regions_read(q->host, q->device->group, &regions, NULL) < 0)
		return HD_ANSWER_UNKNOWN;
	return say(q, regions.n > 0, "IOMMU group %d has %s direct regions",
		   q->device->group, regions.n ? "such" : "no");
}

static enum hd_answer no_reset(struct question *q)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *methods = NULL;
	struct hd_seen seen;

	if (!open_device(q, &fd))
		return HD_ANSWER_UNKNOWN;
	seen = hd_sysfs_read(fd, "reset_method", &methods);
	if (seen.is == HD_UNKNOWN)
		return HD_ANSWER_UNKNOWN;
	if (!methods || !*methods)
		return q->host->live ? say(q, true, "%s has no reset method",
					   hd_addr_text(q->device->addr).s) :
				       HD_ANSWER_UNKNOWN;
	return say(q, false, "%s can be reset by %s",
		   hd_addr_text(q->device->addr).s, methods);
}

/* What is missing when folder @fd hasn't got @name. Takes @fd over, which was
 * opened if @folder says so. */
static enum hd_answer missing(struct question *q, struct hd_seen folder, int fd,
			      const char *what, const char *name)
{
	HD_AUTOCLOSE int folder_fd = fd;
	bool there;

	if (folder.is != HD_PRESENT ||
	    hd_seen_whether(hd_sysfs_look(folder_fd, name), &there) < 0)
		return HD_ANSWER_UNKNOWN;
	return say(q, !there, "%s %s is %s", what, name,
		   there ? "there now" : "missing");
}

static enum hd_answer no_dmar(struct question *q)
{
	int fd = -1;
	struct hd_seen folder = hd_sysfs_open_acpi_tables(q->host, &fd);

	return missing(q, folder, fd, "the ACPI table", "DMAR");
}

static enum hd_answer no_module(struct question *q, const char *name)
{
	int fd = -1;
	struct hd_seen folder = hd_sysfs_open_modules(q->host, &fd);

	return missing(q, folder, fd, "the module", name);
}

static enum hd_answer no_type1(struct question *q)
{
	return no_module(q, "vfio_iommu_type1");
}

static enum hd_answer no_vfio(struct question *q)
{
	return no_module(q, "vfio");
}

static enum hd_answer no_iommufd(struct question *q)
{
	return no_module(q, "iommufd");
}

static enum hd_answer no_kvm(struct question *q)
{
	int fd = -1;
	struct hd_seen folder =
		hd_host_openat(q->host, "dev", O_PATH | O_DIRECTORY, &fd);

	return missing(q, folder, fd, "the device file", "kvm");
}

static enum hd_answer no_modules(struct question *q)
{
	HD_AUTOFREE char *release = NULL;
	HD_AUTOFREE char *path = NULL;
	HD_AUTOCLOSE int all_fd = -1, fd = -1;
	bool there;

	if (hd_proc_read_release(q->host, &release) < 0 ||
	    hd_host_openat(q->host, "lib/modules", O_PATH | O_DIRECTORY,
			   &all_fd)
			    .is != HD_PRESENT)
		return HD_ANSWER_UNKNOWN;
	path = hd_text("/lib/modules/%s/modules.alias", release);
	if (!path || hd_seen_whether(hd_host_openat(q->host, path, O_PATH, &fd),
				     &there) < 0)
		return HD_ANSWER_UNKNOWN;
	return say(q, !there, "%s, of the kernel that runs, is %s", path,
		   there ? "there" : "missing");
}

/* A parameter of a module that must not be set: "Y" or "N", "1" or "0". */
static enum hd_answer is_set(struct question *q, const char *path,
			     const char *name)
{
	HD_AUTOFREE char *text = NULL;
	HD_AUTOCLOSE int fd = -1;

	if (hd_sysfs_open_modules(q->host, &fd).is != HD_PRESENT ||
	    hd_sysfs_read(fd, path, &text).is != HD_PRESENT || !*text ||
	    !strchr("YN10", *text))
		return HD_ANSWER_UNKNOWN;
	return say(q, *text == 'Y' || *text == '1', "%s is %s", name, text);
}

static enum hd_answer noiommu(struct question *q)
{
	return is_set(q, "vfio/parameters/enable_unsafe_noiommu_mode",
		      "enable_unsafe_noiommu_mode");
}

static enum hd_answer unsafe_interrupts(struct question *q)
{
	return is_set(q, "iommufd/parameters/allow_unsafe_interrupts",
		      "allow_unsafe_interrupts of iommufd");
}

static enum hd_answer lockdown(struct question *q)
{
	HD_AUTOFREE char *text = NULL;

	if (hd_sysfs_read_lockdown(q->host, &text).is != HD_PRESENT ||
	    !strchr(text, '['))
		return HD_ANSWER_UNKNOWN;
	return say(q, !strstr(text, "[none]"), "lockdown is %s", text);
}

static enum hd_answer oops(struct question *q)
{
	HD_AUTOFREE char *text = read_file(q->host, HD_PROC_TAINTED);
	int64_t bits;
	bool died;

	if (!text)
		return HD_ANSWER_UNKNOWN;
	text[strcspn(text, "\n")] = '\0';
	if (!hd_word_number(text, INT64_MAX, &bits))
		return HD_ANSWER_UNKNOWN;
	died = bits >> TAINT_DIE & 1;
	return say(q, died,
		   died ? "the kernel that runs has crashed" :
			  "the kernel that runs hasn't crashed");
}

static enum hd_answer (*const lookups[])(struct question *q) = {
	[HD_CONFIRM_NO_GROUPS] = no_groups,
	[HD_CONFIRM_NO_GROUP] = no_group,
	[HD_CONFIRM_ABSENT] = absent,
	[HD_CONFIRM_DEAD] = dead,
	[HD_CONFIRM_BRIDGE] = bridge,
	[HD_CONFIRM_HOST_DRIVER] = host_driver,
	[HD_CONFIRM_NOT_VFIO] = not_vfio,
	[HD_CONFIRM_HAS_VFS] = has_vfs,
	[HD_CONFIRM_NO_REMAP] = no_remap,
	[HD_CONFIRM_RESERVED] = reserved,
	[HD_CONFIRM_NO_RESET] = no_reset,
	[HD_CONFIRM_NO_DMAR] = no_dmar,
	[HD_CONFIRM_NO_TYPE1] = no_type1,
	[HD_CONFIRM_NO_VFIO] = no_vfio,
	[HD_CONFIRM_NO_IOMMUFD] = no_iommufd,
	[HD_CONFIRM_NO_KVM] = no_kvm,
	[HD_CONFIRM_NO_MODULES] = no_modules,
	[HD_CONFIRM_NOIOMMU] = noiommu,
	[HD_CONFIRM_UNSAFE_INTERRUPTS] = unsafe_interrupts,
	[HD_CONFIRM_LOCKDOWN] = lockdown,
	[HD_CONFIRM_OOPS] = oops,
};

enum hd_answer hd_case_confirm(const struct hd_case *item,
			       const struct hd_host *host, char **ret)
{
	HD_AUTO_INVENTORY struct hd_inventory inventory = { .devices = NULL };
	struct question q = { .item = item, .host = host };
	enum hd_answer answer = HD_ANSWER_UNKNOWN;

	if (item->entry->confirm != HD_CONFIRM_NOTHING) {
		if (item->has_addr)
			q.unread = hd_inventory_add(
					   &inventory, host,
					   (struct hd_addrs){ &item->addr, 1 },
					   NULL) < 0;
		if (item->has_addr && !q.unread)
			q.device = hd_inventory_find(&inventory, item->addr);
		q.inventory = inventory;
		answer = lookups[item->entry->confirm](&q);
	}
	*ret = q.answer;
	return answer;
}
