// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/host/sysfs.h"

/* Far more than a shelf of disks with a volume for each guest. */
#define LAYERS_LIMIT 4096

struct builder {
	const struct hd_host *host;
	const struct hd_mounts *mounts;
	struct hd_stack *stack;
};

typedef int (*visit_fn)(struct builder *b, const char *name, size_t below);

static bool is_known(const struct hd_stack *stack, bool pool, const char *name)
{
	for (size_t i = 0; i < stack->n; i++)
		if ((stack->items[i].kind == HD_LAYER_POOL) == pool &&
		    strcmp(stack->items[i].name, name) == 0)
			return true;
	return false;
}

/* Takes @label over; NULL is the device's own. */
static int add_layer(struct builder *b, enum hd_layer_kind kind,
		     const char *name, size_t below, char *label)
{
	struct hd_layer *layer;
	int r = 0;

	if (is_known(b->stack, kind == HD_LAYER_POOL, name)) {
		free(label);
		return 0;
	}
	layer = b->stack->n < LAYERS_LIMIT ?
			hd_array_add(&b->stack->items, &b->stack->n,
				     sizeof(*layer)) :
			NULL;
	if (!layer) {
		free(label);
		return b->stack->n < LAYERS_LIMIT ? -ENOMEM : -E2BIG;
	}
	layer->kind = kind;
	layer->below = below;
	layer->label = label;
	layer->name = strdup(name);
	if (!layer->name)
		return -ENOMEM;
	if (kind != HD_LAYER_POOL)
		r = hd_layer_describe(b->host, layer);
	/* It went away meanwhile. */
	if (hd_is_absent(r)) {
		hd_layer_clear(layer);
		b->stack->n--;
		return 0;
	}
	return r;
}

static int add_disk(struct builder *b, const char *name, size_t below)
{
	return add_layer(b, HD_LAYER_DISK, name, below, NULL);
}

/* Where for_each() is. */
struct visit {
	struct builder *b;
	size_t below;
	visit_fn visit;
};

static int visit_entry(void *data, int dir_fd, const char *name)
{
	const struct visit *visit = data;

	(void)dir_fd;
	return visit->visit(visit->b, name, visit->below);
}

static int for_each(struct builder *b, int fd, size_t below, visit_fn visit)
{
	struct visit data = { b, below, visit };
	int r = hd_dir_each(fd, visit_entry, &data);

	return hd_is_absent(r) ? 0 : r;
}

/* A partition is a folder in that of its disk, with an attribute that says so.
 */
static int add_partition(struct builder *b, const char *name, size_t below)
{
	HD_AUTOFREE char *number = NULL;
	HD_AUTOFREE char *path = NULL;
	int r;

	if (!hd_after(name, b->stack->items[below].name))
		return 0;
	path = hd_text("%s/partition", name);
	if (!path)
		return -ENOMEM;
	r = hd_unsorted(hd_sysfs_read_class(
		b->host, "block", b->stack->items[below].name, path, &number));
	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
	return add_disk(b, name, below);
}

static int add_member(struct builder *b, const char *name, size_t below)
{
	char *label = strdup("btrfs");

	return label ? add_layer(b, HD_LAYER_MEMBER, name, below, label) :
		       -ENOMEM;
}

/* One file system in /sys/fs/btrfs, when the layer is a device of it. */
static int add_members(struct builder *b, const char *uuid, size_t below)
{
	int fd = HD_UNSORTED_FD(hd_sysfs_open_btrfs, b->host, uuid);
	bool is_member;

	if (fd < 0) /* "features" has no devices */
		return hd_is_absent(fd) ? 0 : fd;
	is_member =
		(hd_unsorted(hd_sysfs_look(fd, b->stack->items[below].name)) ==
		 0);
	if (!is_member) {
		close(fd);
		return 0;
	}
	return for_each(b, fd, below, add_member);
}

static int add_pool(struct builder *b, size_t below)
{
	HD_AUTOFREE char *pool = NULL;
	char *label;
	int r = hd_layer_zfs_pool(&b->stack->items[below], &pool);

	if (r < 0 || !pool)
		return r;
	label = hd_text("ZFS %s", pool);
	return label ? add_layer(b, HD_LAYER_POOL, pool, below, label) :
		       -ENOMEM;
}

/* What the kernel says stands on one layer. */
static int climb(struct builder *b, size_t below)
{
	enum hd_layer_kind kind = b->stack->items[below].kind;
	int r;

	/* The disk beside ours carries more, but nothing of ours. */
	if (kind != HD_LAYER_DISK)
		return 0;
	r = for_each(b,
		     HD_UNSORTED_FD(hd_sysfs_open_class, b->host, "block",
				    b->stack->items[below].name, "holders"),
		     below, add_disk);
	if (r == 0)
		r = for_each(b,
			     HD_UNSORTED_FD(hd_sysfs_open_class, b->host,
					    "block",
					    b->stack->items[below].name, ""),
			     below, add_partition);
	if (r == 0)
		r = for_each(b,
			     HD_UNSORTED_FD(hd_sysfs_open_btrfs, b->host, NULL),
			     below, add_members);
	return r < 0 ? r : add_pool(b, below);
}

/* The pool that "POOL" or "POOL/data/set" is of. */
static size_t find_pool(const struct hd_stack *stack, const char *dataset)
{
	size_t length = strcspn(dataset, "/");

	for (size_t i = 0; i < stack->n; i++)
		if (stack->items[i].kind == HD_LAYER_POOL &&
		    strlen(stack->items[i].name) == length &&
		    strncmp(stack->items[i].name, dataset, length) == 0)
			return i;
	return HD_NO_LAYER;
}

