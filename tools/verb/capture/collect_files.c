// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/base/word.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"
#include "tools/verb/capture/collect.h"

/* Folders of a device tree, of a kernel's modules. */
#define DEPTH_LIMIT 32

#define PID_LIMIT 64

enum how {
	AS_IT_IS, /* file, folder, link */
	FOLLOWED, /* what a link leads to rather than the link */
	LINKS, /* links and folders, no files */
	NODES, /* a device node */
	SCRIPT, /* the beginning of what may be a large program */
};

/*
 * A path with patterns of glob(7), "**" for any number of folders and "%" for
 * the kernel's release.
 */
struct rule {
	const char *pattern;
	enum hd_content content;
	enum how how;
};

#define SETTING HD_CONTENT_SETTING
#define TEXT HD_CONTENT_TEXT
#define BINARY HD_CONTENT_BINARY

static const struct rule rules[] = {
	/* PCI, IOMMU, drivers */
	{ "sys/bus/pci/drivers/*", SETTING, LINKS },
	{ "sys/bus/pci/drivers/*/@(*:*:*.*|module)", SETTING, LINKS },
	{ "sys/bus/pci/slots/*/address", SETTING, AS_IT_IS },
	{ "sys/bus/platform/drivers/@(arm-smmu*|*framebuffer)", SETTING,
	  LINKS },
	{ "sys/bus/platform/drivers/@(arm-smmu*|*framebuffer)/*", SETTING,
	  LINKS },
	{ "sys/dev/block/*", SETTING, LINKS },
	{ "sys/kernel/iommu_groups", SETTING, LINKS },
	{ "sys/kernel/iommu_groups/*/devices", SETTING, LINKS },
	{ "sys/kernel/iommu_groups/*/devices/*", SETTING, LINKS },
	{ "sys/kernel/iommu_groups/*/@(name|type|reserved_regions)", SETTING,
	  AS_IT_IS },

	/* modules of the kernel */
	{ "sys/module/*", SETTING, LINKS },
	{ "sys/module/@(vfio*|iommufd)/parameters/@(enable_unsafe_noiommu_mode|"
	  "allow_unsafe_interrupts|dma_entry_limit|disable_hugepages|ids|"
	  "nointxmask|disable_idle_d3|disable_vga|enable_sriov|"
	  "disable_denylist)",
	  SETTING, AS_IT_IS },
	{ "sys/module/@(pci_stub|kvm*|apparmor|nvidia_drm)/parameters/"
	  "@(ids|nested|enabled|mode|modeset)",
	  SETTING, AS_IT_IS },
	{ "lib/modules/%", SETTING, FOLLOWED },
	{ "lib/modules/%/modules.@(alias|builtin|builtin.alias|dep|softdep)"
	  "?(.bin)",
	  BINARY, FOLLOWED },
	{ "lib/modules/%/modules.builtin.modinfo", BINARY, FOLLOWED },
	{ "lib/modules/%/config", BINARY, FOLLOWED },
	/* libkmod looks into a variant of vfio-pci for its aliases. */
	{ "lib/modules/%/kernel/drivers/vfio/**/*.ko?(.gz|.xz|.zst)", BINARY,
	  AS_IT_IS },
	{ "@(etc|run|usr/lib|usr/local/lib|lib)/modprobe.d/*.conf", SETTING,
	  FOLLOWED },
	{ "boot/config-%", BINARY, FOLLOWED },

	/* Android */
	{ "apex", SETTING, LINKS },
	{ "@(vendor|vendor_dlkm|system_dlkm|odm_dlkm|system)/lib/modules/"
	  "modules.@(dep|load|blocklist)",
	  BINARY, FOLLOWED },
	{ "lib/modules/modules.@(dep|load|blocklist)", BINARY, FOLLOWED },
	{ "ueventd.rc", SETTING, FOLLOWED },
	{ "@(system|vendor|odm)/etc/ueventd.rc", SETTING, FOLLOWED },
	{ "vendor/ueventd.rc", SETTING, FOLLOWED },

	/* firmware and platform */
	{ "sys/firmware/acpi", SETTING, LINKS },
	{ "sys/firmware/acpi/tables/@(DMAR|IVRS|IORT)", BINARY, AS_IT_IS },
	{ "sys/firmware/efi/fw_platform_size", SETTING, AS_IT_IS },
	{ "sys/firmware/efi/efivars/SecureBoot-"
	  "8be4df61-93ca-11d2-aa0d-00e098032b8c",
	  BINARY, AS_IT_IS },
	{ "sys/firmware/devicetree/base", SETTING, LINKS },
	{ "sys/firmware/devicetree/base/**/@(compatible|status|model|"
	  "device_type|reg|ranges|dma-ranges|bus-range|phandle|interrupts|"
	  "#iommu-cells|#address-cells|#size-cells|dma-coherent|"
	  "dma-noncoherent|interconnects|interconnect-names|"
	  "#interconnect-cells|iommus|iommu-map|iommu-map-mask|iommu-ranges|"
	  "no-iommu|qcom,iommu-bypass|qcom,smmu-secure-mode-support|"
	  "iommu-addresses|msi-map|msi-map-mask|msi-parent|msi-controller|"
	  "ats-supported|linux,phandle|linux,pci-domain)",
	  BINARY, AS_IT_IS },
	{ "sys/firmware/devicetree/base/chosen/bootargs", TEXT, AS_IT_IS },
	{ "sys/class/dmi/id", SETTING, LINKS },
	{ "sys/devices/virtual/dmi/id/@(sys_vendor|product_name|"
	  "product_version|product_family|board_vendor|board_name|"
	  "board_version|bios_vendor|bios_version|bios_date|chassis_type)",
	  SETTING, AS_IT_IS },
	{ "sys/devices/virtual/dmi/id/@(product_serial|product_uuid|"
	  "board_serial|chassis_serial)",
	  HD_CONTENT_SERIAL, AS_IT_IS },
	{ "sys/class/tty/console", SETTING, LINKS },
	{ "sys/devices/virtual/tty/console/active", SETTING, AS_IT_IS },
	{ "sys/hypervisor/type", SETTING, AS_IT_IS },

	/* memory, processors, confinement */
	{ "sys/devices/system/node/node*/@(cpulist|meminfo|distance)", SETTING,
	  AS_IT_IS },
	{ "@(sys/kernel/mm|sys/devices/system/node/node*)/hugepages/*/"
	  "@(nr|free|resv|surplus)_hugepages",
	  SETTING, AS_IT_IS },
	{ "sys/kernel/mm/transparent_hugepage/@(enabled|defrag)", SETTING,
	  AS_IT_IS },
	{ "sys/kernel/mm/ksm/run", SETTING, AS_IT_IS },
	{ "sys/devices/system/cpu/@(online|possible|present|isolated|"
	  "nohz_full)",
	  SETTING, AS_IT_IS },
	{ "sys/kernel/security/lockdown", SETTING, AS_IT_IS },
	{ "sys/kernel/security/apparmor/profiles", SETTING, AS_IT_IS },
	{ "sys/fs/selinux/@(enforce|booleans/virt_*)", SETTING, AS_IT_IS },
	{ "sys/power/@(state|resume)", SETTING, AS_IT_IS },
	{ "sys/fs/btrfs/*/devices/*", SETTING, LINKS },

	/* what the kernel tells of itself and its state */
	{ "proc/@(cmdline|bootconfig|version)", TEXT, AS_IT_IS },
	{ "proc/@(cpuinfo|devices|fb|filesystems|interrupts|iomem|mdstat|"
	  "meminfo|misc|modules|partitions)",
	  SETTING, AS_IT_IS },
	{ "proc/config.gz", BINARY, AS_IT_IS },
	{ "proc/swaps", TEXT, AS_IT_IS },
	{ "proc/mounts", SETTING, LINKS },
	{ "proc/@(self|1)/mountinfo", TEXT, AS_IT_IS },
	{ "proc/self/mounts", TEXT, AS_IT_IS },
	{ "proc/fs/nfsfs", SETTING, LINKS },
	{ "proc/1/cgroup", SETTING, AS_IT_IS },
	{ "proc/bus/input/devices", SETTING, AS_IT_IS },
	{ "proc/net", SETTING, LINKS },
	{ "proc/@(net|self/net)/@(route|ipv6_route)", SETTING, AS_IT_IS },
	{ "proc/sys/kernel/@(osrelease|ostype|version|tainted|dmesg_restrict|"
	  "modprobe)",
	  SETTING, AS_IT_IS },
	{ "proc/sys/kernel/hostname", HD_CONTENT_HOST, AS_IT_IS },
	{ "proc/sys/vm/overcommit_*", SETTING, AS_IT_IS },
	{ "proc/driver/nvidia/version", SETTING, AS_IT_IS },
	{ "proc/driver/nvidia/gpus/*/information", SETTING, AS_IT_IS },
	{ "dev/@(kvm|iommu|vfio/*|vfio/devices/*)", SETTING, NODES },
	/* A tar has no nodes; these tell which ones the kernel has. */
	{ "@(sys/class|sys/devices/virtual)/misc/@(kvm|vfio|iommu)", SETTING,
	  LINKS },

	/* the configuration */
	{ "etc/machine-id", HD_CONTENT_HOST, FOLLOWED },
	{ "@(etc|usr/lib)/os-release", SETTING, FOLLOWED },
	{ "etc/fstab", TEXT, FOLLOWED },
	{ "etc/modules", SETTING, FOLLOWED },
	{ "etc/modules-load.d/*.conf", SETTING, FOLLOWED },
	{ "etc/@(default/grub|kernel/cmdline|mkinitcpio.conf|dracut.conf)",
	  TEXT, FOLLOWED },
	{ "etc/dracut.conf.d/*.conf", SETTING, FOLLOWED },
	{ "etc/initramfs-tools/modules", SETTING, FOLLOWED },
	{ "boot/loader/entries/*.conf", TEXT, FOLLOWED },
	{ "etc/selinux/config", SETTING, FOLLOWED },
	{ "etc/apparmor.d/@(abstractions/libvirt-*|"
	  "local/abstractions/libvirt-*)",
	  SETTING, FOLLOWED },
	{ "etc/systemd/system/@(libvirtd|virtqemud).service.d/*.conf", TEXT,
	  FOLLOWED },
	{ "etc/virt-hostdev.conf", TEXT, FOLLOWED },
	{ "etc/virt-hostdev.conf.d/*.conf", TEXT, FOLLOWED },
	{ "etc/libvirt/qemu.conf", TEXT, FOLLOWED },
	{ "etc/libvirt/hooks/qemu", TEXT, SCRIPT },
	{ "etc/libvirt/hooks/qemu.d/*", TEXT, SCRIPT },
	{ "etc/libvirt/qemu/*.xml", TEXT, FOLLOWED },
	{ "etc/libvirt/qemu/autostart/*.xml", TEXT, LINKS },

	/* what is running */
	{ "run/udev/data/@([bn]*|+pci:*)", TEXT, AS_IT_IS },
	{ "run/virt-hostdev/@(claims|locks)", SETTING, LINKS },
	{ "run/virt-hostdev/claims/*", TEXT, AS_IT_IS },
	{ "run/libvirt/qemu/*.pid", SETTING, AS_IT_IS },
	{ "run/@(libvirtd|virtqemud).pid", SETTING, AS_IT_IS },
	{ "run/@(.containerenv|systemd/container)", SETTING, AS_IT_IS },
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/* What follows a pattern through the folders. */
struct search {
	struct hd_recording *record;
	const struct rule *rule;
};

static int search(const struct search *s, const char *path, const char *rest,
		  unsigned depth);

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[(") != NULL;
}

static size_t limit_of(const char *path, enum how how)
{
	return how == SCRIPT || hd_after(path, "sys/") ? HD_ATTRIBUTE_LIMIT :
							 HD_FILE_LIMIT;
}

/*
 * What isn't there is missed only where its name is: then it is a link to what
 * isn't.
 */
static int miss(const struct search *s, const char *path, int code)
{
	HD_AUTOCLOSE int fd = -1;

	if (code == ENOENT &&
	    hd_host_openat(s->record->host, path, O_PATH | O_NOFOLLOW, &fd)
			    .is == HD_PRESENT)
		return hd_recording_miss(s->record, path,
					 "it leads to what isn't there");
	return hd_recording_miss_errno(s->record, path, code);
}

/* Adds what a pattern has led to. */
static int add(const struct search *s, const char *path)
{
	int follow = s->rule->how == FOLLOWED ? 0 : O_NOFOLLOW;
	HD_AUTOCLOSE int fd = -1;
	int r = hd_seen_required(
		hd_host_openat(s->record->host, path, O_PATH | follow, &fd));
	const struct hd_capture_policy policy = {
		.content = s->rule->content,
		.limit = limit_of(path, s->rule->how),
		.cut = s->rule->how == SCRIPT
	};
	struct stat st;

	if (r < 0)
		return miss(s, path, -r);
	if (fstat(fd, &st) < 0)
		return hd_recording_miss_errno(s->record, path, errno);
	if (S_ISCHR(st.st_mode) && s->rule->how == NODES)
		return hd_recording_node(s->record, path, &st);
	if (s->rule->how == NODES ||
	    (s->rule->how == LINKS && S_ISREG(st.st_mode)))
		return 0;
	return hd_recording_add(s->record, path, fd, "", &policy);
}

static char *join(const char *path, const char *name)
{
	return *path ? hd_text("%s/%s", path, name) : strdup(name);
}

/* @name is in @path; @next is what the pattern says of what is in it. */
static int descend(const struct search *s, const char *path, const char *name,
		   const char *next, unsigned depth)
{
	HD_AUTOFREE char *whole = join(path, name);

	if (!whole)
		return -ENOMEM;
	return next ? search(s, whole, next, depth + 1) : add(s, whole);
}

/* All in the folder @path whose names match. */
static int search_folder(const struct search *s, const char *path,
			 const char *pattern, const char *next, unsigned depth,
			 bool folders)
{
	int fd = -1, unread = 0;
	int r = hd_seen_required(hd_host_openat(s->record->host,
						*path ? path : ".",
						O_RDONLY | O_DIRECTORY, &fd));
	DIR *dir = r < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		hd_auto_close(&fd);
		return r < 0 ? hd_recording_miss_errno(s->record, path, -r) :
			       -ENOMEM;
	}
	while (r == 0 && (entry = hd_dir_next(dir, &unread)))
		if ((!folders || entry->d_type == DT_DIR ||
		     entry->d_type == DT_UNKNOWN) &&
		    fnmatch(pattern, entry->d_name,
			    FNM_EXTMATCH | FNM_PERIOD) == 0)
			r = descend(s, path, entry->d_name, next, depth);
	closedir(dir);
	return unread < 0 ? hd_recording_miss_errno(s->record, path, -unread) :
			    r;
}

/* The length of a pattern's first part; in "@(a/b|c)" slashes separate nothing.
 */
static size_t first_part(const char *pattern)
{
	size_t n = 0;
	int depth = 0;

	for (; pattern[n] && (pattern[n] != '/' || depth); n++)
		depth += (pattern[n] == '(') - (pattern[n] == ')');
	return n;
}

/* "@(a/b|c)/d": each alternative in turn, with what follows. */
static int search_alternatives(const struct search *s, const char *path,
			       const char *part, const char *next,
			       unsigned depth)
{
	HD_AUTOFREE char *list = strndup(part + 2, strlen(part) - 3);
	char *place = NULL;
	int r = 0;

	if (!list)
		return -ENOMEM;
	for (char *one = strtok_r(list, "|", &place); r == 0 && one;
	     one = strtok_r(NULL, "|", &place)) {
		HD_AUTOFREE char *pattern =
			next ? hd_text("%s/%s", one, next) : strdup(one);

		r = pattern ? search(s, path, pattern, depth) : -ENOMEM;
	}
	return r;
}

/* Adds what @rest, a pattern, matches below @path. */
static int search(const struct search *s, const char *path, const char *rest,
		  unsigned depth)
{
	size_t n = first_part(rest);
	HD_AUTOFREE char *part = strndup(rest, n);
	const char *next = rest[n] ? rest + n + 1 : NULL;
	int r;

	if (!part)
		return -ENOMEM;
	if (depth > DEPTH_LIMIT)
		return hd_recording_miss(s->record, path, "it is too deep");
	if (strcmp(part, "**") == 0) {
		r = search(s, path, next, depth);
		return r < 0 ? r :
			       search_folder(s, path, "*", rest, depth, true);
	}
	if (hd_after(part, "@(") && strchr(part, '/'))
		return search_alternatives(s, path, part, next, depth);
	if (!is_pattern(part))
		return descend(s, path, part, next, depth);
	return search_folder(s, path, part, next, depth, false);
}

/* @pattern with the kernel's release for "%". */
static char *with_release(const char *pattern, const char *release)
{
	const char *mark = strchr(pattern, '%');

	return mark ? hd_text("%.*s%s%s", (int)(mark - pattern), pattern,
			      release, mark + 1) :
		      strdup(pattern);
}

/* NULL when it isn't known: without it there are no modules to record. */
static int kernel_release(struct hd_recording *record, char **ret)
{
	HD_AUTOFREE char *release = NULL;
	int r = hd_proc_read_release(record->host, &release);

	if (r == 0 && is_pattern(release))
		r = -EINVAL;
	if (r == 0)
		*ret = hd_steal(&release);
	return r < 0 ? hd_recording_miss_errno(record, &HD_PROC_RELEASE[1],
					       -r) :
		       0;
}

/* The number in a file of /run: 0, -EINVAL when it has none, or as ever. */
static int read_pid(const struct hd_host *host, const char *path, int64_t *ret)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r = hd_seen_required(
		hd_host_read(host, path, PID_LIMIT, &text, &length));

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	return hd_word_number(text, INT32_MAX, ret) ? 0 : -EINVAL;
}

