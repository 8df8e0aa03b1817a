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
#include "lib/base/finding.h"
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
	struct hd_err *err;
};

/* One that is walked through, on the way down from the device's own. */
struct folder {
	const struct folder *up; /* NULL for where the walk begins */
	const char *name; /* the path, where the walk begins */
	int fd;
	unsigned depth;
	bool in_net; /* it is directly below a folder "net" of a class */
};

/* "FOLDER/NAME"; the caller frees it. */
static char *path_of(const struct folder *folder, const char *name)
{
	HD_AUTOFREE char *above = folder->up ?
					  path_of(folder->up, folder->name) :
					  strdup(folder->name);

	return above ? hd_text("%s%s%s", above, *name ? "/" : "", name) : NULL;
}

/* Whatever can't be known may be what the host can't do without. */
static int fail(const struct walk *walk, const struct folder *folder,
		const char *name, int r)
{
	HD_AUTOFREE char *path = path_of(folder, name);

	if (r == -ENOMEM || !path)
		return hd_err_nomem(walk->err);
	return hd_err_set(walk->err, -r, "cannot read %s: %s", path,
			  strerror(-r));
}

static int walk_folder(struct walk *walk, struct folder *folder);

static int add_node(struct walk *walk, enum hd_node_kind kind, const char *name,
		    struct hd_node **ret)
{
	struct hd_node *node = hd_array_add(&walk->nodes->items,
					    &walk->nodes->n, sizeof(*node));

	if (!node)
		return hd_err_nomem(walk->err);
	node->addr = walk->addr;
	node->kind = kind;
	node->name = strdup(name);
	*ret = node;
	return node->name ? 0 : hd_err_nomem(walk->err);
}

/* "8:16", and nothing else. */
static bool parse_number(const char *text, struct hd_node *node)
{
	int length = 0;

	return sscanf(text, "%9u:%9u%n", &node->major, &node->minor, &length) ==
		       2 &&
	       !text[length];
}

/* A folder with "dev" stands for a file in /dev. */
static int add_file(struct walk *walk, const struct folder *folder,
		    const char *name)
{
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *subsystem = NULL;
	struct hd_node number, *node;
	struct hd_seen seen = hd_sysfs_read(folder->fd, "dev", &text);
	int r;

	/* A device may be called so, and is no attribute. */
	if (seen.is == HD_ABSENT || seen.error == -EISDIR)
		return 0;
	if (seen.is == HD_UNKNOWN || !parse_number(text, &number))
		return fail(walk, folder, "dev",
			    seen.error ? seen.error : -EINVAL);
	r = hd_seen_optional(
		hd_sysfs_read_link(folder->fd, "subsystem", &subsystem));
	if (r < 0)
		return fail(walk, folder, "subsystem", r);
	r = add_node(walk,
		     subsystem && strcmp(subsystem, "block") == 0 ?
			     HD_NODE_BLOCK :
			     HD_NODE_CHAR,
		     name, &node);
	if (r < 0)
		return r;
	node->major = number.major;
	node->minor = number.minor;
	return 0;
}

/* A folder below one called "net" stands for an interface; 1 when it does. */
static int add_interface(struct walk *walk, const struct folder *folder)
{
	struct hd_node *node;
	int64_t flags;
	bool there;
	int r = hd_seen_whether(
		hd_sysfs_read_number(folder->fd, "flags", &flags), &there);

	if (r < 0)
		return fail(walk, folder, "flags", r);
	if (!there)
		return 0;
	r = add_node(walk, HD_NODE_NET, folder->name, &node);
	if (r < 0)
		return r;
	node->up = flags & IFF_UP;
	return 1;
}

