// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/guard/block/stack.h"
#include "lib/guard/finders.h"
#include "lib/host/look.h"
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
	struct hd_btrfs btrfs;
	struct hd_virtuals virtuals;
	struct hd_upon upon; /* of them */
	bool zfs; /* the kernel has ZFS, or its file systems */
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
	hd_btrfs_clear(&use->btrfs);
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

/* What has failed is unknown of the function. */
static int settle(const struct part *part, int r, enum hd_critical critical)
{
	if (r < 0)
		r = hd_guard_add_unknown(part->guard, part->addr, critical);
	if (r == 0)
		hd_err_clear(part->guard->err);
	return r;
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
	if (strcmp(mount->type, "btrfs") == 0)
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

static bool has_mount(const struct part *part, size_t layer)
{
	for (size_t i = 0; i < part->use->mounts.n; i++)
		if (part->layers[i] == layer)
			return true;
	return false;
}

/* The kernel lists a btrfs as long as it is mounted, wherever that is. */
static int find_unseen(struct part *part)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < part->stack.n; i++) {
		const struct hd_btrfs_device *device = hd_btrfs_find(
			&part->use->btrfs, part->stack.items[i].name);
		bool seen = !device;

		for (size_t j = 0; !seen && j < part->use->mounts.n; j++)
			seen = hd_btrfs_may_be(device, &part->use->mounts,
					       &part->use->mounts.items[j]);
		if (!seen && !has_mount(part, i))
			r = add_chain(part, HD_CRITICAL_MOUNT, false, i,
				      "btrfs", "mounted out of sight");
	}
	return r;
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
	return r < 0 ? r : find_unseen(part);
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

/* A swap file, by the mount that it is in, whose number is the kernel's. */
static int find_file(const struct part *part, const char *path, size_t *ret)
{
	size_t mount = hd_mounts_containing(&part->use->mounts, path);

	*ret = mount == HD_NO_MOUNT ? HD_NO_LAYER : part->layers[mount];
	/* Of a failed reading the guard knows already. */
	if (mount == HD_NO_MOUNT && part->use->mounts.n)
		return hd_err_set(part->guard->err, ENOENT,
				  "the host swaps to %s, which lies in nothing "
				  "that is mounted",
				  path);
	return 0;
}

/* Whether a name below /dev is that of any block device. */
static int is_there(const struct part *part, const char *path, bool *ret)
{
	HD_AUTOFREE char *number = NULL;
	HD_AUTOFREE char *name = strdup(path + strlen("/dev/"));
	int r;

	if (!name)
		return hd_err_nomem(part->guard->err);
	/* In sysfs the file /dev/cciss/c0d0 is "cciss!c0d0". */
	for (char *p = name; (p = strchr(p, '/'));)
		*p = '!';
	r = hd_look_at(part->guard->host, "block", name, "dev", &number,
		       part->guard->err);
	*ret = number != NULL;
	return r;
}

/* A swap device: ours, or another that is known. */
static int find_swap_device(const struct part *part, const char *path,
			    size_t *ret)
{
	const struct hd_host *host = part->guard->host;
	struct hd_err *err = part->guard->err;
	HD_AUTO_SOURCE struct hd_source source = { .path = NULL };
	bool there = false;
	int r;

	*ret = HD_NO_LAYER;
	if (!hd_after(path, "/dev/"))
		return hd_err_set(err, ENODEV,
				  "the host swaps to the device %s, which has "
				  "no such name here",
				  path);
	r = hd_source_read(host, path, &source, err);
	for (size_t i = 0; r == 0 && i < part->stack.n; i++)
		if (hd_source_is(&source, &part->stack.items[i])) {
			*ret = i;
			return 0;
		}
	if (r < 0 || source.is_node || source.last)
		return r;
	r = is_there(part, path, &there);
	if (r == 0 && !there)
		return hd_err_set(err, ENODEV,
				  "the host swaps to the device %s, which has "
				  "no such name here",
				  path);
	return r;
}

static bool is_swap_device(const struct hd_mount *swap)
{
	return strcmp(swap->type, "file") != 0;
}

static int find_swap(const struct part *part, const struct hd_mount *swap,
		     size_t *ret)
{
	return is_swap_device(swap) ?
		       find_swap_device(part, swap->source, ret) :
		       find_file(part, swap->source, ret);
}

static int find_swaps(struct part *part)
{
	const struct hd_mounts *swaps = &part->use->swaps;
	int r = 0;

	for (size_t i = 0; r == 0 && i < swaps->n; i++) {
		const char *path = swaps->items[i].source;
		bool device = is_swap_device(&swaps->items[i]);
		size_t layer;
		int found = find_swap(part, &swaps->items[i], &layer);

		r = settle(part, found, HD_CRITICAL_SWAP);
		if (r == 0 && layer != HD_NO_LAYER)
			r = add_chain(part, HD_CRITICAL_SWAP, false, layer,
				      device ? "swap" : path,
				      device ? NULL : "swap");
	}
	return r;
}

