// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/host/sysfs.h"

int hd_look_fail(const struct hd_host *host, int r, struct hd_err *err,
		 const char *format, ...)
{
	HD_AUTOFREE char *path = NULL;
	va_list args;
	int n;

	if (r == 0)
		return 0;
	va_start(args, format);
	n = vasprintf(&path, format, args);
	va_end(args);
	if (n < 0) {
		path = NULL;
		return hd_err_nomem(err);
	}
	if (r == -ENOENT && !host->live) {
		hd_err_set(err, ENOENT, "this copy of the host has no %s",
			   path);
		hd_err_fix(err, "Record the host with: virt-hostdev capture");
		return r;
	}
	hd_err_set(err, -r, "%s can't be read: %s", path, strerror(-r));
	if (r == -EACCES || r == -EPERM)
		hd_err_fix(err, "Run it as root");
	return r;
}

int hd_look_for(const struct hd_host *host, struct hd_seen seen,
		const char *path, bool *ret, struct hd_err *err)
{
	int r = host->live ? hd_seen_whether(seen, ret) :
			     hd_seen_required(seen);

	*ret = seen.is == HD_PRESENT;
	return hd_look_fail(host, r, err, "%s", path);
}

int hd_look_at(const struct hd_host *host, const char *class, const char *name,
	       const char *attribute, char **ret, struct hd_err *err)
{
	int r;

	*ret = NULL;
	r = hd_seen_optional(
		hd_sysfs_read_class(host, class, name, attribute, ret));
	return hd_look_fail(host, r, err, HD_SYSFS_CLASS "/%s/%s/%s", class,
			    name, attribute);
}

int hd_look_where(const struct hd_host *host, const char *class,
		  const char *name, char **ret, struct hd_err *err)
{
	struct hd_seen seen;
	int r;

	*ret = NULL;
	seen = hd_sysfs_read_class_link(host, class, name, ret);
	r = host->live ? hd_seen_optional(seen) : hd_seen_required(seen);
	return hd_look_fail(host, r, err, HD_SYSFS_CLASS "/%s/%s", class, name);
}

/* Tells a visit that failed from a folder that can't be read. */
struct visiting {
	hd_look_fn visit;
	void *data;
	bool done;
};

static int visit_entry(void *data, int dir_fd, const char *name)
{
	struct visiting *visiting = data;
	int r = visiting->visit(visiting->data, dir_fd, name);

	visiting->done = r != 0;
	return r;
}

int hd_look_into_opened(const struct hd_host *host, struct hd_seen seen, int fd,
			const char *path, hd_look_fn visit, void *data,
			struct hd_err *err)
{
	struct visiting visiting = { visit, data, false };
	int r = hd_seen_optional(seen);

	if (seen.is == HD_PRESENT)
		r = hd_dir_each(fd, visit_entry, &visiting);
	return visiting.done ? r : hd_look_fail(host, r, err, "%s", path);
}

/* Of a copy's folder that isn't there: whether the copy could have had it. */
static int look_above(const struct hd_host *host, const char *name,
		      const char *sub, const char *path, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen;

	if (host->live || *sub)
		return 0;
	if (*name)
		return hd_look_fail(host, -ENOENT, err, "%s", path);
	seen = hd_host_openat(host, HD_SYSFS_CLASS, O_PATH, &fd);
	return hd_look_fail(host, hd_seen_required(seen), err, HD_SYSFS_CLASS);
}

int hd_look_into(const struct hd_host *host, const char *class,
		 const char *name, const char *sub, hd_look_fn visit,
		 void *data, struct hd_err *err)
{
	int fd = -1;
	struct hd_seen seen = hd_sysfs_open_class(host, class, name, sub, &fd);
	HD_AUTOFREE char *path =
		hd_text(HD_SYSFS_CLASS "/%s%s%s%s%s", class, *name ? "/" : "",
			name, *sub ? "/" : "", sub);

	if (!path) {
		hd_auto_close(&fd);
		return hd_err_nomem(err);
	}
	if (seen.is == HD_ABSENT)
		return look_above(host, name, sub, path, err);
	return hd_look_into_opened(host, seen, fd, path, visit, data, err);
}
