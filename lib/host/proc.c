// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/proc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/host/sysfs.h"

/* QEMU's command line has some thousand bytes, the kernel's limit is larger. */
#define ARGUMENTS_LIMIT (4 * 1024 * 1024)

#define STAT_LIMIT 4096

/* A line for each hierarchy, and a path of the kernel's in each. */
#define CGROUPS_LIMIT (64 * 1024)

/* One with many groups, and a mask for many processors. */
#define STATUS_LIMIT (1024 * 1024)

/* A hook is run by a dispatcher or two, not by so many. */
#define ANCESTORS_LIMIT 64

/* Who runs hooks. */
static const char *const daemons[] = { "libvirtd", "virtqemud" };

int hd_proc_read_release(const struct hd_host *host, char **ret)
{
	HD_AUTOFREE char *release = NULL;
	size_t length;
	int r = hd_seen_required(hd_host_read(host, HD_PROC_RELEASE, STAT_LIMIT,
					      &release, &length));

	if (r < 0)
		return r;
	release[strcspn(release, "\n")] = '\0';
	if (!hd_sysfs_is_name(release))
		return -EINVAL;
	*ret = hd_steal(&release);
	return 0;
}

/* What is looked at of /proc/PID/stat, proc_pid_stat(5). */
struct stat_line {
	char state;
	int parent;
	unsigned long long start;
};

static bool parse_stat(const char *text, struct stat_line *ret)
{
	/* The command's name may hold blanks and parentheses. */
	const char *field = strrchr(text, ')');

	if (!field || sscanf(field, ") %c %d", &ret->state, &ret->parent) != 2)
		return false;
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	return field && sscanf(field, "%llu", &ret->start) == 1 &&
	       ret->start > 0;
}

static struct hd_seen read_file(const struct hd_host *host, pid_t pid,
				const char *name, size_t limit, char **ret,
				size_t *ret_length)
{
	char path[64];
	struct hd_seen seen;

	snprintf(path, sizeof(path), HD_PROC "/%d/%s", pid, name);
	seen = hd_host_read(host, path, limit, ret, ret_length);
	/* It ended while it was read. */
	return seen.error == -ESRCH ? hd_seen_absent() : seen;
}

static struct hd_seen read_stat(const struct hd_host *host, pid_t pid,
				struct stat_line *ret)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	struct hd_seen seen =
		read_file(host, pid, "stat", STAT_LIMIT, &text, &length);

	if (seen.is == HD_PRESENT && !parse_stat(text, ret))
		return hd_seen_of(-EBADMSG);
	return seen;
}

/*
 * Whether who isn't in /proc isn't there. It may be another namespace's, empty,
 * or mounted with hidepid=; a copied tree has no processes.
 */
static struct hd_seen shows_all(const struct hd_host *host)
{
	HD_AUTOFREE char *text = NULL;
	struct stat_line line;
	struct hd_seen seen;
	size_t length;
	int pid;

	if (!host->live)
		return hd_seen_of(-ENOTSUP);
	seen = hd_host_read(host, HD_PROC "/self/stat", STAT_LIMIT, &text,
			    &length);
	if (seen.is == HD_UNKNOWN)
		return seen;
	if (seen.is == HD_ABSENT || sscanf(text, "%d", &pid) != 1 ||
	    pid != getpid())
		return hd_seen_of(-ENOTSUP);
	seen = read_stat(host, 1, &line);
	return seen.is == HD_ABSENT ? hd_seen_of(-EPERM) : seen;
}

static struct hd_seen surely(const struct hd_host *host, struct hd_seen seen)
{
	struct hd_seen all;

	if (seen.is != HD_ABSENT)
		return seen;
	all = shows_all(host);
	return all.is == HD_UNKNOWN ? all : seen;
}

static bool is_dead(char state)
{
	return state == 'Z' || state == 'X' || state == 'x';
}

struct hd_seen hd_process_read(const struct hd_host *host, pid_t pid,
			       struct hd_process *ret)
{
	struct stat_line line;
	struct hd_seen seen = surely(host, read_stat(host, pid, &line));

	if (seen.is != HD_PRESENT)
		return seen;
	if (is_dead(line.state))
		return hd_seen_absent();
	*ret = (struct hd_process){ pid, line.start };
	return seen;
}

struct hd_process hd_process_of(const struct hd_host *host, pid_t pid)
{
	struct hd_process process;

