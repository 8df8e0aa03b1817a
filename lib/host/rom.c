// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/rom.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* The header of an image; all numbers of a ROM are little-endian. */
enum { HEADER_SIZE = 0x1a, HEADER_POINTER = 0x18 };

/* What a BIOS (PCI Firmware Specification, 5.1.2) and UEFI (UEFI 2.10, 14.4.2)
 * add to it. */
enum {
	BIOS_BLOCKS = 0x02,
	EFI_SIGNATURE = 0x04,
	EFI_SUBSYSTEM = 0x08,
	EFI_MACHINE = 0x0a,
	EFI_COMPRESSION = 0x0c,
	SIGNATURE_OF_EFI = 0x0ef1,
	BOOT_SERVICE_DRIVER = 11,
	RUNTIME_DRIVER = 12,
	COMPRESSED = 1,
};

/* The PCI data structure, "PCIR". */
enum {
	PCIR_VENDOR = 0x04,
	PCIR_DEVICE = 0x06,
	PCIR_LIST = 0x08, /* of devices, in revision 3 and newer */
	PCIR_REVISION = 0x0c,
	PCIR_CLASS = 0x0d,
	PCIR_LENGTH = 0x10, /* of the image, in BLOCKs */
	PCIR_TYPE = 0x14,
	PCIR_INDICATOR = 0x15,
	PCIR_SIZE = 0x18,
	BLOCK = 512,
	LAST_IMAGE = 0x80,
};

struct bytes {
	const uint8_t *data;
	size_t n;
};

static unsigned get16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

/* What is left from @offset on; nothing when that is past the end. */
static struct bytes from(struct bytes bytes, size_t offset)
{
	if (offset > bytes.n)
		offset = bytes.n;
	return (struct bytes){ bytes.data + offset, bytes.n - offset };
}

static bool begins_image(struct bytes bytes)
{
	return bytes.n >= HEADER_SIZE && bytes.data[0] == 0x55 &&
	       bytes.data[1] == 0xaa;
}

/* The image's data structure; no bytes when it has none. */
static struct bytes find_pcir(struct bytes image)
{
	struct bytes pcir = from(image, get16(image.data + HEADER_POINTER));

	if (pcir.n < PCIR_SIZE || memcmp(pcir.data, "PCIR", 4) != 0)
		pcir.n = 0;
	return pcir;
}

static void add_id(struct hd_rom *rom, unsigned vendor, unsigned device)
{
	if (hd_rom_matches(rom, (uint16_t)vendor, (uint16_t)device))
		return;
	if (rom->n_ids == HD_ROM_IDS) {
		rom->more_ids = true;
		return;
	}
	rom->ids[rom->n_ids++] =
		(struct hd_rom_id){ (uint16_t)vendor, (uint16_t)device };
}

static void add_ids(struct hd_rom *rom, struct bytes pcir)
{
	unsigned vendor = get16(pcir.data + PCIR_VENDOR);
	unsigned pointer = get16(pcir.data + PCIR_LIST);
	struct bytes list = from(pcir, pointer);

	add_id(rom, vendor, get16(pcir.data + PCIR_DEVICE));
	if (pcir.data[PCIR_REVISION] < 3 || pointer < PCIR_SIZE)
		return;
	for (; list.n >= 2 && get16(list.data); list = from(list, 2))
		add_id(rom, vendor, get16(list.data));
}

static uint32_t class_of(const uint8_t *pcir)
{
	return get16(pcir + PCIR_CLASS) | (uint32_t)pcir[PCIR_CLASS + 2] << 16;
}

/* As SeaBIOS sums up what the header says is to be copied. */
static void read_bios(struct hd_rom_image *image, struct bytes bytes)
{
	uint8_t sum = 0;

	image->checked = (size_t)BLOCK * bytes.data[BIOS_BLOCKS];
	for (size_t i = 0; i < image->checked && i < bytes.n; i++)
		sum = (uint8_t)(sum + bytes.data[i]);
	image->checksum_fits =
		image->checked > 0 && image->checked <= bytes.n && sum == 0;
}

