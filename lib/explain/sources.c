// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/explain/sdjournal.h"

#define QEMU_LOGS "var/log/libvirt/qemu"
#define MIB (1024 * 1024)

/* What is read of a log's end. */
#define QEMU_TAIL (1 * MIB)
#define FILE_TAIL (64 * MIB)

/* A record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg). */
#define KMSG_SIZE 8192

struct feeder {
	struct hd_explain *explain;
	const struct hd_host *host;
	struct hd_sources *sources;
	int64_t since;
};

/* Adds a text that hd_text() made, or a copy was made of. */
static int note(char ***array, size_t *n, char *text)
{
	char **slot = text ? hd_array_add(array, n, sizeof(*slot)) : NULL;

	if (!slot) {
		free(text);
		return -ENOMEM;
	}
	*slot = text;
	return 0;
}

static int note_read(struct feeder *feeder, const char *name)
{
	return note(&feeder->sources->read, &feeder->sources->n_read,
		    strdup(name));
}

/* What isn't there is not missed. */
static int note_unread(struct feeder *feeder, const char *name, int r)
{
	if (r == -ENOENT)
		return 0;
	return note(&feeder->sources->unread, &feeder->sources->n_unread,
		    hd_text("cannot read %s: %s", name, strerror(-r)));
}

/* Seconds after 1970 at which this machine's clock of @id was 0. */
static int64_t zero_of(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return time(NULL) - now.tv_sec;
}

/* "6,339,5140900,-;message", then lines about the device. */
static int feed_kmsg(struct feeder *feeder, char *record, int64_t boot)
{
	char *message = strchr(record, ';'), *text = NULL;
	unsigned long long usec;

	if (!message || sscanf(record, "%*u,%*u,%llu", &usec) != 1 ||
	    boot + (int64_t)(usec / 1000000) < feeder->since)
		return 0;
	message[strcspn(message, "\n")] = '\0';
	text = hd_text("[%5llu.%06llu] %s\n", usec / 1000000, usec % 1000000,
		       message + 1);
	if (!text)
		return -ENOMEM;
	hd_explain_feed(feeder->explain, text, strlen(text));
	free(text);
	return 0;
}

static int read_kmsg(struct feeder *feeder)
{
	HD_AUTOCLOSE int fd =
		open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int64_t boot = zero_of(CLOCK_MONOTONIC);
	char record[KMSG_SIZE];

	if (fd < 0)
		return note_unread(feeder, "the kernel's log", -errno);
	hd_explain_booted(feeder->explain, boot);
	for (;;) {
		ssize_t n = read(fd, record, sizeof(record) - 1);

		/* EPIPE: records were overwritten before they were read. */
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n < 0 && errno != EAGAIN)
			return note_unread(feeder, "the kernel's log", -errno);
		if (n <= 0)
			break;
		record[n] = '\0';
		if (feed_kmsg(feeder, record, boot) < 0)
			return -ENOMEM;
	}
	hd_explain_end(feeder->explain);
	hd_explain_booted(feeder->explain, 0);
	return note_read(feeder, "the kernel's log");
}

/* Opens a file and goes to where its last @tail bytes begin. */
static int open_tail(const struct hd_host *host, const char *path, off_t tail)
{
	HD_AUTOCLOSE int fd = -1;
	struct stat st;
	int r = hd_seen_required(
		hd_host_openat(host, path, O_RDONLY | O_NONBLOCK, &fd));

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (lseek(fd, st.st_size > tail ? st.st_size - tail : 0, SEEK_SET) < 0)
		return -errno;
	return hd_steal_fd(&fd);
}

static int feed_file(struct feeder *feeder, const char *path, int64_t since)
{
	HD_AUTOFREE char *name = hd_text("/%s", path);
	HD_AUTOCLOSE int fd = open_tail(feeder->host, path, FILE_TAIL);
	int r = fd;

	if (!name)
		return -ENOMEM;
	if (fd >= 0) {
		hd_explain_since(feeder->explain, since);
		r = hd_explain_read(feeder->explain, fd);
		hd_explain_since(feeder->explain, 0);
	}
	return r < 0 ? note_unread(feeder, name, r) : note_read(feeder, name);
}

/* Where the last start of the guest begins in QEMU's log. */
static const char *last_start(const char *text)
{
	static const char start[] = ": starting up libvirt version";
	const char *found = text;

	for (const char *p = text; (p = strstr(p, start)); p++)
		found = p;
	while (found > text && found[-1] != '\n')
		found--;
	return found;
}

static int feed_last_start(struct feeder *feeder, const char *path)
{
	HD_AUTOFREE char *name = hd_text("/%s", path);
	HD_AUTOFREE char *text = NULL;
	HD_AUTOCLOSE int fd = open_tail(feeder->host, path, QEMU_TAIL);
	const char *start;
	size_t n;
	int r = fd;

	if (!name)
		return -ENOMEM;
	/* It may grow meanwhile. */
	if (fd >= 0)
		r = hd_read_all(fd, 2 * QEMU_TAIL, &text, &n);
	if (r < 0)
		return note_unread(feeder, name, r);
	start = last_start(text);
	hd_explain_feed(feeder->explain, start, n - (size_t)(start - text));
	hd_explain_end(feeder->explain);
	return note_read(feeder, name);
}

