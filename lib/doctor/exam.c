// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doctor/row.h"
#include "lib/host/module.h"
#include "lib/host/sysfs.h"

void hd_exam_say(struct hd_exam *exam, enum hd_health health,
		 const char *format, ...)
{
	struct hd_checkup *checkup = exam->checkup;
	va_list args;

	free(checkup->detail);
	free(checkup->fix);
	free(checkup->overlay);
	checkup->fix = NULL;
	checkup->overlay = NULL;
	va_start(args, format);
	if (vasprintf(&checkup->detail, format, args) < 0) {
		checkup->detail = NULL;
		exam->failed = true;
	}
	va_end(args);
	checkup->health = health;
	if ((health == HD_WARN || health == HD_FAIL) && exam->row->fix)
		hd_exam_fix(exam, "%s", exam->row->fix);
}

void hd_exam_fix(struct hd_exam *exam, const char *format, ...)
{
	va_list args;

	free(exam->checkup->fix);
	va_start(args, format);
	if (vasprintf(&exam->checkup->fix, format, args) < 0) {
		exam->checkup->fix = NULL;
		exam->failed = true;
	}
	va_end(args);
}

void hd_exam_overlay(struct hd_exam *exam, const char *format, ...)
{
	va_list args;

	free(exam->checkup->overlay);
	va_start(args, format);
	if (vasprintf(&exam->checkup->overlay, format, args) < 0) {
		exam->checkup->overlay = NULL;
		exam->failed = true;
	}
	va_end(args);
}

static char *describe(const char *path, int r)
{
	if (r == -ENOENT)
		return hd_text("%s isn't there", path);
	if (r == -ENOLINK)
		return hd_text("%s leads to what isn't in the copied tree",
			       path);
	return hd_text("%s can't be read: %s", path, strerror(-r));
}

void hd_exam_unread_errno(struct hd_exam *exam, const char *path, int r)
{
	HD_AUTOFREE char *text = describe(path, r);

	exam->failed |= !text;
	if (text)
		hd_exam_unknown(exam, "%s", text);
}

void hd_exam_unread(struct hd_exam *exam, const char *path, struct hd_seen seen)
{
	hd_exam_unread_errno(exam, path, hd_seen_required(seen));
}

void hd_exam_missing(struct hd_exam *exam, const char *path)
{
	hd_exam_unread_errno(exam, path, -ENOENT);
}

bool hd_exam_saw(struct hd_exam *exam, struct hd_seen seen, const char *path)
{
	if (seen.is == HD_UNKNOWN && !exam->unread) {
		exam->unread = describe(path, seen.error);
		/* Then memory has run out, and nothing is said at all. */
		exam->failed |= !exam->unread;
	}
	return seen.is == HD_PRESENT;
}

bool hd_exam_exists(struct hd_exam *exam, const char *path)
{
	return hd_exam_saw(exam, hd_facts_look(exam->facts, path), path);
}

bool hd_exam_is_android(struct hd_exam *exam)
{
	const struct hd_android *android = &exam->facts->android;

	return hd_exam_saw(exam, android->seen,
			   android->sign ? android->sign : "/system");
}

bool hd_exam_android_has(struct hd_exam *exam, const char *module,
			 const char **ret)
{
	const struct hd_android *android = &exam->facts->android;

	if (hd_android_find(android, module, ret) != HD_ANDROID_NONE)
		return true;
	if (android->modules_seen.is == HD_UNKNOWN)
		hd_exam_saw(exam, android->modules_seen, android->modules_path);
	return false;
}

unsigned hd_exam_groups(struct hd_exam *exam)
{
	hd_exam_saw(exam, exam->facts->groups.seen, HD_SYSFS_GROUPS);
	return exam->facts->groups.n;
}

bool hd_exam_open(struct hd_exam *exam, const char *path, int flags,
		  int *ret_fd)
{
	return hd_exam_saw(
		exam, hd_facts_open(exam->facts, path, flags, ret_fd), path);
}

bool hd_exam_try(struct hd_exam *exam, const char *path, char **ret)
{
	return hd_exam_saw(exam, hd_facts_read(exam->facts, path, ret), path);
}

bool hd_exam_read(struct hd_exam *exam, const char *path, char **ret)
{
	struct hd_seen seen = hd_facts_read(exam->facts, path, ret);

	if (seen.is != HD_PRESENT)
		hd_exam_unread(exam, path, seen);
	return seen.is == HD_PRESENT;
}

bool hd_exam_read_source(struct hd_exam *exam, char **ret)
{
	return hd_exam_read(exam, exam->row->source, ret);
}

bool hd_exam_read_parameter(struct hd_exam *exam, char **ret)
{
	const char *path = exam->row->source;
	struct hd_seen seen = hd_facts_read(exam->facts, path, ret);

	if (seen.is == HD_ABSENT && exam->facts->has_sys)
		hd_exam_not_applicable(
			exam,
			"its module isn't loaded, or has no such parameter");
	else if (seen.is != HD_PRESENT)
		hd_exam_unread(exam, path, seen);
	return seen.is == HD_PRESENT;
}

