// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"
#include "lib/host/worker.h"

/* A sentence names no more than these. */
#define NAMED_LIMIT 3

#define N_HOLDS (HD_HOLD_RESOURCE + 1)

#define VFIO_GROUP "/dev/vfio/%d"
#define VFIO_CLASS "vfio"

/* The base address registers of a function. */
#define N_BARS 6

/*
 * What is looked for: a file, by what the kernel takes it for. The name that
 * somebody opened it by says nothing: whoever has a mount namespace of his own
 * makes any.
 */
struct target {
	size_t device; /* its index */
	enum hd_hold hold;
	mode_t type; /* S_IFCHR, S_IFBLK: the numbers are what it stands for;
		      * S_IFREG: they are of its file system, and @ino counts */
	unsigned major, minor;
	uint64_t ino;
	bool sysfs; /* other network namespaces have it in another sysfs, with
		     * the same inode numbers */
};

struct targets {
	struct target *items;
	size_t n;
};

#define AUTO_TARGETS __attribute__((cleanup(targets_clear)))

static void targets_clear(struct targets *targets)
{
	free(targets->items);
}

/* What one process was found to have of a device, in one way. */
struct found {
	bool any, writes;
	char path[sizeof(((struct hd_holder *)NULL)->path)];
};

/* What could not be read. */
struct blank {
	enum { NOTHING, PROCESSES, A_PROCESS, FILES, MAPS } what;
	int error; /* a negative errno */
	pid_t pid; /* whose, 0 for PROCESSES */
	char command[sizeof(((struct hd_holder *)NULL)->command)];
};

/* What the worker says: who holds a device, and in the end what it missed. */
struct report {
	bool end;
	struct hd_holder holder;
	struct blank blank; /* the first thing */
	bool denied, most_denied; /* we may not see what others have open */
};

struct search {
	const struct hd_device *devices;
	size_t n_devices;
	const struct targets *targets;
	struct found *found; /* of each device N_HOLDS */
	bool contained; /* we are in a user namespace */
	int out_fd;
	struct blank blank, denied; /* the first of each */
	size_t n_seen, n_denied; /* processes */
	/* The process that is being looked at: */
	int proc_fd; /* its folder */
	pid_t pid;
	bool is_denied;
};

/* In the process that looks */

