/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_INSIDE_H
#define HD_LIB_BASE_INSIDE_H

/* What becomes of symbolic links on the way. */
enum hd_links {
	HD_LINKS_INSIDE, /* they are followed, "/" being the folder */
	HD_LINKS_NONE, /* -ELOOP */
};

/*
 * Opens @path below a folder as if that were the root: neither "..", nor a
 * leading slash nor a link leads out of it, whoever moves things meanwhile.
 * That is openat2(2) with RESOLVE_IN_ROOT; where a kernel before Linux 5.6 or
 * a container's seccomp filter doesn't have it, or renames and mounts anywhere
 * on the host keep it from an answer, the path is walked name by name with the
 * same promise. O_CLOEXEC is added; nothing is created.
 *
 * Returns a file descriptor that the caller closes, or a negative errno.
 */
int hd_open_inside(int root_fd, const char *path, int flags,
		   enum hd_links links);

#endif