static void read_efi(struct hd_rom_image *image, struct bytes bytes)
{
	const uint8_t *p = bytes.data;
	unsigned subsystem = get16(p + EFI_SUBSYSTEM);

	image->efi_header = get16(p + EFI_SIGNATURE) == SIGNATURE_OF_EFI &&
			    get16(p + EFI_SIGNATURE + 2) == 0;
	if (!image->efi_header)
		return;
	image->machine = (uint16_t)get16(p + EFI_MACHINE);
	image->compression = (uint16_t)get16(p + EFI_COMPRESSION);
	image->driver =
		subsystem == BOOT_SERVICE_DRIVER || subsystem == RUNTIME_DRIVER;
}

/* @bytes begin with the image, and go on to the end of the file. */
static struct hd_rom_image read_image(size_t offset, struct bytes bytes,
				      const uint8_t *pcir)
{
	struct hd_rom_image image = {
		.offset = offset,
		.length = (size_t)BLOCK * get16(pcir + PCIR_LENGTH),
		.vendor = (uint16_t)get16(pcir + PCIR_VENDOR),
		.device = (uint16_t)get16(pcir + PCIR_DEVICE),
		.class_code = class_of(pcir),
		.kind = pcir[PCIR_TYPE],
		.last = pcir[PCIR_INDICATOR] & LAST_IMAGE,
	};

	if (image.kind == HD_ROM_BIOS)
		read_bios(&image, bytes);
	else if (image.kind == HD_ROM_EFI)
		read_efi(&image, bytes);
	return image;
}

static void add_image(struct hd_rom *rom, const struct hd_rom_image *image,
		      struct bytes pcir)
{
	add_ids(rom, pcir);
	rom->has_bios |= image->kind == HD_ROM_BIOS;
	rom->has_efi |= image->kind == HD_ROM_EFI;
	rom->images[rom->n_images] = *image;
	rom->end = image->offset + image->length;
	if (rom->n_images++ > 0)
		return;
	rom->vendor = image->vendor;
	rom->device = image->device;
	rom->class_code = image->class_code;
}

static bool all_equal(struct bytes file)
{
	return memcmp(file.data, file.data + 1, file.n - 1) == 0;
}

/* Where in a file that is more than a ROM the ROM begins; 0: nowhere. */
static size_t find_rom(struct bytes file)
{
	for (size_t offset = 1; offset < file.n; offset++) {
		const uint8_t *next =
			memchr(file.data + offset, 0x55, file.n - offset);
		struct bytes rest;

		if (!next)
			return 0;
		offset = (size_t)(next - file.data);
		rest = from(file, offset);
		if (begins_image(rest) && find_pcir(rest).n)
			return offset;
	}
	return 0;
}

/* Says why a file that doesn't begin with an image is of no use. */
static int refuse(struct bytes file, struct hd_err *err)
{
	static const char *const container[] = {
		"is no expansion ROM, but has one in it",
		"has NVIDIA's NVGI header of firmware flash tools before the expansion ROM",
	};
	bool nvgi = file.n >= 4 && memcmp(file.data, "NVGI", 4) == 0;
	size_t offset;

	if (all_equal(file))
		return hd_err_set(
			err, EINVAL,
			"the file has nothing but bytes 0x%02x in it, as when the ROM of a device could not be read",
			file.data[0]);
	offset = find_rom(file);
	if (offset) {
		hd_err_set(err, EINVAL, "the file %s, at byte %zu",
			   container[nvgi], offset);
		hd_err_fix(err,
			   "Cut off what is before it: tail -c +%zu OLD > NEW",
			   offset + 1);
		return -EINVAL;
	}
	return hd_err_set(
		err, EINVAL,
		nvgi ? "the file is for NVIDIA's flash tools (NVGI), and no expansion ROM is found in it" :
		       "the file is no expansion ROM: it begins with 0x%02X%02X instead of 0x55AA",
		file.data[0], file.n > 1 ? file.data[1] : 0);
}

/*
 * Adds the image at the beginning of @rest. Sets @rest to what follows it, to
 * nothing after the last one.
 */
static int take_image(struct hd_rom *rom, struct bytes file, struct bytes *rest,
		      struct hd_err *err)
{
	struct bytes image = *rest, pcir = find_pcir(image);
	size_t offset = file.n - image.n;
	struct hd_rom_image read;