/* Empty when the process has just ended. */
static void read_command(const struct search *s, char *ret, size_t size)
{
	HD_AUTOCLOSE int fd = -1;
	ssize_t n;

	fd = openat(s->proc_fd, "comm", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static bool is_gone(int r)
{
	return r == -ENOENT || r == -ESRCH;
}

/*
 * Keeps in mind that something could not be read; nothing if it is no more. In
 * a user namespace we see our own processes only, and change no device either;
 * a container's first process, which is of its maker, may be kept from us.
 */
static void miss(struct search *s, int what, int r)
{
	struct blank *blank = &s->blank;

	if (is_gone(r))
		return;
	if (r == -EACCES || r == -EPERM) {
		if (s->contained || s->pid == 1)
			return;
		s->is_denied = true;
		blank = &s->denied;
	}
	if (blank->what != NOTHING)
		return;
	*blank = (struct blank){ what, r, s->pid, "" };
	if (s->proc_fd >= 0)
		read_command(s, blank->command, sizeof(blank->command));
}

static void tell(const struct search *s, const struct report *report)
{
	if (write(s->out_fd, report, sizeof(*report)) != sizeof(*report))
		_exit(1);
}

/* One process is named once for each kind of thing that it holds. */
static void tell_found(struct search *s)
{
	for (size_t i = 0; i < s->n_devices * N_HOLDS; i++) {
		struct found *found = &s->found[i];
		struct report report = {
			.holder = { .addr = s->devices[i / N_HOLDS].addr,
				    .hold = (enum hd_hold)(i % N_HOLDS),
				    .writes = found->writes,
				    .pid = s->pid },
		};

		if (!found->any)
			continue;
		read_command(s, report.holder.command,
			     sizeof(report.holder.command));
		memcpy(report.holder.path, found->path, sizeof(found->path));
		tell(s, &report);
		*found = (struct found){ .any = false };
	}
}

/* It is named for what it writes to rather than for what it reads. */
static void keep(struct search *s, const struct target *target, bool writes,
		 const char *path)
{
	struct found *found =
		&s->found[target->device * N_HOLDS + target->hold];

	if (found->any && (found->writes || !writes))
		return;
	found->any = true;
	found->writes = writes;
	snprintf(found->path, sizeof(found->path), "%s", path);
}

/*
 * The kind of file system that an open or mapped file is on. Opening it so asks
 * no driver, and a FUSE server that is another user's isn't asked by the
 * kernel.
 */
static int read_magic(int dir_fd, const char *name, long *ret)
{
	HD_AUTOCLOSE int fd = -1;
	struct statfs fs;

	fd = openat(dir_fd, name, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	*ret = (long)fs.f_type;
	return 0;
}

/*
 * Whether a regular file is the one that is looked for; @dir_fd and @name are
 * where it can be opened by. Returns 1, 0 or a negative errno.
 */
static int is_file(const struct target *target, unsigned major, unsigned minor,
		   uint64_t ino, int dir_fd, const char *name)
{
	long magic = 0;
	int r;

	if (target->type != S_IFREG || target->ino != ino)
		return 0;
	if (target->major == major && target->minor == minor)
		return 1;
	if (!target->sysfs)
		return 0;
	r = read_magic(dir_fd, name, &magic);
	return r < 0 ? r : magic == SYSFS_MAGIC;
}

/*
 * "flags:	0100002" of an open file. Whoever has one opened with O_PATH
 * needed no permission for it, and holds nothing.
 */
static int read_flags(const struct search *s, const char *number, unsigned *ret)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *text = NULL;
	const char *line;
	char path[64];
	char *end;
	size_t length;
	int r;

	snprintf(path, sizeof(path), "fdinfo/%.20s", number);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = hd_read_first(fd, 4096, &text, &length);
	if (r < 0)
		return r;
	line = strstr(text, "flags:\t");
	if (!line)
		return -EPROTO;
	line += strlen("flags:\t");
	*ret = (unsigned)strtoul(line, &end, 8);
	return end == line ? -EPROTO : 0;
}

static int match_file(struct search *s, const struct target *target, int fd_fd,
		      const char *number, const struct statx *st)
{
	char path[PATH_MAX];
	unsigned flags = 0;
	ssize_t n;
	int r;

	if (target->type != S_IFREG)
		r = target->major == st->stx_rdev_major &&
		    target->minor == st->stx_rdev_minor;
	else
		r = is_file(target, st->stx_dev_major, st->stx_dev_minor,
			    st->stx_ino, fd_fd, number);
	if (r <= 0)
		return r;
	r = read_flags(s, number, &flags);
	if (r < 0 || (flags & O_PATH))
		return r;
	n = readlinkat(fd_fd, number, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	keep(s, target, (flags & O_ACCMODE) != O_RDONLY, path);
	return 0;
}

/* One open file. */
static int look_at_file(struct search *s, int fd_fd, const char *number)
{
	struct statx st;
	int r = 0;

	/* Without asking a server that may not answer. */
	if (statx(fd_fd, number, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
		  &st) < 0) {
		long magic = 0;

		/* Of another user's FUSE, where no file is a device. */
		r = -errno;
		return read_magic(fd_fd, number, &magic) == 0 &&
				       magic == FUSE_SUPER_MAGIC ?
			       0 :
			       r;
	}
	for (size_t i = 0; r == 0 && i < s->targets->n; i++)
		if ((st.stx_mode & S_IFMT) == s->targets->items[i].type)
			r = match_file(s, &s->targets->items[i], fd_fd, number,
				       &st);
	return r;
}

static void look_at_files(struct search *s)
{
	int fd = openat(s->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		miss(s, FILES, -errno);
		hd_auto_close(&fd);
		return;
	}
	while ((entry = hd_dir_next(dir, &r))) {
		int one = look_at_file(s, fd, entry->d_name);

		if (one < 0)
			miss(s, FILES, one);
	}
	if (r < 0)
		miss(s, FILES, r);
	closedir(dir);
}

/* "7f0a1000-7f0a2000 rw-s 00000000 00:16 12345    /sys/..." */
static int look_at_map(struct search *s, char *line)
{
	unsigned long start, end;
	unsigned major, minor;
	char name[64];
	uint64_t ino;
	int r = 0, n = -1;

	if (sscanf(line, "%lx-%lx %*s %*x %x:%x %" SCNu64 " %n", &start, &end,
		   &major, &minor, &ino, &n) != 5 ||
	    n < 0)
		return -EPROTO;
	line[strcspn(line, "\n")] = '\0';
	snprintf(name, sizeof(name), "map_files/%lx-%lx", start, end);
	for (size_t i = 0; r == 0 && ino && i < s->targets->n; i++) {
		r = is_file(&s->targets->items[i], major, minor, ino,
			    s->proc_fd, name);
		if (r < 0)
			return r;
		if (r > 0)
			keep(s, &s->targets->items[i], true, line + n);
	}
	return 0;
}

/*
 * Who maps a device's memory needs the file no longer. False for who has no
 * memory at all: a thread of the kernel, which most processes are, or one that
 * ended.
 */
static bool look_at_maps(struct search *s)
{
	int fd = openat(s->proc_fd, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	HD_AUTOFREE char *line = NULL;
	size_t size = 0;
	bool any = false;

	if (!file) {
		miss(s, MAPS, -errno);
		hd_auto_close(&fd);
		return true;
	}
	while (errno = 0, getline(&line, &size, file) > 0) {
		int r = look_at_map(s, line);

		any = true;
		if (r < 0)
			miss(s, MAPS, r);
	}
	if (!feof(file))
		miss(s, MAPS, errno ? -errno : -EIO);
	fclose(file);
	return any;
}

/* A thread, or the process whose first one it is. */
static bool look_at_thread(struct search *s, int dir_fd, const char *name)
{
	bool any = false;

	s->proc_fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc_fd < 0) {
		miss(s, A_PROCESS, -errno);
		return true;
	}
	any = look_at_maps(s);
	if (any)
		look_at_files(s);
	tell_found(s);
	close(s->proc_fd);
	s->proc_fd = -1;
	return any;
}

/* When the first thread has ended, the others may well go on. */
static void look_at_threads(struct search *s, int dir_fd, const char *name)
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;
	int fd, r = 0;

	snprintf(path, sizeof(path), "%.20s/task", name);
	fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		miss(s, A_PROCESS, -errno);
		hd_auto_close(&fd);
		return;
	}
	while ((entry = hd_dir_next(dir, &r)))
		if (strcmp(entry->d_name, name) != 0 &&
		    look_at_thread(s, fd, entry->d_name))
			break; /* they have all in common */
	if (r < 0)
		miss(s, A_PROCESS, r);
	closedir(dir);
}

static void look(const struct hd_host *host, struct search *s, pid_t maker)
{
	struct report end = { .end = true };
	const struct dirent *entry;
	int fd = -1, r = 0;
	DIR *dir;

	r = hd_seen_required(
		hd_host_openat(host, HD_PROC, O_RDONLY | O_DIRECTORY, &fd));
	dir = r < 0 ? NULL : fdopendir(fd);
	if (!dir)
		miss(s, PROCESSES, -EIO);
	while (dir && (entry = hd_dir_next(dir, &r))) {
		pid_t pid = atoi(entry->d_name);

		if (!isdigit((unsigned char)entry->d_name[0]) || pid == maker)
			continue;
		s->pid = pid;
		s->is_denied = false;
		if (!look_at_thread(s, fd, entry->d_name))
			look_at_threads(s, fd, entry->d_name);
		s->n_seen++;
		s->n_denied += s->is_denied;
	}
	s->pid = 0;
	if (r < 0)
		miss(s, PROCESSES, is_gone(r) ? -EIO : r);
	end.blank = s->blank;
	if (s->blank.what == NOTHING && s->denied.what != NOTHING) {
		end.blank = s->denied;
		end.denied = true;
		end.most_denied = s->n_denied > s->n_seen / 2;
	}
	/* So that a death in the middle isn't taken for the end. */
	tell(s, &end);
}

/* In its maker */

static int add_target(struct targets *targets, struct target target)
{
	struct target *slot = hd_array_add(&targets->items, &targets->n,
					   sizeof(*targets->items));

	if (!slot)
		return -ENOMEM;
	*slot = target;
	return 0;
}

/* As statx(2), for what is looked for itself. */
static int look_up(int dir_fd, const char *name, struct statx *ret)
{
	return statx(dir_fd, name,
		     AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW |
			     (*name ? 0 : AT_EMPTY_PATH),
		     STATX_TYPE | STATX_INO, ret) < 0 ?
		       -errno :
		       0;
}

/* The memory of a device, "resource0" or "resource0_wc" in its folder. */
static int add_resources(struct targets *targets, const struct hd_host *host,
			 const struct hd_device *device, size_t index)
{
	HD_AUTOCLOSE int fd = -1;
	bool there;
	int r = hd_seen_whether(hd_sysfs_open_device(host, device->addr, &fd),
				&there);

	for (int i = 0; r == 0 && there && i < 2 * N_BARS; i++) {
		struct statx st;
		char name[32];

		snprintf(name, sizeof(name), "resource%d%s", i / 2,
			 i % 2 ? "_wc" : "");
		r = look_up(fd, name, &st);
		if (r == 0)
			r = add_target(
				targets,
				(struct target){ .device = index,
						 .hold = HD_HOLD_RESOURCE,
						 .type = S_IFREG,
						 .major = st.stx_dev_major,
						 .minor = st.stx_dev_minor,
						 .ino = st.stx_ino,
						 .sysfs = true });
		r = hd_seen_optional(hd_seen_of(r));
	}
	return r;
}

/* "244:11" */
static int parse_numbers(const char *text, struct target *target)
{
	int n = -1;

	return sscanf(text, "%u:%u%n", &target->major, &target->minor, &n) ==
				       2 &&
			       n >= 0 && !text[n] ?
		       0 :
		       -EPROTO;
}

/*
 * The node of a device's VFIO group: what sysfs says that it stands for, and
 * what is in our own /dev if sysfs has no such class.
 */
static int add_group(struct targets *targets, const struct hd_host *host,
		     const struct hd_device *device, size_t index)
{
	struct target target = { .device = index,
				 .hold = HD_HOLD_VFIO,
				 .type = S_IFCHR };
	HD_AUTOFREE char *numbers = NULL;
	HD_AUTOCLOSE int fd = -1;
	struct statx st;
	char path[64];
	bool there;
	int r;

	if (device->group == HD_NO_GROUP)
		return 0;
	snprintf(path, sizeof(path), VFIO_GROUP, device->group);
	r = hd_seen_whether(hd_sysfs_read_class(host, VFIO_CLASS,
						strrchr(path, '/') + 1, "dev",
						&numbers),
			    &there);
	if (r < 0 || there) {
		if (r == 0)
			r = parse_numbers(numbers, &target);
		return r < 0 ? r : add_target(targets, target);
	}
	r = hd_seen_whether(hd_host_openat(host, path, O_PATH, &fd), &there);
	if (r < 0 || !there)
		return r;
	r = look_up(fd, "", &st);
	if (r < 0)
		return r;
	if (S_ISCHR(st.stx_mode)) {
		target.major = st.stx_rdev_major;
		target.minor = st.stx_rdev_minor;
	} else {
		target.type = S_IFREG;
		target.major = st.stx_dev_major;
		target.minor = st.stx_dev_minor;
		target.ino = st.stx_ino;
	}
	return add_target(targets, target);
}

static int add_nodes(struct targets *targets, const struct hd_nodes *nodes,
		     const struct hd_device *device, size_t index)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < nodes->n; i++) {
		const struct hd_node *node = &nodes->items[i];
		bool block = node->kind == HD_NODE_BLOCK;

		if (node->kind == HD_NODE_NET ||
		    !hd_addr_equal(node->addr, device->addr))
			continue;
		r = add_target(
			targets,
			(struct target){ .device = index,
					 .hold = block	      ? HD_HOLD_BLOCK :
						 device->vfio ? HD_HOLD_VFIO :
								HD_HOLD_CHAR,
					 .type = block ? S_IFBLK : S_IFCHR,
					 .major = node->major,
					 .minor = node->minor });
	}
	return r;
}

