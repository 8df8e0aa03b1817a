// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/rom/shown.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/print.h"
#include "lib/host/sysfs.h"
#include "tools/cli/json.h"

/* The firmware that guests have. */
static const struct firmware {
	const char *key, *name;
	enum hd_rom_machine machine; /* 0: a BIOS */
} firmwares[] = {
	{ "seabios", "SeaBIOS", 0 },
	{ "ovmf", "OVMF, x86-64", HD_ROM_X64 },
	{ "aavmf", "AAVMF, arm64", HD_ROM_AARCH64 },
};

#define N_FIRMWARES (sizeof(firmwares) / sizeof(firmwares[0]))

static bool suits(const struct hd_shown_rom *shown,
		  const struct firmware *firmware)
{
	const struct hd_rom *rom = &shown->cardrom.rom;

	return firmware->machine ? hd_rom_suits_efi(rom, firmware->machine) :
				   hd_rom_suits_bios(rom, shown->device.vendor,
						     shown->device.device);
}

static int note(struct hd_shown_rom *shown, const char *id, char *message,
		char *fix, struct hd_err *err)
{
	return hd_findings_add(&shown->notes, id, HD_WARNING, HD_WHOLE_DOMAIN,
			       message, fix, err);
}

static int judge_source(struct hd_shown_rom *shown, struct hd_err *err)
{
	const struct hd_addr_text addr = hd_addr_text(shown->device.addr);
	int r = 0;

	if (shown->cardrom.source == HD_CARDROM_SHADOW)
		r = note(
			shown, "rom-shadow",
			hd_text("This isn't what %s has in its ROM: it is the copy that the host's firmware ran, and may have changed.",
				addr.s),
			hd_text("Read it while another card is the firmware's first one, if a guest doesn't work with it"),
			err);
	else if (shown->cardrom.source == HD_CARDROM_BAR &&
		 shown->device.driver && !shown->device.vfio)
		r = note(
			shown, "rom-driver",
			hd_text("Driver %s used %s meanwhile: some cards don't decode their memory while their ROM is read.",
				shown->device.driver, addr.s),
			hd_text("virt-hostdev bind %s before, if the images look wrong",
				addr.s),
			err);
	return r;
}

int hd_shown_rom_judge_kernel(struct hd_shown_rom *shown, struct hd_err *err)
{
	const struct hd_addr_text addr = hd_addr_text(shown->device.addr);

	if (shown->cardrom.shown == 0)
		return 0;
	return hd_findings_add(
		&shown->notes, "rom-still-shown", HD_ERROR, HD_WHOLE_DOMAIN,
		hd_text("The kernel goes on to show the ROM of %s in sysfs, to root: %s.",
			addr.s, strerror(-shown->cardrom.shown)),
		hd_text("echo 0 > " HD_SYSFS_PCI "/devices/%s/rom", addr.s),
		err);
}

static int judge_checksums(struct hd_shown_rom *shown, struct hd_err *err)
{
	const struct hd_rom *rom = &shown->cardrom.rom;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rom->n_images; i++)
		if (rom->images[i].kind == HD_ROM_BIOS &&
		    !rom->images[i].checksum_fits)
			r = note(
				shown, "rom-checksum",
				hd_text("The checksum of image %zu doesn't fit: it isn't as the card's maker wrote it, and SeaBIOS won't run it.",
					i + 1),
				NULL, err);
	return r;
}

static int judge_firmware(struct hd_shown_rom *shown, struct hd_err *err)
{
	for (size_t i = 0; i < N_FIRMWARES; i++)
		if (suits(shown, &firmwares[i]))
			return 0;
	return note(
		shown, "rom-useless",
		hd_text("No guest's firmware can use it: the device does nothing before the guest's own driver runs."),
		NULL, err);
}

static bool ids_fit(const struct hd_shown_rom *shown)
{
	return hd_rom_matches(&shown->cardrom.rom, shown->device.vendor,
			      shown->device.device);
}

int hd_shown_rom_judge(struct hd_shown_rom *shown, struct hd_err *err)
{
	int r = judge_source(shown, err);

	if (r == 0)
		r = hd_shown_rom_judge_kernel(shown, err);
	if (r == 0 && !ids_fit(shown))
		r = note(
			shown, "rom-ids",
			hd_text("It is the ROM of a %04x:%04x, and %s is a %04x:%04x.",
				shown->cardrom.rom.vendor,
				shown->cardrom.rom.device,
				hd_addr_text(shown->device.addr).s,
				shown->device.vendor, shown->device.device),
			NULL, err);
	if (r == 0)
		r = judge_checksums(shown, err);
	return r == 0 ? judge_firmware(shown, err) : r;
}

static bool image_fits(const struct hd_shown_rom *shown,
		       const struct hd_rom_image *image)
{
	return image->vendor == shown->device.vendor &&
	       image->device == shown->device.device;
}

static const char *compression(const struct hd_rom_image *image)
{
	return image->compression == 0 ? "no" :
	       image->compression == 1 ? "yes" :
					 "in a way that no firmware knows";
}

