// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/capture/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/host/sysfs.h"
#include "lib/host/worker.h"

/* Nothing that is recorded takes so long. */
#define READ_SECONDS 5

/* Bytes of all contents together. */
#define TOTAL_LIMIT (256 << 20)

/* What the reader says of a file, before its contents. */
struct answer {
	int code; /* 0 or a negative errno; -EHOSTDOWN: its device sleeps */
	uint32_t length;
};

/* In the reader */

/* Whether the device whose attribute @path is can be read without waking it. */
static bool is_awake(const struct hd_host *host, const char *path)
{
	int length = (int)(strrchr(path, '/') - path);
	HD_AUTOFREE char *power = hd_text("%.*s/power", length, path);
	HD_AUTOFREE char *status = NULL;
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen;

	if (!power)
		return false;
	seen = hd_host_openat(host, power, O_PATH | O_DIRECTORY, &fd);
	if (seen.is == HD_ABSENT) /* a kernel that lets nothing sleep */
		return true;
	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read(fd, "runtime_status", &status);
	return seen.is == HD_PRESENT && strcmp(status, "active") == 0;
}

static int read_entry(const struct hd_host *host,
		      const struct hd_recorded *entry, char **ret,
		      size_t *ret_length)
{
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (entry->policy.awake && !is_awake(host, entry->path))
		return -EHOSTDOWN;
	/* Links are followed here: where they must not be, there was none. */
	r = hd_seen_required(
		hd_host_openat(host, entry->path, O_RDONLY | O_NONBLOCK, &fd));
	if (r == 0)
		r = hd_file_is_regular(fd);
	if (r < 0)
		return r;
	if (entry->policy.cut)
		return hd_read_first(fd, entry->policy.limit, ret, ret_length);
	return hd_read_all(fd, entry->policy.limit, ret, ret_length);
}

static void read_entries(const struct hd_recording *record, size_t first,
			 int fd)
{
	for (size_t i = first; i < record->n; i++) {
		HD_AUTOFREE char *data = NULL;
		struct answer answer = { 0, 0 };
		size_t length = 0;

		if (!record->entries[i]->unread)
			continue;
		answer.code = read_entry(record->host, record->entries[i],
					 &data, &length);
		answer.length = answer.code < 0 ? 0 : (uint32_t)length;
		if (hd_write_all(fd, &answer, sizeof(answer)) < 0 ||
		    hd_write_all(fd, data, answer.length) < 0)
			return;
	}
}

/* In its maker */

/* Reads exactly @length bytes: 0, -ETIMEDOUT, or -EPIPE at the reader's end. */
static int take(int fd, void *data, size_t length)
{
	int r = hd_worker_read(fd, hd_now_ms() + READ_SECONDS * 1000, data,
			       length);

	/* A file may fail with EIO too. */
	return r == -EIO ? -EPIPE : r;
}

/* Takes the contents of one entry; what the reader or we have to say else. */
static int take_entry(int fd, struct hd_recorded *entry, size_t *total)
{
	struct answer answer;
	char *data;
	int r = take(fd, &answer, sizeof(answer));

	if (r < 0 || answer.code < 0)
		return r < 0 ? r : answer.code;
	data = malloc((size_t)answer.length + 1);
	if (!data)
		return -ENOMEM;
	r = take(fd, data, answer.length);
	*total += answer.length;
	if (r < 0 || *total > TOTAL_LIMIT) {
		free(data);
		return r < 0 ? r : -EDQUOT;
	}
	data[answer.length] = '\0';
	free(entry->data);
	entry->data = data;
	entry->length = answer.length;
	return 0;
}

static const char *reason(int code)
{
	switch (code) {
	case -EHOSTDOWN:
		return "its device sleeps";
	case -ETIMEDOUT:
		return "it does not answer";
	case -EPIPE:
		return "whoever read it was killed";
	case -EFBIG:
		return "it is too large";
	case -EDQUOT:
		return "it would be too much";
	default:
		return strerror(-code);
	}
}

/* Why there are no contents; without them most entries are nothing. */
static int miss_entry(struct hd_recording *record, struct hd_recorded *entry,
		      int code)
{
	bool secret = entry->policy.content == HD_CONTENT_SERIAL ||
		      entry->policy.content == HD_CONTENT_HOST;
	int r = 0;

	/* Nobody misses what would be replaced anyway. */
	if (code != -ENOENT && !(secret && !record->serials && code == -EACCES))
		r = hd_recording_miss(record, entry->path, reason(code));
	if (entry->policy.keep)
		return r;
	free(entry->path);
	entry->path = NULL;
	return r;
}

/* Whether the reader answers no more, and another one has to go on. */
static bool is_lost(int code)
{
	return code == -ETIMEDOUT || code == -EPIPE;
}

/* Takes all contents from entry @*i on, as long as the reader answers. */
static int take_entries(struct hd_recording *record, size_t *i, int fd,
			size_t *total)
{
	int r = 0;

	while (*i < record->n && !is_lost(r)) {
		struct hd_recorded *entry = record->entries[(*i)++];

		if (!entry->unread)
			continue;
		entry->unread = false;
		r = take_entry(fd, entry, total);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && miss_entry(record, entry, r) < 0)
			return -ENOMEM;
	}
	return is_lost(r) ? r : 0;
}

static int read_some(struct hd_recording *record, size_t *i, size_t *total,
		     struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	pid_t pid = hd_worker_fork(record->host, &fd, err);
	int r;

	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		read_entries(record, *i, fd);
		_exit(0);
	}
	r = take_entries(record, i, fd, total);
	/* Unless it has said all, the kernel may hold it, and then us too. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, r == 0 ? 0 : WNOHANG);
	return r == -ENOMEM ? hd_err_nomem(err) : 0;
}

int hd_reader_run(struct hd_recording *record, struct hd_err *err)
{
	size_t i = 0, total = 0;
	int r = 0;

	while (r == 0 && i < record->n)
		r = read_some(record, &i, &total, err);
	return r;
}
