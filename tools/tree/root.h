/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_TREE_ROOT_H
#define HD_TOOLS_TREE_ROOT_H

#include <sys/types.h>

#include "lib/host/host.h"

/* What --root names: this machine, a folder, or a tar that is unpacked. */
struct hd_root {
	struct hd_host host;
	int alive_fd; /* whose end makes the remover work; -1 without one */
	pid_t remover; /* process that removes the unpacked tar */
};

#define HD_ROOT_INIT { HD_HOST_INIT, -1, 0 }
#define HD_AUTO_ROOT __attribute__((cleanup(hd_root_close)))

/*
 * Opens the host below @path: NULL is this machine, a regular file is a tar
 * (see hd_tar_unpack()), which is unpacked into a temporary folder. However
 * this process ends, that folder is removed then.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_root_open(struct hd_root *root, const char *path, struct hd_err *err);

/* Closes the host; an unpacked tar is gone when this returns. */
void hd_root_close(struct hd_root *root);

#endif
