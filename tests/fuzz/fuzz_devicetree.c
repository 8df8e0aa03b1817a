// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/doctor/doctor.h"
#include "lib/doctor/read/devicetree.h"

/* A device tree that somebody sends, and all that is said of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_DEVICETREE struct hd_devicetree tree = { .there = false };
	HD_AUTO_DIAGNOSIS struct hd_diagnosis diagnosis = { .items = NULL };
	HD_AUTO_FLAT_TREE struct hd_flat_tree flat = { NULL };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	const struct hd_doctor_request request = { .subject = HD_OF_TREE };
	const struct hd_host host = HD_HOST_INIT;
	int r = hd_flat_tree_parse(data, size, "FILE", &flat, &err);

	if (r < 0) {
		if (!err.code || flat.data)
			__builtin_trap();
		return 0;
	}
	if (hd_devicetree_parse(&flat, &tree) < 0)
		return 0;
	if (hd_doctor_run_tree(&host, &request, &tree, &diagnosis, &err) < 0)
		__builtin_trap();
	/* Nothing of the host is looked at, and each row says something. */
	for (size_t i = 0; i < diagnosis.n; i++)
		if (!diagnosis.items[i].detail)
			__builtin_trap();
	return 0;
}
