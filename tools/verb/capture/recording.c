// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/capture/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "tools/tree/link.h"

/* Hosts with 4,096 functions have some hundred thousand. */
#define ENTRIES_LIMIT 400000

static void entry_free(struct hd_recorded *entry)
{
	if (!entry)
		return;
	free(entry->path);
	free(entry->data);
	free(entry);
}

static void entry_cleanup(struct hd_recorded **entry)
{
	entry_free(*entry);
}

static int compare_paths(const void *a, const void *b)
{
	const struct hd_recorded *x = a, *y = b;

	return strcmp(x->path, y->path);
}

struct hd_recorded *hd_recording_find(const struct hd_recording *record,
				      const char *path)
{
	struct hd_recorded key = { .path = (char *)path };
	struct hd_recorded **found =
		tfind(&key, &record->by_path, compare_paths);

	return found ? *found : NULL;
}

static int add_remark(struct hd_remarks *remarks, const char *path,
		      const char *text)
{
	struct hd_remark *remark =
		hd_array_add(&remarks->items, &remarks->n, sizeof(*remark));

	if (!remark)
		return -ENOMEM;
	remark->path = strdup(path);
	remark->text = strdup(text);
	return remark->path && remark->text ? 0 : -ENOMEM;
}

int hd_recording_miss(struct hd_recording *record, const char *path,
		      const char *why)
{
	return add_remark(&record->misses, path, why);
}

int hd_recording_miss_errno(struct hd_recording *record, const char *path,
			    int code)
{
	if (code == ENOENT)
		return 0;
	return hd_recording_miss(record, path, strerror(code));
}

int hd_recording_node(struct hd_recording *record, const char *path,
		      const struct stat *st)
{
	char text[96];

	snprintf(text, sizeof(text), "%c %u:%u %04o %u %u",
		 S_ISCHR(st->st_mode) ? 'c' : 'b', major(st->st_rdev),
		 minor(st->st_rdev), st->st_mode & 07777, st->st_uid,
		 st->st_gid);
	return add_remark(&record->nodes, path, text);
}

/* Takes @entry over. */
static int insert(struct hd_recording *record, struct hd_recorded *entry)
{
	struct hd_recorded **slot = hd_array_add(&record->entries, &record->n,
						 sizeof(struct hd_recorded *));

	if (!slot) {
		entry_free(entry);
		return -ENOMEM;
	}
	*slot = entry;
	return tsearch(entry, &record->by_path, compare_paths) ? 0 : -ENOMEM;
}

static struct hd_recorded *new_entry(const char *path, const struct stat *st)
{
	struct hd_recorded *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->mode = st->st_mode;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->mtime = st->st_mtime;
	entry->path = strdup(path);
	entry->data = strdup("");
	if (entry->path && entry->data)
		return entry;
	entry_free(entry);
	return NULL;
}

static int add_folder(struct hd_recording *record, const char *path)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_recorded *entry;
	struct stat st;
	int r = hd_seen_required(
		hd_host_openat(record->host, path, O_PATH | O_DIRECTORY, &fd));

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return hd_recording_miss_errno(record, path, -r) < 0 ? -ENOMEM :
								       -ENOENT;
	entry = new_entry(path, &st);
	return entry ? insert(record, entry) : -ENOMEM;
}

/* Adds the folders that lead to @path; -ENOENT when one is no folder there. */
static int add_parents(struct hd_recording *record, const char *path)
{
	HD_AUTOFREE char *parent = strdup(path);
	const struct hd_recorded *known;
	char *slash;
	int r;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	known = hd_recording_find(record, parent);
	if (known)
		return S_ISDIR(known->mode) ? 0 : -ENOENT;
	r = add_parents(record, parent);
	return r < 0 ? r : add_folder(record, parent);
}

static int add_link(struct hd_recording *record, struct hd_recorded *entry,
		    int dir_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return hd_recording_miss_errno(record, entry->path, errno);
	target[n] = '\0';
	/* An absolute one is made relative to the root when it is unpacked. */
	if (target[0] != '/' && !hd_link_is_safe(entry->path, target))
		return hd_recording_miss(record, entry->path,
					 "it leads out of the host");
	free(entry->data);
	entry->data = strdup(target);
	entry->length = (size_t)n;
	return entry->data ? 1 : -ENOMEM;
}

/* Completes a new entry: 1, 0 for one that isn't recorded, or -ENOMEM. */
static int complete(struct hd_recording *record, struct hd_recorded *entry,
		    int dir_fd, const char *name,
		    const struct hd_capture_policy *policy)
{
	if (S_ISLNK(entry->mode))
		return add_link(record, entry, dir_fd, name);
	if (S_ISDIR(entry->mode))
		return 1;
	if (!S_ISREG(entry->mode))
		return hd_recording_miss(record, entry->path,
					 "it is no file, folder or link");
	entry->policy = *policy;
	entry->unread = policy->limit > 0;
	return 1;
}

int hd_recording_add(struct hd_recording *record, const char *path, int dir_fd,
		     const char *name, const struct hd_capture_policy *policy)
{
	HD_AUTO(entry_cleanup) struct hd_recorded *entry = NULL;
	struct stat st;
	int r;

	if (hd_recording_find(record, path) || record->full)
		return 0;
	record->full = record->n >= ENTRIES_LIMIT;
	if (record->full)
		return hd_recording_miss(record, path, "it would be too much");
	if (fstatat(dir_fd, name, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return hd_recording_miss_errno(record, path, errno);
	r = add_parents(record, path);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	entry = new_entry(path, &st);
	if (!entry)
		return -ENOMEM;
	r = complete(record, entry, dir_fd, name, policy);
	return r <= 0 ? r : insert(record, hd_steal(&entry));
}

static int compare_entries(const void *a, const void *b)
{
	return compare_paths(*(struct hd_recorded *const *)a,
			     *(struct hd_recorded *const *)b);
}

static void nothing(void *entry)
{
	(void)entry;
}

static void forget_paths(struct hd_recording *record)
{
	tdestroy(record->by_path, nothing);
	record->by_path = NULL;
}

void hd_recording_finish(struct hd_recording *record)
{
	size_t kept = 0;

	forget_paths(record);
	for (size_t i = 0; i < record->n; i++)
		if (record->entries[i]->path)
			record->entries[kept++] = record->entries[i];
		else
			entry_free(record->entries[i]);
	record->n = kept;
	if (kept)
		qsort(record->entries, kept, sizeof(*record->entries),
		      compare_entries);
}

static void clear_remarks(struct hd_remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++) {
		free(remarks->items[i].path);
		free(remarks->items[i].text);
	}
	free(remarks->items);
}

void hd_recording_clear(struct hd_recording *record)
{
	forget_paths(record);
	for (size_t i = 0; i < record->n; i++)
		entry_free(record->entries[i]);
	free(record->entries);
	clear_remarks(&record->misses);
	clear_remarks(&record->nodes);
	memset(record, 0, sizeof(*record));
}
