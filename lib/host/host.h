/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_HOST_H
#define HD_LIB_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/seen.h"

/*
 * The machine that is looked at: this one, or a copy of another one's /sys and
 * /proc below a folder. Every file that is read or written is opened below
 * @root_fd; there is no other way to the host.
 */
struct hd_host {
	char *root; /* "/" or the folder; owned */
	int root_fd; /* O_PATH */
	bool live; /* @root is this machine's own root */
};

#define HD_HOST_INIT { NULL, -1, false }
#define HD_AUTO_HOST __attribute__((cleanup(hd_host_close)))

/*
 * Opens the host below @root; NULL is this machine. Returns 0 or a negative
 * errno with a sentence in @err.
 */
int hd_host_open(struct hd_host *host, const char *root, struct hd_err *err);

void hd_host_close(struct hd_host *host);

/*
 * Opens @path below the host's root, with or without a leading slash.
 * O_CLOEXEC is added. In a copied tree a symbolic link can't lead out of it,
 * and what is neither a file nor a folder, a pipe for one, is only opened with
 * O_PATH: otherwise it is unknown, with -EINVAL, and never waited for.
 * The caller closes *@ret_fd.
 */
HD_LOOK struct hd_seen hd_host_openat(const struct hd_host *host,
				      const char *path, int flags, int *ret_fd);

/*
 * Opens a regular file and reads it to its end, as hd_read_all() does. What is
 * no regular file, a pipe of a copied tree among them, is unknown, with
 * -EINVAL.
 */
HD_LOOK struct hd_seen hd_host_read(const struct hd_host *host,
				    const char *path, size_t limit, char **ret,
				    size_t *ret_length);

#endif
