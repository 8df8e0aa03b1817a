/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_PROC_H
#define HD_LIB_HOST_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/host/host.h"

/*
 * Where /proc has what we look at, as sysfs.h is for /sys. The paths serve
 * hd_host_openat() and sentences alike.
 */
#define HD_PROC "/proc"
#define HD_PROC_BOOTCONFIG HD_PROC "/bootconfig"
#define HD_PROC_CMDLINE HD_PROC "/cmdline"
#define HD_PROC_CONFIG HD_PROC "/config.gz"
#define HD_PROC_CPUINFO HD_PROC "/cpuinfo"
#define HD_PROC_IOMEM HD_PROC "/iomem"
#define HD_PROC_INTERRUPTS HD_PROC "/interrupts"
#define HD_PROC_IPV4_ROUTES HD_PROC "/net/route"
#define HD_PROC_IPV6_ROUTES HD_PROC "/net/ipv6_route"
#define HD_PROC_MOUNTS_OF_INIT HD_PROC "/1/mountinfo"
#define HD_PROC_MOUNTS_OF_SELF HD_PROC "/self/mountinfo"
#define HD_PROC_NFS HD_PROC "/fs/nfsfs"
#define HD_PROC_NVIDIA HD_PROC "/driver/nvidia/gpus/%s/information"
#define HD_PROC_RELEASE HD_PROC "/sys/kernel/osrelease"
#define HD_PROC_STACK HD_PROC "/%d/stack"
#define HD_PROC_SWAPS HD_PROC "/swaps"
#define HD_PROC_NAMESPACE HD_PROC "/self/ns/%s"
#define HD_PROC_TAINTED HD_PROC "/sys/kernel/tainted"

/* A process that can't be mistaken for a later one with the same number. */
struct hd_process {
	pid_t pid; /* 0: not known */
	uint64_t start; /* clock ticks after boot, proc_pid_stat(5); 0: not
			 * known */
};

/*
 * A process by its number. Absent when there is none, or it only waits to be
 * reaped; unknown when /proc doesn't show all processes, as with hidepid=, in
 * another namespace or in a copied tree.
 */
HD_LOOK struct hd_seen hd_process_read(const struct hd_host *host, pid_t pid,
				       struct hd_process *ret);

/* The same of one of ours; its start is 0 when it can't be read. */
struct hd_process hd_process_of(const struct hd_host *host, pid_t pid);

/*
 * Whether one of ours is at work, or only waits for a processor: it is in state
 * R, proc_pid_stat(5). Absent when it waits for something else, or has ended.
 */
HD_LOOK struct hd_seen hd_process_is_busy(const struct hd_host *host,
					  pid_t pid);

/*
 * Whether a process still runs, and is no later one with its number. Unknown
 * also when it isn't known which one that was.
 */
HD_LOOK struct hd_seen hd_process_lives(const struct hd_host *host,
					struct hd_process process);

/* The process that a process is a child of; 0 for the first one. */
HD_LOOK struct hd_seen hd_process_parent(const struct hd_host *host, pid_t pid,
					 pid_t *ret);

/* The cgroups that a process is in, as in cgroups(7); owned by the caller. */
HD_LOOK struct hd_seen hd_process_cgroups(const struct hd_host *host, pid_t pid,
					  char **ret);

/* Its real user. */
HD_LOOK struct hd_seen hd_process_user(const struct hd_host *host, pid_t pid,
				       uid_t *ret);

/*
 * The daemon that had the hook run, whatever scripts are between: the nearest
 * of our ancestors that executes libvirtd or virtqemud. Absent when there is
 * none, as for who runs it by hand.
 */
HD_LOOK struct hd_seen hd_process_daemon(const struct hd_host *host,
					 struct hd_process *ret);

/* Whether there is such a process, and it was started with this argument. */
HD_LOOK struct hd_seen hd_process_has_argument(const struct hd_host *host,
					       pid_t pid, const char *argument);

/*
 * The release of the kernel that runs, a copied host's too; owned by the
 * caller. Returns 0; -EINVAL when it can't be the name of a folder; another
 * negative errno.
 */
int hd_proc_read_release(const struct hd_host *host, char **ret);

#endif
