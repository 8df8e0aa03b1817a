// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/addr.h"
#include "lib/host/sysfs.h"
#include "tools/tree/link.h"
#include "tools/verb/capture/collect.h"

/* USB allows seven levels of hubs, each with some levels of its own in sysfs.
 */
#define DEPTH_LIMIT 48

/* The folders whose entries are devices, or links to them. */
static const char *const sources[] = {
	"sys/bus/pci/devices",
	"sys/bus/usb/devices",
	"sys/bus/thunderbolt/devices",
	"sys/class/block",
	"sys/class/drm",
	"sys/class/graphics",
	"sys/class/input",
	"sys/class/iommu",
	"sys/class/net",
	"sys/class/iscsi_connection",
	"sys/class/nvme",
	"sys/class/nvme-subsystem",
	"sys/class/vfio",
	"sys/class/vfio-dev",
	"sys/class/vtconsole",
};

/*
 * What is recorded of a device: the names of its attributes and links, as
 * patterns of glob(7), relative to its folder. The kind is what its link
 * "subsystem" leads to; what has none belongs to the device above.
 *
 * Left out on purpose: what starts a transfer or takes long (vpd, serial of a
 * disk behind virtio, wwid, edid, speed of an interface), what changes the
 * device (remove, rescan), and uevent, which repeats serial numbers.
 */
