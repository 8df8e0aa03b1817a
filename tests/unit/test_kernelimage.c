// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/read/kernelimage.h"
#include "tests/unit/packed.h"

static const char config[] = "CONFIG_IKCONFIG=y\nCONFIG_VFIO_PCI=m\n"
			     "# CONFIG_KVM is not set\n";

/* A file that is being made. */
struct file {
	char *data; /* owned */
	size_t n;
};

#define AUTO_FILE __attribute__((cleanup(free_file)))

static void free_file(struct file *file)
{
	free(file->data);
}

/* Writes at a place, with zeros before it. */
static void put(struct file *file, size_t at, const void *data, size_t n)
{
	if (at + n > file->n) {
		file->data = realloc(file->data, at + n);
		assert_non_null(file->data);
		memset(file->data + file->n, 0, at + n - file->n);
		file->n = at + n;
	}
	memcpy(file->data + at, data, n);
}

static void put_text(struct file *file, size_t at, const char *text)
{
	put(file, at, text, strlen(text));
}

static void put_number(struct file *file, size_t at, uint32_t number,
		       size_t size)
{
	number = htole32(number);
	put(file, at, &number, size);
}

static void append(struct file *file, const void *data, size_t n)
{
	put(file, file->n, data, n);
}

enum { WITH_CONFIG = 1 };

/* The kernel as it is in memory; @file has its header already. */
static void add_kernel(struct file *file, int what)
{
	static const char before[] =
		"Linux version %s (%s)\n\0Linux version 6.12.48-test (gcc)\n\0IKCFG_ST is not it\0";
	size_t n;

	append(file, before, sizeof(before));
	if (!(what & WITH_CONFIG))
		return;
	{
		HD_AUTOFREE char *packed = zip(archive_write_add_filter_gzip,
					       config, strlen(config), &n);

		append(file, "IKCFG_ST", 8);
		append(file, packed, n);
		append(file, "IKCFG_ED", 8);
	}
	append(file, before, sizeof(before));
}

static void make_image(struct file *file, int what)
{
	put_text(file, 56, "ARM\x64");
	add_kernel(file, what);
}

static void make_elf(struct file *file, int what)
{
	put_text(file, 0, ELFMAG);
	put_number(file, offsetof(Elf64_Ehdr, e_machine), EM_X86_64, 2);
	put_number(file, 63, 0, 1);
	add_kernel(file, what);
}

/*
 * lz4 as Linux makes it, "lz4 -l", which libarchive reads and doesn't write:
 * after the magic number blocks with their sizes. Here they have literals only.
 */
static void append_old_lz4(struct file *file, const char *data, size_t n)
{
	append(file, "\x02\x21\x4c\x18", 4);
	for (size_t at = 0; at < n;) {
		size_t length = n - at < 200 ? n - at : 200;
		size_t head = file->n;

		put_number(file, head, 0, 4);
		put_number(file, file->n, length < 15 ? length << 4 : 0xf0, 1);
		if (length >= 15)
			put_number(file, file->n, (uint32_t)length - 15, 1);
		append(file, data + at, length);
		put_number(file, head, (uint32_t)(file->n - head - 4), 4);
		at += length;
	}
}

enum compression { GZIP, XZ, ZSTD, LZ4, OLD_LZ4, BZIP2, LZMA, COMPRESSIONS };

static int (*const filters_of[COMPRESSIONS])(struct archive *) = {
	[GZIP] = archive_write_add_filter_gzip,
	[XZ] = archive_write_add_filter_xz,
	[ZSTD] = archive_write_add_filter_zstd,
	[LZ4] = archive_write_add_filter_lz4,
	[BZIP2] = archive_write_add_filter_bzip2,
	[LZMA] = archive_write_add_filter_lzma,
};

static const char *const names[COMPRESSIONS] = {
	[GZIP] = "gzip",   [XZ] = "xz",	      [ZSTD] = "zstd", [LZ4] = "lz4",
	[OLD_LZ4] = "lz4", [BZIP2] = "bzip2", [LZMA] = "lzma",
};

