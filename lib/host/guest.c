// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

/* QEMU's command line has some thousand bytes, the kernel's limit is larger. */
#define CMDLINE_LIMIT (4 * 1024 * 1024)

#define PID_LIMIT 64

static int read_path(const struct hd_host *host, const char *path, size_t limit,
		     char **ret, size_t *ret_length)
{
	HD_AUTOCLOSE int fd =
		hd_host_openat(host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? fd : hd_read_all(fd, limit, ret, ret_length);
}

/* Field 22 of /proc/PID/stat; 0 when there is no such process, or a zombie. */
static uint64_t start_time(const struct hd_host *host, pid_t pid)
{
	HD_AUTOFREE char *text = NULL;
	unsigned long long start = 0;
	size_t length;
	char path[64];
	char *field;

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	if (read_path(host, path, 4096, &text, &length) < 0)
		return 0;
	/* The command's name may hold blanks and parentheses. */
	field = strrchr(text, ')');
	if (field &&
	    (strncmp(field, ") Z", 3) == 0 || strncmp(field, ") X", 3) == 0))
		return 0;
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field || sscanf(field, "%llu", &start) != 1)
		return 0;
	return start;
}

struct hd_process hd_process_of(const struct hd_host *host, pid_t pid)
{
	return (struct hd_process){ pid, start_time(host, pid) };
}

struct hd_process hd_process_parent(const struct hd_host *host)
{
	return hd_process_of(host, getppid());
}

bool hd_process_lives(const struct hd_host *host, struct hd_process process)
{
	return process.pid > 0 && process.start > 0 &&
	       start_time(host, process.pid) == process.start;
}

static bool has_argument(const struct hd_host *host, pid_t pid,
			 const char *argument)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/cmdline", pid);
	if (read_path(host, path, CMDLINE_LIMIT, &text, &length) < 0)
		return false;
	for (const char *p = text; p < text + length; p += strlen(p) + 1)
		if (strcmp(p, argument) == 0)
			return true;
	return false;
}

bool hd_guest_runs(const struct hd_host *host, const char *name,
		   const char *uuid)
{
	HD_AUTOFREE char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	char *end;
	long pid;

	/* libvirt takes no name with a slash, so neither leads elsewhere. */
	if (strchr(name, '/') ||
	    snprintf(path, sizeof(path), "run/libvirt/qemu/%s.pid", name) >=
		    (int)sizeof(path) ||
	    read_path(host, path, PID_LIMIT, &text, &length) < 0)
		return false;
	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || end == text || pid <= 0 || pid > INT_MAX)
		return false;
	return has_argument(host, (pid_t)pid, uuid);
}