/* The first thing counts. */
static int cannot_tell(struct hd_holders *holders, char *cause, char *remedy,
		       struct hd_err *err)
{
	if (!cause || !remedy) {
		free(cause);
		free(remedy);
		return hd_err_nomem(err);
	}
	if (holders->unknown) {
		free(cause);
		free(remedy);
		return 0;
	}
	holders->unknown = cause;
	holders->remedy = remedy;
	return 0;
}

static int find_targets(const struct hd_host *host,
			const struct hd_device *devices, size_t n,
			const struct hd_nodes *nodes, struct targets *targets,
			struct hd_holders *holders, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_nodes(targets, nodes, &devices[i], i);
		if (r == 0)
			r = add_resources(targets, host, &devices[i], i);
		if (r == 0)
			r = add_group(targets, host, &devices[i], i);
		if (r == -ENOMEM)
			return hd_err_nomem(err);
		if (r < 0)
			r = cannot_tell(
				holders,
				hd_text("the numbers of the files of %s can't be read: %s",
					hd_addr_text(devices[i].addr).s,
					strerror(-r)),
				hd_text("ls -lL %s/devices/%s /dev/vfio",
					HD_SYSFS_PCI,
					hd_addr_text(devices[i].addr).s),
				err);
	}
	return r;
}

