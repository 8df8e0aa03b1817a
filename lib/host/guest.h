/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_GUEST_H
#define HD_LIB_HOST_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/host/host.h"

/*
 * Whether guests and the daemon that started them still live, without asking
 * libvirt: the hook must not, and after a crash there may be none to ask.
 */

/* A process that can't be mistaken for a later one with the same number. */
struct hd_process {
	pid_t pid; /* 0: not known */
	uint64_t start; /* clock ticks after boot, proc_pid_stat(5) */
};

/* A process by its number; not known when there is none. */
struct hd_process hd_process_of(const struct hd_host *host, pid_t pid);

/* The process that called us: for the hook, libvirtd or virtqemud. */
struct hd_process hd_process_parent(const struct hd_host *host);

/* Whether it still runs; one that only waits to be reaped does not. */
bool hd_process_lives(const struct hd_host *host, struct hd_process process);

/*
 * Whether the QEMU of a domain runs: libvirt's file /run/libvirt/qemu/NAME.pid
 * names a process that was started with the domain's UUID.
 */
bool hd_guest_runs(const struct hd_host *host, const char *name,
		   const char *uuid);

#endif
