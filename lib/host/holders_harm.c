// SPDX-License-Identifier: GPL-2.0-or-later
/* What it does to whoever holds a device that it is taken. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/host/holders_search.h"

/* What comes of an unbind, in this order; NULL stands for any driver. */
static const struct {
	enum hd_hold hold;
	const char *driver;
	bool only_writers;
	bool for_good; /* it blocks, or something is lost */
	const char *harm;
} harms[] = {
	/* vfio_unregister_group_dev() waits for the last user */
	{ HD_HOLD_VFIO, NULL, false, true,
	  "the kernel would wait until it lets go" },
	/* nv_pci_remove() loops until nobody uses the GPU */
	{ HD_HOLD_CHAR, "nvidia", false, true,
	  "driver nvidia would wait for it for ever" },
	{ HD_HOLD_BLOCK, NULL, true, true, "what it writes would be lost" },
	{ HD_HOLD_RESOURCE, NULL, false, false, "it drives the device itself" },
};

const char *hd_holder_harm(const struct hd_holder *holder, const char *driver)
{
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++)
		if (harms[i].hold == holder->hold &&
		    (!harms[i].driver ||
		     (driver && strcmp(driver, harms[i].driver) == 0)) &&
		    (!harms[i].only_writers || holder->writes))
			return harms[i].harm;
	return NULL;
}

bool hd_hold_harms_for_good(enum hd_hold hold, const char *driver)
{
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++)
		if (harms[i].for_good && harms[i].hold == hold &&
		    (!harms[i].driver ||
		     (driver && strcmp(driver, harms[i].driver) == 0)))
			return true;
	return false;
}

bool hd_holders_could_harm(const struct hd_device *device,
			   const struct hd_nodes *nodes)
{
	bool may_be[HD_N_HOLDS] = { [HD_HOLD_VFIO] = device->vfio };
	size_t n;
	const struct hd_node *of = hd_nodes_of(nodes, device->addr, &n);

	for (size_t i = 0; i < n; i++) {
		may_be[HD_HOLD_CHAR] |= of[i].kind == HD_NODE_CHAR;
		may_be[HD_HOLD_BLOCK] |= of[i].kind == HD_NODE_BLOCK;
	}
	for (int i = 0; i < HD_N_HOLDS; i++)
		if (may_be[i] &&
		    hd_hold_harms_for_good((enum hd_hold)i, device->driver))
			return true;
	return false;
}

static bool counts(const struct hd_holder *holder, struct hd_addr addr,
		   const char *driver, bool harmful)
{
	return hd_addr_equal(holder->addr, addr) &&
	       !hd_holder_harm(holder, driver) == !harmful;
}

const struct hd_holder *hd_holders_first(const struct hd_holders *holders,
					 struct hd_addr addr,
					 const char *driver, bool harmful)
{
	for (size_t i = 0; i < holders->n; i++)
		if (counts(&holders->items[i], addr, driver, harmful))
			return &holders->items[i];
	return NULL;
}

char *hd_holders_text(const struct hd_holders *holders, struct hd_addr addr,
		      const char *driver, bool harmful)
{
	char *text = NULL;
	size_t size, named = 0, more = 0;
	FILE *file;

	if (!hd_holders_first(holders, addr, driver, harmful))
		return NULL;
	file = hd_stream_open(&text, &size);
	if (!file)
		return NULL;
	for (size_t i = 0; i < holders->n; i++) {
		const struct hd_holder *holder = &holders->items[i];

		if (!counts(holder, addr, driver, harmful))
			continue;
		more += holder->others;
		if (named == HD_HOLDERS_NAMED) {
			more++;
			continue;
		}
		fprintf(file, "%sprocess %d (%s) has %s %s",
			named ? " and " : "", holder->pid, holder->command,
			holder->path,
			holder->hold == HD_HOLD_RESOURCE ? "in use" :
			holder->hold == HD_HOLD_BLOCK && holder->writes ?
							   "open for writing" :
							   "open");
		named++;
	}
	if (more)
		fprintf(file, " and %zu more processes", more);
	return hd_stream_text(file, &text);
}
