// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/* Graphics cards, and what the console of the host leaves on them. */

#define DEVICE HD_SYSFS_PCI "/devices/ADDRESS"
#define BARS 6

/* IORESOURCE_MEM of <linux/ioport.h>. */
#define RESOURCE_MEM 0x200

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
		hd_exam_unread(exam, "rom", -ENOENT);
}

/* Whether an address is in one of the device's BARs, as "resource" has them. */
static bool in_bars(const char *resource, uint64_t address)
{
	const char *line = resource;

	for (int i = 0; line && i < BARS; i++) {
		uint64_t first, last, flags;

		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &first,
			   &last, &flags) == 3 &&
		    (flags & RESOURCE_MEM) && first != 0 && address >= first &&
		    address <= last)
			return true;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return false;
}

/* Owners of a framebuffer in /proc/iomem (drivers/firmware/sysfb*.c, fbdev). */
static bool is_framebuffer(const char *owner)
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

static void look_for_framebuffer(struct hd_exam *exam, const char *resource,
				 char *iomem)
{
	bool hidden = true;
	char *line;

	while ((line = strsep(&iomem, "\n"))) {
		char *owner = strstr(line, " : ");
		uint64_t first, last;

		if (!owner ||
		    sscanf(line, " %" SCNx64 "-%" SCNx64, &first, &last) != 2)
			continue;
		hidden &= last == 0;
		if (!is_framebuffer(owner) || !in_bars(resource, first))
			continue;
		hd_exam_bad(
			exam,
			"the console's framebuffer (%s) still has its memory, and the guest would not get it",
			owner + 3);
		return;
	}
	if (hidden)
		hd_exam_skip(exam, "/proc/iomem tells only root the addresses");
	else
		hd_exam_pass(exam,
			     "no framebuffer of the console is in its memory");
}

static void rule_framebuffer(struct hd_exam *exam)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(
		hd_sysfs_open_device, exam->facts->host, exam->device->addr);
	HD_AUTOFREE char *resource = NULL;
	HD_AUTOFREE char *iomem = NULL;
	int r;

	if (!is_graphics(exam->device)) {
		hd_exam_not_applicable(exam, "it is no graphics card");
		return;
	}
	r = fd < 0 ? fd : hd_unsorted(hd_sysfs_read(fd, "resource", &resource));
	if (r < 0)
		hd_exam_unread(exam, "resource", r);
	else if (hd_exam_read_source(exam, &iomem))
		look_for_framebuffer(exam, resource, iomem);
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

	for (int i = 0; i < BARS; i++) {
		snprintf(name, sizeof(name), "resource%d_resize", i);
		if (hd_exam_has_attribute(exam, name)) {
			hd_exam_pass(exam, "BAR %d can be resized", i);
			return;
		}
	}
	hd_exam_not_applicable(exam, "none of its BARs can be resized");
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
	  .fix = "Stop what uses it before the guest starts: nvidia-persistenced, the display manager",
	  .scope = HD_NAMED },
	{ .id = "device-resizable",
	  .title = "Resizable BARs",
	  .source = DEVICE "/resourceN_resize",
	  .rule = rule_resizable,
	  .scope = HD_NAMED },
};

const struct hd_rows hd_rows_graphics = HD_ROWS("device", rows);