	if (!pcir.n)
		return hd_err_set(
			err, EINVAL,
			"the image at byte %zu of the file has no PCI data structure (PCIR)",
			offset);
	read = read_image(offset, image, pcir.data);
	if (read.length > image.n)
		return hd_err_set(
			err, EINVAL,
			"the file is cut off: its image at byte %zu has %zu bytes, of which %zu are there",
			offset, read.length, image.n);
	if (rom->n_images == HD_ROM_IMAGES)
		return hd_err_set(
			err, EINVAL,
			"the file has more than %d images, as no ROM has",
			HD_ROM_IMAGES);
	add_image(rom, &read, pcir);
	*rest = from(image,
		     read.length == 0 || read.last ? image.n : read.length);
	return 0;
}

int hd_rom_parse(const uint8_t *data, size_t n, struct hd_rom *ret,
		 struct hd_err *err)
{
	struct bytes file = { data, n }, rest = file;
	struct hd_rom rom = { .n_images = 0 };

	if (n == 0)
		return hd_err_set(err, ENODATA, "the file is empty");
	if (!begins_image(file))
		return refuse(file, err);
	while (begins_image(rest)) {
		int r = take_image(&rom, file, &rest, err);

		if (r < 0)
			return r;
	}
	*ret = rom;
	return 0;
}

static int read_file(const struct hd_host *host, const char *path, char **ret,
		     size_t *ret_length, struct hd_err *err)
{
	const char *below = path + strspn(path, "/");
	int r;

	if (below == path || !*below)
		return hd_err_set(err, EINVAL, "this is no absolute path");
	r = hd_seen_required(
		hd_host_read(host, below, HD_ROM_LIMIT, ret, ret_length));
	if (r == -EINVAL || r == -EISDIR)
		return hd_err_set(err, EINVAL, "this is no regular file");
	if (r == -EFBIG)
		return hd_err_set(
			err, EFBIG,
			"the file has more than %d MiB, as no ROM has",
			HD_ROM_LIMIT / 1024 / 1024);
	return r < 0 ? hd_err_set(err, -r, "the file can't be read: %s",
				  strerror(-r)) :
		       0;
}

int hd_rom_read(const struct hd_host *host, const char *path,
		struct hd_rom *ret, struct hd_err *err)
{
	HD_AUTOFREE char *data = NULL;
	size_t length;
	int r = read_file(host, path, &data, &length, err);

	if (r == 0)
		r = hd_rom_parse((const uint8_t *)data, length, ret, err);
	if (r < 0)
		hd_err_wrap(err, "%s", path);
	return r;
}

bool hd_rom_matches(const struct hd_rom *rom, uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < rom->n_ids; i++)
		if (rom->ids[i].vendor == vendor &&
		    rom->ids[i].device == device)
			return true;
	return rom->more_ids;
}

bool hd_rom_suits_bios(const struct hd_rom *rom, uint16_t vendor,
		       uint16_t device)
{
	for (size_t i = 0; i < rom->n_images; i++) {
		const struct hd_rom_image *image = &rom->images[i];

		/* The first one that fits is the one that it runs. */
		if (image->kind == HD_ROM_BIOS && image->vendor == vendor &&
		    image->device == device)
			return image->checksum_fits;
	}
	return false;
}

bool hd_rom_suits_efi(const struct hd_rom *rom, enum hd_rom_machine machine)
{
	for (size_t i = 0; i < rom->n_images; i++) {
		const struct hd_rom_image *image = &rom->images[i];

		if (image->efi_header && image->driver &&
		    image->compression <= COMPRESSED &&
		    (image->machine == machine || image->machine == HD_ROM_EBC))
			return true;
	}
	return false;
}

const char *hd_rom_kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[HD_ROM_BIOS] = "legacy BIOS",
		[HD_ROM_OPEN_FIRMWARE] = "Open Firmware",
		[HD_ROM_PA_RISC] = "HP PA-RISC",
		[HD_ROM_EFI] = "EFI",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] :
							 "unknown";
}

const char *hd_rom_machine_name(uint16_t machine)
{
	static const struct {
		enum hd_rom_machine machine;
		const char *name;
	} rows[] = {
		{ HD_ROM_IA32, "x86 (32 bits)" },
		{ HD_ROM_EBC, "EFI byte code" },
		{ HD_ROM_ARM, "arm (32 bits)" },
		{ HD_ROM_X64, "x86-64" },
		{ HD_ROM_AARCH64, "arm64" },
		{ HD_ROM_RISCV64, "riscv64" },
		{ HD_ROM_LOONGARCH64, "loongarch64" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].machine == machine)
			return rows[i].name;
	return "unknown";
}
