// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/stack.h"

#include <errno.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/host/look.h"

/* Far more than a shelf of disks with a volume for each guest. */
#define LAYERS_LIMIT 4096

struct builder {
	const struct hd_host *host;
	const struct hd_upon *upon;
	struct hd_stack *stack;
	size_t below; /* the layer whose folder is visited */
	struct hd_err *err;
};

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
	bool gone = false;
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
		return b->stack->n < LAYERS_LIMIT ?
			       hd_err_nomem(b->err) :
			       hd_err_set(b->err, E2BIG,
					  "more than %d block devices stand on "
					  "each other",
					  LAYERS_LIMIT);
	}
	layer->kind = kind;
	layer->below = below;
	layer->label = label;
	layer->name = strdup(name);
	if (!layer->name)
		return hd_err_nomem(b->err);
	if (kind != HD_LAYER_POOL)
		r = hd_layer_describe(b->host, layer, &gone, b->err);
	if (r == 0 && gone) {
		hd_layer_clear(layer);
		b->stack->n--;
	}
	return r;
}

static int add_disk(struct builder *b, const char *name, size_t below)
{
	return add_layer(b, HD_LAYER_DISK, name, below, NULL);
}

static int add_holder(void *data, int dir_fd, const char *name)
{
	struct builder *b = data;

	(void)dir_fd;
	return add_disk(b, name, b->below);
}

/* A partition is a folder in that of its disk, with an attribute that says so.
 */
static int add_partition(void *data, int dir_fd, const char *name)
{
	struct builder *b = data;
	const char *disk = b->stack->items[b->below].name;
	HD_AUTOFREE char *number = NULL;
	HD_AUTOFREE char *path = NULL;
	int r;

	(void)dir_fd;
	if (!hd_after(name, disk))
		return 0;
	path = hd_text("%s/partition", name);
	if (!path)
		return hd_err_nomem(b->err);
	r = hd_look_at(b->host, "block", disk, path, &number, b->err);
	return r < 0 || !number ? r : add_disk(b, name, b->below);
}

static int add_pool(struct builder *b)
{
	HD_AUTOFREE char *pool = NULL;
	char *label;

	if (hd_layer_zfs_pool(&b->stack->items[b->below], &pool) < 0)
		return hd_err_nomem(b->err);
	if (!pool)
		return 0;
	label = hd_text("ZFS %s", pool);
	return label ? add_layer(b, HD_LAYER_POOL, pool, b->below, label) :
		       hd_err_nomem(b->err);
}

/* What the kernel says stands on one layer. */
static int climb(struct builder *b, size_t below)
{
	const char *name = b->stack->items[below].name;
	int r;

	if (b->stack->items[below].kind == HD_LAYER_POOL)
		return 0;
	b->below = below;
	r = hd_look_into(b->host, "block", name, "holders", add_holder, b,
			 b->err);
	if (r == 0)
		r = hd_look_into(b->host, "block", name, "", add_partition, b,
				 b->err);
	return r < 0 ? r : add_pool(b);
}

/* The layer that a loop device's file or device is on. */
static int find_backing(const struct builder *b, const char *path, size_t *ret)
{
	size_t mount;

	*ret = HD_NO_LAYER;
	if (hd_after(path, HD_ZVOL)) {
		*ret = hd_stack_find_pool(b->stack, path + strlen(HD_ZVOL));
		return 0;
	}
	if (hd_after(path, "/dev/"))
		return hd_stack_find_device(b->stack, b->host, path, ret,
					    b->err);
	mount = hd_mounts_containing(b->upon->mounts, path);
	if (mount == HD_NO_MOUNT)
		return 0;
	return hd_stack_find_mount(b->stack, b->host, b->upon,
				   &b->upon->mounts->items[mount], ret, b->err);
}

static int add_virtuals(struct builder *b)
{
	const struct hd_virtuals *virtuals = b->upon->virtuals;
	int r = 0;

	for (size_t i = 0; r == 0 && i < virtuals->n; i++) {
		const struct hd_virtual *virtual = &virtuals->items[i];
		size_t below;
		char *label;

		if (is_known(b->stack, false, virtual->name))
			continue;
		r = find_backing(b, virtual->backing, &below);
		if (r < 0 || below == HD_NO_LAYER)
			continue;
		label = hd_after(virtual->backing, "/dev/") ?
				strdup(virtual->name) :
				hd_text("%s" HD_ARROW "%s", virtual->backing,
					virtual->name);
		r = label ? add_layer(b, HD_LAYER_DISK, virtual->name, below,
				      label) :
			    hd_err_nomem(b->err);
	}
	return r;
}

