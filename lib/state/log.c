// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/print.h"
#include "lib/base/text.h"
#include "lib/state/journal.h"
#include "lib/state/state.h"

#define NAME "log"
#define OLD_NAME "log.1"

/* Some thousand runs. */
#define FULL (256 * 1024)

/* Of what went wrong so many bytes are kept. */
#define MESSAGE_MAX 4000

/* A file that other hooks wrote to while it was put aside. */
#define READ_LIMIT (4 * 1024 * 1024)

/*
 * Puts a full log aside. Only one hook does, and none waits for another; @fd
 * may be the one that was put aside meanwhile.
 */
static void rotate(int dir_fd, int fd)
{
	struct stat st, now;

	if (fstat(fd, &st) < 0 || st.st_size < FULL ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (fstatat(dir_fd, NAME, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == st.st_dev && now.st_ino == st.st_ino)
		renameat(dir_fd, NAME, dir_fd, OLD_NAME);
}

/* A log that can't be written stops nobody. */
static void append(const struct hd_host *host,
		   const struct hd_log_record *record)
{
	HD_AUTOCLOSE int dir_fd =
		hd_state_open_folder(host, HD_STATE_CREATE, NULL);
	/* In one write: then lines of several hooks don't mix. */
	HD_AUTOFREE char *text = hd_log_record_format(record);
	HD_AUTOCLOSE int fd = -1;
	size_t length;

	if (!text || dir_fd < 0)
		return;
	fd = openat(dir_fd, NAME,
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
			    O_CLOEXEC,
		    0600);
	length = strlen(text);
	if (fd >= 0 && write(fd, text, length) == (ssize_t)length)
		rotate(dir_fd, fd);
}

void hd_log_run_begin(struct hd_log_run *run, const char *event,
		      const char *domain)
{
	*run = (struct hd_log_run){
		.record = { .time = hd_now_us(CLOCK_REALTIME),
			    .event = strdup(event),
			    .domain = domain ? strdup(domain) : NULL },
		.began = hd_now_us(CLOCK_MONOTONIC),
	};
}

int hd_log_run_add(struct hd_log_run *run, struct hd_addr addr)
{
	char **devices = &run->record.devices;
	char *text = hd_text("%s%s%s", *devices ? *devices : "",
			     *devices ? " " : "", hd_addr_text(addr).s);

	if (!text)
		return -ENOMEM;
	free(*devices);
	*devices = text;
	return 0;
}

/* Whether the devices had been touched when it went wrong. */
static bool has_failed_step(const struct hd_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->items[i].severity == HD_ERROR &&
		    hd_after(findings->items[i].id, "step-"))
			return true;
	return false;
}

void hd_log_run_end(struct hd_log_run *run, const struct hd_host *host,
		    const struct hd_findings *findings, bool too_late,
		    const struct hd_err *err, int r)
{
	struct hd_log_record *record = &run->record;
	char *message = hd_findings_text(findings, 0, HD_ERROR, MESSAGE_MAX);

	if (r < 0 || (hd_findings_refuse(findings) &&
		      (too_late || has_failed_step(findings))))
		record->outcome = HD_OUTCOME_FAILED;
	else if (hd_findings_refuse(findings))
		record->outcome = HD_OUTCOME_REFUSED;
	else if (record->devices)
		record->outcome = HD_OUTCOME_DONE;
	if (r < 0) {
		free(message);
		message = strdup(hd_err_message(err));
	} else if (!message) {
		message =
			hd_findings_text(findings, 0, HD_WARNING, MESSAGE_MAX);
	}
	record->message = message;
	record->duration = hd_now_us(CLOCK_MONOTONIC) - run->began;
	append(host, record);
	/* A guest without devices is of no interest to anybody else. */
	if (record->devices || record->message)
		hd_journal_send(host, record);
}

void hd_log_run_clear(struct hd_log_run *run)
{
	hd_log_record_clear(&run->record);
}

static int add_lines(struct hd_log *log, char *text, struct hd_err *err)
{
	char *line;

	/* What comes after the last newline is torn. */
	while ((line = strsep(&text, "\n")) && text) {
		struct hd_log_record record, *slot;

		if (!hd_log_record_parse(line, &record))
			continue;
		slot = hd_array_add(&log->items, &log->n, sizeof(*slot));
		if (!slot) {
			hd_log_record_clear(&record);
			return hd_err_nomem(err);
		}
		*slot = record;
	}
	return 0;
}

static int read_file(int dir_fd, const char *name, struct hd_log *log,
		     struct hd_err *err)
{
	HD_AUTOCLOSE int fd = openat(
		dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : hd_read_all(fd, READ_LIMIT, &text, &length);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot read " HD_STATE_DIR "/%s: %s", name,
				  strerror(-r));
	return add_lines(log, text, err);
}

int hd_log_read(const struct hd_host *host, struct hd_log *ret,
		struct hd_err *err)
{
	HD_AUTO_LOG struct hd_log log = { NULL, 0 };
	HD_AUTOCLOSE int dir_fd =
		hd_state_open_folder(host, HD_STATE_READ, err);
	int r = dir_fd;

	if (dir_fd == -ENOENT)
		return 0;
	if (dir_fd >= 0)
		r = read_file(dir_fd, OLD_NAME, &log, err);
	if (r >= 0)
		r = read_file(dir_fd, NAME, &log, err);
	if (r < 0)
		return r;
	*ret = log;
	log = (struct hd_log){ NULL, 0 };
	return 0;
}

void hd_log_clear(struct hd_log *log)
{
	for (size_t i = 0; i < log->n; i++)
		hd_log_record_clear(&log->items[i]);
	free(log->items);
	*log = (struct hd_log){ NULL, 0 };
}