/* Whether it is in use, so that a chain of another kind leads to it. */
static int is_used(const struct part *part, const struct hd_mount *entry,
		   size_t layer, bool *ret)
{
	const struct use *use = part->use;
	int r = 0;

	*ret = false;
	for (size_t i = 0; i < use->mounts.n; i++)
		if (part->layers[i] == layer &&
		    strcmp(use->mounts.items[i].target, entry->target) == 0)
			*ret = true;
	if (*ret || strcmp(entry->type, "swap") != 0)
		return 0;
	for (size_t i = 0; r == 0 && !*ret && i < use->swaps.n; i++) {
		size_t swap;

		r = find_swap(part, &use->swaps.items[i], &swap);
		*ret = r == 0 && swap == layer;
	}
	return r;
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

/* Whether something is mounted there already, whatever it stands on. */
static bool is_mounted(const struct part *part, const char *target)
{
	for (size_t i = 0; i < part->use->mounts.n; i++)
		if (strcmp(part->use->mounts.items[i].target, target) == 0)
			return true;
	return false;
}

/* The layer that is meant by an entry's source, where it can be known. */
static int find_entry(const struct part *part, const struct hd_mount *entry,
		      size_t *ret)
{
	HD_AUTO_SOURCE struct hd_source source = { .path = NULL };
	const struct hd_stack *stack = &part->stack;
	struct hd_err *err = part->guard->err;
	bool nameless = false;
	int r;

	*ret = HD_NO_LAYER;
	if (strcmp(entry->type, "zfs") == 0) {
		*ret = hd_stack_find_pool(stack, entry->source);
		return 0;
	}
	if (strcmp(entry->type, "bcachefs") == 0 && strchr(entry->source, ':'))
		return hd_stack_find_mount(stack, part->guard->host,
					   &part->use->upon, entry, ret, err);
	r = hd_source_read(part->guard->host, entry->source, &source, err);
	for (size_t i = 0; r == 0 && i < stack->n; i++) {
		if (hd_source_is(&source, &stack->items[i])) {
			*ret = i;
			return 0;
		}
		nameless |= stack->items[i].kind == HD_LAYER_DISK &&
			    !stack->items[i].udev;
	}
	if (r < 0 || source.is_node || source.last ||
	    !hd_after(entry->source, "/dev/disk/") || !nameless ||
	    is_mounted(part, entry->target))
		return r;
	return hd_err_set(err, ENOENT,
			  "/etc/fstab names %s, and udev hasn't said which "
			  "device that is",
			  entry->source);
}

static int find_fstab_entry(struct part *part, const struct hd_mount *entry)
{
	HD_AUTOFREE char *end = NULL;
	bool automatic, used;
	size_t layer;
	int r = is_automatic(part, entry, &automatic);

	if (r < 0 || !automatic)
		return r;
	r = find_entry(part, entry, &layer);
	if (r < 0 || layer == HD_NO_LAYER)
		return r;
	r = is_used(part, entry, layer, &used);
	if (r < 0 || used)
		return r;
	end = hd_text("/etc/fstab: %s", strcmp(entry->type, "swap") == 0 ?
						"swap" :
						entry->target);
	if (!end)
		return hd_err_nomem(part->guard->err);
	return add_chain(part, HD_CRITICAL_FSTAB, false, layer, end, NULL);
}

static int find_fstab(struct part *part)
{
	const struct hd_mounts *fstab = &part->use->fstab;
	int r = 0;

	for (size_t i = 0; r == 0 && i < fstab->n; i++)
		r = settle(part, find_fstab_entry(part, &fstab->items[i]),
			   HD_CRITICAL_FSTAB);
	return r;
}

static int find_resume(struct part *part)
{
	const struct use *use = part->use;
	size_t layer = hd_stack_find_number(&part->stack, use->resume_major,
					    use->resume_minor);
	int r = 0;

	if (layer == HD_NO_LAYER && use->resume)
		r = hd_stack_find_device(&part->stack, part->guard->host,
					 use->resume, &layer, part->guard->err);
	if (r < 0 || layer == HD_NO_LAYER)
		return r;
	return add_chain(part, HD_CRITICAL_RESUME, false, layer, "hibernation",
			 NULL);
}

/* A kernel that can't hibernate lacks the file, as does a poor copy. */
static int has_power(const struct hd_guard *guard)
{
	static const char path[] = HD_SYSFS "/power";
	HD_AUTOCLOSE int fd = -1;
	bool there;

	return hd_look_for(guard->host,
			   hd_host_openat(guard->host, path, O_PATH, &fd), path,
			   &there, guard->err);
}

static int read_resume(struct hd_guard *guard, struct use *use)
{
	HD_AUTOFREE char *number = NULL;
	HD_AUTOFREE char *word = NULL;
	int r = hd_seen_optional(hd_sysfs_read_resume(guard->host, &number));

	r = hd_look_fail(guard->host, r, guard->err, HD_SYSFS_RESUME);
	if (r == 0 && !number)
		r = has_power(guard);
	if (r == 0 && number &&
	    !hd_layer_parse_number(number, &use->resume_major,
				   &use->resume_minor))
		r = hd_err_set(guard->err, EINVAL,
			       HD_SYSFS_RESUME " holds no device number");
	if (r == 0)
		r = hd_guard_read_boot_word(guard, "resume", &word);
	if (r < 0 || !word)
		return r;
	/* The kernel takes a number too, but shows it above as well. */
	return hd_mounts_device(word, &use->resume, guard->err);
}

/* Whether a disk may be of a pool, which only udev can tell. */
static int look_for_zfs(struct hd_guard *guard, struct use *use)
{
	static const char path[] = HD_SYSFS_MODULES "/zfs";
	HD_AUTOCLOSE int fd = -1;
	int r = hd_seen_whether(hd_host_openat(guard->host, path, O_PATH, &fd),
				&use->zfs);

	for (size_t i = 0; i < use->mounts.n; i++)
		use->zfs |= strcmp(use->mounts.items[i].type, "zfs") == 0;
	return hd_look_fail(guard->host, r, guard->err, "%s", path);
}

/* Each part by itself: what is known of one stands though another isn't. */
static int read_use(struct hd_guard *guard, struct use *use)
{
	static const enum hd_node_kind block = HD_NODE_BLOCK;
	const struct hd_host *host = guard->host;
	struct hd_err *err = guard->err;
	int r = hd_guard_settle(guard, hd_mounts_read(host, &use->mounts, err),
				block, HD_CRITICAL_MOUNT);

	if (r == 0)
		r = hd_guard_settle(
			guard,
			hd_btrfs_read(host, &use->mounts, &use->btrfs, err),
			block, HD_CRITICAL_MOUNT);
	if (r == 0)
		r = hd_guard_settle(guard,
				    hd_virtuals_read(host, &use->virtuals, err),
				    block, HD_CRITICAL_MOUNT);
	if (r == 0)
		r = hd_guard_settle(guard, look_for_zfs(guard, use), block,
				    HD_CRITICAL_MOUNT);
	if (r == 0)
		r = hd_guard_settle(
			guard, hd_mounts_read_swaps(host, &use->swaps, err),
			block, HD_CRITICAL_SWAP);
	if (r == 0)
		r = hd_guard_settle(
			guard, hd_mounts_read_fstab(host, &use->fstab, err),
			block, HD_CRITICAL_FSTAB);
	if (r == 0)
		r = hd_guard_settle(guard, read_resume(guard, use), block,
				    HD_CRITICAL_RESUME);
	use->upon =
		(struct hd_upon){ &use->mounts, &use->btrfs, &use->virtuals };
	return r;
}

/* A member of a pool is known by what udev has read of it. */
static int check_zfs(const struct part *part)
{
	for (size_t i = 0; part->use->zfs && i < part->stack.n; i++) {
		const struct hd_layer *layer = &part->stack.items[i];

		if (layer->kind == HD_LAYER_DISK && !layer->udev)
			return hd_err_set(part->guard->err, ENOENT,
					  "the host uses ZFS, and udev hasn't "
					  "said whether %s is of a pool",
					  layer->name);
	}
	return 0;
}

static int place_mounts(struct part *part)
{
	const struct hd_mounts *mounts = &part->use->mounts;
	int r = 0;

	part->layers = calloc(mounts->n + 1, sizeof(*part->layers));
	if (!part->layers)
		return hd_err_nomem(part->guard->err);
	for (size_t i = 0; i < mounts->n; i++) {
		int found = hd_stack_find_mount(
			&part->stack, part->guard->host, &part->use->upon,
			&mounts->items[i], &part->layers[i], part->guard->err);

		r = r < 0 ? r : found;
	}
	return r;
}

static int guard_device(struct hd_guard *guard, const struct use *use,
			struct hd_addr addr)
{
	HD_AUTO(clear_part)
	struct part part = { guard, use, addr, { NULL, 0 }, NULL };
	int r = hd_stack_read(guard->host, addr, guard->nodes, &use->upon,
			      &part.stack, guard->err);

	if (r < 0 || part.stack.n == 0)
		return settle(&part, r, HD_CRITICAL_MOUNT);
	r = settle(&part, place_mounts(&part), HD_CRITICAL_MOUNT);
	if (r < 0 || !part.layers)
		return r;
	if ((r = settle(&part, check_zfs(&part), HD_CRITICAL_MOUNT)) < 0 ||
	    (r = settle(&part, find_mounts(&part), HD_CRITICAL_MOUNT)) < 0 ||
	    (r = settle(&part, find_overlays(&part), HD_CRITICAL_MOUNT)) < 0 ||
	    (r = find_swaps(&part)) < 0 || (r = find_fstab(&part)) < 0)
		return r;
	return settle(&part, find_resume(&part), HD_CRITICAL_RESUME);
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