static int build(struct builder *b, struct hd_addr addr,
		 const struct hd_nodes *nodes)
{
	size_t n, done = 0;
	const struct hd_node *of = hd_nodes_of(nodes, addr, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (of[i].kind == HD_NODE_BLOCK)
			r = add_disk(b, of[i].name, HD_BOTTOM);
	while (r == 0 && done < b->stack->n) {
		r = climb(b, done++);
		if (r == 0 && done == b->stack->n)
			r = add_virtuals(b);
	}
	return r;
}

int hd_stack_read(const struct hd_host *host, struct hd_addr addr,
		  const struct hd_nodes *nodes, const struct hd_upon *upon,
		  struct hd_stack *ret, struct hd_err *err)
{
	HD_AUTO_STACK struct hd_stack stack = { NULL, 0 };
	struct builder b = {
		.host = host, .upon = upon, .stack = &stack, .err = err
	};
	int r = build(&b, addr, nodes);

	if (r < 0) {
		hd_err_wrap(err,
			    "cannot find out what stands on the disks of %s",
			    hd_addr_text(addr).s);
		return r;
	}
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

int hd_stack_find_device(const struct hd_stack *stack,
			 const struct hd_host *host, const char *path,
			 size_t *ret, struct hd_err *err)
{
	HD_AUTO_SOURCE struct hd_source source = { .path = NULL };
	int r = hd_source_read(host, path, &source, err);

	*ret = HD_NO_LAYER;
	for (size_t i = 0; r == 0 && i < stack->n; i++)
		if (hd_source_is(&source, &stack->items[i])) {
			*ret = i;
			break;
		}
	return r;
}

size_t hd_stack_find_pool(const struct hd_stack *stack, const char *dataset)
{
	size_t length = strcspn(dataset, "/");

	for (size_t i = 0; i < stack->n; i++)
		if (stack->items[i].kind == HD_LAYER_POOL &&
		    strlen(stack->items[i].name) == length &&
		    strncmp(stack->items[i].name, dataset, length) == 0)
			return i;
	return HD_NO_LAYER;
}

/* bcachefs names all of its devices: "/dev/sda:/dev/sdb". */
static int find_any_device(const struct hd_stack *stack,
			   const struct hd_host *host, const char *source,
			   size_t *ret, struct hd_err *err)
{
	HD_AUTOFREE char *paths = strdup(source);
	char *rest = paths, *path;
	int r = paths ? 0 : hd_err_nomem(err);

	*ret = HD_NO_LAYER;
	while (r == 0 && *ret == HD_NO_LAYER && (path = strsep(&rest, ":")))
		r = hd_stack_find_device(stack, host, path, ret, err);
	return r;
}

/* By what the kernel says of the file system's devices. */
static size_t find_btrfs(const struct hd_stack *stack,
			 const struct hd_upon *upon,
			 const struct hd_mount *mount)
{
	for (size_t i = 0; i < stack->n; i++) {
		const struct hd_btrfs_device *device =
			stack->items[i].kind == HD_LAYER_DISK ?
				hd_btrfs_find(upon->btrfs,
					      stack->items[i].name) :
				NULL;

		if (device && hd_btrfs_may_be(device, upon->mounts, mount))
			return i;
	}
	return HD_NO_LAYER;
}

int hd_stack_find_mount(const struct hd_stack *stack,
			const struct hd_host *host, const struct hd_upon *upon,
			const struct hd_mount *mount, size_t *ret,
			struct hd_err *err)
{
	*ret = HD_NO_LAYER;
	if (mount->major)
		*ret = hd_stack_find_number(stack, mount->major, mount->minor);
	else if (mount->btrfs)
		*ret = find_btrfs(stack, upon, mount);
	else if (strcmp(mount->type, "zfs") == 0)
		*ret = hd_stack_find_pool(stack, mount->source);
	/* A by-path link has colons of its own. */
	else if (strcmp(mount->type, "bcachefs") == 0)
		return find_any_device(stack, host, mount->source, ret, err);
	return 0;
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