/* Of each sort as many as can be named in a sentence; the others are counted.
 */
static int add_holder(struct hd_holders *holders,
		      const struct hd_holder *holder)
{
	struct hd_holder *slot = NULL;
	size_t n = 0;

	for (size_t i = 0; i < holders->n; i++) {
		struct hd_holder *known = &holders->items[i];

		if (known->hold != holder->hold ||
		    known->writes != holder->writes ||
		    !hd_addr_equal(known->addr, holder->addr))
			continue;
		slot = known;
		n++;
	}
	if (n >= NAMED_LIMIT) {
		slot->others++;
		return 0;
	}
	slot = hd_array_add(&holders->items, &holders->n, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = *holder;
	return 0;
}

/* Until the worker says that it is at its end. */
static int collect(int fd, unsigned seconds, struct hd_holders *ret,
		   struct report *end)
{
	int64_t deadline = hd_now_ms() + (int64_t)seconds * 1000;

	for (;;) {
		int r = hd_worker_read(fd, deadline, end, sizeof(*end));

		if (r < 0 || end->end)
			return r;
		if (add_holder(ret, &end->holder) < 0)
			return -ENOMEM;
	}
}

/* What the worker didn't see. */
static int tell_blank(struct hd_holders *holders, const struct report *end,
		      struct hd_err *err)
{
	static const char *const verbs[] = {
		[A_PROCESS] = "does",
		[FILES] = "has open",
		[MAPS] = "maps",
	};
	const struct blank *blank = &end->blank;

	if (blank->what == NOTHING)
		return 0;
	if (!holders->unknown)
		holders->denied = end->denied;
	if (end->most_denied)
		return cannot_tell(
			holders,
			hd_text("what other processes have open may not be read here: %s",
				strerror(-blank->error)),
			hd_text("See what a security module forbids: journalctl -k --grep=denied"),
			err);
	if (blank->what == PROCESSES)
		return cannot_tell(holders,
				   hd_text(HD_PROC " can't be read: %s",
					   strerror(-blank->error)),
				   hd_text("ls " HD_PROC), err);
	return cannot_tell(
		holders,
		hd_text("what process %d (%s) %s can't be read: %s", blank->pid,
			blank->command, verbs[blank->what],
			strerror(-blank->error)),
		hd_text("Let it end, or end it: kill %d", blank->pid), err);
}

/* Why the worker didn't come to its end. */
static int tell_failure(struct hd_holders *holders, int r, unsigned seconds,
			struct hd_err *err)
{
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r == -ETIMEDOUT)
		return cannot_tell(
			holders,
			hd_text(HD_PROC " did not answer for %u seconds",
				seconds),
			hd_text("Look for processes in state D with: ps -eo pid,stat,wchan:30,args"),
			err);
	return cannot_tell(
		holders, hd_text("the process that looks for them was killed"),
		hd_text("See whether memory ran out: journalctl -k --grep=oom"),
		err);
}

