// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"

static const char *const names[HD_N_SCREEN_KINDS] = {
	[HD_SCREEN_UNIT] = "unit",
	[HD_SCREEN_SESSION] = "session",
	[HD_SCREEN_CONSOLE] = "console",
	[HD_SCREEN_FRAMEBUFFER] = "framebuffer",
	[HD_SCREEN_MODULE] = "module",
	[HD_SCREEN_PARAMETER] = "parameter",
	[HD_SCREEN_CONNECTOR] = "connector",
	[HD_SCREEN_LOST] = "lost",
};

const char *hd_screen_kind_name(enum hd_screen_kind kind)
{
	return names[kind];
}

bool hd_screen_kind_parse(const char *text, enum hd_screen_kind *ret)
{
	for (size_t i = 0; i < HD_N_SCREEN_KINDS; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret = (enum hd_screen_kind)i;
		return true;
	}
	return false;
}

bool hd_screen_kind_comes_back(enum hd_screen_kind kind)
{
	return kind != HD_SCREEN_SESSION && kind != HD_SCREEN_LOST;
}

bool hd_unit_is_scope(const char *id)
{
	static const char suffix[] = ".scope";
	size_t n = strlen(id);

	return n > strlen(suffix) &&
	       strcmp(id + n - strlen(suffix), suffix) == 0;
}

static bool has(const struct hd_screen *screen, enum hd_screen_kind kind,
		const char *name)
{
	for (size_t i = 0; i < screen->n; i++)
		if (screen->items[i].kind == kind &&
		    strcmp(screen->items[i].name, name) == 0)
			return true;
	return false;
}

int hd_screen_add(struct hd_screen *screen, enum hd_screen_kind kind,
		  const char *name, const char *value)
{
	struct hd_screen_item *item;

	if (has(screen, kind, name))
		return 0;
	if (screen->n == HD_SCREEN_LIMIT)
		return -E2BIG;
	item = hd_array_add(&screen->items, &screen->n, sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->kind = kind;
	item->name = strdup(name);
	item->value = value ? strdup(value) : NULL;
	if (item->name && (!value || item->value))
		return 0;
	screen->n--;
	free(item->name);
	free(item->value);
	return -ENOMEM;
}

int hd_screen_fail(int r, struct hd_err *err)
{
	if (r == -E2BIG)
		return hd_err_set(
			err, E2BIG,
			"there is too much that the host's screen hangs on");
	return r == -ENOMEM ? hd_err_nomem(err) : r;
}

int hd_screen_keep(struct hd_screen *to, const struct hd_screen *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++)
		if (hd_screen_kind_comes_back(from->items[i].kind))
			r = hd_screen_add(to, from->items[i].kind,
					  from->items[i].name,
					  from->items[i].value);
	return r;
}

void hd_screen_clear(struct hd_screen *screen)
{
	for (size_t i = 0; i < screen->n; i++) {
		free(screen->items[i].name);
		free(screen->items[i].value);
	}
	free(screen->items);
	*screen = (struct hd_screen){ NULL, 0 };
}
