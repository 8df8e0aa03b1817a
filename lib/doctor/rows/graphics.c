// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/display/connector.h"
#include "lib/doctor/row.h"
#include "lib/host/graphics.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

/*
 * Graphics cards, what the console of the host leaves on them, and whether the
 * host's screen can go with one and come back.
 */

#define DEVICE HD_SYSFS_PCI "/devices/ADDRESS"

static bool is_graphics(const struct hd_device *device)
{
	return device->class_code >> 16 == 0x03;
}

static void rule_boot_vga(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (!is_graphics(exam->device))
		hd_exam_not_applicable(exam, "it is no graphics card");
	else if (!hd_exam_read_attribute(exam, &text))
		return;
	else if (strcmp(text, "1") == 0)
		hd_exam_bad(
			exam,
			"the firmware showed its console on it: its ROM may be altered, and its memory in use");
	else
		hd_exam_pass(exam, "the firmware used another one");
}

/* A card that another one started has a ROM that can be read, as long as the
 * kernel knows of it. */
static void rule_rom(struct hd_exam *exam)
{
	if (!is_graphics(exam->device))
		hd_exam_not_applicable(exam, "it is no graphics card");
	else if (hd_exam_has_attribute(exam, NULL))
		hd_exam_pass(exam, "it has one");
	else if (exam->facts->host->live)
		hd_exam_bad(
			exam,
			"it shows no ROM, without which the guest's firmware can't use it");
	else
		hd_exam_missing(exam, "rom");
}

static void look_for_framebuffer(struct hd_exam *exam,
				 const struct hd_bars *bars, char *iomem)
{
	bool hidden = true;
	char *line;

	while ((line = strsep(&iomem, "\n"))) {
		struct hd_range range;
		const char *owner;

		if (!*line)
			continue;
		if (!hd_range_of_iomem(line, &range, &owner)) {
			hd_exam_unknown(exam,
					"\"%.60s\" in /proc/iomem is no range",
					line);
			return;
		}
		hidden &= range.last == 0;
		if (!hd_is_boot_framebuffer(owner) ||
		    !hd_bars_have(bars, range.first))
			continue;
		hd_exam_bad(
			exam,
			"the console's framebuffer (%s) still has its memory, and the guest would not get it",
			owner);
		return;
	}
	if (hidden)
		hd_exam_unknown(exam,
				"/proc/iomem tells only root the addresses");
	else
		hd_exam_pass(exam,
			     "no framebuffer of the console is in its memory");
}

static void rule_framebuffer(struct hd_exam *exam)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *resource = NULL;
	HD_AUTOFREE char *iomem = NULL;
	struct hd_bars bars;

	if (!is_graphics(exam->device)) {
		hd_exam_not_applicable(exam, "it is no graphics card");
		return;
	}
	if (!hd_exam_open_device(exam, &fd) ||
	    !hd_exam_saw(exam, hd_sysfs_read(fd, "resource", &resource),
			 "resource"))
		hd_exam_missing(exam, "resource");
	else if (!hd_bars_read(resource, &bars))
		hd_exam_unknown(exam, "resource can't be understood");
	else if (hd_exam_read_source(exam, &iomem))
		look_for_framebuffer(exam, &bars, iomem);
}

static void rule_nvidia(struct hd_exam *exam)
{
	const char *driver = exam->device->driver;

	if (driver && strcmp(driver, "nvidia") == 0)
		hd_exam_bad(
			exam,
			"it is on NVIDIA's driver, which blocks for ever when its device is taken while something uses it");
	else
		hd_exam_not_applicable(exam, "it isn't on NVIDIA's driver");
}

static void rule_resizable(struct hd_exam *exam)
{
	char name[sizeof("resource-2147483648_resize")];

	for (int i = 0; i < HD_BARS; i++) {
		snprintf(name, sizeof(name), "resource%d_resize", i);
		if (hd_exam_has_attribute(exam, name)) {
			hd_exam_pass(exam, "BAR %d can be resized", i);
			return;
		}
	}
	hd_exam_not_applicable(exam, "none of its BARs can be resized");
}

static int count_connected(void *data, const char *name, const char *status,
			   const char *folder)
{
	(void)name, (void)folder;
	*(unsigned *)data += strcmp(status, "connected") == 0;
	return 0;
}

static void say_unlooked(struct hd_exam *exam, const struct hd_err *err)
{
	exam->failed |= err->code == ENOMEM;
	hd_exam_unknown(exam, "%s", hd_err_message(err));
}