/* Whether we are root of a user namespace only: "0 0 4294967295" is the first.
 */
static int read_contained(const struct hd_host *host, bool *ret)
{
	HD_AUTOFREE char *text = NULL;
	unsigned long inside, outside, length;
	size_t size;
	bool there;
	int r = hd_seen_whether(
		hd_host_read(host, HD_PROC_UID_MAP, 65536, &text, &size),
		&there);

	*ret = r == 0 && there &&
	       sscanf(text, "%lu %lu %lu", &inside, &outside, &length) == 3 &&
	       (inside || outside || length != UINT32_MAX);
	return r;
}

static int search(const struct hd_host *host, struct search *s,
		  unsigned seconds, struct hd_holders *holders,
		  struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct report end = { .end = false };
	pid_t maker = getpid(), pid = hd_worker_fork(host, &fd, err);
	int r;

	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		s->out_fd = fd;
		look(host, s, maker);
		_exit(0);
	}
	r = collect(fd, seconds, holders, &end);
	kill(pid, SIGKILL);
	/* When it is stuck we are not to be. */
	waitpid(pid, NULL, r == 0 ? 0 : WNOHANG);
	return r < 0 ? tell_failure(holders, r, seconds, err) :
		       tell_blank(holders, &end, err);
}

int hd_holders_find(const struct hd_host *host, const struct hd_device *devices,
		    size_t n, const struct hd_nodes *nodes, unsigned seconds,
		    struct hd_holders *ret, struct hd_err *err)
{
	HD_AUTO_HOLDERS struct hd_holders holders = HD_HOLDERS_INIT;
	AUTO_TARGETS struct targets targets = { NULL, 0 };
	HD_AUTOFREE struct found *found = NULL;
	struct search s = { .devices = devices,
			    .n_devices = n,
			    .targets = &targets,
			    .out_fd = -1,
			    .proc_fd = -1 };
	int r;

