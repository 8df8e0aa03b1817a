// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/flattree.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/host/sysfs.h"

/* The specification allows 31 characters, and dtc some more. */
#define NAME_LIMIT 255

/* No tree is as deep. */
#define DEPTH_LIMIT 64

/* Names are repeated in what we make ourselves, and overlays have been added.
 */
#define MADE_LIMIT (2 * HD_FLAT_TREE_LIMIT)

/* Of dtbo.img (system/libufdt/utils/src/dt_table.h of Android). */
#define TABLE_MAGIC 0xd7b7ab1e

static int refuse(const char *name, int code, struct hd_err *err,
		  const char *what)
{
	return hd_err_set(err, code, "%s %s", name, what);
}

static uint32_t first_cell(const void *data, size_t length)
{
	fdt32_t cell;

	if (length < sizeof(cell))
		return 0;
	memcpy(&cell, data, sizeof(cell));
	return fdt32_to_cpu(cell);
}

/*
 * Names that don't end would be looked through once more for each property that
 * has one.
 */
static bool has_long_names(const void *data)
{
	const char *names = (const char *)data + fdt_off_dt_strings(data);
	size_t size = fdt_size_dt_strings(data), length = 0;

	for (size_t i = 0; i < size; i++) {
		length = names[i] ? length + 1 : 0;
		if (length > NAME_LIMIT)
			return true;
	}
	return false;
}

/* Where the next token of a node or a property begins; 0 beyond the end. */
static size_t skip_token(const char *block, size_t size, size_t at)
{
	uint32_t token = first_cell(block + at, size - at), length;
	const char *end;

	at += sizeof(fdt32_t);
	if (token == FDT_BEGIN_NODE) {
		end = memchr(block + at, '\0', size - at);
		at = end ? (size_t)(end - block) + 1 : size + 1;
	} else if (token == FDT_PROP) {
		/* Its length and where its name is. */
		length = first_cell(block + at, size - at);
		at += 2 * sizeof(fdt32_t);
		if (at > size || length > size - at)
			return 0;
		at += length;
	} else if (token != FDT_END_NODE && token != FDT_NOP) {
		return 0;
	}
	at = (at + 3) & ~(size_t)3;
	return at <= size ? at : 0;
}

/*
 * libfdt 1.6.1, Debian 12's, adds up lengths that don't fit into an int, and
 * goes around for ever in what is made so.
 */
static bool has_an_end(const void *data)
{
	const char *block = (const char *)data + fdt_off_dt_struct(data);
	size_t size = fdt_size_dt_struct(data), at = 0;

	while (at < size) {
		if (first_cell(block + at, size - at) == FDT_END)
			return true;
		at = skip_token(block, size, at);
		if (at == 0)
			return false;
	}
	return false;
}

/* Versions before this one don't say how large their parts are. */
#define VERSION 17

static bool is_sound(const void *data, size_t length)
{
	return fdt_check_header(data) == 0 && fdt_version(data) >= VERSION &&
	       fdt_totalsize(data) <= length && !has_long_names(data) &&
	       has_an_end(data) && fdt_check_full(data, length) == 0;
}

static bool is_overlay(const void *data)
{
	int node;

	fdt_for_each_subnode(
		node, data,
		0) if (fdt_subnode_offset(data, node, "__overlay__") >=
		       0) return true;
	return false;
}

/* Others have what the boot loader adds, or a kernel without any. */
static bool is_of_a_machine(const void *data)
{
	return fdt_getprop(data, 0, "compatible", NULL) != NULL;
}

static int check(const void *data, size_t length, const char *name,
		 struct hd_err *err)
{
	uint32_t magic = first_cell(data, length), size;

	if (magic == TABLE_MAGIC)
		return refuse(
			name, EINVAL, err,
			"is a table of device trees (dtbo.img), and not one of them");
	if (magic != FDT_MAGIC)
		return refuse(name, EINVAL, err,
			      "is no device tree blob (.dtb)");
	size = length < sizeof(struct fdt_header) ? UINT32_MAX :
						    fdt_totalsize(data);
	if (size > length)
		return refuse(name, EBADMSG, err, "is cut short");
	if (!is_sound(data, length))
		return refuse(name, EBADMSG, err,
			      "is a device tree that is damaged");
	if (first_cell((const char *)data + size, length - size) == FDT_MAGIC)
		return refuse(name, EINVAL, err,
			      "has several device trees, one after the other");
	if (is_overlay(data))
		return refuse(
			name, EINVAL, err,
			"is an overlay: give the device tree that it is applied to, or what comes of both (fdtoverlay)");
	if (!is_of_a_machine(data))
		return refuse(
			name, EINVAL, err,
			"describes no machine: its root has no property compatible");
	return 0;
}

