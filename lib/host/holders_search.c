// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/holders_search.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/host/holders_user.h"
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
 * Keeps in mind that something could not be looked at; nothing if it is no
 * more. In a user namespace that is most, which is said once; and who may not
 * see a container's first process, which is its maker's, is in one.
 */
static void miss(struct hd_holder_search *s, int what, int r, bool slight)
{
	struct hd_holder_progress *p = s->progress;
	bool denied = r == -EACCES || r == -EPERM;
	struct hd_holder_blank *blank =
		slight || denied ? &p->slight : &p->grave;

	p->partial |= denied && p->pid == 1;
	if (is_gone(r) || (denied && (s->contained || p->pid == 1)))
		return;
	s->is_denied |= denied;
	if (blank->what != HD_BLANK_NOTHING)
		return;
	if (blank == &p->slight)
		p->denied = denied;
	blank->error = r;
	blank->pid = p->pid;
	if (s->proc_fd >= 0) {
		read_command(s, blank->command, sizeof(blank->command));
		blank->user = hd_holder_user(s);
	}
	blank->what = what;
}

/*
 * Takes so much of the share of the process's user. False when there is nothing
 * left of it: it isn't looked at any further.
 */
static bool spend(struct hd_holder_search *s, unsigned n)
{
	struct hd_holder_progress *p = s->progress;

	p->n_things += n;
	if (s->is_many)
		return false;
	if (p->n_things <= HD_HOLDERS_FREE)
		return true;
	if (!s->has_account)
		s->account = hd_holder_find_account(s);
	s->has_account = true;
	if (!s->account || (s->account->n += n) <= HD_HOLDERS_SHARE)
		return true;
	s->is_many = true;
	miss(s, HD_BLANK_MANY, -EUSERS,
	     p->stage == HD_STAGE_MAPS || !hd_holder_may_hold(s));
	return false;
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
				    .pid = s->progress->pid },
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
 * Whether the mount or the file system that a line of mountinfo stands for is
 * the one; -1 is any mount. Sets where its kind stands, proc_pid_mountinfo(5):
 * "36 35 98:0 /a /b rw master:1 - ext4 /dev/root rw"; blanks in names are \040.
 */
static bool is_mount(const char *line, long id, unsigned major, unsigned minor,
		     const char **ret)
{
	const char *kind = strstr(line, " - ");
	unsigned its_major, its_minor;
	long its_id;

	if (!kind ||
	    sscanf(line, "%ld %*d %u:%u", &its_id, &its_major, &its_minor) != 3)
		return false;
	*ret = kind + strlen(" - ");
	return id >= 0 ? its_id == id :
			 its_major == major && its_minor == minor;
}

/*
 * Looks for a mount of the process, by its number, or, if that is -1, by the
 * numbers of its file system, and says whether that is of the kind: nothing
 * asks the file system itself, whose server may never answer. Returns 1, 0 or a
 * negative errno, -ENODATA when the process has no such mount any more.
 */
