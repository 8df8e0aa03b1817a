// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/host/proc.h"
#include "lib/host/worker.h"

/* Of more holders nobody wants to read. */
#define HOLDERS_LIMIT 1000

/* A sentence names no more than these. */
#define NAMED_LIMIT 3

#define VFIO_GROUP "/dev/vfio/"

/* What is looked for, and where the finds go. */
struct search {
	const struct hd_device *devices;
	size_t n_devices;
	const struct hd_nodes *nodes;
	int out_fd;
	/* The process that is being looked at: */
	int proc_fd; /* its folder */
	pid_t pid;
};

/* In the process that looks */

/* Empty when the process has just ended. */
static void read_command(const struct search *s, char *ret, size_t size)
{
	HD_AUTOCLOSE int fd = -1;
	ssize_t n;

	if (s->pid == 0)
		return;
	fd = openat(s->proc_fd, "comm", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static void tell(const struct search *s, struct hd_addr addr, enum hd_hold hold,
		 bool writes, const char *path)
{
	struct hd_holder holder = {
		.addr = addr, .hold = hold, .writes = writes, .pid = s->pid
	};

	read_command(s, holder.command, sizeof(holder.command));
	snprintf(holder.path, sizeof(holder.path), "%s", path);
	if (write(s->out_fd, &holder, sizeof(holder)) != sizeof(holder))
		_exit(1);
}

/* "resource0" or "resource0_wc" of a device, by the last two names of a path.
 */
static const struct hd_device *find_resource(const struct search *s,
					     const char *path)
{
	const char *file = strrchr(path, '/');

	if (!file || !hd_after(file, "/resource") ||
	    !isdigit((unsigned char)file[9]))
		return NULL;
	for (size_t i = 0; i < s->n_devices; i++) {
		struct hd_addr_text addr = hd_addr_text(s->devices[i].addr);
		size_t n = strlen(addr.s);

		if ((size_t)(file - path) > n && file[-1 - (ssize_t)n] == '/' &&
		    strncmp(file - n, addr.s, n) == 0)
			return &s->devices[i];
	}
	return NULL;
}

/* The group that a path in /dev stands for, HD_NO_GROUP for another path. */
static int group_of(const char *path)
{
	const char *digits = hd_after(path, VFIO_GROUP);

	if (!digits || !isdigit((unsigned char)*digits) || strlen(digits) > 9 ||
	    digits[strspn(digits, "0123456789")])
		return HD_NO_GROUP;
	return atoi(digits);
}

static bool is_vfio(const struct search *s, struct hd_addr addr)
{
	for (size_t i = 0; i < s->n_devices; i++)
		if (hd_addr_equal(s->devices[i].addr, addr))
			return s->devices[i].vfio;
	return false;
}

/* "flags:	0100002": whether the file is open for more than reading. */
static bool is_writable(const struct search *s, const char *number)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *text = NULL;
	const char *line;
	char path[64];
	unsigned flags;
	size_t length;

	snprintf(path, sizeof(path), "fdinfo/%.20s", number);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || hd_read_all(fd, 65536, &text, &length) < 0)
		return false;
	line = strstr(text, "flags:");
	return line && sscanf(line, "flags: %o", &flags) == 1 &&
	       (flags & O_ACCMODE) != O_RDONLY;
}

static void match_node(const struct search *s, const char *number,
		       const char *path, const struct statx *st)
{
	bool block = S_ISBLK(st->stx_mode);

	for (size_t i = 0; i < s->nodes->n; i++) {
		const struct hd_node *node = &s->nodes->items[i];

		if (node->kind != (block ? HD_NODE_BLOCK : HD_NODE_CHAR) ||
		    node->major != st->stx_rdev_major ||
		    node->minor != st->stx_rdev_minor)
			continue;
		tell(s, node->addr,
		     block		    ? HD_HOLD_BLOCK :
		     is_vfio(s, node->addr) ? HD_HOLD_VFIO :
					      HD_HOLD_CHAR,
		     is_writable(s, number), path);
	}
}