	if (!host->live)
		return -ENOTSUP;
	if (geteuid() != 0)
		return -EPERM;
	if (n == 0)
		return 0;
	s.found = found = calloc(n * N_HOLDS, sizeof(*found));
	if (!found)
		return hd_err_nomem(err);
	r = read_contained(host, &s.contained);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot read " HD_PROC_UID_MAP ": %s",
				  strerror(-r));
	r = find_targets(host, devices, n, nodes, &targets, &holders, err);
	if (r == 0)
		r = search(host, &s, seconds, &holders, err);
	if (r < 0)
		return r;
	*ret = holders;
	holders = (struct hd_holders)HD_HOLDERS_INIT;
	return 0;
}

/* What comes of an unbind, in this order; NULL stands for any driver. */
static const struct {
	enum hd_hold hold;
	const char *driver;
	bool only_writers;
	bool for_good; /* it blocks, or something is lost */
	const char *harm;
} harms[] = {
	/* vfio_unregister_group_dev() waits for the last user */
	{ HD_HOLD_VFIO, NULL, false, true,
	  "the kernel would wait until it lets go" },
	/* nv_pci_remove() loops until nobody uses the GPU */
	{ HD_HOLD_CHAR, "nvidia", false, true,
	  "driver nvidia would wait for it for ever" },
	{ HD_HOLD_BLOCK, NULL, true, true, "what it writes would be lost" },
	{ HD_HOLD_RESOURCE, NULL, false, false, "it drives the device itself" },
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

bool hd_holders_could_harm(const struct hd_device *device,
			   const struct hd_nodes *nodes)
{
	bool may_be[N_HOLDS] = { [HD_HOLD_VFIO] = device->vfio };

	for (size_t i = 0; i < nodes->n; i++) {
		if (!hd_addr_equal(nodes->items[i].addr, device->addr))
			continue;
		may_be[HD_HOLD_CHAR] |= nodes->items[i].kind == HD_NODE_CHAR;
		may_be[HD_HOLD_BLOCK] |= nodes->items[i].kind == HD_NODE_BLOCK;
	}
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++)
		if (harms[i].for_good && may_be[harms[i].hold] &&
		    (!harms[i].driver ||
		     (device->driver &&
		      strcmp(device->driver, harms[i].driver) == 0)))
			return true;
	return false;
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
		more += holder->others;
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
	free(holders->unknown);
	free(holders->remedy);
	*holders = (struct hd_holders)HD_HOLDERS_INIT;
}
