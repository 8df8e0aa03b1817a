// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/android.h"
#include "lib/host/bootargs.h"

/* A phone's own files: ueventd.rc, the boot configuration, a kernel's name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTOFREE char *text = strndup((const char *)data, size);
	HD_AUTOFREE char *node = NULL;
	const char *found;
	size_t n;

	if (!text)
		return 0;
	hd_android_node(text, "/dev/vfio/0", &node);
	hd_bootconfig_says(text, "kvm-arm.mode", "protected");
	found = hd_android_of_release(text, &n);
	if (found && (found < text || found + n > text + strlen(text)))
		__builtin_trap();
	return 0;
}
