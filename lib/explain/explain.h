/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_EXPLAIN_H
#define HD_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/catalogue/entry.h"
#include "lib/host/addr.h"

/* Lines that are kept of one failure of one device, and what of each. */
#define HD_CASE_LINES 3
#define HD_CASE_LINE_SIZE 1024

/* Failures that are kept; a log with more of them has its first ones kept. */
#define HD_CASES 512

/* A case that no other one caused. */
#define HD_NO_CAUSE SIZE_MAX

/* One known failure of one device, as a log has it. */
struct hd_case {
	const struct hd_entry *entry; /* of the catalogue */
	bool has_addr;
	struct hd_addr addr;
	long group; /* IOMMU group that the log names; -1: none */
	char *lines[HD_CASE_LINES]; /* owned; what others wrote */
	size_t n_lines;
	size_t count; /* how often it was seen */
	size_t place; /* number of the line where it was seen last */
	int64_t time; /* when that was, seconds after 1970; -1: not known */
	bool is_local; /* the time has no zone, and may be another one's */
	bool is_past; /* what it could have led to came later */
	size_t because; /* index of the cause, or HD_NO_CAUSE */
};

/* What a log says: causes first, the nearest to the root before others, and
 * what is past after those. */
struct hd_report {
	struct hd_case *items;
	size_t n;
	size_t n_causes;
};

#define HD_AUTO_REPORT __attribute__((cleanup(hd_report_clear)))
#define HD_AUTO_EXPLAIN __attribute__((cleanup(hd_explain_free)))

/* Looks for known failures in logs of any size, in constant memory. */
struct hd_explain;

/* NULL when memory runs out. */
struct hd_explain *hd_explain_new(void);

/* From now on lines with a time before @since, seconds after 1970, and those
 * without one that follow them, don't count; 0: all do. */
void hd_explain_since(struct hd_explain *explain, int64_t since);

/* From now on the kernel's own times, "[   12.345678]", count from @boot,
 * seconds after 1970; 0: it isn't known when that was. */
void hd_explain_booted(struct hd_explain *explain, int64_t boot);

/* Takes a piece of a log, cut anywhere. */
void hd_explain_feed(struct hd_explain *explain, const char *piece, size_t n);

/* One log ends, and another one may begin. */
void hd_explain_end(struct hd_explain *explain);

/* Feeds all that is read from @fd and ends it. Returns 0 or a negative errno.
 */
int hd_explain_read(struct hd_explain *explain, int fd);

/*
 * What all logs said: each case once, causes and consequences told apart. The
 * explainer is empty after it. Returns 0 or -ENOMEM with @err filled.
 */
int hd_explain_report(struct hd_explain *explain, struct hd_report *ret,
		      struct hd_err *err);

/*
 * What an IOMMU group or a device is called before the title: "0000:01:00.0",
 * "IOMMU group 7", or NULL for neither. Owned by the caller.
 */
char *hd_case_subject(const struct hd_case *item);

/*
 * The first line that explain would print of the end of the log @fd: the cause,
 * with the device it is about, among what was written since @since (see
 * hd_explain_since()). *@ret is owned by the caller, and NULL when nothing
 * known is in it. Returns 0 or a negative errno.
 */
int hd_explain_first_line(int fd, int64_t since, char **ret);

void hd_report_clear(struct hd_report *report);
void hd_explain_free(struct hd_explain **explain);

#endif
