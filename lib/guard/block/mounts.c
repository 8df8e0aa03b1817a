// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/mounts.h"

#include <blkid.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"

/* The kernel mounts no more than 100,000 (fs.mount-max). */
#define TABLE_LIMIT (64 * 1024 * 1024)

/* One of the three tables. */
struct format {
	bool strict; /* the kernel writes it: every line makes sense */
	bool devices; /* the source is one, perhaps as a tag */
	bool swaps; /* the type is that of swap */
	/* Whether its first line is one; libmount would take the table for
	 * another one. */
	bool (*is_start)(const char *text);
};

static bool is_mountinfo(const char *text)
{
	return isdigit((unsigned char)*text);
}

static bool is_swaps(const char *text)
{
	return hd_after(text, "Filename");
}

static const struct format mountinfo = { .strict = true,
					 .is_start = is_mountinfo };
static const struct format swaps = { .strict = true,
				     .swaps = true,
				     .is_start = is_swaps };
static const struct format fstab = { .devices = true };

static int end_parsing(struct libmnt_table *table, const char *path, int line)
{
	(void)table, (void)path, (void)line;
	return -EINVAL;
}

static int skip_line(struct libmnt_table *table, const char *path, int line)
{
	(void)table, (void)path, (void)line;
	return 1;
}

int hd_mounts_device(const char *spec, char **ret, struct hd_err *err)
{
	static const struct {
		const char *tag, *folder;
	} links[] = { { "UUID", "by-uuid" },
		      { "LABEL", "by-label" },
		      { "PARTUUID", "by-partuuid" },
		      { "PARTLABEL", "by-partlabel" },
		      { "ID", "by-id" } };
	HD_AUTOFREE char *tag = NULL;
	HD_AUTOFREE char *value = NULL;
	const char *folder = NULL;
	/* blkid_encode_string() (2.38) writes up to one byte beyond the length
	 * that it is told. */
	char encoded[1024 + 1];

	if (strchr(spec, '=') && *spec != '/') {
		if (blkid_parse_tag_string(spec, &tag, &value) == 0 &&
		    blkid_encode_string(value, encoded, sizeof(encoded) - 1) ==
			    0)
			for (size_t i = 0; i < sizeof(links) / sizeof(links[0]);
			     i++)
				if (strcmp(tag, links[i].tag) == 0)
					folder = links[i].folder;
	}
	*ret = folder ? hd_text("/dev/disk/%s/%s", folder, encoded) :
			strdup(spec);
	return *ret ? 0 : hd_err_nomem(err);
}

int hd_mounts_option(const struct hd_mount *mount, const char *option,
		     char **ret, struct hd_err *err)
{
	char *value = NULL;
	size_t size = 0;

	*ret = NULL;
	if (mnt_optstr_get_option(mount->options, option, &value, &size) != 0)
		return 0;
	*ret = strndup(value ? value : "", size);
	return *ret ? 0 : hd_err_nomem(err);
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static int add(struct hd_mounts *mounts, const struct format *format,
	       struct libmnt_fs *fs, struct hd_err *err)
{
	struct hd_mount *mount =
		hd_array_add(&mounts->items, &mounts->n, sizeof(*mount));
	const char *source = mnt_fs_get_source(fs);
	const char *target = mnt_fs_get_target(fs);
	dev_t number = mnt_fs_get_devno(fs);

	if (!mount)
		return hd_err_nomem(err);
	mount->major = major(number);
	mount->minor = minor(number);
	mount->target = copy(target);
	mount->type = copy(format->swaps ? mnt_fs_get_swaptype(fs) :
					   mnt_fs_get_fstype(fs));
	mount->options = copy(format->devices ? mnt_fs_get_options(fs) :
						mnt_fs_get_fs_options(fs));
	if (!mount->target || !mount->type || !mount->options)
		return hd_err_nomem(err);
	if (format->devices)
		return hd_mounts_device(source ? source : "", &mount->source,
					err);
	mount->source = copy(source);
	return mount->source ? 0 : hd_err_nomem(err);
}

static int add_all(struct hd_mounts *mounts, const struct format *format,
		   struct libmnt_table *table, struct hd_err *err)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int next = 0, r = iter ? 0 : hd_err_nomem(err);

	while (r == 0 && (next = mnt_table_next_fs(table, iter, &fs)) == 0)
		r = add(mounts, format, fs, err);
	mnt_free_iter(iter);
	/* 1 is the end. */
	return r == 0 && next < 0 ? hd_err_nomem(err) : r;
}

