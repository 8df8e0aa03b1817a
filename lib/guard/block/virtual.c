// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/virtual.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/guard/block/layer.h"
#include "lib/host/sysfs.h"

/* The link that udev made for a volume. */
static int read_volume(const struct hd_host *host, const char *number,
		       char **ret)
{
	HD_AUTOFREE char *udev = NULL;
	HD_AUTOFREE char *name = NULL;
	unsigned major_number, minor_number;
	int r;

	if (sscanf(number, "%u:%u", &major_number, &minor_number) != 2)
		return -EINVAL;
	r = hd_udev_read(host, major_number, minor_number, &udev);
	if (r == 0 && udev)
		r = hd_udev_value(udev, "S:zvol/", &name);
	if (r < 0 || !name)
		return r;
	*ret = hd_text(HD_ZVOL "%s", name);
	return *ret ? 0 : -ENOMEM;
}

static int read_backing(const struct hd_host *host, const char *name,
			const char *attribute, char **ret)
{
	HD_AUTOFREE char *text = NULL;
	int r = hd_unsorted(
		hd_sysfs_read_class(host, "block", name, attribute, &text));

	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
	if (strcmp(attribute, "dev") == 0)
		return read_volume(host, text, ret);
	/* Where there is none, zram says "none", which leads nowhere. */
	*ret = hd_steal(&text);
	return 0;
}

static const struct {
	const char *start, *attribute;
} kinds[] = {
	{ "loop", "loop/backing_file" },
	{ "zram", "backing_dev" },
	{ "zd", "dev" },
};

/* "loop0" is of the kind "loop", a partition of it is not. */
static const char *attribute_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].start);

		if (strncmp(name, kinds[i].start, length) == 0 &&
		    isdigit((unsigned char)name[length]) &&
		    !name[length + strspn(name + length, "0123456789")])
			return kinds[i].attribute;
	}
	return NULL;
}

static int add(struct hd_virtuals *virtuals, const struct hd_host *host,
	       const char *name)
{
	const char *attribute = attribute_of(name);
	HD_AUTOFREE char *backing = NULL;
	struct hd_virtual *virtual;
	int r = 0;

	if (attribute)
		r = read_backing(host, name, attribute, &backing);
	if (r < 0 || !backing)
		return r;
	virtual = hd_array_add(&virtuals->items, &virtuals->n,
			       sizeof(*virtual));
	if (!virtual)
		return -ENOMEM;
	virtual->backing = hd_steal(&backing);
	virtual->name = strdup(name);
	return virtual->name ? 0 : -ENOMEM;
}

/* What hd_virtuals_read() reads. */
struct reading {
	struct hd_virtuals *virtuals;
	const struct hd_host *host;
};

static int add_entry(void *data, int dir_fd, const char *name)
{
	const struct reading *reading = data;

	(void)dir_fd;
	return add(reading->virtuals, reading->host, name);
}

int hd_virtuals_read(const struct hd_host *host, struct hd_virtuals *ret,
		     struct hd_err *err)
{
	HD_AUTO_VIRTUALS struct hd_virtuals virtuals = { NULL, 0 };
	struct reading reading = { &virtuals, host };
	int r = hd_dir_each(
		HD_UNSORTED_FD(hd_sysfs_open_class, host, "block", "", ""),
		add_entry, &reading);

	if (r == -ENOMEM)
		return hd_err_nomem(err);
	if (r < 0)
		return hd_err_set(
			err, -r,
			"cannot read what the virtual disks in " HD_SYSFS_BLOCK
			" stand on: %s",
			strerror(-r));
	*ret = virtuals;
	virtuals = (struct hd_virtuals){ NULL, 0 };
	return 0;
}

void hd_virtuals_clear(struct hd_virtuals *virtuals)
{
	for (size_t i = 0; i < virtuals->n; i++) {
		free(virtuals->items[i].name);
		free(virtuals->items[i].backing);
	}
	free(virtuals->items);
	*virtuals = (struct hd_virtuals){ NULL, 0 };
}
