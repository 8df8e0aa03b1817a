// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/journal.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
/* Else the functions are macros, with which no address can be taken. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/base/dl.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/host/worker.h"

#define SONAME "libsystemd.so.0"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define IDENTIFIER "virt-hostdev"
#define PATIENCE_MS 1000

HD_DL_NOTE("journal-send", "Records of what was done, in the journal",
	   "suggested", SONAME);

/* What is used of libsystemd, see dl.h. */
#define FUNCTIONS(F) F(sd_journal_sendv)

struct journal_api {
	FUNCTIONS(HD_DL_MEMBER)
};

#define HD_DL_TABLE struct journal_api

static const struct hd_dl_symbol symbols[] = { FUNCTIONS(HD_DL_SYMBOL) };

static int priority_of(const struct hd_log_record *record)
{
	if (record->outcome == HD_OUTCOME_REFUSED ||
	    record->outcome == HD_OUTCOME_FAILED)
		return LOG_ERR;
	return record->message ? LOG_WARNING : LOG_INFO;
}

/* "Guest 'g', prepare: done in 0.181 s, 0000:01:00.0", or "By hand, bind: ...";
 * NULL: no memory. */
static char *sentence(const struct hd_log_record *record)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fputs(record->domain ? "Guest '" : "By hand, ", file);
	hd_print(file, record->domain ? record->domain : "");
	fputs(record->domain ? "', " : "", file);
	hd_print(file, record->event);
	fprintf(file, ": %s in %.3f s", hd_outcome_name(record->outcome),
		(double)record->duration / 1e6);
	if (record->devices)
		fprintf(file, ", %s", record->devices);
	if (record->message) {
		fputs(": ", file);
		hd_print(file, record->message);
	}
	return hd_stream_text(file, &text);
}

struct fields {
	struct iovec items[16];
	int n;
};

__attribute__((format(printf, 2, 3))) static void add(struct fields *fields,
						      const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n >= 0)
		fields->items[fields->n++] = (struct iovec){ text, (size_t)n };
}

static bool send_to_journal(const struct hd_log_record *record,
			    const char *message)
{
	struct journal_api api;
	struct fields fields = { .n = 0 };

	if (access(JOURNAL_SOCKET, F_OK) < 0 ||
	    hd_dl_load(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]),
		       &api) < 0)
		return false;
	add(&fields, "MESSAGE=%s", message);
	add(&fields, "MESSAGE_ID=" HD_JOURNAL_MESSAGE_ID);
	add(&fields, "SYSLOG_IDENTIFIER=" IDENTIFIER);
	add(&fields, "PRIORITY=%d", priority_of(record));
	if (record->domain)
		add(&fields, "VIRT_HOSTDEV_DOMAIN=%s", record->domain);
	add(&fields, "VIRT_HOSTDEV_EVENT=%s", record->event);
	add(&fields, "VIRT_HOSTDEV_OUTCOME=%s",
	    hd_outcome_name(record->outcome));
	add(&fields, "VIRT_HOSTDEV_DURATION_USEC=%lld",
	    (long long)record->duration);
	if (record->uuid)
		add(&fields, "VIRT_HOSTDEV_UUID=%s", record->uuid);
	if (record->devices)
		add(&fields, "VIRT_HOSTDEV_DEVICES=%s", record->devices);
	if (record->message)
		add(&fields, "VIRT_HOSTDEV_MESSAGE=%s", record->message);
	/* The process ends here, and frees all of it. */
	return api.sd_journal_sendv(fields.items, fields.n) == 0;
}

/* In the process of its own. */
static void log_it(const struct hd_log_record *record)
{
	char *message = sentence(record);

	if (!message || send_to_journal(record, message))
		return;
	openlog(IDENTIFIER, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	syslog(priority_of(record), "%s", message);
}

void hd_journal_send(const struct hd_host *host,
		     const struct hd_log_record *record)
{
	struct pollfd ended = { .events = POLLIN };
	pid_t pid;
	bool waits;

	if (access(JOURNAL_SOCKET, F_OK) < 0 && access(_PATH_LOG, F_OK) < 0)
		return; /* nobody listens */
	pid = hd_worker_fork(host, &ended.fd, NULL);
	if (pid < 0)
		return;
	if (pid == 0) {
		log_it(record);
		_exit(0);
	}
	waits = poll(&ended, 1, PATIENCE_MS) == 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, waits ? WNOHANG : 0);
	close(ended.fd);
}
