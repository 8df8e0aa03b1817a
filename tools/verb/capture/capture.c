// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/newfile.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/base/word.h"
#include "lib/host/proc.h"
#include "tools/tool.h"
#include "tools/tree/summary.h"
#include "tools/verb/capture/collect.h"
#include "tools/verb/capture/reader.h"
#include "tools/verb/capture/scrub.h"
#include "tools/verb/capture/tar.h"

/* What overwrites nothing. */
#define WHAT "a capture"

struct values {
	bool serials;
};

static int record_host(const struct hd_tool *tool, struct hd_recording *record,
		       struct hd_err *err)
{
	int r;

	record->host = &tool->host;
	record->serials = ((const struct values *)tool->values)->serials;
	/* Devices first: their rules say more than those of single files. */
	r = hd_collect_devices(record);
	if (r == 0)
		r = hd_collect_files(record);
	if (r < 0)
		return hd_err_nomem(err);
	if (record->n == 0)
		return hd_err_set(err, ENOENT,
				  "there is neither /sys nor /proc to record");
	r = hd_reader_run(record, err);
	if (r < 0)
		return r;
	/* In the order of their paths, so that pseudonyms come in one too. */
	hd_recording_finish(record);
	r = hd_scrub_record(record, err);
	hd_recording_finish(record);
	return r;
}

static const char *contents_of(const struct hd_recording *record,
			       const char *path)
{
	for (size_t i = 0; i < record->n; i++)
		if (strcmp(record->entries[i]->path, path) == 0)
			return record->entries[i]->data;
	return NULL;
}

static void write_remarks(FILE *file, const char *word,
			  const struct hd_remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++) {
		fputs(word, file);
		hd_word_write(file, remarks->items[i].path);
		hd_word_write(file, remarks->items[i].text);
		putc('\n', file);
	}
}

static int write_summary(const struct hd_tool *tool,
			 const struct hd_recording *record, char **ret,
			 size_t *ret_length)
{
	const char *found = contents_of(record, &HD_PROC_RELEASE[1]);
	HD_AUTOFREE char *release =
		found ? strndup(found, strcspn(found, "\n")) : NULL;
	FILE *file = hd_stream_open(ret, ret_length);
	char date[sizeof("2026-01-01T00:00:00Z")] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (!file)
		return -ENOMEM;
	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(file, HD_SUMMARY " 1\nversion %s\ndate", HD_VERSION);
	hd_word_write(file, date);
	fputs("\nrelease", file);
	hd_word_write(file, release);
	fprintf(file, "\nserials %s\nentries %zu\n",
		((const struct values *)tool->values)->serials ? "kept" :
								 "replaced",
		record->n);
	write_remarks(file, "node", &record->nodes);
	write_remarks(file, "unread", &record->misses);
	return fclose(file) == 0 ? 0 : -ENOMEM;
}

static int write_tar(const struct hd_tool *tool,
		     const struct hd_recording *record, int fd,
		     const char *name, struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	struct hd_recorded summary = { .path = (char *)HD_SUMMARY,
				       .mode = S_IFREG | 0644,
				       .mtime = time(NULL) };

	if (write_summary(tool, record, &text, &summary.length) < 0)
		return hd_err_nomem(err);
	summary.data = text;
	return hd_tar_write(record, &summary, fd, name, err);
}

struct writing {
	const struct hd_tool *tool;
	const struct hd_recording *record;
	const char *name;
};

static int write_to(void *data, int fd, struct hd_err *err)
{
	const struct writing *writing = data;

	return write_tar(writing->tool, writing->record, fd, writing->name,
			 err);
}

/* What is in it is no one else's business. */
static int write_file(const struct hd_tool *tool,
		      const struct hd_recording *record, const char *name,
		      struct hd_err *err)
{
	struct writing writing = { tool, record, name };

	return hd_newfile_write(name, 0600, WHAT, write_to, &writing, err);
}

static void report(const struct hd_tool *tool,
		   const struct hd_recording *record, const char *name)
{
	if (name) {
		fputs("Recorded the host in ", stdout);
		hd_print(stdout, name);
		printf(": %zu files, folders and links.\n", record->n);
	}
	if (record->misses.n == 0)
		return;
	fprintf(stderr,
		"virt-hostdev: %zu could not be read; the file " HD_SUMMARY
		" in it says which and why.\n",
		record->misses.n);
	if (tool->host.live && geteuid() != 0)
		fputs("Fix: Run it as root\n", stderr);
}

static char *default_name(void)
{
	char date[sizeof("20260101-000000")] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &tm);
	return hd_text("virt-hostdev-%s.tar.gz", date);
}

/* What can be known before the work is done. */
static int check_target(const char *name, struct hd_err *err)
{
	if (strcmp(name, "-") != 0)
		return hd_newfile_check(name, WHAT, err);
	if (!isatty(STDOUT_FILENO))
		return 0;
	hd_err_set(err, EINVAL, "a capture is nothing for a terminal");
	hd_err_fix(err, "virt-hostdev capture FILE");
	return -EINVAL;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_RECORDING struct hd_recording record = { .n = 0 };
	HD_AUTOFREE char *name = argc ? strdup(argv[0]) : default_name();
	bool to_stdout;
	int r;

	if (!name) {
		hd_err_nomem(err);
		return HD_EXIT_FAILED;
	}
	to_stdout = strcmp(name, "-") == 0;
	if (check_target(name, err) < 0)
		return to_stdout ? HD_EXIT_USAGE : HD_EXIT_FAILED;
	r = record_host(tool, &record, err);
	if (r == 0)
		r = to_stdout ? write_tar(tool, &record, STDOUT_FILENO,
					  "standard output", err) :
				write_file(tool, &record, name, err);
	if (r < 0)
		return HD_EXIT_FAILED;
	report(tool, &record, to_stdout ? NULL : name);
	return HD_EXIT_FINE;
}

static const struct hd_option options[] = {
	{ 's', "with-serials", NULL,
	  "keep serial numbers, MAC addresses and the host's name",
	  offsetof(struct values, serials), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_capture = {
	.name = "capture",
	.arguments = "[FILE]",
	.summary = "Record the host in a tar, for another machine to look at",
	.help = "Every verb with --root takes the tar. FILE is compressed if it ends in .gz, .xz\n"
		"or .zst; - is standard output; without it, the name is made of the date.\n"
		"Serial numbers, MAC addresses and the host's name are replaced by pseudonyms,\n"
		"passwords are removed. IP addresses, the names and definitions of guests and\n"
		"the hook scripts of the host are in it: look before you give it to others.\n"
		"Only root can read everything.",
	.common = HD_OPT_ROOT,
	.options = options,
	.values_size = sizeof(struct values),
	.max_arguments = 1,
	.run = run,
};
