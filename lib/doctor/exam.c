// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

void hd_exam_say(struct hd_exam *exam, enum hd_health health,
		 const char *format, ...)
{
	struct hd_checkup *checkup = exam->checkup;
	va_list args;

	free(checkup->detail);
	va_start(args, format);
	if (vasprintf(&checkup->detail, format, args) < 0)
		checkup->detail = NULL;
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
	if (vasprintf(&exam->checkup->fix, format, args) < 0)
		exam->checkup->fix = NULL;
	va_end(args);
}

void hd_exam_unread(struct hd_exam *exam, const char *path, int r)
{
	if (r == -ENOENT || r == -ENOTDIR)
		hd_exam_skip(exam, "%s isn't there", path);
	else
		hd_exam_skip(exam, "%s can't be read: %s", path, strerror(-r));
}

bool hd_exam_read(struct hd_exam *exam, const char *path, char **ret)
{
	int r = hd_facts_read(exam->facts, path, ret);

	if (r < 0)
		hd_exam_unread(exam, path, r);
	return r == 0;
}

bool hd_exam_read_source(struct hd_exam *exam, char **ret)
{
	return hd_exam_read(exam, exam->row->source, ret);
}

bool hd_exam_read_parameter(struct hd_exam *exam, char **ret)
{
	int r = hd_facts_read(exam->facts, exam->row->source, ret);

	if (r == -ENOENT && exam->facts->has_sys)
		hd_exam_not_applicable(
			exam,
			"its module isn't loaded, or has no such parameter");
	else if (r < 0)
		hd_exam_unread(exam, exam->row->source, r);
	return r == 0;
}

/* What the row's source ends with. */
static const char *attribute_of(const struct hd_row *row)
{
	return strrchr(row->source, '/') + 1;
}

bool hd_exam_read_attribute(struct hd_exam *exam, char **ret)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(
		hd_sysfs_open_device, exam->facts->host, exam->device->addr);
	int r = fd < 0 ? fd :
			 hd_unsorted(hd_sysfs_read(fd, attribute_of(exam->row),
						   ret));

	if (r < 0)
		hd_exam_unread(exam, attribute_of(exam->row), r);
	return r == 0;
}

bool hd_exam_has_attribute(const struct hd_exam *exam, const char *name)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(
		hd_sysfs_open_device, exam->facts->host, exam->device->addr);

	return fd >= 0 &&
	       (hd_unsorted(hd_sysfs_look(
			fd, name ? name : attribute_of(exam->row))) == 0);
}
