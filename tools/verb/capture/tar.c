// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/capture/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tools/tree/archive.h"

#define BLOCK_SIZE 65536

static void free_writer(struct archive **a)
{
	archive_write_free(*a);
}

static void free_header(struct archive_entry **header)
{
	archive_entry_free(*header);
}

static const struct {
	const char *suffix;
	int (*add)(struct archive *a);
} filters[] = {
	{ ".gz", archive_write_add_filter_gzip },
	{ ".tgz", archive_write_add_filter_gzip },
	{ ".xz", archive_write_add_filter_xz },
	{ ".zst", archive_write_add_filter_zstd },
};

static int set_filter(struct archive *a, const char *name)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (hd_ends_with(name, filters[i].suffix))
			return filters[i].add(a);
	return archive_write_add_filter_none(a);
}

/* Where the tar goes, and what went wrong there. */
struct sink {
	int fd;
	int code; /* errno, 0 so far */
};

/*
 * After an error it goes on as if all were well, because libarchive 3.6 loses
 * memory when it is told of one (archive_write_client_open()).
 */
static la_ssize_t sink_write(struct archive *a, void *data, const void *buffer,
			     size_t length)
{
	struct sink *sink = data;

	(void)a;
	if (!sink->code)
		sink->code = -hd_write_all(sink->fd, buffer, length);
	return (la_ssize_t)length;
}

static int write_entry(struct archive *a, const struct hd_recorded *entry)
{
	HD_AUTO(free_header) struct archive_entry *header = archive_entry_new();
	bool file = S_ISREG(entry->mode);
	int r;

	if (!header)
		return ARCHIVE_FATAL;
	archive_entry_copy_pathname(header, entry->path);
	archive_entry_set_mode(header, entry->mode);
	archive_entry_set_uid(header, entry->uid);
	archive_entry_set_gid(header, entry->gid);
	archive_entry_set_mtime(header, entry->mtime, 0);
	archive_entry_set_size(header, file ? (int64_t)entry->length : 0);
	if (S_ISLNK(entry->mode))
		archive_entry_copy_symlink(header, entry->data);
	r = archive_write_header(a, header);
	if (r == ARCHIVE_OK && file && entry->length &&
	    archive_write_data(a, entry->data, entry->length) !=
		    (la_ssize_t)entry->length)
		r = ARCHIVE_FATAL;
	return r;
}

static int write_all(struct archive *a, const struct hd_recording *record,
		     const struct hd_recorded *first, const struct sink *sink)
{
	int r = write_entry(a, first);

	for (size_t i = 0; r == ARCHIVE_OK && !sink->code && i < record->n; i++)
		r = write_entry(a, record->entries[i]);
	return r == ARCHIVE_OK ? archive_write_close(a) : r;
}

int hd_tar_write(const struct hd_recording *record,
		 const struct hd_recorded *first, int fd, const char *name,
		 struct hd_err *err)
{
	HD_AUTO(free_writer) struct archive *a = archive_write_new();
	struct sink sink = { fd, 0 };

	if (!a)
		return hd_err_nomem(err);
	/* GNU's format takes names of any bytes in any length. */
	if (archive_write_set_format_gnutar(a) != ARCHIVE_OK ||
	    set_filter(a, name) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK)
		return hd_err_set(err, ENOTSUP,
				  "libarchive of this host can't write %s",
				  name);
	if (archive_write_open(a, &sink, NULL, sink_write, NULL) !=
		    ARCHIVE_OK ||
	    write_all(a, record, first, &sink) != ARCHIVE_OK)
		sink.code = sink.code ? sink.code : hd_archive_errno(a);
	if (sink.code)
		return hd_err_set(err, sink.code, "cannot write %s: %s", name,
				  strerror(sink.code));
	return 0;
}
