// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/graphics.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

#define DEVICES HD_SYSFS_PCI "/devices"

#define IOMEM_LIMIT (4 * 1024 * 1024)

/* IORESOURCE_MEM of <linux/ioport.h>. */
#define RESOURCE_MEM 0x200

bool hd_bars_read(const char *resource, struct hd_bars *ret)
{
	ret->n = 0;
	for (const char *line = resource; line && *line && ret->n < HD_BARS;
	     line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line && !hd_range_of_resource(line, &ret->items[ret->n++]))
			return false;
	}
	return true;
}

bool hd_bars_have(const struct hd_bars *bars, uint64_t address)
{
	for (size_t i = 0; i < bars->n; i++) {
		const struct hd_range *bar = &bars->items[i];

		if ((bar->flags & RESOURCE_MEM) && bar->first != 0 &&
		    address >= bar->first && address <= bar->last)
			return true;
	}
	return false;
}

bool hd_is_boot_framebuffer(const char *owner)
{
	static const char *const names[] = {
		"BOOTFB",   "efifb",	 "vesafb",
		"simplefb", "simpledrm", "simple-framebuffer"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(owner, names[i]))
			return true;
	return false;
}

bool hd_is_numbered(const char *name, const char *start)
{
	const char *number = hd_after(name, start);

	return number && isdigit((unsigned char)*number) &&
	       !number[strspn(number, "0123456789")];
}

/* One element of the path, @n bytes long. */
static void take_element(struct hd_screen_place *place, const char *element,
			 size_t n)
{
	char name[sizeof(place->firmware)];

	if (n >= sizeof(name))
		return;
	memcpy(name, element, n);
	name[n] = '\0';
	if (strstr(name, "-framebuffer."))
		strcpy(place->firmware, name);
	/* The PCI function is the last one on the way to the device. */
	if (hd_addr_parse(name, &place->addr, NULL) == 0)
		place->on_pci = true;
}

struct hd_screen_place hd_screen_place(const char *link)
{
	struct hd_screen_place place = { .on_pci = false };

	while (*link) {
		size_t n = strcspn(link, "/");

		take_element(&place, link, n);
		link += n;
		link += *link == '/';
	}
	return place;
}

int hd_boot_vga_read(const struct hd_host *host, struct hd_addr addr, bool *ret,
		     struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_device(host, addr, &fd);
	int64_t boot_vga = 0;

	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read_number(fd, "boot_vga", &boot_vga);
	*ret = seen.is == HD_PRESENT && boot_vga == 1;
	return hd_look_fail(host, hd_seen_optional(seen), err,
			    DEVICES "/%s/boot_vga", hd_addr_text(addr).s);
}

static int read_device_bars(const struct hd_host *host, struct hd_addr addr,
			    struct hd_bars *ret, struct hd_err *err)
{
	HD_AUTOFREE char *resource = NULL;
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_device(host, addr, &fd);
	int r;

	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read(fd, "resource", &resource);
	r = hd_seen_required(seen);
	if (r == 0 && !hd_bars_read(resource, ret))
		r = -EINVAL;
	return hd_look_fail(host, r, err, DEVICES "/%s/resource",
			    hd_addr_text(addr).s);
}

/* Root alone sees addresses there: for others all ranges are 0. */
static int find_framebuffer(const struct hd_bars *bars, char *iomem, bool *ret)
{
	bool hidden = true;
	char *line;

	*ret = false;
	while ((line = strsep(&iomem, "\n"))) {
		struct hd_range range;
		const char *owner;

		if (!*line)
			continue;
		if (!hd_range_of_iomem(line, &range, &owner))
			return -EINVAL;
		hidden &= range.last == 0;
		*ret |= hd_is_boot_framebuffer(owner) &&
			hd_bars_have(bars, range.first);
	}
	return hidden ? -EACCES : 0;
}

int hd_boot_display_read(const struct hd_host *host, struct hd_addr addr,
			 bool *ret, struct hd_err *err)
{
	HD_AUTOFREE char *iomem = NULL;
	struct hd_bars bars;
	size_t length;
	int r = hd_boot_vga_read(host, addr, ret, err);

	if (r < 0 || *ret)
		return r;
	r = read_device_bars(host, addr, &bars, err);
	if (r < 0)
		return r;
	r = hd_seen_required(hd_host_read(host, HD_PROC_IOMEM, IOMEM_LIMIT,
					  &iomem, &length));
	if (r == 0)
		r = find_framebuffer(&bars, iomem, ret);
	return hd_look_fail(host, r, err, "%s", HD_PROC_IOMEM);
}