/* "nvme0c1n2" is controller 1's way to the disk "nvme0n2". */
static int add_shared_namespace(struct walk *walk, const struct folder *way)
{
	unsigned subsystem, controller, number;
	char path[sizeof(HD_SYSFS_BLOCK) + 64];
	struct folder head = { .name = path, .fd = -1, .depth = way->depth };
	const char *name;
	int r, length = 0;

	if (sscanf(way->name, "nvme%uc%un%u%n", &subsystem, &controller,
		   &number, &length) != 3 ||
	    way->name[length])
		return 0;
	snprintf(path, sizeof(path), HD_SYSFS_BLOCK "/nvme%un%u", subsystem,
		 number);
	name = path + sizeof(HD_SYSFS_BLOCK);
	r = hd_seen_optional(hd_sysfs_open_block(walk->host, name, &head.fd));
	if (r < 0)
		return fail(walk, &head, "", r);
	return head.fd < 0 ? 0 : walk_folder(walk, &head);
}

/*
 * Folders of attributes, large ones among them, in which no device is. But a
 * device may be called so too, and has a subsystem.
 */
static struct hd_seen is_attributes(int fd, const char *name)
{
	static const char *const names[] = { "power",	  "msi_irqs",
					     "queue",	  "mq",
					     "queues",	  "statistics",
					     "integrity", "trace" };
	char path[NAME_MAX + sizeof("/subsystem")];
	struct hd_seen seen;
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) &&
	       strcmp(name, names[i]) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		return hd_seen_absent();
	snprintf(path, sizeof(path), "%s/subsystem", name);
	seen = hd_sysfs_look(fd, path);
	return seen.is == HD_PRESENT ? hd_seen_absent() :
	       seen.is == HD_ABSENT  ? hd_seen_present() :
				       seen;
}

/* Whether an entry is a folder of its own, no link to somebody else's. */
static struct hd_seen is_folder(int fd, const struct dirent *entry)
{
	bool is = entry->d_type == DT_DIR;
	struct stat st;

	if (entry->d_type == DT_UNKNOWN) {
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return hd_seen_of(-errno);
		is = S_ISDIR(st.st_mode);
	}
	return is ? hd_seen_present() : hd_seen_absent();
}

/* @below_net: the entries are interfaces of the network. */
static int walk_entry(struct walk *walk, const struct folder *folder,
		      const struct dirent *entry, bool below_net)
{
	struct folder below = {
		.up = folder,
		.name = entry->d_name,
		.fd = -1,
		.depth = folder->depth + 1,
		.in_net = below_net,
	};
	struct hd_seen seen = is_folder(folder->fd, entry);
	bool skip = false;
	int r = 0;

	if (seen.is == HD_PRESENT && !below_net)
		r = hd_seen_whether(is_attributes(folder->fd, entry->d_name),
				    &skip);
	if (seen.is == HD_PRESENT && r == 0 && !skip)
		seen = hd_sysfs_open_folder(folder->fd, entry->d_name,
					    &below.fd);
	if (seen.is == HD_UNKNOWN || r < 0)
		return fail(walk, folder, entry->d_name,
			    r < 0 ? r : seen.error);
	if (below.fd < 0) /* or it went away meanwhile */
		return 0;
	r = walk_folder(walk, &below);
	return r < 0 ? r : add_shared_namespace(walk, &below);
}

/* What is called "net" is an interface itself, or has them below it. */
static int walk_entries(struct walk *walk, const struct folder *folder,
			DIR *dir, const char *name)
{
	const struct dirent *entry;
	int unread = 0, r = 0;
	bool net = strcmp(name, "net") == 0;

	r = add_file(walk, folder, name);
	if (r == 0 && folder->in_net) {
		r = add_interface(walk, folder);
		net = net && r == 0;
	}
	while (r >= 0 && (entry = hd_dir_next(dir, &unread)))
		r = walk_entry(walk, folder, entry, net);
	return unread < 0 ? fail(walk, folder, "", unread) : r < 0 ? r : 0;
}

/* Takes the folder's @fd over. */
static int walk_folder(struct walk *walk, struct folder *folder)
{
	const char *slash = strrchr(folder->name, '/');
	DIR *dir = fdopendir(folder->fd);
	int r;

	if (!dir) {
		r = -errno;
		close(folder->fd);
		return fail(walk, folder, "", r);
	}
	if (folder->depth > DEPTH_LIMIT || ++walk->folders > FOLDER_LIMIT)
		r = fail(walk, folder, "", -E2BIG);
	else
		r = walk_entries(walk, folder, dir,
				 slash ? slash + 1 : folder->name);
	closedir(dir);
	return r;
}