int hd_flat_tree_parse(const void *data, size_t length, const char *name,
		       struct hd_flat_tree *ret, struct hd_err *err)
{
	int r = check(data, length, name, err);

	if (r < 0)
		return r;
	ret->data = malloc(length);
	if (!ret->data)
		return hd_err_nomem(err);
	memcpy(ret->data, data, length);
	return 0;
}

int hd_flat_tree_read(int fd, const char *name, struct hd_flat_tree *ret,
		      struct hd_err *err)
{
	HD_AUTOFREE char *data = NULL;
	size_t length;
	int r = hd_file_is_regular(fd);

	if (r == 0)
		r = hd_read_all(fd, HD_FLAT_TREE_LIMIT, &data, &length);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r == -EFBIG)
		return refuse(name, EFBIG, err,
			      "is larger than any device tree");
	if (r < 0)
		return hd_err_set(err, -r, "cannot read %s: %s", name,
				  strerror(-r));
	r = check(data, length, name, err);
	if (r == 0)
		ret->data = hd_steal(&data);
	return r;
}

/* The tree of folders, on its way into one piece. */
struct making {
	void *data;
	unsigned depth;
};

static int errno_of(int r)
{
	if (r >= 0)
		return 0;
	return r == -FDT_ERR_NOSPACE ? -E2BIG : -EBADMSG;
}

/* Only root may read these, which are about no device (drivers/of/kobj.c). */
static bool is_secret(const char *name)
{
	return hd_after(name, "security-") != NULL;
}

/* A file is a property. What goes away meanwhile was an overlay's. */
static int add_property(void *user, int dir_fd, const char *name)
{
	struct making *making = user;
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *value = NULL;
	size_t length;
	struct stat st;
	int r;

	if (is_secret(name))
		return 0;
	fd = openat(dir_fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	r = hd_file_is_regular(fd);
	if (r == 0)
		r = hd_read_all(fd, MADE_LIMIT, &value, &length);
	if (r < 0)
		return r == -EFBIG ? -E2BIG : r;
	return errno_of(fdt_property(making->data, name, value, (int)length));
}

static int add_node(struct making *making, int fd, const char *name);

static int add_child(void *user, int dir_fd, const char *name)
{
	struct making *making = user;
	int fd = openat(dir_fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOTDIR || errno == ENOENT ? 0 : -errno;
	if (making->depth >= DEPTH_LIMIT) {
		close(fd);
		return -E2BIG;
	}
	making->depth++;
	r = add_node(making, fd, name);
	making->depth--;
	return r;
}

/* Properties stand before the nodes below. Takes over @fd. */
static int add_node(struct making *making, int fd, const char *name)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = again < 0 ? -errno : 0;

	if (r == 0)
		r = errno_of(fdt_begin_node(making->data, name));
	if (r < 0) {
		hd_auto_close(&again);
		close(fd);
		return r;
	}
	r = hd_dir_each(fd, add_property, making);
	if (r < 0) {
		close(again);
		return r;
	}
	r = hd_dir_each(again, add_child, making);
	return r < 0 ? r : errno_of(fdt_end_node(making->data));
}

/* Takes over @fd. */
static int make(void *data, int fd)
{
	struct making making = { .data = data };
	int r = errno_of(fdt_create_with_flags(data, MADE_LIMIT,
					       FDT_CREATE_FLAG_NO_NAME_DEDUP));

	if (r == 0)
		r = errno_of(fdt_finish_reservemap(data));
	if (r < 0) {
		close(fd);
		return r;
	}
	r = add_node(&making, fd, "");
	if (r == 0)
		r = errno_of(fdt_finish(data));
	return r == 0 && !is_sound(data, MADE_LIMIT) ? -EBADMSG : r;
}

struct hd_seen hd_flat_tree_of_host(const struct hd_host *host,
				    struct hd_flat_tree *ret)
{
	HD_AUTO_FLAT_TREE struct hd_flat_tree tree = { NULL };
	int fd = -1, r;
	struct hd_seen opened = hd_host_openat(host, HD_SYSFS_DEVICETREE,
					       O_RDONLY | O_DIRECTORY, &fd);

	if (opened.is != HD_PRESENT)
		return opened;
	tree.data = malloc(MADE_LIMIT);
	if (!tree.data) {
		close(fd);
		return (struct hd_seen){ HD_UNKNOWN, -ENOMEM };
	}
	r = make(tree.data, fd);
	if (r < 0)
		return (struct hd_seen){ HD_UNKNOWN, r };
	if (!is_of_a_machine(tree.data))
		return hd_seen_absent();
	ret->data = hd_steal(&tree.data);
	return hd_seen_present();
}

void hd_flat_tree_clear(struct hd_flat_tree *tree)
{
	free(tree->data);
	tree->data = NULL;
}
