// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/net/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/look.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/* A process has far fewer, unless its parents go in circles. */
#define ANCESTORS_LIMIT 1024

#define TABLE_LIMIT (64 * 1024 * 1024)

/* TCP_ESTABLISHED of <net/tcp_states.h>. */
#define ESTABLISHED 1

/* Servers of SSH; since OpenSSH 9.8 a session has a program of its own. */
static const char *const servers[] = { "sshd", "sshd-session", "sshd-auth",
				       "dropbear" };

/* A process among our ancestors. */
struct ancestor {
	const struct hd_host *host;
	char path[32]; /* "/proc/7" */
	int fd; /* of that folder */
	char command[32]; /* its name, which it may have given itself */
	int parent; /* 0: none */
	uint64_t *sockets; /* inodes; owned */
	size_t n_sockets;
	struct hd_session *session; /* where its connection goes */
	struct hd_err *err;
};

static void clear_ancestor(struct ancestor *a)
{
	hd_auto_close(&a->fd);
	free(a->sockets);
}

/* 0, and in *@there whether it lives still. */
static int open_ancestor(struct ancestor *a, int pid, bool *there)
{
	struct hd_seen seen;

	if (pid)
		snprintf(a->path, sizeof(a->path), HD_PROC "/%d", pid);
	else
		snprintf(a->path, sizeof(a->path), HD_PROC "/self");
	seen = hd_host_openat(a->host, a->path, O_RDONLY | O_DIRECTORY, &a->fd);
	*there = seen.is == HD_PRESENT;
	/* proc(5) may hide the processes of others (hidepid). */
	if (seen.is == HD_ABSENT &&
	    (!pid || kill(pid, 0) == 0 || errno != ESRCH))
		return hd_look_fail(a->host, -ENOENT, a->err, "%s", a->path);
	return hd_look_fail(a->host, hd_seen_optional(seen), a->err, "%s",
			    a->path);
}

/* "7 (a (name) S 1 ...": the second field may hold anything. */
static bool parse_stat(struct ancestor *a, const char *text)
{
	const char *name = strchr(text, '(');
	const char *end = strrchr(text, ')');
	size_t length = name && end > name ? (size_t)(end - name - 1) : 0;
	char *rest;
	long parent;

	if (!length || length >= sizeof(a->command) || strlen(end) < 5)
		return false;
	memcpy(a->command, name + 1, length);
	a->command[length] = '\0';
	errno = 0;
	parent = strtol(end + 4, &rest, 10);
	if (errno || *rest != ' ' || parent < 0 || parent > INT32_MAX)
		return false;
	a->parent = (int)parent;
	return true;
}

static int read_stat(struct ancestor *a, bool *there)
{
	HD_AUTOFREE char *text = NULL;
	int r = hd_seen_whether(hd_sysfs_read(a->fd, "stat", &text), there);

	/* ESRCH: it ended after it was opened. */
	if (r == -ESRCH)
		return 0;
	if (r == 0 && *there && !parse_stat(a, text))
		r = -EINVAL;
	return hd_look_fail(a->host, r, a->err, "%s/stat", a->path);
}

/* By its executable, which may be one that was replaced meanwhile. */
static int is_server(const struct ancestor *a, bool *ret)
{
	HD_AUTOFREE char *program = NULL;
	int r = hd_seen_optional(hd_sysfs_read_link(a->fd, "exe", &program));
	const char *name = program;
	size_t length;

	*ret = false;
	/* Of another user's process everybody sees the name alone. */
	if (r == -EACCES || r == -EPERM)
		name = a->command;
	else if (r < 0 && r != -ESRCH)
		return hd_look_fail(a->host, r, a->err, "%s/exe", a->path);
	if (!name)
		return 0;
	length = strlen(name);
	if (hd_ends_with(name, " (deleted)"))
		length -= strlen(" (deleted)");
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (strlen(servers[i]) == length &&
		    strncmp(name, servers[i], length) == 0)
			*ret = true;
	return 0;
}

/* "socket:[12345]" */
static int add_socket(void *data, int dir_fd, const char *name)
{
	struct ancestor *a = data;
	HD_AUTOFREE char *target = NULL;
	const char *number;
	uint64_t *slot;
	char *end;
	bool there;
	int r = hd_seen_whether(hd_sysfs_read_link(dir_fd, name, &target),
				&there);

	if (r < 0)
		return hd_look_fail(a->host, r, a->err, "%s/fd/%s", a->path,
				    name);
	number = there ? hd_after(target, "socket:[") : NULL;
	if (!number)
		return 0;
	slot = hd_array_add(&a->sockets, &a->n_sockets, sizeof(*slot));
	if (!slot)
		return hd_err_nomem(a->err);
	*slot = strtoull(number, &end, 10);
	return strcmp(end, "]") == 0 ? 0 :
				       hd_look_fail(a->host, -EINVAL, a->err,
						    "%s/fd/%s", a->path, name);
}

