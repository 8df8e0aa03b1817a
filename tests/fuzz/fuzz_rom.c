// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include "lib/host/rom.h"

/* A refusal has a sentence; a ROM has an image, which its own ids match. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_rom rom;

	if (hd_rom_parse(data, size, &rom, &err) < 0) {
		if (!err.message)
			__builtin_trap();
		return 0;
	}
	if (!rom.n_images || !rom.n_ids || rom.n_ids > HD_ROM_IDS ||
	    !hd_rom_matches(&rom, rom.vendor, rom.device))
		__builtin_trap();
	return 0;
}
