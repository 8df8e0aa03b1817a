// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/print.h"
#include "lib/host/holders_search.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"
#include "lib/host/worker.h"

#define VFIO_GROUP "/dev/vfio/%d"
#define VFIO_CLASS "vfio"

/* The base address registers of a function. */
#define N_BARS 6

#define AUTO_TARGETS __attribute__((cleanup(targets_clear)))

static void targets_clear(struct hd_holder_targets *targets)
{
	free(targets->items);
}

static int add_target(struct hd_holder_targets *targets,
		      struct hd_holder_target target)
{
	struct hd_holder_target *slot = hd_array_add(
		&targets->items, &targets->n, sizeof(*targets->items));

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
static int add_resources(struct hd_holder_targets *targets,
			 const struct hd_host *host,
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
			r = add_target(targets,
				       (struct hd_holder_target){
					       .device = index,
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
static int parse_numbers(const char *text, struct hd_holder_target *target)
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
static int add_group(struct hd_holder_targets *targets,
		     const struct hd_host *host, const struct hd_device *device,
		     size_t index)
{
	struct hd_holder_target target = { .device = index,
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

static int add_nodes(struct hd_holder_targets *targets,
		     const struct hd_nodes *nodes,
		     const struct hd_device *device, size_t index)
{
	size_t n;
	const struct hd_node *of = hd_nodes_of(nodes, device->addr, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct hd_node *node = &of[i];
		bool block = node->kind == HD_NODE_BLOCK;

		if (node->kind == HD_NODE_NET)
			continue;
		r = add_target(targets,
			       (struct hd_holder_target){
				       .device = index,
				       .hold = block	    ? HD_HOLD_BLOCK :
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
			const struct hd_nodes *nodes,
			struct hd_holder_targets *targets,
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

/* Of each sort not too many are kept; the others are counted. */
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
	if (n >= HD_HOLDERS_KEPT) {
		slot->others++;
		return 0;
	}
	slot = hd_array_add(&holders->items, &holders->n, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = *holder;
	return 0;
}

/* What the worker didn't see. */
static int tell_blank(struct hd_holders *holders,
		      const struct hd_holder_blank *blank, struct hd_err *err)
{
	static const char *const verbs[] = {
		[HD_BLANK_PROCESS] = "does",
		[HD_BLANK_FILES] = "has open",
		[HD_BLANK_MAPS] = "maps",
	};
	const char *cause = blank->error == -ETIMEDOUT ?
				    "there is no answer" :
				    strerror(-blank->error);
	char of_user[32] = "";

	if (blank->user)
		snprintf(of_user, sizeof(of_user), " of user %u", blank->user);
	if (blank->what == HD_BLANK_PROCESSES)
		return cannot_tell(holders,
				   hd_text(HD_PROC " can't be read: %s", cause),
				   hd_text("ls " HD_PROC), err);
	if (blank->what == HD_BLANK_MANY)
		return cannot_tell(
			holders,
			hd_text("user %u has too many files open or mapped for all of them to be looked at, process %d (%s) among others",
				blank->user, blank->pid, blank->command),
			hd_text("Let that user's processes end, or end them: pkill -KILL -U %u",
				blank->user),
			err);
	return cannot_tell(
		holders,
		hd_text("what process %d (%s)%s %s can't be read: %s",
			blank->pid, blank->command, of_user, verbs[blank->what],
			cause),
		hd_text("Let it end, or end it: kill %d", blank->pid), err);
}

/* Of what was not seen, the gravest. */
static int tell_blanks(struct hd_holders *holders,
		       const struct hd_holder_progress *progress,
		       struct hd_err *err)
{
	if (progress->grave.what != HD_BLANK_NOTHING)
		return tell_blank(holders, &progress->grave, err);
	if (progress->slight.what == HD_BLANK_NOTHING)
		return 0;
	if (!holders->unknown)
		holders->slight = true;
	if (progress->denied && progress->n_denied > progress->n_seen / 2)
		return cannot_tell(
			holders,
			hd_text("what other processes have open may not be read here: %s",
				strerror(-progress->slight.error)),
			hd_text("See what a security module forbids: journalctl -k --grep=denied"),
			err);
	return tell_blank(holders, &progress->slight, err);
}

/* Why the worker didn't come to its end. */
static int tell_failure(struct hd_holders *holders, int r,
			const struct hd_holder_progress *progress,
			unsigned seconds, struct hd_err *err)
{
	char at[64] = "";

	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r != -ETIMEDOUT)
		return cannot_tell(
			holders,
			hd_text("the process that looks for them was killed"),
			hd_text("See whether memory ran out: journalctl -k --grep=oom"),
			err);
	if (progress->stage == HD_STAGE_MAPS && !holders->unknown &&
	    progress->grave.what == HD_BLANK_NOTHING)
		holders->slight = true;
	if (progress->pid)
		snprintf(at, sizeof(at), ", and process %d is not the last",
			 progress->pid);
	return cannot_tell(
		holders,
		hd_text("they could not all be looked at within %u seconds%s",
			seconds, at),
		hd_text("Look for processes in state D with: ps -eo pid,stat,wchan:30,args"),
		err);
}

/*
 * Until the worker says that it is at its end, or doesn't get on any more:
 * -EAGAIN. That isn't one that only gets no processor. Another negative errno
 * when that's all that it will ever say.
 */
static int collect(const struct hd_holder_search *s, pid_t worker, int fd,
		   int64_t deadline, struct hd_holders *ret)
{
	const struct hd_holder_progress *progress = s->progress;
	struct hd_holder_report report;

	for (;;) {
		unsigned long n = progress->n_things;
		int64_t limit = hd_now_ms() + HD_HOLDERS_PATIENCE;
		int r = hd_worker_read(fd, limit < deadline ? limit : deadline,
				       &report, sizeof(report));

		if (r == -ETIMEDOUT && hd_now_ms() < deadline) {
			if (progress->pid && progress->n_things == n &&
			    hd_process_is_busy(s->host, worker).is !=
				    HD_PRESENT)
				return -EAGAIN;
			continue;
		}
		if (r < 0 || report.end)
			return r;
		if (add_holder(ret, &report.holder) < 0)
			return -ENOMEM;
	}
}

/* Whether we see the host's processes: its first namespaces have these numbers,
 * enum init_ns_ino of linux/nsfs.h. */
static int read_contained(const struct hd_host *host, bool *ret)
{
	static const struct {
		const char *name, *text;
	} first[] = { { "pid", "pid:[4026531836]" },
		      { "user", "user:[4026531837]" } };

	*ret = false;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		char path[64], text[64];
		ssize_t n;

		snprintf(path, sizeof(path), HD_PROC_NAMESPACE, first[i].name);
		n = readlinkat(host->root_fd, path + 1, text, sizeof(text));
		/* A kernel may be made without. */
		if (n < 0 && errno != ENOENT)
			return -errno;
		if (n >= 0 && ((size_t)n != strlen(first[i].text) ||
			       memcmp(text, first[i].text, (size_t)n) != 0))
			*ret = true;
	}
	return 0;
}

static int search(struct hd_holder_search *s, unsigned seconds,
		  struct hd_holders *holders, struct hd_err *err)
{
	int64_t deadline = hd_now_ms() + (int64_t)seconds * 1000;
	int r;

	do {
		HD_AUTOCLOSE int fd = -1;
		pid_t maker = getpid(), pid = hd_worker_fork(s->host, &fd, err);

		if (pid < 0)
			return (int)pid;
		if (pid == 0) {
			s->out_fd = fd;
			hd_holders_look(s, maker);
			_exit(0);
		}
		r = collect(s, pid, fd, deadline, holders);
		kill(pid, SIGKILL);
		/* When it is stuck we are not to be. */
		waitpid(pid, NULL, r == 0 ? 0 : WNOHANG);
		s->resumed = true;
	} while (r == -EAGAIN);
	if (r < 0)
		r = tell_failure(holders, r, s->progress, seconds, err);
	return r < 0 ? r : tell_blanks(holders, s->progress, err);
}

int hd_holders_find(const struct hd_host *host, const struct hd_device *devices,
		    size_t n, const struct hd_nodes *nodes, unsigned seconds,
		    struct hd_holders *ret, struct hd_err *err)
{
	HD_AUTO_HOLDERS struct hd_holders holders = HD_HOLDERS_INIT;
	AUTO_TARGETS struct hd_holder_targets targets = { NULL, 0 };
	HD_AUTOFREE struct hd_holder_found *found = NULL;
	struct hd_holder_search s = { .host = host,
				      .devices = devices,
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
	s.found = found = calloc(n * HD_N_HOLDS, sizeof(*found));
	if (!found)
		return hd_err_nomem(err);
	r = find_targets(host, devices, n, nodes, &targets, &holders, err);
	if (r < 0)
		return r;
	s.progress = mmap(NULL, sizeof(*s.progress), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.progress == MAP_FAILED)
		return hd_err_nomem(err);
	r = read_contained(host, &s.contained);
	r = r < 0 ? hd_err_set(err, -r, "cannot read " HD_PROC "/self/ns: %s",
			       strerror(-r)) :
		    search(&s, seconds, &holders, err);
	holders.contained = s.contained || s.progress->partial;
	munmap(s.progress, sizeof(*s.progress));
	if (r < 0)
		return r;
	*ret = holders;
	holders = (struct hd_holders)HD_HOLDERS_INIT;
	return 0;
}

void hd_holders_clear(struct hd_holders *holders)
{
	free(holders->items);
	free(holders->unknown);
	free(holders->remedy);
	*holders = (struct hd_holders)HD_HOLDERS_INIT;
}
