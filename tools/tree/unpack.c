// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/tree/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/inside.h"
#include "lib/base/text.h"
#include "tools/tree/archive.h"
#include "tools/tree/link.h"

/* Far more than a capture of the largest host has, which are some 20,000. */
#define ENTRIES_LIMIT 100000
#define SIZE_LIMIT (64 << 20)
#define TOTAL_LIMIT ((int64_t)512 << 20)
#define DEPTH_LIMIT 100

#define BLOCK_SIZE 65536

static void free_reader(struct archive **a)
{
	archive_read_free(*a);
}

static void free_entry(struct archive_entry **entry)
{
	archive_entry_free(*entry);
}

struct unpack {
	struct archive *a;
	int dir_fd;
	const char *name;
	size_t entries;
	int64_t total;
	struct hd_err *err;
};

static int refuse(const struct unpack *u, const char *path, const char *why)
{
	return hd_err_set(u->err, EDOM, "%s is no capture of a host: %s %s",
			  u->name, path, why);
}

static int fail(const struct unpack *u, const char *path, int code)
{
	if (code == ELOOP || code == ENOTDIR)
		return refuse(u, path, "is below something that is no folder");
	if (code == EEXIST)
		return refuse(u, path, "is there twice");
	return hd_err_set(u->err, code, "cannot unpack %s from %s: %s", path,
			  u->name, strerror(code));
}

/* What libarchive found wrong with the tar as such. */
static int fail_archive(const struct unpack *u)
{
	const char *why = archive_error_string(u->a);
	int code = archive_errno(u->a);

	/* What is no errno, and EILSEQ, is about what stands in it, not about
	 * reading it. */
	return hd_err_set(u->err,
			  code <= 0 || code == EILSEQ ? EDOM :
							hd_archive_errno(u->a),
			  "cannot read %s as a tar: %s", u->name,
			  why ? why : strerror(hd_archive_errno(u->a)));
}

/*
 * A path of the tar as it is used: without "./" and a slash at its end. *@ret
 * is NULL for the root itself.
 */
static int clean_path(const struct unpack *u, const char *path, char **ret)
{
	HD_AUTOFREE char *clean = calloc(1, strlen(path) + 1);
	size_t length = 0, depth = 0;

	*ret = NULL;
	if (!clean)
		return hd_err_nomem(u->err);
	if (*path == '/')
		return refuse(u, path, "is an absolute path");
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && hd_after(path, ".."))
			return refuse(u, "a path with ..", "leads out of it");
		if (++depth > DEPTH_LIMIT)
			return refuse(u, "a folder", "is too deep");
		if (n && !(n == 1 && *path == '.')) {
			if (length)
				clean[length++] = '/';
			memcpy(clean + length, path, n);
			length += n;
		}
		path += n + (path[n] == '/');
	}
	if (length)
		*ret = hd_steal(&clean);
	return 0;
}

/* Opens a folder below the tar's; never through a link. */
static int open_folder(const struct unpack *u, const char *path)
{
	return hd_open_inside(u->dir_fd, *path ? path : ".",
			      O_PATH | O_DIRECTORY | O_NOFOLLOW, HD_LINKS_NONE);
}

/* The same, made first when it isn't there, as are those above it. */
static int make_folder(const struct unpack *u, const char *path)
{
	int fd = open_folder(u, path);
	HD_AUTOFREE char *parent = NULL;
	HD_AUTOCLOSE int parent_fd = -1;
	const char *name;
	char *slash;

	if (fd != -ENOENT)
		return fd;
	parent = strdup(path);
	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	name = slash ? path + (slash - parent) + 1 : path;
	*(slash ? slash : parent) = '\0';
	parent_fd = make_folder(u, parent);
	if (parent_fd < 0)
		return parent_fd;
	if (mkdirat(parent_fd, name, 0700) < 0)
		return -errno;
	return open_folder(u, path);
}

static int unpack_folder(const struct unpack *u, const char *path,
			 struct archive_entry *header)
{
	HD_AUTOCLOSE int fd = make_folder(u, path);
	HD_AUTOCLOSE int real_fd = -1;

	if (fd < 0)
		return fail(u, path, -fd);
	/* It must stay ours to fill and to remove. */
	real_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (real_fd < 0 ||
	    fchmod(real_fd, (archive_entry_perm(header) & 0777) | 0700) < 0)
		return fail(u, path, errno);
	return 0;
}

/* An absolute target is one below the tar's root. */
static char *relative_target(const char *path, const char *target)
{
	size_t depth = 0, length = 0;
	char *relative;

	for (const char *p = path; *p; p++)
		depth += *p == '/';
	target += strspn(target, "/");
	relative = malloc(3 * depth + strlen(target) + 2);
	if (!relative)
		return NULL;
	for (; depth; depth--, length += 3)
		memcpy(relative + length, "../", 3);
	strcpy(relative + length, *target ? target : ".");
	return relative;
}

