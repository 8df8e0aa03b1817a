// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/scripts.h"
#include "lib/doctor/read/settings.h"
#include "lib/host/bootargs.h"
#include "lib/host/graphics.h"
#include "lib/host/module.h"
#include "lib/host/range.h"

/* Each line as one of a device's resources and of /proc/iomem. */
static void read_ranges(const char *text)
{
	struct hd_range range;
	const char *owner;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		hd_range_of_resource(line, &range);
		if (hd_range_of_iomem(line, &range, &owner) &&
		    (owner < line || owner > line + strlen(line)))
			__builtin_trap();
	}
}

/* What an install command loads lies within it. */
static int take_install(void *data, const char *name, bool ignore,
			const char *options)
{
	const size_t *size = data;

	(void)ignore;
	if (!*name || strlen(name) + strlen(options) > *size)
		__builtin_trap();
	return 0;
}

static void read_words(const char *text)
{
	size_t size = strlen(text);
	struct hd_bars bars;
	struct hd_screen_place place = hd_screen_place(text);

	if (*place.firmware && !strstr(text, place.firmware))
		__builtin_trap();
	if (hd_bars_read(text, &bars) && bars.n > HD_BARS)
		__builtin_trap();
	hd_install_command(text, take_install, &size);
}

/* The command line of a kernel, a file of libvirt's settings, a hook, ranges,
 * install commands of modprobe.d. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_BOOTARGS struct hd_bootargs args = { NULL, NULL, 0 };
	HD_AUTOFREE char *text = strndup((const char *)data, size);
	HD_AUTOFREE char *value = NULL;
	const struct hd_bootarg *arg = NULL;
	const char *word = NULL;
	size_t n = 0;

	if (!text || hd_bootargs_parse(text, &args) < 0)
		return 0;
	for (size_t i = 0; i < args.n && i < 100; i++)
		if (!hd_bootargs_find(&args, args.items[i].name, NULL) &&
		    !strchr(args.items[i].name, '|'))
			__builtin_trap();
	while ((arg = hd_bootargs_find(&args, "pci=nomsi|pci=acs=", arg)))
		n++;
	if (hd_setting_value(text, "user", &value) < 0 && value)
		__builtin_trap();
	if (n > args.n || (value && strlen(value) > size))
		__builtin_trap();
	read_ranges(text);
	read_words(text);
	hd_script_find_background(text);
	if (hd_script_find(text, "virsh |new_id", &word) && !word)
		__builtin_trap();
	return 0;
}
