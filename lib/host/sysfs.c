// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define BTRFS HD_SYSFS "/fs/btrfs"
#define PAGE 4096

/* The kernel's MODULE_NAME_LEN is below 64, and drivers are named alike. */
#define NAME_LIMIT 64

static struct hd_seen open_path(const struct hd_host *host, int flags,
				int *ret_fd, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static struct hd_seen open_path(const struct hd_host *host, int flags,
				int *ret_fd, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return n < 0 || (size_t)n >= sizeof(path) ?
		       hd_seen_of(-ENAMETOOLONG) :
		       hd_host_openat(host, path, flags, ret_fd);
}

struct hd_seen hd_sysfs_open_device(const struct hd_host *host,
				    struct hd_addr addr, int *ret_fd)
{
	return open_path(host, O_PATH | O_DIRECTORY, ret_fd,
			 HD_SYSFS_PCI "/devices/%s", hd_addr_text(addr).s);
}

bool hd_sysfs_is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < NAME_LIMIT && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

struct hd_seen hd_sysfs_open_driver(const struct hd_host *host,
				    const char *driver, int *ret_fd)
{
	return hd_sysfs_is_name(driver) ?
		       open_path(host, O_PATH | O_DIRECTORY, ret_fd,
				 HD_SYSFS_PCI "/drivers/%s", driver) :
		       hd_seen_of(-EINVAL);
}

struct hd_seen hd_sysfs_open_platform_device(const struct hd_host *host,
					     const char *name, int *ret_fd)
{
	return hd_sysfs_is_name(name) ?
		       open_path(host, O_PATH | O_DIRECTORY, ret_fd,
				 HD_SYSFS_PLATFORM "/devices/%s", name) :
		       hd_seen_of(-EINVAL);
}

struct hd_seen hd_sysfs_open_platform_driver(const struct hd_host *host,
					     const char *name, int *ret_fd)
{
	return hd_sysfs_is_name(name) ?
		       open_path(host, O_PATH | O_DIRECTORY, ret_fd,
				 HD_SYSFS_PLATFORM "/drivers/%s", name) :
		       hd_seen_of(-EINVAL);
}

struct hd_seen hd_sysfs_open_module(const struct hd_host *host,
				    const char *name, const char *sub,
				    int *ret_fd)
{
	return hd_sysfs_is_name(name) ?
		       open_path(host, O_RDONLY | O_DIRECTORY, ret_fd,
				 HD_SYSFS_MODULES "/%s/%s", name, sub) :
		       hd_seen_of(-EINVAL);
}

struct hd_seen hd_sysfs_open_modules(const struct hd_host *host, int *ret_fd)
{
	return hd_host_openat(host, HD_SYSFS_MODULES, O_PATH | O_DIRECTORY,
			      ret_fd);
}

struct hd_seen hd_sysfs_open_acpi_tables(const struct hd_host *host,
					 int *ret_fd)
{
	return hd_host_openat(host, HD_SYSFS_ACPI_TABLES, O_PATH | O_DIRECTORY,
			      ret_fd);
}

struct hd_seen hd_sysfs_open_devices(const struct hd_host *host, int *ret_fd)
{
	return hd_host_openat(host, HD_SYSFS_PCI "/devices",
			      O_RDONLY | O_DIRECTORY, ret_fd);
}

struct hd_seen hd_sysfs_open_group(const struct hd_host *host, unsigned group,
				   int *ret_fd)
{
	return open_path(host, O_RDONLY | O_DIRECTORY, ret_fd,
			 HD_SYSFS_GROUPS "/%u/devices", group);
}

struct hd_seen hd_sysfs_open_block(const struct hd_host *host, const char *name,
				   int *ret_fd)
{
	return hd_sysfs_is_name(name) ?
		       open_path(host, O_RDONLY | O_DIRECTORY, ret_fd,
				 HD_SYSFS_BLOCK "/%s", name) :
		       hd_seen_of(-EINVAL);
}

/*
 * An attribute comes in one read(2), a page long at most, unless pages are
 * larger, or it isn't of sysfs: then it fills ours, and is read to its end.
 */
static int read_attribute(int fd, char **ret)
{
	char page[PAGE + 1];
	HD_AUTOFREE char *text = NULL;
	int r = hd_file_is_regular(fd);
	size_t length;
	ssize_t n;

	if (r < 0)
		return r;
	n = read(fd, page, PAGE);
	if (n < 0 && errno != EINTR)
		return -errno;
	length = n > 0 ? (size_t)n : 0;
	if (n < 0 || n == PAGE)
		r = lseek(fd, 0, SEEK_SET) < 0 ?
			    -errno :
			    hd_read_all(fd, HD_SYSFS_LIMIT, &text, &length);
	else if ((text = calloc(1, length + 1)))
		memcpy(text, page, length); /* which may have a NUL in it */
	if (r < 0 || !text)
		return r < 0 ? r : -ENOMEM;
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	*ret = hd_steal(&text);
	return 0;
}

/* Takes over what opening gave, and reads it. */
static struct hd_seen read_opened(struct hd_seen opened, int fd, char **ret)
{
	HD_AUTOCLOSE int attribute_fd = fd;

	return opened.is == HD_PRESENT ?
		       hd_seen_of(read_attribute(attribute_fd, ret)) :
		       opened;
}

struct hd_seen hd_sysfs_read_lockdown(const struct hd_host *host, char **ret)
{
	int fd = -1;
	struct hd_seen opened =
		hd_host_openat(host, HD_SYSFS_KERNEL "/security/lockdown",
			       O_RDONLY | O_NONBLOCK, &fd);

	return read_opened(opened, fd, ret);
}

struct hd_seen hd_sysfs_read_regions(const struct hd_host *host, unsigned group,
				     char **ret)
{
	int fd = -1;
	struct hd_seen opened =
		open_path(host, O_RDONLY | O_NONBLOCK, &fd,
			  HD_SYSFS_GROUPS "/%u/reserved_regions", group);

	return read_opened(opened, fd, ret);
}

struct hd_seen hd_sysfs_open_class(const struct hd_host *host,
				   const char *class, const char *name,
				   const char *sub, int *ret_fd)
{
	if (*name && !hd_sysfs_is_name(name))
		return hd_seen_of(-EINVAL);
	return open_path(host, O_RDONLY | O_DIRECTORY, ret_fd,
			 HD_SYSFS_CLASS "/%s/%s/%s", class, name, sub);
}

struct hd_seen hd_sysfs_read_class(const struct hd_host *host,
				   const char *class, const char *name,
				   const char *attribute, char **ret)
{
	struct hd_seen opened;
	int fd = -1;

	if (!hd_sysfs_is_name(name))
		return hd_seen_of(-EINVAL);
	opened = open_path(host, O_RDONLY | O_NONBLOCK, &fd,
			   HD_SYSFS_CLASS "/%s/%s/%s", class, name, attribute);
	return read_opened(opened, fd, ret);
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

/* Takes over what opening the link itself gave, and reads it. */
static struct hd_seen read_target(struct hd_seen opened, int fd, char **ret)
{
	HD_AUTOCLOSE int link_fd = fd;

	return opened.is == HD_PRESENT ?
		       hd_seen_of(read_link(link_fd, "", false, ret)) :
		       opened;
}

struct hd_seen hd_sysfs_read_class_link(const struct hd_host *host,
					const char *class, const char *name,
					char **ret)
{
	struct hd_seen opened;
	int fd = -1;

	if (!hd_sysfs_is_name(name))
		return hd_seen_of(-EINVAL);
	opened = open_path(host, O_PATH | O_NOFOLLOW, &fd,
			   HD_SYSFS_CLASS "/%s/%s", class, name);
	return read_target(opened, fd, ret);
}

struct hd_seen hd_sysfs_read_number_link(const struct hd_host *host,
					 unsigned major_number,
					 unsigned minor_number, char **ret)
{
	int fd = -1;
	struct hd_seen opened = open_path(host, O_PATH | O_NOFOLLOW, &fd,
					  HD_SYSFS "/dev/block/%u:%u",
					  major_number, minor_number);

	return read_target(opened, fd, ret);
}

struct hd_seen hd_sysfs_read_device_link(const struct hd_host *host,
					 struct hd_addr addr, char **ret)
{
	int fd = -1;
	struct hd_seen opened =
		open_path(host, O_PATH | O_NOFOLLOW, &fd,
			  HD_SYSFS_PCI "/devices/%s", hd_addr_text(addr).s);

	return read_target(opened, fd, ret);
}

/* Where the path of a root bus begins: "/pci0000:00/". */
static char *find_root_bus(char *path)
{
	for (char *p = path; (p = strstr(p, "/pci")); p++)
		if (p[1 + strcspn(p + 1, ":/")] == ':')
			return p;
	return NULL;
}

/*
 * The node is of what the root bus hangs on, drivers/pci/of.c; the kernel's
 * folder of nodes has several names, which all end the same.
 */
struct hd_seen hd_sysfs_read_host_node(const struct hd_host *host,
				       struct hd_addr addr, char **ret)
{
	static const char base[] = "/devicetree/base";
	HD_AUTOFREE char *device = NULL, *target = NULL;
	struct hd_seen seen = hd_sysfs_read_device_link(host, addr, &device);
	char *bus = device ? find_root_bus(device) : NULL;
	const char *folder = bus ? strstr(device, "devices/") : NULL;
	const char *node;
	int fd = -1;

	if (seen.is != HD_PRESENT)
		return seen;
	if (!folder || folder > bus)
		return hd_seen_absent();
	*bus = '\0';
	seen = open_path(host, O_PATH | O_NOFOLLOW, &fd, HD_SYSFS "/%s/of_node",
			 folder);
	seen = read_target(seen, fd, &target);
	if (seen.is != HD_PRESENT)
		return seen;
	node = strstr(target, base);
	if (!node)
		return hd_seen_of(-EINVAL);
	node += strlen(base);
	*ret = strdup(*node ? node : "/");
	return hd_seen_of(*ret ? 0 : -ENOMEM);
}

/* The slot whose address is looked for, and where its name goes. */
struct slot {
	char address[sizeof(struct hd_addr_text)];
	char *name;
};

/* 1 when it is the one. */
static int match_slot(void *data, int dir_fd, const char *name)
{
	struct slot *slot = data;
	HD_AUTOFREE char *address = NULL;
	char path[NAME_MAX + sizeof("/address")];
	bool there;
	int r;

	snprintf(path, sizeof(path), "%s/address", name);
	r = hd_seen_whether(hd_sysfs_read(dir_fd, path, &address), &there);
	if (r < 0 || !there || strcmp(address, slot->address) != 0)
		return r;
	slot->name = strdup(name);
	return slot->name ? 1 : -ENOMEM;
}

struct hd_seen hd_sysfs_read_slot(const struct hd_host *host,
				  struct hd_addr addr, char **ret)
{
	struct slot slot = { .name = NULL };
	int fd = -1, r;
	struct hd_seen opened = hd_host_openat(host, HD_SYSFS_PCI "/slots",
					       O_RDONLY | O_DIRECTORY, &fd);

	if (opened.is != HD_PRESENT)
		return opened;
	snprintf(slot.address, sizeof(slot.address), "%s",
		 hd_addr_text(addr).s);
	/* "0000:01:00", without the function. */
	*strrchr(slot.address, '.') = '\0';
	r = hd_dir_each(fd, match_slot, &slot);
	if (r <= 0)
		return r == 0 ? hd_seen_absent() : hd_seen_of(r);
	*ret = slot.name;
	return hd_seen_present();
}

struct hd_seen hd_sysfs_open_btrfs(const struct hd_host *host, const char *uuid,
				   int *ret_fd)
{
	int flags = O_RDONLY | O_DIRECTORY;

	if (!uuid)
		return hd_host_openat(host, BTRFS, flags, ret_fd);
	return hd_sysfs_is_name(uuid) ? open_path(host, flags, ret_fd,
						  BTRFS "/%s/devices", uuid) :
					hd_seen_of(-EINVAL);
}

struct hd_seen hd_sysfs_read_resume(const struct hd_host *host, char **ret)
{
	int fd = -1;
	struct hd_seen opened = hd_host_openat(host, HD_SYSFS_RESUME,
					       O_RDONLY | O_NONBLOCK, &fd);

	return read_opened(opened, fd, ret);
}

struct counter {
	unsigned n, limit;
};

static int count(void *data, int dir_fd, const char *name)
{
	struct counter *counter = data;

	(void)dir_fd, (void)name;
	return ++counter->n == counter->limit;
}

struct hd_seen hd_sysfs_count_groups(const struct hd_host *host, unsigned limit,
				     unsigned *ret)
{
	struct counter counter = { 0, limit };
	int fd = -1, r;
	struct hd_seen opened = hd_host_openat(host, HD_SYSFS_GROUPS,
					       O_RDONLY | O_DIRECTORY, &fd);

	if (opened.is != HD_PRESENT)
		return opened;
	r = hd_dir_each(fd, count, &counter);
	if (r < 0)
		return hd_seen_of(r);
	*ret = counter.n;
	return hd_seen_present();
}

/* Opens an attribute so that nothing but a file is waited for. */
static int open_attribute(int dir_fd, const char *attribute)
{
	int fd = openat(dir_fd, attribute,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

struct hd_seen hd_sysfs_read(int dir_fd, const char *attribute, char **ret)
{
	HD_AUTOCLOSE int fd = open_attribute(dir_fd, attribute);

	return hd_seen_of(fd < 0 ? fd : read_attribute(fd, ret));
}

struct hd_seen hd_sysfs_read_bytes(int dir_fd, const char *attribute,
				   void *data, size_t size, size_t *ret_length)
{
	HD_AUTOCLOSE int fd = open_attribute(dir_fd, attribute);
	int r = fd < 0 ? fd : hd_file_is_regular(fd);
	size_t length = 0;
	ssize_t n = 1;

	while (r == 0 && n != 0 && length < size) {
		n = read(fd, (char *)data + length, size - length);
		if (n < 0 && errno != EINTR)
			r = -errno;
		length += n > 0 ? (size_t)n : 0;
	}
	if (r == 0)
		*ret_length = length;
	return hd_seen_of(r);
}

/* A write to "rom" at its beginning, whole or not at all. */
static int show_rom(int fd, const char *text)
{
	ssize_t n = pwrite(fd, text, strlen(text), 0);

	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : -EIO;
}

struct hd_seen hd_sysfs_read_rom(int dir_fd, size_t limit, char **ret,
				 size_t *ret_length, int *ret_shown)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, "rom",
		       O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : hd_file_is_regular(fd);
	sigset_t all, before;

	*ret_shown = 0;
	if (r == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = -errno;
	if (r < 0)
		return hd_seen_of(r);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = show_rom(fd, "1");
	if (r == 0)
		r = hd_read_all(fd, limit, ret, ret_length);
	/* pci_write_rom() knows this text alone, with its newline. */
	*ret_shown = show_rom(fd, "0\n");
	if (*ret_shown == -ENODEV &&
	    hd_sysfs_look(dir_fd, "rom").is == HD_ABSENT)
		*ret_shown = 0; /* it went away, with what it showed */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return hd_seen_of(r);
}

struct hd_seen hd_sysfs_open_folder(int dir_fd, const char *name, int *ret_fd)
{
	int fd = openat(dir_fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		*ret_fd = fd;
	return hd_seen_of(fd < 0 ? -errno : fd);
}

struct hd_seen hd_sysfs_read_number(int dir_fd, const char *attribute,
				    int64_t *ret)
{
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen = hd_sysfs_read(dir_fd, attribute, &text);
	char *end;
	long long value;

	if (seen.is != HD_PRESENT)
		return seen;
	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno || end == text || *end != '\0')
		return hd_seen_of(-EINVAL);
	*ret = value;
	return seen;
}

struct hd_seen hd_sysfs_read_link(int dir_fd, const char *link, char **ret)
{
	return hd_seen_of(read_link(dir_fd, link, true, ret));
}

struct hd_seen hd_sysfs_read_mode(int dir_fd, const char *name, bool *ret_reads,
				  bool *ret_writes)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return hd_seen_of(-errno);
	*ret_reads = st.st_mode & 0444;
	*ret_writes = st.st_mode & 0222;
	return hd_seen_present();
}

struct hd_seen hd_sysfs_look(int dir_fd, const char *name)
{
	struct stat st;

	return hd_seen_of(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ?
				  -errno :
				  0);
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
