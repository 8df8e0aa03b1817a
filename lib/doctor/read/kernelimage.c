// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/kernelimage.h"

#include <ctype.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/doctor/read/unpack.h"

#define FIRST_SIZE ((size_t)1024 * 1024)
#define BLOCK ((size_t)64 * 1024)

/* boot.img, a kernel that is compressed, and an EFI program in that. */
#define DEPTH_LIMIT 5

/* How often something looks compressed, in a file where nothing says what is.
 */
#define TRIES_LIMIT 64

/* Of a file, or of what is in it. */
struct part {
	const char *data;
	size_t length;
};

struct parser {
	const char *name; /* of the file */
	struct hd_kernel_image *image;
	struct hd_err *err;
	unsigned depth;
	bool torn; /* there is more than came out of it */
};

static int parse_part(struct parser *p, struct part part);

static int refuse(const struct parser *p, int code, const char *why)
{
	return hd_err_set(p->err, code, "%s %s", p->name, why);
}

/* Numbers are little endian; 0 behind the end, where no magic is. */
static uint64_t get(struct part part, size_t at, size_t size)
{
	uint64_t number = 0;

	if (at > part.length || part.length - at < size)
		return 0;
	memcpy(&number, part.data + at, size);
	return le64toh(number);
}

static uint32_t get32(struct part part, size_t at)
{
	return (uint32_t)get(part, at, 4);
}

static bool has(struct part part, size_t at, const char *magic, size_t n)
{
	return at <= part.length && part.length - at >= n &&
	       memcmp(part.data + at, magic, n) == 0;
}

/* A part of the part; false when that has no such place. */
static bool cut(struct part part, uint64_t at, uint64_t length,
		struct part *ret)
{
	if (at > part.length || part.length - at < length)
		return false;
	*ret = (struct part){ part.data + at, (size_t)length };
	return true;
}

/* One more layer: "boot.img of Android, gzip, Image of arm64". */
static int add_format(struct parser *p, const char *what)
{
	char *format = p->image->format ?
			       hd_text("%s, %s", p->image->format, what) :
			       strdup(what);

	if (!format)
		return hd_err_nomem(p->err);
	free(p->image->format);
	p->image->format = format;
	return 0;
}

/* The last footer of xz (its file format, 2.1.2), with the flags of the header;
 * 0 when there is none. */
static size_t end_of_xz(struct part part)
{
	for (size_t at = part.length / 4 * 4; at >= 24; at -= 4)
		if (has(part, at - 2, "YZ", 2) &&
		    has(part, at - 4, part.data + 6, 2))
			return at;
	return 0;
}

/* The end of a frame of zstd (RFC 8878, 3.1.1); 0 when it has none. */
static size_t end_of_zstd(struct part part)
{
	static const unsigned char of_dictionary[] = { 0, 1, 2, 4 };
	static const unsigned char of_content[] = { 0, 2, 4, 8 };
	unsigned flags = (unsigned)get(part, 4, 1);
	bool single = flags & 1 << 5;
	size_t at = 5 + !single + of_dictionary[flags & 3] +
		    (single && !(flags >> 6) ? 1 : of_content[flags >> 6]);
	uint32_t block;

	do {
		struct part head;

		if (!cut(part, at, 3, &head))
			return 0;
		block = (unsigned char)head.data[0] |
			(uint32_t)(unsigned char)head.data[1] << 8 |
			(uint32_t)(unsigned char)head.data[2] << 16;
		at += 3 + ((block >> 1 & 3) == 1 ? 1 : block >> 3);
	} while (!(block & 1));
	at += flags & 1 << 2 ? 4 : 0;
	return at <= part.length ? at : 0;
}

/*
 * What comes out of data that is compressed; owned. What follows it may be
 * taken for more of it, and damaged: *@ret_torn then says so.
 */