/* What the function makes, compressed. */
static void pack(struct file *file, enum compression compression,
		 void (*make)(struct file *file, int what), int what)
{
	AUTO_FILE struct file plain = { NULL, 0 };
	size_t n;

	make(&plain, what);
	if (compression == OLD_LZ4) {
		append_old_lz4(file, plain.data, plain.n);
		return;
	}
	{
		HD_AUTOFREE char *packed =
			zip(filters_of[compression], plain.data, plain.n, &n);

		append(file, packed, n);
	}
}

static void make_bzimage(struct file *file, enum compression compression,
			 int what)
{
	size_t start = 3 * 512 + 64;

	put_number(file, 0x1f1, 2, 1);
	put_text(file, 0x1fe, "\x55\xaa");
	put_text(file, 0x202, "HdrS");
	put_number(file, 0x206, 0x20f, 2);
	put_number(file, 0x248, 64, 4);
	put_number(file, start - 1, 0, 1);
	pack(file, compression, make_elf, what);
	put_number(file, file->n, 0x12345678, 4);
	put_number(file, 0x24c, (uint32_t)(file->n - start), 4);
	put_number(file, file->n + 100, 0, 1);
}

static void make_zboot(struct file *file, enum compression compression,
		       int what)
{
	put_text(file, 0, "MZ");
	put_text(file, 4, "zimg");
	put_number(file, 8, 512, 4);
	put_number(file, 511, 0, 1);
	pack(file, compression, make_image, what);
	put_number(file, 12, (uint32_t)(file->n - 512), 4);
}

static void make_zimage(struct file *file, enum compression compression,
			int what)
{
	put_number(file, 0x24, 0x016f2818, 4);
	put_number(file, 200, 0, 1);
	append(file, "\x1f\x8b\x08 is not it", 13);
	pack(file, compression, make_image, what);
}

static void make_boot(struct file *file, unsigned version,
		      enum compression compression, int what)
{
	size_t page = version >= 3 ? 4096 : 2048;

	put_text(file, 0, "ANDROID!");
	put_number(file, 36, version >= 3 ? 0 : 2048, 4);
	put_number(file, 40, version, 4);
	put_text(file, version >= 3 ? 44 : 64, "console=ttyMSM0");
	put_number(file, page - 1, 0, 1);
	pack(file, compression, make_image, what);
	put_number(file, 8, (uint32_t)(file->n - page), 4);
	put_number(file, (file->n + page) / page * page, 0, 1);
}

static int parse(const struct file *file, struct hd_kernel_image *image,
		 struct hd_err *err)
{
	/* Of just that length, for the sanitizer. */
	HD_AUTOFREE char *copy = malloc(file->n);

	assert_true(copy || file->n == 0);
	if (file->n)
		memcpy(copy, file->data, file->n);
	return hd_kernel_image_parse(copy, file->n, "FILE", image, err);
}

static void assert_kernel(const struct file *file, const char *format,
			  enum hd_image_machine machine, int what)
{
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { .format = NULL };

	assert_int_equal(parse(file, &image, NULL), 0);
	assert_string_equal(image.format, format);
	assert_int_equal(image.machine, machine);
	assert_string_equal(image.release, "6.12.48-test");
	assert_non_null(memmem(image.text, image.length, "6.12.48", 7));
	if (what & WITH_CONFIG) {
		assert_string_equal(
			hd_kconfig_value(&image.kconfig, "VFIO_PCI"), "m");
		assert_string_equal(hd_kconfig_value(&image.kconfig, "KVM"),
				    "n");
		return;
	}
	assert_int_equal(image.kconfig.n, 0);
	assert_int_equal(image.no_kconfig.code, ENOENT);
	assert_string_equal(
		hd_err_message(&image.no_kconfig),
		"FILE has no configuration in it: the kernel was built without CONFIG_IKCONFIG, or the file is cut short");
}

