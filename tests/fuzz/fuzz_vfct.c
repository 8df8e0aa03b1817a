// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "lib/host/vfct.h"

/* What is found lies within the table; a broken table has a sentence. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	const struct hd_addr addr = { 0, 3, 0, 0 };
	const uint8_t *rom;
	size_t n;
	int r = hd_vfct_find(data, size, addr, 0x1002, 0x73bf, &rom, &n, &err);

	if (r == 0 && (n == 0 || rom < data || n > size ||
		       (size_t)(rom - data) > size - n))
		__builtin_trap();
	if (r < 0 && r != -ENOENT && !err.message)
		__builtin_trap();
	return 0;
}
