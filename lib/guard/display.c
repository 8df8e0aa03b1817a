// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"
#include "lib/host/graphics.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

/* A host with more cards than these has no only one. */
#define SCREENS_LIMIT 1024

/* How much of a console somebody sees on it. */
enum sight {
	NOTHING,
	DARK, /* there is no screen now, but one can be put to it */
	SEEN,
};

/* A card, or a frame buffer without one. */
struct screen {
	char name[16]; /* "card0", "fb0" */
	char connector[48]; /* the first by name that has a screen, or "" */
	enum sight sight;
	struct hd_screen_place place;
};

struct screens {
	const struct hd_host *host;
	struct hd_err *err;
	struct screen *items;
	size_t n;
	bool text; /* the console is the VGA's own */
};

static void clear_screens(struct screens *screens)
{
	free(screens->items);
}

static int add_screen(struct screens *screens, const char *class,
		      const char *name)
{
	HD_AUTOFREE char *link = NULL;
	struct screen *screen;
	int r = hd_look_where(screens->host, class, name, &link, screens->err);

	/* Cards that a program makes up show nothing. */
	if (r < 0 || !link || strstr(link, "/vkms") ||
	    strstr(link, "/virtual/"))
		return r;
	if (screens->n >= SCREENS_LIMIT || strlen(name) >= sizeof(screen->name))
		return hd_err_set(screens->err, E2BIG,
				  "there are too many screens, such as %s",
				  name);
	screen = hd_array_add(&screens->items, &screens->n, sizeof(*screen));
	if (!screen)
		return hd_err_nomem(screens->err);
	strcpy(screen->name, name);
	screen->place = hd_screen_place(link);
	/* A frame buffer is seen as far as anybody knows, if it has no card. */
	if (strcmp(class, "graphics") == 0)
		screen->sight = DARK;
	if (*screen->place.firmware)
		screen->sight = SEEN;
	return 0;
}

static int add_card(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return hd_is_numbered(name, "card") ? add_screen(data, "drm", name) : 0;
}

static int add_fb(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return hd_is_numbered(name, "fb") ? add_screen(data, "graphics", name) :
					    0;
}

static struct screen *find_card(struct screens *screens, const char *name,
				size_t length)
{
	for (size_t i = 0; i < screens->n; i++)
		if (strlen(screens->items[i].name) == length &&
		    strncmp(screens->items[i].name, name, length) == 0)
			return &screens->items[i];
	return NULL;
}

/* "card0-HDMI-A-1", whose status is cached: nothing is asked of the screen. */
static int add_connector(void *data, int dir_fd, const char *name)
{
	struct screens *screens = data;
	const char *connector = strchr(name, '-');
	HD_AUTOFREE char *status = NULL;
	struct screen *card;
	int r;

	(void)dir_fd;
	card = connector ?
		       find_card(screens, name, (size_t)(connector - name)) :
		       NULL;
	if (!card || hd_after(connector, "-Writeback"))
		return 0;
	r = hd_look_at(screens->host, "drm", name, "status", &status,
		       screens->err);
	if (r < 0 || !status)
		return r;
	if (card->sight == NOTHING)
		card->sight = DARK;
	/* "unknown" is what old VGA outputs say of any screen. */
	if (strcmp(status, "disconnected") == 0)
		return 0;
	card->sight = SEEN;
	if (!*card->connector || strcmp(connector + 1, card->connector) < 0)
		snprintf(card->connector, sizeof(card->connector), "%s",
			 connector + 1);

	return 0;
}

static int add_console(void *data, int dir_fd, const char *name)
{
	struct screens *screens = data;
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *bound = NULL;
	int r;

	(void)dir_fd;
	if (!hd_is_numbered(name, "vtcon"))
		return 0;
	r = hd_look_at(screens->host, "vtconsole", name, "name", &text,
		       screens->err);
	if (r == 0)
		r = hd_look_at(screens->host, "vtconsole", name, "bind", &bound,
			       screens->err);
	if (r < 0 || !text || !bound)
		return r;
	if (strstr(text, "VGA") && strcmp(bound, "1") == 0)
		screens->text = true;
	return 0;
}

static int for_each(struct screens *screens, const char *class,
		    hd_look_fn visit)
{
	return hd_look_into(screens->host, class, "", "", visit, screens,
			    screens->err);
}

