// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include "lib/host/rom.h"

/* A refusal has a sentence; a ROM has an image, which its own ids match. Its
 * images follow each other and lie within the file. */
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
	for (size_t i = 0, end = 0; i < rom.n_images; i++) {
		const struct hd_rom_image *image = &rom.images[i];

		if (i == HD_ROM_IMAGES || image->offset != end ||
		    image->length > size - image->offset)
			__builtin_trap();
		end = image->offset + image->length;
	}
	if (rom.end > size)
		__builtin_trap();
	return 0;
}
