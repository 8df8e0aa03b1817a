// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/proc.h"

#define PID_LIMIT 64

bool hd_guest_runs(const struct hd_host *host, const char *name,
		   const char *uuid)
{
	HD_AUTOFREE char *text = NULL;
	HD_AUTOCLOSE int fd = -1;
	char path[PATH_MAX];
	size_t length;
	char *end;
	long pid;

	/* libvirt takes no name with a slash, so neither leads elsewhere. */
	if (strchr(name, '/') ||
	    snprintf(path, sizeof(path), "run/libvirt/qemu/%s.pid", name) >=
		    (int)sizeof(path))
		return false;
	fd = HD_UNSORTED_FD(hd_host_openat, host, path,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || hd_read_all(fd, PID_LIMIT, &text, &length) < 0)
		return false;
	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || end == text || pid <= 0 || pid > INT_MAX)
		return false;
	return hd_process_has_argument(host, (pid_t)pid, uuid);
}
