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
};

/* A property's bytes, ended by two NULs; 0 when there is none. */
static size_t read_property(int node_fd, const char *name,
			    char ret[PROPERTY_LIMIT + 2])
{
	HD_AUTOCLOSE int fd =
		openat(node_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, PROPERTY_LIMIT);

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
static bool is_on(int fd)
{
	char status[PROPERTY_LIMIT + 2];

	return read_property(fd, "status", status) == 0 ||
	       strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static void take_smmu(struct hd_devicetree *tree, int fd, bool v3)
{
	tree->smmus++;
	if (!is_on(fd)) {
		tree->smmus_off++;
		return;
	}
	tree->v3s += v3;
	tree->v3s_coherent +=
		v3 && (hd_unsorted(hd_sysfs_look(fd, "dma-coherent")) == 0);
}

static void take_host(struct hd_devicetree *tree, int fd)
{
	bool mapped = (hd_unsorted(hd_sysfs_look(fd, "iommu-map")) == 0);

	if (!is_on(fd))
		return;
	tree->hosts++;
	tree->hosts_mapped += mapped;
	tree->hosts_misled +=
		!mapped && (hd_unsorted(hd_sysfs_look(fd, "iommus")) == 0);
	tree->hosts_msi += (hd_unsorted(hd_sysfs_look(fd, "msi-map")) == 0) ||
			   (hd_unsorted(hd_sysfs_look(fd, "msi-parent")) == 0);
}

/* Returns whether there is something to see below the node. */
static bool take_node(struct hd_devicetree *tree, int fd, const char *name)
{
	char texts[PROPERTY_LIMIT + 2], type[PROPERTY_LIMIT + 2];
	size_t n = read_property(fd, "compatible", texts);

	if (has_text(texts, n, "arm,smmu") || has_text(texts, n, "arm,mmu-"))
		take_smmu(tree, fd, has_text(texts, n, "arm,smmu-v3"));
	tree->its |= has_text(texts, n, "arm,gic-v3-its");
	if (strcmp(name, "hypervisor") == 0)
		snprintf(tree->hypervisor, sizeof(tree->hypervisor), "%.*s",
			 (int)sizeof(tree->hypervisor) - 1,
			 n ? texts : "unknown");
	read_property(fd, "device_type", type);
	if (strcmp(type, "pci") != 0)
		return true;
	take_host(tree, fd);
	return false;
}

static int visit(void *data, int dir_fd, const char *name)
{
	struct walk *walk = data;
	int fd = openat(dir_fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return 0;
	if (++walk->nodes > NODES_LIMIT || walk->depth >= DEPTH_LIMIT ||
	    !take_node(walk->tree, fd, name)) {
		close(fd);
		return walk->nodes > NODES_LIMIT ? -E2BIG : 0;
	}
	walk->depth++;
	r = hd_dir_each(fd, visit, walk);
	walk->depth--;
	return r;
}

void hd_devicetree_read(const struct hd_host *host, struct hd_devicetree *ret)
{
	struct walk walk = { ret, 0, 0 };
	int fd = HD_UNSORTED_FD(hd_host_openat, host, HD_SYSFS_DEVICETREE,
				O_RDONLY | O_DIRECTORY);

	memset(ret, 0, sizeof(*ret));
	ret->there = fd >= 0;
	ret->error = fd < 0 && fd != -ENOENT ? fd : 0;
	if (fd >= 0)
		ret->error = hd_dir_each(fd, visit, &walk);
}
