/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_ROM_H
#define HD_LIB_HOST_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* More than any card has. The kernel's own limit for a ROM BAR is lower. */
#define HD_ROM_LIMIT (16 * 1024 * 1024)

/* Of how many devices' ids a ROM is remembered; further ones are @more_ids. */
#define HD_ROM_IDS 64

struct hd_rom_id {
	uint16_t vendor, device;
};

/* What an expansion ROM has in it. */
struct hd_rom {
	uint16_t vendor, device; /* of the first image */
	uint32_t class_code; /* of the first image, 24 bits */
	unsigned n_images;
	bool has_bios; /* code of type 0, which SeaBIOS runs */
	bool has_efi; /* code of type 3, which OVMF runs */
	struct hd_rom_id ids[HD_ROM_IDS]; /* of all images and lists */
	size_t n_ids;
	bool more_ids;
};

/*
 * Reads an expansion ROM as the PCI Firmware Specification, chapter "PCI
 * Expansion ROMs", describes it: images that each begin with 0x55AA, the last
 * of which says so. The walk ends without complaint where the kernel's ends too
 * (drivers/pci/rom.c, pci_get_rom_size()): at an image of no length, and where
 * no further image begins.
 *
 * Returns 0; -ENODATA when there is nothing; -EINVAL with a sentence that says
 * what is wrong with the file.
 */
int hd_rom_parse(const uint8_t *data, size_t n, struct hd_rom *ret,
		 struct hd_err *err);

/*
 * Reads one from a regular file of the host, named by its absolute path, of at
 * most HD_ROM_LIMIT bytes.
 *
 * Returns 0; -ENOENT when there is none; -EFBIG and the errors above when it is
 * no ROM; another negative errno. The sentence in @err begins with the path.
 */
int hd_rom_read(const struct hd_host *host, const char *path,
		struct hd_rom *ret, struct hd_err *err);

/*
 * Whether an image or its device list names this device. SeaBIOS runs the code
 * of no other (src/optionroms.c, map_pcirom(), which doesn't read the lists).
 */
bool hd_rom_matches(const struct hd_rom *rom, uint16_t vendor, uint16_t device);

#endif