struct newest {
	const struct hd_host *host;
	char *name;
	struct timespec time;
};

static int visit_log(void *data, int dir_fd, const char *name)
{
	struct newest *newest = data;
	HD_AUTOFREE char *path = hd_text(QEMU_LOGS "/%s", name);
	HD_AUTOCLOSE int fd = -1;
	struct stat st;
	bool there;
	char *copy;
	int r;

	(void)dir_fd;
	if (!path)
		return -ENOMEM;
	if (!hd_ends_with(name, ".log"))
		return 0;
	/* By its path: a copied tree has links of its own. */
	r = hd_seen_whether(hd_host_openat(newest->host, path, O_PATH, &fd),
			    &there);
	/* A link of a copied tree, to what wasn't copied. */
	if (r == 0 && !there && !newest->host->live)
		r = -ENOLINK;
	if (r < 0 || !there)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) ||
	    (newest->name && (st.st_mtim.tv_sec < newest->time.tv_sec ||
			      (st.st_mtim.tv_sec == newest->time.tv_sec &&
			       st.st_mtim.tv_nsec < newest->time.tv_nsec))))
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(newest->name);
	newest->name = copy;
	newest->time = st.st_mtim;
	return 0;
}

/* The log of QEMU that was written last; NULL when there is none. */
static int find_newest(struct feeder *feeder, char **ret)
{
	struct newest newest = { .host = feeder->host };
	int fd = -1, r;
	struct hd_seen seen = hd_host_openat(feeder->host, QEMU_LOGS,
					     O_RDONLY | O_DIRECTORY, &fd);

	r = seen.is == HD_PRESENT ? hd_dir_each(fd, visit_log, &newest) :
				    seen.error;
	if (r == -ENOMEM) {
		free(newest.name);
		return r;
	}
	*ret = newest.name;
	return r < 0 ? note_unread(feeder, "/" QEMU_LOGS, r) : 0;
}

static bool may_be_there(const struct hd_host *host, const char *path)
{
	HD_AUTOCLOSE int fd = -1;

	return hd_host_openat(host, path, O_PATH, &fd).is != HD_ABSENT;
}

static int read_qemu_log(struct feeder *feeder, const char *domain)
{
	HD_AUTOFREE char *name = NULL;
	HD_AUTOFREE char *path = NULL;
	int r = 0;

	if (domain)
		name = hd_text("%s.log", domain);
	else
		r = find_newest(feeder, &name);
	if (r < 0 || !name)
		return r;
	path = hd_text(QEMU_LOGS "/%s", name);
	if (!path)
		return -ENOMEM;
	/* Of the guest that was asked for a missing log is missed. */
	if (domain && !may_be_there(feeder->host, path))
		return note(&feeder->sources->unread,
			    &feeder->sources->n_unread,
			    hd_text("there is no /%s", path));
	if (feeder->since)
		return feed_file(feeder, path, feeder->since);
	return feed_last_start(feeder, path);
}

/* The daemon's log, where it isn't the journal, and a copied kernel's. */
static int read_files(struct feeder *feeder, int64_t since)
{
	static const char *const files[] = { "var/log/libvirt/libvirtd.log",
					     "var/log/libvirt/virtqemud.log",
					     "var/log/dmesg",
					     "var/log/kern.log",
					     "var/log/syslog",
					     "var/log/messages" };
	size_t n = feeder->host->live ? 2 : sizeof(files) / sizeof(files[0]);

	for (size_t i = 0; i < n; i++) {
		int r = feed_file(feeder, files[i], since);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_journal(struct feeder *feeder, int64_t since)
{
	int r = hd_sdjournal_feed(feeder->explain, feeder->host, since);

	if (r == -ENOMEM)
		return r;
	return r < 0 ? note_unread(feeder, "the journal", r) :
		       note_read(feeder, "the journal");
}

static int read_live(struct feeder *feeder, const char *domain)
{
	int64_t since = feeder->since ? feeder->since : zero_of(CLOCK_BOOTTIME);
	int r = read_kmsg(feeder);

	if (r == 0)
		r = read_qemu_log(feeder, domain);
	if (r == 0)
		r = read_journal(feeder, since);
	return r < 0 ? r : read_files(feeder, since);
}

int hd_sources_feed(struct hd_explain *explain, const struct hd_host *host,
		    const char *domain, int64_t since, struct hd_sources *ret)
{
	struct feeder feeder = { explain, host, ret, since };
	int r;

	if (host->live)
		return read_live(&feeder, domain);
	r = read_qemu_log(&feeder, domain);
	if (r == 0)
		r = read_journal(&feeder, since);
	return r < 0 ? r : read_files(&feeder, since);
}

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void hd_sources_clear(struct hd_sources *sources)
{
	free_texts(sources->read, sources->n_read);
	free_texts(sources->unread, sources->n_unread);
	*sources = (struct hd_sources){ .read = NULL };
}
