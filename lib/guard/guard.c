// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/guard/finders.h"
#include "lib/host/bootargs.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"

/* What a guard that fails would have found, and of which devices. */
static const struct {
	int (*find)(struct hd_guard *guard);
	enum hd_critical critical;
} guards[] = {
	{ hd_guard_block, HD_CRITICAL_MOUNT },
	{ hd_guard_net, HD_CRITICAL_NETWORK_ROOT },
	{ hd_guard_display, HD_CRITICAL_DISPLAY },
	{ hd_guard_keyboard, HD_CRITICAL_KEYBOARD },
	{ hd_guard_chipset, HD_CRITICAL_CHIPSET },
	{ hd_guard_regions, HD_CRITICAL_REGION },
};

static int compare_devices(const void *a, const void *b)
{
	const struct hd_device *x = a, *y = b;

	return hd_addr_compare(&x->addr, &y->addr);
}

const struct hd_device *hd_guard_device(const struct hd_guard *guard,
					struct hd_addr addr)
{
	const struct hd_device wanted = { .addr = addr };

	return guard->n_devices ?
		       bsearch(&wanted, guard->devices, guard->n_devices,
			       sizeof(wanted), compare_devices) :
		       NULL;
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
	*critical_use = (struct hd_critical_use){
		.addr = addr,
		.critical = critical,
		.root = root,
		.chain = chain,
	};
	return 0;
}

int hd_guard_add_unknown(struct hd_guard *guard, struct hd_addr addr,
			 enum hd_critical critical)
{
	struct hd_critical_uses *uses = guard->critical_uses;
	HD_AUTOFREE char *fix =
		guard->err->fix ? strdup(guard->err->fix) : NULL;
	/* What may be the root may not be allowed to be lost: who doesn't know
	 * the routes doesn't know the way to it. */
	bool root = critical == HD_CRITICAL_MOUNT ||
		    critical == HD_CRITICAL_DEFAULT_ROUTE ||
		    critical == HD_CRITICAL_NETWORK_ROOT;

	if (guard->err->fix && !fix)
		return hd_err_nomem(guard->err);
	if (hd_guard_add(guard, addr, critical, root,
			 strdup(hd_err_message(guard->err))) < 0)
		return -ENOMEM;
	uses->items[uses->n - 1].unknown = true;
	uses->items[uses->n - 1].fix = hd_steal(&fix);
	return 0;
}

static bool has_node(const struct hd_guard *guard, struct hd_addr addr,
		     enum hd_node_kind kind)
{
	size_t n;
	const struct hd_node *of = hd_nodes_of(guard->nodes, addr, &n);

	for (size_t i = 0; i < n; i++)
		if (of[i].kind == kind)
			return true;
	return false;
}

int hd_guard_settle(struct hd_guard *guard, int r, enum hd_node_kind kind,
		    enum hd_critical critical)
{
	bool failed = r < 0;

	r = 0;
	for (size_t i = 0; failed && r == 0 && i < guard->n_devices; i++)
		if (has_node(guard, guard->devices[i].addr, kind))
			r = hd_guard_add_unknown(guard, guard->devices[i].addr,
						 critical);
	if (r == 0)
		hd_err_clear(guard->err);
	return r;
}

int hd_guard_read_boot_word(struct hd_guard *guard, const char *name,
			    char **ret)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };
	int r = hd_bootargs_read(guard->host, &args);
	const char *value;

	*ret = NULL;
	if (r < 0)
		return hd_look_fail(guard->host, r, guard->err,
				    HD_PROC_CMDLINE);
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
		order = (int)x->unknown - (int)y->unknown;
	if (order == 0)
		order = (int)x->critical - (int)y->critical;
	return order ? order : strcmp(x->chain, y->chain);
}

static void clear(struct hd_critical_use *use)
{
	free(use->chain);
	free(use->fix);
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
			clear(&items[i]);
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
	HD_AUTO_ERR struct hd_err why = HD_ERR_INIT;
	struct hd_guard guard = {
		.host = host,
		.devices = devices,
		.n_devices = n,
		.nodes = nodes,
		.seconds = seconds,
		.critical_uses = &critical_uses,
		.err = &why,
	};

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		int r = guards[i].find(&guard);

		for (size_t j = 0; r < 0 && j < n; j++)
			if (hd_guard_add_unknown(&guard, devices[j].addr,
						 guards[i].critical) < 0)
				return hd_err_nomem(err);
		hd_err_clear(&why);
	}
	sort(&critical_uses);
	*ret = critical_uses;
	critical_uses = (struct hd_critical_uses){ NULL, 0 };
	return 0;
}

void hd_critical_uses_clear(struct hd_critical_uses *critical_uses)
{
	for (size_t i = 0; i < critical_uses->n; i++)
		clear(&critical_uses->items[i]);
	free(critical_uses->items);
	*critical_uses = (struct hd_critical_uses){ NULL, 0 };
}
