// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/virtual.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/guard/block/layer.h"
#include "lib/host/look.h"

/* What hd_virtuals_read() reads. */
struct reading {
	struct hd_virtuals *virtuals;
	const struct hd_host *host;
	struct hd_err *err;
};

/* The link that udev made for a volume. */
static int read_volume(const struct reading *reading, const char *number,
		       char **ret)
{
	HD_AUTOFREE char *udev = NULL;
	HD_AUTOFREE char *name = NULL;
	unsigned major_number, minor_number;
	int r;

	if (!hd_layer_parse_number(number, &major_number, &minor_number))
		return hd_err_set(reading->err, EINVAL,
				  "'%s' of a ZFS volume is no device number",
				  number);
	r = hd_udev_read(reading->host, major_number, minor_number, &udev,
			 reading->err);
	if (r < 0 || !udev)
		return r;
	if (hd_udev_value(udev, "S:zvol/", &name) < 0)
		return hd_err_nomem(reading->err);
	*ret = name ? hd_text(HD_ZVOL "%s", name) : NULL;
	return name && !*ret ? hd_err_nomem(reading->err) : 0;
}

static int read_backing(const struct reading *reading, const char *name,
			const char *attribute, char **ret)
{
	HD_AUTOFREE char *text = NULL;
	int r = hd_look_at(reading->host, "block", name, attribute, &text,
			   reading->err);

	if (r < 0 || !text)
		return r;
	if (strcmp(attribute, "dev") == 0)
		return read_volume(reading, text, ret);
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

static int add(void *data, int dir_fd, const char *name)
{
	const struct reading *reading = data;
	const char *attribute = attribute_of(name);
	HD_AUTOFREE char *backing = NULL;
	struct hd_virtual *virtual;
	int r = 0;

	(void)dir_fd;
	if (attribute)
		r = read_backing(reading, name, attribute, &backing);
	if (r < 0 || !backing)
		return r;
	virtual = hd_array_add(&reading->virtuals->items, &reading->virtuals->n,
			       sizeof(*virtual));
	if (!virtual)
		return hd_err_nomem(reading->err);
	virtual->backing = hd_steal(&backing);
	virtual->name = strdup(name);
	return virtual->name ? 0 : hd_err_nomem(reading->err);
}

int hd_virtuals_read(const struct hd_host *host, struct hd_virtuals *ret,
		     struct hd_err *err)
{
	HD_AUTO_VIRTUALS struct hd_virtuals virtuals = { NULL, 0 };
	struct reading reading = { &virtuals, host, err };
	int r = hd_look_into(host, "block", "", "", add, &reading, err);

	if (r < 0)
		return r;
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