static void kernels_of_arm64(void **state)
{
	(void)state;
	for (int what = 0; what <= WITH_CONFIG; what++) {
		AUTO_FILE struct file image = { NULL, 0 };

		make_image(&image, what);
		assert_kernel(&image, "Image of arm64", HD_IMAGE_ARM64, what);
		for (int i = 0; i < COMPRESSIONS; i++) {
			AUTO_FILE struct file packed = { NULL, 0 };
			AUTO_FILE struct file zboot = { NULL, 0 };
			char format[64];

			pack(&packed, i, make_image, what);
			snprintf(format, sizeof(format), "%s, Image of arm64",
				 names[i]);
			assert_kernel(&packed, format, HD_IMAGE_ARM64, what);
			make_zboot(&zboot, i, what);
			snprintf(format, sizeof(format),
				 "EFI zboot, %s, Image of arm64", names[i]);
			assert_kernel(&zboot, format, HD_IMAGE_ARM64, what);
		}
	}
}

static void kernels_of_x86(void **state)
{
	(void)state;
	for (int what = 0; what <= WITH_CONFIG; what++)
		for (int i = 0; i < COMPRESSIONS; i++) {
			AUTO_FILE struct file file = { NULL, 0 };
			char format[64];

			make_bzimage(&file, i, what);
			snprintf(format, sizeof(format),
				 "bzImage of x86, %s, vmlinux of x86",
				 names[i]);
			assert_kernel(&file, format, HD_IMAGE_X86, what);
		}
}

static void kernel_of_arm(void **state)
{
	(void)state;
	for (int what = 0; what <= WITH_CONFIG; what++)
		for (int i = 0; i < COMPRESSIONS; i++) {
			AUTO_FILE struct file file = { NULL, 0 };
			char format[64];

			make_zimage(&file, i, what);
			snprintf(format, sizeof(format),
				 "zImage of arm, %s, kernel", names[i]);
			assert_kernel(&file, format, HD_IMAGE_ARM, what);
		}
}

static void assert_boot(unsigned version, enum compression compression)
{
	AUTO_FILE struct file file = { NULL, 0 };
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };
	char format[80];

	make_boot(&file, version, compression, WITH_CONFIG);
	snprintf(format, sizeof(format),
		 "boot.img of Android (header version %u), %s, Image of arm64",
		 version, names[compression]);
	assert_kernel(&file, format, HD_IMAGE_ARM64, WITH_CONFIG);
	assert_int_equal(parse(&file, &image, NULL), 0);
	assert_string_equal(image.cmdline, "console=ttyMSM0");
	assert_null(image.bootconfig);
}

static void kernels_of_android(void **state)
{
	(void)state;
	for (unsigned version = 0; version <= 4; version++)
		for (int i = 0; i < COMPRESSIONS; i++)
			assert_boot(version, i);
}

static void configuration_alone(void **state)
{
	AUTO_FILE struct file file = { NULL, 0 }, other = { NULL, 0 };
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };

	(void)state;
	put_text(&file, 0, "#\n# Linux/arm64\n#\nCONFIG_ARM64=y\n");
	put_text(&file, file.n, config);
	assert_int_equal(parse(&file, &image, NULL), 0);
	assert_string_equal(image.format, "configuration of a kernel");
	assert_int_equal(image.machine, HD_IMAGE_ARM64);
	assert_int_equal(image.kconfig.n, 4);
	assert_null(image.text);
	put_text(&other, 0, "CONFIG_X86=y\n");
	put_number(&other, other.n, 0, 1);
	assert_int_equal(parse(&other, &image, NULL), -EINVAL);
}

/* Sections of a ramdisk, a device tree and a table of ramdisks before it. */
static void make_vendor_boot(struct file *file, unsigned version,
			     const char *bootconfig)
{
	put_text(file, 0, "VNDRBOOT");
	put_number(file, 8, version, 4);
	put_number(file, 12, 2048, 4);
	put_number(file, 24, 2049, 4);
	put_text(file, 28, "androidboot.x=y");
	put_number(file, 2096, version >= 4 ? 2128 : 2112, 4);
	put_number(file, 2100, 1, 4);
	put_number(file, 2108, 0, 4);
	if (version >= 4) {
		put_number(file, 2112, 108, 4);
		put_number(file, 2124, (uint32_t)strlen(bootconfig), 4);
	}
	put_number(file, 6 * 2048 - 1, 0, 1);
	if (version >= 4)
		append(file, bootconfig, strlen(bootconfig));
}