/* Whether the host shows something on it; otherwise that is said. */
static bool has_screen(struct hd_exam *exam)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	const struct hd_device *device = exam->device;
	const struct hd_host *host = exam->facts->host;
	unsigned connected = 0;
	bool boot = false;
	int r;

	if (!is_graphics(device) || device->vfio) {
		hd_exam_not_applicable(exam, is_graphics(device) ?
						     "vfio has it by now" :
						     "it is no graphics card");
		return false;
	}
	r = hd_connectors_each(host, device->addr, count_connected, &connected,
			       &err);
	if (r == 0 && !connected)
		r = hd_boot_display_read(host, device->addr, &boot, &err);
	if (r < 0)
		say_unlooked(exam, &err);
	else if (!connected && !boot)
		hd_exam_not_applicable(exam, "the host shows nothing on it");
	return r == 0 && (connected || boot);
}

/* What drivers of the kernel's own drew on is theirs, and comes with them. */
static void rule_screen_driver(struct hd_exam *exam)
{
	if (!has_screen(exam))
		return;
	if (exam->device->driver)
		hd_exam_pass(exam, "%s brings it back", exam->device->driver);
	else
		hd_exam_bad(
			exam,
			"no driver of the host has it: what the firmware draws there ends when a guest gets the card, and nothing brings it back");
}

struct console_search {
	const struct hd_exam *exam;
	char name[16]; /* of the frame buffer */
	struct hd_err *err;
};

static int look_for_console(void *data, int dir_fd, const char *name)
{
	struct console_search *search = data;
	HD_AUTOFREE char *link = NULL;
	struct hd_screen_place place;
	int r;

	(void)dir_fd;
	if (!hd_is_numbered(name, "fb"))
		return 0;
	r = hd_look_where(search->exam->facts->host, "graphics", name, &link,
			  search->err);
	if (r < 0 || !link)
		return r;
	place = hd_screen_place(link);
	if (place.on_pci && !*place.firmware &&
	    hd_addr_equal(place.addr, search->exam->device->addr))
		snprintf(search->name, sizeof(search->name), "%s", name);
	return 0;
}

/* Consoles are drawn on a frame buffer, which not every driver has. */
static void rule_screen_console(struct hd_exam *exam)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct console_search search = { .exam = exam, .err = &err };
	const char *driver = exam->device->driver;

	if (!has_screen(exam))
		return;
	if (!driver) {
		hd_exam_not_applicable(exam, "it has no driver");
		return;
	}
	if (hd_look_into(exam->facts->host, "graphics", "", "",
			 look_for_console, &search, &err) < 0) {
		say_unlooked(exam, &err);
		return;
	}
	if (*search.name) {
		hd_exam_pass(exam, "%s is %s's", search.name, driver);
		return;
	}
	hd_exam_bad(
		exam,
		"%s has no frame buffer for it: after a guest the desktop comes back, and the text consoles stay dark",
		driver);
	/* Since its version 545; 570 has it on by default. */
	if (strcmp(driver, "nvidia") == 0)
		hd_exam_fix(
			exam,
			"Add nvidia_drm.modeset=1 nvidia_drm.fbdev=1 to the kernel's command line, and reboot");
}

/* Why the host needs its screen: NULL when another one shows as much. */
static const struct hd_critical_use *find_use(const struct hd_exam *exam)
{
	const struct hd_critical_uses *uses =
		&exam->facts->situation.critical_uses;

	for (size_t i = 0; i < uses->n; i++)
		if (uses->items[i].critical == HD_CRITICAL_DISPLAY &&
		    hd_addr_equal(uses->items[i].addr, exam->device->addr))
			return &uses->items[i];
	return NULL;
}

/* Where somebody can log in while a guest has the only screen. */
static void rule_screen_alone(struct hd_exam *exam)
{
	const struct hd_critical_use *use = find_use(exam);
	HD_AUTOFREE char *text = NULL;
	char *rest, *word;

	if (!has_screen(exam))
		return;
	if (exam->facts->examine_err.code) {
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->examine_err));
		return;
	}
	if (!use || use->unknown) {
		hd_exam_say(exam, use ? HD_UNREAD : HD_PASS, "%s",
			    use ? use->chain : "it isn't the only screen");
		return;
	}
	if (!hd_exam_read_source(exam, &text))
		return;
	for (rest = text; (word = strsep(&rest, " "));)
		if (*word && !hd_is_numbered(word, "tty")) {
			hd_exam_pass(exam, "%s is a console, too", word);
			return;
		}
	hd_exam_bad(
		exam,
		"it is the only screen, and no serial line is a console: while a guest has it only the network leads in");
}

