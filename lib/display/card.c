// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/card.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/display/connector.h"
#include "lib/display/console.h"
#include "lib/display/module_stack.h"
#include "lib/host/graphics.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/* PCI_CLASS_DISPLAY_VGA of <linux/pci_ids.h>. */
#define CLASS_VGA 0x0300

/* The release of Linux whose vfio-pci removes what the firmware drew on. */
#define REMOVES_SINCE 6

struct reading {
	const struct hd_host *host;
	const struct hd_device *card;
	struct hd_screen *ret;
	struct hd_err *err;
	bool own, others; /* frame buffers of the card, of other cards */
	bool leaves; /* the kernel removes what the firmware drew on */
	struct hd_screen *framebuffers; /* where it doesn't: added behind the
					 * consoles, which go first */
	bool lost; /* where it does, and it is this card's */
};

static int add(const struct reading *reading, enum hd_screen_kind kind,
	       const char *name, const char *value)
{
	return hd_screen_fail(hd_screen_add(reading->ret, kind, name, value),
			      reading->err);
}

/* Linux 5.10.0-8-amd64 is not: then what the firmware drew on has to be taken
 * from its driver. */
static int read_leaves(struct reading *reading)
{
	HD_AUTOFREE char *release = NULL;
	unsigned version;
	int r;

	if (reading->card->class_code >> 8 != CLASS_VGA)
		return 0;
	r = hd_proc_read_release(reading->host, &release);
	if (r == 0 && sscanf(release, "%5u.", &version) != 1)
		r = -EINVAL;
	if (r == 0)
		reading->leaves = version >= REMOVES_SINCE;
	return hd_look_fail(reading->host, r, reading->err, "%s",
			    HD_PROC_RELEASE);
}

/* Whether the card is the place of a frame buffer. */
static int is_here(const struct reading *reading,
		   const struct hd_screen_place *place, bool *ret)
{
	*ret = place->on_pci && hd_addr_equal(place->addr, reading->card->addr);
	return place->on_pci || !*place->firmware ?
		       0 :
		       hd_boot_display_read(reading->host, reading->card->addr,
					    ret, reading->err);
}

/* A platform device that no driver has draws nothing. */
static int add_framebuffer(const struct reading *reading, const char *name)
{
	HD_AUTOFREE char *driver = NULL;
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen =
		hd_sysfs_open_platform_device(reading->host, name, &fd);
	bool there;
	int r = hd_look_for(reading->host, seen, HD_SYSFS_PLATFORM, &there,
			    reading->err);

	if (r < 0 || !there)
		return r;
	seen = hd_sysfs_read_link(fd, "driver", &driver);
	r = hd_look_fail(reading->host, hd_seen_optional(seen), reading->err,
			 HD_SYSFS_PLATFORM "/devices/%s/driver", name);
	return r < 0 || !driver ?
		       r :
		       hd_screen_fail(hd_screen_add(reading->framebuffers,
						    HD_SCREEN_FRAMEBUFFER, name,
						    driver),
				      reading->err);
}

/* Of frame buffers, and of cards, which need have none. */
static int look_at_place(struct reading *reading, const char *class,
			 const char *name, bool buffer)
{
	HD_AUTOFREE char *link = NULL;
	struct hd_screen_place place;
	bool here, firmware;
	int r = hd_look_where(reading->host, class, name, &link, reading->err);

	if (r < 0 || !link)
		return r;
	place = hd_screen_place(link);
	firmware = *place.firmware;
	r = is_here(reading, &place, &here);
	if (r < 0)
		return r;
	reading->others |= buffer && !here;
	reading->lost |= buffer && here && firmware && reading->leaves;
	if (!here || (firmware && reading->leaves))
		return 0;
	reading->own |= buffer;
	return firmware ? add_framebuffer(reading, place.firmware) : 0;
}

static int look_at_fb(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return hd_is_numbered(name, "fb") ?
		       look_at_place(data, "graphics", name, true) :
		       0;
}

static int look_at_card(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	return hd_is_numbered(name, "card") ?
		       look_at_place(data, "drm", name, false) :
		       0;
}

/* Of those that can be unbound, no other draws on a graphics card. */
static int add_console(void *data, const char *name, bool bound)
{
	const struct reading *reading = data;

	return bound && hd_console_can_go(name) &&
			       strstr(name, "frame buffer") ?
		       add(reading,
			   reading->own ? HD_SCREEN_CONSOLE : HD_SCREEN_LOST,
			   name, NULL) :
		       0;
}

static int add_connector(void *data, const char *name, const char *status,
			 const char *folder)
{
	(void)folder;
	return strcmp(status, "connected") == 0 ?
		       add(data, HD_SCREEN_CONNECTOR, name, NULL) :
		       0;
}

static int read_places(struct reading *reading)
{
	int r = hd_look_into(reading->host, "graphics", "", "", look_at_fb,
			     reading, reading->err);

	return r < 0 ? r :
		       hd_look_into(reading->host, "drm", "", "", look_at_card,
				    reading, reading->err);
}

int hd_display_read(const struct hd_host *host, const struct hd_device *card,
		    struct hd_screen *ret, struct hd_err *err)
{
	HD_AUTO_SCREEN struct hd_screen framebuffers = { NULL, 0 };
	struct reading reading = { .host = host,
				   .card = card,
				   .ret = ret,
				   .err = err,
				   .framebuffers = &framebuffers };
	int r = read_leaves(&reading);

	if (r == 0)
		r = read_places(&reading);
	if (r == 0 && (reading.own || reading.lost) && !reading.others)
		r = hd_consoles_each(host, add_console, &reading, err);
	if (r == 0)
		r = hd_screen_fail(hd_screen_keep(ret, &framebuffers), err);
	if (r == 0)
		r = hd_module_stack_read(host, card, ret, err);
	if (r == 0)
		r = hd_connectors_each(host, card->addr, add_connector,
				       &reading, err);
	return r;
}