static void vendor_boot_has_no_kernel(void **state)
{
	static const char bootconfig[] = "androidboot.hypervisor=x\n"
					 "kernel.kvm-arm.mode=protected\n";

	(void)state;
	for (unsigned version = 3; version <= 4; version++) {
		AUTO_FILE struct file file = { NULL, 0 };
		HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };
		char format[64];

		make_vendor_boot(&file, version, bootconfig);
		append(&file, "what follows", 12);
		assert_int_equal(parse(&file, &image, NULL), 0);
		snprintf(format, sizeof(format),
			 "vendor_boot.img of Android (header version %u)",
			 version);
		assert_string_equal(image.format, format);
		assert_string_equal(image.cmdline, "androidboot.x=y");
		assert_null(image.text);
		assert_int_equal(image.kconfig.n, 0);
		assert_int_equal(image.no_kconfig.code, ENOENT);
		if (version >= 4)
			assert_string_equal(image.bootconfig, bootconfig);
		else
			assert_null(image.bootconfig);
	}
}

static void assert_refused(const struct file *file, int code,
			   const char *words);

/* Whole, or refused: there is nothing between. */
static void vendor_boot_of_every_length(void **state)
{
	(void)state;
	for (unsigned version = 3; version <= 4; version++) {
		AUTO_FILE struct file file = { NULL, 0 };
		size_t whole;

		make_vendor_boot(&file, version, "a=b\n");
		whole = version >= 4 ? file.n : 2112;
		for (size_t n = 12; n < file.n; n++) {
			HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = {
				NULL
			};
			struct file shorter = { file.data, n };

			assert_int_equal(parse(&shorter, &image, NULL),
					 n < whole ? -EBADMSG : 0);
		}
	}
}

static void vendor_boot_with_wrong_sizes(void **state)
{
	static const size_t sizes[] = { 24, 2096, 2100, 2112, 2124 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
		AUTO_FILE struct file file = { NULL, 0 };

		make_vendor_boot(&file, 4, "a=b\n");
		put_number(&file, sizes[i], 0xffffffff, 4);
		assert_refused(&file, EBADMSG, "FILE is cut short");
	}
	for (int i = 0; i < 2; i++) {
		AUTO_FILE struct file file = { NULL, 0 };

		make_vendor_boot(&file, 4, "a=b\n");
		put_number(&file, 12, i ? 0xffffffff : 0, 4);
		assert_refused(
			&file, EBADMSG,
			"FILE says that its pages have a size that none has");
	}
}

/*
 * Whatever the length, what is told is right: the whole configuration, or that
 * there is none to be found, or why the file can't be used.
 */
static void assert_cut(const struct file *file)
{
	bool found = false;

	for (size_t n = 0; n < file->n; n++) {
		HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		struct file shorter = { file->data, n };
		int r = parse(&shorter, &image, &err);

		if (r < 0) {
			assert_true(r == -EINVAL || r == -EBADMSG);
			assert_non_null(hd_err_message(&err));
			assert_false(found);
			continue;
		}
		found |= image.kconfig.n != 0;
		if (image.kconfig.n)
			assert_int_equal(image.kconfig.n, 3);
		else
			assert_true(image.no_kconfig.code);
	}
	assert_true(found);
}

static void every_length(void **state)
{
	AUTO_FILE struct file image = { NULL, 0 }, x86 = { NULL, 0 };
	AUTO_FILE struct file zboot = { NULL, 0 };

	(void)state;
	make_image(&image, WITH_CONFIG);
	assert_cut(&image);
	for (int i = 0; i < COMPRESSIONS; i++) {
		AUTO_FILE struct file packed = { NULL, 0 };

		pack(&packed, i, make_image, WITH_CONFIG);
		append(&packed, "behind it", 9);
		assert_cut(&packed);
	}
	for (int i = 0; i < 2; i++) {
		AUTO_FILE struct file zimage = { NULL, 0 };

		make_zimage(&zimage, i ? XZ : GZIP, WITH_CONFIG);
		append(&zimage, "behind it", 9);
		assert_cut(&zimage);
	}
	make_bzimage(&x86, XZ, WITH_CONFIG);
	assert_cut(&x86);
	make_zboot(&zboot, ZSTD, WITH_CONFIG);
	append(&zboot, "behind it", 9);
	assert_cut(&zboot);
}

