/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_DOCTOR_ROW_H
#define HD_DOCTOR_ROW_H

#include "lib/doctor/doctor.h"
#include "lib/doctor/read/facts.h"

/*
 * Between lib/doctor/doctor.c and the tables of checks.
 */

struct hd_exam;

/* How a row is applied. */
enum hd_scope {
	HD_HOST, /* once */
	HD_EACH, /* to each device that is asked for, or to all of the host,
		  * where it is one row and warns at most */
	HD_NAMED, /* to each device that is asked for */
	HD_GUEST, /* once, when there is a guest */
};

/* One check. Rows that differ in nothing but words share a rule. */
struct hd_row {
	const char *id;
	const char *title;
	const char *source; /* what the rule reads; some read just this */
	void (*rule)(struct hd_exam *exam);
	const char *what; /* for the rule: options, words, a file */
	const struct hd_rule *first; /* of check's rules, where the row is about
				      * some of them */
	enum hd_health bad; /* what it is when it isn't as it should be */
	const char *why; /* a sentence: what comes of it then */
	const char *fix; /* what ends that */
	unsigned where; /* HD_ON_…: hosts that it is for; 0: all */
	enum hd_scope scope;
	bool needed; /* a good verdict needs it to pass */
};

/* The rows of one group. */
struct hd_rows {
	const char *group;
	const struct hd_row *rows;
	size_t n;
	/* Or they are made, until this returns false. */
	bool (*make)(const char *group, size_t i, struct hd_row *ret);
};

#define HD_ROWS(name, rows)                                                    \
	{ .group = (name),                                                     \
	  .rows = (rows),                                                      \
	  .n = sizeof(rows) / sizeof((rows)[0]) }

extern const struct hd_rows hd_rows_machine, hd_rows_arm, hd_rows_kernel,
	hd_rows_cmdline, hd_rows_iommu, hd_rows_vfio_modules, hd_rows_vfio,
	hd_rows_confinement, hd_rows_memory, hd_rows_device, hd_rows_guard,
	hd_rows_earlyboot, hd_rows_isolation, hd_rows_graphics,
	hd_rows_hardware, hd_rows_libvirt, hd_rows_hook;

/* A row at work. */
struct hd_exam {
	struct hd_host_facts *facts;
	const struct hd_row *row;
	const struct hd_device *device; /* NULL unless the row is of one */
	size_t assign; /* its index in the request, or HD_WHOLE_DOMAIN */
	struct hd_checkup *checkup;
};

/*
 * How a rule says what it found: one of these, once. The sentence has no full
 * stop of its own. Out of memory is seen by who called the rule.
 */
void hd_exam_say(struct hd_exam *exam, enum hd_health health,
		 const char *format, ...) __attribute__((format(printf, 3, 4)));

#define hd_exam_pass(exam, ...) hd_exam_say(exam, HD_PASS, __VA_ARGS__)
#define hd_exam_warn(exam, ...) hd_exam_say(exam, HD_WARN, __VA_ARGS__)
#define hd_exam_fail(exam, ...) hd_exam_say(exam, HD_FAIL, __VA_ARGS__)
#define hd_exam_skip(exam, ...) hd_exam_say(exam, HD_SKIP, __VA_ARGS__)
#define hd_exam_not_applicable(exam, ...)                                      \
	hd_exam_say(exam, HD_NOT_APPLICABLE, __VA_ARGS__)
/* As the row says of what isn't as it should be. */
#define hd_exam_bad(exam, ...) hd_exam_say(exam, (exam)->row->bad, __VA_ARGS__)

/* Another fix than the row's, after one of the above. */
void hd_exam_fix(struct hd_exam *exam, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Skips because of @r, a negative errno, with which reading @path failed. */
void hd_exam_unread(struct hd_exam *exam, const char *path, int r);

/*
 * Reads the file that the row names as its source. False when that failed and
 * is said; the text is without trailing newline, and owned by the caller.
 */
bool hd_exam_read_source(struct hd_exam *exam, char **ret);

/*
 * The same where the source is a parameter of a module, which isn't there while
 * the module isn't.
 */
bool hd_exam_read_parameter(struct hd_exam *exam, char **ret);

/* Whether the text of a parameter means yes. */
static inline bool hd_is_yes(const char *text)
{
	return *text == 'Y' || *text == '1';
}

/* The same for any file; @path has a leading slash. */
bool hd_exam_read(struct hd_exam *exam, const char *path, char **ret);

/*
 * The same for the attribute of the device in sysfs that the row's source ends
 * with.
 */
bool hd_exam_read_attribute(struct hd_exam *exam, char **ret);

/* Whether the device has an attribute; NULL is the same one. */
bool hd_exam_has_attribute(const struct hd_exam *exam, const char *name);

#endif
