// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/guard/block/stack.h"
#include "lib/guard/finders.h"
#include "lib/host/sysfs.h"

/* A chain names no more mount points than these. */
#define TARGETS_LIMIT 3

/* More mount points than these may be counted twice. */
#define REPEATS_LIMIT 64

/*
 * No more chains lead through files than these: there may be many (a snap is
 * one each), and what they lie on has a chain of its own.
 */
#define FILES_LIMIT 3

/* What the host does with block devices, the same for all PCI functions. */
struct use {
	struct hd_mounts mounts, swaps, fstab;
	struct hd_virtuals virtuals;
	unsigned resume_major, resume_minor;
	char *resume; /* the device in the kernel's command line, or NULL */
};

/* One PCI function's part in it. */
struct part {
	struct hd_guard *guard;
	const struct use *use;
	struct hd_addr addr;
	struct hd_stack stack;
	size_t *layers; /* of each mount, or HD_NO_LAYER */
};

static void clear_use(struct use *use)
{
	hd_mounts_clear(&use->mounts);
	hd_mounts_clear(&use->swaps);
	hd_mounts_clear(&use->fstab);
	hd_virtuals_clear(&use->virtuals);
	free(use->resume);
}

static void clear_part(struct part *part)
{
	hd_stack_clear(&part->stack);
	free(part->layers);
}

/* Takes what was written to @file as the chain. */
static int add(struct part *part, enum hd_critical critical, bool root,
	       FILE *file, char **chain)
{
	if (fclose(file) != 0)
		return hd_err_nomem(part->guard->err);
	return hd_guard_add(part->guard, part->addr, critical, root,
			    hd_steal(chain));
}

/* A chain that ends with @first and, unless it is NULL, @second. */
static int add_chain(struct part *part, enum hd_critical critical, bool root,
		     size_t layer, const char *first, const char *second)
{
	HD_AUTOFREE char *chain = NULL;
	size_t size;
	FILE *file = hd_stream_open(&chain, &size);

	if (!file)
		return hd_err_nomem(part->guard->err);
	hd_stack_write(&part->stack, layer, file);
	fprintf(file, "%s%s%s", first, second ? HD_ARROW : "",
		second ? second : "");
	return add(part, critical, root, file, &chain);
}

/* Mount points */

/* In this order: what nobody may allow comes first. */
static int rank(const struct hd_mount *mount)
{
	return strcmp(mount->target, "/") == 0	  ? 0 :
	       strcmp(mount->target, "/usr") == 0 ? 1 :
						    2;
}

/* Whether the same has been mounted there before: one over the other. */
static bool is_repeated(const struct part *part, size_t mount)
{
	const struct hd_mount *mounts = part->use->mounts.items;

	for (size_t i = 0; i < mount; i++)
		if (part->layers[i] == part->layers[mount] &&
		    strcmp(mounts[i].target, mounts[mount].target) == 0)
			return true;
	return false;
}

/* Of the mounts of one layer, the first few of a rank. */
static size_t write_targets(const struct part *part, size_t layer, FILE *file)
{
	const struct hd_mounts *mounts = &part->use->mounts;
	size_t n = 0;

	for (int wanted = 0; wanted <= 2; wanted++)
		for (size_t i = 0; i < mounts->n; i++) {
			if (part->layers[i] != layer ||
			    rank(&mounts->items[i]) != wanted ||
			    (n < REPEATS_LIMIT && is_repeated(part, i)))
				continue;
			if (n < TARGETS_LIMIT)
				fprintf(file, "%s%s", n ? ", " : "",
					mounts->items[i].target);
			n++;
		}
	return n;
}

static const struct hd_mount *first_mount(const struct part *part, size_t layer,
					  bool *ret_root)
{
	const struct hd_mounts *mounts = &part->use->mounts;
	const struct hd_mount *first = NULL;

	*ret_root = false;
	for (size_t i = 0; i < mounts->n; i++) {
		if (part->layers[i] != layer)
			continue;
		if (!first)
			first = &mounts->items[i];
		if (hd_guard_is_root(mounts->items[i].target))
			*ret_root = true;
	}
	return first;
}

static int add_mounts_of(struct part *part, size_t layer,
			 const struct hd_mount *mount, bool root)
{
	HD_AUTOFREE char *chain = NULL;
	size_t size, n;
	FILE *file = hd_stream_open(&chain, &size);

	if (!file)
		return hd_err_nomem(part->guard->err);
	hd_stack_write(&part->stack, layer, file);
	if (strcmp(mount->type, "btrfs") == 0 &&
	    part->stack.items[layer].kind != HD_LAYER_MEMBER)
		fprintf(file, "btrfs" HD_ARROW);
	n = write_targets(part, layer, file);
	if (n > TARGETS_LIMIT)
		fprintf(file, " and %zu more", n - TARGETS_LIMIT);
	return add(part, HD_CRITICAL_MOUNT, root, file, &chain);
}

