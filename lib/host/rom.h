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

/* More images than any card has; usual are one or two. */
#define HD_ROM_IMAGES 16

struct hd_rom_id {
	uint16_t vendor, device;
};

/* The code types of the PCI Firmware Specification. */
enum hd_rom_kind {
	HD_ROM_BIOS = 0, /* code of a PC's BIOS, which SeaBIOS runs */
	HD_ROM_OPEN_FIRMWARE = 1,
	HD_ROM_PA_RISC = 2,
	HD_ROM_EFI = 3, /* a driver of UEFI, which OVMF runs */
	/* others are a vendor's own */
};

/* The processors of EFI images, as in PE/COFF (UEFI 2.10, 2.1.1). */
enum hd_rom_machine {
	HD_ROM_IA32 = 0x014c,
	HD_ROM_EBC = 0x0ebc, /* byte code, which every UEFI may run */
	HD_ROM_ARM = 0x01c2,
	HD_ROM_X64 = 0x8664,
	HD_ROM_AARCH64 = 0xaa64,
	HD_ROM_RISCV64 = 0x5064,
	HD_ROM_LOONGARCH64 = 0x6264,
};

/* One image of an expansion ROM. */
struct hd_rom_image {
	size_t offset, length; /* in bytes; PCIR's length, 0 as it may say */
	uint16_t vendor, device;
	uint32_t class_code; /* 24 bits */
	uint8_t kind; /* enum hd_rom_kind, or another number */
	bool last; /* says that no other follows */
	/* Of HD_ROM_BIOS: what is summed up, from the header's own length, and
	 * whether that is there and its sum is 0, as SeaBIOS demands. */
	size_t checked;
	bool checksum_fits;
	/* Of HD_ROM_EFI: */
	bool efi_header; /* the header of one, 0x0EF1; the rest is of it */
	uint16_t machine; /* enum hd_rom_machine, or another number */
	bool driver; /* a driver, which firmware loads, and no application */
	uint16_t compression; /* 0 none, 1 UEFI's, others aren't defined */
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
	struct hd_rom_image images[HD_ROM_IMAGES]; /* @n_images of them */
	size_t end; /* of the last image: what lies behind is no part of it */
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

/*
 * Whether SeaBIOS runs one of the images: code for a BIOS whose own ids are
 * these, and whose checksum fits (src/optionroms.c, map_pcirom() and
 * is_valid_rom()).
 */
bool hd_rom_suits_bios(const struct hd_rom *rom, uint16_t vendor,
		       uint16_t device);

/*
 * Whether the UEFI of a guest with this processor loads one of the images: a
 * driver for it or byte code, compressed or not (edk2, PciBusDxe,
 * ProcessOpRomImage(), which looks at no ids).
 */
bool hd_rom_suits_efi(const struct hd_rom *rom, enum hd_rom_machine machine);

/* "legacy BIOS", "EFI", ...; "x86-64", ...; "unknown" for other numbers. */
const char *hd_rom_kind_name(uint8_t kind);
const char *hd_rom_machine_name(uint16_t machine);

#endif
