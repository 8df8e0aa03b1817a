// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/nodes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/* USB allows seven levels of hubs, each with some levels of its own in sysfs.
 */
#define DEPTH_LIMIT 48

/* A disk shelf with hundreds of disks has far less. */
#define FOLDER_LIMIT 100000

/* The major of all nodes of the NVIDIA driver; 254 and 255 are of no device. */
#define NVIDIA_MAJOR 195

struct walk {
	struct hd_nodes *nodes;
	const struct hd_host *host;
	struct hd_addr addr;
	unsigned folders;
};

static int walk_folder(struct walk *walk, int fd, const char *name, bool net,
		       unsigned depth);

static int add_node(struct walk *walk, enum hd_node_kind kind, const char *name,
		    struct hd_node **ret)
{
	struct hd_node *node = hd_array_add(&walk->nodes->items,
					    &walk->nodes->n, sizeof(*node));

	if (!node)
		return -ENOMEM;
	node->addr = walk->addr;
	node->kind = kind;
	node->name = strdup(name);
	*ret = node;
	return node->name ? 0 : -ENOMEM;
}

static bool is_block(int fd)
{
	HD_AUTOFREE char *subsystem = NULL;

	return hd_unsorted(hd_sysfs_read_link(fd, "subsystem", &subsystem)) ==
		       0 &&
	       strcmp(subsystem, "block") == 0;
}

/* A folder with "dev" stands for a file in /dev. */
static int add_file(struct walk *walk, int fd, const char *name)
{
	HD_AUTOFREE char *text = NULL;
	unsigned major_number, minor_number;
	struct hd_node *node;
	int r;

	if (hd_unsorted(hd_sysfs_read(fd, "dev", &text)) < 0 ||
	    sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return 0;
	r = add_node(walk, is_block(fd) ? HD_NODE_BLOCK : HD_NODE_CHAR, name,
		     &node);
	if (r < 0)
		return r;
	node->major = major_number;
	node->minor = minor_number;
	return 0;
}

/* A folder below one called "net" stands for an interface. */
static int add_interface(struct walk *walk, int fd, const char *name)
{
	struct hd_node *node;
	int64_t flags;
	int r;

	if (hd_unsorted(hd_sysfs_read_number(fd, "flags", &flags)) < 0)
		return 0;
	r = add_node(walk, HD_NODE_NET, name, &node);
	if (r == 0)
		node->up = flags & IFF_UP;
	return r;
}

/* "nvme0c1n2" is controller 1's way to the disk "nvme0n2". */
static int add_shared_namespace(struct walk *walk, const char *name,
				unsigned depth)
{
	unsigned subsystem, controller, number;
	char head[64];
	int fd, length = 0;

	if (sscanf(name, "nvme%uc%un%u%n", &subsystem, &controller, &number,
		   &length) != 3 ||
	    name[length])
		return 0;
	snprintf(head, sizeof(head), "nvme%un%u", subsystem, number);
	fd = HD_UNSORTED_FD(hd_sysfs_open_block, walk->host, head);
	if (fd == -ENOENT)
		return 0;
	return fd < 0 ? fd : walk_folder(walk, fd, head, false, depth + 1);
}

/* Folders of attributes, large ones among them, in which no device can be. */
static bool is_attributes(const char *name)
{
	static const char *const names[] = { "power",	  "msi_irqs",
					     "queue",	  "mq",
					     "queues",	  "statistics",
					     "integrity", "trace" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Whether an entry is a folder of its own, no link to somebody else's. */
static bool is_folder(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int walk_entries(struct walk *walk, DIR *dir, bool net, unsigned depth)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (entry = hd_dir_next(dir, &r))) {
		const char *name = entry->d_name;
		int fd;

		if (!is_folder(dirfd(dir), entry) || is_attributes(name))
			continue;
		fd = openat(dirfd(dir), name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) /* it went away meanwhile */
			continue;
		r = walk_folder(walk, fd, name, net, depth + 1);
		if (r == 0)
			r = add_shared_namespace(walk, name, depth);
	}
	return r;
}

/* Takes @fd over. @net: the folder is below one called "net". */
static int walk_folder(struct walk *walk, int fd, const char *name, bool net,
		       unsigned depth)
{
	DIR *dir = fdopendir(fd);
	int r = 0;

	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	if (depth > DEPTH_LIMIT || ++walk->folders > FOLDER_LIMIT)
		r = -E2BIG;
	if (r == 0)
		r = add_file(walk, fd, name);
	if (r == 0 && net)
		r = add_interface(walk, fd, name);
	if (r == 0)
		r = walk_entries(walk, dir, strcmp(name, "net") == 0, depth);
	closedir(dir);
	return r;
}

/* "Device Minor: 	 0" in HD_PROC_NVIDIA */
static int add_nvidia(struct walk *walk)
{
	char path[sizeof(HD_PROC_NVIDIA) + sizeof(struct hd_addr_text)];
	HD_AUTOFREE char *text = NULL;
	struct hd_node *node;
	char name[sizeof("nvidia255")];
	const char *line;
	unsigned number;
	size_t length;
	int r;

	snprintf(path, sizeof(path), HD_PROC_NVIDIA,
		 hd_addr_text(walk->addr).s);
	if (hd_unsorted(hd_host_read(walk->host, path, 4096, &text, &length)) <
	    0)
		return 0;
	line = strstr(text, "Device Minor:");
	if (!line || sscanf(line, "Device Minor: %3u", &number) != 1 ||
	    number > 253)
		return 0;
	snprintf(name, sizeof(name), "nvidia%u", number);
	r = add_node(walk, HD_NODE_CHAR, name, &node);
	if (r < 0)
		return r;
	node->major = NVIDIA_MAJOR;
	node->minor = number;
	return 0;
}

int hd_nodes_add(struct hd_nodes *nodes, const struct hd_host *host,
		 const struct hd_device *device, struct hd_err *err)
{
	struct walk walk = { nodes, host, device->addr, 0 };
	HD_AUTOCLOSE int fd =
		HD_UNSORTED_FD(hd_sysfs_open_device, host, device->addr);
	int dir_fd = -1, r = fd;

	if (fd == -ENOENT)
		return 0;
	if (fd >= 0) {
		dir_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = dir_fd < 0 ?
			    -errno :
			    walk_folder(&walk, dir_fd,
					hd_addr_text(device->addr).s, false, 0);
	}
	if (r == 0 && device->driver && strcmp(device->driver, "nvidia") == 0)
		r = add_nvidia(&walk);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot read what is below " HD_SYSFS_PCI
				  "/devices/%s: %s",
				  hd_addr_text(device->addr).s, strerror(-r));
	return 0;
}

void hd_nodes_clear(struct hd_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++)
		free(nodes->items[i].name);
	free(nodes->items);
	*nodes = (struct hd_nodes){ NULL, 0 };
}
