// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/guard/block/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/sysfs.h"

/* What udev knows of a device is a few lines. */
#define UDEV_LIMIT (256 * 1024)

#define LVM "LVM "

/* An attribute that other devices lack stays NULL. */
static int read_optional(const struct hd_host *host, const char *name,
			 const char *attribute, char **ret)
{
	int r = hd_unsorted(
		hd_sysfs_read_class(host, "block", name, attribute, ret));

	return hd_is_absent(r) ? 0 : r;
}

/* "vg0-my--home" is vg0/my-home: see lvm(8), VALID NAMES. */
static char *lvm_label(const char *name)
{
	char *label = malloc(strlen(LVM) + strlen(name) + 1);
	char *out = label;
	bool separated = false;

	if (!label)
		return NULL;
	out = stpcpy(label, LVM);
	for (const char *p = name; *p; p++) {
		if (p[0] == '-' && p[1] == '-') {
			p++;
		} else if (p[0] == '-' && !separated) {
			*out++ = '/';
			separated = true;
			continue;
		}
		*out++ = *p;
	}
	*out = '\0';
	return label;
}

/* Who made it says so in its uuid. */
static char *mapper_label(const char *name, const char *uuid)
{
	static const struct {
		const char *start, *word;
	} makers[] = { { "CRYPT-LUKS", "LUKS" },
		       { "CRYPT-", "encrypted" },
		       { "mpath-", "multipath" } };

	if (hd_after(uuid, "LVM-"))
		return lvm_label(name);
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (hd_after(uuid, makers[i].start))
			return hd_text("%s %s", makers[i].word, name);
	return hd_text("dm %s", name);
}

static int label_mapped(const struct hd_host *host, struct hd_layer *layer)
{
	HD_AUTOFREE char *uuid = NULL;
	int r = read_optional(host, layer->name, "dm/name", &layer->mapped);

	if (r == 0)
		r = read_optional(host, layer->name, "dm/uuid", &uuid);
	if (r < 0 || !layer->mapped || layer->label)
		return r;
	layer->label = mapper_label(layer->mapped, uuid ? uuid : "");
	return layer->label ? 0 : -ENOMEM;
}

static int label_raid(const struct hd_host *host, struct hd_layer *layer)
{
	HD_AUTOFREE char *level = NULL;
	int r = read_optional(host, layer->name, "md/level", &level);

	if (r < 0 || !level || layer->label)
		return r;
	layer->label = hd_text("%s (%s)", layer->name, level);
	return layer->label ? 0 : -ENOMEM;
}

int hd_udev_read(const struct hd_host *host, unsigned major_number,
		 unsigned minor_number, char **ret)
{
	char path[sizeof("run/udev/data/b4294967295:4294967295")];
	HD_AUTOFREE char *text = NULL;
	size_t length;
	int r;

	snprintf(path, sizeof(path), "run/udev/data/b%u:%u", major_number,
		 minor_number);
	r = hd_unsorted(hd_host_read(host, path, UDEV_LIMIT, &text, &length));
	if (r < 0)
		return hd_is_absent(r) ? 0 : r;
	*ret = hd_text("\n%s", text);
	return *ret ? 0 : -ENOMEM;
}

/* The text behind "\n@start" in an entry, or NULL. */
static const char *find_line(const char *udev, const char *start)
{
	for (const char *p = udev; p; p = strchr(p + 1, '\n'))
		if (*p == '\n' && hd_after(p + 1, start))
			return hd_after(p + 1, start);
	return NULL;
}

int hd_udev_value(const char *udev, const char *start, char **ret)
{
	const char *value = find_line(udev, start);

	*ret = value ? strndup(value, strcspn(value, "\n")) : NULL;
	return value && !*ret ? -ENOMEM : 0;
}

int hd_layer_describe(const struct hd_host *host, struct hd_layer *layer)
{
	HD_AUTOFREE char *number = NULL;
	int r = hd_unsorted(hd_sysfs_read_class(host, "block", layer->name,
						"dev", &number));

	if (r < 0)
		return r;
	if (sscanf(number, "%u:%u", &layer->major, &layer->minor) != 2)
		return -EINVAL;
	if (hd_after(layer->name, "dm-"))
		r = label_mapped(host, layer);
	else if (hd_after(layer->name, "md"))
		r = label_raid(host, layer);
	if (r == 0)
		r = hd_udev_read(host, layer->major, layer->minor,
				 &layer->udev);
	if (r == 0 && !layer->label) {
		layer->label = strdup(layer->name);
		r = layer->label ? 0 : -ENOMEM;
	}
	return r;
}

/* In sysfs the file /dev/cciss/c0d0 is "cciss!c0d0". */
static bool is_name(const char *name, const char *path)
{
	for (; *name && *path; name++, path++)
		if (*name != *path && !(*name == '!' && *path == '/'))
			return false;
	return *name == *path;
}

bool hd_layer_has_path(const struct hd_layer *layer, const char *path)
{
	const char *in_mapper = hd_after(path, "mapper/");

	if (layer->kind == HD_LAYER_POOL)
		return false;
	if (is_name(layer->name, path) ||
	    (in_mapper && layer->mapped &&
	     strcmp(layer->mapped, in_mapper) == 0))
		return true;
	if (layer->mapped && hd_after(layer->label, LVM) &&
	    strcmp(layer->label + strlen(LVM), path) == 0)
		return true;
	/* Links that several devices have a claim on stand with each. */
	for (const char *link = layer->udev;
	     link && (link = find_line(link, "S:"));)
		if (hd_after(link, path) && strchr("\n", link[strlen(path)]))
			return true;
	return false;
}

int hd_layer_zfs_pool(const struct hd_layer *layer, char **ret)
{
	HD_AUTOFREE char *type = NULL;
	int r;

	*ret = NULL;
	if (!layer->udev)
		return 0;
	r = hd_udev_value(layer->udev, "E:ID_FS_TYPE=", &type);
	if (r < 0 || !type || strcmp(type, "zfs_member") != 0)
		return r;
	return hd_udev_value(layer->udev, "E:ID_FS_LABEL=", ret);
}

void hd_layer_clear(struct hd_layer *layer)
{
	free(layer->name);
	free(layer->label);
	free(layer->mapped);
	free(layer->udev);
}
