// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/cases.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"

/*
 * What the kernel says, and what QEMU and libvirt say of it, comes within a few
 * seconds, even on a busy host: what is further apart is of two attempts.
 */
#define ATTEMPT_SECONDS 30

static bool is_of(const struct hd_case *item, const struct hd_occurrence *s)
{
	if (item->entry != s->entry || item->has_addr != !!s->addr)
		return false;
	if (s->addr)
		return hd_addr_equal(item->addr, *s->addr);
	return item->group == s->group;
}

/* The case that a occurrence belongs to, a new one if need be; NULL: no room.
 */
static struct hd_case *case_of(struct hd_cases *cases,
			       const struct hd_occurrence *s)
{
	struct hd_case *item;

	for (size_t i = 0; i < cases->n; i++)
		if (is_of(&cases->items[i], s))
			return &cases->items[i];
	if (cases->n == HD_CASES)
		return NULL;
	item = hd_array_add(&cases->items, &cases->n, sizeof(*item));
	if (!item) {
		cases->no_memory = true;
		return NULL;
	}
	item->entry = s->entry;
	item->has_addr = s->addr;
	if (s->addr)
		item->addr = *s->addr;
	item->group = -1;
	item->time = -1;
	item->because = HD_NO_CAUSE;
	return item;
}

/* Keeps the last time; of clocks that may differ, the one seen first. */
static void keep_time(struct hd_case *item, int64_t time, bool is_local)
{
	if (item->time >= 0 &&
	    (item->is_local != is_local || item->time >= time))
		return;
	item->time = time;
	item->is_local = is_local;
}

/* Keeps the lines, as one: a wrapped message is whole again. */
static void keep_lines(struct hd_cases *cases, struct hd_case *item,
		       const struct hd_occurrence *s)
{
	size_t n = s->n < HD_CASE_LINE_SIZE ? s->n : HD_CASE_LINE_SIZE;
	char *text;

	if (item->n_lines == HD_CASE_LINES)
		return;
	text = strndup(s->text, n);
	if (!text) {
		cases->no_memory = true;
		return;
	}
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	item->lines[item->n_lines++] = text;
}

void hd_cases_add(struct hd_cases *cases,
		  const struct hd_occurrence *occurrence)
{
	struct hd_case *item = case_of(cases, occurrence);

	if (!item)
		return;
	if (item->group < 0)
		item->group = occurrence->group;
	/* Several signatures in one message are one failure. */
	if (item->count > 0 && item->place == occurrence->place)
		return;
	item->place = occurrence->place;
	item->count++;
	keep_time(item, occurrence->time, occurrence->is_local);
	if (occurrence->entry->rank < HD_RANK_NOISE)
		keep_lines(cases, item, occurrence);
}

static void clear_case(struct hd_case *item)
{
	for (size_t i = 0; i < item->n_lines; i++)
		free(item->lines[i]);
	*item = (struct hd_case){ .entry = NULL };
}

static bool is_marked(const struct hd_cases *cases, const char *id)
{
	for (size_t i = 0; i < cases->n; i++)
		if (strcmp(cases->items[i].entry->id, id) == 0)
			return true;
	return false;
}

/* Whether a case means something by itself. */
static bool is_failure(const struct hd_cases *cases, const struct hd_case *item)
{
	const struct hd_entry *entry = item->entry;

	return entry->rank < HD_RANK_NOISE && item->count >= entry->times &&
	       !(entry->unless && is_marked(cases, entry->unless));
}

/* The only case of the same failure that has an address, or NULL. */
static struct hd_case *addressed(struct hd_cases *cases,
				 const struct hd_case *item)
{
	struct hd_case *found = NULL;

	for (size_t i = 0; i < cases->n; i++) {
		struct hd_case *other = &cases->items[i];

		if (other->entry != item->entry || !other->has_addr)
			continue;
		if (found)
			return NULL;
		found = other;
	}
	return found;
}

/* What one program says with an address, another one repeats without. */
static void merge(struct hd_cases *cases)
{
	for (size_t i = 0; i < cases->n; i++) {
		struct hd_case *item = &cases->items[i], *other;

		if (item->has_addr)
			continue;
		other = addressed(cases, item);
		if (!other || (item->group >= 0 && other->group >= 0 &&
			       item->group != other->group))
			continue;
		other->count += item->count;
		keep_time(other, item->time, item->is_local);
		if (other->group < 0)
			other->group = item->group;
		for (size_t k = 0; k < item->n_lines; k++)
			if (other->n_lines < HD_CASE_LINES) {
				other->lines[other->n_lines++] = item->lines[k];
				item->lines[k] = NULL;
			}
		item->count = 0;
	}
}

/* Markers are needed until all is decided. */
static bool drop_others(struct hd_cases *cases)
{
	HD_AUTOFREE bool *keep = calloc(cases->n + 1, sizeof(*keep));
	size_t n = 0;

	if (!keep)
		return false;
	for (size_t i = 0; i < cases->n; i++)
		keep[i] = cases->items[i].count > 0 &&
			  is_failure(cases, &cases->items[i]);
	for (size_t i = 0; i < cases->n; i++) {
		if (keep[i])
			cases->items[n++] = cases->items[i];
		else
			clear_case(&cases->items[i]);
	}
	cases->n = n;
	return true;
}

