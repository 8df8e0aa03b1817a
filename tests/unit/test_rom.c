// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/host/rom.h"
#include "tests/unit/place.h"

enum { BLOCK = 512, LAST = 0x80, BIOS = 0, EFI = 3, PCIR = 0x40 };

/* A file of images, built up. */
struct file {
	uint8_t data[16 * BLOCK];
	size_t n;
};

static void put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

/* An image of one block; returns its PCI data structure. */
static uint8_t *add_image(struct file *file, unsigned device, uint8_t type,
			  uint8_t indicator)
{
	uint8_t *image = file->data + file->n, *pcir = image + PCIR;

	image[0] = 0x55;
	image[1] = 0xaa;
	put16(image + 0x18, PCIR);
	memcpy(pcir, "PCIR", 4);
	put16(pcir + 0x04, 0x10de);
	put16(pcir + 0x06, device);
	put16(pcir + 0x0a, 0x1c);
	pcir[0x0c] = 3;
	pcir[0x0f] = 3; /* class 030000 */
	put16(pcir + 0x10, 1);
	pcir[0x14] = type;
	pcir[0x15] = indicator;
	file->n += BLOCK;
	return pcir;
}

static void reads_all_images(void **state)
{
	struct file file = { .n = 0 };
	struct hd_rom rom;

	(void)state;
	add_image(&file, 0x1f06, BIOS, 0);
	add_image(&file, 0x1f07, EFI, LAST);
	add_image(&file, 0x1f08, EFI, LAST);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.vendor, 0x10de);
	assert_int_equal(rom.device, 0x1f06);
	assert_int_equal(rom.class_code, 0x030000);
	assert_int_equal(rom.n_images, 2);
	assert_true(rom.has_bios && rom.has_efi);
	assert_true(hd_rom_matches(&rom, 0x10de, 0x1f06));
	assert_true(hd_rom_matches(&rom, 0x10de, 0x1f07));
	assert_false(hd_rom_matches(&rom, 0x10de, 0x1f08));
	assert_false(hd_rom_matches(&rom, 0x1002, 0x1f06));
}

static void tells_bios_from_efi(void **state)
{
	static const struct {
		uint8_t type;
		bool bios, efi;
	} rows[] = { { BIOS, true, false },
		     { 1, false, false },
		     { EFI, false, true } };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct file file = { .n = 0 };
		struct hd_rom rom;

		add_image(&file, 1, rows[i].type, LAST);
		assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL),
				 0);
		assert_int_equal(rom.has_bios, rows[i].bios);
		assert_int_equal(rom.has_efi, rows[i].efi);
	}
}

static void ends_where_the_kernel_ends(void **state)
{
	struct file file = { .n = 0 };
	struct hd_rom rom;
	uint8_t *pcir = add_image(&file, 1, BIOS, 0);

	(void)state;
	/* Not the last one, and no other follows: end of file, other bytes. */
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_images, 1);
	assert_int_equal(hd_rom_parse(file.data, file.n + BLOCK, &rom, NULL),
			 0);
	assert_int_equal(rom.n_images, 1);
	add_image(&file, 2, EFI, LAST);
	put16(pcir + 0x10, 0);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_images, 1);
}

static void reads_device_lists(void **state)
{
	struct file file = { .n = 0 };
	struct hd_rom rom;
	uint8_t *pcir = add_image(&file, 0x1000, BIOS, LAST);

	(void)state;
	put16(pcir + 0x08, 0x20);
	put16(pcir + 0x20, 0x1001);
	put16(pcir + 0x22, 0x1002);
	put16(pcir + 0x26, 0x1003);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_ids, 3);
	assert_true(hd_rom_matches(&rom, 0x10de, 0x1002));
	assert_false(hd_rom_matches(&rom, 0x10de, 0x1003));
	/* In older revisions it pointed to something else. */
	pcir[0x0c] = 0;
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_ids, 1);
	/* A list that leads out of the file ends with it. */
	pcir[0x0c] = 3;
	put16(pcir + 0x08, BLOCK - PCIR - 3);
	put16(file.data + BLOCK - 3, 0x2000);
	file.data[BLOCK - 1] = 0x20;
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_ids, 2);
	put16(pcir + 0x08, 0xffff);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_ids, 1);
}

static void a_long_list_names_every_device(void **state)
{
	struct file file = { .n = 0 };
	struct hd_rom rom;
	uint8_t *pcir = add_image(&file, 0x1000, BIOS, LAST);

	(void)state;
	put16(pcir + 0x08, 0x20);
	for (unsigned i = 0; i < HD_ROM_IDS; i++)
		put16(pcir + 0x20 + 2 * i, 0x2000 + i);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.n_ids, HD_ROM_IDS);
	assert_true(hd_rom_matches(&rom, 0x1234, 0x5678));
}