/* As a boot loader's device tree does: what comes out is whole all the same. */
static void what_follows(void **state)
{
	(void)state;
	for (int i = 0; i < COMPRESSIONS; i++)
		for (size_t n = 0; n < 40; n++) {
			AUTO_FILE struct file file = { NULL, 0 };
			char format[64];

			pack(&file, i, make_image, WITH_CONFIG);
			for (size_t j = 0; j < n; j++)
				put_number(&file, file.n, 0xd0 + (uint32_t)j,
					   1);
			snprintf(format, sizeof(format), "%s, Image of arm64",
				 names[i]);
			assert_kernel(&file, format, HD_IMAGE_ARM64,
				      WITH_CONFIG);
		}
}

/* With a checksum, as the program zstd makes it and libarchive doesn't. */
static void what_follows_a_checksum(void **state)
{
	static const unsigned char packed[] = {
		0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x7d, 0x01, 0x00, 0x84,
		0x02, 0x00, 0x00, 0x41, 0x52, 0x4d, 0x64, 0x4c, 0x69, 0x6e,
		0x75, 0x78, 0x20, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e,
		0x20, 0x36, 0x2e, 0x31, 0x32, 0x2e, 0x34, 0x38, 0x2d, 0x74,
		0x65, 0x73, 0x74, 0x20, 0x28, 0x67, 0x63, 0x63, 0x29, 0x0a,
		0x00, 0x01, 0x00, 0x3b, 0x01, 0x16, 0xbb, 0x41, 0x67, 0x76
	};
	AUTO_FILE struct file file = { NULL, 0 };

	(void)state;
	append(&file, packed, sizeof(packed));
	append(&file, "behind it", 9);
	assert_kernel(&file, "zstd, Image of arm64", HD_IMAGE_ARM64, 0);
}

static void every_length_of_android(void **state)
{
	(void)state;
	for (unsigned version = 0; version <= 4; version++) {
		AUTO_FILE struct file boot = { NULL, 0 };

		make_boot(&boot, version, version % 2 ? OLD_LZ4 : GZIP,
			  WITH_CONFIG);
		assert_cut(&boot);
	}
}

/* Half of a configuration is none: what it lacks would count as not set. */
static void half_a_configuration(void **state)
{
	AUTO_FILE struct file text = { NULL, 0 }, file = { NULL, 0 };
	size_t n;
	unsigned number = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char line[64];

		/* No two are alike, so that it stays large. */
		number = number * 1103515245 + 12345;
		snprintf(line, sizeof(line), "CONFIG_X%d_%08x=y\n", i, number);
		put_text(&text, text.n, line);
	}
	put_text(&file, 56, "ARM\x64");
	append(&file, "Linux version 6.1 IKCFG_ST", 26);
	{
		HD_AUTOFREE char *packed = zip(archive_write_add_filter_gzip,
					       text.data, text.n, &n);

		append(&file, packed, n);
	}
	for (size_t cut = n / 20; cut < n - n / 20; cut += n / 20) {
		HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };
		struct file shorter = { file.data, file.n - cut };

		assert_int_equal(parse(&shorter, &image, NULL), 0);
		assert_int_equal(image.kconfig.n, 0);
		assert_int_equal(image.no_kconfig.code, EBADMSG);
	}
}

static void assert_refused(const struct file *file, int code, const char *words)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_kernel_image image;

	assert_int_equal(parse(file, &image, &err), -code);
	assert_string_equal(hd_err_message(&err), words);
}