static const struct attribute {
	const char *kind; /* NULL: a link of any */
	const char *pattern;
	struct hd_capture_policy policy;
} attributes[] = {
#define SETTING { HD_CONTENT_SETTING, HD_ATTRIBUTE_LIMIT, false, false, false }
#define SERIAL { HD_CONTENT_SERIAL, HD_ATTRIBUTE_LIMIT, false, false, false }
#define TEXT { HD_CONTENT_TEXT, HD_ATTRIBUTE_LIMIT, false, false, false }
/* Read through the config space, which wakes a device (pci-sysfs.c). */
#define AWAKE { HD_CONTENT_SETTING, HD_ATTRIBUTE_LIMIT, false, true, false }
#define AWAKE_OR_EMPTY                                                         \
	{ HD_CONTENT_SETTING, HD_ATTRIBUTE_LIMIT, false, true, true }
#define NAME_ONLY { HD_CONTENT_BINARY, 0, false, false, true }
#define CONFIG { HD_CONTENT_BINARY, 64, true, true, false }

	/* links */
	{ NULL,
	  "@(subsystem|driver|device|of_node|iommu|iommu_group|physfn|"
	  "virtfn+([0-9])|master|lower_*|upper_*)",
	  SETTING },
	{ "block", "@(slaves|holders)/*", SETTING },
	{ "iommu", "devices/*", SETTING },

	{ "pci", "@(class|vendor|device|subsystem_vendor|subsystem_device)",
	  SETTING },
	{ "pci", "@(revision|modalias|numa_node|local_cpulist|irq|enable)",
	  SETTING },
	{ "pci", "@(boot_vga|power_state|d3cold_allowed|removable|resource)",
	  SETTING },
	{ "pci", "@(reset_method|msi_bus|ari_enabled|*dma_mask_bits)",
	  SETTING },
	{ "pci", "aer_dev_@(correctable|nonfatal|fatal)", SETTING },
	{ "pci", "sriov_@(totalvfs|offset|stride|vf_device)", SETTING },
	{ "pci", "@(sriov_drivers_autoprobe|sriov_numvfs|driver_override)",
	  SETTING },
	{ "pci", "power/@(control|runtime_status|wakeup)", SETTING },
	{ "pci", "physical_location/*", SETTING },
	{ "pci", "msi_irqs/+([0-9])", SETTING },
	{ "pci",
	  "serial_number",
	  { HD_CONTENT_SERIAL, 64, false, true, false } },
	{ "pci", "secondary_bus_number", AWAKE_OR_EMPTY },
	{ "pci", "subordinate_bus_number", AWAKE },
	{ "pci", "@(current|max)_link_@(speed|width)", AWAKE },
	{ "pci", "resource[0-9]_resize", AWAKE },
	{ "pci", "config", CONFIG },
	{ "pci", "@(rom|reset)", NAME_ONLY },

	{ "net", "address", SERIAL },
	{ "net", "@(flags|ifindex|iflink|type|mtu|operstate|addr_assign_type)",
	  SETTING },
	{ "net", "@(dev_id|dev_port)", SETTING },
	{ "block", "@(size|ro|removable|hidden|partition|start)", SETTING },
	{ "block", "dm/@(name|uuid)", TEXT },
	{ "block", "@(md/level|loop/backing_file|backing_dev)", TEXT },
	{ "input", "@(name|capabilities/key)", SETTING },
	{ "iscsi_connection", "@(address|persistent_address)", SETTING },
	{ "nvme", "serial", SERIAL },
	{ "nvme", "@(model|firmware_rev|transport|state|cntlid|address)",
	  SETTING },
	{ "usb", "@(idVendor|idProduct|bDeviceClass|removable|busnum|devnum)",
	  SETTING },
	{ "usb", "bInterface@(Class|SubClass|Protocol)", SETTING },
	{ "thunderbolt", "@(authorized|security|iommu_dma_protection)",
	  SETTING },
	{ "drm", "@(status|enabled)", SETTING },
	{ "graphics", "name", SETTING },
	{ "vtconsole", "@(name|bind)", SETTING },
	{ "iommu", "intel-iommu/@(cap|ecap|version|domains_*)", SETTING },
	{ "iommu", "amd-iommu/@(cap|features)", SETTING },
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static const struct hd_capture_policy plain = SETTING;

/* A folder below a device, or its own. */
struct folder {
	const char *path; /* below the root */
	const char *kind; /* of the device; one of the table's, or "" */
	const char *inside; /* where in the device: "", "power" */
	unsigned depth;
};

static int walk(struct hd_recording *record, const struct folder *folder,
		int fd);

/* The table's own text for a kind; "" for one that it doesn't know. */
static const char *known_kind(const char *kind)
{
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (attributes[i].kind && strcmp(attributes[i].kind, kind) == 0)
			return attributes[i].kind;
	return "";
}

/* The kind of the folder @fd called @name; NULL when it is part of a device. */
static const char *kind_of(int fd, const char *name, const char *parent)
{
	HD_AUTOFREE char *subsystem = NULL;
	struct hd_addr addr;

	/* Where it can't be read the name tells too, or less is recorded. */
	if (hd_sysfs_read_link(fd, "subsystem", &subsystem).is == HD_PRESENT)
		return known_kind(subsystem);
	/* Copies of sysfs may lack that link; "net/eth0" tells as well. */
	if (hd_addr_parse(name, &addr, NULL) == 0)
		return known_kind("pci");
	return *known_kind(parent) ? known_kind(parent) : NULL;
}

static const struct hd_capture_policy *find_wish(const struct folder *folder,
						 const char *name, bool is_link)
{
	char path[2 * NAME_MAX + 2];

	/* Every device with a file in /dev has it. */
	if (strcmp(name, "dev") == 0)
		return &plain;
	snprintf(path, sizeof(path), "%s%s%s", folder->inside,
		 *folder->inside ? "/" : "", name);
	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		const struct attribute *each = &attributes[i];

		if ((each->kind ? strcmp(each->kind, folder->kind) == 0 :
				  is_link) &&
		    fnmatch(each->pattern, path, FNM_EXTMATCH | FNM_PATHNAME) ==
			    0)
			return &each->policy;
	}
	return NULL;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Walks the folder @name of @parent. */
static int walk_child(struct hd_recording *record, const struct folder *parent,
		      const char *path, int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	HD_AUTOFREE char *inside = NULL;
	struct folder child = { path, NULL, "", parent->depth + 1 };

	if (fd < 0) /* mostly: it went away meanwhile */
		return hd_recording_miss_errno(record, path, errno);
	child.kind = kind_of(fd, name, last_name(parent->path));
	if (!child.kind) {
		inside = *parent->inside ?
				 hd_text("%s/%s", parent->inside, name) :
				 strdup(name);
		if (!inside) {
			close(fd);
			return -ENOMEM;
		}
		child.kind = parent->kind;
		child.inside = inside;
	}
	/* A driver of vfio holds the device: see lib/host/device.c. */
	if (strcmp(name, "vfio-dev") == 0 &&
	    hd_recording_add(record, path, fd, "", &plain) < 0) {
		close(fd);
		return -ENOMEM;
	}
	return walk(record, &child, fd);
}

static mode_t type_of(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return DTTOIF(entry->d_type);
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
		       st.st_mode :
		       0;
}

static int walk_entry(struct hd_recording *record, const struct folder *folder,
		      int fd, const struct dirent *entry)
{
	HD_AUTOFREE char *path = hd_text("%s/%s", folder->path, entry->d_name);
	const struct hd_capture_policy *policy;
	mode_t type;

	if (!path)
		return -ENOMEM;
	type = type_of(fd, entry);
	if (S_ISDIR(type))
		return walk_child(record, folder, path, fd, entry->d_name);
	policy = find_wish(folder, entry->d_name, S_ISLNK(type));
	return policy ? hd_recording_add(record, path, fd, entry->d_name,
					 policy) :
			0;
}

/* Whether all below a folder is recorded; if not, it is going to be. */
static bool was_walked(struct hd_recording *record, const char *path)
{
	struct hd_recorded *entry = hd_recording_find(record, path);

	return entry && entry->walked;
}

static void set_walked(struct hd_recording *record, const char *path)
{
	struct hd_recorded *entry = hd_recording_find(record, path);

	if (entry)
		entry->walked = true;
}

/* Takes @fd over. */
static int walk(struct hd_recording *record, const struct folder *folder,
		int fd)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int unread = 0, r = 0;

	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	if (folder->depth > DEPTH_LIMIT)
		r = hd_recording_miss(record, folder->path, "it is too deep");
	else if (!was_walked(record, folder->path))
		while (r == 0 && (entry = hd_dir_next(dir, &unread)))
			r = walk_entry(record, folder, fd, entry);
	closedir(dir);
	set_walked(record, folder->path);
	return unread < 0 ?
		       hd_recording_miss_errno(record, folder->path, -unread) :
		       r;
}