static int decompress_all(struct part part, char **ret, size_t *ret_length,
			  bool *ret_torn)
{
	HD_AUTOCLOSE int fd = memfd_create("kernel", MFD_CLOEXEC);
	HD_AUTO_UNPACK struct hd_unpack *unpack = NULL;
	HD_AUTOFREE char *text = NULL;
	size_t size = 0, length = 0;
	ssize_t n = 0;
	int r = fd < 0 ? -errno : hd_write_all(fd, part.data, part.length);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = hd_unpack_open(fd, &unpack);
	if (r == 0 && hd_unpack_is_plain(unpack))
		r = -EBADMSG;
	while (r == 0) {
		if (length == size) {
			char *grown;

			size = size ? 2 * size : FIRST_SIZE;
			grown = realloc(text, size);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		/* Of more at once libarchive gives nothing when some is bad. */
		n = hd_unpack_read(unpack, text + length,
				   size - length < BLOCK ? size - length :
							   BLOCK);
		if (n <= 0)
			break;
		length += (size_t)n;
		if (length > HD_KERNEL_IMAGE_LIMIT)
			return -EFBIG;
	}
	if (r < 0 || (n < 0 && (n != -EBADMSG || length == 0)))
		return r < 0 ? r : (int)n;
	*ret_torn = n < 0;
	*ret = hd_steal(&text);
	*ret_length = length;
	return 0;
}

/*
 * The same without what follows: a device tree, code. With some compressions
 * that costs the end of what comes out, or all of it.
 */
static int decompress(struct part part, char **ret, size_t *ret_length,
		      bool *ret_torn)
{
	HD_AUTOFREE char *text = NULL;
	size_t length = 0, end = 0;
	bool torn = false;
	int r = decompress_all(part, &text, &length, &torn);

	if (r == 0 ? torn : r == -EBADMSG)
		end = has(part, 0, "\x28\xb5\x2f\xfd", 4) ? end_of_zstd(part) :
		      has(part, 0, "\xfd", 1)		  ? end_of_xz(part) :
							    0;
	if (end && end < part.length) {
		HD_AUTOFREE char *other = NULL;
		struct part whole = { part.data, end };
		size_t other_length;
		bool other_torn;
		int other_r = decompress_all(whole, &other, &other_length,
					     &other_torn);

		if (other_r == -ENOMEM)
			return -ENOMEM;
		if (other_r == 0 && !other_torn) {
			*ret = hd_steal(&other);
			*ret_length = other_length;
			*ret_torn = false;
			return 0;
		}
	}
	if (r < 0)
		return r;
	*ret = hd_steal(&text);
	*ret_length = length;
	*ret_torn = torn;
	return 0;
}

static const struct {
	const char *name, *magic;
	size_t n;
} compressions[] = {
	{ "gzip", "\x1f\x8b\x08", 3 },
	{ "xz",
	  "\xfd"
	  "7zXZ\0",
	  6 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4 },
	{ "lz4", "\x02\x21\x4c\x18", 4 }, /* of old, which kernels use */
	{ "lz4", "\x04\x22\x4d\x18", 4 },
	{ "bzip2", "BZh", 3 },
	{ "lzma", "\x5d\0\0", 3 },
	{ "lzo", "\x89LZO", 4 },
};

/* What a part is compressed with, or NULL. */
static const char *compression_of(struct part part)
{
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]);
	     i++)
		if (has(part, 0, compressions[i].magic, compressions[i].n))
			return compressions[i].name;
	return NULL;
}

static int parse_compressed(struct parser *p, struct part part,
			    const char *compression)
{
	HD_AUTOFREE char *text = NULL;
	struct part inner = { .length = 0 };
	bool torn = false;
	int r = add_format(p, compression);

	if (r < 0)
		return r;
	if (strcmp(compression, "lzo") == 0)
		return refuse(p, ENOTSUP,
			      "is compressed with LZO, which can't be read");
	r = decompress(part, &text, &inner.length, &torn);
	if (r == -ENOMEM)
		return hd_err_nomem(p->err);
	if (r == -EFBIG)
		return refuse(p, EFBIG, "is larger than a kernel may be");
	if (r < 0)
		return hd_err_set(p->err, -r,
				  "what is in %s, compressed with %s, %s",
				  p->name, compression,
				  r == -EBADMSG ? "is damaged or cut short" :
						  strerror(-r));
	p->torn |= torn;
	inner.data = text;
	return parse_part(p, inner);
}

/* "Linux version 6.12.48-amd64 (…": there is a format like that, too. */
static int find_release(struct parser *p, struct part part)
{
	static const char banner[] = "Linux version ";
	const char *at = part.data, *end = part.data + part.length;
	size_t n;

	while ((at = memmem(at, (size_t)(end - at), banner,
			    sizeof(banner) - 1))) {
		at += sizeof(banner) - 1;
		if (at < end && isdigit((unsigned char)*at))
			break;
	}
	if (!at)
		return 0;
	for (n = 0; at + n < end && n < 64 && isgraph((unsigned char)at[n]);)
		n++;
	p->image->release = strndup(at, n);
	return p->image->release ? 0 : hd_err_nomem(p->err);
}

