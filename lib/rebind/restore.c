// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/finding.h"
#include "lib/base/stream.h"
#include "lib/host/sysfs.h"
#include "lib/rebind/link.h"

/* More would make no sentence. */
#define MENTIONED 3

/* What is under way. */
struct restore {
	int device_fd;
	int64_t deadline; /* of waiting for what isn't there yet */
	FILE *problems;
	unsigned n_problems;
};

/* An interface or disk as it was saved, and what it is now. */
struct object {
	const struct hd_saved *items;
	size_t n;
	enum hd_attribute_place place;
	size_t top; /* length of "net/eth0" in the paths of @items */
	char *path; /* as it is now; owned */
	int fd; /* its folder, -1 */
	unsigned found; /* how many it might be */
};

static void note(struct restore *restore, size_t length, const char *path,
		 const char *what, const char *value, const char *why)
{
	if (restore->n_problems++ >= MENTIONED)
		return;
	fprintf(restore->problems, "%s%.*s%s%s: %s",
		restore->n_problems > 1 ? "; " : "", (int)length, path, what,
		value, why);
}

static void note_item(struct restore *restore, const struct hd_saved *item,
		      const char *why)
{
	note(restore, strlen(item->path), item->path, " to ",
	     *item->value ? item->value : "nothing", why);
}

/* An interface's index, when it is in our network namespace. */
static int read_index(int dir_fd, const char *path, unsigned *ret)
{
	const char *slash = strrchr(path, '/');
	int64_t index;
	int r = hd_seen_required(
		hd_sysfs_read_number(dir_fd, "ifindex", &index));

	if (r < 0)
		return r;
	*ret = if_nametoindex(slash ? slash + 1 : path);
	return *ret && *ret == index ? 0 : -ENODEV;
}

static int write_master(int dir_fd, const char *path, const char *name)
{
	unsigned index, master = if_nametoindex(name);
	int r = master ? read_index(dir_fd, path, &index) : -ENODEV;

	return r < 0 ? r : hd_link_set_master(index, master);
}

static int write_up(int dir_fd, const char *name)
{
	int64_t flags;
	char text[32];
	int r = hd_seen_required(hd_sysfs_read_number(dir_fd, name, &flags));

	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "0x%x", (unsigned)flags | IFF_UP);
	return hd_sysfs_write(dir_fd, name, text);
}

/* @path is what the folder is of, now. */
static int write_item(int dir_fd, const char *path,
		      const struct hd_attribute_row *row, const char *value)
{
	if (row->kind == HD_ATTRIBUTE_MASTER)
		return write_master(dir_fd, path, value);
	if (row->kind == HD_ATTRIBUTE_UP)
		return write_up(dir_fd, row->name);
	/* An empty write never reaches the kernel. */
	return hd_sysfs_write(dir_fd, row->name, *value ? value : "\n");
}

/* Whether the attribute is as it was; why that can't be known in @ret. */
static bool is_back(int dir_fd, const struct hd_attribute_row *row,
		    const struct hd_saved *item, char **ret_text,
		    struct hd_seen *ret)
{
	*ret = hd_attribute_read(dir_fd, row, ret_text);
	return ret->is == HD_PRESENT && strcmp(*ret_text, item->value) == 0;
}

static void verify(struct restore *restore, int dir_fd,
		   const struct hd_attribute_row *row,
		   const struct hd_saved *item)
{
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *why = NULL;
	struct hd_seen seen;

	if (is_back(dir_fd, row, item, &text, &seen))
		return;
	if (seen.is == HD_UNKNOWN)
		why = hd_text("it can't be read back: %s",
			      strerror(-seen.error));
	else
		why = hd_text("the kernel reported success, but it reads '%s'",
			      seen.is == HD_PRESENT ? text : "");
	note_item(restore, item, why ? why : "it isn't");
}

static void restore_item(struct restore *restore, int dir_fd, const char *path,
			 const struct hd_attribute_row *row,
			 const struct hd_saved *item)
{
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen;
	int r;

	if (row->kind == HD_ATTRIBUTE_IDENTITY ||
	    is_back(dir_fd, row, item, &text, &seen))
		return;
	r = write_item(dir_fd, path, row, item->value);
	if (r < 0)
		note_item(restore, item, strerror(-r));
	else
		verify(restore, dir_fd, row, item);
}

/* What was read of it, and what it says of itself now. */
static bool is_same(const struct object *object, int dir_fd)
{
	for (size_t i = 0; i < object->n; i++) {
		HD_AUTOFREE char *text = NULL;
		const struct hd_saved *item = &object->items[i];
		struct hd_seen seen;
		size_t top;
		const struct hd_attribute_row *row =
			hd_attribute_row(item->path, &top);

		if (row && row->kind == HD_ATTRIBUTE_IDENTITY && item->value)
			return is_back(dir_fd, row, item, &text, &seen);
	}
	return true;
}

static int consider(void *data, enum hd_attribute_place place, const char *path,
		    int dir_fd)
{
	struct object *object = data;

	(void)place;
	if (!is_same(object, dir_fd) || object->found++)
		return 0;
	object->path = strdup(path);
	object->fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return !object->path ? -ENOMEM : object->fd < 0 ? -errno : 0;
}