static bool is_in_file(const struct hd_stack *stack, size_t layer)
{
	for (; layer != HD_BOTTOM; layer = stack->items[layer].below)
		if (strstr(stack->items[layer].label, HD_ARROW))
			return true;
	return false;
}

static int find_mounts(struct part *part)
{
	size_t files = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->stack.n; i++) {
		bool root;
		const struct hd_mount *mount = first_mount(part, i, &root);

		if (!mount || (is_in_file(&part->stack, i) &&
			       ++files > FILES_LIMIT && !root))
			continue;
		r = add_mounts_of(part, i, mount, root);
	}
	return r;
}

/* The layer of the first of an overlay's folders that is on this function. */
static size_t find_overlay_layer(const struct part *part, char *folders,
				 const char **ret_target)
{
	const struct hd_mounts *mounts = &part->use->mounts;
	char *folder;

	while ((folder = strsep(&folders, ":"))) {
		size_t mount = *folder ? hd_mounts_containing(mounts, folder) :
					 HD_NO_MOUNT;

		if (mount == HD_NO_MOUNT || part->layers[mount] == HD_NO_LAYER)
			continue;
		*ret_target = mounts->items[mount].target;
		return part->layers[mount];
	}
	return HD_NO_LAYER;
}

/* A root that is laid over others lives where they do. */
static int find_overlay(struct part *part, const struct hd_mount *mount)
{
	static const char *const options[] = { "upperdir", "lowerdir",
					       "lowerdir+", "datadir+" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		HD_AUTOFREE char *folders = NULL;
		HD_AUTOFREE char *end = NULL;
		const char *target;
		size_t layer;
		int r = hd_mounts_option(mount, options[i], &folders,
					 part->guard->err);

		if (r < 0)
			return r;
		layer = find_overlay_layer(part, folders, &target);
		if (layer == HD_NO_LAYER)
			continue;
		end = hd_text("overlay" HD_ARROW "%s", mount->target);
		if (!end)
			return hd_err_nomem(part->guard->err);
		return add_chain(part, HD_CRITICAL_MOUNT, true, layer, target,
				 end);
	}
	return 0;
}

static int find_overlays(struct part *part)
{
	const struct hd_mounts *mounts = &part->use->mounts;
	int r = 0;

	for (size_t i = 0; r == 0 && i < mounts->n; i++)
		if (strcmp(mounts->items[i].type, "overlay") == 0 &&
		    hd_guard_is_root(mounts->items[i].target))
			r = find_overlay(part, &mounts->items[i]);
	return r;
}

/* Swap, fstab, hibernation */

/* A swap file, by the mount that it is in. */
static size_t find_file(const struct part *part, const char *path)
{
	size_t mount = hd_mounts_containing(&part->use->mounts, path);

	return mount == HD_NO_MOUNT ? HD_NO_LAYER : part->layers[mount];
}

static int find_swaps(struct part *part)
{
	const struct hd_mounts *swaps = &part->use->swaps;
	int r = 0;

	for (size_t i = 0; r == 0 && i < swaps->n; i++) {
		const char *path = swaps->items[i].source;
		bool device = hd_after(path, "/dev/");
		size_t layer =
			device ? hd_stack_find_device(&part->stack,
						      part->guard->host, path) :
				 find_file(part, path);

		if (layer != HD_NO_LAYER)
			r = add_chain(part, HD_CRITICAL_SWAP, false, layer,
				      device ? "swap" : path,
				      device ? NULL : "swap");
	}
	return r;
}

/* Whether it is in use, so that a chain of another kind leads to it. */
static bool is_used(const struct part *part, const struct hd_mount *entry,
		    size_t layer)
{
	const struct use *use = part->use;

	for (size_t i = 0; i < use->mounts.n; i++)
		if (part->layers[i] == layer &&
		    strcmp(use->mounts.items[i].target, entry->target) == 0)
			return true;
	if (strcmp(entry->type, "swap") != 0)
		return false;
	for (size_t i = 0; i < use->swaps.n; i++)
		if (hd_stack_find_device(&part->stack, part->guard->host,
					 use->swaps.items[i].source) == layer)
			return true;
	return false;
}

