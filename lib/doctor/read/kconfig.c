// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/kconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/doctor/read/unpack.h"
#include "lib/host/proc.h"

#define PREFIX "CONFIG_"
#define UNSET_PREFIX "# " PREFIX
#define UNSET " is not set"

/* Cuts @line in two. False when it names no option. */
static bool split(char *line, struct hd_kconfig_option *ret)
{
	const char *name = hd_after(line, PREFIX);
	char *end;

	ret->value = "n";
	if (name) {
		end = strchr(name, '=');
		ret->value = end ? end + 1 : NULL;
	} else {
		name = hd_after(line, UNSET_PREFIX);
		end = name ? strstr(name, UNSET) : NULL;
		if (end && end[strlen(UNSET)] != '\0')
			end = NULL;
	}
	if (!end || end == name)
		return false;
	*end = '\0';
	ret->name = name;
	return true;
}

/* Of one name the lines are in order, as they are in the same text. */
static int compare(const void *a, const void *b)
{
	const struct hd_kconfig_option *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->name > y->name) - (x->name < y->name);
}

static void sort(struct hd_kconfig *kconfig)
{
	size_t kept = 0;

	qsort(kconfig->options, kconfig->n, sizeof(*kconfig->options), compare);
	for (size_t i = 0; i < kconfig->n; i++) {
		if (kept > 0 && strcmp(kconfig->options[kept - 1].name,
				       kconfig->options[i].name) == 0)
			kept--;
		kconfig->options[kept++] = kconfig->options[i];
	}
	kconfig->n = kept;
}

/* Takes @text over. */
static int parse(char *text, struct hd_kconfig *ret)
{
	HD_AUTO_KCONFIG struct hd_kconfig kconfig = { text, NULL, 0 };
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct hd_kconfig_option option, *slot;

		line[strcspn(line, "\r")] = '\0';
		if (!split(line, &option))
			continue;
		slot = hd_array_add(&kconfig.options, &kconfig.n,
				    sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		*slot = option;
	}
	if (kconfig.n == 0)
		return -EINVAL;
	sort(&kconfig);
	*ret = kconfig;
	kconfig = (struct hd_kconfig){ NULL, NULL, 0 };
	return 0;
}

int hd_kconfig_parse(const char *text, size_t length, struct hd_kconfig *ret)
{
	char *copy = strndup(text, length);

	return copy ? parse(copy, ret) : -ENOMEM;
}

int hd_kconfig_read_fd(int fd, struct hd_kconfig *ret)
{
	char *text;
	size_t length;
	int r = hd_unpack_all(fd, HD_KCONFIG_LIMIT, &text, &length);

	return r < 0 ? r : parse(text, ret);
}

static int read_path(const struct hd_host *host, const char *path,
		     struct hd_kconfig *ret)
{
	HD_AUTOCLOSE int fd = -1;
	int r = hd_seen_required(
		hd_host_openat(host, path, O_RDONLY | O_NONBLOCK, &fd));

	if (r == 0)
		r = hd_file_is_regular(fd);
	return r < 0 ? r : hd_kconfig_read_fd(fd, ret);
}

int hd_kconfig_read(const struct hd_host *host, const char *release,
		    struct hd_kconfig *ret, char **ret_path, struct hd_err *err)
{
	static const char *const places[] = { HD_PROC_CONFIG, "/boot/config-%s",
					      "/lib/modules/%s/config" };
	size_t n = release ? sizeof(places) / sizeof(places[0]) : 1;

	for (size_t i = 0; i < n; i++) {
		const char *blank = strchr(places[i], '%');
		HD_AUTOFREE char *path =
			blank ? hd_text("%.*s%s%s", (int)(blank - places[i]),
					places[i], release, blank + 2) :
				strdup(places[i]);
		int r = path ? read_path(host, path, ret) : -ENOMEM;

		if (r == 0)
			*ret_path = hd_steal(&path);
		if (r != -ENOENT)
			return r == 0 ? 0 :
					hd_err_set(err, -r,
						   "%s can't be read: %s",
						   path ? path : places[i],
						   strerror(-r));
	}
	return hd_err_set(
		err, ENOENT,
		"the configuration of the kernel is neither in " HD_PROC_CONFIG
		" nor in /boot nor in /lib/modules");
}

const char *hd_kconfig_value(const struct hd_kconfig *kconfig, const char *name)
{
	size_t low = 0, high = kconfig->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(name, kconfig->options[middle].name);

		if (r == 0)
			return kconfig->options[middle].value;
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void hd_kconfig_clear(struct hd_kconfig *kconfig)
{
	free(kconfig->options);
	free(kconfig->text);
	*kconfig = (struct hd_kconfig){ NULL, NULL, 0 };
}