/* The layer that a loop device's file or device is on. */
static size_t find_backing(const struct builder *b, const char *path)
{
	size_t mount;

	if (hd_after(path, HD_ZVOL))
		return find_pool(b->stack, path + strlen(HD_ZVOL));
	if (hd_after(path, "/dev/"))
		return hd_stack_find_device(b->stack, b->host, path);
	mount = hd_mounts_containing(b->mounts, path);
	if (mount == HD_NO_MOUNT)
		return HD_NO_LAYER;
	return hd_stack_find_mount(b->stack, b->host, &b->mounts->items[mount]);
}

static int add_virtuals(struct builder *b, const struct hd_virtuals *virtuals)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < virtuals->n; i++) {
		const struct hd_virtual *virtual = &virtuals->items[i];
		size_t below;
		char *label;

		if (is_known(b->stack, false, virtual->name))
			continue;
		below = find_backing(b, virtual->backing);
		if (below == HD_NO_LAYER)
			continue;
		label = hd_after(virtual->backing, "/dev/") ?
				strdup(virtual->name) :
				hd_text("%s" HD_ARROW "%s", virtual->backing,
					virtual->name);
		r = label ? add_layer(b, HD_LAYER_DISK, virtual->name, below,
				      label) :
			    -ENOMEM;
	}
	return r;
}

static int build(struct builder *b, struct hd_addr addr,
		 const struct hd_nodes *nodes,
		 const struct hd_virtuals *virtuals)
{
	size_t done = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < nodes->n; i++)
		if (nodes->items[i].kind == HD_NODE_BLOCK &&
		    hd_addr_equal(nodes->items[i].addr, addr))
			r = add_disk(b, nodes->items[i].name, HD_BOTTOM);
	while (r == 0 && done < b->stack->n) {
		r = climb(b, done++);
		if (r == 0 && done == b->stack->n)
			r = add_virtuals(b, virtuals);
	}
	return r;
}

int hd_stack_read(const struct hd_host *host, struct hd_addr addr,
		  const struct hd_nodes *nodes, const struct hd_mounts *mounts,
		  const struct hd_virtuals *virtuals, struct hd_stack *ret,
		  struct hd_err *err)
{
	HD_AUTO_STACK struct hd_stack stack = { NULL, 0 };
	struct builder b = { host, mounts, &stack };
	int r = build(&b, addr, nodes, virtuals);

	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r < 0)
		return hd_err_set(
			err, -r,
			"cannot find out what stands on the disks of %s: %s",
			hd_addr_text(addr).s, strerror(-r));
	*ret = stack;
	stack = (struct hd_stack){ NULL, 0 };
	return 0;
}

size_t hd_stack_find_number(const struct hd_stack *stack, unsigned major_number,
			    unsigned minor_number)
{
	for (size_t i = 0; major_number && i < stack->n; i++)
		if (stack->items[i].kind == HD_LAYER_DISK &&
		    stack->items[i].major == major_number &&
		    stack->items[i].minor == minor_number)
			return i;
	return HD_NO_LAYER;
}

/* The last name that a link below /dev leads to; udev's lead to the device. */
static char *follow(const struct hd_host *host, const char *path)
{
	HD_AUTOCLOSE int fd =
		HD_UNSORTED_FD(hd_host_openat, host, path, O_PATH | O_NOFOLLOW);
	char *name = NULL;

	if (fd >= 0)
		hd_unsorted(hd_sysfs_read_link(fd, "", &name));
	return name;
}

size_t hd_stack_find_device(const struct hd_stack *stack,
			    const struct hd_host *host, const char *path)
{
	HD_AUTOFREE char *name = NULL;

	if (!hd_after(path, "/dev/"))
		return HD_NO_LAYER;
	for (size_t i = 0; i < stack->n; i++)
		if (hd_layer_has_path(&stack->items[i], path + 5))
			return i;
	name = follow(host, path);
	for (size_t i = 0; name && i < stack->n; i++)
		if (stack->items[i].kind != HD_LAYER_POOL &&
		    strcmp(stack->items[i].name, name) == 0)
			return i;
	return HD_NO_LAYER;
}

/* bcachefs names all of its devices: "/dev/sda:/dev/sdb". */
static size_t find_any_device(const struct hd_stack *stack,
			      const struct hd_host *host, const char *source)
{
	HD_AUTOFREE char *paths = strdup(source);
	char *rest = paths, *path;
	size_t found = HD_NO_LAYER;

	while (found == HD_NO_LAYER && (path = strsep(&rest, ":")))
		found = hd_stack_find_device(stack, host, path);
	return found;
}

size_t hd_stack_find_mount(const struct hd_stack *stack,
			   const struct hd_host *host,
			   const struct hd_mount *mount)
{
	if (mount->major)
		return hd_stack_find_number(stack, mount->major, mount->minor);
	if (strcmp(mount->type, "zfs") == 0)
		return find_pool(stack, mount->source);
	/* A by-path link has colons of its own. */
	if (strcmp(mount->type, "bcachefs") == 0)
		return find_any_device(stack, host, mount->source);
	return hd_stack_find_device(stack, host, mount->source);
}

/* Whether @layer is @low, or stands on it. */
static bool stands_on(const struct hd_stack *stack, size_t layer, size_t low)
{
	while (layer != HD_BOTTOM && layer > low)
		layer = stack->items[layer].below;
	return layer == low;
}

void hd_stack_write(const struct hd_stack *stack, size_t layer, FILE *file)
{
	for (size_t i = 0; i <= layer; i++)
		if (stands_on(stack, layer, i))
			fprintf(file, "%s" HD_ARROW, stack->items[i].label);
}

void hd_stack_clear(struct hd_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		hd_layer_clear(&stack->items[i]);
	free(stack->items);
	*stack = (struct hd_stack){ NULL, 0 };
}