static int parse(struct hd_mounts *mounts, const struct format *format,
		 const char *path, char *text, size_t length,
		 struct hd_err *err)
{
	struct libmnt_table *table = mnt_new_table();
	FILE *file = fmemopen(text, length, "r");
	int r = -ENOMEM;

	if (file && table) {
		mnt_table_set_parser_errcb(table, format->strict ? end_parsing :
								   skip_line);
		r = mnt_table_parse_stream(table, file, path);
	}
	if (file)
		fclose(file);
	if (r != 0)
		r = hd_err_set(err, r == -ENOMEM ? ENOMEM : EINVAL,
			       "%s can't be read: one of its lines makes no "
			       "sense",
			       path);
	else
		r = add_all(mounts, format, table, err);
	mnt_unref_table(table);
	return r;
}

/* Whether the kernel has written all of it, and nothing else has. */
static bool is_whole(const struct format *format, const char *text,
		     size_t length)
{
	if (memchr(text, '\0', length))
		return false;
	/* libmount leaves out a last line that is cut. */
	return !format->strict || (format->is_start(text) && length > 0 &&
				   text[length - 1] == '\n');
}

/*
 * libmount asks this machine's command line and disks what /dev/root is, unless
 * it doesn't know the name.
 */
static void hide_root(char *text)
{
	for (char *p = text; (p = strstr(p, " /dev/root ")); p++)
		memcpy(p, " /dev/ROOT ", strlen(" /dev/ROOT "));
}

/* @may_lack: a host may lack it, though no copy of one. */
static int read_table(const struct hd_host *host, const char *path,
		      bool may_lack, const struct format *format,
		      struct hd_mounts *mounts, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	struct hd_seen seen =
		hd_host_read(host, path, TABLE_LIMIT, &text, &length);
	bool there;
	int r = may_lack ? hd_look_for(host, seen, path, &there, err) :
			   hd_look_fail(host, hd_seen_required(seen), err, "%s",
					path);

	if (r < 0 || !text)
		return r;
	if (!is_whole(format, text, length))
		return hd_err_set(
			err, EINVAL,
			"%s can't be read: it is no such table, or cut", path);
	hide_root(text);
	/* fmemopen(3) may refuse to read nothing. */
	return length ? parse(mounts, format, path, text, length, err) : 0;
}

int hd_mounts_read(const struct hd_host *host, struct hd_mounts *mounts,
		   struct hd_err *err)
{
	int r = read_table(host, HD_PROC_MOUNTS_OF_INIT, false, &mountinfo,
			   mounts, err);

	/* Who isn't root may not see it (hidepid in proc(5)): what we see is
	 * mounted as well, but may not be all. */
	if (r == -ENOENT || r == -EACCES || r == -EPERM)
		if (read_table(host, HD_PROC_MOUNTS_OF_SELF, false, &mountinfo,
			       mounts, NULL) == -ENOMEM)
			return hd_err_nomem(err);
	return r;
}

int hd_mounts_read_swaps(const struct hd_host *host, struct hd_mounts *mounts,
			 struct hd_err *err)
{
	return read_table(host, HD_PROC_SWAPS, true, &swaps, mounts, err);
}

int hd_mounts_read_fstab(const struct hd_host *host, struct hd_mounts *mounts,
			 struct hd_err *err)
{
	return read_table(host, "/etc/fstab", true, &fstab, mounts, err);
}

static bool leads_to(const char *target, size_t length, const char *path)
{
	return strncmp(path, target, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0' ||
		target[length - 1] == '/');
}

size_t hd_mounts_containing(const struct hd_mounts *mounts, const char *path)
{
	size_t found = HD_NO_MOUNT, longest = 0;

	for (size_t i = 0; i < mounts->n; i++) {
		const char *target = mounts->items[i].target;
		size_t length = strlen(target);

		if (length == 0 || length < longest ||
		    !leads_to(target, length, path))
			continue;
		found = i;
		longest = length;
	}
	return found;
}

void hd_mounts_clear(struct hd_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->items[i].source);
		free(mounts->items[i].target);
		free(mounts->items[i].type);
		free(mounts->items[i].options);
		free(mounts->items[i].btrfs);
	}
	free(mounts->items);
	*mounts = (struct hd_mounts){ NULL, 0 };
}
