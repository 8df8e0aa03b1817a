// SPDX-License-Identifier: GPL-2.0-or-later
/* The ROM file that a device is to have instead of its own. */
#include <errno.h>
#include <string.h>

#include "lib/host/rom.h"
#include "tools/verb/xml/blocks.h"

static int refuse_stranger(const struct hd_blocks *blocks,
			   const struct hd_rom *rom)
{
	const struct hd_device *device =
		hd_blocks_device(blocks, &blocks->items[0]);

	if (blocks->n_named > 1)
		return hd_err_set(
			blocks->err, EINVAL,
			"%s is the ROM of a device %04x:%04x, which is none of those that are named",
			blocks->values->rom, rom->vendor, rom->device);
	return hd_err_set(
		blocks->err, EINVAL,
		"%s is the ROM of a device %04x:%04x, and %s is %04x:%04x",
		blocks->values->rom, rom->vendor, rom->device,
		hd_addr_text(device->addr).s, device->vendor, device->device);
}

/* A guest's firmware runs one kind of code and passes over the other. */
static int note_firmware(struct hd_blocks *blocks, const struct hd_rom *rom)
{
	if (rom->has_efi && rom->has_bios)
		return 0;
	return hd_findings_add(
		&blocks->notes, rom->has_efi ? "rom-no-bios" : "rom-no-efi",
		HD_WARNING, HD_WHOLE_DOMAIN,
		rom->has_efi ?
			hd_text("%s has code for UEFI only: a guest with a BIOS (SeaBIOS) won't run it",
				blocks->values->rom) :
			hd_text("%s has no code for UEFI: a guest with UEFI (OVMF) won't run it",
				blocks->values->rom),
		NULL, blocks->err);
}

int hd_blocks_fill_rom(struct hd_blocks *blocks)
{
	const char *path = blocks->values->rom;
	struct hd_rom rom;
	size_t n = 0;
	int r;

	if (!path || strcmp(path, "off") == 0)
		return 0;
	r = hd_rom_read(&blocks->tool->host, path, &rom, blocks->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < blocks->n_named; i++) {
		const struct hd_device *device =
			hd_blocks_device(blocks, &blocks->items[i]);

		if (!hd_rom_matches(&rom, device->vendor, device->device))
			continue;
		blocks->items[i].rom_file = path;
		n++;
	}
	if (n == 0)
		return refuse_stranger(blocks, &rom);
	return note_firmware(blocks, &rom);
}