static int read_screens(struct screens *screens)
{
	int r = for_each(screens, "drm", add_card);

	if (r == 0)
		r = for_each(screens, "drm", add_connector);
	if (r == 0)
		r = for_each(screens, "graphics", add_fb);
	return r < 0 ? r : for_each(screens, "vtconsole", add_console);
}

/* What is seen on one device, and by which screen of it. */
static enum sight look_at(const struct screens *screens,
			  const struct hd_device *device, bool boot,
			  const struct screen **ret)
{
	enum sight sight = boot && screens->text ? SEEN : NOTHING;

	*ret = NULL;
	for (size_t i = 0; i < screens->n; i++) {
		const struct screen *screen = &screens->items[i];
		bool here = screen->place.on_pci ?
				    hd_addr_equal(screen->place.addr,
						  device->addr) :
				    *screen->place.firmware && boot;

		if (!here || screen->sight <= sight)
			continue;
		sight = screen->sight;
		*ret = screen;
	}
	return sight;
}

/* What is seen of the console when all of the devices are gone. */
static enum sight look_at_rest(const struct hd_guard *guard,
			       const struct screens *screens, bool boot)
{
	enum sight best = !boot && screens->text ? SEEN : NOTHING;

	for (size_t i = 0; i < screens->n; i++) {
		const struct screen *screen = &screens->items[i];
		bool gone = screen->place.on_pci ?
				    hd_guard_device(
					    guard, screen->place.addr) != NULL :
				    *screen->place.firmware && boot;

		if (!gone && screen->sight > best)
			best = screen->sight;
	}
	return best;
}

static int add(struct hd_guard *guard, const struct hd_device *device,
	       const struct screen *screen)
{
	const char *connector = screen ? screen->connector : "";

	return hd_guard_add(guard, device->addr, HD_CRITICAL_DISPLAY, false,
			    hd_text("%s%s%s%s" HD_ARROW "only display",
				    !screen		    ? "VGA console" :
				    *screen->place.firmware ? "boot display" :
							      screen->name,
				    *connector ? " (" : "", connector,
				    *connector ? ")" : ""));
}

static bool may_show(const struct hd_device *device)
{
	return device->class_code >> 16 == 0x03 && !device->vfio;
}

/* Whether it has something of a display. */
static bool is_concerned(const struct hd_guard *guard,
			 const struct hd_device *device)
{
	size_t n;
	const struct hd_node *of = hd_nodes_of(guard->nodes, device->addr, &n);

	if (may_show(device))
		return true;
	for (size_t i = 0; i < n; i++)
		if (of[i].kind == HD_NODE_CHAR &&
		    (hd_is_numbered(of[i].name, "card") ||
		     hd_is_numbered(of[i].name, "fb")))
			return true;
	return false;
}

static int guard_device(struct hd_guard *guard, const struct screens *screens,
			const struct hd_device *device, enum sight rest)
{
	const struct screen *screen;
	bool boot;
	int r;

	if (device->vfio)
		return 0;
	r = hd_boot_vga_read(guard->host, device->addr, &boot, guard->err);
	if (r == 0 && look_at(screens, device, boot, &screen) > rest)
		r = add(guard, device, screen);
	return r;
}

static int find_displays(struct hd_guard *guard)
{
	HD_AUTO(clear_screens)
	struct screens screens = { .host = guard->host, .err = guard->err };
	enum sight rest;
	bool any = false;
	int r = read_screens(&screens);

	for (size_t i = 0; r == 0 && i < guard->n_devices; i++) {
		bool boot;

		r = hd_boot_vga_read(guard->host, guard->devices[i].addr, &boot,
				     guard->err);
		any |= r == 0 && boot;
	}
	rest = look_at_rest(guard, &screens, any);
	for (size_t i = 0; r == 0 && i < guard->n_devices; i++)
		r = guard_device(guard, &screens, &guard->devices[i], rest);
	return r;
}

int hd_guard_display(struct hd_guard *guard)
{
	bool concerned = false;
	int found, r = 0;

	for (size_t i = 0; i < guard->n_devices; i++)
		concerned |= is_concerned(guard, &guard->devices[i]);
	found = concerned ? find_displays(guard) : 0;
	for (size_t i = 0; found < 0 && r == 0 && i < guard->n_devices; i++)
		if (is_concerned(guard, &guard->devices[i]))
			r = hd_guard_add_unknown(guard, guard->devices[i].addr,
						 HD_CRITICAL_DISPLAY);
	return r;
}