/*
 * kernel/configs.c: the configuration, compressed with gzip, between two words.
 * The first may stand elsewhere, too.
 */
static int find_kconfig(struct parser *p, struct part part)
{
	static const char begin[] = "IKCFG_ST", close[] = "IKCFG_ED";
	const char *at = part.data, *end = part.data + part.length;
	struct hd_kernel_image *image = p->image;
	int last = -ENOENT;

	while ((at = memmem(at, (size_t)(end - at), begin, 8))) {
		HD_AUTOFREE char *text = NULL;
		struct part packed;
		const char *stop;
		size_t length;
		bool torn = false;
		int r;

		at += 8;
		stop = memmem(at, (size_t)(end - at), close, 8);
		packed =
			(struct part){ at, (size_t)((stop ? stop : end) - at) };
		if (!compression_of(packed))
			continue;
		r = decompress(packed, &text, &length, &torn);
		if (r == 0 && (torn || !stop))
			r = -EBADMSG;
		if (r == 0 && length > HD_KCONFIG_LIMIT)
			r = -EFBIG;
		if (r == 0)
			r = hd_kconfig_parse(text, length, &image->kconfig);
		if (r == 0)
			return 0;
		if (r == -ENOMEM)
			return hd_err_nomem(p->err);
		last = r;
	}
	if (last != -ENOENT)
		hd_err_set(&image->no_kconfig, EBADMSG,
			   "the configuration in %s is damaged or cut short",
			   p->name);
	else if (p->torn)
		hd_err_set(
			&image->no_kconfig, EBADMSG,
			"%s is damaged or cut short, and no configuration is in what can be read",
			p->name);
	else
		hd_err_set(
			&image->no_kconfig, ENOENT,
			"%s has no configuration in it: the kernel was built without CONFIG_IKCONFIG, or the file is cut short",
			p->name);
	return 0;
}

/* Which is what all of them come down to. */
static int parse_kernel(struct parser *p, struct part part, const char *format,
			enum hd_image_machine machine)
{
	struct hd_kernel_image *image = p->image;
	int r = add_format(p, format);

	image->machine = machine;
	if (r == 0)
		r = find_release(p, part);
	if (r == 0)
		r = find_kconfig(p, part);
	if (r < 0)
		return r;
	/* The text may be the caller's, and its length 0. */
	image->text = malloc(part.length + 1);
	if (!image->text)
		return hd_err_nomem(p->err);
	memcpy(image->text, part.data, part.length);
	image->text[part.length] = '\0';
	image->length = part.length;
	return 0;
}

static int parse_elf(struct parser *p, struct part part)
{
	switch (get(part, offsetof(Elf64_Ehdr, e_machine), 2)) {
	case EM_X86_64:
	case EM_386:
		return parse_kernel(p, part, "vmlinux of x86", HD_IMAGE_X86);
	case EM_AARCH64:
		return parse_kernel(p, part, "vmlinux of arm64",
				    HD_IMAGE_ARM64);
	case EM_ARM:
		return parse_kernel(p, part, "vmlinux of arm", HD_IMAGE_ARM);
	default:
		return parse_kernel(p, part, "vmlinux", HD_IMAGE_OTHER);
	}
}

/* Documentation/arch/x86/boot.rst, from protocol 2.08 on (Linux 2.6.26). */
static int parse_bzimage(struct parser *p, struct part part)
{
	unsigned sectors = (unsigned char)part.data[0x1f1];
	uint64_t start = ((sectors ? sectors : 4) + UINT64_C(1)) * 512;
	struct part payload;
	int r = add_format(p, "bzImage of x86");

	if (r < 0)
		return r;
	if (part.length < 0x250)
		return refuse(p, EBADMSG, "is cut short");
	if (get(part, 0x206, 2) < 0x208)
		return refuse(
			p, ENOTSUP,
			"is a bzImage of before Linux 2.6.26, which can't be read");
	if (!cut(part, start + get32(part, 0x248), get32(part, 0x24c),
		 &payload))
		return refuse(p, EBADMSG, "is cut short");
	/* Behind what is compressed its size stands once more. */
	if (payload.length > 4 && !has(payload, 0,
				       "\x7f"
				       "ELF",
				       4))
		payload.length -= 4;
	return parse_part(p, payload);
}