/* One that neither goes to the guest nor along, of the same slot. */
static const struct hd_device *find_left_out(const struct hd_exam *exam)
{
	const struct hd_inventory *all = &exam->facts->inventory;
	const struct hd_situation *situation = &exam->facts->situation;
	struct hd_addr own = exam->device->addr;

	for (size_t i = 0; i < all->n_devices; i++) {
		struct hd_addr addr = all->devices[i].addr;
		const struct hd_device *seen;

		if (addr.domain != own.domain || addr.bus != own.bus ||
		    addr.slot != own.slot || hd_addr_equal(addr, own) ||
		    hd_exam_is_asked_for(exam, addr))
			continue;
		seen = hd_inventory_find(&situation->inventory, addr);
		if (!seen || hd_fate_of(situation, seen) == HD_STAYS)
			return &all->devices[i];
	}
	return NULL;
}

static void rule_functions(struct hd_exam *exam)
{
	const struct hd_device *left_out;

	if (!is_graphics(exam->device)) {
		hd_exam_not_applicable(exam, "it is no graphics card");
		return;
	}
	if (exam->facts->inventory_err.code || exam->facts->examine_err.code) {
		hd_exam_unknown(
			exam, "%s",
			hd_err_message(exam->facts->inventory_err.code ?
					       &exam->facts->inventory_err :
					       &exam->facts->examine_err));
		return;
	}
	left_out = find_left_out(exam);
	if (!left_out) {
		hd_exam_pass(exam, "the whole card goes");
		return;
	}
	hd_exam_bad(
		exam,
		"%s (driver %s) of the same card stays: what it is for, sound or USB, is gone all the same, and its driver may hold the card",
		hd_addr_text(left_out->addr).s,
		left_out->driver ? left_out->driver : "none");
	hd_exam_fix(exam, "virt-hostdev rewrite GUEST --add %s --define",
		    hd_addr_text(left_out->addr).s);
}

static const struct hd_row rows[] = {
	{ .id = "device-framebuffer",
	  .title = "The console isn't in its memory",
	  .source = "/proc/iomem",
	  .rule = rule_framebuffer,
	  .bad = HD_FAIL,
	  .fix = "Choose another card as the first one in the firmware's setup",
	  .scope = HD_NAMED },
	{ .id = "device-boot-vga",
	  .title = "The firmware doesn't show on it",
	  .source = DEVICE "/boot_vga",
	  .rule = rule_boot_vga,
	  .bad = HD_WARN,
	  .fix = "Choose another card as the first one in the firmware's setup",
	  .scope = HD_NAMED },
	{ .id = "device-rom",
	  .title = "Its ROM",
	  .source = DEVICE "/rom",
	  .rule = rule_rom,
	  .bad = HD_WARN,
	  .fix = "Give the guest a file with it, which is checked: virt-hostdev xml --rom FILE ADDRESS",
	  .scope = HD_NAMED },
	{ .id = "device-nvidia",
	  .title = "Its driver lets it go",
	  .source = DEVICE "/driver",
	  .rule = rule_nvidia,
	  .bad = HD_WARN,
	  .fix = "Let the hook stop what uses it, and start it again: virt-hostdev allow --hand-over-display --may-stop nvidia-persistenced.service GUEST",
	  .scope = HD_NAMED },
	{ .id = "device-screen-driver",
	  .title = "A driver brings its screen back",
	  .source = DEVICE "/driver",
	  .rule = rule_screen_driver,
	  .bad = HD_WARN,
	  .fix = "Have the card's driver loaded at boot; nomodeset on the kernel's command line or a blacklist in modprobe.d keeps it away",
	  .scope = HD_NAMED },
	{ .id = "device-screen-console",
	  .title = "The text consoles come back on it",
	  .source = HD_SYSFS_CLASS "/graphics",
	  .rule = rule_screen_console,
	  .bad = HD_WARN,
	  .scope = HD_NAMED },
	{ .id = "device-screen-alone",
	  .title = "There is another way in",
	  .source = HD_SYSFS_CLASS "/tty/console/active",
	  .rule = rule_screen_alone,
	  .bad = HD_WARN,
	  .fix = "Try ssh from another machine before the guest has it, or add console=tty0 console=ttyS0 to the kernel's command line",
	  .scope = HD_NAMED },
	{ .id = "device-functions",
	  .title = "The whole card goes",
	  .source = HD_SYSFS_PCI "/devices",
	  .rule = rule_functions,
	  .bad = HD_WARN,
	  .scope = HD_NAMED },
	{ .id = "device-resizable",
	  .title = "Resizable BARs",
	  .source = DEVICE "/resourceN_resize",
	  .rule = rule_resizable,
	  .scope = HD_NAMED },
};

const struct hd_rows hd_rows_graphics = HD_ROWS("device", rows);