static void says_what_each_image_is(void **state)
{
	struct file file = { .n = 0 };
	struct hd_rom rom;
	uint8_t *pcir = add_image(&file, 0x1f06, BIOS, 0);

	(void)state;
	file.data[2] = 1;
	add_image(&file, 0x1f07, EFI, LAST);
	put16(file.data + BLOCK + 4, 0x0ef1);
	put16(file.data + BLOCK + 8, 11);
	put16(file.data + BLOCK + 10, HD_ROM_X64);
	put16(file.data + BLOCK + 12, 1);
	assert_int_equal(hd_rom_parse(file.data, file.n + 7, &rom, NULL), 0);
	assert_int_equal(rom.end, 2 * BLOCK);
	assert_int_equal(rom.images[0].kind, HD_ROM_BIOS);
	assert_int_equal(rom.images[0].offset, 0);
	assert_int_equal(rom.images[0].length, BLOCK);
	assert_int_equal(rom.images[0].device, 0x1f06);
	assert_int_equal(rom.images[0].class_code, 0x030000);
	assert_false(rom.images[0].last);
	assert_int_equal(rom.images[1].kind, HD_ROM_EFI);
	assert_int_equal(rom.images[1].offset, BLOCK);
	assert_int_equal(rom.images[1].device, 0x1f07);
	assert_true(rom.images[1].last);
	assert_true(rom.images[1].efi_header && rom.images[1].driver);
	assert_int_equal(rom.images[1].machine, HD_ROM_X64);
	assert_int_equal(rom.images[1].compression, 1);
	assert_true(hd_rom_suits_efi(&rom, HD_ROM_X64));
	assert_false(hd_rom_suits_efi(&rom, HD_ROM_AARCH64));
	/* The type alone makes no driver: UEFI wants its header. */
	put16(file.data + BLOCK + 6, 1);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_false(rom.images[1].efi_header);
	assert_false(hd_rom_suits_efi(&rom, HD_ROM_X64));
	/* A length of nothing ends it where it begins. */
	put16(pcir + 0x10, 0);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.end, 0);
}

static void sums_up_as_seabios_does(void **state)
{
	struct file file = { .n = 0 };
	struct hd_rom rom;
	uint8_t sum = 0;

	(void)state;
	add_image(&file, 0x1f06, BIOS, 0);
	add_image(&file, 0x1f06, BIOS, LAST);
	file.data[2] = 1;
	for (size_t i = 0; i < BLOCK; i++)
		sum = (uint8_t)(sum + file.data[i]);
	file.data[BLOCK - 1] = (uint8_t)-sum;
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.images[0].checked, BLOCK);
	assert_true(rom.images[0].checksum_fits);
	/* Without a length there is nothing to sum up. */
	assert_false(rom.images[1].checksum_fits);
	assert_true(hd_rom_suits_bios(&rom, 0x10de, 0x1f06));
	assert_false(hd_rom_suits_bios(&rom, 0x10de, 0x1f07));
	file.data[BLOCK - 1]++;
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_false(hd_rom_suits_bios(&rom, 0x10de, 0x1f06));
	/* What the sum is of has to be there. */
	file.data[2] = 3;
	sum = 0;
	for (size_t i = 0; i < file.n; i++)
		sum = (uint8_t)(sum + file.data[i]);
	file.data[BLOCK - 1] = (uint8_t)(file.data[BLOCK - 1] - sum);
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, NULL), 0);
	assert_int_equal(rom.images[0].checked, 3 * BLOCK);
	assert_false(rom.images[0].checksum_fits);
}

static void assert_refused(const uint8_t *data, size_t n, const char *words)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE uint8_t *copy = malloc(n ? n : 1); /* for the sanitizer */
	struct hd_rom rom;

	memcpy(copy, data, n);
	assert_int_equal(hd_rom_parse(copy, n, &rom, &err),
			 n ? -EINVAL : -ENODATA);
	if (!strstr(hd_err_message(&err), words))
		fail_msg("'%s' lacks '%s'", hd_err_message(&err), words);
}

static void refuses_what_is_no_rom(void **state)
{
	struct file file = { .n = 0 };
	uint8_t other[BLOCK] = { 0x7f, 'E', 'L', 'F' };
	uint8_t same[BLOCK];

	(void)state;
	memset(same, 0xff, sizeof(same));
	assert_refused(other, 0, "the file is empty");
	assert_refused(other, BLOCK, "begins with 0x7F45 instead of 0x55AA");
	assert_refused(other, 1, "0x7f");
	assert_refused(same, BLOCK, "nothing but bytes 0xff");
	memcpy(other, "NVGI", 4);
	assert_refused(other, BLOCK, "NVIDIA's flash tools (NVGI), and no");
	add_image(&file, 1, BIOS, LAST);
	for (size_t n = 1; n < PCIR + 0x18; n++)
		assert_refused(file.data, n, "");
	assert_refused(file.data, 2, "no expansion ROM");
	assert_refused(file.data, PCIR + 0x17, "at byte 0 of the file has no");
	assert_refused(file.data, BLOCK - 1,
		       "at byte 0 has 512 bytes, of which 511 are there");
	put16(file.data + 0x18, 0xfff0);
	assert_refused(file.data, BLOCK, "no PCI data structure");
}