/* drivers/firmware/efi/libstub/zboot-header.S */
static int parse_zboot(struct parser *p, struct part part)
{
	struct part payload;
	int r = add_format(p, "EFI zboot");

	if (r < 0)
		return r;
	if (!cut(part, get32(part, 8), get32(part, 12), &payload))
		return refuse(p, EBADMSG, "is cut short");
	return parse_part(p, payload);
}

/*
 * A zImage of arm unpacks itself, and nothing says where what it unpacks
 * begins: it is the first that is a kernel when it comes out.
 */
static int parse_zimage(struct parser *p, struct part part)
{
	int r = add_format(p, "zImage of arm"), tries = 0;

	for (size_t at = 0; r == 0 && at < part.length && tries < TRIES_LIMIT;
	     at++) {
		struct part rest = { part.data + at, part.length - at };
		HD_AUTOFREE char *text = NULL;
		const char *compression = compression_of(rest);
		size_t length;
		bool torn;

		if (!compression)
			continue;
		tries++;
		r = decompress(rest, &text, &length, &torn);
		if (r == -ENOMEM)
			return hd_err_nomem(p->err);
		if (r == 0 && memmem(text, length, "Linux version ", 14)) {
			r = add_format(p, compression);
			return r < 0 ? r :
				       parse_kernel(
					       p, (struct part){ text, length },
					       "kernel", HD_IMAGE_ARM);
		}
		r = 0;
	}
	return r < 0 ? r :
		       refuse(p, EBADMSG,
			      "has no kernel in it that could be unpacked");
}

/* Text of a fixed size, which need not have an end. */
static int take_cmdline(struct parser *p, struct part part, size_t at,
			size_t size, size_t more_at, size_t more)
{
	struct part first, second = { "", 0 };

	if (!cut(part, at, size, &first) ||
	    (more && !cut(part, more_at, more, &second)))
		return refuse(p, EBADMSG, "is cut short");
	free(p->image->cmdline);
	p->image->cmdline = hd_text("%.*s%.*s", (int)first.length, first.data,
				    (int)second.length, second.data);
	return p->image->cmdline ? 0 : hd_err_nomem(p->err);
}

static int add_android(struct parser *p, const char *what, uint32_t version)
{
	HD_AUTOFREE char *format = hd_text("%s of Android (header version %u)",
					   what, (unsigned)version);

	return format ? add_format(p, format) : hd_err_nomem(p->err);
}

static int parse_boot(struct parser *p, struct part part)
{
	uint32_t version = get32(part, 40), page = get32(part, 36), size;
	struct part kernel;
	int r;

	/* Of version 0 a size stood here. */
	if (version > 4)
		version = 0;
	if (version >= 3)
		page = 4096;
	size = get32(part, 8);
	r = add_android(p, "boot.img", version);
	if (r == 0)
		r = version >= 3 ? take_cmdline(p, part, 44, 1536, 0, 0) :
				   take_cmdline(p, part, 64, 512, 608, 1024);
	if (r < 0)
		return r;
	if (size == 0)
		return refuse(p, ENOENT,
			      "has no kernel in it: look into boot.img");
	if (page < 1632 || page > 65536)
		return refuse(p, EBADMSG,
			      "says that its pages have a size that none has");
	if (!cut(part, page, size, &kernel))
		return refuse(p, EBADMSG, "is cut short");
	return parse_part(p, kernel);
}

/* How much room a section of @size bytes has in an image. */
static uint64_t in_pages(uint64_t size, uint32_t page)
{
	return (size + page - 1) / page * page;
}

/* The last of the sections: ramdisk, device tree, table of ramdisks, and it. */
static int take_bootconfig(struct parser *p, struct part part)
{
	uint32_t page = get32(part, 12), size = get32(part, 2124);
	struct part text;
	uint64_t at;

	if (size == 0)
		return 0;
	if (page < 2048 || page > 65536)
		return refuse(p, EBADMSG,
			      "says that its pages have a size that none has");
	at = in_pages(get32(part, 2096), page) +
	     in_pages(get32(part, 24), page) +
	     in_pages(get32(part, 2100), page) +
	     in_pages(get32(part, 2112), page);
	if (!cut(part, at, size, &text))
		return refuse(p, EBADMSG, "is cut short");
	free(p->image->bootconfig);
	p->image->bootconfig = strndup(text.data, text.length);
	return p->image->bootconfig ? 0 : hd_err_nomem(p->err);
}

