// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/scripts.h"
#include "lib/doctor/read/settings.h"
#include "lib/host/bootargs.h"

/* The command line of a kernel, a file of libvirt's settings, a hook. */
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
	value = hd_setting_value(text, "user");
	if (n > args.n || (value && strlen(value) > size))
		__builtin_trap();
	hd_script_find_background(text);
	if (hd_script_find(text, "virsh |new_id", &word) && !word)
		__builtin_trap();
	return 0;
}