static void print_line(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void print_line(const char *key, const char *format, ...)
{
	va_list args;

	printf("  %-18s ", key);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void print_kind(const struct hd_rom_image *image)
{
	if (image->kind == HD_ROM_BIOS)
		print_line("Checksum", "%s",
			   image->checksum_fits ? "fits" : "doesn't fit");
	if (image->kind != HD_ROM_EFI)
		return;
	if (!image->efi_header) {
		print_line("EFI header", "none: no firmware loads it");
		return;
	}
	print_line("Processor", "%s (0x%04x)",
		   hd_rom_machine_name(image->machine), image->machine);
	print_line("Compressed", "%s", compression(image));
	if (!image->driver)
		print_line("Driver", "no: no firmware loads it");
}

static void print_image(const struct hd_shown_rom *shown, size_t i)
{
	const struct hd_rom_image *image = &shown->cardrom.rom.images[i];

	printf("\nImage %zu, at byte %zu:\n", i + 1, image->offset);
	print_line("Kind", "%s (type %u)", hd_rom_kind_name(image->kind),
		   image->kind);
	print_line("Vendor and device", "%04x:%04x%s", image->vendor,
		   image->device,
		   image_fits(shown, image) ? "" : ", not the card's");
	print_line("Class", "%06x", image->class_code);
	print_line("Length", "%zu", image->length);
	print_kind(image);
	print_line("Last", "%s", image->last ? "yes" : "no");
}

static void print_text(const struct hd_shown_rom *shown)
{
	const struct hd_cardrom *cardrom = &shown->cardrom;

	printf("ROM of %s\n", hd_addr_text(shown->device.addr).s);
	print_line("Vendor and device", "%04x:%04x", shown->device.vendor,
		   shown->device.device);
	print_line("Read from", "%s", hd_cardrom_source_text(cardrom->source));
	print_line("Length", "%zu", cardrom->length);
	print_line("Behind the images", "%zu",
		   cardrom->length - cardrom->rom.end);
	for (size_t i = 0; i < cardrom->rom.n_images; i++)
		print_image(shown, i);
	puts("\nOf use to a guest with:");
	for (size_t i = 0; i < N_FIRMWARES; i++)
		print_line(firmwares[i].name, "%s",
			   suits(shown, &firmwares[i]) ? "yes" : "no");
	if (shown->notes.n)
		putchar('\n');
	hd_print_findings(stdout, &shown->notes, "");
	if (!shown->saved)
		return;
	fputs("\nWritten to ", stdout);
	hd_print(stdout, shown->saved);
	puts(".");
}

static json_object *hex(int digits, unsigned value)
{
	char text[sizeof("ffffffff")];

	snprintf(text, sizeof(text), "%0*x", digits, value);
	return json_object_new_string(text);
}

static json_object *image_json(const struct hd_shown_rom *shown,
			       const struct hd_rom_image *image)
{
	json_object *object = json_object_new_object();
	bool bios = image->kind == HD_ROM_BIOS;
	bool efi = image->kind == HD_ROM_EFI && image->efi_header;

	json_object_object_add(object, "offset",
			       json_object_new_int64((int64_t)image->offset));
	json_object_object_add(object, "length",
			       json_object_new_int64((int64_t)image->length));
	json_object_object_add(
		object, "kind",
		json_object_new_string(hd_rom_kind_name(image->kind)));
	json_object_object_add(object, "type",
			       json_object_new_int(image->kind));
	json_object_object_add(object, "vendor", hex(4, image->vendor));
	json_object_object_add(object, "device", hex(4, image->device));
	json_object_object_add(object, "class", hex(6, image->class_code));
	json_object_object_add(
		object, "ids_fit",
		json_object_new_boolean(image_fits(shown, image)));
	json_object_object_add(object, "last",
			       json_object_new_boolean(image->last));
	json_object_object_add(
		object, "checksum_fits",
		bios ? json_object_new_boolean(image->checksum_fits) : NULL);
	json_object_object_add(object, "processor",
			       efi ? json_object_new_string(hd_rom_machine_name(
					     image->machine)) :
				     NULL);
	json_object_object_add(
		object, "compressed",
		efi ? json_object_new_boolean(image->compression != 0) : NULL);
	json_object_object_add(object, "driver",
			       efi ? json_object_new_boolean(image->driver) :
				     NULL);
	return object;
}

static json_object *usable_json(const struct hd_shown_rom *shown)
{
	json_object *object = json_object_new_object();

	for (size_t i = 0; i < N_FIRMWARES; i++)
		json_object_object_add(
			object, firmwares[i].key,
			json_object_new_boolean(suits(shown, &firmwares[i])));
	return object;
}

static void print_json(const struct hd_shown_rom *shown)
{
	const struct hd_cardrom *cardrom = &shown->cardrom;
	json_object *object = json_object_new_object();
	json_object *images = json_object_new_array();

	for (size_t i = 0; i < cardrom->rom.n_images; i++)
		json_object_array_add(
			images, image_json(shown, &cardrom->rom.images[i]));
	json_object_object_add(
		object, "address",
		hd_json_text(hd_addr_text(shown->device.addr).s));
	json_object_object_add(object, "vendor", hex(4, shown->device.vendor));
	json_object_object_add(object, "device", hex(4, shown->device.device));
	json_object_object_add(
		object, "source",
		hd_json_text(hd_cardrom_source_name(cardrom->source)));
	json_object_object_add(object, "length",
			       json_object_new_int64((int64_t)cardrom->length));
	json_object_object_add(
		object, "behind_images",
		json_object_new_int64(
			(int64_t)(cardrom->length - cardrom->rom.end)));
	json_object_object_add(object, "ids_fit",
			       json_object_new_boolean(ids_fit(shown)));
	json_object_object_add(object, "images", images);
	json_object_object_add(object, "firmware", usable_json(shown));
	json_object_object_add(
		object, "findings",
		hd_json_findings(&shown->notes, HD_WHOLE_DOMAIN));
	json_object_object_add(object, "saved", hd_json_text(shown->saved));
	hd_json_print(object);
}

void hd_shown_rom_print(const struct hd_shown_rom *shown,
			const struct hd_tool *tool)
{
	if (tool->json)
		print_json(shown);
	else
		print_text(shown);
}
