// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/explain/cases.h"
#include "lib/explain/finder.h"
#include "lib/explain/log_entry.h"
#include "lib/explain/stamp.h"

#define READ_SIZE (64 * 1024)

/* What may be found in one record; what is more is left out. */
#define HITS 64

/* How much of a log's end hd_explain_first_line() reads. */
#define TAIL (64 * 1024)

struct hit {
	const struct hd_entry *entry;
	struct hd_pattern_match match;
};

struct hd_explain {
	struct hd_pattern *patterns;
	const struct hd_entry **entries; /* by pattern */
	size_t n_patterns;
	struct hd_finder *finder;
	struct hd_log_entries records;
	struct hd_normalized text; /* of the record that is looked at */
	struct hit hits[HITS];
	size_t n_hits;
	struct hd_cases cases;
	int64_t since, boot;
	time_t now;
	bool too_early; /* the last time that was read */
};

static size_t count_signatures(void)
{
	size_t n = 0;

	for (size_t i = 0; i < hd_catalogue_n; i++)
		for (const struct hd_entry *e = hd_catalogue[i]; e->id; e++)
			for (size_t k = 0; e->signatures[k]; k++)
				n++;
	return n;
}

static int add_entry(struct hd_explain *explain, const struct hd_entry *entry)
{
	for (size_t i = 0; entry->signatures[i]; i++) {
		size_t n = explain->n_patterns;
		int r = hd_pattern_new(&explain->patterns[n],
				       entry->signatures[i]);

		if (r < 0)
			return r;
		explain->entries[n] = entry;
		explain->n_patterns++;
	}
	return 0;
}

static int add_catalogue(struct hd_explain *explain)
{
	size_t n = count_signatures();

	explain->patterns = calloc(n, sizeof(*explain->patterns));
	explain->entries = calloc(n, sizeof(*explain->entries));
	if (!explain->patterns || !explain->entries)
		return -ENOMEM;
	for (size_t i = 0; i < hd_catalogue_n; i++)
		for (const struct hd_entry *e = hd_catalogue[i]; e->id; e++) {
			int r = add_entry(explain, e);

			if (r < 0)
				return r;
		}
	explain->finder = hd_finder_new(explain->patterns, explain->n_patterns);
	return explain->finder ? 0 : -ENOMEM;
}

/* The line of a record that the byte at @at of its normalized text is in. */
static size_t line_of(const struct hd_normalized *text, size_t at)
{
	size_t line = 0;

	while (line + 1 < text->n_lines && text->lines[line + 1] <= at)
		line++;
	return line;
}

static void add_hit(void *data, size_t pattern, size_t at)
{
	struct hd_explain *explain = data;
	struct hit hit = { .entry = explain->entries[pattern] };
	size_t line;

	if (explain->n_hits == HITS ||
	    !hd_pattern_match(&explain->patterns[pattern], &explain->text, at,
			      &hit.match))
		return;
	/* What ends in a line that the record before had was in that one. */
	line = line_of(&explain->text, hit.match.end - 1);
	if (line >= explain->records.record.n_old)
		explain->hits[explain->n_hits++] = hit;
}

static bool overlap(const struct hd_pattern_match *a,
		    const struct hd_pattern_match *b)
{
	return a->start < b->end && b->start < a->end;
}

/* Of two signatures of one failure, the one that names the device. */
static bool is_better(const struct hit *a, const struct hit *b)
{
	if (a->match.has_addr != b->match.has_addr)
		return a->match.has_addr;
	return a < b;
}

/* Noise covers what it has in it; and a failure counts once for each place. */
static bool counts(const struct hd_explain *explain, size_t index)
{
	const struct hit *hit = &explain->hits[index];

	for (size_t i = 0; i < explain->n_hits; i++) {
		const struct hit *other = &explain->hits[i];

		if (i == index || !overlap(&hit->match, &other->match))
			continue;
		if (other->entry->rank == HD_RANK_NOISE ||
		    (other->entry == hit->entry && is_better(other, hit)))
			return false;
	}
	return hit->entry->rank != HD_RANK_NOISE;
}

/*
 * Where the message begins that a match is in. Where nothing shows what belongs
 * to a message it is no more than the line.
 */
static size_t message_start(const struct hd_log_entry *record,
			    const struct hd_normalized *text,
			    const struct hd_pattern_match *match)
{
	size_t line = line_of(text, match->start);

	if (hd_log_line_begins(record->raw, record->n))
		return 0;
	while (line > 0 && record->joined[line])
		line--;
	return text->lines[line];
}

/*
 * Without an address in a signature it is about the last device that was named
 * before it, in the same message: "vfio-pci 0000:01:00.0: BAR 0: ...". Without
 * that it is about the first one after it, in the same line.
 */
static void find_addr(const struct hd_log_entry *record,
		      const struct hd_normalized *text,
		      struct hd_pattern_match *match)
{
	size_t from = message_start(record, text, match);
	size_t last = line_of(text, match->end - 1);

	for (size_t i = text->n_addrs; i > 0 && !match->has_addr; i--) {
		match->addr_at = text->addrs[i - 1].at;
		match->has_addr =
			match->addr_at >= from && match->addr_at < match->start;
	}
	for (size_t i = 0; i < text->n_addrs && !match->has_addr; i++) {
		match->addr_at = text->addrs[i].at;
		match->has_addr = match->addr_at >= match->start &&
				  line_of(text, match->addr_at) <= last;
	}
}

static const struct hd_addr *addr_at(const struct hd_normalized *text,
				     size_t at)
{
	for (size_t i = 0; i < text->n_addrs; i++)
		if (text->addrs[i].at == at)
			return &text->addrs[i].addr;
	return NULL;
}

