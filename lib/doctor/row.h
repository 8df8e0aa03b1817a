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
	HD_PCI_HOST, /* to each PCI host bridge of the device tree, or to that
		      * of each device that is asked for */
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
	/*
	 * What fails decides: unread, it leaves the verdict open. Unless
	 * another row shows what comes of it: with groups there is an IOMMU,
	 * whatever the firmware's tables say. This is the id of that one.
	 */
	const char *shown_by;
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

extern const struct hd_rows hd_rows_machine, hd_rows_arm, hd_rows_devicetree,
	hd_rows_iort, hd_rows_android, hd_rows_image, hd_rows_kernel,
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
	const struct hd_pci_host *pci; /* NULL unless the row is of one */
	struct hd_checkup *checkup;
	char *unread; /* what couldn't be read, see hd_exam_saw(); owned */
	bool failed; /* memory ran out before it could be noted */
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
#define hd_exam_unknown(exam, ...) hd_exam_say(exam, HD_UNREAD, __VA_ARGS__)
#define hd_exam_not_applicable(exam, ...)                                      \
	hd_exam_say(exam, HD_NOT_APPLICABLE, __VA_ARGS__)
/* As the row says of what isn't as it should be. */
#define hd_exam_bad(exam, ...) hd_exam_say(exam, (exam)->row->bad, __VA_ARGS__)

/* Another fix than the row's, after one of the above. */
void hd_exam_fix(struct hd_exam *exam, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A change of the device tree that belongs to the fix, after that. */
void hd_exam_overlay(struct hd_exam *exam, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Says that @path wasn't there, or why it couldn't be read. */
void hd_exam_unread(struct hd_exam *exam, const char *path,
		    struct hd_seen seen);

/* The same with a negative errno, of which -ENOENT says that it isn't there. */
void hd_exam_unread_errno(struct hd_exam *exam, const char *path, int r);

/* The same where something else follows from that it wasn't there. */
void hd_exam_missing(struct hd_exam *exam, const char *path);

/*
 * Everything that a rule reads goes through the functions below, and what isn't
 * read by them through this one: it returns whether @path is there. When that
 * can't be known the row will say so, and nothing of what its rule says: nobody
 * knows what the rule would have said.
 */
bool hd_exam_saw(struct hd_exam *exam, struct hd_seen seen, const char *path);

/* Whether there is such a file; paths have a leading slash. */
bool hd_exam_exists(struct hd_exam *exam, const char *path);

/* Whether the host is Android, see lib/doctor/read/android.h. */
bool hd_exam_is_android(struct hd_exam *exam);

/*
 * Whether what the row looks at first may be there: false when the host is
 * Android, which lacks it, and that is said.
 */
bool hd_exam_is_for_android(struct hd_exam *exam);

/*
 * Whether one of Android's lists of modules has it, and where; false on other
 * hosts. A list that can't be read makes the row unknown, unless another one
 * has it.
 */
bool hd_exam_android_has(struct hd_exam *exam, const char *module,
			 const char **ret);

/* How many IOMMU groups the host has; 0 when it has no folder of them. */
unsigned hd_exam_groups(struct hd_exam *exam);

/* Opens it, if it is there. */
bool hd_exam_open(struct hd_exam *exam, const char *path, int flags,
		  int *ret_fd);

/*
 * Reads a file that may be there. The text is without trailing newline, and
 * owned by the caller.
 */
bool hd_exam_try(struct hd_exam *exam, const char *path, char **ret);

/* Reads one that has to be there. False when it isn't, and that is said. */
bool hd_exam_read(struct hd_exam *exam, const char *path, char **ret);

/* The same for the file that the row names as its source. */
bool hd_exam_read_source(struct hd_exam *exam, char **ret);

/*
 * The same where the source is a parameter of a module, which isn't there while
 * the module isn't.
 */
bool hd_exam_read_parameter(struct hd_exam *exam, char **ret);

/* Whether somebody lets vfio take devices whose interrupts aren't isolated. */
bool hd_exam_is_unsafe_by_choice(struct hd_exam *exam);

/* Once it was said that interrupts aren't isolated: then that warns only. */
void hd_exam_forgive_unsafe(struct hd_exam *exam);

/* Whether the text of a parameter means yes. */
static inline bool hd_is_yes(const char *text)
{
	return *text == 'Y' || *text == '1';
}

/*
 * Whether the text of a file is a number, from 0 to @max and nothing else, with
 * a base as strtoull(3) takes it. False when it isn't, and that is said.
 */
bool hd_exam_number(struct hd_exam *exam, const char *path, const char *text,
		    int base, uint64_t max, uint64_t *ret);

/*
 * Calls @visit for each entry of a folder, those left out that begin with a
 * dot, until it returns something else than 0, see hd_dir_each(). False when
 * there is no such folder.
 */
bool hd_exam_each(struct hd_exam *exam, const char *path,
		  int (*visit)(void *data, int dir_fd, const char *name),
		  void *data);

/*
 * Calls @visit for each file of a folder that ends with @suffix, with its text,
 * until it returns false. Links are followed as the host would; folders in it
 * are left out. False when there is no such folder.
 */
bool hd_exam_each_text(struct hd_exam *exam, const char *path,
		       const char *suffix,
		       bool (*visit)(struct hd_exam *exam, void *data,
				     const char *name, char *text),
		       void *data);

/* Opens the folder of the exam's device. */
bool hd_exam_open_device(struct hd_exam *exam, int *ret_fd);

/*
 * Reads the attribute of the device in sysfs that the row's source ends with.
 * False when it isn't there, and that is said.
 */
bool hd_exam_read_attribute(struct hd_exam *exam, char **ret);

/* Whether the device has an attribute; NULL is the same one. */
bool hd_exam_has_attribute(struct hd_exam *exam, const char *name);

/* Whether a device is among those that are asked for. */
bool hd_exam_is_asked_for(const struct hd_exam *exam, struct hd_addr addr);

/* Where a module of the kernel is. */
enum hd_module_place {
	HD_PLACE_LOADED, /* or built in, with parameters */
	HD_PLACE_BUILTIN,
	HD_PLACE_LOADABLE,
	HD_PLACE_NOWHERE,
	HD_PLACE_UNKNOWN, /* /lib/modules isn't there or can't be read */
};

enum hd_module_place hd_exam_module(struct hd_exam *exam, const char *module);

/* Whether modules.builtin names it; false when there is no such file. */
bool hd_exam_is_builtin(struct hd_exam *exam, const char *module);

#endif
