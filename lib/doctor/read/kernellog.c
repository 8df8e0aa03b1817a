// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/kernellog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* The kernel's CONSOLE_EXT_LOG_MAX: no record is longer. */
#define RECORD_LIMIT 8192

/* More records than fit into the log. */
#define RECORDS_LIMIT (1024 * 1024)

static bool has_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return true;
	return false;
}

/* "6,339,5140900,-;message\n key=value\n" */
static char *message_of(char *record)
{
	char *semicolon = strchr(record, ';');
	char *message = semicolon ? semicolon + 1 : record;

	message[strcspn(message, "\n")] = '\0';
	return message;
}

int hd_kernel_log_count(const struct hd_host *host, const char *const *words,
			unsigned *ret, char **ret_first)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *first = NULL;
	char record[RECORD_LIMIT + 1];
	unsigned found = 0;
	int r = -ENOENT;

	if (host->live)
		r = hd_seen_required(hd_host_openat(
			host, "dev/kmsg", O_RDONLY | O_NONBLOCK, &fd));
	if (r < 0)
		return r;
	for (unsigned n = 0; n < RECORDS_LIMIT; n++) {
		ssize_t length = read(fd, record, RECORD_LIMIT);
		const char *message;

		/* EPIPE: overwritten meanwhile; EAGAIN: the end. */
		if (length < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (length < 0 && errno != EAGAIN)
			return -errno;
		if (length <= 0)
			break;
		record[length] = '\0';
		message = message_of(record);
		if (!has_word(message, words))
			continue;
		if (found++ > 0)
			continue;
		first = strdup(message);
		if (!first)
			return -ENOMEM;
	}
	*ret = found;
	*ret_first = hd_steal(&first);
	return 0;
}
