// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/initramfs.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/doctor/read/unpack.h"

#define TRAILER "TRAILER!!!"

/* More zeros than any padding between archives has. */
#define PADDING (1024 * 1024)

/* The header: a magic number, then thirteen fields of eight digits each. */
enum { MAGIC = 6, FIELD = 8, HEADER = MAGIC + 13 * FIELD };
enum { FILESIZE = 6, NAMESIZE = 11 };

/* Where reading stands. */
struct reader {
	struct hd_unpack *unpack;
	uint64_t at; /* what was read of this stream */
	char path[PATH_MAX];
	char content[HD_INITRAMFS_FILE + 1];
};

/* Exactly @size bytes; without a buffer they are passed over. */
static int take(struct reader *reader, void *buffer, uint64_t size)
{
	char passed[4096];

	while (size > 0) {
		size_t part = buffer		    ? (size_t)size :
			      size < sizeof(passed) ? (size_t)size :
						      sizeof(passed);
		ssize_t n = hd_unpack_read(reader->unpack,
					   buffer ? buffer : passed, part);

		if (n < 0)
			return (int)n;
		if ((size_t)n < part)
			return -EBADMSG;
		reader->at += part;
		size -= part;
	}
	return 0;
}

static int align(struct reader *reader)
{
	return take(reader, NULL, -reader->at % 4);
}

static int read_field(const char *header, int index, uint32_t *ret)
{
	char digits[FIELD + 1] = "";

	memcpy(digits, header + MAGIC + index * FIELD, FIELD);
	if (strspn(digits, "0123456789abcdefABCDEF") != FIELD)
		return -EBADMSG;
	*ret = (uint32_t)strtoul(digits, NULL, 16);
	return 0;
}

static bool is_magic(const char *header)
{
	return memcmp(header, "070701", MAGIC) == 0 ||
	       memcmp(header, "070702", MAGIC) == 0;
}

/* The rest of an entry whose header's first byte is read. */
static int read_entry(struct reader *reader, uint32_t *ret_length)
{
	char header[HEADER] = "0";
	uint32_t name_size;
	int r = take(reader, header + 1, HEADER - 1);

	if (r < 0)
		return r;
	if (!is_magic(header) || read_field(header, FILESIZE, ret_length) < 0 ||
	    read_field(header, NAMESIZE, &name_size) < 0 || name_size == 0 ||
	    name_size > sizeof(reader->path))
		return -EBADMSG;
	r = take(reader, reader->path, name_size);
	if (r == 0 && reader->path[name_size - 1])
		r = -EBADMSG;
	return r < 0 ? r : align(reader);
}

static int read_content(struct reader *reader, uint32_t length)
{
	bool fits = length <= HD_INITRAMFS_FILE;
	int r = take(reader, fits ? reader->content : NULL, length);

	if (fits)
		reader->content[length] = '\0';
	return r < 0 ? r : align(reader);
}

/* Past the zeros between archives. The byte after them, or -ENODATA. */
static int next_byte(struct reader *reader)
{
	for (int i = 0; i < PADDING; i++) {
		char byte;
		ssize_t n = hd_unpack_read(reader->unpack, &byte, 1);

		if (n <= 0)
			return n < 0 ? (int)n : -ENODATA;
		reader->at++;
		if (byte)
			return (unsigned char)byte;
	}
	return -EBADMSG;
}

/* Goes on, at the byte read last, with what may be compressed. */
static int reopen(struct reader *reader, int fd, off_t *start)
{
	if (!hd_unpack_is_plain(reader->unpack) || reader->at == 1)
		return -EBADMSG;
	*start += (off_t)reader->at - 1;
	hd_unpack_close(&reader->unpack);
	reader->unpack = NULL;
	reader->at = 0;
	if (lseek(fd, *start, SEEK_SET) < 0)
		return -errno;
	return hd_unpack_open(fd, &reader->unpack);
}

static const char *without_root(const char *path)
{
	if (hd_after(path, "./"))
		path++;
	return path + strspn(path, "/");
}

static int each_file(struct reader *reader, int fd,
		     int (*visit)(void *data, const char *path,
				  const char *content, size_t length),
		     void *data)
{
	off_t start = 0;
	uint32_t length;
	bool any = false;
	int r = 0;

	while (r == 0) {
		int byte = next_byte(reader);

		if (byte == -ENODATA)
			return any ? 0 : -EBADMSG;
		if (byte < 0)
			return byte;
		if (byte != '0') {
			r = reopen(reader, fd, &start);
			continue;
		}
		any = true;
		r = read_entry(reader, &length);
		if (r == 0)
			r = read_content(reader, length);
		if (r == 0 && strcmp(reader->path, TRAILER) != 0)
			r = visit(data, without_root(reader->path),
				  length <= HD_INITRAMFS_FILE ?
					  reader->content :
					  NULL,
				  length);
	}
	return r;
}

int hd_initramfs_each(int fd,
		      int (*visit)(void *data, const char *path,
				   const char *content, size_t length),
		      void *data)
{
	HD_AUTOFREE struct reader *reader = calloc(1, sizeof(*reader));
	int r = reader ? hd_unpack_open(fd, &reader->unpack) : -ENOMEM;

	if (r == 0)
		r = each_file(reader, fd, visit, data);
	if (reader)
		hd_unpack_close(&reader->unpack);
	return r;
}
