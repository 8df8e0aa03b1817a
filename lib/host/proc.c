// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/proc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/host/sysfs.h"

/* QEMU's command line has some thousand bytes, the kernel's limit is larger. */
#define ARGUMENTS_LIMIT (4 * 1024 * 1024)

#define STAT_LIMIT 4096

int hd_proc_read_release(const struct hd_host *host, char **ret)
{
	HD_AUTOFREE char *release = NULL;
	size_t length;
	int r = hd_unsorted(hd_host_read(host, HD_PROC_RELEASE, STAT_LIMIT,
					 &release, &length));

	if (r < 0)
		return r;
	release[strcspn(release, "\n")] = '\0';
	if (!hd_sysfs_is_name(release))
		return -EINVAL;
	*ret = hd_steal(&release);
	return 0;
}

/* Field 22 of /proc/PID/stat; 0 when there is no such process, or a zombie. */
static uint64_t start_time(const struct hd_host *host, pid_t pid)
{
	HD_AUTOFREE char *text = NULL;
	unsigned long long start = 0;
	size_t length;
	char path[64];
	char *field;

	snprintf(path, sizeof(path), HD_PROC "/%d/stat", pid);
	if (hd_unsorted(hd_host_read(host, path, STAT_LIMIT, &text, &length)) <
	    0)
		return 0;
	/* The command's name may hold blanks and parentheses. */
	field = strrchr(text, ')');
	if (field && (hd_after(field, ") Z") || hd_after(field, ") X")))
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

bool hd_process_has_argument(const struct hd_host *host, pid_t pid,
			     const char *argument)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	char path[64];

	snprintf(path, sizeof(path), HD_PROC "/%d/cmdline", pid);
	if (hd_unsorted(hd_host_read(host, path, ARGUMENTS_LIMIT, &text,
				     &length)) < 0)
		return false;
	for (const char *p = text; p < text + length; p += strlen(p) + 1)
		if (strcmp(p, argument) == 0)
			return true;
	return false;
}