static int read_sockets(struct ancestor *a)
{
	HD_AUTOFREE char *path = hd_text("%s/fd", a->path);
	int fd = -1;
	struct hd_seen seen;

	if (!path)
		return hd_err_nomem(a->err);
	seen = hd_host_openat(a->host, path, O_RDONLY | O_DIRECTORY, &fd);
	return hd_look_into_opened(a->host, seen, fd, path, add_socket, a,
				   a->err);
}

static bool has_socket(const struct ancestor *a, uint64_t inode)
{
	for (size_t i = 0; i < a->n_sockets; i++)
		if (a->sockets[i] == inode)
			return true;
	return false;
}

/* "0100007F", or four such words: each is in the machine's own byte order. */
static bool parse_address(const char *digits, char *ret, size_t size)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t n = strlen(digits) / 8;
	uint32_t words[4];
	const unsigned char *bytes = (const unsigned char *)words;

	if (strlen(digits) != 8 && strlen(digits) != 32)
		return false;
	for (size_t i = 0; i < n; i++)
		if (sscanf(digits + 8 * i, "%8" SCNx32, &words[i]) != 1)
			return false;
	if (n == 1)
		return inet_ntop(AF_INET, words, ret, (socklen_t)size);
	/* An IPv4 connection to a socket of both families. */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return inet_ntop(AF_INET, &words[3], ret, (socklen_t)size);
	return inet_ntop(AF_INET6, words, ret, (socklen_t)size);
}

/* A line of /proc/net/tcp or tcp6, see proc_pid_net(5). */
static bool take_line(struct ancestor *a, const char *line)
{
	char local[33], peer[33];
	struct hd_session session;
	unsigned state;
	uint64_t inode;

	if (sscanf(line,
		   " %*u: %32[0-9A-F]:%*x %32[0-9A-F]:%*x %x %*x:%*x %*x:%*x "
		   "%*x %*u %*u %" SCNu64,
		   local, peer, &state, &inode) != 4)
		return false;
	if (state != ESTABLISHED || !has_socket(a, inode))
		return true;
	if (!parse_address(local, session.local, sizeof(session.local)) ||
	    !parse_address(peer, session.peer, sizeof(session.peer)))
		return false;
	*a->session = session;
	return true;
}

static int find_connection(struct ancestor *a, const char *table)
{
	HD_AUTOFREE char *path = hd_text("%s/net/%s", a->path, table);
	HD_AUTOFREE char *text = NULL;
	char *rest, *line;
	size_t length;
	int r;

	if (!path)
		return hd_err_nomem(a->err);
	/* A kernel without IPv6 has no tcp6. */
	r = hd_seen_optional(
		hd_host_read(a->host, path, TABLE_LIMIT, &text, &length));
	rest = text;
	/* The first line is the heading. */
	line = text ? strsep(&rest, "\n") : NULL;
	while (r == 0 && line && (line = strsep(&rest, "\n")))
		if (*line && !take_line(a, line))
			r = -EINVAL;
	return hd_look_fail(a->host, r, a->err, "%s", path);
}

/* 0, and in *@ret_parent who is above, 0 for nobody. */
static int look_at_ancestor(const struct hd_host *host, int pid,
			    int *ret_parent, struct hd_session *session,
			    struct hd_err *err)
{
	HD_AUTO(clear_ancestor)
	struct ancestor a = {
		.host = host, .fd = -1, .session = session, .err = err
	};
	bool there, server = false;
	int r = open_ancestor(&a, pid, &there);

	*ret_parent = 0;
	if (r < 0 || !there)
		return r;
	r = read_stat(&a, &there);
	if (r < 0 || !there)
		return r;
	*ret_parent = a.parent;
	r = is_server(&a, &server);
	if (r < 0 || !server)
		return r;
	r = read_sockets(&a);
	if (r == 0)
		r = find_connection(&a, "tcp");
	return r < 0 ? r : find_connection(&a, "tcp6");
}

static int look_at_ancestors(const struct hd_host *host,
			     struct hd_session *session, struct hd_err *err)
{
	int pid = 0;

	for (unsigned i = 0; i < ANCESTORS_LIMIT; i++) {
		int r = look_at_ancestor(host, pid, &pid, session, err);

		if (r < 0)
			hd_err_wrap(err, "cannot find out whose SSH session "
					 "this is");
		if (r < 0 || !pid)
			return r;
	}
	return hd_err_set(err, E2BIG, "this process has more than %d ancestors",
			  ANCESTORS_LIMIT);
}

int hd_session_find(const struct hd_host *host, struct hd_session *ret,
		    struct hd_err *err)
{
	const char *text = host->live ? getenv("SSH_CONNECTION") : NULL;

	*ret = (struct hd_session){ "", "" };
	if (!host->live)
		return 0;
	if (text &&
	    sscanf(text, "%63s %*d %63s %*d", ret->peer, ret->local) == 2)
		return 0;
	*ret = (struct hd_session){ "", "" };
	return look_at_ancestors(host, ret, err);
}