/* Whether two cases can be about the same device. */
static bool are_together(const struct hd_case *a, const struct hd_case *b)
{
	if (a->has_addr && b->has_addr && a->addr.domain == b->addr.domain &&
	    a->addr.bus == b->addr.bus && a->addr.slot == b->addr.slot)
		return true;
	if (a->group >= 0 && b->group >= 0)
		return a->group == b->group;
	return !a->has_addr || !b->has_addr;
}

static bool leads_to(const struct hd_case *cause, const struct hd_case *item)
{
	return cause->entry->rank < item->entry->rank &&
	       (item->entry->follows & (1u << cause->entry->rank)) &&
	       are_together(cause, item);
}

/*
 * What happened at one attempt and may be over at the next. All else is true
 * from when it was logged: a dead device, a host without IOMMU.
 */
static bool passes(enum hd_rank rank)
{
	return rank == HD_RANK_ISOLATION || rank == HD_RANK_VIABLE ||
	       rank == HD_RANK_OWNER || rank == HD_RANK_CONFINED ||
	       rank == HD_RANK_LIMIT || rank == HD_RANK_MEMORY ||
	       rank == HD_RANK_WIDTH || rank == HD_RANK_RESET ||
	       rank == HD_RANK_INTERRUPT || rank == HD_RANK_FAULT;
}

static bool are_of_two_attempts(const struct hd_case *cause,
				const struct hd_case *item)
{
	return passes(cause->entry->rank) && cause->time >= 0 &&
	       item->time >= 0 && cause->is_local == item->is_local &&
	       llabs(cause->time - item->time) > ATTEMPT_SECONDS;
}

/* Cases come in order of their ranks: the first cause is the nearest. */
static void relate(struct hd_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		for (size_t k = 0; k < i; k++) {
			struct hd_case *cause = &report->items[k];
			struct hd_case *item = &report->items[i];

			if (!leads_to(cause, item))
				continue;
			if (are_of_two_attempts(cause, item)) {
				cause->is_past |= cause->time < item->time;
				continue;
			}
			item->because = cause->because == HD_NO_CAUSE ?
						k :
						cause->because;
			break;
		}
}

/* Sorts by @less, and keeps the log's order among equals. */
static void sort(struct hd_report *report,
		 bool (*less)(const struct hd_case *a, const struct hd_case *b))
{
	for (size_t i = 1; i < report->n; i++)
		for (size_t k = i;
		     k > 0 && less(&report->items[k], &report->items[k - 1]);
		     k--) {
			struct hd_case swap = report->items[k];

			report->items[k] = report->items[k - 1];
			report->items[k - 1] = swap;
		}
}

static bool has_lower_rank(const struct hd_case *a, const struct hd_case *b)
{
	return a->entry->rank < b->entry->rank;
}

/* Appends the causes that are past, or those that are not. */
static size_t take_causes(const struct hd_report *report, bool past,
			  struct hd_case *parted, size_t n, size_t *place)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->items[i].because == HD_NO_CAUSE &&
		    report->items[i].is_past == past) {
			place[i] = n;
			parted[n++] = report->items[i];
		}
	return n;
}

/* Puts the causes first, in their order, and keeps what points at them. */
static bool part(struct hd_report *report)
{
	HD_AUTOFREE size_t *place = calloc(report->n + 1, sizeof(*place));
	struct hd_case *parted = calloc(report->n + 1, sizeof(*parted));
	size_t n = 0;

	if (!place || !parted) {
		free(parted);
		return false;
	}
	n = take_causes(report, false, parted, n, place);
	n = take_causes(report, true, parted, n, place);
	report->n_causes = n;
	for (size_t i = 0; i < report->n; i++)
		if (report->items[i].because != HD_NO_CAUSE) {
			parted[n] = report->items[i];
			parted[n].because = place[parted[n].because];
			n++;
		}
	free(report->items);
	report->items = parted;
	return true;
}

int hd_cases_report(struct hd_cases *cases, struct hd_report *ret,
		    struct hd_err *err)
{
	struct hd_report report;

	merge(cases);
	if (!drop_others(cases) || cases->no_memory) {
		hd_cases_clear(cases);
		return hd_err_nomem(err);
	}
	report = (struct hd_report){ cases->items, cases->n, 0 };
	*cases = (struct hd_cases){ NULL, 0, false };
	sort(&report, has_lower_rank);
	relate(&report);
	if (!part(&report)) {
		hd_report_clear(&report);
		return hd_err_nomem(err);
	}
	*ret = report;
	return 0;
}

void hd_cases_clear(struct hd_cases *cases)
{
	for (size_t i = 0; i < cases->n; i++)
		clear_case(&cases->items[i]);
	free(cases->items);
	*cases = (struct hd_cases){ NULL, 0, false };
}

void hd_report_clear(struct hd_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		clear_case(&report->items[i]);
	free(report->items);
	*report = (struct hd_report){ NULL, 0, 0 };
}