/* One open file. */
static void match_file(const struct search *s, int fd_fd, const char *number)
{
	const struct hd_device *device;
	char path[PATH_MAX];
	struct statx st;
	ssize_t n = readlinkat(fd_fd, number, path, sizeof(path) - 1);
	int group;

	if (n <= 0 || path[0] != '/')
		return;
	path[n] = '\0';
	group = group_of(path);
	for (size_t i = 0; group != HD_NO_GROUP && i < s->n_devices; i++)
		if (s->devices[i].group == group)
			tell(s, s->devices[i].addr, HD_HOLD_VFIO, true, path);
	device = find_resource(s, path);
	if (device)
		tell(s, device->addr, HD_HOLD_RESOURCE, true, path);
	/* Without asking a server that may not answer. */
	if (s->nodes->n &&
	    statx(fd_fd, number, AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
	    (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode)))
		match_node(s, number, path, &st);
}

static void look_at_files(const struct search *s)
{
	int fd = openat(s->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		hd_auto_close(&fd);
		return;
	}
	while ((entry = hd_dir_next(dir, &r)))
		if (isdigit((unsigned char)entry->d_name[0]))
			match_file(s, fd, entry->d_name);
	closedir(dir);
}

/*
 * Who maps a device's memory needs the file no longer. False for who has no
 * memory at all: a thread of the kernel, which most processes are, or one that
 * ended.
 */
static bool look_at_maps(const struct search *s)
{
	int fd = openat(s->proc_fd, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	HD_AUTOFREE char *line = NULL;
	size_t size = 0;
	bool any = false;

	if (!file) {
		hd_auto_close(&fd);
		return true;
	}
	while (getline(&line, &size, file) > 0) {
		const struct hd_device *device;
		char *path = strchr(line, '/');

		any = true;
		if (!path || !strstr(path, "/resource"))
			continue;
		path[strcspn(path, "\n")] = '\0';
		device = find_resource(s, path);
		if (device)
			tell(s, device->addr, HD_HOLD_RESOURCE, true, path);
	}
	fclose(file);
	return any;
}

static void look(const struct hd_host *host, struct search *s, pid_t maker)
{
	int fd = HD_UNSORTED_FD(hd_host_openat, host, HD_PROC,
				O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		_exit(1);
	while ((entry = hd_dir_next(dir, &r))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    atoi(entry->d_name) == maker)
			continue;
		s->proc_fd = openat(fd, entry->d_name,
				    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (s->proc_fd < 0)
			continue;
		s->pid = atoi(entry->d_name);
		if (look_at_maps(s))
			look_at_files(s);
		close(s->proc_fd);
	}
	if (r < 0)
		_exit(1);
	/* So that a death in the middle isn't taken for the end. */
	s->pid = 0;
	tell(s, (struct hd_addr){ 0 }, HD_HOLD_CHAR, false, "");
}

/* In its maker */

static struct hd_holder *find_known(const struct hd_holders *holders,
				    const struct hd_holder *holder)
{
	for (size_t i = 0; i < holders->n; i++)
		if (holders->items[i].pid == holder->pid &&
		    holders->items[i].hold == holder->hold &&
		    hd_addr_equal(holders->items[i].addr, holder->addr))
			return &holders->items[i];
	return NULL;
}

/*
 * One process is named once for each kind of thing that it holds, and for what
 * it writes to rather than for what it reads.
 */
static int add_holder(struct hd_holders *holders,
		      const struct hd_holder *holder)
{
	struct hd_holder *slot = find_known(holders, holder);

	if (slot && holder->writes && !slot->writes)
		*slot = *holder;
	if (slot || holders->n >= HOLDERS_LIMIT)
		return 0;
	slot = hd_array_add(&holders->items, &holders->n, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = *holder;
	return 0;
}

static int collect(int fd, unsigned seconds, struct hd_holders *ret)
{
	int64_t deadline = hd_now_ms() + (int64_t)seconds * 1000;

	for (;;) {
		struct hd_holder holder;
		int r = hd_worker_read(fd, deadline, &holder, sizeof(holder));

		if (r < 0 || holder.pid == 0)
			return r;
		if (add_holder(ret, &holder) < 0)
			return -ENOMEM;
	}
}

int hd_holders_find(const struct hd_host *host, const struct hd_device *devices,
		    size_t n, const struct hd_nodes *nodes, unsigned seconds,
		    struct hd_holders *ret, struct hd_err *err)
{
	struct search search = { devices, n, nodes, -1, -1, 0 };
	HD_AUTO_HOLDERS struct hd_holders holders = { NULL, 0 };
	HD_AUTOCLOSE int fd = -1;
	pid_t maker = getpid(), pid;
	int r;

	if (!host->live)
		return -ENOTSUP;
	if (geteuid() != 0)
		return -EPERM;
	if (n == 0)
		return 0;
	pid = hd_worker_fork(host, &fd, err);
	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		search.out_fd = fd;
		look(host, &search, maker);
		_exit(0);
	}
	r = collect(fd, seconds, &holders);
	kill(pid, SIGKILL);
	/* When it is stuck we are not to be. */
	waitpid(pid, NULL, r == 0 ? 0 : WNOHANG);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r == -EIO)
		return hd_err_set(err, EIO,
				  "the process that looks for holders of the "
				  "devices was killed");
	if (r < 0)
		return r;
	*ret = holders;
	holders = (struct hd_holders){ NULL, 0 };
	return 0;
}

/* What comes of an unbind, in this order; NULL stands for any driver. */
static const struct {
	enum hd_hold hold;
	const char *driver;
	bool only_writers;
	const char *harm;
} harms[] = {
	/* vfio_unregister_group_dev() waits for the last user */
	{ HD_HOLD_VFIO, NULL, false, "the kernel would wait until it lets go" },
	/* nv_pci_remove() loops until nobody uses the GPU */
	{ HD_HOLD_CHAR, "nvidia", false,
	  "driver nvidia would wait for it for ever" },
	{ HD_HOLD_BLOCK, NULL, true, "what it writes would be lost" },
	{ HD_HOLD_RESOURCE, NULL, false, "it drives the device itself" },
};

const char *hd_holder_harm(const struct hd_holder *holder, const char *driver)
{
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++)
		if (harms[i].hold == holder->hold &&
		    (!harms[i].driver ||
		     (driver && strcmp(driver, harms[i].driver) == 0)) &&
		    (!harms[i].only_writers || holder->writes))
			return harms[i].harm;
	return NULL;
}

