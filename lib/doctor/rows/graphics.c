// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/graphics.h"
#include "lib/host/sysfs.h"

/* Graphics cards, and what the console of the host leaves on them. */

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