static void what_is_no_kernel(void **state)
{
	static const char unknown[] =
		"FILE is no kernel that is known: no bzImage, Image, zImage, vmlinux, boot.img, vendor_boot.img or configuration";
	AUTO_FILE struct file text = { NULL, 0 }, packed = { NULL, 0 };
	AUTO_FILE struct file lzo = { NULL, 0 }, boot = { NULL, 0 };
	AUTO_FILE struct file page = { NULL, 0 }, often = { NULL, 0 };
	AUTO_FILE struct file old = { NULL, 0 };
	struct file empty = { NULL, 0 };

	(void)state;
	assert_refused(&empty, EINVAL, unknown);
	put_text(&text, 0, "Linux version 6.12 is no kernel by itself");
	assert_refused(&text, EINVAL, unknown);
	put_text(&packed, 0, "\x1f\x8b\x08 and no more");
	assert_refused(
		&packed, EBADMSG,
		"what is in FILE, compressed with gzip, is damaged or cut short");
	put_text(&lzo, 0, "\x89LZO");
	assert_refused(&lzo, ENOTSUP,
		       "FILE is compressed with LZO, which can't be read");
	make_boot(&boot, 4, GZIP, 0);
	put_number(&boot, 8, 0, 4);
	assert_refused(&boot, ENOENT,
		       "FILE has no kernel in it: look into boot.img");
	make_boot(&page, 2, GZIP, 0);
	put_number(&page, 36, 1, 4);
	assert_refused(&page, EBADMSG,
		       "FILE says that its pages have a size that none has");
	make_bzimage(&old, GZIP, 0);
	put_number(&old, 0x206, 0x207, 2);
	assert_refused(
		&old, ENOTSUP,
		"FILE is a bzImage of before Linux 2.6.26, which can't be read");
	make_image(&often, 0);
	for (int i = 0; i < 6; i++) {
		struct file inner = often;

		often = (struct file){ NULL, 0 };
		put_text(&often, 0, "ANDROID!");
		put_number(&often, 8, (uint32_t)inner.n, 4);
		put_number(&often, 40, 3, 4);
		put(&often, 4096, inner.data, inner.n);
		free_file(&inner);
	}
	assert_refused(&often, EINVAL, "FILE is packed too often");
}

/* What stands between the two words, and isn't it. */
static void damaged_configurations(void **state)
{
	AUTO_FILE struct file file = { NULL, 0 };
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };
	char *at;

	(void)state;
	make_image(&file, WITH_CONFIG);
	at = memmem(file.data, file.n, "IKCFG_ST\x1f", 9);
	assert_non_null(at);
	at[8 + 20] ^= 0x55;
	assert_int_equal(parse(&file, &image, NULL), 0);
	assert_int_equal(image.kconfig.n, 0);
	assert_string_equal(
		hd_err_message(&image.no_kconfig),
		"the configuration in FILE is damaged or cut short");
}

static void only_files_are_read(void **state)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	AUTO_FILE struct file file = { NULL, 0 };
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { NULL };
	int fds[2], fd;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(hd_kernel_image_read(fds[0], "FILE", &image, &err) < 0);
	close(fds[0]);
	close(fds[1]);
	make_elf(&file, WITH_CONFIG);
	fd = file_of(file.data, file.n);
	assert_int_equal(hd_kernel_image_read(fd, "FILE", &image, NULL), 0);
	close(fd);
	assert_string_equal(image.format, "vmlinux of x86");
	assert_int_equal(image.kconfig.n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_of_arm64),
		cmocka_unit_test(kernels_of_x86),
		cmocka_unit_test(kernel_of_arm),
		cmocka_unit_test(kernels_of_android),
		cmocka_unit_test(configuration_alone),
		cmocka_unit_test(vendor_boot_has_no_kernel),
		cmocka_unit_test(vendor_boot_of_every_length),
		cmocka_unit_test(vendor_boot_with_wrong_sizes),
		cmocka_unit_test(every_length),
		cmocka_unit_test(what_follows),
		cmocka_unit_test(what_follows_a_checksum),
		cmocka_unit_test(every_length_of_android),
		cmocka_unit_test(half_a_configuration),
		cmocka_unit_test(what_is_no_kernel),
		cmocka_unit_test(damaged_configurations),
		cmocka_unit_test(only_files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
