// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/devicetree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/host/sysfs.h"

/* Trees of phones have some thousand nodes, in seven levels at most. */
#define DEPTH_LIMIT 16
#define NODES_LIMIT 100000
#define PROPERTY_LIMIT 512

struct walk {
	struct hd_devicetree *tree;
	unsigned depth, nodes;
	int error; /* the first negative errno of something unread, or 0 */
};

/* Whether it is there; what can't be known makes the tree unknown. */
static bool saw(struct walk *walk, struct hd_seen seen)
{
	if (!walk->error)
		walk->error = seen.error;
	return seen.is == HD_PRESENT;
}

static bool has(struct walk *walk, int node_fd, const char *name)
{
	return saw(walk, hd_sysfs_look(node_fd, name));
}

/* A property's bytes, ended by two NULs; 0 when there is none. */
static size_t read_property(struct walk *walk, int node_fd, const char *name,
			    char ret[PROPERTY_LIMIT + 2])
{
	HD_AUTOCLOSE int fd = openat(
		node_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = 0;
	int r = fd < 0 ? -errno : hd_file_is_regular(fd);

	if (saw(walk, hd_seen_of(r))) {
		n = read(fd, ret, PROPERTY_LIMIT);
		saw(walk, hd_seen_of(n < 0 ? -errno : 0));
	}
	if (n < 0)
		n = 0;
	ret[n] = ret[n + 1] = '\0';
	return (size_t)n;
}

/* Whether one of the texts of a property begins with @prefix. */
static bool has_text(const char *texts, size_t n, const char *prefix)
{
	for (const char *p = texts; p < texts + n; p += strlen(p) + 1)
		if (hd_after(p, prefix))
			return true;
	return false;
}

/* No "status" is "okay". */
static bool is_on(struct walk *walk, int fd)
{
	char status[PROPERTY_LIMIT + 2];

	return read_property(walk, fd, "status", status) == 0 ||
	       strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static void take_smmu(struct walk *walk, int fd, bool v3)
{
	struct hd_devicetree *tree = walk->tree;

	tree->smmus++;
	if (!is_on(walk, fd)) {
		tree->smmus_off++;
		return;
	}
	tree->v3s += v3;
	tree->v3s_coherent += v3 && has(walk, fd, "dma-coherent");
}

static void take_host(struct walk *walk, int fd)
{
	struct hd_devicetree *tree = walk->tree;
	bool mapped = has(walk, fd, "iommu-map");

	if (!is_on(walk, fd))
		return;
	tree->hosts++;
	tree->hosts_mapped += mapped;
	tree->hosts_misled += !mapped && has(walk, fd, "iommus");
	tree->hosts_msi +=
		has(walk, fd, "msi-map") || has(walk, fd, "msi-parent");
}

/* Returns whether there is something to see below the node. */
static bool take_node(struct walk *walk, int fd, const char *name)
{
	struct hd_devicetree *tree = walk->tree;
	char texts[PROPERTY_LIMIT + 2], type[PROPERTY_LIMIT + 2];
	size_t n = read_property(walk, fd, "compatible", texts);

	if (has_text(texts, n, "arm,smmu") || has_text(texts, n, "arm,mmu-"))
		take_smmu(walk, fd, has_text(texts, n, "arm,smmu-v3"));
	tree->its |= has_text(texts, n, "arm,gic-v3-its");
	if (strcmp(name, "hypervisor") == 0)
		snprintf(tree->hypervisor, sizeof(tree->hypervisor), "%.*s",
			 (int)sizeof(tree->hypervisor) - 1,
			 n ? texts : "unknown");
	read_property(walk, fd, "device_type", type);
	if (strcmp(type, "pci") != 0)
		return true;
	take_host(walk, fd);
	return false;
}

static int visit(void *data, int dir_fd, const char *name)
{
	struct walk *walk = data;
	int fd = openat(dir_fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	/* Properties are files, and links are the kernel's own. */
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ?
			       0 :
			       -errno;
	if (++walk->nodes > NODES_LIMIT || walk->depth >= DEPTH_LIMIT) {
		close(fd);
		return -E2BIG;
	}
	if (!take_node(walk, fd, name)) {
		close(fd);
		return 0;
	}
	walk->depth++;
	r = hd_dir_each(fd, visit, walk);
	walk->depth--;
	return r;
}

void hd_devicetree_read(const struct hd_host *host, struct hd_devicetree *ret)
{
	struct walk walk = { .tree = ret };
	int fd = -1;
	struct hd_seen opened = hd_host_openat(host, HD_SYSFS_DEVICETREE,
					       O_RDONLY | O_DIRECTORY, &fd);

	memset(ret, 0, sizeof(*ret));
	ret->there = opened.is == HD_PRESENT;
	ret->error = opened.error;
	if (ret->there)
		ret->error = hd_dir_each(fd, visit, &walk);
	if (!ret->error)
		ret->error = walk.error;
}