static bool counts(const struct hd_holder *holder, struct hd_addr addr,
		   const char *driver, bool harmful)
{
	return hd_addr_equal(holder->addr, addr) &&
	       !hd_holder_harm(holder, driver) == !harmful;
}

const struct hd_holder *hd_holders_first(const struct hd_holders *holders,
					 struct hd_addr addr,
					 const char *driver, bool harmful)
{
	for (size_t i = 0; i < holders->n; i++)
		if (counts(&holders->items[i], addr, driver, harmful))
			return &holders->items[i];
	return NULL;
}

char *hd_holders_text(const struct hd_holders *holders, struct hd_addr addr,
		      const char *driver, bool harmful)
{
	char *text = NULL;
	size_t size, named = 0, more = 0;
	FILE *file;

	if (!hd_holders_first(holders, addr, driver, harmful))
		return NULL;
	file = hd_stream_open(&text, &size);
	if (!file)
		return NULL;
	for (size_t i = 0; i < holders->n; i++) {
		const struct hd_holder *holder = &holders->items[i];

		if (!counts(holder, addr, driver, harmful))
			continue;
		if (named == NAMED_LIMIT) {
			more++;
			continue;
		}
		fprintf(file, "%sprocess %d (%s) has %s %s",
			named ? " and " : "", holder->pid, holder->command,
			holder->path,
			holder->hold == HD_HOLD_RESOURCE ? "in use" :
			holder->hold == HD_HOLD_BLOCK && holder->writes ?
							   "open for writing" :
							   "open");
		named++;
	}
	if (more)
		fprintf(file, " and %zu more processes", more);
	return hd_stream_text(file, &text);
}

void hd_holders_clear(struct hd_holders *holders)
{
	free(holders->items);
	*holders = (struct hd_holders){ NULL, 0 };
}