bool hd_exam_number(struct hd_exam *exam, const char *path, const char *text,
		    int base, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, base);
	if (isxdigit((unsigned char)*text) && end != text && !*end && !errno &&
	    number <= max) {
		*ret = number;
		return true;
	}
	hd_exam_unknown(exam, "%s has \"%.40s\", which is no number", path,
			text);
	return false;
}

/* What hd_exam_each() goes with. */
struct entries {
	int (*visit)(void *data, int dir_fd, const char *name);
	void *data;
};

static int visit_entry(void *data, int dir_fd, const char *name)
{
	const struct entries *entries = data;

	return *name == '.' ? 0 : entries->visit(entries->data, dir_fd, name);
}

bool hd_exam_each(struct hd_exam *exam, const char *path,
		  int (*visit)(void *data, int dir_fd, const char *name),
		  void *data)
{
	struct entries entries = { visit, data };
	int fd = -1, r;

	if (!hd_exam_open(exam, path, O_RDONLY | O_DIRECTORY, &fd))
		return false;
	r = hd_dir_each(fd, visit_entry, &entries);
	/* The folder is there, whatever a visit missed in it. */
	return r >= 0 ||
	       hd_exam_saw(exam, (struct hd_seen){ HD_UNKNOWN, r }, path);
}

/* What hd_exam_each_text() goes with. */
struct texts {
	struct hd_exam *exam;
	const char *folder, *suffix;
	bool (*visit)(struct hd_exam *exam, void *data, const char *name,
		      char *text);
	void *data;
};

static int visit_text(void *data, int dir_fd, const char *name)
{
	const struct texts *texts = data;
	HD_AUTOFREE char *path = hd_text("%s/%s", texts->folder, name);
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen;

	if (!path)
		return -ENOMEM;
	if (!hd_ends_with(name, texts->suffix))
		return 0;
	if (hd_modprobe_is_masked(dir_fd, name))
		return 0;
	seen = hd_facts_read(texts->exam->facts, path, &text);
	if (seen.error == -EISDIR)
		return 0;
	/* A link to what wasn't copied; here it would be to nothing. */
	if (seen.is == HD_ABSENT && !texts->exam->facts->host->live)
		seen = hd_seen_of(-ENOLINK);
	if (!hd_exam_saw(texts->exam, seen, path))
		return 0;
	return texts->visit(texts->exam, texts->data, name, text) ? 0 : 1;
}

bool hd_exam_each_text(struct hd_exam *exam, const char *path,
		       const char *suffix,
		       bool (*visit)(struct hd_exam *exam, void *data,
				     const char *name, char *text),
		       void *data)
{
	struct texts texts = { exam, path, suffix, visit, data };

	return hd_exam_each(exam, path, visit_text, &texts);
}

/* What the row's source ends with. */
static const char *attribute_of(const struct hd_row *row)
{
	return strrchr(row->source, '/') + 1;
}

bool hd_exam_open_device(struct hd_exam *exam, int *ret_fd)
{
	return hd_exam_saw(exam,
			   hd_sysfs_open_device(exam->facts->host,
						exam->device->addr, ret_fd),
			   hd_addr_text(exam->device->addr).s);
}

bool hd_exam_read_attribute(struct hd_exam *exam, char **ret)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_device(exam->facts->host,
						   exam->device->addr, &fd);

	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read(fd, attribute_of(exam->row), ret);
	if (seen.is != HD_PRESENT)
		hd_exam_unread(exam, attribute_of(exam->row), seen);
	return seen.is == HD_PRESENT;
}

bool hd_exam_has_attribute(struct hd_exam *exam, const char *name)
{
	HD_AUTOCLOSE int fd = -1;

	if (!name)
		name = attribute_of(exam->row);
	return hd_exam_open_device(exam, &fd) &&
	       hd_exam_saw(exam, hd_sysfs_look(fd, name), name);
}

static bool has_text(struct hd_exam *exam, const struct hd_text_file *file)
{
	return hd_exam_saw(exam, file->seen, file->path);
}

bool hd_exam_is_builtin(struct hd_exam *exam, const char *module)
{
	const struct hd_text_file *builtin = &exam->facts->builtin;

	return has_text(exam, builtin) &&
	       hd_module_list_has(builtin->text, module);
}

enum hd_module_place hd_exam_module(struct hd_exam *exam, const char *module)
{
	const struct hd_host_facts *facts = exam->facts;
	HD_AUTOFREE char *path = hd_text(HD_SYSFS_MODULES "/%s", module);

	exam->failed |= !path;
	if (path && hd_exam_exists(exam, path))
		return HD_PLACE_LOADED;
	if (hd_exam_is_builtin(exam, module))
		return HD_PLACE_BUILTIN;
	if (!has_text(exam, &facts->dep))
		return HD_PLACE_UNKNOWN;
	if (hd_module_list_has(facts->dep.text, module))
		return HD_PLACE_LOADABLE;
	return facts->builtin.text ? HD_PLACE_NOWHERE : HD_PLACE_UNKNOWN;
}

bool hd_exam_is_asked_for(const struct hd_exam *exam, struct hd_addr addr)
{
	const struct hd_request *request = exam->facts->request->devices;

	for (size_t i = 0; i < request->n_assigns; i++)
		if (hd_addr_equal(request->assigns[i].addr, addr))
			return true;
	return false;
}
