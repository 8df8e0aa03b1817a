// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"

#define BLOCK (64 * 1024)
#define FIRST_SIZE (256 * 1024)
#define OUTPUT_LIMIT (UINT64_C(4) << 30)

struct hd_unpack {
	struct archive *archive;
	uint64_t n; /* bytes that came out */
	int error; /* what comes after what came out, negative */
	bool ended;
};

/* libarchive's errno isn't always one; damage has none of the system's. */
static int code_of(const struct hd_unpack *unpack)
{
	int code = archive_errno(unpack->archive);

	return code == EIO || code == EISDIR || code == ENOMEM ? -code :
								 -EBADMSG;
}

/*
 * Where libarchive was built without a compression it warns, and would start a
 * program for it, which others may have put there. It can't forget one, so
 * another object is asked first.
 */
static bool has_filter(int (*filter)(struct archive *))
{
	struct archive *probe = archive_read_new();
	bool has = probe && filter(probe) == ARCHIVE_OK;

	if (probe)
		archive_read_free(probe);
	return has;
}

static int choose(const struct hd_unpack *unpack)
{
	struct archive *archive = unpack->archive;
	int (*const filters[])(struct archive *) = {
		archive_read_support_filter_gzip,
		archive_read_support_filter_xz,
		archive_read_support_filter_zstd,
		archive_read_support_filter_lz4,
		archive_read_support_filter_bzip2,
		archive_read_support_filter_lzma,
	};

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (has_filter(filters[i]))
			filters[i](archive);
	if (archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) != ARCHIVE_OK)
		return -ENOMEM;
	return 0;
}

static void free_entry(struct archive_entry **entry)
{
	archive_entry_free(*entry);
}

static int start(struct hd_unpack *unpack, int fd)
{
	/* The one that libarchive has itself it may not have got. */
	HD_AUTO(free_entry) struct archive_entry *entry = archive_entry_new();
	int r = entry ? choose(unpack) : -ENOMEM;

	if (r < 0)
		return r;
	/* Else what opens makes room for this, and doesn't look whether it got
	 * any. */
	if (archive_read_set_callback_data(unpack->archive, NULL) != ARCHIVE_OK)
		return -ENOMEM;
	if (archive_read_open_fd(unpack->archive, fd, BLOCK) != ARCHIVE_OK)
		return code_of(unpack);
	r = archive_read_next_header2(unpack->archive, entry);
	unpack->ended = r == ARCHIVE_EOF;
	return r == ARCHIVE_OK || unpack->ended ? 0 : code_of(unpack);
}

int hd_unpack_open(int fd, struct hd_unpack **ret)
{
	HD_AUTO_UNPACK struct hd_unpack *unpack = calloc(1, sizeof(*unpack));
	int r;

	if (!unpack)
		return -ENOMEM;
	unpack->archive = archive_read_new();
	if (!unpack->archive)
		return -ENOMEM;
	r = start(unpack, fd);
	if (r == 0)
		*ret = hd_steal(&unpack);
	return r;
}

bool hd_unpack_is_plain(const struct hd_unpack *unpack)
{
	/* One "none" stands for the file itself. */
	return archive_filter_count(unpack->archive) <= 1;
}

ssize_t hd_unpack_read(struct hd_unpack *unpack, void *buffer, size_t size)
{
	size_t n = 0;

	while (n < size && !unpack->ended && unpack->error == 0) {
		ssize_t r = archive_read_data(unpack->archive,
					      (char *)buffer + n, size - n);

		if (r < 0)
			unpack->error = code_of(unpack);
		else
			n += (size_t)r;
		unpack->ended = r == 0;
	}
	unpack->n += n;
	if (unpack->n > OUTPUT_LIMIT)
		return -EFBIG;
	/* What came out before damage is what was put in. */
	if (unpack->error < 0 && (n == 0 || unpack->error != -EBADMSG))
		return unpack->error;
	return (ssize_t)n;
}

int hd_unpack_all(int fd, size_t limit, char **ret, size_t *ret_length)
{
	HD_AUTO_UNPACK struct hd_unpack *unpack = NULL;
	HD_AUTOFREE char *text = NULL;
	size_t size = FIRST_SIZE, length = 0;
	int r = hd_unpack_open(fd, &unpack);

	while (r == 0) {
		char *grown = realloc(text, size);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		text = grown;
		n = hd_unpack_read(unpack, text + length, size - 1 - length);
		if (n < 0)
			return (int)n;
		length += (size_t)n;
		if (length > limit)
			return -EFBIG;
		if (n == 0)
			break;
		if (length + 1 == size)
			size *= 2;
	}
	if (r < 0)
		return r;
	text[length] = '\0';
	*ret = hd_steal(&text);
	*ret_length = length;
	return 0;
}

void hd_unpack_close(struct hd_unpack **unpack)
{
	if (*unpack && (*unpack)->archive)
		archive_read_free((*unpack)->archive);
	free(*unpack);
}
