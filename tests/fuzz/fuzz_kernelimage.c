// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/doctor/read/kernelimage.h"

/* A kernel that isn't run, as somebody sends it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { .format = NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int r = hd_kernel_image_parse((const char *)data, size, "FILE", &image,
				      &err);

	if (r < 0 ? !err.code : !image.format)
		__builtin_trap();
	/* There is a configuration, or a reason. */
	if (r == 0 && (image.kconfig.n == 0) != (image.no_kconfig.code != 0))
		__builtin_trap();
	if (r == 0 && image.text && image.text[image.length] != '\0')
		__builtin_trap();
	return 0;
}