static void forget(struct object *object)
{
	free(hd_steal(&object->path));
	hd_auto_close(&object->fd);
	object->fd = -1;
	object->found = 0;
}

/* A moment; false when there is no patience left. */
static bool wait_a_little(const struct restore *restore)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000L };

	if (hd_now_ms() >= restore->deadline)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/* Looks for it until it is there, or for as long as there is patience. */
static int find(const struct restore *restore, struct object *object)
{
	int r;

	for (;;) {
		forget(object);
		r = hd_attributes_visit(restore->device_fd, object->place,
					consider, object);
		if (r < 0 || object->found || !wait_a_little(restore))
			return r;
	}
}

/*
 * Two that have come back may have each other's name: whoever finds its own
 * taken makes way, and waits for the other.
 */
static int rename_in_turn(const struct restore *restore, unsigned index,
			  const char *now, const char *name)
{
	char aside[IF_NAMESIZE];
	int r = hd_link_rename(index, name);

	if (r != -EEXIST)
		return r;
	snprintf(aside, sizeof(aside), "hostdev%u", index % 1000000);
	if (hd_link_rename(index, aside) < 0)
		return r;
	while (r == -EEXIST && wait_a_little(restore))
		r = hd_link_rename(index, name);
	if (r < 0)
		hd_link_rename(index, now);
	return r;
}

/* Calls an interface as before, so that what knows it by name finds it. */
static void rename_back(struct restore *restore, struct object *object)
{
	const struct hd_saved *item = object->items;
	HD_AUTOFREE char *path = strndup(item->path, object->top);
	const char *name = path ? strrchr(path, '/') + 1 : "";
	const char *now = strrchr(object->path, '/') + 1;
	unsigned index;
	int r;

	if (strcmp(now, name) == 0)
		return;
	r = path ? read_index(object->fd, object->path, &index) : -ENOMEM;
	if (r == 0)
		r = rename_in_turn(restore, index, now, name);
	if (r < 0) {
		note(restore, object->top, item->path, " is now called ", now,
		     strerror(-r));
		return;
	}
	free(object->path);
	object->path = hd_steal(&path);
}

static void restore_object(struct restore *restore, struct object *object)
{
	int r = find(restore, object);

	if (r < 0 || object->found != 1) {
		note(restore, object->top, object->items->path, "", "",
		     r < 0	   ? strerror(-r) :
		     object->found ? "it can't be told from others" :
				     "it has not come back");
		return;
	}
	if (object->place == HD_OF_NET)
		rename_back(restore, object);
	for (size_t i = 0; i < object->n; i++) {
		const struct hd_saved *item = &object->items[i];
		size_t top;
		const struct hd_attribute_row *row =
			hd_attribute_row(item->path, &top);

		if (row && !row->never && item->value)
			restore_item(restore, object->fd, object->path, row,
				     item);
	}
}

/* The object that begins at @at, with the attributes that follow. */
static struct object object_at(const struct hd_attributes *attributes,
			       size_t at, enum hd_attribute_place place,
			       size_t top)
{
	struct object object = {
		&attributes->items[at], 0, place, top, NULL, -1, 0
	};

	while (at + object.n < attributes->n &&
	       strncmp(object.items[object.n].path, object.items->path,
		       top + 1) == 0)
		object.n++;
	return object;
}

static void restore_all(struct restore *restore,
			const struct hd_attributes *attributes)
{
	for (size_t i = 0; i < attributes->n;) {
		const struct hd_saved *item = &attributes->items[i];
		size_t top;
		const struct hd_attribute_row *row =
			hd_attribute_row(item->path, &top);

		if (top && row) {
			struct object object =
				object_at(attributes, i, row->place, top);

			restore_object(restore, &object);
			forget(&object);
			i += object.n;
			continue;
		}
		if (row && !row->never && item->value)
			restore_item(restore, restore->device_fd, "", row,
				     item);
		i++;
	}
}

int hd_restore(const struct hd_host *host, struct hd_addr addr,
	       const struct hd_attributes *attributes, unsigned patience,
	       struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *text = NULL;
	size_t size;
	struct restore restore = { .deadline = hd_now_ms() +
					       (int64_t)patience * 1000 };
	int r = hd_seen_required(hd_sysfs_open_device(host, addr, &fd));

	if (r < 0)
		return hd_err_set(err, -r, "%s", strerror(-r));
	restore.device_fd = fd;
	restore.problems = hd_stream_open(&text, &size);
	if (!restore.problems)
		return hd_err_nomem(err);
	restore_all(&restore, attributes);
	if (restore.n_problems > MENTIONED)
		fprintf(restore.problems, "; and %u more",
			restore.n_problems - MENTIONED);
	r = ferror(restore.problems);
	if (fclose(restore.problems) != 0 || r)
		return hd_err_nomem(err);
	return restore.n_problems ? hd_err_set(err, EIO, "%s", text) : 0;
}
