/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_WORKER_H
#define HD_LIB_HOST_WORKER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * Makes a process for what may block for ever in the kernel. It has none of our
 * files but the host's root and a pipe to us: neither stdin, stdout and stderr,
 * for whose end libvirt waits, nor the locks. It dies with us, unless the
 * kernel holds it.
 *
 * Returns as fork(2): in the worker 0, with the pipe's end to write to in
 * *@ret_fd, and it has to end with _exit(2); its number in the caller, with the
 * end to read from; or a negative errno with a sentence in @err.
 */
pid_t hd_worker_fork(const struct hd_host *host, int *ret_fd,
		     struct hd_err *err);

/*
 * The same, but the worker waits until a byte comes from @wait_fd; without one
 * it ends. @go_fd is the other end, which the worker must not keep open.
 */
pid_t hd_worker_fork_waiting(const struct hd_host *host, int wait_fd, int go_fd,
			     int *ret_fd, struct hd_err *err);

/*
 * Reads what a worker says in writes of @size bytes each, until @deadline, in
 * milliseconds of hd_now_ms(). Returns 0; -ETIMEDOUT; -EIO when it has ended.
 */
int hd_worker_read(int fd, int64_t deadline, void *data, size_t size);

#endif