static int unpack_link(const struct unpack *u, int parent_fd, const char *name,
		       const char *path, struct archive_entry *header)
{
	const char *target = archive_entry_symlink(header);
	HD_AUTOFREE char *relative = NULL;

	if (!target) /* no ASCII, which this locale can't tell */
		target = archive_entry_symlink_utf8(header);
	if (!target || !*target)
		return refuse(u, path, "is a link to nothing");
	if (*target == '/') {
		relative = relative_target(path, target);
		if (!relative)
			return hd_err_nomem(u->err);
		target = relative;
	}
	if (!hd_link_is_safe(path, target))
		return refuse(u, path, "is a link that leads out of it");
	if (symlinkat(target, parent_fd, name) < 0)
		return fail(u, path, errno);
	return 0;
}

/* Copies the contents of a file; a sparse one has all its zeros. */
static int copy_data(struct unpack *u, int fd, const char *path)
{
	HD_AUTOFREE char *block = malloc(BLOCK_SIZE);
	int64_t size = 0;
	int r;

	if (!block)
		return hd_err_nomem(u->err);
	for (;;) {
		la_ssize_t n = archive_read_data(u->a, block, BLOCK_SIZE);

		if (n < 0)
			return fail_archive(u);
		if (n == 0)
			return 0;
		size += n;
		u->total += n;
		if (size > SIZE_LIMIT || u->total > TOTAL_LIMIT)
			return refuse(u, path, "is too large");
		r = hd_write_all(fd, block, (size_t)n);
		if (r < 0)
			return fail(u, path, -r);
	}
}

static int unpack_file(struct unpack *u, int parent_fd, const char *name,
		       const char *path, struct archive_entry *header)
{
	struct timespec times[2] = { { 0, UTIME_OMIT },
				     { archive_entry_mtime(header), 0 } };
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (archive_entry_size(header) > SIZE_LIMIT ||
	    archive_entry_size(header) > TOTAL_LIMIT - u->total)
		return refuse(u, path, "is too large");
	fd = openat(parent_fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(u, path, errno);
	r = copy_data(u, fd, path);
	if (r < 0)
		return r;
	if (fchmod(fd, (archive_entry_perm(header) & 0777) | 0600) < 0)
		return fail(u, path, errno);
	futimens(fd, times); /* a file without a time is one as well */
	return 0;
}

static int unpack_other(struct unpack *u, const char *path,
			struct archive_entry *header)
{
	HD_AUTOFREE char *parent = strdup(path);
	HD_AUTOCLOSE int parent_fd = -1;
	const char *name;
	char *slash;

	if (!parent)
		return hd_err_nomem(u->err);
	slash = strrchr(parent, '/');
	name = slash ? path + (slash - parent) + 1 : path;
	*(slash ? slash : parent) = '\0';
	parent_fd = make_folder(u, parent);
	if (parent_fd < 0)
		return fail(u, path, -parent_fd);
	if (archive_entry_filetype(header) == AE_IFLNK)
		return unpack_link(u, parent_fd, name, path, header);
	return unpack_file(u, parent_fd, name, path, header);
}

static int unpack_entry(struct unpack *u, struct archive_entry *header)
{
	const char *name = archive_entry_pathname(header);
	HD_AUTOFREE char *path = NULL;
	int r;

	if (++u->entries > ENTRIES_LIMIT)
		return hd_err_set(u->err, EDOM,
				  "%s is no capture of a host: it has more "
				  "than %d files",
				  u->name, ENTRIES_LIMIT);
	if (!name) /* no ASCII, which this locale can't tell */
		name = archive_entry_pathname_utf8(header);
	if (!name)
		return refuse(u, "a file", "has no name");
	r = clean_path(u, name, &path);
	if (r < 0 || !path)
		return r;
	if (archive_entry_hardlink(header))
		return refuse(u, path, "is a hard link");
	switch (archive_entry_filetype(header)) {
	case AE_IFDIR:
		return unpack_folder(u, path, header);
	case AE_IFREG:
	case AE_IFLNK:
		return unpack_other(u, path, header);
	default:
		return refuse(u, path, "is neither file, folder nor link");
	}
}

static int unpack_all(struct unpack *u)
{
	/* The one that libarchive has itself it may not have got. */
	HD_AUTO(free_entry)
	struct archive_entry *header = archive_entry_new();
	int r;

	if (!header)
		return hd_err_nomem(u->err);
	while ((r = archive_read_next_header2(u->a, header)) == ARCHIVE_OK ||
	       r == ARCHIVE_WARN) {
		r = unpack_entry(u, header);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF)
		return fail_archive(u);
	if (u->entries == 0)
		return hd_err_set(u->err, EDOM,
				  "%s is no capture of a host: it is empty",
				  u->name);
	return 0;
}

int hd_tar_unpack(int fd, int dir_fd, const char *name, size_t *ret,
		  struct hd_err *err)
{
	HD_AUTO(free_reader) struct archive *a = archive_read_new();
	struct unpack u = { a, dir_fd, name, 0, 0, err };
	int r;

	if (!a)
		return hd_err_nomem(err);
	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	/* What opens would make room for this, and not look whether it got any.
	 */
	if (archive_read_set_callback_data(a, NULL) != ARCHIVE_OK)
		return hd_err_nomem(err);
	if (archive_read_open_fd(a, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return fail_archive(&u);
	r = unpack_all(&u);
	if (r == 0)
		*ret = u.entries;
	return r;
}