/*
 * "Device Minor: 	 0" in HD_PROC_NVIDIA. A driver without that file has
 * made no node for this device, and without that line it doesn't say which.
 */
static int add_nvidia(struct walk *walk)
{
	char path[sizeof(HD_PROC_NVIDIA) + sizeof(struct hd_addr_text)];
	const struct folder proc = { .name = path };
	HD_AUTOFREE char *text = NULL;
	struct hd_node *node;
	char name[sizeof("nvidia255")];
	const char *line;
	unsigned number;
	size_t length;
	int r;

	snprintf(path, sizeof(path), HD_PROC_NVIDIA,
		 hd_addr_text(walk->addr).s);
	r = hd_seen_optional(
		hd_host_read(walk->host, path, 4096, &text, &length));
	if (r < 0)
		return fail(walk, &proc, "", r);
	line = text ? strstr(text, "Device Minor:") : NULL;
	if (!line)
		return 0;
	if (sscanf(line, "Device Minor: %4u", &number) != 1 || number > 253)
		return fail(walk, &proc, "", -EINVAL);
	snprintf(name, sizeof(name), "nvidia%u", number);
	r = add_node(walk, HD_NODE_CHAR, name, &node);
	if (r < 0)
		return r;
	node->major = NVIDIA_MAJOR;
	node->minor = number;
	return 0;
}

/* How many of the first @n have an address below @key; those are sorted. */
static size_t count_below(const struct hd_nodes *nodes, size_t n, uint64_t key)
{
	size_t first = 0, end = n;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (hd_addr_key(nodes->items[middle].addr) < key)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* Puts those of one device, from @first to the end, where they belong. */
static void sort_in(struct hd_nodes *nodes, size_t first, struct hd_addr addr)
{
	size_t to = count_below(nodes, first, hd_addr_key(addr) + 1);

	for (size_t i = first; to < first && i < nodes->n; i++, to++) {
		struct hd_node node = nodes->items[i];

		memmove(&nodes->items[to + 1], &nodes->items[to],
			(i - to) * sizeof(node));
		nodes->items[to] = node;
	}
}

static int add_nodes(struct hd_nodes *nodes, const struct hd_host *host,
		     const struct hd_device *device, struct hd_err *err)
{
	struct walk walk = { nodes, host, device->addr, 0, err };
	char path[sizeof(HD_SYSFS_PCI "/devices/") +
		  sizeof(struct hd_addr_text)];
	struct folder top = { .name = path, .fd = -1 };
	HD_AUTOCLOSE int fd = -1;
	int r = hd_device_open(host, device->addr, &fd, err);

	snprintf(path, sizeof(path), HD_SYSFS_PCI "/devices/%s",
		 hd_addr_text(device->addr).s);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = hd_seen_optional(hd_sysfs_open_folder(fd, ".", &top.fd));
	if (r < 0)
		return fail(&walk, &top, "", r);
	if (top.fd >= 0)
		r = walk_folder(&walk, &top);
	if (r == 0 && device->driver && strcmp(device->driver, "nvidia") == 0)
		r = add_nvidia(&walk);
	return r;
}

int hd_nodes_add(struct hd_nodes *nodes, const struct hd_host *host,
		 const struct hd_device *device, struct hd_err *err)
{
	size_t first = nodes->n;
	int r = add_nodes(nodes, host, device, err);

	sort_in(nodes, first, device->addr);
	return r;
}

const struct hd_node *hd_nodes_of(const struct hd_nodes *nodes,
				  struct hd_addr addr, size_t *ret_n)
{
	uint64_t key = hd_addr_key(addr);
	size_t first = count_below(nodes, nodes->n, key);

	*ret_n = count_below(nodes, nodes->n, key + 1) - first;
	return *ret_n ? &nodes->items[first] : NULL;
}

void hd_nodes_clear(struct hd_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++)
		free(nodes->items[i].name);
	free(nodes->items);
	*nodes = (struct hd_nodes){ NULL, 0 };
}
