/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_MOUNT_H
#define FK_MOUNT_H

struct fk_kernel;

/*
 * Mounts the kernel's tree at @path and serves it, and the commands on stdin,
 * until stdin ends or a signal comes. One thread does all: a call that waits is
 * answered later and keeps nobody else. 0 or -1; libfuse says why.
 */
int fk_mount_serve(struct fk_kernel *k, const char *path);

#endif