/* It has what a vendor adds, and no kernel. */
static int parse_vendor_boot(struct parser *p, struct part part)
{
	uint32_t version = get32(part, 8);
	int r = add_android(p, "vendor_boot.img", version);

	if (r == 0)
		r = take_cmdline(p, part, 28, 2048, 0, 0);
	if (r == 0 && part.length < (version >= 4 ? 2128 : 2112))
		r = refuse(p, EBADMSG, "is cut short");
	if (r == 0 && version >= 4)
		r = take_bootconfig(p, part);
	if (r == 0)
		hd_err_set(
			&p->image->no_kconfig, ENOENT,
			"%s has no kernel in it, but the command line and modules of the vendor: look into boot.img",
			p->name);
	return r;
}

/* The configuration alone, as distributions have it beside the kernel. */
static int parse_config(struct parser *p, struct part part)
{
	struct hd_kernel_image *image = p->image;
	int r = -EINVAL;

	if ((has(part, 0, "#", 1) || has(part, 0, "CONFIG_", 7)) &&
	    !memchr(part.data, '\0', part.length))
		r = hd_kconfig_parse(part.data, part.length, &image->kconfig);
	if (r == -ENOMEM)
		return hd_err_nomem(p->err);
	if (r < 0)
		return refuse(
			p, EINVAL,
			"is no kernel that is known: no bzImage, Image, zImage, vmlinux, boot.img, vendor_boot.img or configuration");
	if (hd_kconfig_value(&image->kconfig, "X86"))
		image->machine = HD_IMAGE_X86;
	else if (hd_kconfig_value(&image->kconfig, "ARM64"))
		image->machine = HD_IMAGE_ARM64;
	return add_format(p, "configuration of a kernel");
}

static int parse_part(struct parser *p, struct part part)
{
	const char *compression = compression_of(part);

	if (++p->depth > DEPTH_LIMIT)
		return refuse(p, EINVAL, "is packed too often");
	if (compression)
		return parse_compressed(p, part, compression);
	if (has(part, 0, "ANDROID!", 8))
		return parse_boot(p, part);
	if (has(part, 0, "VNDRBOOT", 8))
		return parse_vendor_boot(p, part);
	if (has(part, 0x202, "HdrS", 4) && has(part, 0x1fe, "\x55\xaa", 2))
		return parse_bzimage(p, part);
	if (has(part, 0, "MZ", 2) && has(part, 4, "zimg", 4))
		return parse_zboot(p, part);
	if (has(part, 56, "ARM\x64", 4))
		return parse_kernel(p, part, "Image of arm64", HD_IMAGE_ARM64);
	if (get32(part, 0x24) == 0x016f2818)
		return parse_zimage(p, part);
	if (has(part, 0, ELFMAG, SELFMAG))
		return parse_elf(p, part);
	return parse_config(p, part);
}

int hd_kernel_image_parse(const char *data, size_t length, const char *name,
			  struct hd_kernel_image *ret, struct hd_err *err)
{
	HD_AUTO_KERNEL_IMAGE struct hd_kernel_image image = { .format = NULL };
	struct parser parser = { .name = name, .image = &image, .err = err };
	int r = parse_part(&parser, (struct part){ data, length });

	if (r < 0)
		return r;
	*ret = image;
	memset(&image, 0, sizeof(image));
	return 0;
}

int hd_kernel_image_read(int fd, const char *name, struct hd_kernel_image *ret,
			 struct hd_err *err)
{
	HD_AUTOFREE char *data = NULL;
	size_t length;
	int r = hd_file_is_regular(fd);

	if (r == 0)
		r = hd_read_all(fd, HD_KERNEL_IMAGE_LIMIT, &data, &length);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r < 0)
		return hd_err_set(err, -r, "cannot read %s: %s", name,
				  strerror(-r));
	return hd_kernel_image_parse(data, length, name, ret, err);
}

void hd_kernel_image_clear(struct hd_kernel_image *image)
{
	free(image->format);
	free(image->release);
	free(image->cmdline);
	free(image->bootconfig);
	free(image->text);
	hd_kconfig_clear(&image->kconfig);
	hd_err_clear(&image->no_kconfig);
	memset(image, 0, sizeof(*image));
}
