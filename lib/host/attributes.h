/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_ATTRIBUTES_H
#define HD_LIB_HOST_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/seen.h"

/*
 * What people and services have set of a device, and what it loses when it
 * changes hands. The table in attributes.c names it all: what is written down
 * before the device is taken, and what is never touched, and why.
 */

/* What an attribute is of. */
enum hd_attribute_place {
	HD_OF_DEVICE, /* the device's folder, and all below it that is of no
		       * other place */
	HD_OF_NET, /* a network interface of it */
	HD_OF_DISK, /* a disk of it */
	HD_N_OF,
};

/* How an attribute is read, and what writing it takes. */
enum hd_attribute_kind {
	HD_ATTRIBUTE_TEXT, /* what is read is what is written */
	HD_ATTRIBUTE_CHOICE, /* "none [bfq]": the one in brackets */
	HD_ATTRIBUTE_IDENTITY, /* says which one it is among its like, when its
				* name has changed; never written */
	HD_ATTRIBUTE_MASTER, /* a link; written by netlink */
	HD_ATTRIBUTE_UP, /* IFF_UP among flags; only saved when it is set, since
			  * an interface comes back down */
};

struct hd_attribute_row {
	enum hd_attribute_place place;
	const char *name; /* below what it is of; a pattern of fnmatch(3) in
			   * which * stands for any number of folders too */
	enum hd_attribute_kind kind;
	int idle; /* the errno that says: the device makes no use of it */
	bool empty_is_idle; /* so does an empty text */
	const char *never; /* why it is not touched; NULL: it is saved */
};

/* One that was read. */
struct hd_saved {
	char *path; /* below the device's folder, "net/eth0/mtu"; owned */
	char *value; /* without the newline; owned */
	int error; /* negative errno: it is there, but can't be read; no value
		    * then */
};

struct hd_attributes {
	struct hd_saved *items; /* by place, in the order of the table: the
				 * order in which they are put back */
	size_t n;
};

#define HD_AUTO_ATTRIBUTES __attribute__((cleanup(hd_attributes_clear)))

/*
 * The first row that an attribute falls under, NULL when there is none.
 *
 * @path  below the device's folder
 * @ret   of what it is: the length of "net/eth0"; 0 for HD_OF_DEVICE
 */
const struct hd_attribute_row *hd_attribute_row(const char *path, size_t *ret);

/*
 * Reads one attribute that is saved. Absent when there is no such attribute, or
 * the device makes no use of it. May wait for the kernel.
 *
 * @dir_fd  the folder that @row's place is of: the device, the interface
 */
HD_LOOK struct hd_seen
hd_attribute_read(int dir_fd, const struct hd_attribute_row *row, char **ret);

/*
 * Adds all attributes of a device that are saved. What couldn't be read is
 * among them, with its error. May wait for the kernel.
 *
 * Returns 0 or -ENOMEM.
 */
int hd_attributes_read(int device_fd, struct hd_attributes *ret);

/*
 * Visits each interface, or disk, that the device has now, with its path and
 * its folder. Returns what the first visit returned that wasn't 0; 0; or a
 * negative errno.
 */
int hd_attributes_visit(int device_fd, enum hd_attribute_place place,
			int (*visit)(void *data, enum hd_attribute_place place,
				     const char *path, int dir_fd),
			void *data);

/* Adds one; @value is NULL when it couldn't be read. 0 or -ENOMEM. */
int hd_attributes_add(struct hd_attributes *attributes, const char *path,
		      const char *value, int error);

/* Adds copies of all; 0 or -ENOMEM. */
int hd_attributes_copy(struct hd_attributes *to,
		       const struct hd_attributes *from);

/* The attributes as bytes for another process, and back; -ENOMEM, -EBADMSG. */
int hd_attributes_pack(const struct hd_attributes *attributes, char **ret,
		       size_t *ret_length);
int hd_attributes_unpack(const char *bytes, size_t length,
			 struct hd_attributes *ret);

void hd_attributes_clear(struct hd_attributes *attributes);

#endif