static int is_of_kind(struct hd_holder_search *s, long id, unsigned major,
		      unsigned minor, const char *kind)
{
	int fd = openat(s->proc_fd, "mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	HD_AUTOFREE char *line = NULL;
	size_t size = 0;
	int r = -ENODATA;

	if (!file) {
		r = -errno;
		hd_auto_close(&fd);
		return r;
	}
	while (r == -ENODATA && spend(s, 1) &&
	       (errno = 0, getline(&line, &size, file) > 0)) {
		const char *its, *rest;

		if (!is_mount(line, id, major, minor, &its))
			continue;
		rest = hd_after(its, kind);
		/* "fuse.sshfs" is one of "fuse" */
		r = rest && (*rest == ' ' || *rest == '.');
	}
	if (ferror(file))
		r = errno ? -errno : -EIO;
	fclose(file);
	return r;
}

/*
 * Whether a regular file is the one that is looked for: a file of sysfs has its
 * number in every network namespace, each of which has a sysfs of its own
 * (fs/kernfs/mount.c). Returns 1, 0 or a negative errno.
 */
static int is_file(struct hd_holder_search *s,
		   const struct hd_holder_target *target, unsigned major,
		   unsigned minor, uint64_t ino)
{
	if (target->type != S_IFREG || target->ino != ino)
		return 0;
	if (target->major == major && target->minor == minor)
		return 1;
	return target->sysfs ? is_of_kind(s, -1, major, minor, "sysfs") : 0;
}

/*
 * A number of an open file in /proc/PID/fdinfo/FD: "flags:	0100002".
 */
static int read_info(const struct hd_holder_search *s, const char *number,
		     const char *name, int base, long *ret)
{
	HD_AUTOFREE char *text = NULL;
	const char *line;
	char path[64];
	char *end;
	int r;

	snprintf(path, sizeof(path), "fdinfo/%.20s", number);
	r = hd_holder_read(s, path, 4096, &text);
	if (r < 0)
		return r;
	line = strstr(text, name);
	if (!line)
		return -EPROTO;
	line += strlen(name);
	*ret = strtol(line, &end, base);
	return end == line ? -EPROTO : 0;
}

static int match_file(struct hd_holder_search *s,
		      const struct hd_holder_target *target, int fd_fd,
		      const char *number, const struct statx *st)
{
	char path[PATH_MAX];
	long flags = 0;
	ssize_t n;
	int r;

	if (target->type != S_IFREG)
		r = target->major == st->stx_rdev_major &&
		    target->minor == st->stx_rdev_minor;
	else
		r = is_file(s, target, st->stx_dev_major, st->stx_dev_minor,
			    st->stx_ino);
	if (r <= 0)
		return r;
	/* One that is open with O_PATH took no permission: it holds nothing. */
	r = read_info(s, number, "flags:\t", 8, &flags);
	if (r < 0 || (flags & O_PATH))
		return r;
	n = readlinkat(fd_fd, number, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	keep(s, target, (flags & O_ACCMODE) != O_RDONLY, path);
	return 0;
}

/* What a user can bring about, and what only his can be, is slight. */
static void miss_file(struct hd_holder_search *s, int r, bool slight)
{
	if (!is_gone(r))
		miss(s, HD_BLANK_FILES, r, slight || !hd_holder_may_hold(s));
}

/* One open file. */
static void look_at_file(struct hd_holder_search *s, int fd_fd,
			 const char *number)
{
	struct statx st;
	int r = 0;

	/* What the kernel has, without asking a server that may not answer. */
	if (statx(fd_fd, number, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
		  &st) < 0) {
		long mount = -1;

		r = -errno;
		/* Of FUSE, where no file is a device. */
		if (is_gone(r) ||
		    (read_info(s, number, "mnt_id:\t", 10, &mount) == 0 &&
		     is_of_kind(s, mount, 0, 0, "fuse") == 1))
			return;
		miss_file(s, r, false);
		return;
	}
	for (size_t i = 0; i < s->targets->n; i++) {
		const struct hd_holder_target *target = &s->targets->items[i];

		if ((st.stx_mode & S_IFMT) != target->type)
			continue;
		r = match_file(s, target, fd_fd, number, &st);
		/* Memory of a device blocks nobody. */
		if (r < 0)
			miss_file(s, r, target->hold == HD_HOLD_RESOURCE);
	}
}

/*
 * False for who has no open files: a thread of the kernel, which most processes
 * are, or one that ended.
 */
static bool look_at_files(struct hd_holder_search *s)
{
	int fd = openat(s->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool any = false;
	int r = 0;

	if (!dir) {
		miss(s, HD_BLANK_FILES, -errno, false);
		hd_auto_close(&fd);
		return true;
	}
	while (spend(s, 1) && (entry = hd_dir_next(dir, &r))) {
		any = true;
		look_at_file(s, fd, entry->d_name);
	}
	if (r < 0)
		miss(s, HD_BLANK_FILES, r, false);
	closedir(dir);
	return any;
}

/* "7f0a1000-7f0a2000 rw-s 00000000 00:16 12345    /sys/..." */
static int look_at_map(struct hd_holder_search *s, char *line)
{
	unsigned major, minor;
	uint64_t ino;
	int r = 0, n = -1;

	if (sscanf(line, "%*x-%*x %*s %*x %x:%x %" SCNu64 " %n", &major, &minor,
		   &ino, &n) != 3 ||
	    n < 0)
		return -EPROTO;
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; r == 0 && ino && i < s->targets->n; i++) {
		r = is_file(s, &s->targets->items[i], major, minor, ino);
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
		miss(s, HD_BLANK_MAPS, -errno, true);
		hd_auto_close(&fd);
		return true;
	}
	while (spend(s, 1) && (errno = 0, getline(&line, &size, file) > 0)) {
		int r = look_at_map(s, line);

		any = true;
		if (r < 0)
			miss(s, HD_BLANK_MAPS, r, true);
	}
	if (!s->is_many && !feof(file))
		miss(s, HD_BLANK_MAPS, errno ? -errno : -EIO, true);
	fclose(file);
	return any;
}

/* A thread, or the process whose first one it is. */
static bool look_at_thread(struct hd_holder_search *s, int dir_fd,
			   const char *name)
{
	bool any = true;

	s->proc_fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc_fd < 0) {
		miss(s, HD_BLANK_PROCESS, -errno, false);
		return true;
	}
	if (s->resumed)
		/* The worker before this one got no further. */
		miss(s,
		     s->progress->stage == HD_STAGE_MAPS ? HD_BLANK_MAPS :
							   HD_BLANK_FILES,
		     -ETIMEDOUT, s->progress->stage == HD_STAGE_MAPS);
	else if (spend(s, 10))
		any = s->progress->stage == HD_STAGE_MAPS ? look_at_maps(s) :
							    look_at_files(s);
	tell_found(s);
	close(s->proc_fd);
	s->proc_fd = -1;
	return any || s->is_many;
}

/* When the first thread has ended, the others may well go on. */
static void look_at_threads(struct hd_holder_search *s, int dir_fd,
			    const char *name)
{
	const struct dirent *entry;
	char path[64];
	struct stat st;
	DIR *dir;
	int fd, r = 0;

	snprintf(path, sizeof(path), "%.20s/task", name);
	/* Its entry, its ".", and a ".." of each thread: of one only, mostly.
	 */
	if (fstatat(dir_fd, path, &st, 0) == 0 && st.st_nlink == 3)
		return;
	fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		miss(s, HD_BLANK_PROCESS, -errno, false);
		hd_auto_close(&fd);
		return;
	}
	while ((entry = hd_dir_next(dir, &r)))
		if (strcmp(entry->d_name, name) != 0 &&
		    look_at_thread(s, fd, entry->d_name))
			break; /* they have all in common */
	if (r < 0)
		miss(s, HD_BLANK_PROCESS, r, false);
	closedir(dir);
}

