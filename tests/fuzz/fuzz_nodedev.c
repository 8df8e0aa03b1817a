// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "xml/domain/nodedev.h"

/* A refusal has a sentence, but for what is another kind of device. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_device device;
	int r = hd_nodedev_parse((const char *)data, size, &device, &err);

	if (r < 0) {
		if ((r == -ENOENT) != !err.message)
			__builtin_trap();
		return 0;
	}
	if (device.addr.slot > 0x1f || device.addr.function > 7 ||
	    device.group < HD_NO_GROUP || device.class_code > 0xffffff ||
	    (device.vfio && !device.driver))
		__builtin_trap();
	hd_device_clear(&device);
	return 0;
}
