// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

/* KEY_ESC to KEY_S: what has them all is a keyboard for udev too (input_id). */
#define KEYS 0xfffffffeUL

static bool is_event(const char *name)
{
	return hd_after(name, "event") && isdigit((unsigned char)name[5]);
}

/* Words of a bit field, the lowest last. 1, 0 or a negative errno. */
static int is_keyboard(struct hd_guard *guard, const char *event)
{
	static const char attribute[] = "device/capabilities/key";
	HD_AUTOFREE char *text = NULL;
	const char *word;
	unsigned long keys;
	char *end;
	int r = hd_look_at(guard->host, "input", event, attribute, &text,
			   guard->err);

	if (r < 0 || (!text && guard->host->live))
		return r;
	word = text ? strrchr(text, ' ') : NULL;
	word = word ? word + 1 : text;
	errno = 0;
	keys = word ? strtoul(word, &end, 16) : 0;
	if (!word || errno || end == word || *end)
		return hd_look_fail(guard->host, word ? -EINVAL : -ENOENT,
				    guard->err, HD_SYSFS_CLASS "/input/%s/%s",
				    event, attribute);
	return (keys & KEYS) == KEYS;
}

/* A keyboard that stays; no program is one. */
static int is_other_keyboard(void *data, int dir_fd, const char *event)
{
	struct hd_guard *guard = data;
	const struct hd_node *node = hd_guard_node(guard, HD_NODE_CHAR, event);
	HD_AUTOFREE char *link = NULL;
	int r;

	(void)dir_fd;
	if (!is_event(event) || node)
		return 0;
	r = hd_look_where(guard->host, "input", event, &link, guard->err);
	if (r < 0 || !link || strstr(link, "/devices/virtual/"))
		return r;
	return is_keyboard(guard, event);
}

static int has_other_keyboard(struct hd_guard *guard)
{
	return hd_look_into(guard->host, "input", "", "", is_other_keyboard,
			    guard, guard->err);
}

static int add(struct hd_guard *guard, const struct hd_node *node)
{
	HD_AUTOFREE char *name = NULL;
	int r = hd_look_at(guard->host, "input", node->name, "device/name",
			   &name, guard->err);

	if (r < 0)
		return r;
	return hd_guard_add(guard, node->addr, HD_CRITICAL_KEYBOARD, false,
			    hd_text("%s%s%s%s" HD_ARROW "only keyboard",
				    node->name, name ? " (" : "",
				    name ? name : "", name ? ")" : ""));
}

/* 1 or 0 when all is known. */
static int guard_node(struct hd_guard *guard, const struct hd_node *node,
		      bool *other)
{
	int r = is_keyboard(guard, node->name);

	if (r <= 0 || *other)
		return r;
	r = has_other_keyboard(guard);
	*other = r == 1;
	return r == 0 ? add(guard, node) : r;
}

int hd_guard_keyboard(struct hd_guard *guard)
{
	bool other = false;

	for (size_t i = 0; i < guard->nodes->n; i++) {
		const struct hd_node *node = &guard->nodes->items[i];
		int r;

		if (node->kind != HD_NODE_CHAR || !is_event(node->name) ||
		    !hd_guard_device(guard, node->addr))
			continue;
		r = guard_node(guard, node, &other);
		if (r < 0)
			r = hd_guard_add_unknown(guard, node->addr,
						 HD_CRITICAL_KEYBOARD);
		if (r < 0)
			return r;
		hd_err_clear(guard->err);
	}
	return 0;
}