static void look_at_process(struct hd_holder_search *s, int dir_fd,
			    const char *name)
{
	struct hd_holder_progress *p = s->progress;

	s->has_account = s->is_denied = s->is_many = false;
	if (!look_at_thread(s, dir_fd, name))
		look_at_threads(s, dir_fd, name);
	p->n_seen += p->stage == HD_STAGE_FILES;
	p->n_denied += p->stage == HD_STAGE_FILES && s->is_denied;
}

/* All processes, one stage; /proc has them in the order of their numbers. */
static void look_at_processes(struct hd_holder_search *s, pid_t maker)
{
	struct hd_holder_progress *p = s->progress;
	const struct dirent *entry;
	int fd = -1, r = 0;
	DIR *dir;

	r = hd_seen_required(
		hd_host_openat(s->host, HD_PROC, O_RDONLY | O_DIRECTORY, &fd));
	dir = r < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		p->pid = 0;
		miss(s, HD_BLANK_PROCESSES, -EIO, false);
		return;
	}
	while ((entry = hd_dir_next(dir, &r))) {
		pid_t pid = atoi(entry->d_name);

		if (!isdigit((unsigned char)entry->d_name[0]) || pid == maker ||
		    pid < p->pid || (pid == p->pid && !s->resumed))
			continue;
		s->resumed &= pid == p->pid;
		p->pid = pid;
		look_at_process(s, fd, entry->d_name);
		s->resumed = false;
	}
	p->pid = 0;
	if (r < 0)
		miss(s, HD_BLANK_PROCESSES, is_gone(r) ? -EIO : r, false);
	closedir(dir);
}

void hd_holders_look(struct hd_holder_search *s, pid_t maker)
{
	const struct hd_holder_report end = { .end = true };
	struct hd_holder_progress *p = s->progress;

	for (; p->stage < HD_N_STAGES; p->stage++)
		look_at_processes(s, maker);
	/* So that a death in the middle isn't taken for the end. */
	tell(s, &end);
}
