// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/guard/finders.h"
#include "lib/host/bootargs.h"
#include "lib/host/proc.h"

static int (*const guards[])(struct hd_guard *guard) = {
	hd_guard_block,	   hd_guard_net,     hd_guard_display,
	hd_guard_keyboard, hd_guard_chipset, hd_guard_regions,
};

const struct hd_device *hd_guard_device(const struct hd_guard *guard,
					struct hd_addr addr)
{
	for (size_t i = 0; i < guard->n_devices; i++)
		if (hd_addr_equal(guard->devices[i].addr, addr))
			return &guard->devices[i];
	return NULL;
}

bool hd_guard_has(const struct hd_guard *guard, enum hd_node_kind kind)
{
	for (size_t i = 0; i < guard->nodes->n; i++)
		if (guard->nodes->items[i].kind == kind)
			return true;
	return false;
}

const struct hd_node *hd_guard_node(const struct hd_guard *guard,
				    enum hd_node_kind kind, const char *name)
{
	for (size_t i = 0; i < guard->nodes->n; i++)
		if (guard->nodes->items[i].kind == kind &&
		    strcmp(guard->nodes->items[i].name, name) == 0)
			return &guard->nodes->items[i];
	return NULL;
}

bool hd_guard_is_root(const char *target)
{
	return strcmp(target, "/") == 0 || strcmp(target, "/usr") == 0;
}

int hd_guard_add(struct hd_guard *guard, struct hd_addr addr,
		 enum hd_critical critical, bool root, char *chain)
{
	struct hd_critical_uses *critical_uses = guard->critical_uses;
	struct hd_critical_use *critical_use = NULL;

	if (chain)
		critical_use =
			hd_array_add(&critical_uses->items, &critical_uses->n,
				     sizeof(*critical_use));
	if (!critical_use) {
		free(chain);
		return hd_err_nomem(guard->err);
	}
	*critical_use = (struct hd_critical_use){ addr, critical, root, chain };
	return 0;
}

int hd_guard_read_boot_word(struct hd_guard *guard, const char *name,
			    char **ret)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };
	int r = hd_bootargs_read(guard->host, &args);
	const char *value;

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return hd_err_set(guard->err, -r,
				  HD_PROC_CMDLINE " can't be read: %s",
				  strerror(-r));
	value = hd_bootargs_value(&args, name);
	*ret = value ? strdup(value) : NULL;
	return value && !*ret ? hd_err_nomem(guard->err) : 0;
}

static int compare(const void *a, const void *b)
{
	const struct hd_critical_use *x = a, *y = b;
	int order = hd_addr_compare(&x->addr, &y->addr);

	if (order == 0)
		order = (int)y->root - (int)x->root;
	if (order == 0)
		order = (int)x->critical - (int)y->critical;
	return order ? order : strcmp(x->chain, y->chain);
}

/* Several mounts, routes and addresses may come to the same. */
static void sort(struct hd_critical_uses *critical_uses)
{
	struct hd_critical_use *items = critical_uses->items;
	size_t kept = 0;

	if (critical_uses->n)
		qsort(items, critical_uses->n, sizeof(*items), compare);
	for (size_t i = 0; i < critical_uses->n; i++) {
		if (kept && compare(&items[kept - 1], &items[i]) == 0)
			free(items[i].chain);
		else
			items[kept++] = items[i];
	}
	critical_uses->n = kept;
}

int hd_guard_find(const struct hd_host *host, const struct hd_device *devices,
		  size_t n, const struct hd_nodes *nodes, unsigned seconds,
		  struct hd_critical_uses *ret, struct hd_err *err)
{
	HD_AUTO_CRITICAL_USES struct hd_critical_uses critical_uses = { NULL,
									0 };
	struct hd_guard guard = {
		.host = host,
		.devices = devices,
		.n_devices = n,
		.nodes = nodes,
		.seconds = seconds,
		.critical_uses = &critical_uses,
		.err = err,
	};

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		int r = guards[i](&guard);

		if (r < 0)
			return r;
	}
	sort(&critical_uses);
	*ret = critical_uses;
	critical_uses = (struct hd_critical_uses){ NULL, 0 };
	return 0;
}

void hd_critical_uses_clear(struct hd_critical_uses *critical_uses)
{
	for (size_t i = 0; i < critical_uses->n; i++)
		free(critical_uses->items[i].chain);
	free(critical_uses->items);
	*critical_uses = (struct hd_critical_uses){ NULL, 0 };
}
