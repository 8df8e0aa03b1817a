/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_UNIT_PACKED_H
#define HD_UNIT_PACKED_H

#include "tests/unit/unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Files that are compressed. */

/* A file in memory with this in it. */
static inline int file_of(const char *data, size_t length)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int (*const filters[])(struct archive *) = {
	archive_write_add_filter_gzip,	archive_write_add_filter_xz,
	archive_write_add_filter_zstd,	archive_write_add_filter_lz4,
	archive_write_add_filter_bzip2, archive_write_add_filter_lzma,
	archive_write_add_filter_none,
};

/* Compresses; freed by the caller. */
static inline char *zip(int (*filter)(struct archive *), const char *data,
			size_t length, size_t *ret)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t size = length + length / 64 + 1024;
	char *zipped = malloc(size);

	assert_non_null(zipped);
	assert_int_equal(filter(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_per_block(archive, 0),
			 ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(archive, zipped, size, ret),
			 ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, data, length), length);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_entry_free(entry);
	archive_write_free(archive);
	return zipped;
}

#endif