/* Whether the host uses an entry without being told to. */
static int is_automatic(struct part *part, const struct hd_mount *entry,
			bool *ret)
{
	HD_AUTOFREE char *noauto = NULL;
	HD_AUTOFREE char *systemd = NULL;
	int r = hd_mounts_option(entry, "noauto", &noauto, part->guard->err);

	if (r == 0)
		r = hd_mounts_option(entry, "x-systemd.automount", &systemd,
				     part->guard->err);
	*ret = !noauto || systemd;
	return r;
}

static int find_fstab(struct part *part)
{
	const struct hd_mounts *fstab = &part->use->fstab;
	int r = 0;

	for (size_t i = 0; r == 0 && i < fstab->n; i++) {
		const struct hd_mount *entry = &fstab->items[i];
		size_t layer = hd_stack_find_mount(&part->stack,
						   part->guard->host, entry);
		HD_AUTOFREE char *end = NULL;
		bool automatic;

		if (layer == HD_NO_LAYER || is_used(part, entry, layer))
			continue;
		r = is_automatic(part, entry, &automatic);
		if (r < 0 || !automatic)
			continue;
		end = hd_text("/etc/fstab: %s",
			      strcmp(entry->type, "swap") == 0 ? "swap" :
								 entry->target);
		if (!end)
			return hd_err_nomem(part->guard->err);
		r = add_chain(part, HD_CRITICAL_FSTAB, false, layer, end, NULL);
	}
	return r;
}

static int find_resume(struct part *part)
{
	const struct use *use = part->use;
	size_t layer = hd_stack_find_number(&part->stack, use->resume_major,
					    use->resume_minor);

	if (layer == HD_NO_LAYER && use->resume)
		layer = hd_stack_find_device(&part->stack, part->guard->host,
					     use->resume);
	if (layer == HD_NO_LAYER)
		return 0;
	return add_chain(part, HD_CRITICAL_RESUME, false, layer, "hibernation",
			 NULL);
}

static int read_resume(struct hd_guard *guard, struct use *use)
{
	HD_AUTOFREE char *number = NULL;
	HD_AUTOFREE char *word = NULL;
	int r = hd_unsorted(hd_sysfs_read_resume(guard->host, &number));

	if (r < 0 && !hd_is_absent(r))
		return hd_err_set(guard->err, -r,
				  HD_SYSFS_RESUME " can't be read: %s",
				  strerror(-r));
	if (number && sscanf(number, "%u:%u", &use->resume_major,
			     &use->resume_minor) != 2)
		return hd_err_set(guard->err, EINVAL,
				  HD_SYSFS_RESUME " holds no device number");
	r = hd_guard_read_boot_word(guard, "resume", &word);
	if (r < 0 || !word)
		return r;
	/* The kernel takes a number too, but shows it above as well. */
	return hd_mounts_device(word, &use->resume, guard->err);
}

static int read_use(struct hd_guard *guard, struct use *use)
{
	int r = hd_mounts_read(guard->host, &use->mounts, guard->err);

	if (r == 0)
		r = hd_mounts_read_swaps(guard->host, &use->swaps, guard->err);
	if (r == 0)
		r = hd_mounts_read_fstab(guard->host, &use->fstab, guard->err);
	if (r == 0)
		r = hd_virtuals_read(guard->host, &use->virtuals, guard->err);
	return r < 0 ? r : read_resume(guard, use);
}

static int guard_device(struct hd_guard *guard, const struct use *use,
			struct hd_addr addr)
{
	HD_AUTO(clear_part)
	struct part part = { guard, use, addr, { NULL, 0 }, NULL };
	int r = hd_stack_read(guard->host, addr, guard->nodes, &use->mounts,
			      &use->virtuals, &part.stack, guard->err);

	if (r < 0 || part.stack.n == 0)
		return r;
	part.layers = calloc(use->mounts.n + 1, sizeof(*part.layers));
	if (!part.layers)
		return hd_err_nomem(guard->err);
	for (size_t i = 0; i < use->mounts.n; i++)
		part.layers[i] = hd_stack_find_mount(&part.stack, guard->host,
						     &use->mounts.items[i]);
	if ((r = find_mounts(&part)) < 0 || (r = find_overlays(&part)) < 0 ||
	    (r = find_swaps(&part)) < 0 || (r = find_fstab(&part)) < 0)
		return r;
	return find_resume(&part);
}

int hd_guard_block(struct hd_guard *guard)
{
	HD_AUTO(clear_use) struct use use = { .resume = NULL };
	int r;

	if (!hd_guard_has(guard, HD_NODE_BLOCK))
		return 0;
	r = read_use(guard, &use);
	for (size_t i = 0; r == 0 && i < guard->n_devices; i++)
		r = guard_device(guard, &use, guard->devices[i].addr);
	return r;
}