static int64_t time_of(const struct hd_explain *explain,
		       const struct hd_log_entry *record, bool *ret_local)
{
	int64_t stamp =
		hd_stamp_read(record->raw, record->n, explain->now, ret_local);

	if (stamp >= 0 || !explain->boot)
		return stamp;
	stamp = hd_stamp_uptime(record->raw, record->n);
	*ret_local = false;
	return stamp < 0 ? -1 : explain->boot + stamp;
}

static void take_hit(struct hd_explain *explain, const struct hit *hit)
{
	const struct hd_log_entry *record = &explain->records.record;
	const struct hd_normalized *text = &explain->text;
	struct hd_pattern_match match = hit->match;
	struct hd_occurrence occurrence = { .entry = hit->entry };
	size_t first, last;

	find_addr(record, text, &match);
	occurrence.addr = match.has_addr ? addr_at(text, match.addr_at) : NULL;
	occurrence.group = match.group;
	first = line_of(text, match.start);
	last = line_of(text, match.end - 1);
	if (match.has_addr && line_of(text, match.addr_at) < first)
		first = line_of(text, match.addr_at);
	occurrence.place = record->first + first;
	occurrence.text = record->raw + record->lines[first];
	occurrence.n =
		hd_log_entry_line_end(record, last) - record->lines[first];
	occurrence.time = time_of(explain, record, &occurrence.is_local);
	hd_cases_add(&explain->cases, &occurrence);
}

static bool is_too_early(struct hd_explain *explain,
			 const struct hd_log_entry *record)
{
	int64_t stamp;

	if (explain->since == 0)
		return false;
	stamp = hd_stamp_read(record->raw, record->n, explain->now, NULL);
	if (stamp >= 0)
		explain->too_early = stamp < explain->since;
	return explain->too_early;
}

static void take_record(void *data, const struct hd_log_entry *record)
{
	struct hd_explain *explain = data;

	if (is_too_early(explain, record))
		return;
	hd_normalize(&explain->text, record->raw, record->n);
	explain->n_hits = 0;
	hd_finder_scan(explain->finder, &explain->text, add_hit, explain);
	for (size_t i = 0; i < explain->n_hits; i++)
		if (counts(explain, i))
			take_hit(explain, &explain->hits[i]);
}

struct hd_explain *hd_explain_new(void)
{
	HD_AUTO_EXPLAIN struct hd_explain *explain =
		calloc(1, sizeof(*explain));

	if (!explain || add_catalogue(explain) < 0)
		return NULL;
	explain->records.take = take_record;
	explain->records.data = explain;
	explain->now = time(NULL);
	return hd_steal(&explain);
}

void hd_explain_since(struct hd_explain *explain, int64_t since)
{
	explain->since = since;
	explain->too_early = false;
}

void hd_explain_booted(struct hd_explain *explain, int64_t boot)
{
	explain->boot = boot;
}

void hd_explain_feed(struct hd_explain *explain, const char *piece, size_t n)
{
	hd_log_entries_feed(&explain->records, piece, n);
}

void hd_explain_end(struct hd_explain *explain)
{
	hd_log_entries_end(&explain->records);
	explain->too_early = false;
}

int hd_explain_read(struct hd_explain *explain, int fd)
{
	HD_AUTOFREE char *buffer = malloc(READ_SIZE);

	if (!buffer)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, buffer, READ_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		hd_explain_feed(explain, buffer, (size_t)n);
	}
	hd_explain_end(explain);
	return 0;
}

int hd_explain_report(struct hd_explain *explain, struct hd_report *ret,
		      struct hd_err *err)
{
	hd_explain_end(explain);
	return hd_cases_report(&explain->cases, ret, err);
}

char *hd_case_subject(const struct hd_case *item)
{
	char *text = NULL;

	if (item->has_addr)
		return strdup(hd_addr_text(item->addr).s);
	if (item->group >= 0 &&
	    asprintf(&text, "IOMMU group %ld", item->group) < 0)
		return NULL;
	return text;
}

static int format_first(const struct hd_report *report, char **ret)
{
	HD_AUTOFREE char *subject = NULL;
	const struct hd_case *item = report->items;

	if (report->n == 0) {
		*ret = NULL;
		return 0;
	}
	subject = hd_case_subject(item);
	if (asprintf(ret, "%s%s%s", subject ? subject : "", subject ? ": " : "",
		     item->entry->title) < 0)
		return -ENOMEM;
	return 0;
}

int hd_explain_first_line(int fd, int64_t since, char **ret)
{
	HD_AUTO_EXPLAIN struct hd_explain *explain = hd_explain_new();
	HD_AUTO_REPORT struct hd_report report = { NULL, 0, 0 };
	off_t end = lseek(fd, 0, SEEK_END);
	int r;

	if (!explain)
		return -ENOMEM;
	/* A pipe is read from where it is. */
	if (end >= 0 && lseek(fd, end > TAIL ? end - TAIL : 0, SEEK_SET) < 0)
		return -errno;
	hd_explain_since(explain, since);
	r = hd_explain_read(explain, fd);
	if (r == 0)
		r = hd_explain_report(explain, &report, NULL);
	return r < 0 ? r : format_first(&report, ret);
}

void hd_explain_free(struct hd_explain **explain)
{
	struct hd_explain *e = *explain;

	if (!e)
		return;
	for (size_t i = 0; i < e->n_patterns; i++)
		hd_pattern_clear(&e->patterns[i]);
	free(e->patterns);
	free(e->entries);
	hd_finder_free(e->finder);
	hd_cases_clear(&e->cases);
	free(e);
	*explain = NULL;
}
