// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/sdjournal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
/* Else the functions are macros, with which no address can be taken. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "lib/base/cleanup.h"
#include "lib/base/dl.h"

#define SONAME "libsystemd.so.0"

/* The newest ones. */
#define ENTRIES 10000

HD_DL_NOTE("journal-read", "Explaining failures from the journal", "suggested",
	   SONAME);

/* What is used of libsystemd, see dl.h. */
#define FUNCTIONS(F)                                                           \
	F(sd_journal_open)                                                     \
	F(sd_journal_open_directory_fd)                                        \
	F(sd_journal_add_match)                                                \
	F(sd_journal_add_disjunction)                                          \
	F(sd_journal_seek_tail)                                                \
	F(sd_journal_previous_skip)                                            \
	F(sd_journal_next)                                                     \
	F(sd_journal_get_realtime_usec)                                        \
	F(sd_journal_get_data)                                                 \
	F(sd_journal_close)

struct reader_api {
	FUNCTIONS(HD_DL_MEMBER)
};

#define HD_DL_TABLE struct reader_api

static const struct hd_dl_symbol symbols[] = { FUNCTIONS(HD_DL_SYMBOL) };

/* Matches of one field are alternatives; those of two must all be met, unless a
 * disjunction is between them. */
static int match(const struct reader_api *api, sd_journal *journal, bool kernel)
{
	static const char *const units[] = {
		"_SYSTEMD_UNIT=libvirtd.service",
		"_SYSTEMD_UNIT=virtqemud.service",
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(units) / sizeof(units[0]); i++)
		r = api->sd_journal_add_match(journal, units[i], 0);
	if (r >= 0 && kernel)
		r = api->sd_journal_add_disjunction(journal);
	if (r >= 0 && kernel)
		r = api->sd_journal_add_match(journal, "_TRANSPORT=kernel", 0);
	return r;
}

/* Feeds the entry that the journal is at, with a time before it. */
static void feed_entry(const struct reader_api *api, sd_journal *journal,
		       struct hd_explain *explain, int64_t since)
{
	static const char field[] = "MESSAGE=";
	char stamp[sizeof("2026-01-01 00:00:00+0000 ")];
	const void *data;
	struct tm tm;
	uint64_t usec;
	time_t time;
	size_t n;

	if (api->sd_journal_get_realtime_usec(journal, &usec) < 0 ||
	    (int64_t)(usec / 1000000) < since ||
	    api->sd_journal_get_data(journal, "MESSAGE", &data, &n) < 0 ||
	    n < sizeof(field) - 1)
		return;
	time = (time_t)(usec / 1000000);
	if (!localtime_r(&time, &tm) ||
	    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S%z ", &tm) == 0)
		return;
	hd_explain_feed(explain, stamp, strlen(stamp));
	hd_explain_feed(explain, (const char *)data + sizeof(field) - 1,
			n - (sizeof(field) - 1));
	hd_explain_feed(explain, "\n", 1);
}

static int feed(const struct reader_api *api, sd_journal *journal,
		struct hd_explain *explain, int64_t since)
{
	int r = api->sd_journal_seek_tail(journal);

	if (r >= 0)
		r = api->sd_journal_previous_skip(journal, ENTRIES);
	for (; r > 0; r = api->sd_journal_next(journal))
		feed_entry(api, journal, explain, since);
	hd_explain_end(explain);
	return r;
}

/* libsystemd says nothing of a folder that isn't there. */
static bool has_journal(const struct hd_host *host)
{
	HD_AUTOCLOSE int kept =
		HD_UNSORTED_FD(hd_host_openat, host, "var/log/journal", O_PATH);
	HD_AUTOCLOSE int passing =
		HD_UNSORTED_FD(hd_host_openat, host, "run/log/journal", O_PATH);

	return kept >= 0 || passing >= 0;
}

static int open_journal(const struct reader_api *api,
			const struct hd_host *host, int root_fd,
			sd_journal **ret)
{
	return host->live ? api->sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY) :
			    api->sd_journal_open_directory_fd(
				    ret, root_fd, SD_JOURNAL_OS_ROOT);
}

int hd_sdjournal_feed(struct hd_explain *explain, const struct hd_host *host,
		      int64_t since)
{
	HD_AUTOCLOSE int root_fd = HD_UNSORTED_FD(hd_host_openat, host, ".",
						  O_RDONLY | O_DIRECTORY);
	struct reader_api api;
	sd_journal *journal;
	int r;

	if (!has_journal(host) ||
	    hd_dl_load(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]),
		       &api) < 0)
		return -ENOENT;
	r = root_fd < 0 ? root_fd : open_journal(&api, host, root_fd, &journal);
	if (r < 0)
		return r;
	r = match(&api, journal, !host->live);
	if (r >= 0)
		r = feed(&api, journal, explain, since);
	api.sd_journal_close(journal);
	return r < 0 ? r : 0;
}