static void refuses_a_cut_off_second_image(void **state)
{
	struct file file = { .n = 0 };

	(void)state;
	add_image(&file, 1, BIOS, 0);
	add_image(&file, 1, EFI, LAST);
	assert_refused(file.data, file.n - 1,
		       "at byte 512 has 512 bytes, of which 511 are there");
}

static void refuses_more_images_than_a_card_has(void **state)
{
	struct file file = { .n = 0 };
	uint8_t many[(HD_ROM_IMAGES + 1) * BLOCK];
	struct hd_rom rom;

	(void)state;
	add_image(&file, 1, BIOS, 0);
	for (size_t i = 0; i <= HD_ROM_IMAGES; i++)
		memcpy(many + i * BLOCK, file.data, BLOCK);
	assert_int_equal(hd_rom_parse(many, sizeof(many) - BLOCK, &rom, NULL),
			 0);
	assert_int_equal(rom.n_images, HD_ROM_IMAGES);
	assert_refused(many, sizeof(many), "more than 16 images");
}

static void finds_the_rom_in_what_flash_tools_save(void **state)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct file file = { .n = 0x600 };
	struct hd_rom rom;

	(void)state;
	memcpy(file.data, "NVGI", 4);
	file.data[8] = 0x55; /* no ROM */
	file.data[9] = 0xaa;
	add_image(&file, 1, BIOS, LAST);
	assert_refused(file.data, file.n,
		       "NVGI header of firmware flash tools before");
	assert_int_equal(hd_rom_parse(file.data, file.n, &rom, &err), -EINVAL);
	assert_non_null(strstr(err.message, "at byte 1536"));
	assert_non_null(strstr(err.fix, "tail -c +1537"));
	memcpy(file.data, "XXXX", 4);
	assert_refused(file.data, file.n, "has one in it, at byte 1536");
}

static void write_file(const struct place *place, const char *name,
		       const void *data, size_t n)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void reads_files_of_the_host(void **state)
{
	const struct place *place = *state;
	struct file file = { .n = 0 };
	struct hd_rom rom;

	add_image(&file, 0x1f06, EFI, LAST);
	write_file(place, "run/gpu.rom", file.data, file.n);
	assert_int_equal(hd_rom_read(&place->host, "/run/gpu.rom", &rom, NULL),
			 0);
	assert_int_equal(rom.device, 0x1f06);
}

static void names_files_that_are_none(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *words;
	} rows[] = {
		{ "/run/no.rom", ENOENT, "/run/no.rom: the file can't be" },
		{ "run/gpu.rom", EINVAL, "run/gpu.rom: this is no absolute" },
		{ "", EINVAL, "no absolute path" },
		{ "/", EINVAL, "no absolute path" },
		{ "/run", EINVAL, "/run: this is no regular file" },
		{ "/run/fifo", EINVAL, "/run/fifo: this is no regular file" },
		{ "/run/large", EFBIG,
		  "/run/large: the file has more than 16" },
		{ "/run/empty", ENODATA, "/run/empty: the file is empty" },
	};
	const struct place *place = *state;
	char path[64];

	snprintf(path, sizeof(path), "%s/run/fifo", place->root);
	assert_int_equal(mkfifo(path, 0600), 0);
	write_file(place, "run/empty", "", 0);
	write_file(place, "run/large", "", 0);
	snprintf(path, sizeof(path), "%s/run/large", place->root);
	assert_int_equal(truncate(path, HD_ROM_LIMIT + 1), 0);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct hd_rom rom;

		assert_int_equal(
			hd_rom_read(&place->host, rows[i].path, &rom, &err),
			-rows[i].code);
		if (!strstr(hd_err_message(&err), rows[i].words))
			fail_msg("'%s' lacks '%s'", hd_err_message(&err),
				 rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_images),
		cmocka_unit_test(tells_bios_from_efi),
		cmocka_unit_test(ends_where_the_kernel_ends),
		cmocka_unit_test(reads_device_lists),
		cmocka_unit_test(a_long_list_names_every_device),
		cmocka_unit_test(says_what_each_image_is),
		cmocka_unit_test(sums_up_as_seabios_does),
		cmocka_unit_test(refuses_more_images_than_a_card_has),
		cmocka_unit_test(refuses_what_is_no_rom),
		cmocka_unit_test(refuses_a_cut_off_second_image),
		cmocka_unit_test(finds_the_rom_in_what_flash_tools_save),
		cmocka_unit_test_setup_teardown(reads_files_of_the_host,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(names_files_that_are_none,
						place_set_up, place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
