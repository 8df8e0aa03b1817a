// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/holders_search.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/host/proc.h"

/* Empty when the process has just ended. */
static void read_command(const struct hd_holder_search *s, char *ret,
			 size_t size)
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
static void miss(struct hd_holder_search *s, int what, int r)
{
	struct hd_holder_blank *blank = &s->blank;

	if (is_gone(r))
		return;
	if (r == -EACCES || r == -EPERM) {
		if (s->contained || s->pid == 1)
			return;
		s->is_denied = true;
		blank = &s->denied;
	}
	if (blank->what != HD_BLANK_NOTHING)
		return;
	*blank = (struct hd_holder_blank){ what, r, s->pid, "" };
	if (s->proc_fd >= 0)
		read_command(s, blank->command, sizeof(blank->command));
}

static void tell(const struct hd_holder_search *s,
		 const struct hd_holder_report *report)
{
	if (write(s->out_fd, report, sizeof(*report)) != sizeof(*report))
		_exit(1);
}

/* One process is named once for each kind of thing that it holds. */
static void tell_found(struct hd_holder_search *s)
{
	for (size_t i = 0; i < s->n_devices * HD_N_HOLDS; i++) {
		struct hd_holder_found *found = &s->found[i];
		struct hd_holder_report report = {
			.holder = { .addr = s->devices[i / HD_N_HOLDS].addr,
				    .hold = (enum hd_hold)(i % HD_N_HOLDS),
				    .writes = found->writes,
				    .pid = s->pid },
		};

		if (!found->any)
			continue;
		read_command(s, report.holder.command,
			     sizeof(report.holder.command));
		memcpy(report.holder.path, found->path, sizeof(found->path));
		tell(s, &report);
		*found = (struct hd_holder_found){ .any = false };
	}
}

/* It is named for what it writes to rather than for what it reads. */
static void keep(struct hd_holder_search *s,
		 const struct hd_holder_target *target, bool writes,
		 const char *path)
{
	struct hd_holder_found *found =
		&s->found[target->device * HD_N_HOLDS + target->hold];

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
static int is_file(const struct hd_holder_target *target, unsigned major,
		   unsigned minor, uint64_t ino, int dir_fd, const char *name)
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
static int read_flags(const struct hd_holder_search *s, const char *number,
		      unsigned *ret)
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

static int match_file(struct hd_holder_search *s,
		      const struct hd_holder_target *target, int fd_fd,
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
static int look_at_file(struct hd_holder_search *s, int fd_fd,
			const char *number)
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

static void look_at_files(struct hd_holder_search *s)
{
	int fd = openat(s->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		miss(s, HD_BLANK_FILES, -errno);
		hd_auto_close(&fd);
		return;
	}
	while ((entry = hd_dir_next(dir, &r))) {
		int one = look_at_file(s, fd, entry->d_name);

		if (one < 0)
			miss(s, HD_BLANK_FILES, one);
	}
	if (r < 0)
		miss(s, HD_BLANK_FILES, r);
	closedir(dir);
}

/* "7f0a1000-7f0a2000 rw-s 00000000 00:16 12345    /sys/..." */
static int look_at_map(struct hd_holder_search *s, char *line)
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
static bool look_at_maps(struct hd_holder_search *s)
{
	int fd = openat(s->proc_fd, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	HD_AUTOFREE char *line = NULL;
	size_t size = 0;
	bool any = false;

	if (!file) {
		miss(s, HD_BLANK_MAPS, -errno);
		hd_auto_close(&fd);
		return true;
	}
	while (errno = 0, getline(&line, &size, file) > 0) {
		int r = look_at_map(s, line);

		any = true;
		if (r < 0)
			miss(s, HD_BLANK_MAPS, r);
	}
	if (!feof(file))
		miss(s, HD_BLANK_MAPS, errno ? -errno : -EIO);
	fclose(file);
	return any;
}

/* A thread, or the process whose first one it is. */
static bool look_at_thread(struct hd_holder_search *s, int dir_fd,
			   const char *name)
{
	bool any = false;

	s->proc_fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc_fd < 0) {
		miss(s, HD_BLANK_PROCESS, -errno);
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
static void look_at_threads(struct hd_holder_search *s, int dir_fd,
			    const char *name)
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;
	int fd, r = 0;

	snprintf(path, sizeof(path), "%.20s/task", name);
	fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		miss(s, HD_BLANK_PROCESS, -errno);
		hd_auto_close(&fd);
		return;
	}
	while ((entry = hd_dir_next(dir, &r)))
		if (strcmp(entry->d_name, name) != 0 &&
		    look_at_thread(s, fd, entry->d_name))
			break; /* they have all in common */
	if (r < 0)
		miss(s, HD_BLANK_PROCESS, r);
	closedir(dir);
}

void hd_holders_look(const struct hd_host *host, struct hd_holder_search *s,
		     pid_t maker)
{
	struct hd_holder_report end = { .end = true };
	const struct dirent *entry;
	int fd = -1, r = 0;
	DIR *dir;

	r = hd_seen_required(
		hd_host_openat(host, HD_PROC, O_RDONLY | O_DIRECTORY, &fd));
	dir = r < 0 ? NULL : fdopendir(fd);
	if (!dir)
		miss(s, HD_BLANK_PROCESSES, -EIO);
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
		miss(s, HD_BLANK_PROCESSES, is_gone(r) ? -EIO : r);
	end.blank = s->blank;
	if (s->blank.what == HD_BLANK_NOTHING &&
	    s->denied.what != HD_BLANK_NOTHING) {
		end.blank = s->denied;
		end.denied = true;
		end.most_denied = s->n_denied > s->n_seen / 2;
	}
	/* So that a death in the middle isn't taken for the end. */
	tell(s, &end);
}
