// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/proc.h"

#define PID_LIMIT 64

/* libvirt takes no name with a slash, so none leads elsewhere. */
static struct hd_seen open_file(const struct hd_host *host, const char *name,
				const char *suffix, int flags, int *ret_fd)
{
	char path[PATH_MAX];
	struct hd_seen seen;

	if (strchr(name, '/') ||
	    snprintf(path, sizeof(path), HD_GUEST_FILES "/%s%s", name,
		     suffix) >= (int)sizeof(path))
		return hd_seen_absent();
	seen = hd_host_openat(host, path, flags, ret_fd);
	/* Nor can there be a file of that name. */
	return seen.error == -ENAMETOOLONG ? hd_seen_absent() : seen;
}

static int parse_pid(const char *text, pid_t *ret)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || end == text || (*end && strcmp(end, "\n") != 0) ||
	    pid <= 0 || pid > INT_MAX)
		return -EBADMSG;
	*ret = (pid_t)pid;
	return 0;
}

struct hd_seen hd_guest_runs(const struct hd_host *host, const char *name,
			     const char *uuid)
{
	HD_AUTOFREE char *text = NULL;
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = open_file(
		host, name, ".pid", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, &fd);
	size_t length;
	pid_t pid = 0;
	int r;

	if (seen.is != HD_PRESENT)
		return seen;
	r = hd_read_all(fd, PID_LIMIT, &text, &length);
	if (r == 0)
		r = parse_pid(text, &pid);
	return r < 0 ? (struct hd_seen){ HD_UNKNOWN, r } :
		       hd_process_has_argument(host, pid, uuid);
}

struct hd_seen hd_guest_is_kept(const struct hd_host *host, const char *name)
{
	HD_AUTOCLOSE int fd = -1;

	return open_file(host, name, ".xml", O_PATH | O_NOFOLLOW, &fd);
}
