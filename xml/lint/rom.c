// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/lint/rule.h"

/* One <rom file=''>. */
struct rom {
	const struct hd_lint_place *place;
	const xmlNode *node;
	const char *file;
};

/* What QEMU will not start with (hw/pci/pci.c, pci_add_option_rom()), and what
 * it hands to a guest that has no use for it. */
static int add_unreadable(struct hd_lint *lint, const struct rom *rom, int r,
			  struct hd_err *err)
{
	const char *id = r == -ENOENT ? "rom-missing" : "rom-bad";
	bool fatal = r == -ENOENT || r == -ENODATA;

	if (!fatal && r != -EINVAL && r != -EFBIG)
		return 0;
	return hd_lint_add(
		lint, id, fatal ? HD_ERROR : HD_WARNING, rom->place, rom->node,
		hd_text("The expansion ROM can't be used: %s.",
			hd_err_message(err)),
		err->fix ?
			hd_steal(&err->fix) :
			hd_text("Remove <rom>, unless the device doesn't work with its own"));
}

static int check_ids(struct hd_lint *lint, const struct rom *rom,
		     const struct hd_rom *read)
{
	const struct hd_lint_device *device = rom->place->device;

	if (!device || hd_rom_matches(read, device->vendor, device->device))
		return 0;
	return hd_lint_add(
		lint, "rom-mismatch", HD_WARNING, rom->place, rom->node,
		hd_text("%.120s is the expansion ROM of a %04x:%04x, and %s is a %04x:%04x.",
			rom->file, read->vendor, read->device,
			hd_addr_text(device->addr).s, device->vendor,
			device->device),
		hd_text("Use the ROM of this very card"));
}

/* Whether the firmware of an x86 guest runs it; of a device that isn't known,
 * if it is the one that the ROM names. */
static bool is_run(const struct hd_lint *lint, const struct rom *rom,
		   const struct hd_rom *read)
{
	const struct hd_lint_device *device = rom->place->device;

	if (lint->firmware == HD_FIRMWARE_BIOS)
		return hd_rom_suits_bios(
			read, device ? device->vendor : read->vendor,
			device ? device->device : read->device);
	return hd_rom_suits_efi(read, HD_ROM_X64) ||
	       hd_rom_suits_efi(read, HD_ROM_IA32);
}

static int check_firmware(struct hd_lint *lint, const struct rom *rom,
			  const struct hd_rom *read)
{
	bool efi = lint->firmware == HD_FIRMWARE_EFI;
	bool has = efi ? read->has_efi : read->has_bios;

	if (lint->firmware == HD_FIRMWARE_UNKNOWN || is_run(lint, rom, read))
		return 0;
	return hd_lint_add(
		lint, "rom-firmware", HD_WARNING, rom->place, rom->node,
		has ? hd_text("%.120s has code for the guest's %s that it won't run: %s. So the device does nothing before the guest's own driver runs.",
			      rom->file, efi ? "UEFI" : "BIOS",
			      efi ? "it is no driver for its processor" :
				    "its checksum doesn't fit, or it names another device") :
		      hd_text("%.120s has no code for the guest's %s, so the device does nothing before the guest's own driver runs.",
			      rom->file, efi ? "UEFI" : "BIOS"),
		hd_text("Use a ROM with code for it, or a guest with %s",
			efi ? "a BIOS" : "<os firmware='efi'>"));
}

static int check_file(struct hd_lint *lint, const struct rom *rom)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_rom read;
	int r;

	if (!lint->facts->read_rom)
		return 0;
	r = lint->facts->read_rom(lint->facts->data, rom->file, &read, &err);
	if (r == -ENOMEM)
		return hd_err_nomem(lint->err);
	if (r < 0)
		return add_unreadable(lint, rom, r, &err);
	r = check_ids(lint, rom, &read);
	return r < 0 ? r : check_firmware(lint, rom, &read);
}

/*
 * With bar='off' QEMU hands the file to SeaBIOS by fw_cfg, and the device shows
 * no ROM to anybody else.
 */
static int check_bar(struct hd_lint *lint, const struct rom *rom)
{
	if (lint->firmware != HD_FIRMWARE_EFI ||
	    !hd_node_attribute_is(rom->node, "bar", "off"))
		return 0;
	return hd_lint_add(
		lint, "rom-bar", HD_WARNING, rom->place, rom->node,
		hd_text("With bar='off' the guest's UEFI doesn't see %.120s.",
			rom->file),
		hd_text("Remove bar='off', or file=''"));
}

static int check_rom(struct hd_lint *lint, const struct rom *rom)
{
	int r;

	if (*rom->file != '/')
		return hd_lint_add(
			lint, "rom-path", HD_WARNING, rom->place, rom->node,
			hd_text("<rom file='%.120s'> is no absolute path: libvirt's schema refuses it, and QEMU looks for it in folders of its own.",
				rom->file),
			hd_text("Write the whole path"));
	r = check_bar(lint, rom);
	return r < 0 ? r : check_file(lint, rom);
}

int hd_lint_roms(struct hd_lint *lint)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lint->n_places; i++) {
		struct rom rom = { .place = &lint->places[i] };
		rom.node = hd_node_child(rom.place->place.node, "rom");
		if (!rom.node || !hd_lint_is_passed(rom.place) ||
		    hd_node_attribute_is(rom.node, "enabled", "no"))
			continue;
		rom.file = hd_node_attribute(rom.node, "file");
		if (rom.file && *rom.file)
			r = check_rom(lint, &rom);
	}
	return r;
}