	return hd_process_read(host, pid, &process).is == HD_PRESENT ?
		       process :
		       (struct hd_process){ pid, 0 };
}

struct hd_seen hd_process_is_busy(const struct hd_host *host, pid_t pid)
{
	struct stat_line line;
	struct hd_seen seen = read_stat(host, pid, &line);

	return seen.is == HD_PRESENT && line.state != 'R' ? hd_seen_absent() :
							    seen;
}

struct hd_seen hd_process_lives(const struct hd_host *host,
				struct hd_process process)
{
	struct hd_process now;
	struct hd_seen seen;

	if (process.pid <= 0)
		return hd_seen_of(-ESRCH);
	seen = hd_process_read(host, process.pid, &now);
	if (seen.is != HD_PRESENT)
		return seen;
	if (process.start == 0) /* it may be that one or a later one */
		return hd_seen_of(-ESRCH);
	return now.start == process.start ? seen : hd_seen_absent();
}

struct hd_seen hd_process_parent(const struct hd_host *host, pid_t pid,
				 pid_t *ret)
{
	struct stat_line line;
	struct hd_seen seen = surely(host, read_stat(host, pid, &line));

	if (seen.is == HD_PRESENT)
		*ret = line.parent;
	return seen;
}

struct hd_seen hd_process_cgroups(const struct hd_host *host, pid_t pid,
				  char **ret)
{
	size_t length;

	return surely(host, read_file(host, pid, "cgroup", CGROUPS_LIMIT, ret,
				      &length));
}

struct hd_seen hd_process_user(const struct hd_host *host, pid_t pid,
			       uid_t *ret)
{
	HD_AUTOFREE char *text = NULL;
	const char *line;
	size_t length;
	struct hd_seen seen =
		surely(host, read_file(host, pid, "status", STATUS_LIMIT, &text,
				       &length));

	if (seen.is != HD_PRESENT)
		return seen;
	/* The name comes first, with newlines escaped. */
	line = strstr(text, "\nUid:\t");
	return line && sscanf(line, "\nUid:\t%u", ret) == 1 ?
		       seen :
		       hd_seen_of(-EBADMSG);
}

/* By the file that it executes, which an upgrade may have deleted. */
static struct hd_seen is_daemon(const struct hd_host *host, pid_t pid,
				bool *ret)
{
	char path[64], file[PATH_MAX];
	const char *name;
	ssize_t n;

	*ret = false;
	snprintf(path, sizeof(path), "proc/%d/exe", pid);
	n = readlinkat(host->root_fd, path, file, sizeof(file));
	/* A thread of the kernel executes none. */
	if (n < 0)
		return hd_seen_of(errno == ESRCH ? -ENOENT : -errno);
	if ((size_t)n == sizeof(file))
		return hd_seen_present();
	file[n] = '\0';
	name = strrchr(file, '/');
	if (!name)
		return hd_seen_present();
	name++;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		const char *rest = hd_after(name, daemons[i]);

		*ret |= rest && (!*rest || strcmp(rest, " (deleted)") == 0);
	}
	return hd_seen_present();
}

struct hd_seen hd_process_daemon(const struct hd_host *host,
				 struct hd_process *ret)
{
	struct hd_seen answer = hd_seen_absent();
	pid_t pid = getppid();

	for (int i = 0; pid > 0 && i < ANCESTORS_LIMIT; i++) {
		struct stat_line line;
		struct hd_seen seen;
		bool found;

		seen = is_daemon(host, pid, &found);
		if (seen.is == HD_UNKNOWN)
			answer = seen;
		seen = read_stat(host, pid, &line);
		if (seen.is == HD_UNKNOWN)
			return seen;
		if (seen.is == HD_ABSENT)
			return answer;
		if (found) {
			*ret = (struct hd_process){ pid, line.start };
			return seen;
		}
		pid = line.parent;
	}
	return answer;
}

struct hd_seen hd_process_has_argument(const struct hd_host *host, pid_t pid,
				       const char *argument)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	struct hd_seen seen =
		surely(host, read_file(host, pid, "cmdline", ARGUMENTS_LIMIT,
				       &text, &length));

	if (seen.is != HD_PRESENT)
		return seen;
	for (const char *p = text; p < text + length; p += strlen(p) + 1)
		if (strcmp(p, argument) == 0)
			return seen;
	return hd_seen_absent();
}