/* What the folders above a device tell: the device tree's node of its bus. */
static int add_ancestors(struct hd_recording *record, const char *path)
{
	static const char *const links[] = { "subsystem", "driver", "of_node" };
	HD_AUTOFREE char *parent = strdup(path);
	char *slash;
	int r = 0;

	if (!parent)
		return -ENOMEM;
	while (r == 0 && (slash = strrchr(parent, '/'))) {
		HD_AUTOCLOSE int fd = -1;
		bool there;

		*slash = '\0';
		if (strcmp(parent, "sys/devices") == 0 ||
		    was_walked(record, parent))
			break;
		r = hd_seen_whether(hd_host_openat(record->host, parent,
						   O_PATH | O_DIRECTORY, &fd),
				    &there);
		if (r < 0)
			r = hd_recording_miss_errno(record, parent, -r);
		for (size_t i = 0; there && r == 0 && i < 3; i++) {
			HD_AUTOFREE char *link =
				hd_text("%s/%s", parent, links[i]);

			r = link ? hd_recording_add(record, link, fd, links[i],
						    &plain) :
				   -ENOMEM;
		}
	}
	return r;
}

/* The device's own folder: "sys/a/b" and "../../c" make "c". NULL: no such. */
static char *resolve(const char *path, const char *target)
{
	HD_AUTOFREE char *base = strdup(path);
	char *end = base ? strrchr(base, '/') : NULL;

	if (!end || !hd_link_is_safe(path, target))
		return NULL;
	*end = '\0';
	while (hd_after(target, "../")) {
		end = strrchr(base, '/');
		*(end ? end : base) = '\0';
		target += 3;
	}
	if (strcmp(target, "..") == 0 || !*target)
		return NULL;
	return *base ? hd_text("%s/%s", base, target) : strdup(target);
}

/* One entry of a folder of devices. */
static int add_device(struct hd_recording *record, int dir_fd,
		      const char *source, const char *name)
{
	HD_AUTOFREE char *path = hd_text("%s/%s", source, name);
	HD_AUTOFREE char *real = NULL;
	const struct hd_recorded *entry;
	struct folder folder = { path, "", "", 0 };
	int fd = -1, r;

	if (!path)
		return -ENOMEM;
	r = hd_recording_add(record, path, dir_fd, name, &plain);
	entry = hd_recording_find(record, path);
	if (r < 0 || !entry || S_ISREG(entry->mode))
		return r;
	if (S_ISLNK(entry->mode)) {
		real = resolve(path, entry->data);
		if (!real)
			return 0;
		folder.path = real;
	}
	r = hd_seen_required(hd_host_openat(record->host, folder.path,
					    O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
					    &fd));
	if (r < 0)
		return hd_recording_miss_errno(record, folder.path, -r);
	folder.kind = kind_of(fd, last_name(folder.path), last_name(source));
	if (!folder.kind)
		folder.kind = "";
	r = walk(record, &folder, fd);
	return r < 0 ? r : add_ancestors(record, folder.path);
}

static int add_devices(struct hd_recording *record, const char *source)
{
	int fd = -1, unread = 0;
	int r = hd_seen_required(hd_host_openat(record->host, source,
						O_RDONLY | O_DIRECTORY, &fd));
	DIR *dir = r < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		hd_auto_close(&fd);
		return r < 0 ? hd_recording_miss_errno(record, source, -r) :
			       -ENOMEM;
	}
	/* Also if it is empty. */
	r = hd_recording_add(record, source, fd, "", &plain);
	while (r == 0 && (entry = hd_dir_next(dir, &unread)))
		if (entry->d_type != DT_REG)
			r = add_device(record, fd, source, entry->d_name);
	closedir(dir);
	return unread < 0 ? hd_recording_miss_errno(record, source, -unread) :
			    r;
}

int hd_collect_devices(struct hd_recording *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(sources) / sizeof(sources[0]);
	     i++)
		r = add_devices(record, sources[i]);
	return r;
}
