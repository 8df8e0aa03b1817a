// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/guard/block/layer.h"
#include "lib/guard/finders.h"
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
	bool on_pci;
	struct hd_addr addr; /* of the PCI function that it is on */
	bool firmware; /* drawn where the firmware drew: on the boot display */
};

struct screens {
	const struct hd_host *host;
	struct screen *items;
	size_t n;
	bool text; /* the console is the VGA's own */
};

typedef int (*visit_fn)(void *screens, int dir_fd, const char *name);

static void clear_screens(struct screens *screens)
{
	free(screens->items);
}

/* "card0" and "fb0", not "card0-DP-1" and "fbcon". */
static bool is_numbered(const char *name, const char *start)
{
	const char *number = hd_after(name, start);

	return number && isdigit((unsigned char)*number) &&
	       !number[strspn(number, "0123456789")];
}

/* The PCI function is the last one on the way to the device. */
static void find_place(char *link, struct screen *screen)
{
	char *rest = link, *word;

	screen->firmware = strstr(link, "-framebuffer.") != NULL;
	while ((word = strsep(&rest, "/")))
		if (hd_addr_parse(word, &screen->addr, NULL) == 0)
			screen->on_pci = true;
}

static int add_screen(struct screens *screens, const char *class,
		      const char *name)
{
	HD_AUTOFREE char *link = NULL;
	struct screen *screen;
	int r = hd_unsorted(
		hd_sysfs_read_class_link(screens->host, class, name, &link));

	/* Cards that a program makes up show nothing. */
	if (r < 0 || strstr(link, "/vkms") || strstr(link, "/virtual/"))
		return hd_is_absent(r) || r == 0 ? 0 : r;
	if (screens->n >= SCREENS_LIMIT || strlen(name) >= sizeof(screen->name))
		return 0;
	screen = hd_array_add(&screens->items, &screens->n, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	strcpy(screen->name, name);
	find_place(link, screen);
	/* A frame buffer is seen as far as anybody knows, if it has no card. */
	if (strcmp(class, "graphics") == 0)
		screen->sight = DARK;
	if (screen->firmware)
		screen->sight = SEEN;
	return 0;
}

static int add_card(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return is_numbered(name, "card") ? add_screen(data, "drm", name) : 0;
}

static int add_fb(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return is_numbered(name, "fb") ? add_screen(data, "graphics", name) : 0;
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
	r = hd_unsorted(hd_sysfs_read_class(screens->host, "drm", name,
					    "status", &status));
	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
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
	if (!is_numbered(name, "vtcon"))
		return 0;
	r = hd_unsorted(hd_sysfs_read_class(screens->host, "vtconsole", name,
					    "name", &text));
	if (r == 0)
		r = hd_unsorted(hd_sysfs_read_class(screens->host, "vtconsole",
						    name, "bind", &bound));
	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
	if (strstr(text, "VGA") && strcmp(bound, "1") == 0)
		screens->text = true;
	return 0;
}

static int for_each(struct screens *screens, const char *class, visit_fn visit)
{
	return hd_dir_each(HD_UNSORTED_FD(hd_sysfs_open_class, screens->host,
					  class, "", ""),
			   visit, screens);
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

/* Whether the firmware showed itself on this device. */
static bool is_boot_display(const struct hd_host *host, struct hd_addr addr)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(hd_sysfs_open_device, host, addr);
	int64_t boot_vga = 0;

	return fd >= 0 &&
	       hd_unsorted(hd_sysfs_read_number(fd, "boot_vga", &boot_vga)) ==
		       0 &&
	       boot_vga == 1;
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
		bool here = screen->on_pci ?
				    hd_addr_equal(screen->addr, device->addr) :
				    screen->firmware && boot;

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
		bool gone =
			screen->on_pci ?
				hd_guard_device(guard, screen->addr) != NULL :
				screen->firmware && boot;

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
				    !screen	     ? "VGA console" :
				    screen->firmware ? "boot display" :
						       screen->name,
				    *connector ? " (" : "", connector,
				    *connector ? ")" : ""));
}

static bool may_show(const struct hd_device *device)
{
	return device->class_code >> 16 == 0x03 && !device->vfio;
}

/* Any of the devices that has something of a display. */
static bool is_concerned(const struct hd_guard *guard)
{
	for (size_t i = 0; i < guard->n_devices; i++)
		if (may_show(&guard->devices[i]))
			return true;
	for (size_t i = 0; i < guard->nodes->n; i++)
		if (guard->nodes->items[i].kind == HD_NODE_CHAR &&
		    (is_numbered(guard->nodes->items[i].name, "card") ||
		     is_numbered(guard->nodes->items[i].name, "fb")))
			return true;
	return false;
}

int hd_guard_display(struct hd_guard *guard)
{
	HD_AUTO(clear_screens) struct screens screens = { .host = guard->host };
	enum sight rest;
	bool boot = false;
	int r;

	if (!is_concerned(guard))
		return 0;
	r = read_screens(&screens);
	if (r < 0)
		return hd_err_set(guard->err, -r,
				  "cannot find out which displays the host "
				  "has: %s",
				  strerror(-r));
	for (size_t i = 0; i < guard->n_devices; i++)
		boot |= is_boot_display(guard->host, guard->devices[i].addr);
	rest = look_at_rest(guard, &screens, boot);
	for (size_t i = 0; r == 0 && i < guard->n_devices; i++) {
		const struct hd_device *device = &guard->devices[i];
		const struct screen *screen;

		if (!device->vfio &&
		    look_at(&screens, device,
			    is_boot_display(guard->host, device->addr),
			    &screen) > rest)
			r = add(guard, device, screen);
	}
	return r;
}
