// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"
#include "lib/host/sysfs.h"

/* KEY_ESC to KEY_S: what has them all is a keyboard for udev too (input_id). */
#define KEYS 0xfffffffeUL

static bool is_event(const char *name)
{
	return hd_after(name, "event") && isdigit((unsigned char)name[5]);
}

/* Words of a bit field, the lowest last. 1, 0 or a negative errno. */
static int is_keyboard(const struct hd_host *host, const char *event)
{
	HD_AUTOFREE char *text = NULL;
	const char *blank;
	int r = hd_unsorted(hd_sysfs_read_class(
		host, "input", event, "device/capabilities/key", &text));

	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
	blank = strrchr(text, ' ');
	return (strtoul(blank ? blank + 1 : text, NULL, 16) & KEYS) == KEYS;
}

/* A keyboard that stays; no program is one. */
static int is_other_keyboard(void *data, int dir_fd, const char *event)
{
	const struct hd_guard *guard = data;
	const struct hd_node *node = hd_guard_node(guard, HD_NODE_CHAR, event);
	HD_AUTOFREE char *link = NULL;
	int r;

	(void)dir_fd;
	if (!is_event(event) || node)
		return 0;
	r = hd_unsorted(
		hd_sysfs_read_class_link(guard->host, "input", event, &link));
	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
	if (strstr(link, "/devices/virtual/"))
		return 0;
	return is_keyboard(guard->host, event);
}

static int has_other_keyboard(struct hd_guard *guard)
{
	return hd_dir_each(HD_UNSORTED_FD(hd_sysfs_open_class, guard->host,
					  "input", "", ""),
			   is_other_keyboard, guard);
}

static int fail(struct hd_guard *guard, int r)
{
	return hd_err_set(guard->err, -r,
			  "cannot find out which keyboards the host has: %s",
			  strerror(-r));
}

static int add(struct hd_guard *guard, const struct hd_node *node)
{
	HD_AUTOFREE char *name = NULL;
	int r = hd_unsorted(hd_sysfs_read_class(
		guard->host, "input", node->name, "device/name", &name));

	if (r < 0 && !hd_is_absent(r))
		return fail(guard, r);
	return hd_guard_add(guard, node->addr, HD_CRITICAL_KEYBOARD, false,
			    hd_text("%s%s%s%s" HD_ARROW "only keyboard",
				    node->name, name ? " (" : "",
				    name ? name : "", name ? ")" : ""));
}

int hd_guard_keyboard(struct hd_guard *guard)
{
	bool asked = false;

	for (size_t i = 0; i < guard->nodes->n; i++) {
		const struct hd_node *node = &guard->nodes->items[i];
		int r;

		if (node->kind != HD_NODE_CHAR || !is_event(node->name) ||
		    !hd_guard_device(guard, node->addr))
			continue;
		r = is_keyboard(guard->host, node->name);
		if (r == 1 && !asked) {
			r = has_other_keyboard(guard);
			if (r == 1)
				return 0;
			asked = true;
			if (r == 0)
				r = 1;
		}
		if (r < 0)
			return fail(guard, r);
		if (r == 1 && (r = add(guard, node)) < 0)
			return r;
	}
	return 0;
}
