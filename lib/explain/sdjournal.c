// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/sdjournal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* Else the functions are macros, with which no address can be taken. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/dl.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"

#define SONAME "libsystemd.so.0"

/* The newest ones. */
#define ENTRIES 10000

/* More than anybody keeps. */
#define FILES_LIMIT 4096

HD_DL_NOTE("journal-read", "Explaining failures from the journal", "suggested",
	   SONAME);

/* What is used of libsystemd, see dl.h. */
#define FUNCTIONS(F)                                                           \
	F(sd_journal_open)                                                     \
	F(sd_journal_open_files_fd)                                            \
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

/* Whether there may be one; libsystemd says nothing of a folder that isn't
 * there. */
static bool has_journal(const struct hd_host *host)
{
	HD_AUTOCLOSE int kept = -1, passing = -1;

	return hd_host_openat(host, "var/log/journal", O_PATH, &kept).is !=
		       HD_ABSENT ||
	       hd_host_openat(host, "run/log/journal", O_PATH, &passing).is !=
		       HD_ABSENT;
}

/* The files of a copied journal, opened below the root. */
struct files {
	const struct hd_host *host;
	const char *folder; /* that is looked at */
	int *fds; /* owned */
	size_t n;
	bool is_inner; /* the folder is one machine's */
};

static void close_files(struct files *files)
{
	for (size_t i = 0; i < files->n; i++)
		close(files->fds[i]);
	free(files->fds);
}

static int visit_entry(void *data, int dir_fd, const char *name);

/* Looks at what is in a folder; absent is none. */
static struct hd_seen each_entry(struct files *files, const char *folder)
{
	int fd = -1;
	struct hd_seen seen = hd_host_openat(files->host, folder,
					     O_RDONLY | O_DIRECTORY, &fd);

	files->folder = folder;
	return seen.is == HD_PRESENT ?
		       hd_seen_of(hd_dir_each(fd, visit_entry, files)) :
		       seen;
}

static int add_file(struct files *files, const char *path)
{
	int fd = -1, *slot;
	int r = hd_seen_required(
		hd_host_openat(files->host, path, O_RDONLY | O_NONBLOCK, &fd));

	/* A link to what wasn't copied. */
	if (r < 0)
		return r == -ENOENT ? -ENOLINK : r;
	slot = files->n < FILES_LIMIT ?
		       hd_array_add(&files->fds, &files->n, sizeof(*slot)) :
		       NULL;
	if (!slot) {
		close(fd);
		return files->n < FILES_LIMIT ? -ENOMEM : -E2BIG;
	}
	*slot = fd;
	return 0;
}

/* "system.journal", and a folder with the machine's number. */
static int visit_entry(void *data, int dir_fd, const char *name)
{
	struct files *files = data;
	const char *folder = files->folder;
	HD_AUTOFREE char *path = hd_text("%s/%s", folder, name);
	struct hd_seen seen;

	(void)dir_fd;
	if (!path)
		return -ENOMEM;
	if (*name == '.')
		return 0;
	if (hd_ends_with(name, ".journal") || hd_ends_with(name, ".journal~"))
		return add_file(files, path);
	if (files->is_inner)
		return 0;
	files->is_inner = true;
	seen = each_entry(files, path);
	files->is_inner = false;
	files->folder = folder;
	return seen.error == -ENOTDIR ? 0 : seen.error;
}

/* Absent when there is no folder of journals. */
static struct hd_seen find_files(struct files *files)
{
	struct hd_seen kept = each_entry(files, "var/log/journal");
	struct hd_seen passing;

	if (kept.is == HD_UNKNOWN)
		return kept;
	passing = each_entry(files, "run/log/journal");
	return passing.is == HD_ABSENT ? kept : passing;
}

/*
 * The files of a copied tree are opened here: libsystemd would follow the
 * tree's links on this machine.
 */
static int open_journal(const struct reader_api *api, struct files *files,
			sd_journal **ret)
{
	int r;

	if (files->host->live)
		return has_journal(files->host) ?
			       api->sd_journal_open(ret,
						    SD_JOURNAL_LOCAL_ONLY) :
			       -ENOENT;
	r = hd_seen_required(find_files(files));
	if (r < 0)
		return r;
	return files->n == 0 ? -ENOENT :
			       api->sd_journal_open_files_fd(
				       ret, files->fds, (unsigned)files->n, 0);
}

int hd_sdjournal_feed(struct hd_explain *explain, const struct hd_host *host,
		      int64_t since)
{
	HD_AUTO(close_files) struct files files = { .host = host };
	struct reader_api api;
	sd_journal *journal;
	int r;

	if (hd_dl_load(SONAME, symbols, sizeof(symbols) / sizeof(symbols[0]),
		       &api) < 0)
		return -ENOENT;
	r = open_journal(&api, &files, &journal);
	if (r < 0)
		return r;
	r = match(&api, journal, !host->live);
	if (r >= 0)
		r = feed(&api, journal, explain, since);
	api.sd_journal_close(journal);
	return r < 0 ? r : 0;
}
