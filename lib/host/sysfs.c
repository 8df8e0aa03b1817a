// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define BTRFS HD_SYSFS "/fs/btrfs"
#define PAGE 4096

/* The kernel's MODULE_NAME_LEN is below 64, and drivers are named alike. */
#define NAME_LIMIT 64

static int open_path(const struct hd_host *host, int flags, const char *format,
		     ...) __attribute__((format(printf, 3, 4)));

static int open_path(const struct hd_host *host, int flags, const char *format,
		     ...)
{
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return n < 0 || (size_t)n >= sizeof(path) ?
		       -ENAMETOOLONG :
		       hd_host_openat(host, path, flags);
}

int hd_sysfs_open_device(const struct hd_host *host, struct hd_addr addr)
{
	return open_path(host, O_PATH | O_DIRECTORY, HD_SYSFS_PCI "/devices/%s",
			 hd_addr_text(addr).s);
}

bool hd_sysfs_is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < NAME_LIMIT && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int hd_sysfs_open_driver(const struct hd_host *host, const char *driver)
{
	return hd_sysfs_is_name(driver) ?
		       open_path(host, O_PATH | O_DIRECTORY,
				 HD_SYSFS_PCI "/drivers/%s", driver) :
		       -EINVAL;
}

int hd_sysfs_open_modules(const struct hd_host *host)
{
	return hd_host_openat(host, HD_SYSFS_MODULES, O_PATH | O_DIRECTORY);
}

int hd_sysfs_open_acpi_tables(const struct hd_host *host)
{
	return hd_host_openat(host, HD_SYSFS_ACPI_TABLES, O_PATH | O_DIRECTORY);
}

int hd_sysfs_read_lockdown(const struct hd_host *host, char **ret)
{
	HD_AUTOCLOSE int fd = hd_host_openat(host, HD_SYSFS_KERNEL "/security",
					     O_PATH | O_DIRECTORY);

	return fd < 0 ? fd : hd_sysfs_read(fd, "lockdown", ret);
}

int hd_sysfs_open_devices(const struct hd_host *host)
{
	return hd_host_openat(host, HD_SYSFS_PCI "/devices",
			      O_RDONLY | O_DIRECTORY);
}

int hd_sysfs_open_group(const struct hd_host *host, unsigned group)
{
	return open_path(host, O_RDONLY | O_DIRECTORY,
			 HD_SYSFS_GROUPS "/%u/devices", group);
}

int hd_sysfs_open_block(const struct hd_host *host, const char *name)
{
	return hd_sysfs_is_name(name) ? open_path(host, O_RDONLY | O_DIRECTORY,
						  HD_SYSFS_BLOCK "/%s", name) :
					-EINVAL;
}

/*
 * An attribute comes in one read(2), a page long at most, unless pages are
 * larger, or it isn't of sysfs: then it fills ours, and is read to its end.
 */
static int read_attribute(int fd, char **ret)
{
	char page[PAGE + 1];
	ssize_t n = read(fd, page, PAGE);
	HD_AUTOFREE char *text = NULL;
	size_t length = n > 0 ? (size_t)n : 0;
	int r = 0;

	if (n < 0 && errno != EINTR)
		return -errno;
	if (n < 0 || n == PAGE)
		r = lseek(fd, 0, SEEK_SET) < 0 ?
			    -errno :
			    hd_read_all(fd, HD_SYSFS_LIMIT, &text, &length);
	else
		text = strndup(page, length);
	if (r < 0 || !text)
		return r < 0 ? r : -ENOMEM;
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	*ret = hd_steal(&text);
	return 0;
}

int hd_sysfs_read_regions(const struct hd_host *host, unsigned group,
			  char **ret)
{
	HD_AUTOCLOSE int fd =
		open_path(host, O_RDONLY | O_NONBLOCK,
			  HD_SYSFS_GROUPS "/%u/reserved_regions", group);

	return fd < 0 ? fd : read_attribute(fd, ret);
}

int hd_sysfs_open_class(const struct hd_host *host, const char *class,
			const char *name, const char *sub)
{
	if (*name && !hd_sysfs_is_name(name))
		return -EINVAL;
	return open_path(host, O_RDONLY | O_DIRECTORY,
			 HD_SYSFS_CLASS "/%s/%s/%s", class, name, sub);
}

int hd_sysfs_read_class(const struct hd_host *host, const char *class,
			const char *name, const char *attribute, char **ret)
{
	HD_AUTOCLOSE int fd = -1;

	if (!hd_sysfs_is_name(name))
		return -EINVAL;
	fd = open_path(host, O_RDONLY | O_NONBLOCK, HD_SYSFS_CLASS "/%s/%s/%s",
		       class, name, attribute);
	return fd < 0 ? fd : read_attribute(fd, ret);
}