/* The processes of libvirt and of guests, as far as their pid files tell. */
static int add_processes(struct hd_recording *record)
{
	int r = 0;

	for (size_t i = 0, n = record->n; r == 0 && i < n; i++) {
		const char *path = record->entries[i]->path;
		HD_AUTOFREE char *pattern = NULL;
		struct rule rule = { NULL, TEXT, AS_IT_IS };
		const struct search s = { record, &rule };
		int64_t pid;

		if (!hd_after(path, "run/") || !hd_ends_with(path, ".pid"))
			continue;
		r = read_pid(record->host, path, &pid);
		if (r < 0) {
			r = hd_recording_miss_errno(record, path, -r);
			continue;
		}
		pattern = hd_text("proc/%d/@(stat|cmdline|status|limits)",
				  (int)pid);
		r = pattern ? search(&s, "", pattern, 0) : -ENOMEM;
	}
	return r;
}

int hd_collect_files(struct hd_recording *record)
{
	HD_AUTOFREE char *release = NULL;

	if (kernel_release(record, &release) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < N_RULES; i++) {
		const struct search s = { record, &rules[i] };
		HD_AUTOFREE char *pattern = NULL;
		int r;

		if (strchr(rules[i].pattern, '%') && !release)
			continue;
		pattern = with_release(rules[i].pattern, release);
		r = pattern ? search(&s, "", pattern, 0) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return add_processes(record);
}
