// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/kconfig.h"

/* Names are in order, each is there once, and is found. */
static void assert_found(const struct hd_kconfig *kconfig)
{
	for (size_t i = 0; i < kconfig->n; i++) {
		const struct hd_kconfig_option *option = &kconfig->options[i];

		if (i > 0 && strcmp(option[-1].name, option->name) >= 0)
			__builtin_trap();
		if (hd_kconfig_value(kconfig, option->name) != option->value)
			__builtin_trap();
	}
}

/* The configuration of a kernel, as text or compressed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_KCONFIG struct hd_kconfig plain = { NULL, NULL, 0 };
	HD_AUTO_KCONFIG struct hd_kconfig zipped = { NULL, NULL, 0 };
	HD_AUTOCLOSE int fd = memfd_create("kconfig", MFD_CLOEXEC);

	if (hd_kconfig_parse((const char *)data, size, &plain) == 0)
		assert_found(&plain);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	if (hd_kconfig_read_fd(fd, &zipped) == 0)
		assert_found(&zipped);
	return 0;
}
