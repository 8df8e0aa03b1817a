// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doctor/read/initramfs.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/* What is decided before the root file system is there. */

#define FOLDER "etc/modprobe.d"
#define SUFFIX ".conf"

/* A file of modprobe.d that says which drivers are loaded, or vfio how. */
struct conf {
	char *name, *text; /* owned */
	bool of_driver; /* about vfio-pci itself */
	bool is_there, is_same; /* in the initramfs */
};

/* What is compared. */
struct early {
	struct conf *confs; /* owned */
	size_t n;
	bool has_driver; /* the initramfs has vfio-pci */
};

static void clear_early(struct early *early)
{
	for (size_t i = 0; i < early->n; i++) {
		free(early->confs[i].name);
		free(early->confs[i].text);
	}
	free(early->confs);
}

/* The next line that says something, without its end; NULL when none is left.
 */
static const char *next_line(const char **text, size_t *ret)
{
	while (**text) {
		const char *line = *text + strspn(*text, " \t\r\n");
		size_t length = strcspn(line, "\n");

		*text = line + length;
		while (length > 0 && strchr(" \t\r", line[length - 1]))
			length--;
		if (length > 0 && *line != '#') {
			*ret = length;
			return line;
		}
	}
	return NULL;
}

/* Some makers of an initramfs leave comments out. */
static bool says_the_same(const char *a, const char *b)
{
	const char *x, *y;
	size_t n, m;

	do {
		x = next_line(&a, &n);
		y = next_line(&b, &m);
	} while (x && y && n == m && memcmp(x, y, n) == 0);
	return !x && !y;
}

/* Whether a file matters here, and why. */
static bool look_at(struct conf *conf)
{
	const char *rest = conf->text, *line;
	bool matters = false;
	size_t length;

	while ((line = next_line(&rest, &length))) {
		if (memmem(line, length, "vfio-pci", 8) ||
		    memmem(line, length, "vfio_pci", 8))
			conf->of_driver = true;
		matters |= hd_after(line, "blacklist") ||
			   hd_after(line, "install") ||
			   hd_after(line, "softdep") ||
			   memmem(line, length, "vfio", 4);
	}
	return matters;
}

static bool visit_conf(struct hd_exam *exam, void *data, const char *name,
		       char *text)
{
	struct early *early = data;
	struct conf conf = { .text = text }, *slot;

	if (!look_at(&conf))
		return true;
	slot = hd_array_add(&early->confs, &early->n, sizeof(*slot));
	if (slot) {
		conf.name = strdup(name);
		conf.text = strdup(text);
		*slot = conf;
	}
	exam->failed |= !slot || !conf.name || !conf.text;
	return !exam->failed;
}

/* "…/vfio-pci.ko.zst" */
static bool is_driver(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return hd_module_names_equal(name, "vfio_pci", 8) &&
	       hd_after(name + 8, ".ko");
}

static int visit_file(void *data, const char *path, const char *content,
		      size_t length)
{
	struct early *early = data;
	const char *name = path + strlen(FOLDER "/");

	(void)length;
	early->has_driver |= is_driver(path);
	if (!hd_after(path, FOLDER "/"))
		return 0;
	for (size_t i = 0; i < early->n; i++) {
		struct conf *conf = &early->confs[i];

		if (strcmp(conf->name, name) != 0)
			continue;
		conf->is_there = true;
		conf->is_same = content && says_the_same(content, conf->text);
	}
	return 0;
}

/* Opens the initramfs of the running kernel, under any of its usual names; -1
 * when there is none. */
static int open_image(struct hd_exam *exam, char **ret)
{
	static const struct {
		const char *before, *after;
		bool of_package; /* as Arch Linux names them */
	} forms[] = {
		{ "/boot/initrd.img-", "", false },
		{ "/boot/initramfs-", ".img", false },
		{ "/boot/initrd-", "", false },
		{ "/lib/modules/", "/initrd", false },
		{ "/boot/initramfs-", ".img", true },
	};
	const char *release = exam->facts->release;
	HD_AUTOFREE char *of =
		release ? hd_text("/lib/modules/%s/pkgbase", release) : NULL;
	HD_AUTOFREE char *package = NULL;

	exam->failed |= release && !of;
	if (of)
		hd_exam_try(exam, of, &package);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *kernel = forms[i].of_package ? package : release;
		HD_AUTOFREE char *path = NULL;
		int fd = -1;

		if (!kernel || !hd_sysfs_is_name(kernel))
			continue;
		path = hd_text("%s%s%s", forms[i].before, kernel,
			       forms[i].after);
		exam->failed |= !path;
		if (!path || !hd_exam_open(exam, path, O_RDONLY, &fd))
			continue;
		*ret = hd_steal(&path);
		return fd;
	}
	return -1;
}

static void judge(struct hd_exam *exam, const struct early *early,
		  const char *path)
{
	bool builtin = hd_exam_is_builtin(exam, "vfio_pci");

	for (size_t i = 0; i < early->n; i++) {
		const struct conf *conf = &early->confs[i];

		if (conf->is_there && !conf->is_same)
			hd_exam_bad(exam, "%s has another %s than /" FOLDER,
				    path, conf->name);
		else if (conf->of_driver && !conf->is_there)
			hd_exam_bad(exam, "%s is without /" FOLDER "/%s", path,
				    conf->name);
		else if (conf->of_driver && !early->has_driver && !builtin)
			hd_exam_bad(
				exam,
				"%s has %s, but not the module vfio-pci: a driver in it can be first",
				path, conf->name);
		else
			continue;
		return;
	}
	hd_exam_pass(exam, "%s has what /" FOLDER " says of drivers", path);
}

static void rule_initramfs(struct hd_exam *exam)
{
	HD_AUTO(clear_early) struct early early = { .n = 0 };
	HD_AUTOFREE char *path = NULL;
	HD_AUTOCLOSE int fd = -1;
	int r;

	if (!exam->facts->has_etc) {
		hd_exam_missing(exam, "/etc");
		return;
	}
	hd_exam_each_text(exam, "/" FOLDER, SUFFIX, visit_conf, &early);
	fd = open_image(exam, &path);
	if (fd < 0) {
		hd_exam_unknown(
			exam, "no initramfs of this kernel is found in /boot");
		return;
	}
	if (early.n == 0) {
		hd_exam_pass(exam, "/" FOLDER " says nothing of drivers");
		return;
	}
	r = hd_file_is_regular(fd);
	if (r == 0)
		r = hd_initramfs_each(fd, visit_file, &early);
	if (r == -EBADMSG)
		hd_exam_unknown(exam, "%s is no initramfs that this can read",
				path);
	else if (r < 0)
		hd_exam_unread_errno(exam, path, r);
	else
		judge(exam, &early, path);
}

static const struct hd_row rows[] = {
	{ .id = "vfio-initramfs",
	  .title = "The initramfs knows the configuration",
	  .source = "/boot, /" FOLDER,
	  .rule = rule_initramfs,
	  .bad = HD_WARN,
	  .fix = "Make it anew, with vfio-pci in it if a device is to have that from the start: update-initramfs -u, dracut -f or mkinitcpio -P" },
};

const struct hd_rows hd_rows_earlyboot = HD_ROWS("VFIO", rows);