static int read_link(int dir_fd, const char *link, bool last, char **ret)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, link, target, sizeof(target));
	const char *slash;

	if (n < 0 || (size_t)n >= sizeof(target))
		return n < 0 ? -errno : -ENAMETOOLONG;
	target[n] = '\0';
	slash = last ? strrchr(target, '/') : NULL;
	*ret = strdup(slash ? slash + 1 : target);
	return *ret ? 0 : -ENOMEM;
}

/* Takes @fd over, of the link itself, or a failure. */
static int read_target(int fd, char **ret)
{
	HD_AUTOCLOSE int link_fd = fd;

	return fd < 0 ? fd : read_link(link_fd, "", false, ret);
}

int hd_sysfs_read_class_link(const struct hd_host *host, const char *class,
			     const char *name, char **ret)
{
	if (!hd_sysfs_is_name(name))
		return -EINVAL;
	return read_target(open_path(host, O_PATH | O_NOFOLLOW,
				     HD_SYSFS_CLASS "/%s/%s", class, name),
			   ret);
}

int hd_sysfs_read_number_link(const struct hd_host *host, unsigned major_number,
			      unsigned minor_number, char **ret)
{
	return read_target(open_path(host, O_PATH | O_NOFOLLOW,
				     HD_SYSFS "/dev/block/%u:%u", major_number,
				     minor_number),
			   ret);
}

int hd_sysfs_read_device_link(const struct hd_host *host, struct hd_addr addr,
			      char **ret)
{
	return read_target(open_path(host, O_PATH | O_NOFOLLOW,
				     HD_SYSFS_PCI "/devices/%s",
				     hd_addr_text(addr).s),
			   ret);
}

int hd_sysfs_read_slot(const struct hd_host *host, struct hd_addr addr,
		       char **ret)
{
	int fd = hd_host_openat(host, HD_SYSFS_PCI "/slots",
				O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct hd_addr_text text = hd_addr_text(addr);
	const struct dirent *entry;
	int r = -ENOENT;

	if (!dir) {
		hd_auto_close(&fd);
		return -ENOENT;
	}
	/* "0000:01:00", without the function. */
	*strrchr(text.s, '.') = '\0';
	while (r == -ENOENT && (entry = hd_dir_next(dir, &r))) {
		HD_AUTOFREE char *address = NULL;
		char path[NAME_MAX + sizeof("/address")];

		snprintf(path, sizeof(path), "%s/address", entry->d_name);
		if (hd_sysfs_read(fd, path, &address) < 0 ||
		    strcmp(address, text.s) != 0)
			continue;
		*ret = strdup(entry->d_name);
		r = *ret ? 0 : -ENOMEM;
	}
	closedir(dir);
	return r;
}

int hd_sysfs_open_btrfs(const struct hd_host *host, const char *uuid)
{
	int flags = O_RDONLY | O_DIRECTORY;

	if (!uuid)
		return hd_host_openat(host, BTRFS, flags);
	return hd_sysfs_is_name(uuid) ?
		       open_path(host, flags, BTRFS "/%s/devices", uuid) :
		       -EINVAL;
}

int hd_sysfs_read_resume(const struct hd_host *host, char **ret)
{
	HD_AUTOCLOSE int fd =
		hd_host_openat(host, HD_SYSFS_RESUME, O_RDONLY | O_NONBLOCK);

	return fd < 0 ? fd : read_attribute(fd, ret);
}

unsigned hd_sysfs_count_groups(const struct hd_host *host, unsigned limit)
{
	int fd = hd_host_openat(host, HD_SYSFS_GROUPS, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		hd_auto_close(&fd);
		return 0;
	}
	while (n < limit && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

int hd_sysfs_read(int dir_fd, const char *attribute, char **ret)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, attribute, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : read_attribute(fd, ret);
}

int hd_sysfs_read_number(int dir_fd, const char *attribute, int64_t *ret)
{
	HD_AUTOFREE char *text = NULL;
	int r = hd_sysfs_read(dir_fd, attribute, &text);
	char *end;
	long long value;

	if (r < 0)
		return r;
	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno || end == text || *end != '\0')
		return -EINVAL;
	*ret = value;
	return 0;
}

int hd_sysfs_read_link(int dir_fd, const char *link, char **ret)
{
	return read_link(dir_fd, link, true, ret);
}

bool hd_sysfs_exists(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int hd_sysfs_write(int dir_fd, const char *attribute, const char *text)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, attribute, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, length);
	if (n < 0)
		return -errno;
	/* An attribute takes all or nothing; less is nothing. */
	return (size_t)n == length ? 0 : -EIO;
}
